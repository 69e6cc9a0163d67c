use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::model::ResourceList;

fn list(amounts: &[(&str, &str)]) -> ResourceList {
    let mut list = ResourceList::default();
    for (name, amount) in amounts {
        list.set(name, amount).unwrap();
    }
    list
}

fn collector() -> Value {
    let resources = json!({"requests": {"cpu": "20m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}});
    json!({"name": "relay", "resources": resources})
}

fn fitted(range: &RequestRange, demanded: &[DemandedQuantity]) -> Result<(Value, Vec<String>), Unfit> {
    let mut container = collector();
    let notes = fit(&mut container, range, demanded)?;
    let again = fit(&mut container, range, demanded)?;
    // Fitting again changes nothing.
    Ok((container["resources"].take(), if again.is_empty() { notes } else { again }))
}

#[test]
fn what_no_object_concerns_is_untouched() {
    assert_eq!(fitted(&RequestRange::default(), &[]), Ok((collector()["resources"].clone(), vec![])));
}

#[test]
fn each_rule_of_a_limit_range_is_kept() {
    let range = RequestRange::default;
    for (range, requests, limits) in [
        // A limit where a maximum demands one: the request, if there is no default.
        (
            RequestRange { max: list(&[("cpu", "1")]), ..range() },
            json!({"cpu": "20m", "memory": "64Mi"}),
            json!({"cpu": "20m", "memory": "128Mi"}),
        ),
        (
            RequestRange { max: list(&[("cpu", "1")]), default_limit: list(&[("cpu", "200m")]), ..range() },
            json!({"cpu": "20m", "memory": "64Mi"}),
            json!({"cpu": "200m", "memory": "128Mi"}),
        ),
        // A limit of the policy is lowered to the maximum.
        (
            RequestRange { max: list(&[("memory", "100Mi")]), ..range() },
            json!({"cpu": "20m", "memory": "64Mi"}),
            json!({"memory": "100Mi"}),
        ),
        // The minimum raises requests, and limits that are below.
        (
            RequestRange { min: list(&[("cpu", "50m"), ("memory", "256Mi")]), ..range() },
            json!({"cpu": "50m", "memory": "256Mi"}),
            json!({"memory": "256Mi"}),
        ),
        // A default below the request of the policy would make the pod invalid.
        (
            RequestRange { default_limit: list(&[("cpu", "10m")]), ..range() },
            json!({"cpu": "20m", "memory": "64Mi"}),
            json!({"cpu": "20m", "memory": "128Mi"}),
        ),
        // The ratio raises the request below a limit of the policy, and lowers a limit that is a default.
        (
            RequestRange {
                max_limit_request_ratio: list(&[("cpu", "2"), ("memory", "1.5")]),
                default_limit: list(&[("cpu", "100m")]),
                ..range()
            },
            json!({"cpu": "20m", "memory": "89478486"}),
            json!({"cpu": "40m", "memory": "128Mi"}),
        ),
        // Resources that the policy does not name get the defaults, as from the API server.
        (
            RequestRange {
                default_limit: list(&[("ephemeral-storage", "1Gi")]),
                default_request: list(&[("ephemeral-storage", "512Mi")]),
                ..range()
            },
            json!({"cpu": "20m", "memory": "64Mi", "ephemeral-storage": "512Mi"}),
            json!({"memory": "128Mi", "ephemeral-storage": "1024Mi"}),
        ),
    ] {
        let (resources, _) = fitted(&range, &[]).unwrap();
        assert_eq!(resources, json!({"requests": requests, "limits": limits}), "{range:?}");
    }
}

#[test]
fn what_cannot_be_fitted_is_withheld_with_the_reason() {
    use WithheldReason::{LimitRangeViolated, QuotaUnsatisfied};
    let range = |max: &[_], min: &[_]| RequestRange { max: list(max), min: list(min), ..RequestRange::default() };
    let storage =
        RequestRange { max_limit_request_ratio: list(&[("ephemeral-storage", "2")]), ..RequestRange::default() };
    let below = fitted(&range(&[("memory", "32Mi")], &[]), &[]).unwrap_err();
    assert_eq!(below.problem, "it requests `64Mi` of memory, a LimitRange allows `32Mi`");
    for (unfit, reason) in [
        (below, LimitRangeViolated),
        (fitted(&range(&[("cpu", "1")], &[("cpu", "2")]), &[]).unwrap_err(), LimitRangeViolated),
        (fitted(&storage, &[]).unwrap_err(), LimitRangeViolated),
    ] {
        assert_eq!(unfit.reason, reason, "{unfit:?}");
    }
    let mut bare = json!({"name": "relay"});
    let unfit = fit(&mut bare, &RequestRange::default(), &[DemandedQuantity::CpuRequest]).unwrap_err();
    assert_eq!(unfit.reason, QuotaUnsatisfied);
    assert_eq!(unfit.problem, "a ResourceQuota demands cpu of each container, and the policy states none");
}

#[test]
fn what_a_quota_demands_is_stated_and_told() {
    use DemandedQuantity::{CpuLimit, CpuRequest, MemoryLimit, MemoryRequest};
    let (resources, notes) =
        fitted(&RequestRange::default(), &[CpuRequest, CpuLimit, MemoryRequest, MemoryLimit]).unwrap();
    assert_eq!(resources["limits"], json!({"cpu": "20m", "memory": "128Mi"}));
    assert_eq!(notes, ["cpu limit is `20m`, as a ResourceQuota demands one"]);
    let range = RequestRange {
        default_limit: list(&[("cpu", "100m")]),
        default_request: list(&[("cpu", "50m")]),
        ..RequestRange::default()
    };
    let mut bare = json!({"name": "relay", "resources": null});
    assert!(fit(&mut bare, &range, &[CpuRequest, CpuLimit]).is_ok());
    assert_eq!(bare["resources"], json!({"requests": {"cpu": "50m"}, "limits": {"cpu": "100m"}}));
}

#[test]
fn request_and_limit_of_a_device_stay_equal() {
    let range = RequestRange {
        default_limit: list(&[("example.com/gpu", "2")]),
        default_request: list(&[("example.com/gpu", "1")]),
        ..RequestRange::default()
    };
    let (resources, _) = fitted(&range, &[]).unwrap();
    assert_eq!(resources["requests"]["example.com/gpu"], resources["limits"]["example.com/gpu"]);
}

/// Amounts of one resource in units of 10m or 1Mi; 0 is none.
fn some(resource: &'static str) -> impl Strategy<Value = ResourceList> {
    (0..40_u32).prop_map(move |units| {
        let text = if resource == "cpu" { format!("{}m", units * 10) } else { format!("{units}Mi") };
        if units == 0 { ResourceList::default() } else { list(&[(resource, &text)]) }
    })
}

proptest! {
    #[test]
    fn a_fitted_container_is_in_the_range(
        resource in prop::sample::select(vec!["cpu", "memory"]),
        amounts in (some("cpu"), some("cpu"), some("cpu"), some("cpu"), 0..6_u32, 0..40_u32, 0..40_u32),
    ) {
        let of = |list: &ResourceList| list.get("cpu").map_or_else(ResourceList::default, |amount| {
            let text = if resource == "cpu" { format!("{amount}m") } else { format!("{}Mi", amount / 10) };
            self::list(&[(resource, &text)])
        });
        let (min, max, default_limit, default_request, ratio, request, more) = amounts;
        let ratio = if ratio == 0 { ResourceList::default() } else { list(&[(resource, &ratio.to_string())]) };
        let range = RequestRange {
            min: of(&min), max: of(&max), default_limit: of(&default_limit), default_request: of(&default_request),
            max_limit_request_ratio: ratio,
        };
        let unit = if resource == "cpu" { "0m" } else { "Mi" };
        let mut container = json!({"resources": {"requests": {resource: format!("{request}{unit}")}}});
        if more > 20 {
            container["resources"]["limits"] = json!({resource: format!("{}{unit}", request + more)});
        }
        let needed = amounts_of(&container, resource).0;
        if fit(&mut container, &range, &[]).is_ok() {
            let (request, limit) = amounts_of(&container, resource);
            prop_assert!(request >= needed, "never lowered");
            prop_assert!(limit.is_none_or(|limit| request.is_some_and(|request| limit >= request)), "{container}");
            if let Some(least) = range.min.get(resource) {
                prop_assert!(request.is_some_and(|request| request >= least), "{container}");
            }
            if let Some(most) = range.max.get(resource) {
                prop_assert!(limit.is_some_and(|limit| limit <= most), "{container}");
            }
            if let Some(ratio) = range.max_limit_request_ratio.get(resource) {
                let (request, limit) = (request.unwrap(), limit.unwrap());
                prop_assert!(request > 0 && limit * 1_000 <= ratio * request, "{container}");
            }
        }
    }
}

fn amounts_of(container: &Value, resource: &str) -> (Option<u128>, Option<u128>) {
    (amounts(container, Kind::Request).get(resource), written(container, Kind::Limit).get(resource))
}
