//! Why a pod is where it is, or why it waits: one account for the server, the command line and tests.
//!
//! The same rules as at filter and bind, but all of them for each node, so that the nearest node is known and what would
//! make it fit.

mod decide;
mod explanation;
mod remedy;

pub use decide::{MOST_CANDIDATES, Subject, explain, recorded};
pub use explanation::{Candidate, Explanation, RejectionWithRemedy, Source, State, Wish};
