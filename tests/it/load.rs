//! Load protection from end to end, but for the control plane: what is measured comes from a file or from nodes, counts as
//! long as it is new enough, and never stops the server when it is broken.

use anyhow::{Result, ensure};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::api_server::ApiServer;
use crate::objects::{extender_args, node, pod};
use crate::program::{PATIENCE, Program, Settings};
use crate::wait::until;

const POLICY: &str = "\
apiVersion: outrigger.dev/v1alpha1
kind: StreamPolicy
metadata: {name: mine}
spec:
  selector:
    podSelector: {matchExpressions: [{key: outrigger.dev/job, operator: Exists}]}
  loadProtection: {cpu: {upper: 75, lower: 60}, maxAge: MAX_AGE}
";

struct Setting {
    api: ApiServer,
    program: Program,
    folder: TempDir,
}

impl Setting {
    /// Two nodes and a PE; `max_age` is for how long a measurement counts, and `first` what the file says at the start.
    async fn new(max_age: &str, first: Option<&str>) -> Self {
        let api = ApiServer::start(vec![node("n1"), node("n2"), pod("a")]);
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("load.yaml");
        if let Some(first) = first {
            std::fs::write(&file, first).unwrap();
        }
        let policy = POLICY.replace("MAX_AGE", max_age);
        let settings =
            Settings { policies: &[("a.yaml", &policy)], arguments: &["--load-file", file.to_str().unwrap()] };
        let program = Program::start(&api, settings).await;
        Self { api, program, folder }
    }

    fn write(&self, text: &str) {
        std::fs::write(self.folder.path().join("load.yaml"), text).unwrap();
    }

    /// The nodes that filter refuses, with the reasons.
    async fn rejected(&self) -> Result<Value> {
        let question = extender_args(&self.api.pod("a"), &["n1", "n2"]).to_string();
        let answer = self.program.extender.post("/extender/filter", question).await?;
        Ok(answer.json()["FailedAndUnresolvableNodes"].clone())
    }

    async fn until_rejected(&self, expected: &Value) {
        until("the nodes are judged", PATIENCE, async || {
            let rejected = self.rejected().await?;
            ensure!(rejected == *expected, "{rejected}");
            Ok(())
        })
        .await
        .unwrap();
    }

    async fn until_metric(&self, series: &str, expected: f64) {
        until("the metric says so", PATIENCE, async || {
            let value = self.program.metric(series).await?;
            ensure!((value - expected).abs() < 0.1, "{series} is {value}");
            Ok(())
        })
        .await
        .unwrap();
    }
}

fn cpu_of(nodes: &[(&str, f64)]) -> String {
    let nodes = nodes.iter().map(|(name, cpu)| ((*name).to_owned(), json!({"cpu": cpu}))).collect();
    json!({"at": Timestamp::now().to_string(), "nodes": Value::Object(nodes)}).to_string()
}

const READ: &str = "outrigger_load_file_last_read_successful";

#[tokio::test]
async fn t14_a_file_says_which_nodes_are_too_busy_and_a_broken_one_changes_nothing() {
    let setting = Setting::new("1h", Some(&cpu_of(&[("n1", 76.0)]))).await;
    let first = json!({"n1": "NodeOverloaded"});
    assert_eq!(setting.rejected().await.unwrap(), first, "known before the first answer");
    setting.until_metric(READ, 1.0).await;
    setting.until_metric(r#"outrigger_overloaded_nodes{metric="cpu"}"#, 1.0).await;
    setting.until_metric(r#"outrigger_overloaded_nodes{metric="memory"}"#, 0.0).await;
    setting.until_metric("outrigger_load_measured_nodes", 1.0).await;
    assert!(setting.program.metric("outrigger_load_age_seconds").await.unwrap() < 600.0);

    for broken in ["", "nodes: {n1: {cpu: lots}}", "nodes: {n1: {cpu: 5}}"] {
        setting.write(broken);
        setting.until_metric(READ, 0.0).await;
        assert_eq!(setting.rejected().await.unwrap(), first, "{broken}");
        setting.write(&cpu_of(&[("n1", 76.0)]));
        setting.until_metric(READ, 1.0).await;
    }
    let log = setting.program.log();
    assert!(log.contains("load.yaml:1:13: nodes.n1.at: is missing"), "{log}");

    // T15: between the thresholds each stays what it is.
    setting.write(&cpu_of(&[("n1", 61.0), ("n2", 75.0)]));
    setting.until_metric("outrigger_load_measured_nodes", 2.0).await;
    assert_eq!(setting.rejected().await.unwrap(), first);
    setting.write(&cpu_of(&[("n1", 61.0), ("n2", 99.0)]));
    setting.until_rejected(&json!({"n1": "NodeOverloaded", "n2": "NodeOverloaded"})).await;
    let explained = setting.program.extender.get("/explain/pods/ns/a").await.unwrap().json();
    let lacks = &explained["nearest"][0]["lacks"][0];
    assert_eq!(lacks["problem"], "NodeOverloaded: cpu is at 61 %, not yet below 60 %", "{explained}");
    let remedy = lacks["remedy"].as_str().unwrap();
    assert!(remedy.contains("below 60 %") && remedy.contains("override"), "{remedy}");

    setting.write(&cpu_of(&[("n1", 59.0), ("n2", 99.0)]));
    setting.until_rejected(&json!({"n2": "NodeOverloaded"})).await;
    std::fs::remove_file(setting.folder.path().join("load.yaml")).unwrap();
    setting.until_metric(READ, 0.0).await;
    assert_eq!(setting.rejected().await.unwrap(), json!({"n2": "NodeOverloaded"}), "the file is gone, the data is not");
}

#[tokio::test]
async fn a_file_that_comes_later_counts_until_it_is_too_old() {
    let setting = Setting::new("3s", None).await;
    setting.until_metric(READ, 0.0).await;
    assert_eq!(setting.rejected().await.unwrap(), json!({}));
    until("a new file counts", PATIENCE, async || {
        setting.write(&cpu_of(&[("n1", 90.0)]));
        let rejected = setting.rejected().await?;
        ensure!(rejected == json!({"n1": "NodeOverloaded"}), "{rejected}");
        Ok(())
    })
    .await
    .unwrap();
    setting.until_rejected(&json!({})).await;
    setting.until_metric("outrigger_load_measured_nodes", 0.0).await;
    assert!(setting.program.metric("outrigger_load_age_seconds").await.unwrap() > 2.9);
}

#[tokio::test]
async fn t14_a_node_may_say_itself_how_busy_it_is_and_the_newest_counts() {
    let setting = Setting::new("1h", Some(&cpu_of(&[("n1", 10.0), ("n2", 90.0)]))).await;
    let says = |name: &str, load: String| {
        let mut busy = node(name);
        busy["metadata"]["annotations"] = json!({"outrigger.dev/load": load});
        setting.api.put(busy);
    };
    let later = Timestamp::now() + SignedDuration::from_secs(60);
    let earlier = Timestamp::now() - SignedDuration::from_secs(60);
    says("n1", json!({"cpu": 80, "at": later.to_string()}).to_string());
    says("n2", json!({"cpu": 10, "at": earlier.to_string()}).to_string());
    setting.until_rejected(&json!({"n1": "NodeOverloaded", "n2": "NodeOverloaded"})).await;
    // What cannot be read is no data: the file counts, and the node is not left out.
    says("n1", "busy".to_owned());
    setting.until_rejected(&json!({"n2": "NodeOverloaded"})).await;
    let left_out = r#"outrigger_undecodable_objects_total{kind="NodeLoad"}"#;
    assert!(setting.program.metric(left_out).await.unwrap() > 0.0);
}
