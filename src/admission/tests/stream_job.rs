use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::subsequence;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::unplaced_pod;
use crate::admission::decode::StreamJobWrite;
use crate::admission::tests::support::policy;
use crate::admission::{Decision, SkipReason};
use crate::model::RequestOutcome;
use crate::model::{Declarations, Labels, PlacementSpec};
use crate::placement::{conflict_between, first_conflict};
use crate::policy::PolicySet;

fn raw(value: &Value) -> Box<RawValue> {
    serde_json::value::to_raw_value(value).unwrap()
}

fn job(pes: &Value) -> Value {
    json!({
        "apiVersion": "outrigger.dev/v1alpha1", "kind": "StreamJob", "metadata": {"name": "j", "namespace": "ns"},
        "spec": {"pes": pes},
    })
}

/// Checks a job that replaces `old`.
fn check(job: &Value, old: Option<&Value>, policies: &PolicySet) -> Decision {
    let (object, old_object) = (raw(job), old.map(raw));
    super::check(StreamJobWrite { object: &object, old_object: old_object.as_deref() }, policies)
}

fn created(pes: &Value) -> Decision {
    check(&job(pes), None, &policy(""))
}

fn denial(decision: &Decision) -> Option<&str> {
    match decision {
        Decision::Deny { message, .. } => Some(message),
        Decision::Allow { .. } | Decision::Skip { .. } => None,
    }
}

#[test]
fn pes_that_contradict_each_other_are_refused_with_what_to_do() {
    for (pes, expected) in [
        (
            json!([
                {"name": "a", "colocation": ["t"], "exlocation": ["x"]},
                {"name": "b", "colocation": ["t", "u"]},
                {"name": "c", "colocation": ["u"], "exlocation": ["x"]},
            ]),
            "spec.pes: PE a: colocation against exlocation: it shares exlocation token `x` with PE c, which is in its \
             bucket; take that token out of one of them, or the colocation that ties them",
        ),
        (
            json!([
                {"name": "a", "hostPool": "p", "poolIndex": 0, "isolated": true},
                {"name": "b", "hostPool": "p", "poolIndex": 0},
            ]),
            "spec.pes: PE a: colocation against isolation: an isolated PE cannot share a bucket, here with PE b; leave \
             isolated out, or the colocation or poolIndex that ties them",
        ),
        (
            json!([
                {"name": "a", "hostPool": "p", "poolIndex": 0, "colocation": ["t"]},
                {"name": "b", "hostPool": "p", "poolIndex": 1, "colocation": ["t"]},
            ]),
            "spec.pes: PE a: two indices of one pool: a bucket cannot have nodes 0 and 1 of HostPool `ns/p`, here with \
             PE b; take the colocation out that ties them",
        ),
        (json!([{"name": "a"}, {"name": "a"}]), "spec.pes: PE `a` is listed twice; merge its entries"),
    ] {
        assert_eq!(denial(&created(&pes)), Some(expected));
    }
}

#[test]
fn a_job_that_can_be_placed_passes() {
    for pes in [
        json!([]),
        json!([{"name": "a", "exlocation": ["x"]}, {"name": "b", "exlocation": ["x"]}, {"name": "c", "colocation": ["x"]}]),
        json!([{"name": "a", "colocation": ["t"], "exlocation": ["x"]}, {"name": "b", "colocation": ["t"], "exlocation": ["y"]}]),
        json!([{"name": "a", "hostPool": "p", "poolIndex": 0}, {"name": "b", "hostPool": "q", "poolIndex": 1, "colocation": ["t"]}]),
    ] {
        let decision = created(&pes);
        assert_eq!((decision.outcome(), decision.policy()), (RequestOutcome::Unchanged, Some("streams")), "{pes}");
        assert!(decision.patch().is_empty() && decision.warnings().is_empty());
    }
}

#[test]
fn what_is_stored_already_can_be_labelled_and_deleted_and_other_changes_are_looked_at() {
    let contradicts = json!([{"name": "a", "hostPool": "p", "poolIndex": 0, "isolated": true}, {"name": "b", "hostPool": "p", "poolIndex": 0}]);
    let (policies, stored) = (policy(""), job(&contradicts));
    let updated = |change: &Value| {
        let mut object = stored.clone();
        json_patch::merge(&mut object, change);
        check(&object, Some(&stored), &policies)
    };
    assert_eq!(denial(&updated(&json!({"metadata": {"labels": {"a": "b"}}}))), None);
    assert_eq!(
        denial(&updated(
            &json!({"metadata": {"deletionTimestamp": "2026-11-28T12:00:00Z"}, "spec": {"gang": {"all": true}}})
        )),
        None
    );
    assert!(denial(&updated(&json!({"spec": {"gang": {"all": true}}}))).is_some());
    assert_eq!(denial(&updated(&json!({"spec": {"pes": [{"name": "a"}]}}))), None);
}

#[test]
fn what_nobody_governs_or_nobody_can_read_is_let_through() {
    let pes = json!([{"name": "a"}, {"name": "a"}]);
    let ungoverned = check(&job(&pes), None, &PolicySet::default());
    assert_eq!(ungoverned.skip_reason(), Some(SkipReason::NoPolicy));
    for unreadable in [json!(7), json!({"spec": {"pes": 7}}), json!({"metadata": {"name": "j"}, "spec": {}})] {
        let decision = check(&unreadable, None, &policy(""));
        assert_eq!(decision.skip_reason(), Some(SkipReason::NotAStreamJobWrite), "{unreadable}");
    }
}

#[test]
fn a_bucket_as_large_as_a_job_can_be_is_compared_in_time() {
    // As many tokens as a PE can have, and none that two of them share: pair by pair there would be 134 million looks.
    let pe = |at: usize| {
        let tokens: Vec<String> = (0..16).map(|token| format!("x-{at}-{token}")).collect();
        json!({"name": format!("pe-{at}"), "colocation": ["t"], "exlocation": tokens})
    };
    let decision = created(&(0..1_024).map(pe).collect());
    assert_eq!(denial(&decision), None);
}

proptest! {
    #[test]
    fn the_first_clash_of_a_bucket_is_that_of_the_first_pe_that_cannot_join(
        pes in vec((subsequence(vec!["x", "y", "z"], 0..=2), prop::option::of(0..3_u32), prop::bool::weighted(0.1)), 0..6),
    ) {
        let spec = |(exlocation, index, isolated): &(Vec<&str>, Option<u32>, bool)| {
            let (tokens, index) = (exlocation.join(","), index.map(|index| index.to_string()));
            let mut labels = vec![("outrigger.dev/job", "j")];
            if *isolated {
                labels.push(("outrigger.dev/isolated", "true"));
            } else if !tokens.is_empty() {
                labels.push(("outrigger.dev/exlocation", tokens.as_str()));
            }
            if let Some(index) = &index {
                labels.extend([("outrigger.dev/host-pool", "p"), ("outrigger.dev/pool-index", index)]);
            }
            let pod = unplaced_pod(&"ns".into(), "a", labels.into_iter().collect(), Labels::default(), None);
            policy("").pe(&pod.into(), &Declarations::default()).unwrap().spec.unwrap()
        };
        let read: Vec<_> = pes.iter().map(spec).collect();
        let bucket: Vec<&PlacementSpec> = read.iter().map(|spec| &**spec).collect();
        let cannot_join = (0..bucket.len()).find(|at| bucket[..*at].iter().any(|one| conflict_between(one, bucket[*at]).is_some()));
        let found = first_conflict(&bucket);
        prop_assert_eq!(found.map(|(_, later, _)| later), cannot_join);
        if let Some((before, later, conflict)) = found {
            prop_assert_eq!(conflict_between(bucket[before], bucket[later]), Some(conflict));
        }
    }

    #[test]
    fn a_job_is_refused_exactly_where_two_pes_that_a_chain_of_tokens_joins_must_be_apart(
        pes in vec((subsequence(vec!["t", "u", "v"], 0..=2), subsequence(vec!["x", "y"], 0..=1)), 0..6),
    ) {
        let mut joined = vec![vec![false; pes.len()]; pes.len()];
        let share = |left: &[&str], right: &[&str]| left.iter().any(|token| right.contains(token));
        for (one, (tokens, _)) in pes.iter().enumerate() {
            for (other, (others, _)) in pes.iter().enumerate() {
                joined[one][other] = share(tokens, others);
            }
        }
        for over in 0..pes.len() {
            for one in 0..pes.len() {
                for other in 0..pes.len() {
                    joined[one][other] |= joined[one][over] && joined[over][other];
                }
            }
        }
        let contradicts = (0..pes.len()).any(|one| {
            (0..one).any(|other| joined[one][other] && share(&pes[one].1, &pes[other].1))
        });
        let written = pes.iter().enumerate().map(|(at, (colocation, exlocation))| {
            json!({"name": format!("pe-{at}"), "colocation": colocation, "exlocation": exlocation})
        });
        let decision = created(&written.collect());
        prop_assert_eq!(denial(&decision).is_some(), contradicts, "{:?}", decision);
    }
}
