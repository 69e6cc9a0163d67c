//! The pages for users name what is there: every reason code, metric and key, and nothing else.

use std::collections::BTreeSet;

use outrigger::model::Reason;

const PLACEMENT: &str = include_str!("../../docs/placement.md");
const METRICS: &str = include_str!("../../docs/metrics.md");

#[test]
fn reason_codes_are_listed_in_order_of_precedence() {
    let (_, section) = PLACEMENT.split_once("## Reason codes").unwrap();
    let listed: Vec<&str> = first_cells(section).filter(|cell| *cell != "code").collect();
    let codes: Vec<&str> = Reason::ALL.iter().map(|reason| reason.as_str()).collect();
    assert_eq!(listed, codes);
}

#[test]
fn metrics_are_listed() {
    let names = include_str!("../../src/telemetry/names.rs");
    let defined: BTreeSet<&str> = names.split('"').filter(|text| text.starts_with("outrigger_")).collect();
    let (table, _) = METRICS.split_once("## Questions").unwrap();
    let listed: BTreeSet<&str> = first_cells(table).filter(|cell| *cell != "metric").collect();
    assert_eq!(listed, defined);
}

#[test]
fn keys_on_pods_are_listed() {
    use outrigger::policy::keys;
    let (_, section) = PLACEMENT.split_once("## On the pod").unwrap();
    let (section, _) = section.split_once("## On nodes").unwrap();
    for key in [
        keys::JOB,
        keys::PE,
        keys::GENERATION,
        keys::HOST_POOL,
        keys::HOST_TAGS,
        keys::HOSTS,
        keys::COLOCATION,
        keys::EXLOCATION,
        keys::ISOLATED,
        keys::SCHEME,
        keys::INJECT,
    ] {
        assert!(section.contains(&format!("| `{key}`")), "{key} is not explained");
    }
}

/// The first cell of every row, without its quotes.
fn first_cells(table: &str) -> impl Iterator<Item = &str> {
    table
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split(" |").next())
        .map(|cell| cell.trim_matches('`'))
        .filter(|cell| !cell.is_empty())
}
