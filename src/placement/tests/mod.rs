//! | file | what must hold |
//! |---|---|
//! | [`cases`] | the cases of the legacy platform, by number |
//! | [`demand`] | PEs go where the demand fits, within the ceiling, and do not herd |
//! | [`gang`] | all members of a gang are placed or none, also by single decisions |
//! | [`held`] | PEs that are gated by others, or of another scheduler, do not wait |
//! | [`open_streams`] | the cases of the legacy platform for jobs of `streams.ibm.com` objects alone |
//! | [`plan`] | plans are valid, and place the most PEs at the lowest cost |
//! | [`reasons`] | each reason code has its cause; of several causes the first reason wins |
//! | [`safety`] | no order of placements breaks a rule, and every rejection has a rule |
//! | [`bucket`] | buckets are the transitive closure of shared tokens |
//! | [`rank`] | the order of nodes is total, follows the strategy, and agrees with the scores |
//! | [`risk`] | the risk by limits is a share, and zero while all limits fit |
//! | [`requeue`] | PEs are requeued after an overload ends or a placement spec changes |

mod bucket;
mod cases;
mod demand;
mod gang;
mod held;
mod open_streams;
mod plan;
mod rank;
mod reasons;
mod requeue;
mod risk;
pub(in crate::placement) mod safety;
