use super::*;
use crate::api::parse_documents;

fn located(text: &str) -> Located {
    parse_documents("f", text).unwrap().remove(0)
}

#[test]
fn every_part_has_its_position() {
    let document = located("a:\n  - {b: 1, c: x}\n  -\nd: &e {f: true}\ng: *e\nh:\n");
    let second = document.get("a").unwrap().elements()[0].clone();
    let at = |position: Position| (position.line, position.column);
    assert_eq!(at(second.get("c").unwrap().position), (2, 15));
    assert_eq!(at(second.members()[1].position), (2, 12), "names have positions too");
    assert_eq!(at(document.get("g").unwrap().position), (5, 4), "an alias stands where it is used");
    assert!(document.get("h").is_none() && document.members()[3].value.is_null());
    assert!(document.get("a").unwrap().elements()[1].is_null());
    assert_eq!(
        document.to_json(),
        serde_json::json!({"a": [{"b": 1, "c": "x"}, null], "d": {"f": true}, "g": {"f": true}})
    );
}

#[test]
fn a_key_that_stands_twice_is_an_error() {
    let error = parse_documents::<Located>("f", "a:\n  b: 1\n  b: 2\n").unwrap_err();
    assert_eq!(error.position.line, 3, "{error}");
}
