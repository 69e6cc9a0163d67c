use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{ApiServer, Rejection};
use crate::admission::{Context, KnownDemand};
use crate::model::{Declarations, Namespace, ObjectId, Pools};
use crate::testing::policies;

/// The pod as it is stored. No policy governs it.
fn created(server: &ApiServer, pod: &Value) -> Result<Value, Rejection> {
    let (policies, pools, declared) = (policies(""), Pools::default(), Declarations::default());
    server.create(
        pod.clone(),
        Context {
            policies: &policies,
            pools: &pools,
            declared: &declared,
            constraints: &server.constraints(),
            demand: KnownDemand::default(),
        },
    )
}

fn stored(server: &ApiServer, pod: &Value) -> Value {
    created(server, pod).unwrap()
}

fn rejection(server: &ApiServer, pod: &Value) -> String {
    created(server, pod).unwrap_err().to_string()
}

fn pod(spec: &Value) -> Value {
    json!({"metadata": {"name": "a", "namespace": "ns"}, "spec": spec})
}

fn with_container(resources: &Value) -> Value {
    pod(&json!({"containers": [{"name": "pe", "resources": resources}]}))
}

fn read<T: DeserializeOwned>(object: Value) -> T {
    serde_json::from_value(object).unwrap()
}

fn with_limits(limits: &Value) -> ApiServer {
    let limit_range = json!({"metadata": {"name": "lr", "namespace": "ns"}, "spec": {"limits": limits}});
    let id = ObjectId::new(&Namespace::from("ns"), "lr");
    ApiServer { limit_ranges: [(id, read(limit_range))].into(), ..ApiServer::default() }
}

fn with_classes(classes: &[(&str, i32, bool)]) -> ApiServer {
    let class = |(name, value, is_default): &(&str, i32, bool)| {
        let class = json!({"metadata": {"name": name}, "value": value, "globalDefault": is_default});
        ((*name).to_owned(), read(class))
    };
    ApiServer { priority_classes: classes.iter().map(class).collect(), ..ApiServer::default() }
}

fn with_runtime_class(class: Value) -> ApiServer {
    ApiServer { runtime_classes: [("kata".to_owned(), read(class))].into(), ..ApiServer::default() }
}

#[test]
fn limits_are_copied_to_missing_requests_of_every_container() {
    let limits = || json!({"limits": {"cpu": "2", "example.com/gpu": "1"}, "requests": {"cpu": "1"}});
    let spec = json!({"containers": [{"resources": limits()}], "initContainers": [{"resources": limits()}]});
    let stored = stored(&ApiServer::default(), &pod(&spec));
    for list in ["containers", "initContainers"] {
        assert_eq!(stored["spec"][list][0]["resources"]["requests"], json!({"cpu": "1", "example.com/gpu": "1"}));
    }
}

#[test]
fn container_ports_are_host_ports_in_the_hosts_network_alone() {
    let spec = |host: bool| {
        let ports =
            json!([{"containerPort": 80}, {"containerPort": 81, "hostPort": 0}, {"containerPort": 82, "hostPort": 82}]);
        json!({"hostNetwork": host, "containers": [{"ports": ports}], "initContainers": [{"ports": [{"containerPort": 70}]}]})
    };
    let ports = |host: bool| {
        let stored = stored(&ApiServer::default(), &pod(&spec(host)));
        let of = |list: &str| stored["spec"][list][0]["ports"].as_array().unwrap().clone();
        let all = [of("containers"), of("initContainers")].concat();
        all.iter().map(|port| port["hostPort"].as_u64().unwrap_or(0)).collect::<Vec<u64>>()
    };
    assert_eq!((ports(true), ports(false)), (vec![80, 81, 82, 70], vec![0, 0, 82, 0]));
}

#[test]
fn a_pod_has_the_value_of_its_class_or_of_the_default_class() {
    let server = with_classes(&[("high", 7, false), ("low", 2, true), ("other", 5, true)]);
    let priority = |server: &ApiServer, spec: Value| stored(server, &pod(&spec))["spec"]["priority"].clone();
    assert_eq!(priority(&server, json!({"priorityClassName": "high"})), json!(7));
    assert_eq!(priority(&server, json!({})), json!(2), "the lowest of several default classes");
    assert_eq!(priority(&ApiServer::default(), json!({})), json!(0));
    assert_eq!(priority(&server, json!({"priority": 9})), json!(9), "a priority can be tried without a class");
    for (name, value) in [("system-node-critical", 2_000_001_000), ("system-cluster-critical", 2_000_000_000)] {
        assert_eq!(priority(&ApiServer::default(), json!({"priorityClassName": name})), json!(value));
    }
}

#[test]
fn a_class_that_is_unknown_or_has_another_value_is_a_rejection_with_the_way_out() {
    let server = with_classes(&[("high", 7, false)]);
    let said = rejection(&server, &pod(&json!({"priorityClassName": "higher"})));
    assert!(said.starts_with("spec.priorityClassName: PriorityClass `higher` is in none of the files; add "), "{said}");
    let said = rejection(&server, &pod(&json!({"priorityClassName": "high", "priority": 8})));
    assert_eq!(said, "spec.priority: PriorityClass `high` has the value 7; remove the priority");
    let known =
        json!({"priorityClassName": "higher", "priority": 9, "runtimeClassName": "kata", "overhead": {"cpu": "1"}});
    assert_eq!(stored(&server, &pod(&known))["spec"]["priority"], json!(9), "a cluster has looked the classes up");
    let said = rejection(&server, &pod(&json!({"runtimeClassName": "kata"})));
    assert!(said.starts_with("spec.runtimeClassName: RuntimeClass `kata` is in none of the files; add "), "{said}");
}

#[test]
fn a_limit_range_gives_what_containers_do_not_have() {
    let server = with_limits(&json!([
        {"type": "Container", "default": {"cpu": "2"}, "defaultRequest": {"cpu": "1"}, "max": {"memory": "4Gi"}},
        {"type": "Container", "min": {"ephemeral-storage": "1Gi"}},
    ]));
    let bare = stored(&server, &with_container(&json!({})));
    let resources = &bare["spec"]["containers"][0]["resources"];
    assert_eq!(resources["requests"], json!({"cpu": "1", "memory": "4Gi", "ephemeral-storage": "1Gi"}));
    assert_eq!(resources["limits"], json!({"cpu": "2", "memory": "4Gi"}));
    let set = "LimitRanger plugin set: cpu, ephemeral-storage, memory request for container pe; cpu, memory limit for \
               container pe";
    assert_eq!(bare["metadata"]["annotations"]["kubernetes.io/limit-ranger"], json!(set));
    let own = stored(&server, &with_container(&json!({"limits": {"cpu": "500m"}})));
    assert_eq!(own["spec"]["containers"][0]["resources"]["requests"]["cpu"], json!("500m"), "defaults come first");
    let mut elsewhere = with_container(&json!({}));
    elsewhere["metadata"]["namespace"] = json!("other");
    assert_eq!(stored(&server, &elsewhere)["spec"]["containers"][0]["resources"], json!({}));
}

#[test]
fn a_limit_range_rejects_what_is_below_above_or_out_of_proportion() {
    let cpu = |request: &str, limit: &str| json!({"requests": {"cpu": request}, "limits": {"cpu": limit}});
    let of = |kind: &str, bound: &str, amount: &str| with_limits(&json!([{"type": kind, bound: {"cpu": amount}}]));
    for (server, resources, said) in [
        (
            of("Container", "min", "500m"),
            cpu("250m", "1"),
            "spec.containers[0].resources.requests.cpu: LimitRange `lr` wants at least 500m of cpu in each container, and \
             the request is less; the API server rejects the pod",
        ),
        (
            of("Container", "max", "1"),
            cpu("250m", "2"),
            "spec.containers[0].resources.limits.cpu: LimitRange `lr` allows at most 1 of cpu in each container, and the \
             limit is more; the API server rejects the pod",
        ),
        (
            of("Container", "maxLimitRequestRatio", "1500m"),
            cpu("1", "1501m"),
            "spec.containers[0].resources.limits.cpu: LimitRange `lr` allows a limit of cpu of at most 1500m times the \
             request, and the limit is more; the API server rejects the pod",
        ),
        (
            of("Pod", "max", "1"),
            json!({}),
            "spec: LimitRange `lr` allows at most 1 of cpu in each pod, and there is no limit; the API server rejects the \
             pod",
        ),
    ] {
        assert_eq!(rejection(&server, &with_container(&resources)), said);
    }
    for (server, resources) in [
        (of("Container", "min", "250m"), cpu("250m", "1")),
        (of("Container", "max", "2"), cpu("250m", "2")),
        (of("Container", "maxLimitRequestRatio", "1500m"), cpu("1", "1500m")),
        (of("PersistentVolumeClaim", "min", "9"), cpu("1", "1")),
    ] {
        stored(&server, &with_container(&resources));
    }
}

#[test]
fn a_runtime_class_gives_overhead_node_selector_and_tolerations() {
    let server = with_runtime_class(json!({
        "metadata": {"name": "kata"}, "handler": "kata", "overhead": {"podFixed": {"cpu": "250m"}},
        "scheduling": {"nodeSelector": {"runtime": "kata"}, "tolerations": [{"key": "kata", "operator": "Exists"}]},
    }));
    let spec = |more: &Value| {
        let mut spec = json!({"runtimeClassName": "kata", "nodeSelector": {"zone": "a"}});
        spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        pod(&spec)
    };
    let stored = stored(&server, &spec(&json!({})));
    assert_eq!(stored["spec"]["overhead"], json!({"cpu": "250m"}));
    assert_eq!(stored["spec"]["nodeSelector"], json!({"runtime": "kata", "zone": "a"}));
    assert!(stored["spec"]["tolerations"].as_array().unwrap().contains(&json!({"key": "kata", "operator": "Exists"})));
    let said = rejection(&server, &spec(&json!({"nodeSelector": {"runtime": "runc"}})));
    assert_eq!(said, "spec.nodeSelector.runtime: RuntimeClass `kata` asks for the value `kata`; remove the key");
    let said = rejection(&server, &spec(&json!({"overhead": {"cpu": "1"}})));
    assert_eq!(said, "spec.overhead: differs from the overhead of RuntimeClass `kata`; remove it");
}

#[test]
fn lost_nodes_are_tolerated_for_a_while_unless_the_pod_says_for_how_long() {
    let tolerations = |own: Value| {
        let stored = stored(&ApiServer::default(), &pod(&json!({"tolerations": own})));
        stored["spec"]["tolerations"].as_array().unwrap().clone()
    };
    let keys = |own: Value| {
        tolerations(own).iter().map(|one| one["key"].as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(keys(json!([])), ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"]);
    assert_eq!(tolerations(json!([]))[0]["tolerationSeconds"], json!(300));
    assert_eq!(keys(json!([{"operator": "Exists"}])), [""]);
    let unreachable = json!([{"key": "node.kubernetes.io/unreachable", "effect": "NoExecute", "tolerationSeconds": 5}]);
    assert_eq!(keys(unreachable), ["node.kubernetes.io/unreachable", "node.kubernetes.io/not-ready"]);
    let other_effect = json!([{"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}]);
    assert_eq!(keys(other_effect).len(), 3);
}

#[test]
fn values_for_the_whole_pod_are_completed_from_its_containers() {
    let resources = |own: Value, container: Value| {
        let spec = json!({"resources": own, "containers": [{"resources": container}, {"resources": container}]});
        stored(&ApiServer::default(), &pod(&spec))["spec"]["resources"].clone()
    };
    let cpu = |amount: &str| json!({"cpu": amount});
    assert_eq!(
        resources(json!({"limits": {"cpu": "3", "memory": "1Gi"}}), json!({"requests": cpu("500m")})),
        json!({"requests": {"cpu": "1", "memory": "1073741824"}, "limits": {"cpu": "3", "memory": "1Gi"}}),
        "a request is the sum of the containers, or else the limit"
    );
    assert_eq!(
        resources(json!({"requests": cpu("3")}), json!({"limits": {"cpu": "1500m", "hugepages-2Mi": "2Mi"}})),
        json!({
            "requests": {"cpu": "3", "hugepages-2Mi": "4194304"}, "limits": {"cpu": "3", "hugepages-2Mi": "4194304"},
        }),
        "a limit is the sum where each container has one; huge pages have a limit"
    );
    assert_eq!(resources(json!({}), json!({"requests": cpu("1")})), json!({}), "containers alone set nothing");
}

#[test]
fn tolerations_of_a_runtime_class_that_another_covers_are_left_out() {
    let scheduling = json!({"tolerations": [
        {"key": "kata", "operator": "Exists", "effect": "NoSchedule"}, {"key": "a", "operator": "Equal", "value": "b"},
    ]});
    let server = with_runtime_class(json!({"metadata": {"name": "kata"}, "handler": "k", "scheduling": scheduling}));
    let keys = |own: Value| {
        let stored = stored(&server, &pod(&json!({"runtimeClassName": "kata", "tolerations": own})));
        let all = stored["spec"]["tolerations"].as_array().unwrap().clone();
        all.iter().map(|one| one["key"].as_str().unwrap_or("any").to_owned()).collect::<Vec<String>>()
    };
    assert_eq!(keys(json!([{"operator": "Exists"}])), ["any"]);
    assert_eq!(
        keys(json!([{"key": "kata", "operator": "Exists"}, {"operator": "Exists", "effect": "NoExecute"}])),
        ["kata", "any", "a"]
    );
}

#[test]
fn ports_and_values_for_the_whole_pod_that_contradict_themselves_are_rejected() {
    let said = |spec: Value| rejection(&ApiServer::default(), &pod(&spec));
    let asking = |cpu: &str| json!({"requests": {"cpu": cpu}, "limits": {"cpu": cpu}});
    let containers = || json!([{"resources": asking("1")}, {"resources": asking("2")}]);
    assert_eq!(
        said(json!({"hostNetwork": true, "containers": [{"ports": [{"containerPort": 1, "hostPort": 2}]}]})),
        "spec.containers[0].ports[0].hostPort: differs from containerPort in the host's network; remove it"
    );
    assert_eq!(
        said(json!({"containers": containers(), "resources": {"requests": {"cpu": "2500m"}}})),
        "spec.resources.requests.cpu: `2500m` is less than the sum of the containers; raise it"
    );
    assert_eq!(
        said(json!({"containers": containers(), "resources": {"requests": {"cpu": "3"}, "limits": {"cpu": "1"}}})),
        "spec.resources.requests.cpu: `3` exceeds the limit; raise the limit"
    );
    let limited = json!([{"resources": {"limits": {"memory": "2Gi"}, "requests": {"memory": "0"}}}]);
    assert_eq!(
        said(json!({"containers": limited, "resources": {"limits": {"memory": "1Gi"}}})),
        "spec.containers[0].resources.limits.memory: `2Gi` exceeds the limit of the whole pod; raise spec.resources.limits"
    );
    assert_eq!(
        said(json!({"containers": [{"resources": {"limits": {"hugepages-2Mi": "2Mi"}}}]})),
        "spec.containers[0].resources: huge pages need CPU or memory beside them; add a request"
    );
    assert_eq!(
        said(json!({"containers": [{"resources": {"limits": {"gpu": "1"}}}]})),
        "spec.containers[0].resources.limits.gpu: Kubernetes has no resource `gpu`; write a name with a domain, such as \
         example.com/gpu"
    );
}

#[test]
fn ports_tolerations_and_amounts_that_the_api_server_does_not_know_are_rejected() {
    let said = |spec: &Value| rejection(&ApiServer::default(), &pod(spec));
    let port = |port: Value| json!({"containers": [{"ports": [port]}]});
    let toleration = |toleration: Value| json!({"containers": [], "tolerations": [toleration]});
    let limits = |limits: Value| json!({"containers": [{"resources": {"limits": limits}}]});
    for (spec, expected) in [
        (port(json!({"hostPort": 80})), "spec.containers[0].ports[0].containerPort: write a number from 1 to 65535"),
        (
            port(json!({"containerPort": 80, "hostPort": 70_000})),
            "spec.containers[0].ports[0].hostPort: write a number from 1 to 65535",
        ),
        (
            port(json!({"containerPort": 80, "protocol": "ICMP"})),
            "spec.containers[0].ports[0].protocol: `ICMP` is not TCP, UDP or SCTP",
        ),
        (
            toleration(json!({"operator": "Equal", "value": "x"})),
            "spec.tolerations[0].operator: without a key it has to be Exists",
        ),
        (
            toleration(json!({"key": "a", "operator": "Exists", "value": "x"})),
            "spec.tolerations[0].value: operator Exists takes no value; remove it",
        ),
        (
            toleration(json!({"key": "a", "operator": "In"})),
            "spec.tolerations[0].operator: `In` is not Equal or Exists",
        ),
        (
            toleration(json!({"key": "a", "tolerationSeconds": 5})),
            "spec.tolerations[0].tolerationSeconds: needs the effect NoExecute",
        ),
        (
            limits(json!({"example.com/gpu": "1500m"})),
            "spec.containers[0].resources.limits[example.com/gpu]: `1500m` is not a whole number of example.com/gpu; \
             round it",
        ),
        (
            limits(json!({"cpu": "1", "hugepages-2Mi": "3Mi"})),
            "spec.containers[0].resources.limits.hugepages-2Mi: `3Mi` is not a whole number of hugepages-2Mi; round it",
        ),
        (
            json!({"containers": [], "resources": {"limits": {"ephemeral-storage": "1"}}}),
            "spec.resources.limits.ephemeral-storage: has no value for the whole pod; write it at a container",
        ),
    ] {
        assert_eq!(said(&spec), expected);
    }
}

#[test]
fn a_template_of_a_controller_is_checked_before_a_limit_range_completes_it() {
    let server = with_limits(&json!([{"type": "Container", "default": {"memory": "1Gi"}}]));
    let mut pages = with_container(&json!({"limits": {"hugepages-2Mi": "2Mi"}}));
    stored(&server, &pages);
    pages["metadata"]["ownerReferences"] = json!([{"kind": "Job", "name": "j", "controller": true}]);
    assert!(rejection(&server, &pages).contains("huge pages need CPU or memory"));
}

#[test]
fn a_request_above_its_limit_is_rejected() {
    let said = |resources: Value| rejection(&ApiServer::default(), &with_container(&resources));
    assert_eq!(
        said(json!({"requests": {"cpu": "2"}, "limits": {"cpu": "1"}})),
        "spec.containers[0].resources.requests.cpu: `2` exceeds the limit; raise the limit"
    );
    assert_eq!(
        said(json!({"requests": {"example.com/gpu": "1"}})),
        "spec.containers[0].resources.requests[example.com/gpu]: example.com/gpu needs a limit that equals the request; \
         write the limit alone"
    );
}

#[test]
fn a_pod_that_a_cluster_has_stored_is_not_changed_again() {
    let server = with_limits(&json!([{"type": "Container", "default": {"cpu": "2"}, "min": {"cpu": "1"}}]));
    let mut dumped = with_container(&json!({"requests": {"memory": "1Gi"}}));
    dumped["status"] = json!({"qosClass": "Burstable", "phase": "Pending"});
    assert_eq!(stored(&server, &dumped), dumped, "the limit range is younger than the pod");
}

#[test]
fn the_name_of_a_scheduler_and_gates_are_removed() {
    let spec = json!({"schedulerName": "mine", "schedulingGates": [{"name": "g"}], "containers": []});
    let stored = stored(&ApiServer::default(), &pod(&spec));
    assert_eq!((stored["spec"].get("schedulerName"), stored["spec"].get("schedulingGates")), (None, None));
}
