//! Random policies through their checks and through a server-side dry run: no policy that loads makes a pod fail, and no
//! policy is refused whose pods the API server accepts, but for what [`ON_PURPOSE`] lists.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot be set up has failed")]
#![expect(clippy::print_stderr, reason = "numbers, for whoever runs the tests")]

use anyhow::Result;
use futures::{StreamExt as _, TryStreamExt as _};
use kube::Client;
use outrigger::admission::{Context, decide};
use outrigger::model::{Declarations, Namespace, Pools};
use outrigger::policy::{PolicySet, Source};
use serde_json::{Map, Value, json};

use super::random::Random;
use super::{PARALLEL, cases, post};
use crate::cluster::Cluster;

/// Values of each field of a container that the API server accepts.
const FIELDS: &[(&str, &[&str])] = &[
    ("command", &[r#"["a"]"#, "[]", r#"["a", "", "b"]"#]),
    ("args", &[r#"["--x"]"#, "null"]),
    ("workingDir", &[r#""/a""#, r#""""#]),
    (
        "ports",
        &[
            r#"[{"name": "web", "containerPort": 80}]"#,
            r#"[{"containerPort": 80, "protocol": "UDP"}, {"containerPort": 80}]"#,
            r#"[{"containerPort": 80, "hostPort": 80, "hostIP": "127.0.0.1"}, {"containerPort": 81, "hostPort": 80}]"#,
            r#"[{"containerPort": 80, "hostPort": 81}]"#,
        ],
    ),
    (
        "env",
        &[
            r#"[{"name": "A", "value": "b"}]"#,
            r#"[{"name": "A b-c", "value": ""}, {"name": "1"}]"#,
            r#"[{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]"#,
            r#"[{"name": "A", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.labels['a/B']"}}}]"#,
            r#"[{"name": "A", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu", "divisor": "1m"}}}]"#,
            r#"[{"name": "A", "valueFrom": {"resourceFieldRef": {"resource": "requests.memory", "divisor": "1Mi"}}}]"#,
            r#"[{"name": "A", "value": "", "valueFrom": {"configMapKeyRef": {"name": "a", "key": "b.c"}}}]"#,
            r#"[{"name": "A", "valueFrom": {"secretKeyRef": {"name": "a.b", "key": "_", "optional": true}}}]"#,
        ],
    ),
    (
        "envFrom",
        &[
            r#"[{"prefix": "A_", "configMapRef": {"name": "a"}}]"#,
            r#"[{"secretRef": {"name": "a-b", "optional": false}}, {"secretRef": {"name": "a-b"}}]"#,
        ],
    ),
    (
        "resources",
        &[
            r#"{"requests": {"cpu": "100m", "memory": "64Mi"}}"#,
            r#"{"requests": {"cpu": 0.5, "memory": 1000}, "limits": {"cpu": 1}}"#,
            r#"{"limits": {"nvidia.com/gpu": 1}}"#,
            r#"{"requests": {"a.example/b": "2"}, "limits": {"a.example/b": 2, "ephemeral-storage": "1Gi"}}"#,
            r#"{"limits": {"hugepages-2Mi": "4Mi", "memory": "1Gi"}}"#,
            r#"{"requests": {"kubernetes.io/odd": "1"}}"#,
        ],
    ),
    (
        "resizePolicy",
        &[
            r#"[{"resourceName": "cpu", "restartPolicy": "NotRequired"}]"#,
            r#"[{"resourceName": "memory", "restartPolicy": "RestartContainer"}]"#,
        ],
    ),
    (
        "volumeMounts",
        &[
            r#"[{"name": "v", "mountPath": "/a"}]"#,
            r#"[{"name": "v", "mountPath": "/a", "subPath": "b/c"}, {"name": "v", "mountPath": "/b"}]"#,
            r#"[{"name": "v", "mountPath": "/a", "readOnly": true, "recursiveReadOnly": "IfPossible"}]"#,
            r#"[{"name": "v", "mountPath": "/a", "mountPropagation": "HostToContainer", "subPathExpr": "$(A)"}]"#,
            r#"[{"name": "w", "mountPath": "/a", "bindMountOptions": ["noexec", "nodev"]}]"#,
        ],
    ),
    ("volumeDevices", &[r#"[{"name": "claim", "devicePath": "/dev/a"}]"#]),
    ("livenessProbe", PROBES),
    ("readinessProbe", PROBES),
    ("startupProbe", PROBES),
    (
        "lifecycle",
        &[
            r#"{"preStop": {"sleep": {"seconds": 3}}}"#,
            r#"{"preStop": {"sleep": {"seconds": 30}}}"#,
            r#"{"postStart": {"exec": {"command": ["a"]}}, "preStop": {"httpGet": {"port": 80}}}"#,
            r#"{"preStop": {"tcpSocket": {"port": 80}}}"#,
        ],
    ),
    ("terminationMessagePath", &[r#""/dev/x""#]),
    ("terminationMessagePolicy", &[r#""File""#, r#""FallbackToLogsOnError""#]),
    ("imagePullPolicy", &[r#""Always""#, r#""IfNotPresent""#, r#""Never""#]),
    (
        "securityContext",
        &[
            "{}",
            r#"{"runAsUser": 0, "runAsGroup": 5, "readOnlyRootFilesystem": true}"#,
            r#"{"runAsNonRoot": true, "runAsUser": 1, "allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}}"#,
            r#"{"privileged": true, "procMount": "Default"}"#,
            r#"{"seccompProfile": {"type": "Localhost", "localhostProfile": "a/b"}}"#,
            r#"{"seccompProfile": {"type": "RuntimeDefault"}, "appArmorProfile": {"type": "Unconfined"}}"#,
            r#"{"appArmorProfile": {"type": "Localhost", "localhostProfile": "a"}, "seLinuxOptions": {"level": "s0"}}"#,
        ],
    ),
    ("stdin", &["true"]),
    ("stdinOnce", &["false", "true"]),
    ("tty", &["true"]),
];

const PROBES: &[&str] = &[
    r#"{"exec": {"command": ["a"]}, "periodSeconds": 5}"#,
    r#"{"httpGet": {"path": "/a", "port": 80, "scheme": "HTTPS"}, "timeoutSeconds": 0, "successThreshold": 1}"#,
    r#"{"httpGet": {"port": 80, "httpHeaders": [{"name": "X-A", "value": "b"}], "host": "a"}, "failureThreshold": 2}"#,
    r#"{"tcpSocket": {"port": 80}, "initialDelaySeconds": 1}"#,
    r#"{"grpc": {"port": 80, "service": ""}}"#,
];

/// What stands somewhere in place of a good value.
const STRANGE: &[&str] = &[
    "null",
    "0",
    "1",
    "-1",
    "8080",
    "65536",
    "2147483648",
    "1.5",
    "true",
    "false",
    r#""""#,
    r#"" ""#,
    r#""yes""#,
    r#""80""#,
    r#""a""#,
    r#""A_b""#,
    r#""a.b""#,
    r#""..""#,
    r#""/a""#,
    r#""a/../b""#,
    r#""1""#,
    r#""1.5""#,
    r#""128MB""#,
    r#""-1""#,
    r#""Always""#,
    r#""Never""#,
    r#""always""#,
    r#""web""#,
    r#""HTTP2""#,
    r#""Bidirectional""#,
    r#""Localhost""#,
    r#""Enabled""#,
    r#""metadata.labels""#,
    r#""status.podIP""#,
    r#""limits.cpu""#,
    r#""CAP_SYS_ADMIN""#,
    "[]",
    "{}",
    "[null]",
    r#"["a"]"#,
    r#"{"a": "b"}"#,
    r#"{"name": "a"}"#,
    r#"{"seconds": 1}"#,
    r#"{"command": ["x"]}"#,
    r#"{"type": "Localhost"}"#,
];

/// Members that are put where they may not belong.
const MEMBERS: &[&str] = &[
    "name",
    "value",
    "valueFrom",
    "image",
    "port",
    "exec",
    "httpGet",
    "tcpSocket",
    "grpc",
    "sleep",
    "protocol",
    "hostPort",
    "subPath",
    "subPathExpr",
    "mountPropagation",
    "recursiveReadOnly",
    "readOnly",
    "cpu",
    "memory",
    "mem",
    "nvidia.com/gpu",
    "hugepages-2Mi",
    "requests",
    "limits",
    "privileged",
    "runAsUser",
    "runAsNonRoot",
    "allowPrivilegeEscalation",
    "localhostProfile",
    "type",
    "successThreshold",
    "terminationGracePeriodSeconds",
    "restartPolicy",
    "fieldRef",
    "host",
    "secretKeyRef",
    "divisor",
    "add",
    "seLinuxOptions",
    "kubernetes.io/b",
    "requests.a.example/b",
    "optional",
    "mode",
];

/// Words of errors for what the API server accepts and a policy does not, because the sidecar could not run, only some
/// pods could have it, or nobody means it.
const ON_PURPOSE: &[&str] = &[
    // The kubelet could not run the sidecar.
    "declares no port",
    "user 0 is root",
    "the name of an image",
    // Another container than a sidecar.
    "write `Always`",
    "a sidecar always restarts",
    // Only some pods accept it.
    "write `Default`",
    "sidecars run on Linux",
    "cannot add claims yet",
    "cannot add volumes yet",
    // An empty text or element that the API server takes for a missing one.
    "`` is not",
    "the element is empty",
    "the value is empty",
    "a profile of type Localhost needs it",
    // The same unit in other words.
    "is not a unit of this resource",
];

#[tokio::test]
async fn a_policy_that_loads_makes_no_pod_fail_and_none_is_refused_in_vain() {
    let cluster = Cluster::start().await.unwrap();
    let client = cluster.client().await.unwrap();
    let total = cases(400);
    let outcomes = futures::stream::iter((0..total).map(Case::new)).map(|case| case.compare(&client));
    let outcomes: Vec<(Outcome, Case)> = outcomes.buffer_unordered(PARALLEL).try_collect().await.unwrap();
    let count = |wanted: fn(&Outcome) -> bool| outcomes.iter().filter(|(outcome, _)| wanted(outcome)).count();
    let (added, withheld) = (count(|one| matches!(one, Outcome::Added)), count(|one| matches!(one, Outcome::Withheld)));
    let left = count(|one| matches!(one, Outcome::LeftToDryRun));
    let (refused, on_purpose) =
        (count(|one| matches!(one, Outcome::Refused)), count(|one| matches!(one, Outcome::OnPurpose)));
    let mut wrong: Vec<(usize, &String, &Case)> = Vec::new();
    for (outcome, case) in &outcomes {
        if let Outcome::Wrong(problem) = outcome {
            wrong.push((case.number, problem, case));
        }
    }
    eprintln!(
        "{total} policies: {added} load and their sidecar is accepted, {withheld} load and it is withheld, {left} load and a \
         dry run finds them; {refused} are \
         refused by both, {on_purpose} by us alone on purpose; {} wrong",
        wrong.len()
    );
    wrong.sort_by_key(|(number, ..)| *number);
    let report: Vec<String> = wrong
        .iter()
        .take(12)
        .map(|(number, problem, case)| format!("case {number}: {problem}\n{}", case.policy))
        .collect();
    assert!(report.is_empty(), "{} of {total} are wrong\n{}", wrong.len(), report.join("\n\n"));
    assert!(added > total / 5 && refused > total / 5, "the cases say little: {added} accepted, {refused} refused");
}

enum Outcome {
    /// The policy loads, and the API server accepts the pod with the sidecar.
    Added,
    /// The policy loads, the sidecar does not fit this pod, and the API server accepts the pod without it.
    Withheld,
    /// The policy loads, and a dry run at the start finds that this API server does not accept the sidecar.
    LeftToDryRun,
    /// The policy is refused, and so is the pod.
    Refused,
    /// The policy is refused for what is listed above.
    OnPurpose,
    Wrong(String),
}

struct Case {
    number: usize,
    policy: Value,
    pod: Value,
}

impl Case {
    fn new(number: usize) -> Self {
        let mut random = Random::new(number);
        let mut container = json!({"name": "relay", "image": "relay:1"});
        for (field, values) in FIELDS {
            if random.chance(25) {
                container[*field] = serde_json::from_str(random.pick(values)).unwrap();
            }
        }
        let mut spec = json!({
            "selector": {"podSelector": {"matchLabels": {"outrigger.dev/job": "j"}}},
            "injection": {"sidecars": [container]},
        });
        if random.chance(20) {
            let (_, resources) = FIELDS.iter().find(|(field, _)| *field == "resources").unwrap();
            spec["resources"] = serde_json::from_str(random.pick(resources)).unwrap();
        }
        for _ in 0..[0, 1, 1, 2][random.below(4)] {
            let holder = if spec["resources"].is_object() && random.chance(30) {
                &mut spec["resources"]
            } else {
                &mut spec["injection"]["sidecars"][0]
            };
            damage(&mut random, holder);
        }
        let policy = json!({
            "apiVersion": "outrigger.dev/v1alpha1", "kind": "StreamPolicy", "metadata": {"name": "p"}, "spec": spec,
        });
        Self { number, policy, pod: pod(&mut random, number) }
    }

    async fn compare(self, client: &Client) -> Result<(Outcome, Self)> {
        let source = Source { file: "p.yaml".to_owned(), text: self.policy.to_string() };
        let outcome = match PolicySet::parse(&[source]) {
            Ok(policies) => self.create_prepared(client, &policies).await?,
            Err(error) => {
                let accepted = self.create_raw(client).await?;
                let words = error.to_string();
                let is_on_purpose = ON_PURPOSE.iter().any(|known| words.contains(known));
                match accepted {
                    Err(theirs) => {
                        if self.number < 60 {
                            eprintln!("DEBUG {words}\n    {theirs}");
                        }
                        Outcome::Refused
                    }
                    Ok(_) if is_on_purpose => Outcome::OnPurpose,
                    Ok(_) => {
                        Outcome::Wrong(format!("the API server accepts the pod, and the policy is refused: {words}"))
                    }
                }
            }
        };
        Ok((outcome, self))
    }

    /// Creates the pod as the webhook prepares it.
    async fn create_prepared(&self, client: &Client, policies: &PolicySet) -> Result<Outcome> {
        let (pools, declared) = (Pools::default(), Declarations::default());
        let context = Context { policies, pools: &pools, declared: &declared };
        let decision = decide(&self.pod, &Namespace::from("default"), context);
        let mut pod = self.pod.clone();
        json_patch::patch(&mut pod, decision.patch())?;
        let is_added = pod["spec"]["initContainers"].is_array();
        if !is_added && decision.warnings().is_empty() {
            return Ok(Outcome::Wrong("the sidecar is withheld without a word".to_owned()));
        }
        Ok(match dry_run(client, &pod).await? {
            Ok(_) if is_added => Outcome::Added,
            Ok(_) => Outcome::Withheld,
            // How this API server is set up; `tests/e2e/policies.rs` shows that it is found.
            Err(problem) if problem.contains("privileged: Forbidden: disallowed by cluster policy") => {
                Outcome::LeftToDryRun
            }
            Err(problem) => Outcome::Wrong(format!("the policy loads, and its pod is rejected: {problem}")),
        })
    }

    /// Creates a plain pod with what the policy says as it is written.
    async fn create_raw(&self, client: &Client) -> Result<Result<Value, String>> {
        let mut pod = plain_pod(self.number);
        let mut container = self.policy["spec"]["injection"]["sidecars"][0].clone();
        if container["restartPolicy"].is_null()
            && let Some(members) = container.as_object_mut()
        {
            members.insert("restartPolicy".to_owned(), json!("Always"));
        }
        pod["spec"]["initContainers"] = json!([container]);
        if let Some(resources) = self.policy["spec"].get("resources") {
            pod["spec"]["containers"][0]["resources"] = resources.clone();
        }
        dry_run(client, &pod).await
    }
}

async fn dry_run(client: &Client, pod: &Value) -> Result<Result<Value, String>> {
    post(client, "/api/v1/namespaces/default/pods?dryRun=All&fieldValidation=Strict", pod).await
}

/// A PE with volumes for the sidecars.
fn plain_pod(number: usize) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": format!("pe-{number}"), "labels": {"outrigger.dev/job": "j"}},
        "spec": {
            "containers": [{"name": "main", "image": "a:1"}],
            "volumes": [
                {"name": "v", "emptyDir": {}},
                {"name": "w", "image": {"reference": "a:1"}},
                {"name": "claim", "persistentVolumeClaim": {"claimName": "c"}},
            ],
        },
    })
}

/// A PE of any kind, with volumes for the sidecars.
fn pod(random: &mut Random, number: usize) -> Value {
    let mut pod = plain_pod(number);
    let spec = &mut pod["spec"];
    for (field, value) in [
        ("terminationGracePeriodSeconds", json!(5)),
        ("restartPolicy", json!("Never")),
        ("hostUsers", json!(false)),
        ("os", json!({"name": "linux"})),
    ] {
        if random.chance(15) {
            spec[field] = value;
        }
    }
    if spec.get("hostUsers").is_none() && random.chance(15) {
        spec["hostNetwork"] = json!(true);
        pod["metadata"]["annotations"] = json!({"outrigger.dev/inject": "true"});
    }
    pod
}

/// Changes one part of a value, which may remain good.
fn damage(random: &mut Random, value: &mut Value) {
    let strange = |random: &mut Random| serde_json::from_str::<Value>(random.pick(STRANGE)).unwrap();
    let descends = random.chance(65);
    match value {
        Value::Object(members) if !members.is_empty() => {
            let name = members.keys().nth(random.below(members.len())).unwrap().clone();
            if descends && (members[&name].is_object() || members[&name].is_array()) {
                return damage(random, &mut members[&name]);
            }
            damage_object(random, members, &name, strange);
        }
        Value::Array(elements) if !elements.is_empty() => {
            let at = random.below(elements.len());
            match random.below(4) {
                0 => elements.push(elements[at].clone()),
                1 => elements[at] = strange(random),
                _ => damage(random, &mut elements[at]),
            }
        }
        _ => *value = strange(random),
    }
}

fn damage_object(
    random: &mut Random,
    members: &mut Map<String, Value>,
    name: &str,
    strange: impl Fn(&mut Random) -> Value,
) {
    match random.below(6) {
        0 => drop(members.remove(name)),
        1 => {
            let value = members.remove(name).unwrap();
            let misspelt = if random.chance(50) { format!("{name}s") } else { name.to_uppercase() };
            members.insert(misspelt, value);
        }
        2 => {
            let more = random.pick(MEMBERS).to_owned();
            members.insert(more, strange(random));
        }
        3 => {
            let (field, values) = FIELDS[random.below(FIELDS.len())];
            members.insert(field.to_owned(), serde_json::from_str(random.pick(values)).unwrap());
        }
        _ => {
            members.insert(name.to_owned(), strange(random));
        }
    }
}
