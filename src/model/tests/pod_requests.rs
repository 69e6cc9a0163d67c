use super::super::{Bytes, Millicores};
use super::*;

fn container(cpu: u64, limit: u64) -> ContainerResources {
    ContainerResources {
        requests: Resources { cpu: Millicores(cpu), memory: Bytes(0), other: Vec::new() },
        limits: Resources { cpu: Millicores(limit), memory: Bytes(0), other: Vec::new() },
        sidecar: false,
    }
}

fn sidecar(cpu: u64) -> ContainerResources {
    ContainerResources { sidecar: true, ..container(cpu, cpu) }
}

#[test]
fn a_sidecar_counts_for_the_init_containers_after_it_only() {
    let pod = PodResources {
        containers: vec![container(100, 100)],
        init_containers: vec![container(500, 500), sidecar(50), container(400, 400)],
        ..PodResources::default()
    };
    assert_eq!(pod.resources().requests.cpu, Millicores(500));
}

#[test]
fn steady_state_is_all_sidecars_and_all_containers() {
    let pod = PodResources {
        containers: vec![container(100, 300), container(200, 200)],
        init_containers: vec![sidecar(50), sidecar(25)],
        ..PodResources::default()
    };
    assert_eq!(pod.resources().requests.cpu, Millicores(375));
    assert_eq!(pod.resources().limits.cpu, Millicores(575));
}

#[test]
fn pod_level_values_replace_the_sum_and_overhead_comes_on_top() {
    let pod = PodResources {
        containers: vec![container(100, 100)],
        pod_level: Some(container(1_000, 2_000)),
        overhead: container(10, 0).requests,
        ..PodResources::default()
    };
    assert_eq!(pod.resources().requests.cpu, Millicores(1_010));
    assert_eq!(pod.resources().limits.cpu, Millicores(2_010));
}
