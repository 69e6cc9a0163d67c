//! All policies together: which policy governs a pod.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::SignedDuration;
use serde_json::Value;

use super::resolve::{DEFAULT_RESERVATION_TIMEOUT, DEFAULT_SCHEDULER, StreamPolicy};
use super::selector::LabelPresence;
use super::{raw, schema};
use crate::api::{Content, DocumentError, FieldError, Located, Position, parse_documents};
use crate::model::{Labels, LoadProtection};

/// A file with policy documents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The name of the file, for errors.
    pub file: String,
    /// The text of the file: YAML documents.
    pub text: String,
}

/// A valid set of policies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PolicySet {
    /// Highest priority first, then by name.
    policies: Arc<[StreamPolicy]>,
    warnings: Arc<[DocumentError]>,
}

/// A sidecar that the API server accepts in no pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RejectedSidecar {
    /// The name of the policy.
    pub policy: Arc<str>,
    /// The name of the sidecar.
    pub sidecar: Box<str>,
    /// The answer of the API server.
    pub problem: Box<str>,
}

impl PolicySet {
    /// Parses every document of every file.
    ///
    /// # Errors
    /// The first [`DocumentError`]: a document that cannot be parsed, an invalid field, two policies of one name, or
    /// two policies with load protection or with demand.
    pub fn parse(sources: &[Source]) -> Result<Self, DocumentError> {
        let mut policies: Vec<StreamPolicy> = Vec::new();
        let mut warnings = Vec::new();
        for Source { file, text } in sources {
            for document in parse_documents::<Located>(file, text)? {
                check(&document).map_err(|error| error.in_file(file))?;
            }
            for document in parse_documents::<raw::Document>(file, text)? {
                let selector_at = Position::from(&document.spec.selector);
                let policy = resolve(document, &policies).map_err(|error| error.in_file(file))?;
                warnings.extend(warning_of_dialect(&policy, selector_at).map(|error| error.in_file(file)));
                policies.push(policy);
            }
        }
        policies.sort_by(|left, right| right.priority.cmp(&left.priority).then_with(|| left.name.cmp(&right.name)));
        Ok(Self { policies: policies.into(), warnings: warnings.into() })
    }

    /// What is likely not meant in documents that are valid, each with its place.
    #[must_use]
    pub fn warnings(&self) -> &[DocumentError] {
        &self.warnings
    }

    /// These policies, where the API server has rejected these sidecars.
    #[must_use]
    pub fn with_rejected_sidecars(&self, rejected: &[RejectedSidecar]) -> Self {
        let policies = self.policies.iter().cloned().map(|mut policy| {
            for sidecar in &mut policy.sidecars {
                let found = rejected.iter().find(|one| one.policy == policy.name && *one.sidecar == *sidecar.name);
                sidecar.rejection = found.map(|rejected| rejected.problem.clone());
            }
            policy
        });
        Self { policies: policies.collect(), warnings: Arc::clone(&self.warnings) }
    }

    /// Every sidecar with the name of its policy.
    pub fn sidecars(&self) -> impl Iterator<Item = (&Arc<str>, &str, &Value)> {
        self.policies.iter().flat_map(sidecars_of)
    }

    /// All policies, highest priority first, then by name.
    pub fn iter(&self) -> impl Iterator<Item = &StreamPolicy> {
        self.policies.iter()
    }

    /// The schedulers whose pods this extender binds: those of the policies, and that of `deploy/`. Each once, by name.
    pub fn scheduler_names(&self) -> impl Iterator<Item = &str> {
        let of_policies = self.policies.iter().map(|policy| &*policy.scheduler_name);
        of_policies.chain([DEFAULT_SCHEDULER]).collect::<BTreeSet<&str>>().into_iter()
    }

    /// True for a scheduler whose pods this extender binds.
    #[must_use]
    pub fn is_own_scheduler(&self, name: &str) -> bool {
        name == DEFAULT_SCHEDULER || self.policies.iter().any(|policy| *policy.scheduler_name == *name)
    }

    /// The load protection of the cluster; `None` where no policy has one.
    #[must_use]
    pub(crate) fn load_protection(&self) -> Option<LoadProtection> {
        self.policies.iter().find_map(|policy| policy.load_protection)
    }

    /// True where a policy has a ceiling of the risk of overload.
    #[must_use]
    pub(crate) fn has_risk_ceiling(&self) -> bool {
        self.policies.iter().any(|policy| policy.placement.risk_ceiling.is_some())
    }

    /// Where the demand of PEs is measured; `None` where no policy says it.
    #[cfg(feature = "server")]
    #[must_use]
    pub(crate) fn demand(&self) -> Option<&super::demand::DemandSettings> {
        self.policies.iter().find_map(|policy| policy.demand.as_ref())
    }

    /// True where a policy derives requests from the forecasts of demand.
    #[must_use]
    pub fn sizes_by_demand(&self) -> bool {
        self.policies.iter().any(|policy| policy.sizing.demand.is_some())
    }

    /// How long a node is reserved for a PE of a policy after the last bind of a member of its gang or bucket.
    #[must_use]
    pub(crate) fn reservation_timeout(&self, policy: &str) -> SignedDuration {
        let policy = self.policies.iter().find(|known| *known.name == *policy);
        policy.map_or(DEFAULT_RESERVATION_TIMEOUT, |policy| policy.placement.reservation_timeout)
    }

    /// The policy that governs a pod with these labels: of the policies that select the pod, the first.
    #[must_use]
    pub(crate) fn governing(&self, namespace: &str, labels: &Labels) -> Option<&StreamPolicy> {
        self.policies.iter().find(|policy| policy.selector.selects(namespace, labels))
    }
}

fn sidecars_of(policy: &StreamPolicy) -> impl Iterator<Item = (&Arc<str>, &str, &Value)> {
    policy.sidecars.iter().map(|sidecar| (&policy.name, &*sidecar.name, &sidecar.container))
}

/// Checks the kind and the fields of a document.
fn check(document: &Located) -> Result<(), FieldError> {
    for (field, wanted) in [("apiVersion", "outrigger.dev/v1alpha1"), ("kind", "StreamPolicy")] {
        match document.get(field) {
            Some(Located { content: Content::Text(text), position }) if *text != wanted => {
                let problem = format!("must be {wanted}; several policies are documents with `---` between them");
                return Err(FieldError::at(*position, field, problem));
            }
            _ => {}
        }
    }
    schema::check(document, &schema::DOCUMENT, "")
}

/// The warning that a selected pod may lack the label by which the dialect knows the job.
fn warning_of_dialect(policy: &StreamPolicy, position: Position) -> Option<FieldError> {
    let key = policy.dialect.job_label()?;
    (policy.selector.presence(key) == LabelPresence::Maybe).then(|| {
        let problem = format!(
            "selects pods that may lack the label `{key}`, from which dialect {} reads the job; such pods are no PEs: \
             require the label with operator Exists",
            policy.dialect
        );
        FieldError::at(position, "spec.selector.podSelector", problem)
    })
}

/// The policy of a document, beside the policies of the documents before it.
fn resolve(document: raw::Document, before: &[StreamPolicy]) -> Result<StreamPolicy, FieldError> {
    let name_at = Position::from(&document.metadata.name);
    let load_protection_at = document.spec.load_protection.as_ref().map(Position::from);
    let demand_at = document.spec.demand.as_ref().map(Position::from);
    let policy = StreamPolicy::resolve(document)?;
    if before.iter().any(|known| known.name == policy.name) {
        let problem = format!("another policy is named `{}` too", policy.name);
        return Err(FieldError::at(name_at, "metadata.name", problem));
    }
    let protecting = before.iter().find(|known| known.load_protection.is_some());
    let measuring = before.iter().find(|known| known.demand.is_some());
    for (field, written_at, known) in
        [("spec.loadProtection", load_protection_at, protecting), ("spec.demand", demand_at, measuring)]
    {
        if let (Some(position), Some(known)) = (written_at, known) {
            let problem =
                format!("policy `{}` has it already, and it holds for PEs of all policies: keep one", known.name);
            return Err(FieldError::at(position, field, problem));
        }
    }
    Ok(policy)
}

#[cfg(test)]
#[path = "tests/set.rs"]
mod tests;
