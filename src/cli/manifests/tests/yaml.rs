use serde_json::json;

use super::*;

#[test]
fn a_number_too_large_for_a_float_is_a_text() {
    let text =
        "a: 81e4567\nb: [1e3, -1e999, \"1e400\"]\nc: {d: .5e400, e: &x 9e9999, f: *x}\n---\n# \u{e4}\ng: 0e999\n";
    let expected = [
        json!({"a": "81e4567", "b": [1000.0, "-1e999", "1e400"], "c": {"d": ".5e400", "e": "9e9999", "f": "9e9999"}}),
        json!({"g": 0.0}),
    ];
    assert_eq!(documents(text).unwrap(), expected);
}

#[test]
fn what_is_wrong_with_a_text_is_told_in_a_sentence_with_the_way_out() {
    for (text, line, said) in [
        ("a: 1\nb: [1\n", 2, "the text is neither YAML nor JSON here"),
        ("a: 1\nb: 2\na: 3\n", 3, "the key `a` stands twice"),
        ("a: *b\n", 1, "the alias names no anchor"),
        ("a:\n\tb: 1\n", 2, "the text is neither YAML nor JSON here"),
    ] {
        let Unreadable { position, problem } = documents(text).unwrap_err();
        assert_eq!((position.line, problem.starts_with(said)), (line, true), "{text:?}: {position:?} {problem}");
    }
}
