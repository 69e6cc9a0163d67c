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

    /// The label.
    pub(super) fn key(&self) -> &str {
        match self {
            Self::In { key, .. } | Self::NotIn { key, .. } | Self::Exists(key) | Self::DoesNotExist(key) => key,
        }
    }

    /// True where no pod without labels meets the requirement.
    pub(super) fn needs_a_label(&self) -> bool {
        matches!(self, Self::In { .. } | Self::Exists(_))
    }
}

/// Whether the selected pods have a label with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LabelPresence {
    /// Every selected pod has the label. The value may be empty.
    Always,
    /// A selected pod may lack the label.
    Maybe,
    /// No selected pod has the label with a value.
    Never,
}

impl Selector {
    /// A label on which no pod can meet all requirements.
    pub(super) fn contradiction(&self) -> Option<&str> {
        let keys = self.requirements.iter().map(Requirement::key);
        keys.into_iter().find(|key| match self.values(key) {
            _ if self.is_absent(key) => self.requirements.iter().any(|one| one.key() == *key && one.needs_a_label()),
            Some(values) => values.is_empty(),
            None => false,
        })
    }

    /// Whether the selected pods have this label.
    pub(super) fn presence(&self, key: &str) -> LabelPresence {
        let of_key = || self.requirements.iter().filter(|requirement| requirement.key() == key);
        match self.values(key) {
            _ if self.is_absent(key) => LabelPresence::Never,
            Some(values) if values.iter().all(|value| value.is_empty()) => LabelPresence::Never,
            Some(_) => LabelPresence::Always,
            None if of_key().any(Requirement::needs_a_label) => LabelPresence::Always,
            None => LabelPresence::Maybe,
        }
    }

    fn is_absent(&self, key: &str) -> bool {
        self.requirements
            .iter()
            .any(|requirement| matches!(requirement, Requirement::DoesNotExist(own) if **own == *key))
    }

    /// The values that a label may have; `None` where they are not limited.
    pub(super) fn values(&self, key: &str) -> Option<Vec<&str>> {
        let mut allowed: Option<Vec<&str>> = None;
        let mut forbidden: Vec<&str> = Vec::new();
        for requirement in self.requirements.iter().filter(|requirement| requirement.key() == key) {
            match requirement {
                Requirement::In { values, .. } => match &mut allowed {
                    Some(allowed) => allowed.retain(|value| values.iter().any(|own| **own == **value)),
                    None => allowed = Some(values.iter().map(|value| &**value).collect()),
                },
                Requirement::NotIn { values, .. } => forbidden.extend(values.iter().map(|value| &**value)),
                Requirement::Exists(_) | Requirement::DoesNotExist(_) => {}
            }
        }
        let mut allowed = allowed?;
        allowed.retain(|value| !forbidden.contains(value));
        Some(allowed)
    }

    /// True for a pod with these labels in this namespace.
    #[must_use]
    pub(crate) fn selects(&self, namespace: &str, labels: &Labels) -> bool {
        (self.namespaces.is_empty() || self.namespaces.iter().any(|name| name.as_str() == namespace))
            && self.requirements.iter().all(|requirement| requirement.holds(labels))
    }
}
