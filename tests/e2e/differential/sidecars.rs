//! Random pods under random limit ranges and quotas, with and without the webhook: a pod that is created without Outrigger
//! is created with it.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot be set up has failed")]
#![expect(clippy::print_stderr, reason = "numbers, for whoever runs the tests")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use anyhow::{Result, ensure};
use futures::{StreamExt as _, TryStreamExt as _};
use kube::Client;
use serde_json::{Value, json};

use super::namespaces::{NAMESPACES, PRIORITY_CLASSES, prepare};
use super::random::Random;
use super::{PARALLEL, cases, post};
use crate::cluster::installation::Part;
use crate::cluster::wait::until;
use crate::installation::installed;

/// How long the watches of the API server and of the webhook may take to show an object.
pub(super) const SEEN: Duration = Duration::from_secs(20);

/// The sidecars of the policies, in flow style.
pub(super) const SIDECARS: [&str; 10] = [
    "[{name: relay, image: none}]",
    "[{name: relay, image: none, resources: {requests: {cpu: 20m, memory: 64Mi}, limits: {memory: 128Mi}}}]",
    "[{name: relay, image: none, resources: {requests: {cpu: 20m, memory: 64Mi}, limits: {cpu: 200m, memory: 128Mi}}}]",
    "[{name: relay, image: none, resources: {requests: {cpu: 20m}}}]",
    "[{name: relay, image: none, resources: {limits: {memory: 100M}}}]",
    "[{name: relay, image: none, resources: {limits: {cpu: 1, memory: 1Gi, ephemeral-storage: 1Gi}}}]",
    "[{name: relay, image: none, resources: {requests: {memory: 1}}}, {name: two, image: none, ports: [{containerPort: 8001}]}]",
    "[{name: relay, image: none, resources: {requests: {ephemeral-storage: 1Ki}}}, {name: two, image: none, resources: {limits: {memory: 4Gi}}}]",
    "[{name: relay, image: none, volumeMounts: [{name: state, mountPath: /state}], resources: {requests: {cpu: 1m, memory: 64Mi}}}]",
    "[{name: relay, image: none, securityContext: {runAsUser: 10001, allowPrivilegeEscalation: false}, resources: {limits: {cpu: 10m}}}]",
];

#[tokio::test]
async fn a_pod_that_is_created_without_the_webhook_is_created_with_it() {
    let installation =
        installed(|all| all.without(Part::Scheduler).without(Part::Extender).policy("sidecars.yaml", &policies()))
            .await;
    let client = installation.cluster.client().await.unwrap();
    prepare(&installation.cluster, &client).await;

    let total = cases(150);
    let outcomes = futures::stream::iter((0..total).map(Case::new)).map(|case| case.compare(&client));
    let outcomes: Vec<Verdict> = outcomes.buffer_unordered(PARALLEL).try_collect().await.unwrap();
    let (mut rejected, mut created, mut harmed) = (0, 0, Vec::new());
    let mut told: BTreeMap<String, usize> = BTreeMap::new();
    for outcome in outcomes {
        match outcome {
            Verdict::RejectedAnyway => rejected += 1,
            Verdict::Created(sidecars) => {
                created += 1;
                for sidecar in sidecars {
                    *told.entry(sidecar).or_default() += 1;
                }
            }
            Verdict::Harmed(problem) => harmed.push(problem),
        }
    }
    eprintln!("{total} pods: {rejected} rejected anyway, {created} created, {} harmed; {told:?}", harmed.len());
    assert!(harmed.is_empty(), "{} of {total} are rejected because of the webhook\n{}", harmed.len(), harmed[0]);
    assert!(created > total / 5 && told.contains_key("added") && told.len() > 1, "the cases say little");
}

fn policies() -> String {
    let mut text = String::new();
    for (variant, sidecars) in SIDECARS.iter().enumerate() {
        write!(
            text,
            "---\napiVersion: outrigger.dev/v1alpha1\nkind: StreamPolicy\nmetadata: {{name: variant-{variant}}}\n\
             spec:\n  selector: {{podSelector: {{matchLabels: {{variant: v{variant}}}}}}}\n  \
             injection: {{sidecars: {sidecars}}}\n"
        )
        .unwrap();
    }
    text
}

struct Case {
    number: usize,
    namespace: usize,
    pod: Value,
}

/// States requests and limits of CPU and memory for every container, so that few pods are rejected anyway.
pub(super) fn size_every_container(random: &mut Random, spec: &mut Value) {
    for list in ["containers", "initContainers"] {
        for container in spec[list].as_array_mut().into_iter().flatten() {
            let (cpu, memory) = (random.pick(&["50m", "100m", "1"]), random.pick(&["64Mi", "100Mi", "1Gi"]));
            let more = random.chance(50);
            let most = if more { ["1", "1Gi"] } else { [cpu, memory] };
            container["resources"] = json!({
                "requests": {"cpu": cpu, "memory": memory}, "limits": {"cpu": most[0], "memory": most[1]},
            });
        }
    }
    if random.chance(20) {
        let (cpu, memory) = (random.pick(&["200m", "1", "4"]), random.pick(&["200Mi", "1Gi", "4Gi"]));
        spec["resources"] = json!({"requests": {"cpu": cpu}, "limits": {"cpu": "8", "memory": memory}});
    }
}

enum Verdict {
    RejectedAnyway,
    /// What has become of each sidecar.
    Created(Vec<String>),
    Harmed(String),
}

impl Case {
    fn new(number: usize) -> Self {
        let mut random = Random::new(5_000_000 + number);
        let mut pod = random.pod(&format!("case-{number}"), "", &[]);
        random.add_requirements(&mut pod, &PRIORITY_CLASSES);
        if random.chance(65) {
            size_every_container(&mut random, &mut pod["spec"]);
        }
        let variant = format!("v{}", random.below(SIDECARS.len()));
        pod["metadata"]["labels"] = json!({"outrigger.dev/job": "random", "variant": variant});
        if random.chance(20) {
            pod["metadata"]["annotations"] = json!({"outrigger.dev/inject": random.pick(&["true", "false"])});
        }
        let spec = pod["spec"].as_object_mut().unwrap();
        for (percent, member, value) in [
            (20, "activeDeadlineSeconds", json!(60)),
            (30, "volumes", json!([{"name": "state", "emptyDir": {}}])),
            (8, "os", json!({"name": "windows"})),
            (8, "nodeSelector", json!({"kubernetes.io/os": "windows"})),
            (5, "initContainers", json!([{"name": "relay", "image": "mine", "restartPolicy": "Always"}])),
            (25, "containers", json!([{"name": "c0", "image": "none"}])),
        ] {
            if random.chance(percent) {
                spec.insert(member.to_owned(), value);
            }
        }
        Self { number, namespace: random.below(NAMESPACES), pod }
    }

    async fn compare(self, client: &Client) -> Result<Verdict> {
        // What has just been created may not have been shown to all who decide.
        let verdict = until("both are decided from the same objects", SEEN, async || {
            let verdict = self.decide(client).await?;
            ensure!(!matches!(verdict, Verdict::Harmed(_)), "harmed");
            Ok(verdict)
        });
        match verdict.await {
            Ok(verdict) => Ok(verdict),
            Err(_elapsed) => self.decide(client).await,
        }
    }

    async fn decide(&self, client: &Client) -> Result<Verdict> {
        let create = async |namespace: String| {
            post(client, &format!("/api/v1/namespaces/{namespace}/pods?dryRun=All"), &self.pod).await
        };
        if create(format!("bare-{}", self.namespace)).await?.is_err() {
            return Ok(Verdict::RejectedAnyway);
        }
        Ok(match create(format!("with-{}", self.namespace)).await? {
            Ok(created) => Verdict::Created(sidecars(&created)),
            Err(problem) => {
                let Self { number, namespace, pod } = self;
                Verdict::Harmed(format!("case {number} in namespace {namespace}: {problem}\n{pod}"))
            }
        })
    }
}

/// `added` for each native sidecar of a policy, and the reason for each that is withheld.
fn sidecars(created: &Value) -> Vec<String> {
    assert!(created["metadata"]["annotations"]["outrigger.dev/policy"].is_string(), "not prepared: {created}");
    let withheld = created["metadata"]["annotations"]["outrigger.dev/withheld"].as_str().unwrap_or_default();
    let withheld = withheld.split(',').filter_map(|pair| pair.split_once('=')).map(|(_, reason)| reason.to_owned());
    let containers = created["spec"]["initContainers"].as_array().into_iter().flatten();
    let added = containers.filter(|one| one["image"] == "none" && (one["name"] == "relay" || one["name"] == "two"));
    added.map(|_| "added".to_owned()).chain(withheld).collect()
}
