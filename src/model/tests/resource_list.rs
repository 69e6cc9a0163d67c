use super::*;

fn list(amounts: &[(&str, &str)]) -> ResourceList {
    let mut list = ResourceList::default();
    for (name, text) in amounts {
        list.set(name, text).unwrap();
    }
    list
}

#[test]
fn a_sum_is_rounded_once() {
    let mut sum = list(&[("memory", "100m")]);
    for _ in 0..9 {
        sum.add(&list(&[("memory", "100m")]));
    }
    assert_eq!(sum.counted().memory, Bytes(1), "ten tenths of a byte");
    assert_eq!(list(&[("memory", "1001m")]).counted().memory, Bytes(2));
}

#[test]
fn amounts_finer_than_a_thousandth_are_rounded_up_before_they_are_added() {
    let mut sum = list(&[("cpu", "1n")]);
    sum.add(&list(&[("cpu", "1u")]));
    assert_eq!(sum.counted().cpu, Millicores(2), "the API server stores 1m for both");
}

#[test]
fn a_resource_that_is_listed_as_zero_differs_from_one_that_is_not_listed() {
    assert_eq!(list(&[("cpu", "0")]).get("cpu"), Some(0));
    assert_eq!(list(&[("cpu", "0")]).get("memory"), None);
}

#[test]
fn only_resources_that_kube_scheduler_counts_are_counted() {
    let counted = ["attachable-volumes-aws-ebs", "ephemeral-storage", "example.com/fpga", "hugepages-2Mi"];
    let ignored = ["pods", "storage", "gpu", "requests.example.com/fpga"];
    let all: Vec<(&str, &str)> = counted.iter().chain(&ignored).map(|name| (*name, "2")).collect();
    let names: Vec<Box<str>> = list(&all).counted().other.into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, counted.map(Box::from));
}
