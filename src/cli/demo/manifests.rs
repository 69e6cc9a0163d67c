//! The cluster and the jobs of the demo.

use serde_json::Value;

use crate::cli::CommandError;
use crate::cli::manifests::{Object, Text, objects};
use crate::model::{Node, Pool};

/// The shipped cluster.
pub(super) fn shipped_cluster() -> Text {
    Text::new("deploy/demo/cluster.yaml", include_str!("../../../deploy/demo/cluster.yaml"))
}

/// The pods of the shipped jobs.
pub(super) fn shipped_jobs() -> Text {
    Text::new("deploy/demo/jobs.yaml", include_str!("../../../deploy/demo/jobs.yaml"))
}

/// The cluster before the jobs are created.
#[derive(Debug, Default)]
pub(super) struct Cluster {
    /// Nodes, as manifests and as the model has them.
    pub(super) nodes: Vec<(Value, Node)>,
    /// Pools.
    pub(super) pools: Vec<Pool>,
    /// Bound pods.
    pub(super) pods: Vec<Value>,
}

/// Reads nodes, pools and pods.
pub(super) fn read_cluster(text: &Text) -> Result<Cluster, CommandError> {
    let mut cluster = Cluster::default();
    for object in objects(text)? {
        match object.kind() {
            "Node" => {
                let node = object.node()?;
                cluster.nodes.push((object.value().clone(), node));
            }
            "HostPool" => cluster.pools.push(object.pool()?),
            "Pod" => cluster.pods.push(created_pod(object)?),
            _ => return Err(unexpected(&object, "Node, HostPool, Pod, and a List of them")),
        }
    }
    if cluster.nodes.is_empty() {
        return Err(CommandError::input(format!("{}: the file holds no Node", text.file())));
    }
    Ok(cluster)
}

/// Reads the pods to create, in the order of the file.
pub(super) fn read_jobs(text: &Text) -> Result<Vec<Value>, CommandError> {
    let mut pods = Vec::new();
    for object in objects(text)? {
        if object.kind() != "Pod" {
            return Err(unexpected(&object, "Pod, and a List of them; write out what a controller would create"));
        }
        pods.push(created_pod(object)?);
    }
    if pods.is_empty() {
        return Err(CommandError::input(format!("{}: the file holds no Pod", text.file())));
    }
    Ok(pods)
}

/// The object as a pod, completed as the API server would.
fn created_pod(mut object: Object<'_>) -> Result<Value, CommandError> {
    object.complete_name(|_| true);
    object.pod()?;
    object.check_every_field_of_pod()?;
    Ok(object.value().clone())
}

fn unexpected(object: &Object<'_>, expected: &str) -> CommandError {
    object.wrong("kind", &format!("the demo does not read this kind, only {expected}"))
}
