//! Admission on a real API server: what engines and controllers create is injected and runs, everything else is left
//! alone, also while Outrigger is down.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{ListParams, PostParams};
use kube::{Api, Client, ResourceExt as _};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::cluster::wait::until;
use crate::cluster::{FakeNode, SchedulerSettings};
use crate::installation::{RUNNING, annotation, installed, running, shared};

const DEPLOYMENT: &str = r"
apiVersion: apps/v1
kind: Deployment
metadata: {name: clicks}
spec:
  replicas: 3
  selector: {matchLabels: {app: clicks}}
  template:
    metadata: {labels: {app: clicks, outrigger.dev/job: clicks}}
    spec:
      containers:
      - {name: main, image: none}
";

#[test]
fn pods_of_a_deployment_are_injected_and_run_with_a_native_sidecar() {
    shared(async |installation| {
        let (cluster, namespace) = (&installation.cluster, "deployment");
        cluster.create_namespace(namespace).await.unwrap();
        cluster.kubectl().feed(&["apply", "-n", namespace, "-f", "-"], DEPLOYMENT).await.unwrap();
        let client = cluster.client().await.unwrap();
        let deployments: Api<Deployment> = Api::namespaced(client.clone(), namespace);
        until("all replicas are ready", RUNNING, async || {
            let status = deployments.get("clicks").await?.status.unwrap_or_default();
            ensure!(status.ready_replicas == Some(3), "{:?} are", status.ready_replicas);
            Ok(())
        })
        .await
        .unwrap();

        let pods = list(&client, namespace).await.unwrap();
        assert_eq!(pods.len(), 3, "no pod was replaced by its controller");
        for pod in pods {
            let name = pod.name_any();
            assert!(
                annotation(&pod, "outrigger.dev/placement").unwrap().contains("\"job\":\"deployment/clicks"),
                "{name}"
            );
            let pod = serde_json::to_value(pod).unwrap();
            assert_eq!(pod["metadata"]["annotations"]["outrigger.dev/policy"], "annotations", "{name}");
            assert_eq!(pod["spec"]["schedulerName"], "outrigger", "{name}");
            let [sidecar] = pod["spec"]["initContainers"].as_array().unwrap().as_slice() else { panic!("{pod:#}") };
            assert_eq!((&sidecar["name"], &sidecar["restartPolicy"]), (&json!("otel-collector"), &json!("Always")));
            let [sidecar] = pod["status"]["initContainerStatuses"].as_array().unwrap().as_slice() else {
                panic!("{pod:#}")
            };
            assert!(sidecar["state"]["running"].is_object(), "the sidecar runs beside the PE: {sidecar}");
            let requests = &pod["spec"]["containers"][0]["resources"]["requests"];
            assert_eq!(requests, &json!({ "cpu": "100m", "memory": "256Mi" }), "the policy's, as the user set none");
            let tolerations = pod["spec"]["tolerations"].as_array().unwrap();
            assert_eq!(tolerations.len(), 2, "the defaulted ones were changed, not doubled: {tolerations:?}");
            assert!(tolerations.iter().all(|toleration| toleration["tolerationSeconds"] == 30), "{tolerations:?}");
        }
    });
}

const LIMIT_RANGE: &str = r"
apiVersion: v1
kind: LimitRange
metadata: {name: defaults}
spec:
  limits:
  - type: Container
    defaultRequest: {cpu: 10m, memory: 16Mi}
    default: {cpu: 500m, memory: 128Mi}
";

const SIZED: &str = r"
apiVersion: v1
kind: Pod
metadata: {name: sized, labels: {outrigger.dev/job: sized}}
spec:
  containers:
  - {name: defaulted, image: none}
  - {name: chosen, image: none, resources: {requests: {cpu: 20m, memory: 32Mi}}}
";

#[test]
fn what_a_limit_range_filled_in_gives_way_to_the_policy_and_what_the_user_chose_does_not() {
    shared(async |installation| {
        let (cluster, namespace) = (&installation.cluster, "limit-range");
        cluster.create_namespace(namespace).await.unwrap();
        cluster.kubectl().feed(&["apply", "-n", namespace, "-f", "-"], LIMIT_RANGE).await.unwrap();
        let client = cluster.client().await.unwrap();
        let pod = until("the LimitRange is in force", RUNNING, async || {
            let pod = create(&client, namespace, SIZED, true).await?;
            annotation(&pod, "kubernetes.io/limit-ranger")?;
            Ok(())
        });
        pod.await.unwrap();
        create(&client, namespace, SIZED, false).await.unwrap();
        let pod = running(&Api::namespaced(client, namespace), "sized").await.unwrap();

        let pod = serde_json::to_value(pod).unwrap();
        let requests = |index: usize| &pod["spec"]["containers"][index]["resources"]["requests"];
        // 256Mi by the policy, but the LimitRange's limit stays, and a request above its limit would be refused
        assert_eq!(requests(0), &json!({ "cpu": "100m", "memory": "128Mi" }), "the policy's");
        assert_eq!(requests(1), &json!({ "cpu": "20m", "memory": "32Mi" }), "the user's");
        let sidecar = &pod["spec"]["initContainers"][0]["resources"];
        assert_eq!(sidecar["requests"], json!({ "cpu": "20m", "memory": "64Mi" }), "the policy's own");
        // LimitRanger looks again after us, and now leaves word of this container alone
        assert_eq!(sidecar["limits"], json!({ "cpu": "500m", "memory": "128Mi" }), "CPU by the LimitRange");
    });
}

/// A `JobManager` and its pods, as Flink's native mode and its operator create them: a `TaskManager` is a bare pod that
/// the Deployment of the `JobManager` owns, although its selector does not select it.
const JOB_MANAGER: &str = r"
apiVersion: apps/v1
kind: Deployment
metadata: {name: clicks}
spec:
  replicas: 1
  selector: {matchLabels: {app: clicks, component: jobmanager, type: flink-native-kubernetes}}
  template:
    metadata: {labels: {app: clicks, component: jobmanager, type: flink-native-kubernetes}}
    spec:
      containers:
      - {name: flink-main-container, image: none, resources: {requests: {cpu: 200m, memory: 1Gi}}}
";

const TASK_MANAGER: &str = r#"
apiVersion: v1
kind: Pod
metadata:
  name: clicks-taskmanager-1-1
  labels: {app: clicks, component: taskmanager, type: flink-native-kubernetes}
spec:
  restartPolicy: Never
  containers:
  - name: flink-main-container
    image: none
    command: [/docker-entrypoint.sh]
    args: [bash, -c, "kubernetes-taskmanager.sh -D taskmanager.numberOfTaskSlots=1 "]
    env:
    - {name: _POD_NODE_ID, valueFrom: {fieldRef: {apiVersion: v1, fieldPath: spec.nodeName}}}
    ports: [{containerPort: 6122, name: taskmanager-rpc, protocol: TCP}]
    resources:
      requests: {cpu: 300m, memory: 1Gi}
      limits: {cpu: 1200m, memory: 1Gi}
"#;

#[test]
fn task_managers_of_flink_are_placed_and_its_job_manager_is_left_alone() {
    shared(async |installation| {
        let (cluster, namespace) = (&installation.cluster, "flink");
        cluster.create_namespace(namespace).await.unwrap();
        let client = cluster.client().await.unwrap();
        let deployments: Api<Deployment> = Api::namespaced(client.clone(), namespace);
        let deployment: Deployment = serde_saphyr::from_str(JOB_MANAGER).unwrap();
        let deployment = deployments.create(&PostParams::default(), &deployment).await.unwrap();

        let mut pod: Pod = serde_saphyr::from_str(TASK_MANAGER).unwrap();
        pod.metadata.owner_references = Some(vec![
            serde_json::from_value(json!({
                "apiVersion": "apps/v1", "kind": "Deployment", "name": "clicks", "uid": deployment.uid().unwrap(),
                "controller": true, "blockOwnerDeletion": true,
            }))
            .unwrap(),
        ]);
        let pods: Api<Pod> = Api::namespaced(client.clone(), namespace);
        pods.create(&PostParams::default(), &pod).await.unwrap();
        let pod = running(&pods, "clicks-taskmanager-1-1").await.unwrap();
        assert_eq!(annotation(&pod, "outrigger.dev/policy").unwrap(), "flink");
        assert_eq!(pod.labels().get("outrigger.dev/job").map(String::as_str), Some("clicks"));
        let task_manager = serde_json::to_value(pod).unwrap();
        let sent: Value = serde_saphyr::from_str(TASK_MANAGER).unwrap();
        let resources = |pod: &Value| pod["spec"]["containers"][0]["resources"].clone();
        assert_eq!(resources(&task_manager), resources(&sent), "Flink's own: its memory model is made of them");
        assert_eq!(task_manager["spec"]["initContainers"], Value::Null, "the policy of Flink injects none");

        let [job_manager] = until("its JobManager is there", RUNNING, async || {
            let selector = ListParams::default().labels("component=jobmanager");
            <[Pod; 1]>::try_from(pods.list(&selector).await?.items).ok().context("it is not")
        })
        .await
        .unwrap();
        assert_eq!(job_manager.spec.as_ref().unwrap().scheduler_name.as_deref(), Some("default-scheduler"));
        assert!(annotation(&job_manager, "outrigger.dev/policy").is_err());
    });
}

const STATEFUL_SET: &str = r"
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: wordcount}
spec:
  replicas: 2
  serviceName: wordcount
  selector: {matchLabels: {app.kubernetes.io/instance: wordcount}}
  template:
    metadata:
      labels: {app.kubernetes.io/instance: wordcount, outrigger.dev/dialect: kafka-streams}
      annotations: {outrigger.dev/exlocation: replica}
    spec:
      containers:
      - {name: app, image: none, resources: {requests: {memory: 1Gi}}}
";

#[test]
fn instances_of_kafka_streams_are_pes_by_their_lasting_names_and_keep_apart() {
    shared(async |installation| {
        let (cluster, namespace) = (&installation.cluster, "kafka-streams");
        cluster.create_namespace(namespace).await.unwrap();
        cluster.kubectl().feed(&["apply", "-n", namespace, "-f", "-"], STATEFUL_SET).await.unwrap();
        let pods: Api<Pod> = Api::namespaced(cluster.client().await.unwrap(), namespace);
        let mut nodes = Vec::new();
        for name in ["wordcount-0", "wordcount-1"] {
            until(&format!("{name} is there"), RUNNING, async || Ok(pods.get(name).await?)).await.unwrap();
            let pod = running(&pods, name).await.unwrap();
            assert_eq!(annotation(&pod, "outrigger.dev/policy").unwrap(), "kafka-streams");
            assert_eq!(pod.labels()["outrigger.dev/job"], "wordcount");
            assert_eq!(pod.labels()["outrigger.dev/pe"], name);
            nodes.push(pod.spec.unwrap().node_name.unwrap());
        }
        assert_ne!(nodes[0], nodes[1], "exlocated");
    });
}

#[test]
fn pods_of_every_shipped_dialect_reach_the_webhook_and_their_policy() {
    shared(async |installation| {
        let cluster = &installation.cluster;
        cluster.create_namespace("dialects").await.unwrap();
        let client = cluster.client().await.unwrap();
        let governed = [
            ("{outrigger.dev/job: a}", "annotations"),
            ("{app: streams, svc: pe, streams.ibm.com/job: '7'}", "open-streams"),
            ("{component: taskmanager, type: flink-native-kubernetes, app: a}", "flink"),
            ("{component: taskmanager, type: flink-standalone-kubernetes, app: a}", "flink"),
            ("{outrigger.dev/dialect: kafka-streams, app: a}", "kafka-streams"),
            // an engine's own policy stands before the one of the label
            ("{component: taskmanager, type: flink-native-kubernetes, app: a, outrigger.dev/job: b}", "flink"),
        ];
        for (labels, policy) in governed {
            let pod = PLAIN.replace("{outrigger.dev/job: plain}", labels);
            let pod = create(&client, "dialects", &pod, true).await.unwrap();
            assert_eq!(annotation(&pod, "outrigger.dev/policy").unwrap(), policy, "{labels}");
            assert_eq!(pod.spec.unwrap().scheduler_name.as_deref(), Some("outrigger"), "{labels}");
        }
        for labels in ["{app: streams, svc: zombie, streams.ibm.com/job: '7'}", "{component: jobmanager, app: a}", "{}"]
        {
            let pod = PLAIN.replace("{outrigger.dev/job: plain}", labels);
            let pod = create(&client, "dialects", &pod, true).await.unwrap();
            assert!(annotation(&pod, "outrigger.dev/policy").is_err(), "{labels}");
        }
    });
}

#[test]
fn b6_a_node_named_in_the_pod_becomes_a_wish_that_capacity_is_checked_for() {
    shared(async |installation| {
        let (cluster, namespace) = (&installation.cluster, "node-name");
        cluster.create_namespace(namespace).await.unwrap();
        let client = cluster.client().await.unwrap();
        let pe = |name: &str, cpu: &str| {
            json!({
                "metadata": { "name": name, "labels": { "outrigger.dev/job": "pinned" } },
                "spec": {
                    "nodeName": "shared-2",
                    "containers": [{ "name": "main", "image": "none", "resources": { "requests": { "cpu": cpu } } }],
                },
            })
        };
        for pod in [pe("fits", "100m"), pe("does-not-fit", "100")] {
            create(&client, namespace, &pod.to_string(), false).await.unwrap();
        }
        let pods: Api<Pod> = Api::namespaced(client.clone(), namespace);
        let pod = running(&pods, "fits").await.unwrap();
        annotation(&pod, "outrigger.dev/placement").unwrap();
        assert_eq!(pod.spec.unwrap().node_name.as_deref(), Some("shared-2"), "the wish holds");

        // kube-scheduler counts requests itself, before it asks us
        let pod = until("the other one is refused", RUNNING, async || {
            let pod = pods.get("does-not-fit").await?;
            let conditions = pod.status.iter().flat_map(|status| status.conditions.iter().flatten());
            let rejected =
                conditions.filter_map(|condition| condition.reason.as_deref()).any(|it| it == "Unschedulable");
            ensure!(rejected, "{:?}", pod.status);
            Ok(pod)
        })
        .await
        .unwrap();
        assert_eq!(pod.spec.unwrap().node_name, None, "no scheduler was passed by");
    });
}

const PLAIN: &str = r"
apiVersion: v1
kind: Pod
metadata:
  name: plain
  labels: {outrigger.dev/job: plain}
  annotations: {outrigger.dev/exlocation: a}
spec:
  automountServiceAccountToken: false
  containers:
  - {name: main, image: none}
";

#[test]
fn pods_that_are_not_ours_are_stored_as_they_were_sent() {
    shared(async |installation| {
        let cluster = &installation.cluster;
        cluster.create_labelled_namespace("not-asked", &[("outrigger.dev/inject", "false")]).await.unwrap();
        cluster.create_namespace("asked").await.unwrap();
        let client = cluster.client().await.unwrap();
        // in this namespace the webhook is never called: so a pod looks that nobody has touched
        let bare = create(&client, "not-asked", PLAIN, true).await.unwrap();
        assert!(annotation(&bare, "outrigger.dev/policy").is_err());

        let kube_system = create(&client, "kube-system", PLAIN, true).await.unwrap();
        assert_eq!(content(&kube_system), content(&bare), "a pod of kube-system");

        let foreign = PLAIN.replace("spec:", "spec:\n  schedulerName: another");
        let foreign_bare = create(&client, "not-asked", &foreign, true).await.unwrap();
        let foreign = create(&client, "asked", &foreign, true).await.unwrap();
        assert_eq!(content(&foreign), content(&foreign_bare), "a pod of another scheduler");

        let no_pe = PLAIN.replace("labels: {outrigger.dev/job: plain}", "labels: {app: plain}");
        let no_pe_bare = create(&client, "not-asked", &no_pe, true).await.unwrap();
        let no_pe = create(&client, "asked", &no_pe, true).await.unwrap();
        assert_eq!(content(&no_pe), content(&no_pe_bare), "a pod that is no PE");

        let pe = create(&client, "asked", PLAIN, true).await.unwrap();
        assert_ne!(content(&pe), content(&bare), "a PE is changed, so the comparison sees changes");

        let declined = PLAIN.replace("annotations: {", "annotations: {outrigger.dev/inject: 'false', ");
        let declined = create(&client, "asked", &declined, true).await.unwrap();
        let declined = declined.spec.unwrap();
        assert_eq!(declined.init_containers, None, "it declined what would be injected");
        assert_eq!(declined.containers[0].resources.clone().and_then(|it| it.requests), None, "and sizes");
        assert_eq!(declined.scheduler_name.as_deref(), Some("outrigger"), "but not its placement");
    });
}

#[test]
fn in_a_strict_namespace_prepared_pes_and_pods_that_need_no_preparation_are_created() {
    shared(async |installation| {
        let cluster = &installation.cluster;
        cluster.create_labelled_namespace("strict", &[("outrigger.dev/enforcement", "strict")]).await.unwrap();
        let client = cluster.client().await.unwrap();
        let annotated = |annotations: &str| PLAIN.replace("annotations: {", &format!("annotations: {{{annotations}, "));
        let labels = "labels: {outrigger.dev/job: plain}";
        for (pod, policy, scheduler) in [
            (PLAIN.to_owned(), Some("annotations"), "outrigger"),
            (annotated("outrigger.dev/inject: 'false'"), Some("annotations"), "outrigger"),
            (
                annotated("outrigger.dev/policy: forged, outrigger.dev/sized-containers: main"),
                Some("annotations"),
                "outrigger",
            ),
            (annotated("outrigger.dev/policy: annotations"), Some("annotations"), "outrigger"),
            (PLAIN.replace("spec:", "spec:\n  schedulerName: outrigger"), Some("annotations"), "outrigger"),
            (PLAIN.replace("spec:", "spec:\n  hostNetwork: true"), Some("annotations"), "outrigger"),
            (PLAIN.replace("spec:", "spec:\n  schedulerName: another"), None, "another"),
            (PLAIN.replace(labels, "labels: {outrigger.dev/job: ''}"), None, "default-scheduler"),
            (PLAIN.replace(labels, "labels: {app: plain}"), None, "default-scheduler"),
        ] {
            let pod = create(&client, "strict", &pod, true).await.unwrap_or_else(|error| panic!("{pod}: {error:#}"));
            assert_eq!(annotation(&pod, "outrigger.dev/policy").ok(), policy);
            let spec = pod.spec.unwrap();
            assert_eq!(spec.scheduler_name.as_deref(), Some(scheduler));
            let is_sized = spec.containers[0].resources.as_ref().is_some_and(|it| it.requests.is_some());
            let declined = pod.metadata.annotations.unwrap().contains_key("outrigger.dev/inject");
            assert_eq!(is_sized, policy.is_some() && !declined, "a forged record keeps nothing away");
        }
    });
}

#[test]
fn t2_host_pools_that_contradict_themselves_are_refused_with_what_to_do() {
    shared(async |installation| {
        let (cluster, namespace) = (&installation.cluster, "host-pools");
        cluster.create_namespace(namespace).await.unwrap();
        let apply = async |spec: &str| {
            let pool =
                format!("{{apiVersion: outrigger.dev/v1alpha1, kind: HostPool, metadata: {{name: p}}, spec: {spec}}}");
            cluster.kubectl().feed(&["apply", "--server-side", "-n", namespace, "-f", "-"], &pool).await
        };
        let rejected = [
            ("{size: 0}", "spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1"),
            ("{size: 15001}", "should be less than or equal to 15000"),
            ("{mode: Exclusive, tags: [ssd]}", "an Exclusive pool needs a size: say how many nodes each job gets"),
            ("{mode: Private}", "supported values: \"Shared\", \"Exclusive\""),
            ("{tags: [ssd], hosts: [n1]}", "tags and hosts cannot be combined: keep one of them"),
            ("{hosts: [n1], size: 2}", "size is larger than the list of hosts: name more hosts or lower the size"),
            ("{tags: ['no/tag']}", "spec.tags[0] in body should match"),
            ("{tags: ssd}", "expected list"),
            ("{colour: red}", "field not declared in schema"),
        ];
        for (spec, expected) in rejected {
            let error = apply(spec).await.unwrap_err().to_string();
            assert!(error.contains(expected), "{spec}: {error}");
        }
        apply("{tags: [ssd], size: 2}").await.unwrap();
        let changes = [
            ("{tags: [ssd, gpu], size: 2}", "tags are immutable"),
            ("{size: 2}", "tags are immutable"),
            ("{tags: [ssd], size: 2, mode: Exclusive}", "mode is immutable"),
        ];
        for (spec, expected) in changes {
            let error = apply(spec).await.unwrap_err().to_string();
            assert!(error.contains(expected) && error.contains("create another HostPool"), "{spec}: {error}");
        }
        apply("{tags: [ssd], size: 3}").await.unwrap();
    });
}

#[tokio::test]
async fn while_outrigger_is_down_nobody_else_notices() {
    let mut installation = installed(|all| all).await;
    let nodes = ["n1", "n2"].map(FakeNode::new);
    installation.cluster.create_nodes(&nodes).await.unwrap();
    let strict = [("outrigger.dev/enforcement", "strict")];
    installation.cluster.create_labelled_namespace("strict", &strict).await.unwrap();
    let scheduler = SchedulerSettings::new("default-scheduler");
    let _scheduler = installation.cluster.start_scheduler(scheduler).await.unwrap();
    let client = installation.cluster.client().await.unwrap();
    create(&client, "strict", PLAIN, true).await.unwrap();

    drop(installation.scheduler.take());
    drop(installation.extender.take());
    let mut admission = installation.admission.take().unwrap();
    admission.process().kill();

    let kube_system: Api<Pod> = Api::namespaced(client.clone(), "kube-system");
    create(&client, "kube-system", PLAIN, false).await.unwrap();
    running(&kube_system, "plain").await.unwrap();
    let default: Api<Pod> = Api::default_namespaced(client.clone());
    let no_pe = PLAIN.replace("labels: {outrigger.dev/job: plain}", "labels: {app: plain}");
    create(&client, "default", &no_pe.replace("name: plain", "name: no-pe"), false).await.unwrap();
    running(&default, "no-pe").await.unwrap();

    let pe = create(&client, "default", PLAIN, false).await.unwrap();
    assert!(annotation(&pe, "outrigger.dev/policy").is_err(), "created bare, but created");
    running(&default, "plain").await.unwrap();
    let waiting = PLAIN.replace("spec:", "spec:\n  schedulerName: outrigger").replace(": plain", ": waiting");
    create(&client, "default", &waiting, false).await.unwrap();

    // What a user writes by hand does not stand for a webhook that has not answered.
    let sidecar = "spec:\n  schedulerName: outrigger\n  initContainers: [{name: otel-collector, image: none, restartPolicy: Always}]";
    let mark = "annotations: {outrigger.dev/policy: annotations, outrigger.dev/sized-containers: main, ";
    let marked = PLAIN.replace("annotations: {", mark);
    for forged in [PLAIN, &marked, &marked.replace("spec:", sidecar)] {
        let error = format!("{:#}", create(&client, "strict", forged, false).await.unwrap_err());
        assert!(error.contains(r#"failed calling webhook "strict.pods.outrigger.dev""#), "{error}");
    }
    create(&client, "strict", &no_pe, true).await.unwrap();
    let foreign = PLAIN.replace("spec:", "spec:\n  schedulerName: another");
    create(&client, "strict", &foreign, true).await.unwrap();

    // A process that hangs is worse than none: the one webhook waits for its second.
    admission.restart().await.unwrap();
    admission.process().suspend().unwrap();
    let started = Instant::now();
    create(&client, "default", &no_pe.replace("name: plain", "name: not-held-up"), false).await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(1), "a pod that is no PE is not held up: {:?}", started.elapsed());
    let started = Instant::now();
    create(&client, "default", &PLAIN.replace("name: plain", "name: held-up"), false).await.unwrap();
    let waited = started.elapsed();
    assert!((1..2).contains(&waited.as_secs()), "a PE is held up for the time-out of one call: {waited:?}");

    // Back again: the pod that waited is placed, and PEs are prepared as before.
    admission.restart().await.unwrap();
    let extender = installation.start_extender("extender-2").await.unwrap();
    let _ours = installation.start_scheduler("scheduler-2", &extender).await.unwrap();
    let pod = running(&default, "waiting").await.unwrap();
    annotation(&pod, "outrigger.dev/placement").unwrap();
    until("PEs are prepared", RUNNING, async || create(&client, "strict", PLAIN, true).await.map(drop)).await.unwrap();
}

/// Creates a pod, or (dry run) returns what would be created.
async fn create(client: &Client, namespace: &str, pod: &str, dry_run: bool) -> Result<Pod> {
    let pod: Pod = serde_saphyr::from_str(pod)?;
    let pods: Api<Pod> = Api::namespaced(client.clone(), namespace);
    Ok(pods.create(&PostParams { dry_run, ..PostParams::default() }, &pod).await?)
}

async fn list(client: &Client, namespace: &str) -> Result<Vec<Pod>> {
    let pods: Api<Pod> = Api::namespaced(client.clone(), namespace);
    Ok(pods.list(&ListParams::default()).await?.items)
}

/// All that a webhook could have changed.
fn content(pod: &Pod) -> Value {
    json!({ "labels": pod.metadata.labels, "annotations": pod.metadata.annotations, "spec": pod.spec })
}
