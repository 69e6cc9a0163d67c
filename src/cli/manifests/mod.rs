//! Kubernetes objects from files, as `kubectl get -o yaml` prints them and as people write them.

mod place;
mod template;

use std::path::Path;

use serde::de::DeserializeOwned;
use serde_json::Value;

pub(super) use self::place::Field;
use super::Stop;
use crate::api::open_streams::Unnamed;
use crate::api::{
    DocumentError, HostPool, InvalidHostPool, InvalidStreamJob, NodeObject, PodObject, Position,
    StreamJob as StreamJobObject,
};
use crate::model::{FieldProblem, Node, OpenStreams, Pod, Pool, Resources, StreamJob, keys};

/// A text with manifests, and the name that errors give it.
#[derive(Debug)]
pub(super) struct Text {
    file: String,
    text: String,
}

/// One object, and where it stands.
#[derive(Debug)]
pub(super) struct Object<'t> {
    text: &'t Text,
    /// Its document, and its place in the list that the document is.
    document: usize,
    item: Option<usize>,
    /// Where in the object that stands there this one is: a pod in the template of a controller.
    within: Vec<Field>,
    kind: String,
    value: Value,
}

/// Members that hold amounts by resource.
const AMOUNTS: [&str; 5] = ["allocatable", "capacity", "limits", "overhead", "requests"];

impl Text {
    /// A text under this name.
    pub(super) fn new(file: impl Into<String>, text: impl Into<String>) -> Self {
        Self { file: file.into(), text: text.into() }
    }

    /// A file of the user's.
    #[expect(clippy::disallowed_methods, reason = "the user's manifests are read here and nowhere else")]
    pub(super) fn from_file(path: &Path) -> Result<Self, Stop> {
        let file = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| Stop::input(format!("{file}: {error}")))?;
        Ok(Self { file, text })
    }

    /// The name of the file.
    pub(super) fn file(&self) -> &str {
        &self.file
    }

    /// Every object of every document; lists are taken apart.
    pub(super) fn objects(&self) -> Result<Vec<Object<'_>>, Stop> {
        let mut objects = Vec::new();
        for (document, value) in self.documents()?.into_iter().enumerate() {
            for (item, kind, mut value) in taken_apart(value) {
                spell_quantities(&mut value);
                let object = Object { text: self, document, item, within: Vec::new(), kind, value };
                if !object.value.is_object() {
                    return Err(object.wrong("", "is no Kubernetes object"));
                }
                if object.kind.is_empty() {
                    return Err(object.wrong("kind", "is missing"));
                }
                objects.push(object);
            }
        }
        Ok(objects)
    }

    fn documents(&self) -> Result<Vec<Value>, Stop> {
        // What kubectl prints as JSON is one document, and large.
        if let Ok(document) = serde_json::from_str(&self.text) {
            return Ok(vec![document]);
        }
        serde_saphyr::from_multiple_with_options(&self.text, place::options())
            .map_err(|error| Stop::input(DocumentError::unparsable(&self.file, &error)))
    }
}

impl Object<'_> {
    /// The name of its file.
    pub(super) fn text(&self) -> &str {
        self.text.file()
    }

    /// The object itself.
    pub(super) fn value(&self) -> &Value {
        &self.value
    }

    /// The object itself, to be changed.
    pub(super) fn value_mut(&mut self) -> &mut Value {
        &mut self.value
    }

    /// Its kind.
    pub(super) fn kind(&self) -> &str {
        &self.kind
    }

    /// True for an object of group `streams.ibm.com`: two of its kinds are named as others are.
    pub(super) fn is_of_open_streams(&self) -> bool {
        text_of(&self.value, "apiVersion").strip_prefix(OpenStreams::GROUP).is_some_and(|rest| rest.starts_with('/'))
    }

    /// The object as what it declares, for a kind of group `streams.ibm.com`.
    pub(super) fn declared<O, T>(&self) -> Result<T, Stop>
    where
        O: DeserializeOwned,
        T: for<'o> TryFrom<&'o O, Error = Unnamed>,
    {
        T::try_from(&self.read::<O>()?).map_err(|problem| self.wrong("metadata", &problem.to_string()))
    }

    /// What was not understood of the object, as errors are told.
    pub(super) fn unknown_outcomes(&self, doubt: &FieldProblem) -> String {
        self.place_and_problem(&Field::parse(&doubt.field), &doubt.problem)
    }

    /// The object as it was read.
    pub(super) fn into_value(self) -> Value {
        self.value
    }

    /// Namespace and name; the name alone where it has no namespace.
    pub(super) fn name(&self) -> String {
        let metadata = self.value.get("metadata").unwrap_or(&Value::Null);
        let (namespace, name) = (text_of(metadata, "namespace"), text_of(metadata, "name"));
        if namespace.is_empty() { name } else { format!("{namespace}/{name}") }
    }

    /// Fills in what the API server would: the namespace, and the rest of a generated name.
    pub(super) fn complete(&mut self) {
        if let Some(metadata) = self.value.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.entry("namespace").or_insert_with(|| Value::from("default"));
            let prefix = metadata.get("generateName").and_then(Value::as_str).map(|prefix| format!("{prefix}0"));
            if let Some(name) = prefix {
                metadata.entry("name").or_insert_with(|| Value::from(name));
            }
        }
    }

    /// The object as a node that decisions see.
    pub(super) fn node(&self) -> Result<Node, Stop> {
        let object = self.read::<NodeObject>()?;
        object.load().map_err(|DocumentError { field, problem, .. }| {
            let path = ["metadata", "annotations", keys::LOAD].map(|member| Field::Member(member.to_owned()));
            let said = [field, problem].into_iter().filter(|part| !part.is_empty()).collect::<Vec<String>>();
            self.wrong_at(&path, &said.join(": "))
        })?;
        let node = Node::try_from(&object).map_err(|problem| self.unreadable(&problem))?;
        if node.name.as_str().is_empty() { Err(self.wrong("metadata.name", "is missing")) } else { Ok(node) }
    }

    /// The object as a pool that decisions see.
    pub(super) fn pool(&self) -> Result<Pool, Stop> {
        Pool::try_from(&self.read::<HostPool>()?).map_err(|problem| {
            let field = match problem {
                InvalidHostPool::Unnamed => "metadata",
                InvalidHostPool::TagsAndHosts => "spec.hosts",
                InvalidHostPool::ExclusiveWithoutSize => "spec.mode",
                InvalidHostPool::Size(_) => "spec.size",
            };
            self.wrong(field, &problem.to_string())
        })
    }

    /// The object as what is declared of a job.
    pub(super) fn stream_job(&self) -> Result<StreamJob, Stop> {
        StreamJob::try_from(&self.read::<StreamJobObject>()?).map_err(|problem| {
            let field = match problem {
                InvalidStreamJob::Unnamed => "metadata",
                InvalidStreamJob::ListedTwice(_) => "spec.pes",
                InvalidStreamJob::NotListed(_) => "spec.connections",
                InvalidStreamJob::Gang => "spec.gang",
            };
            self.wrong(field, &problem.to_string())
        })
    }

    /// The object as a pod that decisions see.
    pub(super) fn pod(&self) -> Result<Pod, Stop> {
        let pod = Pod::try_from(&self.read::<PodObject>()?).map_err(|problem| self.unreadable(&problem))?;
        if pod.key.name.as_str().is_empty() { Err(self.wrong("metadata.name", "is missing")) } else { Ok(pod) }
    }

    /// Reads every field of a pod, also those that no decision needs.
    pub(super) fn whole_pod(&self) -> Result<(), Stop> {
        self.read::<k8s_openapi::api::core::v1::Pod>().map(drop)
    }

    /// Reads the object; an error names the field.
    pub(super) fn read<T: DeserializeOwned>(&self) -> Result<T, Stop> {
        serde_path_to_error::deserialize(&self.value).map_err(|error| {
            let path: Vec<Field> = error.path().iter().filter_map(Field::of).collect();
            self.wrong_at(&path, &error.inner().to_string())
        })
    }

    /// The error of a field, written as `metadata.name`.
    pub(super) fn wrong(&self, field: &str, problem: &str) -> Stop {
        let path: Vec<Field> =
            field.split('.').filter(|member| !member.is_empty()).map(|member| Field::Member(member.into())).collect();
        self.wrong_at(&path, problem)
    }

    /// The error of a field, whose members may have dots in their names.
    pub(super) fn wrong_at(&self, path: &[Field], problem: &str) -> Stop {
        Stop::Input(self.place_and_problem(path, problem))
    }

    fn place_and_problem(&self, path: &[Field], problem: &str) -> String {
        let path: Vec<Field> = self.within.iter().chain(path).cloned().collect();
        let Position { line, column } = place::find(&self.text.text, (self.document, self.item), &path);
        let object = [self.kind.clone(), self.name()].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>();
        let said = [object.join(" "), Field::join(&path), problem.to_owned()];
        let said = said.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(": ");
        format!("{}:{line}:{column}: {said}", self.text.file)
    }

    /// The error of an amount: the first that cannot be read.
    fn unreadable(&self, problem: &dyn std::fmt::Display) -> Stop {
        self.wrong_at(&unreadable_amount(&self.value).unwrap_or_default(), &problem.to_string())
    }
}

/// The items of a list with their places, or the document itself; each with its kind.
fn taken_apart(mut document: Value) -> Vec<(Option<usize>, String, Value)> {
    let kind = text_of(&document, "kind");
    if document.is_null() {
        // Nothing between two separators.
        return Vec::new();
    }
    let Some(Value::Array(items)) = document.get_mut("items").filter(|_| kind.ends_with("List")).map(Value::take)
    else {
        return vec![(None, kind, document)];
    };
    // What the API itself answers names the kind of the items once.
    let of_list = kind.strip_suffix("List").unwrap_or_default();
    let kind_of = |item: &Value| Some(text_of(item, "kind")).filter(|own| !own.is_empty());
    let item = |(at, item): (usize, Value)| (Some(at), kind_of(&item).unwrap_or_else(|| of_list.to_owned()), item);
    items.into_iter().enumerate().map(item).collect()
}

fn text_of(value: &Value, member: &str) -> String {
    value.get(member).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// Where the first amount is that is no quantity.
fn unreadable_amount(value: &Value) -> Option<Vec<Field>> {
    let within = |field: Field, inner: &Value| {
        let mut path = unreadable_amount(inner)?;
        path.insert(0, field);
        Some(path)
    };
    match value {
        Value::Object(members) => members.iter().find_map(|(key, member)| {
            let amounts = AMOUNTS.contains(&key.as_str()).then_some(member).and_then(Value::as_object);
            let bad = amounts.into_iter().flatten().find(|(name, amount)| {
                amount.as_str().is_some_and(|amount| Resources::default().set(name, amount).is_err())
            });
            match bad {
                Some((name, _)) => Some(vec![Field::Member(key.clone()), Field::Member(name.clone())]),
                None => within(Field::Member(key.clone()), member),
            }
        }),
        Value::Array(items) => items.iter().enumerate().find_map(|(at, item)| within(Field::Element(at), item)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

/// Writes amounts as text, as the API server does when somebody wrote a bare number.
fn spell_quantities(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (key, member) in members {
                if AMOUNTS.contains(&key.as_str())
                    && let Value::Object(amounts) = member
                {
                    for amount in amounts.values_mut().filter(|amount| amount.is_number()) {
                        *amount = Value::from(amount.to_string());
                    }
                } else {
                    spell_quantities(member);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(spell_quantities),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
