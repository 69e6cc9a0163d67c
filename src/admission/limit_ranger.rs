//! What a `LimitRange` filled in before we saw the pod.

use std::collections::BTreeSet;

use super::quantity::Kind;

/// The annotation in which the `LimitRanger` plugin leaves word.
pub(super) const ANNOTATION: &str = "kubernetes.io/limit-ranger";

/// The requests and limits of application containers that nobody chose: they come from a `LimitRange`.
///
/// The plugin overwrites the annotation for each `LimitRange` that fills in something, so what an earlier one filled
/// in looks like the user's choice: then we keep it, which is the safe side.
#[derive(Debug, Default)]
pub(super) struct Defaulted<'a>(BTreeSet<(&'a str, Kind, &'a str)>);

impl<'a> Defaulted<'a> {
    /// Reads `LimitRanger plugin set: cpu, memory request for container pe; cpu limit for container pe`.
    pub(super) fn read(annotation: &'a str) -> Self {
        let mut defaulted = BTreeSet::new();
        let sentences = annotation.strip_prefix("LimitRanger plugin set: ").unwrap_or_default();
        for sentence in sentences.split("; ") {
            // `for init container` has another middle: only application containers are sized.
            let parts = sentence
                .split_once(" request for container ")
                .map(|parts| (Kind::Request, parts))
                .or_else(|| sentence.split_once(" limit for container ").map(|parts| (Kind::Limit, parts)));
            if let Some((kind, (resources, container))) = parts {
                defaulted.extend(resources.split(", ").map(|resource| (container, kind, resource)));
            }
        }
        Self(defaulted)
    }

    /// True when this request or limit was filled in.
    pub(super) fn contains(&self, container: &str, kind: Kind, resource: &str) -> bool {
        self.0.contains(&(container, kind, resource))
    }
}

#[cfg(test)]
#[path = "tests/limit_ranger.rs"]
mod tests;
