use serde_json::{Value, json};

use super::write;
use crate::cli::terminal::Terminal;
use crate::model::WithheldReason;

fn shown(explanation: &Value) -> String {
    let mut terminal = Terminal::for_stdout(Some(80));
    write(&serde_json::from_value(explanation.clone()).unwrap(), &mut terminal);
    terminal.into_text()
}

#[test]
fn a_pe_that_waits_is_shown_with_what_would_help() {
    let lack = |reason: &str, problem: &str, remedy: &str| json!({"reason": reason, "problem": format!("{reason}: {problem}"), "remedy": remedy});
    let cpu = lack(
        "InsufficientResources",
        "cpu: requested 1000m, free 500m",
        "free 500m of cpu: the PE asks for 1000m, 500m is free",
    );
    let tag = lack("PoolTagMissing", "no tag `ssd`", "label it tag.outrigger.dev/ssd");
    insta::assert_snapshot!(shown(&json!({
        "version": 1, "pod": "streams/clicks-source-0", "source": "extender", "state": "waiting",
        "summary": "It waits: none of 5 nodes fits.",
        "policy": "annotations", "job": "streams/clicks", "pe": "source-0",
        "nodes": 5, "passing": 0, "refused": {"InsufficientResources": 1, "PoolTagMissing": 4},
        "nearest": [
            {"node": "n2", "crowding": 1.0, "risk": 1.0, "lacks": [cpu]},
            {"node": "n3", "crowding": 0.25, "risk": 0.0, "lacks": [tag, cpu]},
        ],
    })));
}

#[test]
fn a_placed_pe_is_shown_with_its_record_and_the_others() {
    insta::assert_snapshot!(shown(&json!({
        "version": 1, "pod": "streams/a", "source": "extender", "state": "placed",
        "summary": "It is on n1, chosen from 3 of 8 nodes that fitted.",
        "policy": "annotations", "job": "streams/j", "pe": "a", "node": "n1",
        "record": {"node": "n1", "asked": 8, "refused": {"PoolTagMissing": 4, "ExlocationConflict": 1}, "rank": 1},
        "nodes": 7, "passing": 2, "refused": {"PoolTagMissing": 5},
        "here": {"node": "n1", "crowding": 0.25, "risk": 0.0, "lacks": []},
        "nearest": [{
            "node": "n3", "crowding": 0.75, "risk": 0.0, "lacks": [],
            "behind": "more PEs per core: 0.75, n1 has 0.25",
        }],
    })));
}

#[test]
fn what_speaks_against_every_node_is_shown_once() {
    let problem = json!({
        "reason": "PoolNotFound",
        "problem": "PoolNotFound: there is no HostPool `streams/fast`",
        "remedy": "create HostPool `streams/fast`, or name one that exists",
    });
    insta::assert_snapshot!(shown(&json!({
        "version": 1, "pod": "streams/a", "source": "extender", "state": "waiting",
        "summary": "It waits: no node can be right for it.",
        "policy": "annotations", "job": "streams/j", "pe": "a",
        "nodes": 2, "passing": 0, "refused": {"PoolNotFound": 2}, "problem": problem,
        "nearest": [{"node": "n1", "crowding": 0.25, "risk": 0.0, "lacks": [problem]}],
    })));
}

#[test]
fn sidecars_that_were_withheld_are_shown_with_what_to_do() {
    let withheld = |reason: WithheldReason| {
        json!({
            "sidecar": "otel-collector", "reason": reason.as_str(),
            "problem": reason.meaning(), "remedy": reason.remedy(),
        })
    };
    insta::assert_snapshot!(shown(&json!({
        "version": 1, "pod": "streams/a", "source": "extender", "state": "placed",
        "summary": "The pod is on n1.",
        "policy": "annotations", "job": "streams/j", "pe": "a", "node": "n1",
        "withheld": WithheldReason::ALL.iter().copied().map(withheld).collect::<Vec<_>>(),
        "nodes": 0, "passing": 0, "refused": {}, "nearest": [],
    })));
}

#[test]
fn what_objects_say_is_shown_with_the_object() {
    let object = "ProcessingElement.streams.ibm.com streams/app-0";
    insta::assert_snapshot!(shown(&json!({
        "version": 1, "pod": "streams/app-0-x1", "source": "extender", "state": "waiting",
        "summary": "It waits: none of 1 nodes fits.",
        "policy": "open-streams", "job": "streams/app", "pe": "0",
        "declared": [
            {"key": "outrigger.dev/exlocation", "value": "x", "by": object},
            {"key": "outrigger.dev/hosts", "value": "n9", "by": "StreamJob streams/app"},
        ],
        "unclear": [format!("{object}: spec.placement.rack: is not known, and not read")],
        "parallelRegions": {"Clean": 1, "Work": 12},
        "nodes": 1, "passing": 0, "refused": {"HostMismatch": 1}, "nearest": [],
    })));
}

#[test]
fn how_requests_and_limits_were_decided_is_shown_as_a_table() {
    insta::assert_snapshot!(shown(&json!({
        "version": 1, "pod": "streams/a", "source": "extender", "state": "placed",
        "summary": "The pod is on n1.",
        "policy": "annotations", "job": "streams/j", "pe": "a", "node": "n1",
        "resources": [
            {
                "container": "main", "resource": "cpu", "user": {}, "policy": {"request": "100m"}, "demand": "310m",
                "limitRange": {"limit": "250m"}, "result": {"request": "250m", "limit": "250m"},
            },
            {
                "container": "main", "resource": "memory", "user": {"request": "1Gi", "limit": "1Gi"},
                "policy": {"request": "256Mi"}, "demand": "690Mi", "limitRange": {},
                "result": {"request": "1Gi", "limit": "1Gi"},
            },
        ],
        "nodes": 0, "passing": 0, "refused": {}, "nearest": [],
    })));
}
