//! Input of `outrigger simulate` as people have it: dumps, manifests by hand, folders. What is foretold is what the API
//! server, the controllers and kube-scheduler make of it.

use serde_json::{Value, json};

use crate::objects::{node, pod};
use crate::simulate::{Files, placed, simulate};

/// The nodes of pods by their names.
type Nodes = Vec<(String, Option<String>)>;

fn waits(name: &str) -> (String, Option<String>) {
    (name.to_owned(), None)
}

fn on(name: &str, node: &str) -> (String, Option<String>) {
    (name.to_owned(), Some(node.to_owned()))
}

/// A PE by hand: nothing that an API server sets. It declines injection.
fn bare(name: &str, resources: &Value) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "name": name, "namespace": "ns", "labels": {"outrigger.dev/job": "j"},
            "annotations": {"outrigger.dev/inject": "false"},
        },
        "spec": {"containers": [{"name": "pe", "image": "pe:1", "resources": resources}]},
    })
}

fn asks(name: &str, cpu: &str) -> Value {
    bare(name, &json!({"requests": {"cpu": cpu}}))
}

/// A pod that no policy governs.
fn of_no_policy(mut pod: Value) -> Value {
    pod["metadata"].as_object_mut().unwrap().remove("labels");
    pod
}

fn bound(node: &str, mut pod: Value) -> Value {
    pod["spec"]["nodeName"] = json!(node);
    pod
}

fn leaving(mut pod: Value) -> Value {
    pod["metadata"]["deletionTimestamp"] = json!("2026-11-01T10:00:30Z");
    pod["metadata"]["deletionGracePeriodSeconds"] = json!(30);
    pod
}

/// Exit code and nodes with one node of four cores.
fn on_one_node(workload: &[Value]) -> (i32, Nodes) {
    let files = Files::new();
    let cluster = files.list("cluster.json", &[node("n1")]);
    let (code, nodes, _) = placed(&cluster, &files.list("pods.json", workload), &[]);
    (code, nodes)
}

/// The same file as cluster and workload.
fn as_one_dump(objects: &[Value]) -> (i32, Nodes) {
    let files = Files::new();
    let dump = files.list("dump.json", objects);
    let (code, nodes, _) = placed(&dump, &dump, &[]);
    (code, nodes)
}

/// Exit code and standard error with one node of four cores.
fn said(workload: &[Value]) -> (i32, String) {
    let files = Files::new();
    let cluster = files.list("cluster.json", &[node("n1")]);
    let workload = files.list("pods.json", workload);
    let (code, _, error) = simulate(&["--cluster", &cluster, "--workload", &workload], "");
    (code, error)
}

#[test]
fn a_bound_pod_that_leaves_keeps_its_room_in_one_dump() {
    let old = leaving(bound("n1", asks("old", "3")));
    assert_eq!(as_one_dump(&[node("n1"), old, asks("new", "2")]), (3, vec![waits("ns/new")]));
    let of_others = leaving(bound("n1", of_no_policy(asks("old", "3"))));
    assert_eq!(as_one_dump(&[node("n1"), of_others, asks("new", "2")]), (3, vec![waits("ns/new")]));
}

#[test]
fn pods_without_a_uid_or_with_a_copied_one_are_pods_of_their_own() {
    let copied = |name: &str| {
        let mut pod = bound("n1", asks(name, "1"));
        pod["metadata"]["uid"] = json!("copied");
        pod
    };
    let all = [asks("a", "1"), asks("b", "1"), bound("n1", asks("c", "1")), copied("d"), copied("e")];
    let files = Files::new();
    let cluster = files.list("cluster.json", &[&[node("n1")], &all[2..]].concat());
    let (code, nodes, _) = placed(&cluster, &files.list("pods.json", &all[..2]), &[]);
    assert_eq!((code, nodes), (3, vec![on("ns/a", "n1"), waits("ns/b")]), "three of four cores are taken");
}

#[test]
fn a_limit_alone_is_a_request_on_a_node_and_before() {
    let limited = |name: &str| bare(name, &json!({"limits": {"cpu": "3"}}));
    assert_eq!(on_one_node(&[limited("a"), limited("b")]), (3, vec![on("ns/a", "n1"), waits("ns/b")]));
    let files = Files::new();
    let cluster = files.list("cluster.json", &[node("n1"), bound("n1", limited("old"))]);
    let (code, nodes, _) = placed(&cluster, &files.list("pods.json", &[asks("new", "2")]), &[]);
    assert_eq!((code, nodes), (3, vec![waits("ns/new")]));
}

#[test]
fn classes_and_limit_ranges_of_either_input_count() {
    let class = |name: &str, value: i32, is_default: bool| {
        json!({
            "apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": name}, "value": value,
            "globalDefault": is_default,
        })
    };
    let of_class = |name: &str, class: &str| {
        let mut pod = asks(name, "3");
        pod["spec"]["priorityClassName"] = json!(class);
        pod
    };
    let urgent = [asks("plain", "3"), of_class("urgent", "urgent"), class("urgent", 1_000, false)];
    assert_eq!(on_one_node(&urgent), (3, vec![on("ns/urgent", "n1"), waits("ns/plain")]));
    let usual = [of_class("late", "late"), class("late", -1, false), class("usual", 10, true), asks("plain", "3")];
    assert_eq!(on_one_node(&usual), (3, vec![on("ns/plain", "n1"), waits("ns/late")]));
    let limits = json!({
        "apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "lr", "namespace": "ns"},
        "spec": {"limits": [{"type": "Container", "default": {"cpu": 3}, "max": {"cpu": "3500m"}}]},
    });
    let ranged = [bare("a", &json!({})), bare("b", &json!({})), limits.clone()];
    assert_eq!(on_one_node(&ranged), (3, vec![on("ns/a", "n1"), waits("ns/b")]));
    let (code, error) = said(&[limits, bare("big", &json!({"limits": {"cpu": "4"}}))]);
    let problem = "pods.json:1:";
    let rest = "Pod ns/big: spec.containers[0].resources.limits.cpu: LimitRange `lr` allows at most 3500m of cpu";
    assert!(code == 2 && error.contains(problem) && error.contains(rest), "{error}");
}

#[test]
fn an_amount_that_cannot_be_read_is_told_where_it_stands() {
    let limit_range = |amount: Value| {
        json!({
            "apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "lr", "namespace": "ns"},
            "spec": {"limits": [{"type": "Container", "max": {"cpu": amount}}]},
        })
    };
    let (code, error) = said(&[limit_range(json!("lots")), asks("a", "1")]);
    let problem = "LimitRange ns/lr: spec.limits[0].max.cpu: `lots` is not a quantity";
    assert!(code == 2 && error.contains(problem), "{error}");
    let mut own = node("n1");
    own["status"] = json!({"capacity": {"cpu": "lots"}});
    let files = Files::new();
    let (cluster, workload) = (files.list("cluster.json", &[own]), files.list("pods.json", &[asks("a", "1")]));
    let (code, _, error) = simulate(&["--cluster", &cluster, "--workload", &workload], "");
    assert!(code == 2 && error.contains("Node n1: status.capacity.cpu: `lots` is not a quantity"), "{error}");
}

#[test]
fn a_runtime_class_takes_its_overhead_and_its_nodes() {
    let class = json!({
        "apiVersion": "node.k8s.io/v1", "kind": "RuntimeClass", "metadata": {"name": "kata"}, "handler": "kata",
        "overhead": {"podFixed": {"cpu": 2}}, "scheduling": {"nodeSelector": {"kubernetes.io/hostname": "n2"}},
    });
    let mut own = asks("a", "2500m");
    own["spec"]["runtimeClassName"] = json!("kata");
    let files = Files::new();
    let cluster = files.list("cluster.json", &[node("n1"), node("n2"), class]);
    let (code, _, document) = placed(&cluster, &files.list("pods.json", &[own]), &[]);
    let reasons = json!({"InsufficientResources": 1, "NodeAffinityMismatch": 1});
    assert_eq!((code, &document["placements"][0]["reasons"]), (3, &reasons));
}

#[test]
fn a_text_that_looks_like_a_large_number_does_not_hide_a_dump() {
    let files = Files::new();
    let text = "apiVersion: v1\nkind: Node\nmetadata: {name: n1, labels: {commit: 81e4567}}\nstatus:\n  \
                capacity: {cpu: 4, memory: 16Gi, pods: 110}\n";
    let cluster = files.write("cluster.yaml", text);
    let mut own = asks("a", "1");
    own["spec"]["nodeSelector"] = json!({"commit": "81e4567"});
    let (code, nodes, _) = placed(&cluster, &files.list("pods.json", &[own]), &[]);
    assert_eq!((code, nodes), (0, vec![on("ns/a", "n1")]));
    // Errors behind it still have their place.
    let wrong = format!("{text}---\nkind: Pod\nmetadata: {{name: p, labels: {{a: 9e999, b: 1}}}}\n");
    let wrong = files.write("wrong.yaml", wrong);
    let (_, _, error) = simulate(&["--cluster", &wrong, "--workload", &wrong], "");
    assert!(error.contains("wrong.yaml:8:43: Pod default/p: metadata.labels.b: the number `1`"), "{error}");
}

#[test]
fn a_controller_counts_once_with_its_pods_and_its_owner() {
    let template = json!({
        "metadata": {"labels": {"app": "web", "outrigger.dev/job": "j"}, "annotations": {"outrigger.dev/inject": "false"}},
        "spec": {"containers": [{"name": "pe", "image": "pe:1", "resources": {"requests": {"cpu": "1"}}}]},
    });
    let controller = |kind: &str, name: &str| {
        json!({
            "apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name, "namespace": "ns", "uid": name},
            "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "web"}}, "template": template},
        })
    };
    let owned = |kind: &str, owner: &str, mut object: Value| {
        object["metadata"]["ownerReferences"] =
            json!([{"apiVersion": "apps/v1", "kind": kind, "name": owner, "uid": owner, "controller": true}]);
        object
    };
    let deployment = controller("Deployment", "web");
    let set = owned("Deployment", "web", controller("ReplicaSet", "web-5d4f"));
    let of_web = |mut pod: Value| {
        pod["metadata"]["labels"]["app"] = json!("web");
        pod
    };
    let own = owned("ReplicaSet", "web-5d4f", of_web(asks("web-5d4f-x", "1")));
    let expected = vec![on("ns/web-5d4f-x", "n1"), on("ns/web-5d4f-0", "n1")];
    assert_eq!(on_one_node(&[own.clone(), deployment.clone(), set]), (0, expected));
    let expected = vec![on("ns/web-5d4f-x", "n1"), on("ns/web-0", "n1")];
    assert_eq!(on_one_node(&[own, deployment.clone()]), (0, expected), "a dump without the ReplicaSet");
    // Pods that run count where only the cluster has them.
    let files = Files::new();
    let running = owned("ReplicaSet", "web-1", of_web(bound("n1", asks("web-1-a", "1"))));
    let cluster = files.list("cluster.json", &[node("n1"), running]);
    let (_, nodes, document) = placed(&cluster, &files.list("web.json", &[deployment]), &[]);
    assert_eq!((nodes, &document["jobs"][0]["of"]), (vec![on("ns/web-0", "n1")], &json!(2)));
}

#[test]
fn jobs_that_are_suspended_done_or_half_done_create_what_they_would() {
    let job = |name: &str, spec: Value, status: Value| {
        let mut job = json!({
            "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name, "namespace": "ns"}, "spec": spec,
            "status": status,
        });
        job["spec"]["template"] = json!({
            "metadata": {"labels": {"outrigger.dev/job": "j"}},
            "spec": {"containers": [{"name": "pe", "image": "pe:1"}]},
        });
        job
    };
    let done = json!({"conditions": [{"type": "Complete", "status": "True"}]});
    let half = job("half", json!({"completions": 3, "parallelism": 3}), json!({"succeeded": 2}));
    let objects = [job("off", json!({"suspend": true}), json!({})), job("done", json!({}), done), half];
    assert_eq!(on_one_node(&objects), (0, vec![on("ns/half-0", "n1")]));
    let (code, error) = said(&objects[..2]);
    let notes = "note: Job ns/off is suspended, and creates no pod\nnote: Job ns/done has ended, and creates no pod\n";
    assert_eq!((code, error.as_str()), (0, notes));
}

#[test]
fn a_stateful_set_that_creates_pods_one_by_one_never_has_a_gang() {
    let set = |gang: &str, policy: Option<&str>| {
        json!({
            "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "s", "namespace": "ns"},
            "spec": {"replicas": 3, "podManagementPolicy": policy, "template": {
                "metadata": {"labels": {"outrigger.dev/job": "j"}, "annotations": {"outrigger.dev/gang": gang}},
                "spec": {"containers": [{"name": "pe", "image": "pe:1", "resources": {"requests": {"cpu": "1500m"}}}]},
            }},
        })
    };
    assert_eq!(on_one_node(&[set("3", None)]), (3, vec![waits("ns/s-0")]), "its second pod is not created");
    assert_eq!(on_one_node(&[set("3", Some("OrderedReady"))]).1.len(), 1);
    let all = vec![waits("ns/s-0"), waits("ns/s-1"), waits("ns/s-2")];
    assert_eq!(on_one_node(&[set("3", Some("Parallel"))]), (3, all), "three do not fit");
    let alone = vec![on("ns/s-0", "n1"), on("ns/s-1", "n1"), waits("ns/s-2")];
    assert_eq!(on_one_node(&[set("true", None)]), (3, alone), "each is a gang of its own");
    let (_, error) = said(&[set("3", None)]);
    assert!(error.contains("StatefulSet ns/s creates its next pod once the last one runs"), "{error}");
    assert!(error.contains("write podManagementPolicy: Parallel"), "{error}");
}

#[test]
fn times_that_lie_ahead_do_not_move_the_time_of_the_input() {
    let mut busy = node("n1");
    busy["metadata"]["creationTimestamp"] = json!("2026-11-01T09:59:00Z");
    let old = leaving(bound("n1", asks("old", "1")));
    let mut lease = json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "l"}});
    lease["spec"] = json!({"renewTime": "2030-01-01T00:00:00Z"});
    let files = Files::new();
    let cluster = files.list("cluster.json", &[busy, old, lease.clone()]);
    let workload = files.list("pods.json", &[asks("a", "1"), lease]);
    let (_, _, document) = placed(&cluster, &workload, &[]);
    assert_eq!(
        document["placements"][0]["record"]["time"],
        json!("2026-11-01T10:00:00Z"),
        "the deletion was asked for"
    );
}

#[test]
fn waiting_pods_of_no_policy_take_room_by_priority_and_time() {
    let created = |time: &str, mut pod: Value| {
        pod["metadata"]["creationTimestamp"] = json!(time);
        pod
    };
    let manager = |time: &str| created(time, of_no_policy(asks("manager", "3")));
    let worker = || created("2026-11-01T10:00:05Z", asks("worker", "3"));
    assert_eq!(on_one_node(&[worker(), manager("2026-11-01T10:00:00Z")]), (3, vec![waits("ns/worker")]));
    assert_eq!(on_one_node(&[worker(), manager("2026-11-01T10:00:09Z")]), (0, vec![on("ns/worker", "n1")]));
    let mut gated = manager("2026-11-01T10:00:00Z");
    gated["spec"]["schedulingGates"] = json!([{"name": "example.com/wait"}]);
    assert_eq!(on_one_node(&[worker(), gated]), (0, vec![on("ns/worker", "n1")]), "it does not wait for a node");
    let files = Files::new();
    let cluster = files.list("cluster.json", &[node("n1")]);
    let workload = files.list("pods.json", &[worker(), manager("2026-11-01T10:00:09Z")]);
    assert_eq!(placed(&cluster, &workload, &["--path", "planned"]).0, 3, "it is not gated until there is a plan");
}

#[test]
fn what_is_not_simulated_is_told_in_one_line() {
    let with = |name: &str, spec: Value| {
        let mut pod = asks(name, "100m");
        pod["spec"].as_object_mut().unwrap().extend(spec.as_object().unwrap().clone());
        pod
    };
    let claim = json!([{"name": "v", "persistentVolumeClaim": {"claimName": "c"}}]);
    let spread = json!([{"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule"}]);
    let (_, error) = said(&[
        with("a", json!({"volumes": claim, "topologySpreadConstraints": spread})),
        with("b", json!({"volumes": claim})),
        with("c", json!({"resourceClaims": [{"name": "gpu"}]})),
        with("d", json!({})),
        bound("n1", with("e", json!({"resourceClaims": [{"name": "gpu"}]}))),
    ]);
    let note = "note: not simulated, so 3 PEs may go elsewhere or wait: volumes (2), resource claims (DRA) (1), topology spread (1)\n";
    assert_eq!(error, note);
}

/// A volume, and the claim `ns/NAME` that is bound to it.
fn bound_claim(name: &str, source: &str, hosts: &[&str]) -> [Value; 2] {
    let expression = json!({"key": "kubernetes.io/hostname", "operator": "In", "values": hosts});
    let affinity = json!({"required": {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}});
    let spec = json!({source: {"path": "/mnt"}, "nodeAffinity": affinity});
    let volume = json!({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": format!("pv-{name}")}, "spec": spec});
    let spec = json!({"volumeName": format!("pv-{name}")});
    let metadata = json!({"name": name, "namespace": "ns"});
    [volume, json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": spec})]
}

#[test]
fn a_pe_goes_where_its_bound_volume_is() {
    let with_claim = |name: &str, claim: &str| {
        let mut pod = asks(name, "100m");
        pod["spec"]["volumes"] = json!([{"name": "v", "persistentVolumeClaim": {"claimName": claim}}]);
        pod
    };
    let host = |name: &str| {
        let mut node = node(name);
        node["metadata"]["labels"] = json!({"kubernetes.io/hostname": name});
        node
    };
    let files = Files::new();
    let of_cluster = [&[host("n1"), host("n2")][..], &bound_claim("disk", "local", &["n2"])].concat();
    let cluster = files.list("cluster.json", &of_cluster);
    // The volumes of the workload replace those of the same name in the cluster.
    let of_workload = [
        &[with_claim("a", "disk"), with_claim("b", "driver"), with_claim("c", "missing"), with_claim("d", "gone")][..],
        &bound_claim("disk", "local", &["n2"]),
        &bound_claim("driver", "csi", &["n1"]),
        &bound_claim("gone", "local", &["n3"]),
    ];
    let workload = files.list("pods.json", &of_workload.concat());
    let (code, nodes, document) = placed(&cluster, &workload, &[]);
    assert_eq!((code, &nodes[..2], &nodes[3]), (3, &[on("ns/a", "n2"), on("ns/b", "n1")][..], &waits("ns/d")));
    assert_eq!(document["placements"][3]["reasons"], json!({"VolumeNodeAffinityConflict": 2}));
    let (_, _, error) = simulate(&["--cluster", &cluster, "--workload", &workload], "");
    assert_eq!(error, "note: not simulated, so 2 PEs may go elsewhere or wait: volumes (1), volume limits (1)\n");
}

#[test]
fn a_resource_of_a_device_class_is_not_counted_and_told() {
    let asks_for_device = || bare("a", &json!({"limits": {"example.com/fpga": 1}}));
    assert_eq!(on_one_node(&[asks_for_device()]), (3, vec![waits("ns/a")]));
    let class = json!({
        "apiVersion": "resource.k8s.io/v1", "kind": "DeviceClass", "metadata": {"name": "fpga"},
        "spec": {"extendedResourceName": "example.com/fpga"},
    });
    assert_eq!(on_one_node(&[asks_for_device(), class.clone()]), (0, vec![on("ns/a", "n1")]));
    let (_, error) = said(&[asks_for_device(), class]);
    assert_eq!(error, "note: not simulated, so 1 PE may go elsewhere or wait: resource claims (DRA) (1)\n");
}

#[test]
fn what_is_written_and_empty_is_what_kubernetes_reads() {
    let files = Files::new();
    let cluster = "apiVersion: v1\nkind: Node\nmetadata: {name: n1, labels: {tag.outrigger.dev/ssd: }, annotations: }\n\
                   spec: {taints: , unschedulable: }\nstatus: {capacity: {cpu: 4, memory: 16Gi, pods: 110}, conditions: }\n\
                   ---\napiVersion: v1\nkind: List\nitems:\n";
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: p, uid: , labels: {outrigger.dev/job: j}, annotations: \
               {outrigger.dev/host-tags: ssd}, ownerReferences: }\nspec: {nodeSelector: , affinity: , tolerations: , \
               initContainers: , volumes: , containers: [{name: c, image: i, ports: , resources: {limits: , requests: \
               {cpu: }}}]}\nstatus:\n";
    let (cluster, workload) = (files.write("cluster.yaml", cluster), files.write("pod.yaml", pod));
    let (code, nodes, _) = placed(&cluster, &workload, &[]);
    assert_eq!((code, nodes), (0, vec![on("default/p", "n1")]));
    let (_, _, error) = simulate(&["--cluster", &cluster, "--workload", &workload], "");
    assert_eq!(error, "note: nodes without the condition Ready, which count as ready: n1\n");
}

#[test]
fn objects_without_a_namespace_are_in_the_namespace_default() {
    let without = |mut object: Value| {
        object["metadata"].as_object_mut().unwrap().remove("namespace");
        object
    };
    let pool = json!({
        "apiVersion": "outrigger.dev/v1alpha1", "kind": "HostPool", "metadata": {"name": "own"},
        "spec": {"hosts": ["n2"]},
    });
    let mut in_pool = without(asks("a", "1"));
    in_pool["metadata"]["annotations"]["outrigger.dev/host-pool"] = json!("own");
    let mut apart = in_pool.clone();
    apart["metadata"]["name"] = json!("b");
    apart["metadata"]["annotations"]["outrigger.dev/isolated"] = json!("true");
    let files = Files::new();
    let running = bound("n1", without(asks("c", "1")));
    let cluster = files.list("cluster.json", &[node("n1"), node("n2"), pool, running]);
    let (code, nodes, document) = placed(&cluster, &files.list("pods.json", &[in_pool, apart]), &[]);
    assert_eq!((code, nodes), (3, vec![on("default/a", "n2"), waits("default/b")]));
    assert_eq!(document["jobs"], json!([{"job": "default/j", "placed": 2, "of": 3, "cutTraffic": 0.0}]));
}

#[test]
fn generated_names_are_names_of_their_own() {
    let mut generated = asks("x", "1");
    generated["metadata"].as_object_mut().unwrap().remove("name");
    generated["metadata"]["generateName"] = json!("pe-");
    let (code, nodes) = on_one_node(&[generated.clone(), asks("pe-1", "1"), generated]);
    let names: Vec<&str> = nodes.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!((code, names), (0, vec!["ns/pe-0", "ns/pe-1", "ns/pe-2"]));
}

#[test]
fn files_of_powershell_and_folders_with_other_files_are_read() {
    let files = Files::new();
    let text = node("n1").to_string();
    let bytes: Vec<u8> = [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    let cluster = files.write_bytes("cluster.json", &bytes);
    let folder = files.folder("jobs", &pod("a").to_string());
    for (name, text) in [("chart.yaml", "{{- if .Values.on }}\na: [\n"), ("values.yaml", "replicas: 3\n")] {
        files.write(&format!("jobs/{name}"), text);
    }
    let (code, _, error) = simulate(&["--cluster", &cluster, "--workload", &folder], "");
    let note = "note: files without a Kubernetes object, which are skipped: ";
    assert!(code == 0 && error.starts_with(note), "{error}");
    assert!(error.contains("jobs/chart.yaml, ") && error.contains("jobs/values.yaml\n"), "{error}");
    files.write("jobs/cut.yaml", "kind: Pod\nmetadata: {name: [\n");
    let (code, _, error) = simulate(&["--cluster", &cluster, "--workload", &folder], "");
    assert!(code == 2 && error.contains("cut.yaml:2:"), "a manifest that is cut is told: {error}");
}

#[test]
fn a_workload_of_kinds_that_only_an_operator_reads_names_them_and_the_way_out() {
    let object =
        |version: &str, kind: &str| json!({"apiVersion": version, "kind": kind, "metadata": {"name": "a"}, "spec": {}});
    let (code, error) =
        said(&[object("flink.apache.org/v1beta1", "FlinkDeployment"), object("batch.volcano.sh/v1alpha1", "Job")]);
    let kinds = "but 1 FlinkDeployment, 1 Job.batch.volcano.sh, whose pods only an operator creates; add the pods";
    assert!(code == 2 && error.contains(kinds), "{error}");
}

#[test]
fn a_node_that_lacks_a_tag_of_the_pool_is_rejected_for_the_tag() {
    let mut tagged = asks("a", "1");
    tagged["metadata"]["annotations"]["outrigger.dev/host-tags"] = json!("ssd");
    let mut elsewhere = tagged.clone();
    elsewhere["metadata"]["name"] = json!("b");
    elsewhere["spec"]["nodeSelector"] = json!({"zone": "z"});
    let files = Files::new();
    let workload = files.list("pods.json", &[tagged, elsewhere]);
    let (_, _, document) = placed(&files.list("cluster.json", &[node("n1")]), &workload, &[]);
    assert_eq!(document["placements"][0]["reasons"], json!({"PoolTagMissing": 1}));
    assert_eq!(document["placements"][1]["reasons"], json!({"NodeAffinityMismatch": 1}), "the pod's own selector");
}
