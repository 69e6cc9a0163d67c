//! Matches nodes against node selectors and required node affinity, with the semantics of kube-scheduler's `NodeAffinity`.

use crate::model::{Node, NodeRequirement, NodeRequirements, Subject, Test};

/// The field that holds the name of a node.
const NAME_FIELD: &str = "metadata.name";

/// The requirements that a node does not match, as text; `None` where the node matches.
pub(crate) fn mismatch(requirements: &NodeRequirements, node: &Node) -> Option<String> {
    mismatch_except(requirements, node, |_| false)
}

/// The requirements that a node does not match, as text, when those that are `ignored` hold for every node.
pub(super) fn mismatch_except(
    requirements: &NodeRequirements,
    node: &Node,
    ignored: impl Fn(&NodeRequirement) -> bool,
) -> Option<String> {
    let holds = |requirement: &NodeRequirement| holds(requirement, node, node.name.as_str()) || ignored(requirement);
    if let Some(lacking) = requirements.selector.iter().find(|requirement| !holds(requirement)) {
        return Some(lacking.to_string());
    }
    term_mismatch(requirements.terms.as_ref()?, holds)
}

/// The requirements of a volume's node affinity that a node does not match, as text. kube-scheduler matches volumes against
/// the labels of the node alone, so that the name of the node counts as empty (`CheckNodeAffinity` in
/// `k8s.io/component-helpers/storage/volume`).
pub(super) fn mismatch_of_labels(terms: &[Vec<NodeRequirement>], node: &Node) -> Option<String> {
    term_mismatch(terms, |requirement| holds(requirement, node, ""))
}

/// The first requirement of each term that does not hold, as text; `None` where a term holds.
fn term_mismatch(terms: &[Vec<NodeRequirement>], holds: impl Fn(&NodeRequirement) -> bool) -> Option<String> {
    let first_lacking =
        |term: &'_ Vec<NodeRequirement>| term.iter().find(|requirement| !holds(requirement)).map(ToString::to_string);
    let lacking: Vec<String> = terms.iter().map(first_lacking).collect::<Option<_>>()?;
    Some(if lacking.is_empty() { "no term that a node can match".to_owned() } else { lacking.join(", or ") })
}

/// True where a requirement holds for the labels of a node, and for `name` as the name of the node.
fn holds(requirement: &NodeRequirement, node: &Node, name: &str) -> bool {
    let own = match &requirement.subject {
        Subject::Label(key) => node.labels.get(key),
        Subject::Field(key) if **key == *NAME_FIELD => Some(name),
        Subject::Field(_) => Some(""),
    };
    let is_listed = |values: &[Box<str>]| own.is_some_and(|own| values.iter().any(|value| **value == *own));
    let number = || own.and_then(|own| own.parse::<i64>().ok());
    match &requirement.test {
        Test::In(values) => is_listed(values),
        Test::NotIn(values) => !is_listed(values),
        Test::Exists => own.is_some(),
        Test::DoesNotExist => own.is_none(),
        Test::Above(than) => number().is_some_and(|own| own > *than),
        Test::Below(than) => number().is_some_and(|own| own < *than),
    }
}
