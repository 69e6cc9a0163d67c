use super::super::Millicores;
use super::*;

fn list(amounts: &[(&str, &str)]) -> ResourceList {
    let mut list = ResourceList::default();
    for (name, text) in amounts {
        list.set(name, text).unwrap();
    }
    list
}

fn cpu(text: &str) -> ResourceList {
    list(&[("cpu", text)])
}

fn container(request: &str, limit: &str) -> ContainerResources {
    let spec = RequestsAndLimits { requests: cpu(request), limits: cpu(limit) };
    ContainerResources { spec, ..ContainerResources::default() }
}

fn sidecar(request: &str) -> ContainerResources {
    ContainerResources { sidecar: true, ..container(request, request) }
}

/// A container that wants, has reserved, and runs with so much CPU.
fn resized(wanted: &str, reserved: &str, in_force: &str) -> ContainerResources {
    let actual = ActualResources { requests: Some(cpu(in_force)), limits: None };
    let status = ResourceStatus { allocated: Some(cpu(reserved)), actual: Some(actual) };
    ContainerResources { status: Some(status), ..container(wanted, wanted) }
}

fn on_a_node(containers: Vec<ContainerResources>) -> PodResources {
    PodResources { containers, status: Some(PodResourceStatus::default()), ..PodResources::default() }
}

fn rejected_resize(mut pod: PodResources) -> PodResources {
    pod.status.as_mut().unwrap().resize_is_infeasible = true;
    pod
}

fn requested_cpu(pod: &PodResources) -> u64 {
    pod.resources().requests.cpu.0
}

#[test]
fn a_sidecar_counts_for_the_init_containers_after_it_only() {
    let pod = PodResources {
        containers: vec![container("100m", "100m")],
        init_containers: vec![container("500m", "500m"), sidecar("50m"), container("400m", "400m")],
        ..PodResources::default()
    };
    assert_eq!(requested_cpu(&pod), 500);
}

#[test]
fn steady_state_is_all_sidecars_and_all_containers() {
    let pod = PodResources {
        containers: vec![container("100m", "300m"), container("200m", "200m")],
        init_containers: vec![sidecar("50m"), sidecar("25m")],
        ..PodResources::default()
    };
    assert_eq!(requested_cpu(&pod), 375);
    assert_eq!(pod.resources().limits.cpu, Millicores(575));
}

#[test]
fn pod_level_values_replace_the_sum_and_overhead_comes_on_top() {
    let pod = PodResources {
        containers: vec![container("100m", "100m")],
        pod_level: RequestsAndLimits { requests: cpu("1"), limits: cpu("2") },
        overhead: cpu("10m"),
        ..PodResources::default()
    };
    assert_eq!(requested_cpu(&pod), 1_010);
    assert_eq!(pod.resources().limits.cpu, Millicores(2_010));
}

#[test]
fn pod_level_zero_and_huge_pages_replace_the_sum_and_other_resources_do_not() {
    let amounts = |huge: &str, fpga: &str| list(&[("hugepages-2Mi", huge), ("example.com/fpga", fpga)]);
    let mut own = container("100m", "100m");
    own.spec.requests.add(&amounts("2Mi", "1"));
    let mut pod_level = amounts("8Mi", "7");
    pod_level.add(&cpu("0"));
    let pod = PodResources {
        containers: vec![own],
        pod_level: RequestsAndLimits { requests: pod_level, limits: ResourceList::default() },
        ..PodResources::default()
    };
    let requests = pod.resources().requests;
    assert_eq!((requests.cpu.0, requests.get("hugepages-2Mi"), requests.get("example.com/fpga")), (0, 8 << 20, 1));
}

#[test]
fn a_resize_counts_the_largest_of_what_is_wanted_reserved_and_in_force() {
    assert_eq!(requested_cpu(&on_a_node(vec![resized("1", "3500m", "3500m")])), 3_500, "downwards, not yet reserved");
    assert_eq!(requested_cpu(&on_a_node(vec![resized("1", "1", "3500m")])), 3_500, "downwards, not yet in force");
    assert_eq!(requested_cpu(&on_a_node(vec![resized("3", "1", "1")])), 3_000, "upwards, deferred");
    let two = on_a_node(vec![resized("1", "2", "2"), resized("4", "3", "1")]);
    assert_eq!(requested_cpu(&two), 5_000, "the largest of three sums, not a sum of the largest");
}

#[test]
fn a_resize_that_the_kubelet_has_rejected_does_not_count() {
    assert_eq!(requested_cpu(&rejected_resize(on_a_node(vec![resized("100", "1", "1")]))), 1_000);
    assert_eq!(requested_cpu(&rejected_resize(on_a_node(vec![container("100", "100")]))), 0, "nothing is reported");
}

#[test]
fn a_container_that_the_kubelet_has_not_reported_counts_as_its_spec() {
    assert_eq!(requested_cpu(&on_a_node(vec![container("2", "2")])), 2_000);
    let mut reserved_only = resized("2", "3", "9");
    reserved_only.status.as_mut().unwrap().actual = None;
    assert_eq!(requested_cpu(&on_a_node(vec![reserved_only])), 3_000, "what is reserved is in force");
}

#[test]
fn an_empty_report_differs_from_no_report() {
    let mut own = container("2", "2");
    own.status = Some(ResourceStatus { allocated: Some(ResourceList::default()), actual: None });
    assert_eq!(requested_cpu(&rejected_resize(on_a_node(vec![own]))), 0);
}

#[test]
fn a_resize_of_the_whole_pod_counts_the_largest_of_its_values() {
    let whole = |wanted: &str, reserved: &str, in_force: &str| {
        let mut pod = on_a_node(vec![container("100m", "100m")]);
        pod.pod_level = RequestsAndLimits { requests: cpu(wanted), limits: ResourceList::default() };
        let actual = ActualResources { requests: Some(cpu(in_force)), limits: None };
        pod.status.as_mut().unwrap().pod_level =
            ResourceStatus { allocated: Some(cpu(reserved)), actual: Some(actual) };
        pod
    };
    assert_eq!(requested_cpu(&whole("1", "3", "2")), 3_000);
    assert_eq!(requested_cpu(&whole("4", "3", "2")), 4_000);
    assert_eq!(requested_cpu(&rejected_resize(whole("9", "3", "2"))), 3_000);
}

#[test]
fn resources_of_the_whole_pod_that_the_kubelet_reports_stand_for_those_of_its_containers() {
    let mut pod = on_a_node(vec![resized("1", "9", "9")]);
    let actual = ActualResources { requests: Some(cpu("2")), limits: Some(cpu("4")) };
    pod.status.as_mut().unwrap().pod_level = ResourceStatus { allocated: Some(cpu("3")), actual: Some(actual) };
    assert_eq!(requested_cpu(&pod), 3_000);
    assert_eq!(pod.resources().limits.cpu, Millicores(4_000));
}

#[test]
fn limits_follow_a_resize() {
    let mut shrinking = container("1", "1");
    let actual = ActualResources { requests: Some(cpu("1")), limits: Some(cpu("6")) };
    shrinking.status = Some(ResourceStatus { allocated: Some(cpu("1")), actual: Some(actual) });
    assert_eq!(on_a_node(vec![shrinking]).resources().limits.cpu, Millicores(6_000));
}
