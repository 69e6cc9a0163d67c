//! Reads the input of a simulation from files.

use super::files::Texts;
use super::gather::Gathered;
use super::settings::{InputFiles, Read, Settings};
use super::workload;
use crate::cli::CommandError;
use crate::cli::manifests::objects;

/// Reads the files of the cluster and of the workload.
pub(super) fn read_input(files: InputFiles<'_>, settings: Settings) -> Result<Read, CommandError> {
    let cluster = Texts::read(files.cluster)?;
    let workload = Texts::read(files.workload)?;
    let mut gathered = Gathered::default();
    gathered.left_out.extend(cluster.left_out.iter().chain(&workload.left_out).cloned());
    for text in &cluster.texts {
        for object in objects(text)? {
            gathered.add_to_cluster(&object)?;
        }
    }
    if gathered.nodes.is_empty() {
        return Err(CommandError::input(format!(
            "{}: the input holds no Node; add what `kubectl get nodes -o yaml` prints to --cluster",
            cluster.names()
        )));
    }
    gathered.begin_workload();
    for text in &workload.texts {
        for object in objects(text)? {
            gathered.add_to_workload(object)?;
        }
    }
    if gathered.workload.is_empty() {
        return Err(no_pods(&workload, &gathered));
    }
    workload::complete(gathered, settings)
}

fn no_pods(workload: &Texts, gathered: &Gathered<'_>) -> CommandError {
    let names = workload.names();
    let kinds = gathered.skipped_in_workload();
    CommandError::input(if kinds.is_empty() {
        format!("{names}: the input holds no Pod, and no controller of pods; add one to --workload")
    } else {
        format!(
            "{names}: the input holds no Pod, and no Deployment, StatefulSet, ReplicaSet or Job, but {kinds}, whose pods \
             only an operator creates; add the pods that the operator has created (`kubectl get pods -o yaml`), or pods \
             like them"
        )
    })
}
