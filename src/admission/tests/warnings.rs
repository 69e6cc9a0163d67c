use super::*;

#[test]
fn a_warning_is_given_once_and_is_short() {
    let mut warnings = Warnings::default();
    for _ in 0..2 {
        warnings.add("same");
        warnings.add(&"long".repeat(50));
    }
    let given = warnings.into_vec();
    assert_eq!(given.len(), 2);
    assert!(given.iter().all(|warning| warning.chars().count() <= 120));
}

#[test]
fn there_is_an_end_to_warnings() {
    let mut warnings = Warnings::default();
    for number in 0..1_000 {
        warnings.add(&format!("warning {number}"));
    }
    assert_eq!(warnings.into_vec().len(), MOST);
}
