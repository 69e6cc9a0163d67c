//! Random policies through their checks and through a server-side dry run: no policy that loads makes a pod fail, and no
//! policy is refused whose pods the API server accepts, but for what [`ON_PURPOSE`] lists.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot be set up has failed")]
#![expect(clippy::print_stderr, reason = "numbers, for whoever runs the tests")]

use anyhow::Result;
use futures::{StreamExt as _, TryStreamExt as _};
use kube::Client;
use outrigger::admission::{Context, KnownDemand, decide};
use outrigger::model::{Declarations, Namespace, Pools, ResourceConstraints};
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

/// What stands in place of a good text.
const TEXTS: &[&str] = &[
    "",
    " ",
    "a",
    "A_b",
    "a.b",
    "a b",
    "..",
    ".",
    "..a",
    "/a",
    "a/../b",
    "a/..b",
    "1",
    "80",
    "1.5",
    "0.5",
    "1e3",
    "128MB",
    "-1",
    "1Mi",
    "1Ki",
    "1m",
    "500m",
    "1000m",
    "1024",
    "0",
    "yes",
    "Always",
    "Never",
    "always",
    "OnFailure",
    "web",
    "http",
    "HTTP",
    "HTTP2",
    "TLS",
    "tcp",
    "Bidirectional",
    "None",
    "Localhost",
    "Unconfined",
    "RuntimeDefault",
    "Enabled",
    "Disabled",
    "Default",
    "Unmasked",
    "metadata.labels",
    "metadata.labels['a b']",
    "metadata.annotations['A/b']",
    "metadata.uid['a']",
    "status.podIP",
    "spec.host",
    "status.phase",
    "limits.cpu",
    "limits.hugepages-1Gi",
    "requests.a.example/b",
    "CAP_SYS_ADMIN",
    "noexec",
    "claim",
    "v",
    "a--b",
    "a-",
    "-a",
    "0123456789abcdef",
    "a=b",
    "\u{e4}",
    "a\nb",
    "a:b",
    "relay",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
];

/// What stands in place of a good number.
const NUMBERS: &[i64] =
    &[0, 1, 2, 3, 30, 31, 80, -1, 65_535, 65_536, 2_147_483_647, 2_147_483_648, 9_000_000_000_000_000_000];

/// What is of another type.
const STRANGE: &[&str] =
    &["null", "1", "1.5", "true", r#""a""#, "[]", "{}", "[null]", r#"["a"]"#, r#"{"a": "b"}"#, r#"{"name": "a"}"#];

/// Changes of whole containers, good and bad, as merge patches.
const TWISTS: &[&str] = &[
    r#"{"restartPolicy": "Always"}"#,
    r#"{"restartPolicy": "OnFailure"}"#,
    r#"{"restartPolicyRules": [{"action": "Restart", "exitCodes": {"operator": "In", "values": [1]}}]}"#,
    r#"{"image": "a b"}"#,
    r#"{"image": "a "}"#,
    r#"{"securityContext": {"runAsNonRoot": true, "runAsUser": 0}}"#,
    r#"{"securityContext": {"privileged": true, "allowPrivilegeEscalation": false}}"#,
    r#"{"securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"add": ["CAP_SYS_ADMIN"]}}}"#,
    r#"{"securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"add": ["SYS_ADMIN", ""]}}}"#,
    r#"{"securityContext": {"procMount": "Unmasked"}}"#,
    r#"{"securityContext": {"windowsOptions": {"runAsUserName": "a"}}}"#,
    r#"{"securityContext": {"seccompProfile": {"type": "Localhost", "localhostProfile": ""}}}"#,
    r#"{"securityContext": {"seccompProfile": {"type": "Localhost", "localhostProfile": "../a"}}}"#,
    r#"{"securityContext": {"seccompProfile": {"type": "Unconfined", "localhostProfile": "a"}}}"#,
    r#"{"securityContext": {"appArmorProfile": {"type": "Localhost", "localhostProfile": " a"}}}"#,
    r#"{"securityContext": {"appArmorProfile": {"type": "Localhost"}}}"#,
    r#"{"livenessProbe": {"tcpSocket": {"port": 80}, "terminationGracePeriodSeconds": 5}}"#,
    r#"{"livenessProbe": {"terminationGracePeriodSeconds": 0}}"#,
    r#"{"readinessProbe": {"terminationGracePeriodSeconds": 5}}"#,
    r#"{"readinessProbe": {"tcpSocket": {"port": 80}, "successThreshold": 3}}"#,
    r#"{"startupProbe": {"successThreshold": 2}}"#,
    r#"{"startupProbe": {"exec": {"command": []}, "httpGet": null, "tcpSocket": null, "grpc": null}}"#,
    r#"{"startupProbe": {"exec": {"command": [""]}, "httpGet": null, "tcpSocket": null, "grpc": null}}"#,
    r#"{"livenessProbe": {"httpGet": {"port": "web"}, "exec": null, "tcpSocket": null, "grpc": null}}"#,
    r#"{"livenessProbe": {"httpGet": {"port": 80, "protocol": "HTTP2"}, "exec": null, "tcpSocket": null, "grpc": null}}"#,
    r#"{"livenessProbe": {"grpc": {"port": 80, "mode": "TLS"}, "exec": null, "tcpSocket": null, "httpGet": null}}"#,
    r#"{"livenessProbe": {"grpc": {"port": 0}}}"#,
    r#"{"lifecycle": {"preStop": {"sleep": {"seconds": -1}}}}"#,
    r#"{"lifecycle": {"preStop": {"sleep": {"seconds": 0}, "exec": {"command": ["a"]}}}}"#,
    r#"{"lifecycle": {"preStop": {"exec": null}}}"#,
    r#"{"lifecycle": {}}"#,
    r#"{"lifecycle": {"stopSignal": "SIGTERM"}}"#,
    r#"{"lifecycle": {"preStop": {"grpc": {"port": 80}}}}"#,
    r#"{"env": [{"name": "A", "value": "b", "valueFrom": {"fieldRef": {"fieldPath": "metadata.uid"}}}]}"#,
    r#"{"env": [{"name": "A", "valueFrom": {}}]}"#,
    r#"{"env": [{"name": "A"}, {"name": "A"}]}"#,
    r#"{"env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "a"}, "secretKeyRef": {"name": "a", "key": "b"}}}]}"#,
    r#"{"env": [{"name": "A", "valueFrom": {"fileKeyRef": {"volumeName": "v", "path": "a", "key": "b"}}}]}"#,
    r#"{"env": [{"name": "A", "valueFrom": {"resourceFieldRef": {"resource": "limits.memory", "divisor": "1024Ki"}}}]}"#,
    r#"{"env": [{"name": "A", "valueFrom": {"resourceFieldRef": {"resource": "limits.memory", "divisor": "2Ki"}}}]}"#,
    r#"{"env": [{"name": "A", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu", "divisor": 1}}}]}"#,
    r#"{"env": [{"name": "A", "valueFrom": {"resourceFieldRef": {"resource": "limits.a.example/b"}}}]}"#,
    r#"{"envFrom": [{}]}"#,
    r#"{"envFrom": [{"prefix": "", "secretRef": {"name": "a"}}]}"#,
    r#"{"envFrom": [{"configMapRef": {"name": "a"}, "secretRef": {"name": "a"}}]}"#,
    r#"{"envFrom": [{"configMapRef": {}}]}"#,
    r#"{"ports": [{"containerPort": 80, "name": "a"}, {"containerPort": 81, "name": "a"}]}"#,
    r#"{"ports": [{"containerPort": 80}, {"containerPort": 80}]}"#,
    r#"{"ports": [{"containerPort": 80, "hostPort": 9}, {"containerPort": 81, "hostPort": 9}]}"#,
    r#"{"ports": [{"containerPort": 80, "hostPort": 9}, {"containerPort": 81, "hostPort": 9, "protocol": "UDP"}]}"#,
    r#"{"ports": [{"hostPort": 9}]}"#,
    r#"{"volumeMounts": [{"name": "v", "mountPath": "/a"}, {"name": "w", "mountPath": "/a"}]}"#,
    r#"{"volumeMounts": [{"name": "v", "mountPath": "/a", "mountPropagation": "Bidirectional"}]}"#,
    r#"{"volumeMounts": [{"name": "v", "mountPath": "/a", "recursiveReadOnly": "Enabled"}]}"#,
    r#"{"volumeMounts": [{"name": "v", "mountPath": "/a", "recursiveReadOnly": "Disabled"}]}"#,
    r#"{"volumeMounts": [{"name": "v", "mountPath": "/a", "readOnly": true, "recursiveReadOnly": "Enabled", "mountPropagation": "HostToContainer"}]}"#,
    r#"{"volumeMounts": [{"name": "v", "mountPath": "/a", "subPath": "a", "subPathExpr": "b"}]}"#,
    r#"{"volumeMounts": [{"name": "v", "mountPath": "/a", "bindMountOptions": ["noexec", "noexec"]}]}"#,
    r#"{"volumeMounts": [{"name": "claim", "mountPath": "/a"}], "volumeDevices": [{"name": "claim", "devicePath": "/b"}]}"#,
    r#"{"volumeMounts": [{"name": "v", "mountPath": "/a"}], "volumeDevices": [{"name": "claim", "devicePath": "/a"}]}"#,
    r#"{"volumeDevices": [{"name": "v", "devicePath": "/a"}]}"#,
    r#"{"volumeDevices": [{"name": "claim", "devicePath": "/a"}, {"name": "claim", "devicePath": "/b"}]}"#,
    r#"{"volumeDevices": [{"name": "claim", "devicePath": "/a/../b"}]}"#,
    r#"{"resources": {"requests": {"memory": "2Gi"}, "limits": {"memory": "1Gi"}}}"#,
    r#"{"resources": {"requests": {"cpu": "1"}, "limits": {"cpu": "1000m"}}}"#,
    r#"{"resources": {"requests": {"cpu": "0.0011"}, "limits": {"cpu": "1m"}}}"#,
    r#"{"resources": {"requests": {"a.example/b": 1}}}"#,
    r#"{"resources": {"requests": {"a.example/b": 1}, "limits": {"a.example/b": 2}}}"#,
    r#"{"resources": {"limits": {"a.example/b": "1500m"}}}"#,
    r#"{"resources": {"limits": {"a.example/b": "1e3"}}}"#,
    r#"{"resources": {"limits": {"hugepages-2Mi": "2Mi"}, "requests": null}}"#,
    r#"{"resources": {"limits": {"hugepages-2Mi": "3Mi", "cpu": 1}}}"#,
    r#"{"resources": {"requests": {"hugepages-2Mi": "2Mi", "cpu": 1}}}"#,
    r#"{"resources": {"limits": {"hugepages-": "2Mi", "cpu": 1}}}"#,
    r#"{"resources": {"limits": {"hugepages-1.5": "3", "cpu": 1}}}"#,
    r#"{"resources": {"limits": {"requests.a.example/b": "1"}}}"#,
    r#"{"resources": {"limits": {"kubernetes.io/a": "1.5"}}}"#,
    r#"{"resources": {"limits": {"a/b/c": "1"}}}"#,
    r#"{"resources": {"limits": {"pods": "1"}}}"#,
    r#"{"resources": {"limits": {"storage": "1"}}}"#,
    r#"{"resources": {"limits": {"cpu": "1e30"}}}"#,
    r#"{"resources": {"limits": {"memory": "0.1m"}}}"#,
    r#"{"resources": {"claims": [{"name": "a"}]}}"#,
    r#"{"resizePolicy": [{"resourceName": "cpu", "restartPolicy": "NotRequired"}, {"resourceName": "cpu", "restartPolicy": "NotRequired"}]}"#,
    r#"{"resizePolicy": [{"resourceName": "ephemeral-storage", "restartPolicy": "NotRequired"}]}"#,
    r#"{"resizePolicy": [{"resourceName": "cpu"}]}"#,
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
    // A name that no object can have.
    "`a-` is not the name of an object",
    // An empty text or element that the API server takes for a missing one.
    "`` is not",
    "the element is empty",
    "the value is empty",
    "the field `seconds` must have a value",
    "a profile of type Localhost needs it",
    // The same unit in other words, and numbers that are none or larger than any machine.
    "is not a unit of this resource",
    "`.` is not a quantity",
    "`1e30` is not a quantity",
    // The API server ignores the field while its feature is off, as it is by default.
    "`spec.os.name`",
    "the option stands twice",
    "write `noexec`",
    "HTTP2 is for scheme HTTP alone",
    "HTTP2 takes no host",
    "write `HTTP1`",
    "write `Plaintext`",
    // Two ports of which the host network makes one host port.
    "the sidecar declares port",
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
            if spec["resources"].is_object() && random.chance(30) {
                damage(&mut random, &mut spec["resources"]);
            } else if random.chance(50) {
                let twist = serde_json::from_str(random.pick(TWISTS)).unwrap();
                json_patch::merge(&mut spec["injection"]["sidecars"][0], &twist);
            } else {
                damage(&mut random, &mut spec["injection"]["sidecars"][0]);
            }
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
                    Err(_) => Outcome::Refused,
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
        let constraints = ResourceConstraints::default();
        let context = Context {
            policies,
            pools: &pools,
            declared: &declared,
            constraints: &constraints,
            demand: KnownDemand::default(),
        };
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
    if random.chance(12) && !value.is_object() {
        *value = serde_json::from_str(random.pick(STRANGE)).unwrap();
        return;
    }
    match value {
        Value::Object(members) if !members.is_empty() => {
            let name = members.keys().nth(random.below(members.len())).unwrap().clone();
            match random.below(10) {
                0 => drop(members.remove(&name)),
                1 => rename(random, members, &name),
                _ => damage(random, &mut members[&name]),
            }
        }
        Value::Array(elements) if !elements.is_empty() => {
            let at = random.below(elements.len());
            match random.below(8) {
                0 => elements.push(elements[at].clone()),
                _ => damage(random, &mut elements[at]),
            }
        }
        Value::String(text) => random.pick(TEXTS).clone_into(text),
        Value::Number(_) => *value = json!(NUMBERS[random.below(NUMBERS.len())]),
        Value::Bool(flag) => *flag = !*flag,
        Value::Null | Value::Object(_) | Value::Array(_) => {
            *value = serde_json::from_str(random.pick(STRANGE)).unwrap();
        }
    }
}

/// Misspells a name, or puts the name of another field in its place.
fn rename(random: &mut Random, members: &mut Map<String, Value>, name: &str) {
    let value = members.remove(name).unwrap();
    let other = match random.below(3) {
        0 => format!("{name}s"),
        1 => random.pick(TEXTS).to_owned(),
        _ => FIELDS[random.below(FIELDS.len())].0.to_owned(),
    };
    members.insert(other, value);
}
