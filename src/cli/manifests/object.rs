//! One object of a manifest: its value in the model, and errors with file, line, column and field.

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::Text;
use super::position::{self, Field};
use super::quantities::unreadable_amount;
use super::serde_problem::sentence;
use crate::api::Position;
use crate::api::open_streams::Unnamed;
use crate::api::{
    DocumentError, HostPool, InvalidHostPool, InvalidStreamJob, NodeObject, PersistentVolumeClaimObject,
    PersistentVolumeObject, PodObject, StreamJob as StreamJobObject,
};
use crate::cli::CommandError;
use crate::model::{
    FieldProblem, InvalidQuantity, Node, OpenStreams, PersistentVolume, PersistentVolumeClaim, Pod, Pool, StreamJob,
    keys,
};

/// Kinds with a namespace, besides those of open-streams.
const NAMESPACED: [(&str, &str); 10] = [
    ("", "LimitRange"),
    ("", "PersistentVolumeClaim"),
    ("", "Pod"),
    ("", "ReplicationController"),
    ("apps", "Deployment"),
    ("apps", "ReplicaSet"),
    ("apps", "StatefulSet"),
    ("batch", "Job"),
    ("outrigger.dev", "HostPool"),
    ("outrigger.dev", "StreamJob"),
];

/// One object and its place in the text.
#[derive(Debug)]
pub(in crate::cli) struct Object<'t> {
    pub(super) text: &'t Text,
    /// The document, and the place of the object in the list of the document.
    pub(super) document: usize,
    pub(super) item: Option<usize>,
    /// The path in the object of the text, for a pod from the template of a controller.
    pub(super) within: Vec<Field>,
    pub(super) kind: String,
    pub(super) value: Value,
}

impl Object<'_> {
    /// The name of the file.
    pub(in crate::cli) fn text(&self) -> &str {
        self.text.file()
    }

    /// The object itself.
    pub(in crate::cli) fn value(&self) -> &Value {
        &self.value
    }

    /// The object itself, for changes.
    pub(in crate::cli) fn value_mut(&mut self) -> &mut Value {
        &mut self.value
    }

    /// The kind.
    pub(in crate::cli) fn kind(&self) -> &str {
        &self.kind
    }

    /// True for an object of group `streams.ibm.com`: two kinds of this group have names that other groups have too.
    pub(in crate::cli) fn is_of_open_streams(&self) -> bool {
        member_text(&self.value, "apiVersion")
            .strip_prefix(OpenStreams::GROUP)
            .is_some_and(|rest| rest.starts_with('/'))
    }

    /// The declaration of an object of group `streams.ibm.com`.
    pub(in crate::cli) fn declared<O, T>(&self) -> Result<T, CommandError>
    where
        O: DeserializeOwned,
        T: for<'o> TryFrom<&'o O, Error = Unnamed>,
    {
        T::try_from(&self.read::<O>()?).map_err(|problem| self.wrong("metadata", &problem.to_string()))
    }

    /// A problem of a field, with file, line and column.
    pub(in crate::cli) fn describe_field_problem(&self, problem: &FieldProblem) -> String {
        self.place_and_problem(&Field::parse(&problem.field), &problem.problem)
    }

    /// Namespace and name; the name alone for an object without a namespace.
    pub(in crate::cli) fn name(&self) -> String {
        let (namespace, name) = (metadata_text(&self.value, "namespace"), metadata_text(&self.value, "name"));
        if namespace.is_empty() || name.is_empty() { name.to_owned() } else { format!("{namespace}/{name}") }
    }

    /// The group; `None` for an object that names no version, which counts by its kind.
    pub(in crate::cli) fn group(&self) -> Option<&str> {
        let version = member_text(&self.value, "apiVersion");
        let group = version.split_once('/').map_or("", |(group, _)| group);
        (!version.is_empty()).then_some(group)
    }

    /// True for an object of this group and kind. An object without a group counts by its kind.
    pub(in crate::cli) fn is(&self, group: &str, kind: &str) -> bool {
        self.kind == kind && self.group().is_none_or(|own| own == group)
    }

    /// Kind and group, as kubectl writes them: `Job.batch.volcano.sh`.
    pub(in crate::cli) fn qualified_kind(&self) -> String {
        match self.group().filter(|group| !group.is_empty()) {
            Some(group) => format!("{}.{group}", self.kind),
            None => self.kind.clone(),
        }
    }

    /// Sets the namespace of an object that has none, as kubectl does: `default`.
    pub(super) fn set_default_namespace(&mut self) {
        let is_namespaced = self.is_of_open_streams() || NAMESPACED.iter().any(|(group, kind)| self.is(group, kind));
        if !is_namespaced {
            return;
        }
        let metadata = self.value.as_object_mut().map(|object| object.entry("metadata").or_insert_with(|| json!({})));
        if let Some(metadata) = metadata.and_then(Value::as_object_mut)
            && metadata.get("namespace").and_then(Value::as_str).is_none_or(str::is_empty)
        {
            metadata.insert("namespace".to_owned(), Value::from("default"));
        }
    }

    /// Completes a generated name with the first number whose name is free, as the API server does with a random suffix.
    pub(in crate::cli) fn complete_name(&mut self, is_free: impl Fn(&str) -> bool) {
        let Some(metadata) = self.value.get_mut("metadata").and_then(Value::as_object_mut) else { return };
        let text = |member: &str| metadata.get(member).and_then(Value::as_str).unwrap_or_default();
        let (name, prefix, namespace) = (text("name"), text("generateName"), text("namespace"));
        if name.is_empty() && !prefix.is_empty() {
            let mut names = (0_u64..).map(|number| format!("{prefix}{number}"));
            let free = names.find(|name| is_free(&format!("{namespace}/{name}")));
            metadata.insert("name".to_owned(), Value::from(free));
        }
    }

    /// The same object with another value.
    pub(in crate::cli) fn with_value(&self, value: Value) -> Self {
        Object { within: self.within.clone(), kind: self.kind.clone(), value, ..*self }
    }

    /// A pod that a controller creates from the template in this object.
    pub(in crate::cli) fn with_template(&self, pod: Value) -> Self {
        let within = ["spec", "template"].map(|member| Field::Member(member.to_owned())).into();
        Object { within, kind: self.kind.clone(), value: pod, ..*self }
    }

    /// The object as a node of the model.
    pub(in crate::cli) fn node(&self) -> Result<Node, CommandError> {
        let object = self.read::<NodeObject>()?;
        object.load().map_err(|DocumentError { field, problem, .. }| {
            let path = ["metadata", "annotations", keys::LOAD].map(|member| Field::Member(member.to_owned()));
            let said = [field, problem].into_iter().filter(|part| !part.is_empty()).collect::<Vec<String>>();
            self.wrong_at(&path, &said.join(": "))
        })?;
        let node = Node::try_from(&object).map_err(|problem| self.unreadable(&problem))?;
        if node.name.as_str().is_empty() {
            Err(self.wrong("metadata.name", "is missing; write a name"))
        } else {
            Ok(node)
        }
    }

    /// The object as a pool of the model.
    pub(in crate::cli) fn pool(&self) -> Result<Pool, CommandError> {
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

    /// The object as a persistent volume of the model.
    pub(in crate::cli) fn persistent_volume(&self) -> Result<PersistentVolume, CommandError> {
        let object = self.read::<PersistentVolumeObject>()?;
        PersistentVolume::try_from(&object).map_err(|_unnamed| self.wrong("metadata.name", "is missing; write a name"))
    }

    /// The object as a claim of the model.
    pub(in crate::cli) fn claim(&self) -> Result<PersistentVolumeClaim, CommandError> {
        let object = self.read::<PersistentVolumeClaimObject>()?;
        PersistentVolumeClaim::try_from(&object)
            .map_err(|_unnamed| self.wrong("metadata.name", "is missing; write a name"))
    }

    /// The object as a `StreamJob` of the model.
    pub(in crate::cli) fn stream_job(&self) -> Result<StreamJob, CommandError> {
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

    /// The object as a pod of the model.
    pub(in crate::cli) fn pod(&self) -> Result<Pod, CommandError> {
        let pod = Pod::try_from(&self.read::<PodObject>()?).map_err(|problem| self.unreadable(&problem))?;
        if pod.key.name.as_str().is_empty() {
            Err(self.wrong("metadata.name", "is missing; write a name"))
        } else {
            Ok(pod)
        }
    }

    /// Checks every field of a pod, also the fields that no decision reads.
    pub(in crate::cli) fn check_every_field_of_pod(&self) -> Result<(), CommandError> {
        self.read::<k8s_openapi::api::core::v1::Pod>().map(drop)
    }

    /// Checks every amount in the object.
    pub(in crate::cli) fn check_amounts(&self) -> Result<(), CommandError> {
        let Some(path) = unreadable_amount(&self.value) else { return Ok(()) };
        let written = Field::find(&path, &self.value).and_then(Value::as_str).unwrap_or_default();
        Err(self.wrong_at(&path, &InvalidQuantity(written.to_owned()).to_string()))
    }

    /// Deserializes the object; an error names the field.
    pub(in crate::cli) fn read<T: DeserializeOwned>(&self) -> Result<T, CommandError> {
        serde_path_to_error::deserialize(&self.value).map_err(|error| {
            let path: Vec<Field> = error.path().iter().filter_map(Field::from_segment).collect();
            let text = Field::find(&path, &self.value).and_then(Value::as_str);
            self.wrong_at(&path, &sentence(&error.inner().to_string(), &path, text))
        })
    }

    /// The error of a field, written as `metadata.name`.
    pub(in crate::cli) fn wrong(&self, field: &str, problem: &str) -> CommandError {
        let path: Vec<Field> =
            field.split('.').filter(|member| !member.is_empty()).map(|member| Field::Member(member.into())).collect();
        self.wrong_at(&path, problem)
    }

    /// The error of a field by its path; members may have dots in their names.
    pub(in crate::cli) fn wrong_at(&self, path: &[Field], problem: &str) -> CommandError {
        CommandError::Input(self.place_and_problem(path, problem))
    }

    fn place_and_problem(&self, path: &[Field], problem: &str) -> String {
        let path: Vec<Field> = self.within.iter().chain(path).cloned().collect();
        let Position { line, column } = position::find(self.text.text(), (self.document, self.item), &path);
        let object = [self.kind.clone(), self.name()].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>();
        let said = [object.join(" "), Field::join(&path), problem.to_owned()];
        let said = said.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(": ");
        format!("{}:{line}:{column}: {said}", self.text.file())
    }

    /// The error of the first amount that cannot be read.
    fn unreadable(&self, problem: &dyn std::fmt::Display) -> CommandError {
        self.wrong_at(&unreadable_amount(&self.value).unwrap_or_default(), &problem.to_string())
    }
}

/// A text among the members of an object; empty where there is none.
pub(super) fn member_text<'v>(value: &'v Value, member: &str) -> &'v str {
    value.get(member).and_then(Value::as_str).unwrap_or_default()
}

/// A text in the metadata of an object; empty where there is none.
pub(in crate::cli) fn metadata_text<'v>(object: &'v Value, member: &str) -> &'v str {
    object.get("metadata").map_or("", |metadata| member_text(metadata, member))
}
