//! The cluster and the jobs that are played, as YAML documents.

use std::path::Path;

use serde_json::Value;
use serde_saphyr::Spanned;

use crate::api::{HostPool, NodeObject, PodObject};
use crate::cli::Stop;
use crate::model::{Node, Pod, Pool};

/// A text with manifests, and the name that errors give it.
#[derive(Debug)]
pub(super) struct Text {
    file: String,
    text: String,
}

impl Text {
    /// The cluster that is shipped.
    pub(super) fn shipped_cluster() -> Self {
        let text = include_str!("../../../deploy/demo/cluster.yaml").to_owned();
        Self { file: "deploy/demo/cluster.yaml".to_owned(), text }
    }

    /// The jobs that are shipped.
    pub(super) fn shipped_jobs() -> Self {
        let text = include_str!("../../../deploy/demo/jobs.yaml").to_owned();
        Self { file: "deploy/demo/jobs.yaml".to_owned(), text }
    }

    /// A file of the user's.
    #[expect(clippy::disallowed_methods, reason = "the user's manifests are read here and nowhere else")]
    pub(super) fn from_file(path: &Path) -> Result<Self, Stop> {
        let file = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| Stop::input(format!("{file}: {error}")))?;
        Ok(Self { file, text })
    }
}

/// What there is before the jobs come.
#[derive(Debug, Default)]
pub(super) struct Cluster {
    /// Nodes, as they are written and as decisions see them.
    pub(super) nodes: Vec<(Value, Node)>,
    /// Pools.
    pub(super) pools: Vec<Pool>,
    /// Pods that exist already.
    pub(super) pods: Vec<Value>,
}

/// Reads nodes, pools and pods.
pub(super) fn cluster(text: &Text) -> Result<Cluster, Stop> {
    let mut cluster = Cluster::default();
    for object in objects(text)? {
        match object.kind.as_str() {
            "Node" => {
                let node = object.read::<NodeObject>()?;
                let node = Node::try_from(&node).map_err(|problem| object.wrong(&problem))?;
                cluster.nodes.push((object.value, node));
            }
            "HostPool" => {
                let pool = object.read::<HostPool>()?;
                cluster.pools.push(Pool::try_from(&pool).map_err(|problem| object.wrong(&problem))?);
            }
            "Pod" => cluster.pods.push(object.pod()?),
            _ => return Err(object.unexpected("Node, HostPool, Pod, and a List of them")),
        }
    }
    if cluster.nodes.is_empty() {
        return Err(Stop::input(format!("{}: there is no Node in it", text.file)));
    }
    Ok(cluster)
}

/// Reads the pods that are to be created, in the order in which they stand there.
pub(super) fn jobs(text: &Text) -> Result<Vec<Value>, Stop> {
    let mut pods = Vec::new();
    for object in objects(text)? {
        if object.kind != "Pod" {
            return Err(object.unexpected("Pod, and a List of them; write out what a controller would create"));
        }
        pods.push(object.pod()?);
    }
    if pods.is_empty() {
        return Err(Stop::input(format!("{}: there is no Pod in it", text.file)));
    }
    Ok(pods)
}

/// One object, and where it stands.
struct Object {
    place: String,
    kind: String,
    value: Value,
}

impl Object {
    fn new(place: &str, mut value: Value) -> Self {
        spell_quantities(&mut value);
        let kind = value.get("kind").and_then(Value::as_str).unwrap_or_default().to_owned();
        Self { place: place.to_owned(), kind, value }
    }

    fn read<T: serde::de::DeserializeOwned>(&self) -> Result<T, Stop> {
        T::deserialize(&self.value).map_err(|problem| self.wrong(&problem))
    }

    /// The object as a pod that can be decided on.
    fn pod(mut self) -> Result<Value, Stop> {
        if let Some(metadata) = self.value.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.entry("namespace").or_insert_with(|| Value::from("default"));
            // The API server would make the rest of the name.
            let prefix = metadata.get("generateName").and_then(Value::as_str).map(|prefix| format!("{prefix}0"));
            if let Some(name) = prefix {
                metadata.entry("name").or_insert_with(|| Value::from(name));
            }
        }
        let pod = self.read::<PodObject>()?;
        let pod = Pod::try_from(&pod).map_err(|problem| self.wrong(&problem))?;
        if pod.key.name.as_str().is_empty() {
            return Err(self.wrong(&"metadata.name is missing"));
        }
        self.read::<k8s_openapi::api::core::v1::Pod>()?;
        Ok(self.value)
    }

    fn wrong(&self, problem: &dyn std::fmt::Display) -> Stop {
        let name = self.value.pointer("/metadata/name").and_then(Value::as_str).unwrap_or("without a name");
        Stop::input(format!("{}: {} {name}: {problem}", self.place, self.kind))
    }

    fn unexpected(&self, expected: &str) -> Stop {
        let kind = if self.kind.is_empty() { "no kind" } else { &self.kind };
        Stop::input(format!("{}: {kind} cannot be played; known here: {expected}", self.place))
    }
}

fn objects(text: &Text) -> Result<Vec<Object>, Stop> {
    let documents = serde_saphyr::from_multiple::<Spanned<Value>>(&text.text).map_err(|error| {
        let line = error.location().map_or(0, |location| location.line());
        Stop::input(format!("{}:{line}: {}", text.file, error.without_snippet()))
    })?;
    let mut objects = Vec::new();
    for document in documents {
        let place = format!("{}:{}", text.file, document.referenced.line());
        let object = Object::new(&place, document.value);
        match object.value.get("items").and_then(Value::as_array) {
            // What `kubectl get nodes,hostpools,pods -A -o yaml` writes.
            Some(items) if object.kind.ends_with("List") => {
                objects.extend(items.iter().map(|item| Object::new(&place, item.clone())));
            }
            _ => objects.push(object),
        }
    }
    Ok(objects)
}

/// Writes amounts as text, as the API server does when somebody wrote a bare number.
fn spell_quantities(value: &mut Value) {
    const AMOUNTS: [&str; 5] = ["allocatable", "capacity", "limits", "overhead", "requests"];
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
