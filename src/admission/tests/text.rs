use super::*;

#[test]
fn a_text_becomes_one_line_of_at_most_so_many_characters() {
    assert_eq!(one_line("short", 5), "short");
    assert_eq!(one_line("longer", 5), "long…");
    assert_eq!(one_line("a\nb\u{7}c", 9), "a b c");
    assert_eq!(one_line("ééé", 2), "é…");
}
