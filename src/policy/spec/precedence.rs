//! Which value of a key is effective, and which values are overruled.
//!
//! Objects overrule the pod: first a `StreamJob`, then a `ProcessingElement`, then a `Job`.

use std::sync::Arc;

use super::parse;
use super::source::{SpecSource, SpecSources};
use crate::model::{
    DeclaredJob, DeclaredPe, DeclaredPool, FieldProblem, InvalidPlacementSpec, Labels, Namespace, ObjectId,
    OpenStreamsObject, keys,
};

/// The effective value of a key, and its source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EffectiveValue {
    /// The key: `outrigger.dev/colocation`.
    pub(crate) key: &'static str,
    /// The value.
    pub(crate) value: String,
    /// The object that declares the value; `None`: the pod itself.
    pub(crate) object: Option<String>,
}

impl<'a> SpecSources<'a> {
    /// The effective value of every key that has one.
    pub(in crate::policy) fn effective_values(&self) -> Vec<EffectiveValue> {
        let effective = |key: &'static str| {
            let (source, value) = self.effective(key)?;
            Some(EffectiveValue { key, value: value.to_owned(), object: source.object() })
        };
        keys::PLACEMENT_SPEC.into_iter().filter_map(effective).collect()
    }

    /// The keys on the pod whose values are overruled by an object that declares something else.
    pub(in crate::policy) fn overruled(&self) -> Box<[&'static str]> {
        if self.objects().next().is_none() {
            return Box::default();
        }
        let is_overruled = |key: &&str| {
            self.on_pod(key).is_some_and(|on_pod| match self.value(key) {
                Some(effective) => on_pod != effective && !parse::mean_the_same(key, on_pod, effective),
                None => true,
            })
        };
        keys::PLACEMENT_SPEC.into_iter().filter(is_overruled).collect()
    }

    /// Every field of the PE's objects of group `streams.ibm.com` that cannot be read, with its object.
    pub(in crate::policy) fn field_problems(&self) -> Vec<String> {
        let pool = self.value(keys::HOST_POOL).and_then(|name| {
            // A pool belongs to the namespace of the objects that name it.
            let of_pe = self.declared.pe.map(|pe| &pe.id.namespace);
            let namespace = of_pe.or_else(|| Some(&self.stream_job?.0.id.namespace))?;
            self.open_streams.pool(&ObjectId { namespace: namespace.clone(), name: Arc::from(name) })
        });
        let of_pe = self.declared.pe.into_iter().flat_map(with_object::<DeclaredPe>);
        let of_job = self.declared.job.into_iter().flat_map(with_object::<DeclaredJob>);
        of_pe.chain(of_job).chain(pool.into_iter().flat_map(with_object::<DeclaredPool>)).collect()
    }

    /// The source and the effective value of a key.
    pub(super) fn effective(&self, key: &str) -> Option<(SpecSource<'a>, &'a str)> {
        for (source, values) in self.objects() {
            if let Some(value) = values.get(key) {
                return Some((source, value));
            }
            if overrules(values, key) {
                return None;
            }
        }
        self.on_pod(key).map(|value| (SpecSource::Pod, value))
    }

    /// The pool that the PE names, in its namespace.
    pub(in crate::policy) fn pool(&self, namespace: &Namespace) -> Option<ObjectId> {
        self.value(keys::HOST_POOL).map(|name| ObjectId::new(namespace, name))
    }

    /// True where an object overrules the value of a key on the pod.
    pub(super) fn is_declared_by_object(&self, key: &str) -> bool {
        self.objects().any(|(_, values)| overrules(values, key))
    }

    /// The effective value of a key.
    pub(super) fn value(&self, key: &str) -> Option<&'a str> {
        self.effective(key).map(|(_, value)| value)
    }

    /// The first key whose value is unknown, because a field of the `ProcessingElement` or the `Job` cannot be read and
    /// no source of higher precedence overrules the key.
    pub(super) fn first_unknown(&self) -> Option<InvalidPlacementSpec> {
        let mut above: Vec<&Labels> = Vec::new();
        for (source, values) in self.objects() {
            let is_overruled = |key: &&str| above.iter().any(|values| overrules(values, key));
            for problem in field_problems(source) {
                if let Some(key) = problem.key.filter(|key| !is_overruled(key)) {
                    let source = source.object().map(Box::from);
                    return Some(InvalidPlacementSpec { key, problem: problem.to_string(), source });
                }
            }
            above.push(values);
        }
        None
    }
}

/// True where a source with these values overrules the values of a key in sources of lower precedence: it declares the
/// key, or another key of the same [node choice](keys::NODE_CHOICE).
fn overrules(values: &Labels, key: &str) -> bool {
    let declares = |key: &str| values.get(key).is_some();
    declares(key) || keys::NODE_CHOICE.contains(&key) && keys::NODE_CHOICE.into_iter().any(declares)
}

fn field_problems(source: SpecSource<'_>) -> &[FieldProblem] {
    match source {
        SpecSource::ProcessingElement(pe) => &pe.field_problems,
        SpecSource::Job(job) => &job.field_problems,
        SpecSource::StreamJob(_) | SpecSource::Pod => &[],
    }
}

/// The field problems of an object, each with kind and name of the object.
fn with_object<T: OpenStreamsObject>(object: &T) -> impl Iterator<Item = String> {
    object.field_problems().iter().map(|problem| format!("{} {}: {problem}", T::KIND_AND_GROUP, object.id()))
}
