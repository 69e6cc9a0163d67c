use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::Value;

use super::{is_plain, push_string};

fn one_by_one(text: &[u8]) -> bool {
    text.iter().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\'))
}

#[test]
fn every_byte_that_needs_an_escape_is_found_at_every_position() {
    for length in 0..20 {
        for place in 0..length {
            for byte in 0..=u8::MAX {
                let mut text = vec![b'a'; length];
                text[place] = byte;
                assert_eq!(is_plain(&text), one_by_one(&text), "{text:?}");
            }
        }
    }
}

proptest! {
    #[test]
    fn eight_bytes_at_a_step_give_the_result_of_single_bytes(text in vec(prop_oneof![any::<u8>(), b'0'..=b'z'], 0..40)) {
        prop_assert_eq!(is_plain(&text), one_by_one(&text));
    }

    #[test]
    fn an_encoded_text_decodes_to_itself(text in ".{0,40}") {
        let mut out = Vec::new();
        push_string(&mut out, &text);
        prop_assert_eq!(serde_json::from_slice::<Value>(&out).unwrap(), Value::from(text));
    }
}
