use super::{is_label_value, is_object_name};

#[test]
fn label_values_are_up_to_63_letters_digits_and_inner_signs() {
    for valid in ["a", "A1", "a-b_c.d", &"x".repeat(63)] {
        assert!(is_label_value(valid), "{valid}");
    }
    for invalid in ["", "-a", "a.", "a b", "ä", "a/b", &"x".repeat(64)] {
        assert!(!is_label_value(invalid), "{invalid}");
    }
}

#[test]
fn object_names_are_up_to_253_lower_case_letters_digits_and_inner_signs() {
    for valid in ["a", "0", "a-b.c", &"x".repeat(253)] {
        assert!(is_object_name(valid), "{valid}");
    }
    for invalid in ["", "A", "a_b", "-a", "a-", ".a", "a/b", &"x".repeat(254)] {
        assert!(!is_object_name(invalid), "{invalid}");
    }
}
