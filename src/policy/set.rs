//! All policies together: which one governs a pod.

use std::sync::Arc;

use super::error::{Fault, PolicyError, Position};
use super::raw;
use super::resolve::StreamPolicy;
use super::spec::{self, Sources};
use super::{Dialect, Identity};
use crate::model::{Declarations, Declared, DeclaredBy, Labels, LoadProtection, OpenStreams, Pe, Pod, StreamJobId};

/// A file with policy documents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its name, for errors.
    pub file: String,
    /// Its text: YAML documents.
    pub text: String,
}

/// The label by which a `StatefulSet` numbers its pods: their names outlive them.
const POD_INDEX: &str = "apps.kubernetes.io/pod-index";

/// A valid set of policies, in the order in which they govern.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PolicySet {
    /// Highest priority first, then by name.
    policies: Arc<[StreamPolicy]>,
}

impl PolicySet {
    /// Reads every document of every file.
    ///
    /// # Errors
    /// The first [`PolicyError`]: a document that cannot be read, a field that is wrong, or two policies of one name.
    pub fn parse(sources: &[Source]) -> Result<Self, PolicyError> {
        let mut policies: Vec<StreamPolicy> = Vec::new();
        for source in sources {
            for document in documents(source)? {
                let name_at = document.metadata.name.referenced;
                let protection_at = document.spec.load_protection.as_ref().map(|block| block.referenced);
                let policy = StreamPolicy::resolve(document).map_err(|fault: Fault| fault.in_file(&source.file))?;
                let conflict =
                    name_taken(&policies, &policy).map(|(field, problem)| (name_at, field, problem)).or_else(|| {
                        protection_at.zip(protected(&policies)).map(|(at, (field, problem))| (at, field, problem))
                    });
                if let Some((place, field, problem)) = conflict {
                    let (file, field) = (source.file.clone(), field.to_owned());
                    return Err(PolicyError { file, position: place.into(), field, problem });
                }
                policies.push(policy);
            }
        }
        policies.sort_by(|left, right| right.priority.cmp(&left.priority).then_with(|| left.name.cmp(&right.name)));
        Ok(Self { policies: policies.into() })
    }

    /// All policies, in the order in which they govern.
    pub fn iter(&self) -> impl Iterator<Item = &StreamPolicy> {
        self.policies.iter()
    }

    /// Which nodes take no PE because they are busy; `None`: load is not looked at.
    #[must_use]
    pub fn load_protection(&self) -> Option<LoadProtection> {
        self.policies.iter().find_map(|policy| policy.load_protection)
    }

    /// The policy that governs a pod with these labels, if any.
    #[must_use]
    pub fn governing(&self, namespace: &str, labels: &Labels) -> Option<&StreamPolicy> {
        self.policies.iter().find(|policy| policy.selector.selects(namespace, labels))
    }

    /// The PE that a pod is, together with what objects declare of it; `None` for pods of no policy, or whose labels
    /// name no job.
    #[must_use]
    pub fn pe(&self, pod: &Arc<Pod>, declared: &Declarations) -> Option<Pe> {
        let policy = self.governing(pod.key.namespace.as_str(), &pod.labels)?;
        Some(policy.pe(policy.identity(pod)?, pod, declared))
    }

    /// What a pod wishes as a PE, wish by wish, and who says so; nothing for a pod that is none.
    #[must_use]
    pub fn effective_value(&self, pod: &Pod, declared: &Declarations) -> Vec<EffectiveValue> {
        let Some(Reading { sources, .. }) = self.reading(pod, declared) else { return Vec::new() };
        let effective_value = |key: &'static str| {
            let (source, value) = sources.effective_value(key)?;
            Some(EffectiveValue { key, value: value.to_owned(), object: source.object() })
        };
        spec::DECLARABLE.into_iter().filter_map(effective_value).collect()
    }

    /// What was not understood of the objects of group `streams.ibm.com` that say what a pod wishes as a PE.
    #[must_use]
    pub fn unclear(&self, pod: &Pod, declared: &Declarations) -> Vec<String> {
        self.reading(pod, declared).map(|reading| reading.sources.unclear()).unwrap_or_default()
    }

    fn reading<'a>(&'a self, pod: &'a Pod, declared: &'a Declarations) -> Option<Reading<'a>> {
        let policy = self.governing(pod.key.namespace.as_str(), &pod.labels)?;
        Some(policy.reading(policy.identity(pod)?, pod, declared))
    }
}

impl StreamPolicy {
    /// The job and PE of a pod that this policy governs; `None` if the labels of the pod name no job.
    #[must_use]
    pub fn identity(&self, pod: &Pod) -> Option<Identity> {
        let owner = pod.owner.as_deref().map(|owner| &*owner.name);
        self.dialect.identity(&pod.key.namespace, &pod.labels, owner)
    }

    /// The PE of this identity, which a pod that this policy governs is, together with what objects declare of the PE.
    #[must_use]
    pub fn pe(&self, identity: Identity, pod: &Arc<Pod>, declared: &Declarations) -> Pe {
        let Reading { policy, identity, name, sources, object, lasting_name } = self.reading(identity, pod, declared);
        let owner_uid = pod.owner.as_ref().filter(|_| lasting_name).map(|owner| Arc::clone(&owner.uid));
        Pe {
            pod: Arc::clone(pod),
            job: identity.job,
            name,
            policy: Arc::clone(&policy.name),
            owner_uid,
            spec: spec::read(&pod.key.namespace, sources, policy.placement, lasting_name)
                .map(Arc::new)
                .map_err(Box::new),
            overruled: sources.overruled(),
            object: object.map(Box::new),
        }
    }

    fn reading<'a>(&'a self, mut identity: Identity, pod: &'a Pod, declared: &'a Declarations) -> Reading<'a> {
        let owner = pod.owner.as_deref();
        let lasting_name = identity.pe.is_some() || pod.labels.get(POD_INDEX).is_some();
        let name = identity.pe.take().unwrap_or_else(|| Arc::from(pod.key.name.as_str()));
        // Most clusters have jobs without a StreamJob, and pods are read often.
        let jobs = &declared.jobs;
        let job = if jobs.is_empty() { None } else { jobs.get(&StreamJobId::from(&identity.job)) };
        let object = (self.dialect == Dialect::OpenStreams)
            .then(|| OpenStreams::object(&pod.key.namespace, (&identity.job.name, &name), owner));
        let custom = match &object {
            Some(object) => declared.open_streams.declared(object, &identity.job.name, owner),
            None => Some(Declared::default()),
        };
        let object = object.map(|id| DeclaredBy { id, is_awaited: custom.is_none() });
        let custom = custom.unwrap_or_default();
        let sources = Sources {
            labels: &pod.labels,
            annotations: &pod.annotations,
            declared: job.map(|job| (&**job, job.declared(&name))),
            custom,
            open_streams: &declared.open_streams,
        };
        Reading { policy: self, identity, name, sources, object, lasting_name }
    }
}

/// What a pod is read by.
struct Reading<'a> {
    policy: &'a StreamPolicy,
    identity: Identity,
    name: Arc<str>,
    sources: Sources<'a>,
    object: Option<DeclaredBy>,
    /// Whether the name of the PE outlives its pod.
    lasting_name: bool,
}

/// A wish, and who says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EffectiveValue {
    /// The key: `outrigger.dev/colocation`.
    pub key: &'static str,
    /// The value that counts.
    pub value: String,
    /// The object that declares it; `None`: the pod itself.
    pub object: Option<String>,
}

/// A field that clashes with another policy, and how.
type SpecConflict = (&'static str, String);

fn name_taken(policies: &[StreamPolicy], policy: &StreamPolicy) -> Option<SpecConflict> {
    let is_taken = policies.iter().any(|known| known.name == policy.name);
    is_taken.then(|| ("metadata.name", format!("another policy is named `{}` too", policy.name)))
}

/// Load protection is for the whole cluster: two blocks would leave open which one holds.
fn protected(policies: &[StreamPolicy]) -> Option<SpecConflict> {
    let known = policies.iter().find(|known| known.load_protection.is_some())?;
    let problem = format!("policy `{}` has it already, and it holds for PEs of all policies: keep one", known.name);
    Some(("spec.loadProtection", problem))
}

fn documents(source: &Source) -> Result<Vec<raw::Document>, PolicyError> {
    serde_saphyr::from_multiple::<raw::Document>(&source.text).map_err(|error| PolicyError {
        file: source.file.clone(),
        position: error.location().map(Position::from).unwrap_or_default(),
        field: String::new(),
        problem: error.without_snippet().to_string(),
    })
}

#[cfg(test)]
#[path = "tests/set.rs"]
mod tests;
