//! `outrigger explain` against a real cluster: what it says is what kube-scheduler and the pod say.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::process::Command;

use anyhow::Context as _;
use serde_json::{Value, json};

use crate::cluster::installation::Installation;
use crate::cluster::{Cluster, FakeNode};
use crate::installation::shared;
use crate::placement::pe::{Pe, Team, nodes_of, tagged, wish};

/// Exit code, what is printed and what is said beside it.
type Ended = (i32, String, String);

async fn explain(arguments: &[&str]) -> Ended {
    let mut command = Command::new(env!("CARGO_BIN_EXE_outrigger"));
    command.arg("explain").args(arguments).env("KUBECONFIG", "/nowhere");
    run(command).await
}

/// What the extender says of a pod, placed or not.
pub(crate) async fn explained(installation: &Installation, namespace: &str, pod: &str) -> Value {
    let url = installation.extender.as_ref().unwrap().url();
    let server = url.strip_suffix("/extender").unwrap();
    let (_, printed, error) = explain(&["--server", server, "-n", namespace, pod, "-o", "json"]).await;
    serde_json::from_str(&printed).with_context(|| format!("{printed}{error}")).unwrap()
}

/// The same by kubectl, which finds the program under its other name on the path.
async fn as_plugin(cluster: &Cluster, arguments: &[&str]) -> Ended {
    let folder = cluster.folder().join("plugins");
    std::fs::create_dir_all(&folder).unwrap();
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_outrigger"), folder.join("kubectl-outrigger")).unwrap();
    let mut command = Command::new(cluster.kubectl().program());
    command.args(["outrigger", "explain"]).args(arguments).env("KUBECONFIG", cluster.kubeconfig()).env("PATH", folder);
    run(command).await
}

async fn run(mut command: Command) -> Ended {
    command.env_remove("RUST_LOG");
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

#[test]
fn explain_tells_why_a_pe_is_where_it_is_and_what_would_place_one_that_waits() {
    shared(async |installation| {
        let cluster = &installation.cluster;
        let mut nodes = nodes_of("explain", &["explain-1", "explain-2"]);
        nodes.push(tagged(FakeNode::new("explain-3").taint("kept", "", "NoSchedule"), "explain"));
        cluster.create_nodes(&nodes).await.unwrap();
        let team = Team::new(cluster, "explain").await;
        let of_group = |name: &str| Pe::new("job", name).wish("host-tags", "explain").wish("exlocation", "apart");
        let node = team.place(of_group("placed")).await;
        team.place(of_group("second")).await;
        team.create(of_group("waiting")).await;
        let rejection = team.rejected("waiting").await;
        assert!(rejection.contains("2 ExlocationConflict"), "{rejection}");

        let url = installation.extender.as_ref().unwrap().url();
        let server = url.strip_suffix("/extender").unwrap();
        let ask = async |name: &str| explain(&["--server", server, "-n", "explain", name, "-o", "json"]).await;

        let (code, printed, error) = ask("placed").await;
        assert_eq!((code, error.as_str()), (0, ""), "{printed}");
        let placed: Value = serde_json::from_str(&printed).unwrap();
        assert_eq!((&placed["state"], &placed["node"]), (&json!("placed"), &json!(node)), "{printed}");
        let pod = team.pods.get("placed").await.unwrap();
        let record: Value = serde_json::from_str(wish(&pod, "placement").unwrap()).unwrap();
        assert_eq!(placed["record"], record);

        let (code, printed, _) = ask("waiting").await;
        assert_eq!(code, 3, "{printed}");
        let waiting: Value = serde_json::from_str(&printed).unwrap();
        assert_eq!(waiting["refused"]["ExlocationConflict"], 2, "{printed}");
        assert!(waiting["refused"]["UntoleratedTaint"].as_u64() >= Some(1), "{printed}");
        let nearest = &waiting["nearest"][0];
        assert_eq!(nearest["lacks"].as_array().map(Vec::len), Some(1), "{printed}");
        assert!(nearest["node"].as_str().is_some_and(|name| name.starts_with("explain-")), "{printed}");

        let kubeconfig = cluster.kubeconfig().to_str().unwrap().to_owned();
        // The pods of deploy/ do not run here: no kubelet. So the pod speaks for itself.
        let (code, printed, said) = as_plugin(cluster, &["-n", "explain", "waiting"]).await;
        assert_eq!(code, 3, "{printed}{said}");
        assert!(said.contains("no extender runs in namespace outrigger-system"), "{said}");
        assert!(printed.contains("ExlocationConflict"), "{printed}");
        let (code, _, error) = explain(&["--kubeconfig", &kubeconfig, "-n", "explain", "absent"]).await;
        assert_eq!(code, 2, "{error}");
    });
}
