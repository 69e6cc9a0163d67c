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
    if let Some(lacking) = first_lacking(&requirements.selector, node, &ignored) {
        return Some(lacking.to_string());
    }
    let terms = requirements.terms.as_ref()?;
    let lacking: Option<Vec<&NodeRequirement>> = terms.iter().map(|term| first_lacking(term, node, &ignored)).collect();
    let lacking: Vec<String> = lacking?.into_iter().map(ToString::to_string).collect();
    Some(if lacking.is_empty() { "no term that a node can match".to_owned() } else { lacking.join(", or ") })
}

fn first_lacking<'r>(
    requirements: &'r [NodeRequirement],
    node: &Node,
    ignored: impl Fn(&NodeRequirement) -> bool,
) -> Option<&'r NodeRequirement> {
    requirements.iter().find(|requirement| !holds(requirement, node) && !ignored(requirement))
}

fn holds(requirement: &NodeRequirement, node: &Node) -> bool {
    let own = match &requirement.subject {
        Subject::Label(key) => node.labels.get(key),
        Subject::Field(key) if **key == *NAME_FIELD => Some(node.name.as_str()),
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
