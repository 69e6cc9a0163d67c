//! Random pods, limit ranges and classes: mostly good ones, some that Kubernetes rejects.
#![expect(clippy::indexing_slicing, reason = "fields of JSON that is made here")]

use serde_json::{Map, Value, json};

use crate::noise::Noise;

const CPU: [&str; 20] = [
    "0", "1m", "10m", "100m", "250m", "0.1", "0.25", "1", "1.5", "2", "1e-1", "100u", "1500u", "999999n", "1500001n",
    "0.0005", "3e-3", "+1", ".5", "1.",
];
const BYTES: [&str; 20] = [
    "0",
    "1",
    "1000",
    "64Mi",
    "100Mi",
    "128M",
    "1Gi",
    "1.5Gi",
    "0.5Gi",
    "1e8",
    "123456789",
    "12.3Mi",
    "1500m",
    "1Ki",
    "1e9",
    "0.1",
    "100k",
    "1E6",
    "2.5e6",
    "3Gi",
];
const WHOLE: [&str; 4] = ["0", "1", "2", "4"];
const HUGE_PAGES: [&str; 4] = ["2Mi", "4Mi", "1Gi", "0"];
/// More than the amounts above: limits above requests, and values for the whole pod above those of containers.
const MUCH_CPU: [&str; 5] = ["16", "20", "16500m", "1e2", "64"];
const MUCH_MEMORY: [&str; 5] = ["64Gi", "100G", "1e11", "70000Mi", "128Gi"];
const WRONG: [&str; 8] = ["-1", "1.5.5", "", "1 Gi", "abc", "1e", "1KI", "1i"];

/// A random object follows from its number alone.
pub(super) struct Random(Noise);

impl Random {
    pub(super) fn new(seed: usize) -> Self {
        Self(Noise::new(u64::try_from(seed).unwrap_or_default().wrapping_mul(2) + 3))
    }

    pub(super) fn below(&mut self, limit: usize) -> usize {
        self.0.below(limit)
    }

    pub(super) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub(super) fn pick<'v>(&mut self, values: &[&'v str]) -> &'v str {
        values.get(self.below(values.len())).copied().unwrap_or_default()
    }

    fn amount(&mut self, resource: &str) -> &'static str {
        match resource {
            "cpu" => self.pick(&CPU),
            "memory" | "ephemeral-storage" => self.pick(&BYTES),
            "hugepages-2Mi" => self.pick(&HUGE_PAGES),
            _ => self.pick(&WHOLE),
        }
    }

    fn much(&mut self, resource: &str) -> &'static str {
        if resource == "cpu" { self.pick(&MUCH_CPU) } else { self.pick(&MUCH_MEMORY) }
    }

    /// Requests and limits of a container, in most cases such as Kubernetes accepts.
    pub(super) fn resources(&mut self) -> Value {
        let (mut requests, mut limits) = (Map::new(), Map::new());
        for (resource, percent) in [("cpu", 70), ("memory", 60), ("ephemeral-storage", 15)] {
            if !self.chance(percent) {
                continue;
            }
            let amount = self.amount(resource);
            match self.below(8) {
                0..3 => drop(requests.insert(resource.to_owned(), json!(amount))),
                3 => drop(limits.insert(resource.to_owned(), json!(amount))),
                4 => {
                    requests.insert(resource.to_owned(), json!(amount));
                    limits.insert(resource.to_owned(), json!(amount));
                }
                _ => {
                    requests.insert(resource.to_owned(), json!(amount));
                    limits.insert(resource.to_owned(), json!(self.much(resource)));
                }
            }
        }
        for (resource, percent) in [("hugepages-2Mi", 6), ("example.com/gpu", 10)] {
            if self.chance(percent) {
                let amount = self.amount(resource);
                limits.insert(resource.to_owned(), json!(amount));
                if self.chance(40) {
                    requests.insert(resource.to_owned(), json!(amount));
                }
            }
        }
        both(requests, limits)
    }

    /// Values for the whole pod.
    fn pod_level(&mut self) -> Value {
        let (mut requests, mut limits) = (Map::new(), Map::new());
        for resource in ["cpu", "memory"] {
            match self.below(4) {
                0 => drop(requests.insert(resource.to_owned(), json!(self.much(resource)))),
                1 => drop(limits.insert(resource.to_owned(), json!(self.much(resource)))),
                2 => {
                    let amount = self.much(resource);
                    requests.insert(resource.to_owned(), json!(amount));
                    limits.insert(resource.to_owned(), json!(amount));
                }
                _ => {}
            }
        }
        if self.chance(10) {
            limits.insert("hugepages-2Mi".to_owned(), json!("2Gi"));
        }
        both(requests, limits)
    }

    fn container(&mut self, name: &str) -> Value {
        let mut container = json!({"name": name, "image": "none"});
        if self.chance(85) {
            container["resources"] = self.resources();
        }
        container
    }

    /// A pod with up to three containers and three init containers.
    pub(super) fn pod(&mut self, name: &str, namespace: &str, runtime_classes: &[&str]) -> Value {
        let containers: Vec<Value> = (0..=self.below(3)).map(|at| self.container(&format!("c{at}"))).collect();
        let mut spec = json!({"containers": containers, "terminationGracePeriodSeconds": 0});
        if self.chance(50) {
            let init_containers = (0..=self.below(3)).map(|at| {
                let mut container = self.container(&format!("i{at}"));
                if self.chance(50) {
                    container["restartPolicy"] = json!("Always");
                }
                container
            });
            spec["initContainers"] = init_containers.collect();
        }
        if self.chance(25) {
            spec["resources"] = self.pod_level();
        }
        if !runtime_classes.is_empty() && self.chance(30) {
            spec["runtimeClassName"] = json!(self.pick(runtime_classes));
        }
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": namespace}, "spec": spec})
    }

    /// What else placement reads of a pod: ports, priority, tolerations, node selector.
    pub(super) fn add_requirements(&mut self, pod: &mut Value, priority_classes: &[&str]) {
        let spec = &mut pod["spec"];
        let host_network = self.chance(20);
        if host_network {
            spec["hostNetwork"] = json!(true);
        }
        let mut free_port = 8000;
        for list in ["containers", "initContainers"] {
            for container in spec[list].as_array_mut().into_iter().flatten() {
                if self.chance(30) {
                    free_port += 1;
                    container["ports"] = json!([self.port(free_port, host_network)]);
                }
            }
        }
        if self.chance(40) {
            spec["priorityClassName"] = json!(self.pick(priority_classes));
        }
        if self.chance(40) {
            spec["tolerations"] = (0..=self.below(3)).map(|_| self.toleration()).collect();
        }
        if self.chance(20) {
            spec["nodeSelector"] = json!({"tier": self.pick(&["a", "b"])});
        }
    }

    fn port(&mut self, number: u16, host_network: bool) -> Value {
        let mut port = json!({"containerPort": number});
        match self.below(4) {
            0 => port["hostPort"] = json!(number),
            1 if !host_network || self.chance(20) => port["hostPort"] = json!(number + 100),
            2 => port["protocol"] = json!(self.pick(&["TCP", "UDP", "SCTP"])),
            _ => {}
        }
        if !host_network && self.chance(20) {
            port["hostIP"] = json!("127.0.0.1");
        }
        port
    }

    pub(super) fn toleration(&mut self) -> Value {
        let mut toleration = json!({});
        let key = self.pick(&["", "a", "b", "node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"]);
        let exists = key.is_empty() || self.chance(50);
        if !key.is_empty() {
            toleration["key"] = json!(key);
        }
        if exists {
            toleration["operator"] = json!("Exists");
        } else {
            if self.chance(50) {
                toleration["operator"] = json!("Equal");
            }
            toleration["value"] = json!(self.pick(&["x", "y"]));
        }
        let effect = self.pick(&["", "NoSchedule", "PreferNoSchedule", "NoExecute"]);
        if !effect.is_empty() {
            toleration["effect"] = json!(effect);
        }
        if effect == "NoExecute" && self.chance(50) {
            toleration["tolerationSeconds"] = json!(self.below(600));
        }
        toleration
    }

    /// Damages a pod: one field becomes something that Kubernetes may reject.
    pub(super) fn damage(&mut self, pod: &mut Value) {
        let (resource, wrong) = (self.pick(&["cpu", "memory", "example.com/gpu"]), self.pick(&WRONG));
        let amounts = &mut pod["spec"]["containers"][0]["resources"];
        match self.below(16) {
            0 => amounts["requests"][resource] = json!(wrong),
            1 => amounts["limits"][resource] = json!(wrong),
            2 => amounts["requests"] = json!({"cpu": "2", "memory": "5Gi"}),
            3 => *amounts = json!({"requests": {"cpu": "2"}, "limits": {"cpu": self.amount("cpu")}}),
            4 => *amounts = json!({"requests": {"gpu": "1"}, "limits": {"gpu": "1"}}),
            5 => *amounts = json!({"requests": {"example.com/gpu": "1"}}),
            6 => *amounts = json!({"limits": {"example.com/gpu": self.pick(&["1500m", "0.5", "1e0"])}}),
            7 => *amounts = json!({"limits": {"hugepages-2Mi": self.pick(&["2Mi", "3Mi"])}}),
            8 => {
                *amounts = json!({"limits": {"cpu": "1", "memory": "1Gi", "hugepages-2Mi": "4Mi"}, "requests": {"hugepages-2Mi": "2Mi"}});
            }
            9 => {
                pod["spec"]["resources"] =
                    json!({"requests": {"cpu": self.amount("cpu")}, "limits": {"memory": self.amount("memory")}});
            }
            10 => {
                pod["spec"]["resources"] =
                    json!({"limits": {self.pick(&["example.com/gpu", "ephemeral-storage", "pods"]): "1"}});
            }
            // Without a class, `simulate` keeps overhead and priority, so that they can be tried (`docs/simulate.md`).
            11 if pod["spec"]["runtimeClassName"].is_string() => {
                pod["spec"]["overhead"] = json!({"cpu": self.amount("cpu")});
            }
            13 if pod["spec"]["priorityClassName"].as_str().is_some_and(|class| class != "missing") => {
                pod["spec"]["priority"] = json!(if self.chance(50) { -5 } else { 1_000 });
            }
            12 => pod["spec"]["tolerations"] = json!([self.wrong_toleration()]),
            14 => pod["spec"]["runtimeClassName"] = json!("missing"),
            _ => pod["spec"]["containers"][0]["ports"] = json!([self.wrong_port()]),
        }
    }

    fn wrong_toleration(&mut self) -> Value {
        match self.below(7) {
            0 => json!({"operator": "Equal", "value": "x"}),
            1 => json!({"key": "a", "operator": "Exists", "value": "x"}),
            2 => json!({"key": "a", "operator": "Exists", "effect": "NoSchedule", "tolerationSeconds": 5}),
            3 => json!({"key": "a", "operator": "In", "value": "x"}),
            4 => json!({"key": "a", "operator": "Exists", "effect": "Never"}),
            5 => json!({"key": "not a key", "operator": "Exists"}),
            _ => json!({"key": "a", "operator": "Equal", "value": "not a value"}),
        }
    }

    fn wrong_port(&mut self) -> Value {
        match self.below(5) {
            0 => json!({"containerPort": 0}),
            1 => json!({"containerPort": 80, "hostPort": 70_000}),
            2 => json!({"containerPort": 80, "protocol": "ICMP"}),
            3 => json!({"hostPort": 80}),
            _ => json!({"containerPort": 80, "hostPort": 81, "hostIP": "nowhere"}),
        }
    }

    /// A limit range for one resource: two of one namespace never set the same default.
    pub(super) fn limit_range(&mut self, name: &str, namespace: &str, resource: &str) -> Value {
        let [small, middle, large] = match resource {
            "cpu" => [["0", "1m", "0.001"], ["100m", "0.25", "1500u"], ["2", "70", "110"]],
            _ => [["0", "1", "1k"], ["64Mi", "1e8", "0.5Gi"], ["4Gi", "130G", "128Gi"]],
        };
        let mut item = json!({"type": "Container"});
        for (member, values, percent) in
            [("min", small, 40), ("default", middle, 50), ("defaultRequest", small, 50), ("max", large, 40)]
        {
            if self.chance(percent) {
                item[member] = json!({resource: self.pick(&values)});
            }
        }
        if self.chance(15) {
            item["maxLimitRequestRatio"] = json!({resource: self.pick(&["1", "1.5", "10", "2500m"])});
        }
        let mut limits = vec![item];
        if self.chance(40) {
            let mut item = json!({"type": "Pod"});
            item[if self.chance(50) { "max" } else { "min" }] =
                json!({resource: if self.chance(50) { self.pick(&large) } else { self.pick(&small) }});
            limits.push(item);
        }
        json!({
            "apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": name, "namespace": namespace},
            "spec": {"limits": limits},
        })
    }

    /// A runtime class.
    pub(super) fn runtime_class(&mut self, name: &str) -> Value {
        let mut class = json!({
            "apiVersion": "node.k8s.io/v1", "kind": "RuntimeClass", "metadata": {"name": name}, "handler": "other",
        });
        if self.chance(70) {
            class["overhead"] = json!({"podFixed": {"cpu": self.amount("cpu"), "memory": self.amount("memory")}});
        }
        if self.chance(60) {
            let tolerations: Vec<Value> = (0..=self.below(2)).map(|_| self.toleration()).collect();
            class["scheduling"] = json!({"nodeSelector": {"tier": "a"}, "tolerations": tolerations});
        }
        class
    }
}

fn both(requests: Map<String, Value>, limits: Map<String, Value>) -> Value {
    let mut resources = json!({});
    for (member, amounts) in [("requests", requests), ("limits", limits)] {
        if !amounts.is_empty() {
            resources[member] = Value::Object(amounts);
        }
    }
    resources
}
