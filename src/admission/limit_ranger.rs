//! Requests and limits that a `LimitRange` has filled in before the review.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::json;
use super::quantity::{Kind, amount, written};
use crate::model::Labels;

/// The annotation in which the `LimitRanger` plugin lists what it has set.
const ANNOTATION: &str = "kubernetes.io/limit-ranger";
/// The annotation in which the webhook of the vertical pod autoscaler lists what it has set.
const AUTOSCALER_ANNOTATION: &str = "vpaUpdates";

/// The requests and limits of application containers that a `LimitRange` has filled in, and that nobody has chosen since.
///
/// The annotation says what the plugin has set, and not what other webhooks have written over it. A number counts as
/// chosen where the pod shows that somebody has written: the annotation of the vertical pod autoscaler, or numbers that
/// differ between containers, because the plugin sets the same number everywhere.
///
/// The plugin overwrites the annotation for each `LimitRange` that sets a value. A value from an earlier `LimitRange`
/// looks like a chosen one.
#[derive(Debug, Default)]
pub(super) struct FilledIn<'a> {
    numbers: BTreeSet<Sentence<'a>>,
    is_autoscaled: bool,
}

/// How the plugin calls a container of each list.
const LISTS: [(&str, &str); 2] = [("init container ", "initContainers"), ("container ", "containers")];

/// What the plugin says of one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Sentence<'a> {
    /// The member of `spec` that lists the container.
    list: &'static str,
    container: &'a str,
    kind: Kind,
    resource: &'a str,
}

impl<'a> FilledIn<'a> {
    /// Compares what the annotation says with the numbers of the pod.
    pub(super) fn read(pod: &Value, annotations: &'a Labels) -> Self {
        if annotations.get(AUTOSCALER_ANNOTATION).is_some() {
            return Self { is_autoscaled: true, ..Self::default() };
        }
        let all = sentences(annotations.get(ANNOTATION).unwrap_or_default());
        if all.is_empty() {
            return Self::default();
        }
        let listed = |list| json::list(pod, &["spec", list]).iter().map(move |container| (list, container));
        let containers: BTreeMap<(&str, &str), &Value> = LISTS
            .into_iter()
            .flat_map(|(_, list)| listed(list))
            .filter_map(|(list, container)| Some(((list, json::text(container, &["name"])?), container)))
            .collect();
        let mut amounts: BTreeMap<(Kind, &str), BTreeSet<u64>> = BTreeMap::new();
        for sentence in &all {
            let named = containers.get(&(sentence.list, sentence.container));
            let text = named.and_then(|container| written(container, sentence.kind, sentence.resource));
            let amount = text.and_then(|text| amount(sentence.resource, &text));
            amounts.entry((sentence.kind, sentence.resource)).or_default().extend(amount);
        }
        let agree = |sentence: &Sentence<'_>| {
            amounts.get(&(sentence.kind, sentence.resource)).is_some_and(|amounts| amounts.len() == 1)
        };
        Self { numbers: all.into_iter().filter(agree).collect(), is_autoscaled: false }
    }

    /// True if the vertical pod autoscaler has written numbers.
    pub(super) fn is_autoscaled(&self) -> bool {
        self.is_autoscaled
    }

    /// True if a `LimitRange` has filled in this request or limit of an application container.
    pub(super) fn contains(&self, container: &str, kind: Kind, resource: &str) -> bool {
        self.numbers.contains(&Sentence { list: "containers", container, kind, resource })
    }
}

/// Parses `LimitRanger plugin set: cpu, memory request for container pe; cpu limit for init container first`.
fn sentences(annotation: &str) -> BTreeSet<Sentence<'_>> {
    let mut all = BTreeSet::new();
    let sentences = annotation.strip_prefix("LimitRanger plugin set: ").unwrap_or_default();
    for sentence in sentences.split("; ") {
        let Some((set, container)) = sentence.split_once(" for ") else { continue };
        let named = LISTS.into_iter().find_map(|(prefix, list)| Some((list, container.strip_prefix(prefix)?)));
        let set = [(" request", Kind::Request), (" limit", Kind::Limit)]
            .into_iter()
            .find_map(|(suffix, kind)| Some((kind, set.strip_suffix(suffix)?)));
        if let (Some((list, container)), Some((kind, resources))) = (named, set) {
            let of = |resource| Sentence { list, container, kind, resource };
            all.extend(resources.split(", ").map(of));
        }
    }
    all
}

#[cfg(test)]
#[path = "tests/limit_ranger.rs"]
mod tests;
