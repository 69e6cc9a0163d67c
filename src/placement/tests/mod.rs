//! | file | what must hold |
//! |---|---|
//! | [`cases`] | the cases of the legacy platform, by number; what broke it does not happen here |
//! | [`gang`] | a gang is placed together or not at all, also one decision after another |
//! | [`open_streams`] | a job given by objects of `streams.ibm.com` alone; what broke the platform does not happen here |
//! | [`plan`] | plans are legal, place as many PEs as can be, and cost the least; gangs are placed as a whole |
//! | [`reasons`] | each reason code comes with its cause and goes with it; of several causes the first is told |
//! | [`safety`] | no order of placements breaks a rule, and no node is refused without one |
//! | [`bucket`] | buckets are the classes of shared tokens |
//! | [`rank`] | the order of nodes is total, that of the scheme, and what the scores say |
//! | [`risk`] | the risk by limits is a share, none while all fits |
//! | [`wake`] | who is woken when nodes are no longer overloaded |

mod bucket;
mod cases;
mod gang;
mod open_streams;
mod plan;
mod rank;
mod reasons;
mod requeue;
mod risk;
pub(in crate::placement) mod safety;
