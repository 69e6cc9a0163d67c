use super::*;

#[test]
fn an_object_is_bounded_by_its_bytes_and_by_the_memory_that_it_takes() {
    let too_large = |text: &str| is_too_large(serde_json::from_str(text).unwrap());
    let takes_too_much = |text: &str| takes_too_much_memory(serde_json::from_str(text).unwrap());
    let text_of = |piece: &str, length: usize| format!("\"{}\"", piece.repeat((length - 2) / piece.len()));
    assert!(!too_large(&text_of("x", LARGEST_OBJECT)), "the largest that is");
    assert!(too_large(&text_of("x", LARGEST_OBJECT + 1)));
    // Within a text nothing is a value.
    for piece in [",", "[{,", r#"\",[{"#, r"\\"] {
        assert!(!takes_too_much(&text_of(piece, LARGEST_OBJECT)), "{piece}");
    }
    let list_of = |value: &str, values: usize| format!("[{}]", vec![value; values].join(","));
    let variable = r#"{"name":"VARIABLE_1","value":"a,b,[c],{d}"}"#;
    assert!(!takes_too_much(&list_of(variable, 10_000)), "a legal pod");
    for (value, most) in [(r#"{"a":0}"#, 41_500), ("0", 290_000), ("[]", 136_500)] {
        assert!(!takes_too_much(&list_of(value, most)), "{value}");
        assert!(takes_too_much(&list_of(value, most + most / 20)), "{value}");
    }
}
