use super::*;

const GOOD: &str = "\
at: 2026-11-24T12:00:00Z
nodes:
  n1: {cpu: 76.4, memory: 41}
  n2:
    network: 12
    at: 2026-11-24T11:59:30Z
  n3: {}
";

fn load(cpu: Option<f64>, memory: Option<f64>, network: Option<f64>, at: &str) -> Load {
    let percent = |percent: Option<f64>| percent.map(|percent| Percent::new(percent).unwrap());
    let used = Metrics { cpu: percent(cpu), memory: percent(memory), network: percent(network) };
    Load { used, at: at.parse().unwrap() }
}

#[test]
fn a_file_says_what_was_measured_of_each_node() {
    let (of_all, own) = ("2026-11-24T12:00:00Z", "2026-11-24T11:59:30Z");
    let expected = BTreeMap::from([
        ("n1".into(), load(Some(76.4), Some(41.0), None, of_all)),
        ("n2".into(), load(None, None, Some(12.0), own)),
        ("n3".into(), load(None, None, None, of_all)),
    ]);
    assert_eq!(loads("load.yaml", GOOD), Ok(expected));
    let json = r#"{"nodes":{"n1":{"cpu":5e1,"memory":null,"at":"2026-11-24T12:00:00Z"}}}"#;
    let expected = BTreeMap::from([("n1".into(), load(Some(50.0), None, None, of_all))]);
    assert_eq!(loads("load.json", json), Ok(expected));
}

#[test]
fn a_fault_in_a_file_names_file_line_and_field() {
    for (good, bad, expected) in [
        ("76.4", "-1", "load.yaml:3:13: nodes.n1.cpu: `-1` is not a percentage"),
        ("memory: 41", "memory: 1001", "load.yaml:3:27: nodes.n1.memory: `1001` is not a percentage"),
        ("76.4", "busy", "load.yaml:3:13: "),
        ("76.4", ".nan", "load.yaml:3:13: nodes.n1.cpu: `NaN` is not a percentage"),
        ("cpu: 76.4", "cpus: 76.4", "load.yaml:3:8: unknown field `cpus`"),
        ("11:59:30Z", "noon", "load.yaml:6:9: nodes.n2.at: `2026-11-24Tnoon` is not a time"),
        ("at: 2026-11-24T12:00:00Z\n", "", "load.yaml:2:7: nodes.n1.at: is missing"),
        ("at: 2026-11-24T12:00:00Z\n", "at: today\n", "load.yaml:1:5: at: `today` is not a time"),
        ("  n3: {}", "  n1: {}", "load.yaml:7:3: "),
        ("nodes:", "node:", "load.yaml:2:1: unknown field `node`"),
    ] {
        let text = GOOD.replacen(good, bad, 1);
        assert_ne!(text, GOOD);
        let error = loads("load.yaml", &text).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{bad}: {error}, not {expected}");
    }
    for cut_short in ["", "nodes: {n1: {cpu: 1", "[]", "nodes: []"] {
        loads("load.yaml", cut_short).unwrap_err();
    }
}

#[test]
fn an_annotation_says_what_was_measured_of_its_node() {
    let written = r#"{"cpu":76.4,"memory":41,"network":0,"at":"2026-11-24T12:00:00Z"}"#;
    assert_eq!(annotation(written), Ok(load(Some(76.4), Some(41.0), Some(0.0), "2026-11-24T12:00:00Z")));
    for (text, expected) in [
        (r#"{"cpu":76.4}"#, "outrigger.dev/load:1:1: at: is missing"),
        (r#"{"cpu":"much","at":"2026-11-24T12:00:00Z"}"#, "outrigger.dev/load:1:"),
        (r#"{"cpu":-1,"at":"2026-11-24T12:00:00Z"}"#, "outrigger.dev/load:1:8: cpu: `-1` is not a percentage"),
        ("", "outrigger.dev/load:"),
    ] {
        let error = annotation(text).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{text}: {error}");
    }
}
