//! | file | what must hold |
//! |---|---|
//! | [`outcomes`] | whatever the API server answers or does not, a commitment counts exactly as long as it may be true |
//! | [`takeover`] | a Binding of another process cannot land beside ours, in whichever order they come and go |
//! | [`interleavings`] | law 1 under any order of requests, answers, losses, watch events, crashes and handovers |
//! | [`world`] | support: an API server with the preconditions of the real one; the test decides what happens when |

mod interleavings;
mod outcomes;
mod takeover;
mod world;
