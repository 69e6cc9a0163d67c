//! Requests and limits that a `LimitRange` has set before the review.

use std::collections::BTreeSet;

use super::quantity::Kind;

/// The annotation in which the `LimitRanger` plugin lists what it has set.
pub(super) const ANNOTATION: &str = "kubernetes.io/limit-ranger";

/// The requests and limits of application containers that a `LimitRange` has set, not the user.
///
/// The plugin overwrites the annotation for each `LimitRange` that sets a value. A value from an earlier `LimitRange`
/// looks like the user's value and is kept.
#[derive(Debug, Default)]
pub(super) struct Defaulted<'a>(BTreeSet<(&'a str, Kind, &'a str)>);

impl<'a> Defaulted<'a> {
    /// Parses `LimitRanger plugin set: cpu, memory request for container pe; cpu limit for container pe`.
    pub(super) fn read(annotation: &'a str) -> Self {
        let mut defaulted = BTreeSet::new();
        let sentences = annotation.strip_prefix("LimitRanger plugin set: ").unwrap_or_default();
        for sentence in sentences.split("; ") {
            // A sentence with `for init container` does not match: only application containers are sized.
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

    /// True if a `LimitRange` has set this request or limit.
    pub(super) fn contains(&self, container: &str, kind: Kind, resource: &str) -> bool {
        self.0.contains(&(container, kind, resource))
    }
}

#[cfg(test)]
#[path = "tests/limit_ranger.rs"]
mod tests;
