//! The cluster and the jobs that are played.

use serde_json::Value;

use crate::cli::CommandError;
use crate::cli::manifests::{Object, Text};
use crate::model::{Node, Pool};

/// The cluster that is shipped.
pub(super) fn shipped_cluster() -> Text {
    Text::new("deploy/demo/cluster.yaml", include_str!("../../../deploy/demo/cluster.yaml"))
}

/// The jobs that are shipped.
pub(super) fn shipped_jobs() -> Text {
    Text::new("deploy/demo/jobs.yaml", include_str!("../../../deploy/demo/jobs.yaml"))
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
pub(super) fn cluster(text: &Text) -> Result<Cluster, CommandError> {
    let mut cluster = Cluster::default();
    for object in text.objects()? {
        match object.kind() {
            "Node" => {
                let node = object.node()?;
                cluster.nodes.push((object.value().clone(), node));
            }
            "HostPool" => cluster.pools.push(object.pool()?),
            "Pod" => cluster.pods.push(created(object)?),
            _ => return Err(unexpected(&object, "Node, HostPool, Pod, and a List of them")),
        }
    }
    if cluster.nodes.is_empty() {
        return Err(CommandError::input(format!("{}: there is no Node in it", text.file())));
    }
    Ok(cluster)
}

/// Reads the pods that are to be created, in the order in which they stand there.
pub(super) fn jobs(text: &Text) -> Result<Vec<Value>, CommandError> {
    let mut pods = Vec::new();
    for object in text.objects()? {
        if object.kind() != "Pod" {
            return Err(unexpected(&object, "Pod, and a List of them; write out what a controller would create"));
        }
        pods.push(created(object)?);
    }
    if pods.is_empty() {
        return Err(CommandError::input(format!("{}: there is no Pod in it", text.file())));
    }
    Ok(pods)
}

/// The object as a pod that can be decided on.
fn created(mut object: Object<'_>) -> Result<Value, CommandError> {
    object.complete();
    object.pod()?;
    object.whole_pod()?;
    Ok(object.value().clone())
}

fn unexpected(object: &Object<'_>, expected: &str) -> CommandError {
    object.wrong("kind", &format!("cannot be played; known here: {expected}"))
}
