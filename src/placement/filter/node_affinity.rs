//! `NodeAffinityMismatch`: the node does not match the pod's node selector or required node affinity, as in
//! kube-scheduler's `NodeAffinity`.
//!
//! Admission writes the tags of the PE's pool as required node affinity. A node without such a tag is rejected with
//! `PoolTagMissing`, which names the pool's tag, so these requirements are left to the plugin `pool_members`.

use super::super::node_requirements::mismatch_except;
use super::super::pre_filter::PreFilterState;
use super::plugin::NodeView;
use crate::model::{HostChoice, NodeRequirement, PoolMembers, Rejection, Subject, Tag, Test, tag_of_label};

/// The pod has a node selector or required node affinity.
pub(super) fn applies(state: &PreFilterState) -> bool {
    let requirements = state.pe.pod.node_requirements.as_ref();
    requirements.is_some_and(|requirements| !requirements.selector.is_empty() || requirements.terms.is_some())
}

pub(super) fn filter(state: &PreFilterState, node: NodeView<'_>) -> Option<Rejection> {
    let requirements = state.pe.pod.node_requirements.as_ref()?;
    let tags = pool_tags(state);
    mismatch_except(requirements, node.node(), |requirement| is_tag(requirement, tags))
        .map(Rejection::NodeAffinityMismatch)
}

fn pool_tags(state: &PreFilterState) -> &[Tag] {
    match (&state.spec.hosts, state.pool.as_ref().map(|pool| &pool.members)) {
        (HostChoice::Tags(tags), _) | (_, Some(PoolMembers::Tagged(tags))) => tags,
        (HostChoice::Any | HostChoice::Pool(_), _) => &[],
    }
}

fn is_tag(requirement: &NodeRequirement, tags: &[Tag]) -> bool {
    match (&requirement.subject, &requirement.test) {
        (Subject::Label(key), Test::Exists) => {
            tag_of_label(key).is_some_and(|own| tags.iter().any(|tag| tag.as_str() == own))
        }
        _ => false,
    }
}
