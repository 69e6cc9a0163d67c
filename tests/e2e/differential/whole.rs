//! Random pods under random valid policies, random limit ranges and quotas, with and without the webhook: a pod that is
//! created without Outrigger is created with it, what users wrote stays but for what the policy says, and the API server
//! makes of the patch what our own proof makes of it.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot be set up has failed")]
#![expect(clippy::print_stderr, reason = "numbers, for whoever runs the tests")]

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::{Result, ensure};
use futures::{StreamExt as _, TryStreamExt as _};
use k8s_openapi::api::core::v1::{LimitRange as LimitRangeObject, ResourceQuota as ResourceQuotaObject};
use kube::api::ListParams;
use kube::{Api, Client};
use outrigger::admission::{Context, KnownDemand, decide};
use outrigger::model::{Declarations, LimitRange, Namespace, Pools, ResourceConstraints, ResourceQuota, Resources};
use outrigger::policy::{PolicySet, Source};
use serde_json::{Value, json};

use super::namespaces::{NAMESPACES, PRIORITY_CLASSES, prepare};
use super::random::Random;
use super::sidecars::{SEEN, SIDECARS, size_every_container};
use super::{PARALLEL, cases, post};
use crate::cluster::installation::Part;
use crate::cluster::wait::until;
use crate::installation::installed;

/// How many policies there are. Each selects the pods of one label.
const POLICIES: usize = 64;

/// What a policy may change beside the numbers of containers; `*` is one member or index, and `-` a new element.
const MAY_CHANGE: [&str; 18] = [
    "/metadata/annotations",
    "/metadata/annotations/outrigger.dev~1policy",
    "/metadata/annotations/outrigger.dev~1sized-containers",
    "/metadata/annotations/outrigger.dev~1resources",
    "/metadata/annotations/outrigger.dev~1withheld",
    // The plugin notes what it fills in for a sidecar.
    "/metadata/annotations/kubernetes.io~1limit-ranger",
    "/spec/initContainers",
    "/spec/initContainers/-",
    "/spec/containers/*/resources/requests",
    "/spec/containers/*/resources/limits",
    "/spec/containers/*/resources/*/*",
    "/spec/schedulerName",
    "/spec/tolerations/*/tolerationSeconds",
    // Kubernetes adds up what containers request, where the pod has numbers of its own.
    "/spec/resources/requests",
    "/spec/resources/limits",
    "/spec/resources/*/*",
    "/status/qosClass",
    "/spec/resources",
];

#[tokio::test]
async fn random_policies_harm_no_pod_and_their_patches_are_applied_as_proven() {
    let texts: Vec<String> = (0..POLICIES).map(random_policy).collect();
    let text = texts.join("---\n");
    let installation =
        installed(|all| all.without(Part::Scheduler).without(Part::Extender).policy("whole.yaml", &text)).await;
    let client = installation.cluster.client().await.unwrap();
    prepare(&installation.cluster, &client).await;
    let world = Arc::new(World {
        policies: PolicySet::parse(&[Source { file: "whole.yaml".to_owned(), text }]).unwrap(),
        constraints: constraints(&client).await.unwrap(),
        client,
    });

    let total = cases(150);
    let outcomes = futures::stream::iter((0..total).map(Case::new)).map(|case| case.compare(&world));
    let outcomes: Vec<Verdict> = outcomes.buffer_unordered(PARALLEL).try_collect().await.unwrap();
    let (mut rejected, mut created, mut sized, mut wrong) = (0, 0, 0, Vec::new());
    for outcome in outcomes {
        match outcome {
            Verdict::RejectedAnyway => rejected += 1,
            Verdict::Created { is_sized } => {
                created += 1;
                sized += usize::from(is_sized);
            }
            Verdict::Wrong(problem) => wrong.push(problem),
        }
    }
    eprintln!(
        "{total} pods under {POLICIES} policies: {rejected} rejected anyway, {created} created and as proven, {sized} of \
         them with other numbers; {} wrong",
        wrong.len()
    );
    wrong.truncate(5);
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert!(created > total / 5 && sized > total / 20, "the cases say little: {created} created, {sized} sized");
}

/// A valid policy for the pods with the label of this number.
fn random_policy(number: usize) -> String {
    let attempts = (0..).map(|attempt| {
        let mut random = Random::new(8_000_000 + number * 1_000 + attempt);
        let mut spec = json!({ "selector": {"podSelector": {"matchLabels": {
            "outrigger.dev/job": "random", "variant": format!("v{number}"),
        }}}});
        if random.chance(80) {
            let mut resources = random.resources();
            if random.chance(20) {
                resources["containers"] = json!(["c0"]);
            }
            if random.chance(25) {
                resources["from"] = json!("demand");
                resources["override"] = json!(random.chance(50));
            }
            spec["resources"] = resources;
        }
        if random.chance(30) {
            spec["recovery"] = json!({"tolerationSeconds": 10});
        }
        let sidecars = if random.chance(40) { "[]" } else { random.pick(&SIDECARS) };
        let text = format!(
            "apiVersion: outrigger.dev/v1alpha1\nkind: StreamPolicy\nmetadata: {{name: variant-{number}}}\n\
             spec: {}\n",
            spec.to_string().replacen('{', &format!("{{\"injection\": {{sidecars: {sidecars}}}, "), 1)
        );
        PolicySet::parse(&[Source { file: "p.yaml".to_owned(), text: text.clone() }]).ok().map(|_| text)
    });
    attempts.flatten().next().unwrap()
}

/// What decides about a pod.
struct World {
    client: Client,
    policies: PolicySet,
    constraints: ResourceConstraints,
}

async fn constraints(client: &Client) -> Result<ResourceConstraints> {
    let mut constraints = ResourceConstraints::default();
    for object in Api::<LimitRangeObject>::all(client.clone()).list(&ListParams::default()).await?.items {
        constraints.put_limit_range(LimitRange::try_from(&object)?);
    }
    for object in Api::<ResourceQuotaObject>::all(client.clone()).list(&ListParams::default()).await?.items {
        constraints.put_quota(ResourceQuota::from(&object));
    }
    Ok(constraints)
}

struct Case {
    number: usize,
    namespace: usize,
    variant: usize,
    pod: Value,
}

enum Verdict {
    RejectedAnyway,
    Created {
        /// True where a container has another request or limit than without the webhook.
        is_sized: bool,
    },
    Wrong(String),
}

impl Case {
    fn new(number: usize) -> Self {
        let mut random = Random::new(9_000_000 + number);
        let mut pod = random.pod(&format!("case-{number}"), "", &[]);
        random.add_requirements(&mut pod, &PRIORITY_CLASSES);
        if random.chance(35) {
            size_every_container(&mut random, &mut pod["spec"]);
        }
        if random.chance(25) {
            // Nobody has chosen anything.
            pod["spec"]["resources"] = Value::Null;
            for list in ["containers", "initContainers"] {
                for container in pod["spec"][list].as_array_mut().into_iter().flatten() {
                    container["resources"] = json!({});
                }
            }
        }
        let variant = random.below(POLICIES);
        pod["metadata"]["labels"] = json!({"outrigger.dev/job": "random", "variant": format!("v{variant}")});
        if random.chance(10) {
            pod["metadata"]["annotations"] = json!({"outrigger.dev/inject": random.pick(&["true", "false"])});
        }
        if random.chance(30) {
            pod["spec"]["volumes"] = json!([{"name": "state", "emptyDir": {}}]);
        }
        Self { number, namespace: random.below(NAMESPACES), variant, pod }
    }

    async fn compare(self, world: &World) -> Result<Verdict> {
        // What has just been created may not have been shown to all who decide.
        let verdict = until("all decide by the same objects", SEEN, async || {
            let verdict = self.decide(world).await?;
            ensure!(!matches!(verdict, Verdict::Wrong(_)), "wrong");
            Ok(verdict)
        });
        match verdict.await {
            Ok(verdict) => Ok(verdict),
            Err(_elapsed) => self.decide(world).await,
        }
    }

    async fn decide(&self, world: &World) -> Result<Verdict> {
        let Self { number, namespace, variant, pod } = self;
        let create = async |namespace: &str, pod: &Value| {
            post(&world.client, &format!("/api/v1/namespaces/{namespace}/pods?dryRun=All"), pod).await
        };
        let wrong = |problem: String| {
            let policy = random_policy(*variant);
            Ok(Verdict::Wrong(format!("case {number} in namespace {namespace}: {problem}\n{policy}\n{pod}")))
        };
        let [bare, with] = ["bare", "with"].map(|kind| format!("{kind}-{namespace}"));
        let Ok(without) = create(&bare, pod).await? else { return Ok(Verdict::RejectedAnyway) };
        let created = match create(&with, pod).await? {
            Ok(created) => created,
            Err(problem) => return wrong(format!("rejected because of the webhook: {problem}")),
        };
        let (plain, got) = (normalized(&without), normalized(&created));
        let mut changed = BTreeSet::new();
        differences(&plain, &got, "", &mut changed);
        if let Some(path) = changed.iter().find(|path| !is_listed(path)) {
            return wrong(format!("{path} differs\n{plain}\n{got}"));
        }
        if let Some(problem) = changed_by_force(&plain, &got) {
            return wrong(problem);
        }
        // The webhook sees the pod as it would be stored without it: the plugins before it are the same. Values for the whole
        // pod are completed after the webhooks.
        let mut seen = without;
        seen["metadata"]["namespace"] = json!(with);
        seen["spec"]["resources"] = pod["spec"]["resources"].clone();
        let context = Context {
            policies: &world.policies,
            pools: &Pools::default(),
            declared: &Declarations::default(),
            constraints: &world.constraints,
            demand: KnownDemand::default(),
        };
        let decision = decide(&seen, &Namespace::from(with.as_str()), context);
        let mut proven = seen;
        json_patch::patch(&mut proven, decision.patch())?;
        unstore(&mut proven);
        let proven = match create(&bare, &proven).await? {
            Ok(proven) => normalized(&proven),
            Err(problem) => return wrong(format!("what was proven is rejected: {problem}")),
        };
        if proven != got {
            let mut different = BTreeSet::new();
            differences(&proven, &got, "", &mut different);
            return wrong(format!("the patch was not applied as proven: {different:?}\n{proven}\n{got}"));
        }
        Ok(Verdict::Created { is_sized: changed.iter().any(|path| path.starts_with("/spec/containers")) })
    }
}

/// Removes what only a stored object has.
fn unstore(pod: &mut Value) {
    for member in ["namespace", "uid", "creationTimestamp", "managedFields", "resourceVersion", "generation"] {
        pod["metadata"].as_object_mut().unwrap().remove(member);
    }
    pod.as_object_mut().unwrap().remove("status");
}

/// An object without what differs between two creations: names that are random, and the number of the object.
fn normalized(pod: &Value) -> Value {
    let mut pod = pod.clone();
    let class = pod["status"]["qosClass"].clone();
    unstore(&mut pod);
    pod["status"] = json!({ "qosClass": class });
    let token = pod["spec"]["volumes"].as_array().into_iter().flatten();
    let token = token.filter_map(|volume| volume["name"].as_str()).find(|name| name.starts_with("kube-api-access-"));
    match token.map(str::to_owned) {
        Some(token) => serde_json::from_str(&pod.to_string().replace(&token, "kube-api-access")).unwrap(),
        None => pod,
    }
}

/// A number of an application container that was not the policy's to change.
fn changed_by_force(plain: &Value, got: &Value) -> Option<String> {
    let filled_in = plain["metadata"]["annotations"]["kubernetes.io/limit-ranger"].as_str().unwrap_or_default();
    let containers = |pod: &Value| pod["spec"]["containers"].as_array().cloned().unwrap_or_default();
    for (plain, got) in containers(plain).iter().zip(containers(got)) {
        let name = plain["name"].as_str()?;
        for kind in ["requests", "limits"] {
            for (resource, before) in plain["resources"][kind].as_object().into_iter().flatten() {
                let after = &got["resources"][kind][resource];
                let [before, after] = [before, after].map(|amount| amount_of(resource, amount));
                let sentence = filled_in.split("; ").any(|sentence| {
                    sentence.ends_with(&format!("{} for container {name}", kind.trim_end_matches('s')))
                        && sentence.contains(resource.as_str())
                });
                let may_rise = kind == "requests" && sentence;
                if after != before && !(may_rise && after > before) {
                    return Some(format!("{kind}.{resource} of {name} was {before:?} and is {after:?}"));
                }
            }
        }
    }
    None
}

fn amount_of(resource: &str, amount: &Value) -> Option<u64> {
    let mut resources = Resources::default();
    resources.set(resource, amount.as_str()?).ok()?;
    Some(resources.get(resource))
}

fn is_listed(path: &str) -> bool {
    MAY_CHANGE.iter().any(|listed| {
        let (listed, path): (Vec<&str>, Vec<&str>) = (listed.split('/').collect(), path.split('/').collect());
        listed.len() == path.len()
            && listed.iter().zip(&path).all(|(listed, member)| *listed == "*" || listed == member)
    })
}

/// The paths of what differs; an element that is new at the end of a list has the index `-`.
fn differences(before: &Value, after: &Value, path: &str, found: &mut BTreeSet<String>) {
    let member = |name: &str| format!("{path}/{}", name.replace('~', "~0").replace('/', "~1"));
    match (before, after) {
        (Value::Object(left), Value::Object(right)) => {
            for key in left.keys().chain(right.keys()) {
                match (left.get(key), right.get(key)) {
                    (Some(one), Some(other)) => differences(one, other, &member(key), found),
                    _ => drop(found.insert(member(key))),
                }
            }
        }
        (Value::Array(left), Value::Array(right)) if left.len() <= right.len() => {
            for (index, one) in left.iter().enumerate() {
                differences(one, &right[index], &member(&index.to_string()), found);
            }
            if left.len() < right.len() {
                found.insert(member("-"));
            }
        }
        _ if before != after => drop(found.insert(path.to_owned())),
        _ => {}
    }
}
