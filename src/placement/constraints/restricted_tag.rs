//! `RestrictedTag`: the node is closed to PEs that do not ask for its restricting tags (legacy filter F4).

use super::super::case::{Candidate, Case, Given};
use crate::model::{HostChoice, PoolMembers, Refusal, Tag};

pub(super) fn check(_: &Case<'_>, given: &Given<'_>, candidate: Candidate<'_>) -> Option<Refusal> {
    let asked: &[Tag] = match (&given.wishes.hosts, given.pool.map(|pool| &pool.members)) {
        (HostChoice::Tags(tags), _) | (_, Some(PoolMembers::Tagged(tags))) => tags,
        (HostChoice::Any | HostChoice::Pool(_), _) => &[],
    };
    candidate
        .node
        .restricting_tags()
        .find(|restricting| !asked.iter().any(|tag| tag.as_str() == *restricting))
        .map(|restricting| Refusal::RestrictedTag(restricting.to_owned()))
}
