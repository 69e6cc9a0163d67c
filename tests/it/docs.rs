//! The pages for users name what is there: every reason code, metric and key, and nothing else.

use std::collections::BTreeSet;
use std::path::Path;

use outrigger::model::{Reason, WithheldReason};
use outrigger::telemetry;

const PLACEMENT: &str = include_str!("../../docs/placement.md");
const INJECTION: &str = include_str!("../../docs/injection.md");
const METRICS: &str = include_str!("../../docs/metrics.md");
const CASES: &str = include_str!("../../docs/cases.md");

#[test]
fn reason_codes_are_listed_in_order_of_precedence() {
    let (_, section) = PLACEMENT.split_once("## Reason codes").unwrap();
    let listed: Vec<&str> = first_cells(section).filter(|cell| *cell != "code").collect();
    let codes: Vec<&str> = Reason::ALL.iter().map(|reason| reason.as_str()).collect();
    assert_eq!(listed, codes);
}

#[test]
fn reasons_to_withhold_a_sidecar_are_listed_in_order_of_precedence() {
    let (_, section) = INJECTION.split_once("## Reasons").unwrap();
    let (section, _) = section.split_once("## Ports").unwrap();
    let listed: Vec<&str> = first_cells(section).filter(|cell| *cell != "reason").collect();
    let codes: Vec<&str> = WithheldReason::ALL.iter().map(|reason| reason.as_str()).collect();
    assert_eq!(listed, codes);
}

#[test]
fn metrics_are_listed_with_their_kinds_and_labels() {
    let described = telemetry::METRICS.iter().map(|metric| {
        let labels: Vec<String> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
        (format!("`{}`", metric.name), format!("{:?}", metric.kind).to_lowercase(), labels.join(", "))
    });
    let (table, _) = METRICS.split_once("## Questions").unwrap();
    let rows = table.lines().filter(|line| line.starts_with("| `"));
    let listed = rows.map(|row| {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        (cells[1].to_owned(), cells[2].to_owned(), cells[3].to_owned())
    });
    assert_eq!(listed.collect::<BTreeSet<_>>(), described.collect());
}

#[test]
fn queries_name_metrics_that_exist() {
    let (_, queries) = METRICS.split_once("## Questions").unwrap();
    let words = queries.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let named: BTreeSet<&str> = words.filter(|word| word.starts_with("outrigger_")).collect();
    assert!(!named.is_empty());
    for name in named {
        let is_named =
            |metric: &telemetry::MetricDescription| [name, name.trim_end_matches("_bucket")].contains(&metric.name);
        assert!(telemetry::METRICS.iter().any(is_named), "there is no metric {name}");
    }
}

#[test]
fn keys_on_pods_are_listed() {
    use outrigger::model::keys;
    let (_, section) = PLACEMENT.split_once("## Keys on the pod").unwrap();
    let (section, _) = section.split_once("## Labels on nodes").unwrap();
    // A cell is a key in quotes, and may say behind it that the key is a label.
    let listed: BTreeSet<&str> = first_cells(section)
        .filter_map(|cell| cell.split('`').next())
        .filter(|key| key.starts_with(keys::PREFIX))
        .collect();
    assert_eq!(listed, keys::SET_BY_USERS.iter().copied().collect());
}

#[test]
fn every_case_is_listed_and_shown_by_tests_that_are_there_and_named_after_it() {
    let (cases, _) = CASES.split_once("## Rules").unwrap();
    let listed: Vec<&str> = first_cells(cases).filter(|cell| *cell != "case").collect();
    let numbers = [("T", 25), ("B", 13)].into_iter().flat_map(|(kind, last)| (1..=last).map(move |at| (kind, at)));
    assert_eq!(listed, numbers.map(|(kind, at)| format!("{kind}{at}")).collect::<Vec<String>>());

    let mut tests = BTreeSet::new();
    for folder in ["src", "tests"] {
        find_tests(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut tests);
    }
    let is_after = |test: &str, case: &str| test.split('_').any(|word| word.eq_ignore_ascii_case(case));
    for row in cases.lines().filter(|line| line.starts_with("| T") || line.starts_with("| B")) {
        let [case, _, shown] = row.trim_matches('|').split(" | ").map(str::trim).collect::<Vec<_>>()[..] else {
            panic!("three cells: {row}")
        };
        let named: Vec<&str> = shown.split('`').skip(1).step_by(2).collect();
        assert_eq!(named.is_empty(), shown == "later", "{row}");
        for test in &named {
            assert!(tests.contains(*test), "{case}: there is no test {test}");
            assert!(is_after(test, case), "{case}: {test} is named after another case");
        }
    }
    let is_numbered = |test: &str| {
        let number = test.split('_').next().and_then(|word| word.strip_prefix(['t', 'b']));
        number.is_some_and(|number| number.parse::<u8>().is_ok())
    };
    let lost: Vec<&String> = tests
        .iter()
        .filter(|test| is_numbered(test))
        .filter(|test| !listed.iter().any(|case| is_after(test, case)))
        .collect();
    assert!(lost.is_empty(), "named after no case: {lost:?}");
}

/// The names of all functions under `#[test]` or `#[tokio::test]`, or in `proptest!`, in the files of a folder.
fn find_tests(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in folder.read_dir().unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            find_tests(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            let mut is_test = false;
            for line in text.lines().map(str::trim_start) {
                if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
                    is_test = true;
                } else if !line.starts_with("#[") && !line.starts_with("//") {
                    let name = line.trim_start_matches("async ").strip_prefix("fn ").filter(|_| is_test);
                    found.extend(name.and_then(|name| name.split('(').next()).map(str::to_owned));
                    is_test = false;
                }
            }
        }
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
