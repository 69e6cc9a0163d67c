//! What holds for any pod under any policy.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};
use serde_json::{Map, Value, json};

use super::support::{decided, decided_by, decided_in, policies, pools, review};
use crate::admission::{Context, Decision, KnownDemand, SkipReason, mutate};
use crate::model::{
    Bytes, Declarations, DemandForecasts, DemandHistory, DemandKey, DemandPath, DemandShare, DemandedQuantity,
    JobDemand, LimitRange, MOST_HORIZON_STEPS, Namespace, ObjectId, OfResources, OomKill, OomKills, QuotaDemand,
    QuotaScope, RequestRange, ResourceConstraints, ResourceList, ResourceQuota, Resources,
};
use crate::policy::PolicySet;

type Values = BoxedStrategy<Value>;

/// One of these values.
fn one_of(values: &Value) -> Values {
    select(values.as_array().unwrap().clone()).boxed()
}

/// An object with these members, each absent, null or there, and with members that nobody knows.
fn object(members: Vec<(&'static str, Values)>) -> Values {
    let mut strategies: Vec<BoxedStrategy<Option<(String, Value)>>> = Vec::new();
    for (key, value) in members {
        let there = value.prop_map(move |value| Some((key.to_owned(), value)));
        let null = Just(Some((key.to_owned(), Value::Null)));
        strategies.push(prop_oneof![2 => Just(None), 1 => null, 5 => there].boxed());
    }
    let unknown = ("unknown[A-C]", one_of(&json!([1, "text", null, [1, {"x": null}], {"deep": {"er": 1.5}}])));
    strategies.push(prop_oneof![2 => Just(None), 1 => unknown.prop_map(Some)].boxed());
    strategies.prop_map(|members| Value::Object(members.into_iter().flatten().collect())).boxed()
}

/// Objects with other members.
fn map(objects: Values, change: impl Fn(Map<String, Value>) -> Map<String, Value> + 'static) -> Values {
    objects.prop_map(move |value| Value::Object(change(value.as_object().unwrap().clone()))).boxed()
}

fn list(element: Values, most: usize) -> Values {
    vec(element, 0..=most).prop_map(Value::Array).boxed()
}

fn resources() -> Values {
    let amounts = || {
        let amounts = object(vec![
            ("cpu", one_of(&json!(["1m", "0.25", "500m", 1, "1500m", "2"]))),
            ("memory", one_of(&json!(["64Mi", 1_000_000, "1Gi", "1G", "2Gi"]))),
            ("example.com/gpu", one_of(&json!(["1"]))),
        ]);
        // Names of resources are no place for unknown members.
        let known = |(key, _): &(String, Value)| !key.starts_with("unknown");
        map(amounts, move |amounts| amounts.into_iter().filter(known).collect())
    };
    object(vec![("requests", amounts()), ("limits", amounts())])
}

/// Some of these containers, in any order.
fn containers(names: &[&'static str]) -> Values {
    let most = names.len();
    let container = object(vec![
        ("resources", resources()),
        ("restartPolicy", one_of(&json!(["Always"]))),
        ("ports", one_of(&json!([[{"containerPort": 80}], [{"containerPort": 4317}]]))),
    ]);
    (subsequence(names.to_vec(), 0..=most).prop_shuffle(), vec(container, most))
        .prop_map(|(names, containers)| {
            let pairs = names.into_iter().zip(containers);
            let with_names = pairs.map(|(name, mut one)| {
                one["name"] = json!(name);
                one
            });
            with_names.collect()
        })
        .boxed()
}

/// What a `LimitRange` may have filled in, whether the pod has it or not.
fn limit_ranger() -> Values {
    let sentence = ("cpu|memory|cpu, memory", "request|limit", "container pe|container other|init container first");
    let sentence = sentence.prop_map(|(resources, kind, container)| format!("{resources} {kind} for {container}"));
    vec(sentence, 0..6).prop_map(|all| json!(format!("LimitRanger plugin set: {}", all.join("; ")))).boxed()
}

fn affinity() -> Values {
    let requirement = one_of(&json!([
        {"key": "zone", "operator": "In", "values": ["a"]},
        {"key": "tag.outrigger.dev/ssd", "operator": "Exists"},
    ]));
    let field = one_of(&json!([{"key": "metadata.name", "operator": "In", "values": ["n1"]}]));
    let term = object(vec![("matchExpressions", list(requirement, 2)), ("matchFields", list(field, 1))]);
    let required = object(vec![("nodeSelectorTerms", list(term, 3))]);
    let node = object(vec![("requiredDuringSchedulingIgnoredDuringExecution", required)]);
    object(vec![("nodeAffinity", node), ("podAntiAffinity", one_of(&json!([{"x": 1}])))])
}

fn tolerations() -> Values {
    let toleration = object(vec![
        ("key", one_of(&json!(["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable", "mine"]))),
        ("operator", one_of(&json!(["Exists"]))),
        ("effect", one_of(&json!(["NoExecute", "NoSchedule"]))),
        ("tolerationSeconds", one_of(&json!([300, 5]))),
    ]);
    list(toleration, 4)
}

fn annotations() -> Values {
    let rarely = |values: Value| prop_oneof![3 => Just(json!("true")), 1 => one_of(&values)].boxed();
    object(vec![
        ("outrigger.dev/host-pool", one_of(&json!(["tagged", "listed", "odd", "absent"]))),
        ("outrigger.dev/host-tags", one_of(&json!(["ssd", "a,b", "a,,b"]))),
        ("outrigger.dev/isolated", rarely(json!(["what"]))),
        ("outrigger.dev/inject", rarely(json!(["false", "maybe"]))),
        ("outrigger.dev/policy", one_of(&json!(["forged", "first"]))),
        ("outrigger.dev/withheld", one_of(&json!(["relay=Declined", "two=PortInUse,relay=VolumeMissing", "?"]))),
        ("outrigger.dev/placement", one_of(&json!(["{}"]))),
        ("outrigger.dev/wake", one_of(&json!(["1"]))),
        ("kubernetes.io/limit-ranger", limit_ranger()),
    ])
}

fn labels() -> Values {
    let labels = object(vec![
        ("outrigger.dev/pe", one_of(&json!(["0", ""]))),
        ("outrigger.dev/job", one_of(&json!(["j"]))),
        ("apps.kubernetes.io/pod-index", one_of(&json!(["3"]))),
    ]);
    map(labels, |mut labels| {
        // At the API server a label is a text, never null.
        labels.retain(|_, value| value.is_string());
        labels.insert("app".to_owned(), json!("streams"));
        labels
    })
}

fn pod() -> Values {
    let metadata = object(vec![
        ("annotations", annotations()),
        ("ownerReferences", one_of(&json!([[{"controller": true, "name": "set"}], []]))),
        ("generateName", one_of(&json!(["pe-"]))),
    ]);
    let spec = object(vec![
        ("schedulerName", one_of(&json!(["default-scheduler", "outrigger", ""]))),
        ("nodeName", one_of(&json!(["n1", ""]))),
        ("os", one_of(&json!([{"name": "linux"}, {"name": "linux"}, {"name": "windows"}]))),
        ("priorityClassName", one_of(&json!(["high"]))),
        ("hostNetwork", one_of(&json!([true, false, false]))),
        ("initContainers", containers(&["first", "relay", "second"])),
        ("tolerations", tolerations()),
        ("affinity", affinity()),
        ("volumes", one_of(&json!([[{"name": "state"}], []]))),
        ("resources", prop_oneof![4 => Just(json!({})), 1 => resources()].boxed()),
    ]);
    (metadata, labels(), spec, containers(&["pe", "other", "third"]), object(vec![]))
        .prop_map(|(mut metadata, labels, mut spec, containers, mut pod)| {
            metadata["labels"] = labels;
            spec["containers"] = containers;
            pod["metadata"] = metadata;
            pod["spec"] = spec;
            pod
        })
        .boxed()
}

const SIDECARS: [&str; 4] = [
    "",
    "  injection:
    sidecars: [{name: relay, image: r, resources: {requests: {cpu: 20m, memory: 64Mi}, limits: {memory: 128Mi}}}, {name: two, image: t}]
    listensOn: {two: [4317]}
",
    "  injection: {sidecars: [{name: relay, image: r, resources: {limits: {cpu: 1, memory: 1Gi}}}]}\n",
    "  injection: {sidecars: [{name: relay, image: r}, {name: two, image: t, volumeMounts: [{name: state, mountPath: /s}]}]}\n",
];
const SIZES: [&str; 6] = [
    "",
    "  resources: {requests: {cpu: 500m, memory: 1Gi}}\n",
    "  resources: {limits: {cpu: 500m, memory: 1Gi}}\n",
    "  resources: {containers: [pe], requests: {cpu: 1, example.com/gpu: 1}, limits: {cpu: 1, memory: 1Gi, example.com/gpu: 1}}\n",
    "  resources: {from: demand, requests: {cpu: 500m, memory: 1Gi}, limits: {cpu: 500m}, min: {cpu: 100m}}\n",
    "  resources: {from: demand, requests: {cpu: 100m}, override: true, containers: [pe, other], max: {memory: 2Gi}}\n",
];
const RECOVERY: [&str; 3] = ["", "  recovery: {tolerationSeconds: 10}\n", "  recovery: {tolerationSeconds: 300}\n"];
const DIALECTS: [&str; 3] = ["", "  dialect: flink\n", "  dialect: kafka-streams\n"];
/// The second one lets go of a pod that gets the label.
const SELECTORS: [&str; 2] = [
    "{matchLabels: {app: streams}}",
    "{matchLabels: {app: streams}, matchExpressions: [{key: outrigger.dev/job, operator: DoesNotExist}]}",
];
/// One more policy, which selects by the label that the first one may add.
const RIVALS: [&str; 3] = ["", "  priority: -1\n", "  priority: 1\n"];

fn document(name: &str, selector: &str, rest: &[&str]) -> String {
    let rest = rest.concat();
    format!(
        "---\napiVersion: outrigger.dev/v1alpha1\nkind: StreamPolicy\nmetadata: {{name: {name}}}\n\
         spec:\n  selector: {{podSelector: {selector}}}\n{rest}"
    )
}

fn policy_set() -> BoxedStrategy<PolicySet> {
    let injected = (select(&SIDECARS[..]), select(&SIZES[..]));
    let selected = (select(&SELECTORS[..]), select(&DIALECTS[..]), select(&RIVALS[..]));
    (selected, injected, select(&RECOVERY[..]))
        .prop_map(|((selector, dialect, rival), (sidecars, sizes), recovery)| {
            // Without the label, no pod is a PE of this dialect, and such a policy is refused.
            let selector = if dialect.is_empty() { SELECTORS[0] } else { selector };
            let mut text = document("first", selector, &[dialect, sidecars, sizes, recovery]);
            if !rival.is_empty() {
                let by_the_label = "{matchExpressions: [{key: outrigger.dev/job, operator: Exists}]}";
                text.push_str(&document("rival", by_the_label, &[rival, recovery]));
            }
            policies(&text)
        })
        .boxed()
}

/// The decision of the webhook about the creation of this pod.
fn reviewed(policies: &PolicySet, pod: &Value) -> Decision {
    let (pools, declared) = (pools(), Declarations::default());
    mutate(
        &review(pod),
        Context {
            policies,
            pools: &pools,
            declared: &declared,
            constraints: &ResourceConstraints::default(),
            demand: KnownDemand::default(),
        },
    )
    .unwrap()
    .decision
}

fn patched(pod: &Value, decision: &Decision) -> Value {
    let mut patched = pod.clone();
    json_patch::patch(&mut patched, decision.patch()).unwrap();
    patched
}

/// Every path that a patch may touch; `*` is one member or index.
const MAY_CHANGE: [&str; 26] = [
    "/metadata/labels",
    "/metadata/labels/outrigger.dev~1job",
    "/metadata/labels/outrigger.dev~1pe",
    "/metadata/annotations",
    "/metadata/annotations/outrigger.dev~1policy",
    "/metadata/annotations/outrigger.dev~1sized-containers",
    "/metadata/annotations/outrigger.dev~1resources",
    "/metadata/annotations/outrigger.dev~1placement",
    "/metadata/annotations/outrigger.dev~1epoch",
    "/metadata/annotations/outrigger.dev~1wake",
    "/metadata/annotations/outrigger.dev~1withheld",
    "/spec/initContainers",
    "/spec/initContainers/-",
    "/spec/containers/*/resources",
    "/spec/containers/*/resources/*",
    "/spec/containers/*/resources/*/*",
    "/spec/schedulerName",
    "/spec/nodeName",
    "/spec/affinity",
    "/spec/affinity/nodeAffinity",
    "/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution",
    "/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms/*/*",
    "/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms/*/*/-",
    "/spec/tolerations",
    "/spec/tolerations/-",
    "/spec/tolerations/*/tolerationSeconds",
];

fn is_listed(path: &str) -> bool {
    let same = |listed: &str| {
        let (listed, path): (Vec<&str>, Vec<&str>) = (listed.split('/').collect(), path.split('/').collect());
        listed.len() == path.len()
            && listed.iter().zip(&path).all(|(listed, member)| *listed == "*" || listed == member)
    };
    MAY_CHANGE.iter().any(|listed| same(listed))
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

fn amounts(container: &Value, kind: &str) -> Map<String, Value> {
    container["resources"][kind].as_object().cloned().unwrap_or_default()
}

fn amount(resource: &str, value: &Value) -> u64 {
    let text = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
    let mut resources = Resources::default();
    resources.set(resource, &text).unwrap();
    resources.get(resource)
}

/// Resources of a container whose request is above its limit.
fn inverted(container: &Value) -> BTreeSet<String> {
    let limits = amounts(container, "limits");
    let requests = amounts(container, "requests").into_iter();
    requests
        .filter(|(resource, request)| {
            let limit = limits.get(resource).filter(|limit| !limit.is_null());
            !request.is_null() && limit.is_some_and(|limit| amount(resource, request) > amount(resource, limit))
        })
        .map(|(resource, _)| resource)
        .collect()
}

fn request_range() -> BoxedStrategy<RequestRange> {
    let list = || {
        let amounts =
            (select(&["", "", "", "10m", "100m", "1"][..]), select(&["", "", "", "32Mi", "100Mi", "1Gi"][..]));
        amounts.prop_map(|(cpu, memory)| {
            let mut list = ResourceList::default();
            for (name, amount) in
                [("cpu", cpu), ("memory", memory)].into_iter().filter(|(_, amount)| !amount.is_empty())
            {
                list.set(name, amount).unwrap();
            }
            list
        })
    };
    let ratio = select(&["", "", "1", "1.5", "4"][..]).prop_map(|ratio| {
        let mut list = ResourceList::default();
        list.set("cpu", if ratio.is_empty() { "1000000" } else { ratio }).unwrap();
        if ratio.is_empty() { ResourceList::default() } else { list }
    });
    (list(), list(), list(), list(), ratio)
        .prop_map(|(min, max, default_limit, default_request, max_limit_request_ratio)| RequestRange {
            min,
            max,
            default_limit,
            default_request,
            max_limit_request_ratio,
        })
        .boxed()
}

fn constraints() -> BoxedStrategy<ResourceConstraints> {
    use DemandedQuantity::{CpuLimit, CpuRequest, MemoryLimit, MemoryRequest};
    let scope = prop_oneof![
        any::<bool>().prop_map(QuotaScope::BestEffort),
        any::<bool>().prop_map(QuotaScope::HasPriorityClass),
    ];
    let quantities = subsequence(vec![CpuRequest, CpuLimit, MemoryRequest, MemoryLimit], 0..=4);
    let demand = (vec(scope, 0..2), quantities).prop_map(|(scopes, quantities)| QuotaDemand { scopes, quantities });
    (request_range(), request_range(), demand)
        .prop_map(|(container, pod, demand)| {
            let id = ObjectId::new(&Namespace::from("ns"), "o");
            let mut constraints = ResourceConstraints::default();
            constraints.put_limit_range(LimitRange { id: id.clone(), container, pod });
            constraints.put_quota(ResourceQuota { id, demand });
            constraints
        })
        .boxed()
}

/// Forecasts of the job of every pod, and a kill of its PE.
fn known_demand() -> BoxedStrategy<(DemandForecasts, OomKills)> {
    let path = || {
        let path = (0.0_f32..4e9, 0.0_f32..1e9);
        path.prop_map(|(mean, deviation)| DemandPath {
            mean: [mean; MOST_HORIZON_STEPS],
            deviation: [deviation; MOST_HORIZON_STEPS],
        })
    };
    let share = DemandShare { of_job: 0.5, own_deviation: 0.1, peak: 1e8 };
    let history = Some(DemandHistory { observed_steps: 1_000, ..DemandHistory::default() });
    (proptest::option::of(path()), proptest::option::of(path()), any::<bool>())
        .prop_map(move |(cpu, memory, is_killed)| {
            let demand = JobDemand {
                total: OfResources { cpu, memory },
                interchangeable: OfResources { cpu: Some(share), memory: Some(share) },
                history: OfResources { cpu: history, memory: history },
                ..JobDemand::default()
            };
            let mut forecasts = DemandForecasts { step: SignedDuration::from_mins(5), steps: 12, ..Default::default() };
            let mut kills = OomKills::default();
            for job in ["j", "streams", "set", "pe"] {
                let key = DemandKey { namespace: Namespace::from("ns"), job: job.into() };
                forecasts.jobs.insert(key.clone(), Arc::new(demand.clone()));
                if is_killed {
                    let kill = OomKill { container: "pe".into(), memory: Bytes(1 << 29), at: Timestamp::UNIX_EPOCH };
                    kills.note(key, "pe-1".into(), kill);
                }
            }
            (forecasts, kills)
        })
        .boxed()
}

proptest! {
    #[test]
    fn resources_are_decided_once_whatever_is_known_then(
        pod in pod(), policies in policy_set(), constraints in constraints(), known in known_demand(),
    ) {
        let demand = KnownDemand { forecasts: Some(&known.0), oom_kills: Some(&known.1) };
        let decision = decided_by(demand, &constraints, &policies, &pod);
        prop_assert!(!decision.skip_reason().is_some_and(SkipReason::is_failure), "{:?}", decision);
        let after = patched(&pod, &decision);
        for demand in [demand, KnownDemand::default()] {
            let again = decided_by(demand, &constraints, &policies, &after);
            prop_assert!(again.patch().is_empty(), "{:?}", again.patch());
        }
        let mut found = BTreeSet::new();
        differences(&pod, &after, "", &mut found);
        for path in &found {
            prop_assert!(is_listed(path) && !path.contains("unknown"), "{path}");
        }
        let containers = |pod: &Value| pod["spec"]["containers"].as_array().unwrap().clone();
        for (before, after) in containers(&pod).iter().zip(&containers(&after)) {
            prop_assert!(inverted(after).is_subset(&inverted(before)), "{before} {after}");
        }
    }

    #[test]
    fn sidecars_are_decided_once_whatever_the_namespace_demands(
        pod in pod(), policies in policy_set(), constraints in constraints(),
    ) {
        let decision = decided_in(&constraints, &policies, &pod);
        prop_assert!(!decision.skip_reason().is_some_and(SkipReason::is_failure), "{:?}", decision);
        let again = decided_in(&constraints, &policies, &patched(&pod, &decision));
        prop_assert!(again.patch().is_empty(), "{:?}", again.patch());
        prop_assert_eq!(again.withheld(), decision.withheld());
    }

    #[test]
    fn a_patch_applies_and_the_second_is_empty(pod in pod(), policies in policy_set()) {
        let decision = decided(&policies, &pod);
        prop_assert!(!decision.skip_reason().is_some_and(SkipReason::is_failure), "{:?}", decision);
        let again = decided(&policies, &patched(&pod, &decision));
        prop_assert!(again.patch().is_empty(), "{:?}", again.patch());
        prop_assert_eq!(again.policy(), decision.policy());
    }

    #[test]
    fn a_review_is_decided_as_its_pod_and_the_second_review_has_no_patch(pod in pod(), policies in policy_set()) {
        let first = reviewed(&policies, &pod);
        let decision = decided(&policies, &pod);
        prop_assert_eq!(&first, &decision);
        let second = reviewed(&policies, &patched(&pod, &decision));
        prop_assert!(second.patch().is_empty(), "{:?}", second.patch());
        prop_assert_eq!(second.policy(), first.policy());
    }

    #[test]
    fn only_listed_paths_differ_and_unknown_members_survive(pod in pod(), policies in policy_set()) {
        let decision = decided(&policies, &pod);
        let mut found = BTreeSet::new();
        differences(&pod, &patched(&pod, &decision), "", &mut found);
        for path in found.iter().map(String::as_str).chain(decision.patch().iter().map(|one| one.path().as_str())) {
            prop_assert!(is_listed(path), "{path}");
            prop_assert!(!path.contains("unknown"), "{path}");
        }
    }

    #[test]
    fn no_request_rises_above_its_limit(pod in pod(), policies in policy_set()) {
        let after = patched(&pod, &decided(&policies, &pod));
        let containers = |pod: &Value| pod["spec"]["containers"].as_array().unwrap().clone();
        for (before, after) in containers(&pod).iter().zip(&containers(&after)) {
            prop_assert!(inverted(after).is_subset(&inverted(before)), "{before} {after}");
        }
    }

    #[test]
    fn the_users_init_containers_keep_their_order_and_come_first(pod in pod(), policies in policy_set()) {
        let after = patched(&pod, &decided(&policies, &pod));
        let init = |pod: &Value| pod["spec"]["initContainers"].as_array().cloned().unwrap_or_default();
        prop_assert!(init(&after).starts_with(&init(&pod)));
    }

    #[test]
    fn no_node_selector_term_is_lost_or_widened(pod in pod(), policies in policy_set()) {
        let required = |pod: &Value| {
            pod["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"].clone()
        };
        let terms = |pod: &Value| required(pod)["nodeSelectorTerms"].as_array().cloned().unwrap_or_default();
        let requirements = |term: &Value, list: &str| term[list].as_array().cloned().unwrap_or_default();
        let (before, after) = (pod.clone(), patched(&pod, &decided(&policies, &pod)));
        if !required(&before).is_null() {
            prop_assert_eq!(terms(&before).len(), terms(&after).len());
        }
        for (old, new) in terms(&before).iter().zip(&terms(&after)) {
            let all = |term: &Value| ["matchExpressions", "matchFields"].map(|list| requirements(term, list));
            for (old, new) in all(old).iter().zip(&all(new)) {
                prop_assert!(new.starts_with(old));
            }
            if all(old).concat().is_empty() {
                prop_assert_eq!(old, new, "an empty term matches no node and must not begin to");
            }
        }
    }

    #[test]
    fn the_same_pod_gets_the_same_answer_with_short_warnings(pod in pod(), policies in policy_set()) {
        let decision = decided(&policies, &pod);
        prop_assert_eq!(&decision, &decided(&policies, &pod));
        let distinct: BTreeSet<&String> = decision.warnings().iter().collect();
        prop_assert_eq!(distinct.len(), decision.warnings().len());
        for warning in decision.warnings() {
            prop_assert!(warning.chars().count() <= 120 && !warning.contains(char::is_control), "{warning}");
        }
    }

    #[test]
    fn a_pod_that_no_policy_selects_is_never_touched(pod in pod(), policies in policy_set(), which in any::<Index>()) {
        let mut stranger = pod;
        stranger["metadata"]["labels"] = [json!({"app": "web"}), json!({}), Value::Null][which.index(3)].clone();
        prop_assert!(decided(&policies, &stranger).patch().is_empty());
    }
}
