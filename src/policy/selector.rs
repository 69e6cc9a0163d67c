//! The pods that a policy selects.

use crate::model::{Labels, Namespace};

/// Selects pods by namespace and labels. A valid selector requires at least one label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Selector {
    /// Names of namespaces; empty: all.
    pub(crate) namespaces: Vec<Namespace>,
    /// The requirements that a pod has to meet, all of them.
    pub(crate) requirements: Vec<Requirement>,
}

/// One requirement on the labels of a pod, as in a Kubernetes label selector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Requirement {
    /// The label has one of these values.
    In { key: Box<str>, values: Vec<Box<str>> },
    /// The label is absent, or has none of these values.
    NotIn { key: Box<str>, values: Vec<Box<str>> },
    /// The pod has the label.
    Exists(Box<str>),
    /// The pod does not have the label.
    DoesNotExist(Box<str>),
}

impl Requirement {
    fn holds(&self, labels: &Labels) -> bool {
        match self {
            Self::In { key, values } => labels.get(key).is_some_and(|value| values.iter().any(|one| **one == *value)),
            Self::NotIn { key, values } => {
                !labels.get(key).is_some_and(|value| values.iter().any(|one| **one == *value))
            }
            Self::Exists(key) => labels.get(key).is_some(),
            Self::DoesNotExist(key) => labels.get(key).is_none(),
        }
    }

    /// True where no pod without labels meets the requirement.
    pub(super) fn needs_a_label(&self) -> bool {
        matches!(self, Self::In { .. } | Self::Exists(_))
    }
}

impl Selector {
    /// True for a pod with these labels in this namespace.
    #[must_use]
    pub(crate) fn selects(&self, namespace: &str, labels: &Labels) -> bool {
        (self.namespaces.is_empty() || self.namespaces.iter().any(|name| name.as_str() == namespace))
            && self.requirements.iter().all(|requirement| requirement.holds(labels))
    }
}
