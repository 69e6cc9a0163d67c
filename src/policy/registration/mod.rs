//! What the registration of the webhook sends, compared with what policies select.
//!
//! Sample pods that a policy selects are looked at. A sample counts as not sent only where that is certain.

mod condition;

use std::sync::Arc;

use serde_json::Value;

use super::selector::LabelPresence;
use super::{PolicySet, StreamPolicy};
use crate::model::{Labels, Namespace};
use condition::{Metadata, holds};

/// The label that every namespace has, with its own name.
const NAMESPACE_NAME: &str = "kubernetes.io/metadata.name";
/// The value of a label that may have any.
const ANY: &str = "any";

/// A policy of whose pods the API server sends none, or not all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreached {
    /// The name of the policy.
    pub policy: Arc<str>,
    /// What is not sent.
    pub problem: String,
}

impl PolicySet {
    /// The policies whose pods a `MutatingWebhookConfiguration` does not send to the webhook.
    ///
    /// Match conditions are known as far as they compare labels and annotations of the pod, and the namespace selector as
    /// far as it names namespaces. What is not known counts as sent.
    #[must_use]
    pub fn unreached(&self, registration: &Value) -> Vec<Unreached> {
        let webhooks = registration.get("webhooks").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        self.iter().filter_map(|policy| unreached(policy, webhooks)).collect()
    }
}

fn unreached(policy: &StreamPolicy, webhooks: &[Value]) -> Option<Unreached> {
    let found = |problem: String| Some(Unreached { policy: Arc::clone(&policy.name), problem });
    let excluded = |namespace: &str| webhooks.iter().all(|webhook| excludes_namespace(webhook, namespace));
    let mut namespaces = policy.selector.namespaces.iter().map(Namespace::as_str);
    if let Some(namespace) = namespaces.find(|namespace| excluded(namespace)) {
        return found(format!("pods of namespace `{namespace}` are not sent: see namespaceSelector"));
    }
    let samples = policy.samples();
    let (sent, lost): (Vec<Labels>, Vec<Labels>) =
        samples.into_iter().partition(|labels| webhooks.iter().any(|webhook| may_send(webhook, labels)));
    let labels = lost.first()?.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(",");
    let others = if sent.is_empty() { "" } else { ", others are" };
    found(format!("a pod with the labels {labels} alone is not sent{others}: see matchConditions and objectSelector"))
}

impl StreamPolicy {
    /// The labels of pods that the policy selects: one pod, and one more for each value that a label may have.
    fn samples(&self) -> Vec<Labels> {
        let selector = &self.selector;
        let mut keys: Vec<&str> = selector.requirements.iter().map(super::selector::Requirement::key).collect();
        keys.extend(self.dialect.job_label());
        keys.sort_unstable();
        keys.dedup();
        let choices = keys.into_iter().filter_map(|key| {
            let is_job = self.dialect.job_label() == Some(key);
            match (selector.values(key), selector.presence(key)) {
                (Some(values), _) => Some((key, values)),
                (None, LabelPresence::Always) => Some((key, vec![ANY])),
                (None, LabelPresence::Maybe) if is_job => Some((key, vec![ANY])),
                (None, LabelPresence::Maybe | LabelPresence::Never) => None,
            }
        });
        let choices: Vec<(&str, Vec<&str>)> = choices.collect();
        let first =
            |(key, values): &(&'_ str, Vec<&'_ str>)| (key.to_string(), values.first().unwrap_or(&ANY).to_string());
        let base: Vec<(String, String)> = choices.iter().map(first).collect();
        let with = |key: &str, value: &str| {
            let labels =
                base.iter().map(|(own, first)| (own.as_str(), if own == key { value } else { first.as_str() }));
            labels.collect::<Labels>()
        };
        let others = choices.iter().flat_map(|(key, values)| values.iter().skip(1).map(|value| with(key, value)));
        std::iter::once(with("", "")).chain(others).collect()
    }
}

/// False where it is certain that the API server does not send a pod with these labels.
fn may_send(webhook: &Value, labels: &Labels) -> bool {
    let annotations = Labels::default();
    let pod = Metadata { labels, annotations: &annotations };
    let conditions = webhook.get("matchConditions").and_then(Value::as_array).into_iter().flatten();
    let mut expressions = conditions.filter_map(|condition| condition.get("expression").and_then(Value::as_str));
    expressions.all(|expression| holds(expression, pod) != Some(false))
        && requirements(webhook, "objectSelector").iter().all(|(key, operator, values)| {
            let value = labels.get(key);
            // A sample has the labels that its policy requires, and a pod may have more.
            match (value, operator.as_str()) {
                (Some(value), "In") => values.iter().any(|known| known == value),
                (Some(value), "NotIn") => !values.iter().any(|known| known == value),
                (Some(_), "DoesNotExist") => false,
                _ => true,
            }
        })
}

/// True where it is certain that the API server sends no pod of a namespace.
fn excludes_namespace(webhook: &Value, namespace: &str) -> bool {
    requirements(webhook, "namespaceSelector").iter().any(|(key, operator, values)| {
        let is_named = values.iter().any(|known| known == namespace);
        key == NAMESPACE_NAME && ((operator == "NotIn" && is_named) || (operator == "In" && !is_named))
    })
}

/// The requirements of a label selector of a webhook: key, operator, values.
fn requirements(webhook: &Value, selector: &str) -> Vec<(String, String, Vec<String>)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let Some(selector) = webhook.get(selector) else { return Vec::new() };
    let labels = selector.get("matchLabels").and_then(Value::as_object).into_iter().flatten();
    let labels = labels.map(|(key, value)| (key.clone(), "In".to_owned(), vec![text(value)]));
    let expressions = selector.get("matchExpressions").and_then(Value::as_array).into_iter().flatten();
    let expressions = expressions.map(|one| {
        let values = one["values"].as_array().into_iter().flatten().map(text).collect();
        (text(&one["key"]), text(&one["operator"]), values)
    });
    labels.chain(expressions).collect()
}

#[cfg(test)]
#[path = "tests/registration.rs"]
mod tests;
