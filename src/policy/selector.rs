//! Which pods a policy selects.

use crate::model::{Labels, Namespace};

/// Selects pods by namespace and labels. It always asks for at least one label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selector {
    /// Names of namespaces; empty: all.
    pub namespaces: Vec<Namespace>,
    /// All of these must hold.
    pub requirements: Vec<Requirement>,
}

/// One requirement on the labels of a pod, as in a Kubernetes label selector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Requirement {
    /// The label is there with one of these values.
    In(Box<str>, Vec<Box<str>>),
    /// The label is absent, or has none of these values.
    NotIn(Box<str>, Vec<Box<str>>),
    /// The label is there.
    Exists(Box<str>),
    /// The label is absent.
    DoesNotExist(Box<str>),
}

impl Requirement {
    fn holds(&self, labels: &Labels) -> bool {
        match self {
            Self::In(key, values) => labels.get(key).is_some_and(|value| values.iter().any(|one| **one == *value)),
            Self::NotIn(key, values) => !labels.get(key).is_some_and(|value| values.iter().any(|one| **one == *value)),
            Self::Exists(key) => labels.get(key).is_some(),
            Self::DoesNotExist(key) => labels.get(key).is_none(),
        }
    }

    /// True when a pod without labels can never meet it.
    pub(super) fn needs_a_label(&self) -> bool {
        matches!(self, Self::In(..) | Self::Exists(_))
    }
}

impl Selector {
    /// True when it selects a pod with these labels in this namespace.
    #[must_use]
    pub fn selects(&self, namespace: &str, labels: &Labels) -> bool {
        (self.namespaces.is_empty() || self.namespaces.iter().any(|name| name.as_str() == namespace))
            && self.requirements.iter().all(|requirement| requirement.holds(labels))
    }
}
