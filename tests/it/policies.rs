//! A broken policy file stops a start, and never a running server.

use anyhow::ensure;
use assert_cmd::Command;
use serde_json::json;

use crate::api_server::ApiServer;
use crate::objects::{pod, review};
use crate::program::{PATIENCE, Program, Settings};
use crate::wait::until;

const GOOD: &str = "\
apiVersion: outrigger.dev/v1alpha1
kind: StreamPolicy
metadata: {name: mine}
spec:
  selector:
    podSelector: {matchLabels: {outrigger.dev/job: j}}
  resources:
    requests:
      cpu: 100m
";

/// What a start with these policy files says before it ends with 2.
fn rejected(files: &[(&str, &str)]) -> String {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let mut command = Command::cargo_bin("outrigger").unwrap();
    // No server is asked: the files are read first.
    command.args(["serve", "--role", "extender", "--kubeconfig", "/nowhere", "--policies", "."]);
    let ended = command.current_dir(folder.path()).timeout(PATIENCE).assert().code(2).stdout("");
    String::from_utf8(ended.get_output().stderr.clone()).unwrap()
}

#[test]
fn a_broken_file_ends_a_start_with_2_and_file_line_and_field() {
    for (change, said) in [
        (("cpu: 100m", "cpu: lots"), "./b.yaml:9:12: spec.resources.requests.cpu: `lots` is not a quantity"),
        (("cpu: 100m", "cpu: -1"), "./b.yaml:9:12: spec.resources.requests.cpu: `-1`"),
        (
            ("  resources:", "  resource:"),
            "./b.yaml:7:3: spec.resource: unknown field `resource`: did you mean `resources`?",
        ),
        (("kind: StreamPolicy", "kind: StreamPolitics"), "./b.yaml:2:7: kind: must be StreamPolicy"),
        (("v1alpha1", "v2"), "./b.yaml:1:13: apiVersion: must be outrigger.dev/v1alpha1"),
        (("name: mine", "name: Mine!"), "./b.yaml:3:18: metadata.name: `Mine!` is not a name"),
        (("metadata: {name: mine}\n", ""), "./b.yaml:1:1: metadata: missing"),
        (("outrigger.dev/job: j", ""), "./b.yaml:6:5: spec.selector.podSelector"),
        (("      cpu: 100m", "\tcpu: 100m"), "./b.yaml:9:"),
        (("spec:", "spec: ["), "./b.yaml:"),
        (("mine", "first"), "./b.yaml:3:18: metadata.name: another policy is named `first` too"),
    ] {
        let broken = GOOD.replacen(change.0, change.1, 1);
        assert_ne!(broken, GOOD, "{change:?}");
        let error = rejected(&[("a.yaml", &GOOD.replace("mine", "first")), ("b.yaml", &broken)]);
        assert!(error.starts_with("error: ") && error.contains(said), "{change:?} says\n{error}");
        assert!(!error.contains("panicked"), "{error}");
    }
}

#[test]
fn a_folder_without_policies_and_a_file_without_end_are_refused() {
    assert!(rejected(&[]).contains("there is no .yaml or .yml file"));
    assert!(rejected(&[("readme.txt", GOOD)]).contains("there is no .yaml or .yml file"));
    assert!(rejected(&[("a.yaml", "# nothing\n"), ("b.yaml", "")]).contains("hold no StreamPolicy"));
    let long = format!("# {}\n{GOOD}", "x".repeat(1 << 20));
    let error = rejected(&[("a.yaml", &long)]);
    assert!(error.contains("./a.yaml") && error.contains("too large"), "{error}");
    let bomb = format!(
        "a: &a [x]\nb: &b [{0}]\nc: &c [{1}]\nd: [{2}]\n",
        "*a, ".repeat(900),
        "*b, ".repeat(900),
        "*c, ".repeat(900)
    );
    let error = rejected(&[("a.yaml", &bomb)]);
    assert!(error.contains("./a.yaml:"), "{error}");
}

#[tokio::test]
async fn while_running_the_last_good_set_stays_and_a_metric_says_so() {
    let api = ApiServer::start(Vec::new());
    let program = Program::start(&api, Settings { policies: &[("a.yaml", GOOD)], ..Settings::default() }).await;
    let file = program.folder.path().join("policies/a.yaml");
    let reloaded = async |expected: f64| {
        until("the files have been looked at", PATIENCE, async || {
            let successful = program.metric("outrigger_policies_last_reload_successful").await?;
            ensure!((successful - expected).abs() < 0.1, "it is {successful}");
            Ok(())
        })
        .await
        .unwrap();
    };
    // The policy that a pod is given, as its injection is counted.
    let governs = async |policy: &str| {
        let series = format!(r#"outrigger_injections_total{{policy="{policy}"}}"#);
        let before = program.metric(&series).await.unwrap_or_default();
        let answer = program.admission.post("/admission/mutate", review(&pod("a")).to_string()).await.unwrap();
        assert_eq!(answer.json()["response"]["allowed"], json!(true));
        program.metric(&series).await.unwrap_or_default() > before
    };
    reloaded(1.0).await;
    assert!(governs("mine").await);

    for broken in ["", "spec: [", &GOOD.replace("100m", "lots")] {
        std::fs::write(&file, GOOD).unwrap();
        reloaded(1.0).await;
        std::fs::write(&file, broken).unwrap();
        reloaded(0.0).await;
        assert!(governs("mine").await, "the last good set stays: {broken}");
        assert_eq!(program.metric("outrigger_policies").await.unwrap().to_string(), "1");
    }
    assert!(program.log().contains("policies/a.yaml:9:12: spec.resources.requests.cpu"), "{}", program.log());

    std::fs::write(&file, GOOD.replace("mine", "mended")).unwrap();
    reloaded(1.0).await;
    assert!(governs("mended").await && !governs("mine").await);

    std::fs::remove_dir_all(program.folder.path().join("policies")).unwrap();
    reloaded(0.0).await;
    assert!(governs("mended").await, "the folder is gone, the policies are not");
}
