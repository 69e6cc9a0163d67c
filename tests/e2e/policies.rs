//! What only the API server knows about policies, asked with the rights of the webhook: sidecars that it accepts in no pod,
//! and pods that its registration does not send.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]
#![expect(clippy::disallowed_methods, reason = "policy files change")]

use std::time::Duration;

use anyhow::{Result, ensure};
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::PostParams;
use serde_json::json;

use crate::cluster::Installation;
use crate::cluster::installation::{NAMESPACE, Part};
use crate::cluster::wait::until;
use crate::installation::installed;

/// How long a change of the policy files may take until it is in force.
const RELOADED: Duration = Duration::from_secs(30);

/// The API server of these tests allows no privileged container.
const POLICY: &str = r"
apiVersion: outrigger.dev/v1alpha1
kind: StreamPolicy
metadata: {name: checked}
spec:
  selector: {podSelector: {matchLabels: {outrigger.dev/job: checked}}}
  injection:
    sidecars:
      - {name: good, image: a, volumeMounts: [{name: data, mountPath: /data}]}
      - {name: bad, image: a, securityContext: {privileged: true}}
";

#[tokio::test]
async fn a_sidecar_that_the_api_server_accepts_in_no_pod_is_left_out_and_counted() {
    let without = |part| move |all: crate::cluster::InstallationSettings| all.without(part);
    let settings = |all| without(Part::Extender)(without(Part::Scheduler)(all)).policy("checked.yaml", POLICY);
    let installation = installed(settings).await;
    assert_eq!(sidecars(&installation).await.unwrap(), ["good"]);
    rejected(&installation, 1).await.unwrap();

    let file = installation.release.policies().join("checked.yaml");
    std::fs::write(&file, POLICY.replace(", securityContext: {privileged: true}", "")).unwrap();
    rejected(&installation, 0).await.unwrap();
    assert_eq!(sidecars(&installation).await.unwrap(), ["good", "bad"]);

    std::fs::write(&file, POLICY.replace("good", "fine")).unwrap();
    rejected(&installation, 1).await.unwrap();
    assert_eq!(sidecars(&installation).await.unwrap(), ["fine"], "a reload asks too");

    // By now the registration is there. The shipped policies and this one select pods that it sends.
    let metrics = installation.admission.as_ref().unwrap().metrics().await.unwrap();
    assert!(metrics.contains("outrigger_policy_pods_sent{policy=\"checked\"} 1"), "{metrics}");
    std::fs::write(
        &file,
        POLICY
            .replace("outrigger.dev/job: checked", "app.kubernetes.io/name: checked")
            .replace("  injection:", "  dialect: kafka-streams\n  injection:"),
    )
    .unwrap();
    shows(&installation, "outrigger_policy_pods_sent{policy=\"checked\"} 0").await.unwrap();

    only_dry_runs_are_allowed(&installation).await;
}

/// The account of the webhook creates pods as dry runs in its own namespace, and no others.
async fn only_dry_runs_are_allowed(installation: &Installation) {
    let kubectl = installation.cluster.kubectl_as(installation.release.webhook_kubeconfig());
    let pod = "{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{name: c, image: a, securityContext: \
               {runAsNonRoot: true, runAsUser: 1, allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}, \
               seccompProfile: {type: RuntimeDefault}}}]}}";
    let create = ["create", "-n", NAMESPACE, "--validate=false", "-f", "-"];
    let dry_run = [&create[..], &["--dry-run=server"]].concat();
    kubectl.feed(&dry_run, pod).await.unwrap();
    let denied = kubectl.feed(&create, pod).await.unwrap_err().to_string();
    assert!(denied.contains("creates pods only as dry runs"), "{denied}");
    let elsewhere = ["create", "-n", "default", "--validate=false", "--dry-run=server", "-f", "-"];
    let denied = kubectl.feed(&elsewhere, pod).await.unwrap_err().to_string();
    assert!(denied.contains("cannot create resource"), "{denied}");
}

/// The sidecars that a PE gets.
async fn sidecars(installation: &Installation) -> Result<Vec<String>> {
    let pods: Api<Pod> = Api::default_namespaced(installation.cluster.client().await?);
    let pod = serde_json::from_value(json!({
        "metadata": {"name": "pe", "labels": {"outrigger.dev/job": "checked"}},
        "spec": {"containers": [{"name": "main", "image": "a"}], "volumes": [{"name": "data", "emptyDir": {}}]},
    }))?;
    let created = pods.create(&PostParams { dry_run: true, ..PostParams::default() }, &pod).await?;
    let sidecars = created.spec.and_then(|spec| spec.init_containers).unwrap_or_default();
    Ok(sidecars.into_iter().map(|sidecar| sidecar.name).collect())
}

/// Waits until so many sidecars are rejected.
async fn rejected(installation: &Installation, count: u32) -> Result<()> {
    shows(installation, &format!("outrigger_rejected_sidecars {count}")).await
}

/// Waits until the metrics of the webhook have this line.
async fn shows(installation: &Installation, line: &str) -> Result<()> {
    until(line, RELOADED, async || {
        let metrics = installation.admission.as_ref().unwrap().metrics().await?;
        ensure!(metrics.lines().any(|known| known == line), "not yet");
        Ok(())
    })
    .await
}
