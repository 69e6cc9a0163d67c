use super::*;

fn decoded(bytes: &[u8]) -> Result<String, CommandError> {
    decode("f.yaml", bytes.to_vec())
}

#[test]
fn a_byte_order_mark_names_the_encoding_and_is_not_part_of_the_text() {
    let text = "kind: \u{e4}\u{1f600}\n";
    let units = || text.encode_utf16();
    let little: Vec<u8> = [0xff, 0xfe].into_iter().chain(units().flat_map(u16::to_le_bytes)).collect();
    let big: Vec<u8> = [0xfe, 0xff].into_iter().chain(units().flat_map(u16::to_be_bytes)).collect();
    let marked: Vec<u8> = [0xef, 0xbb, 0xbf].into_iter().chain(text.bytes()).collect();
    for bytes in [little.as_slice(), &big, &marked, text.as_bytes()] {
        assert_eq!(decoded(bytes).unwrap(), text);
    }
}

#[test]
fn an_encoding_that_cannot_be_read_is_told_with_the_way_out() {
    for (bytes, said) in [
        (&b"a: 1\nb: \xe4\n"[..], "f.yaml:2: the encoding is not UTF-8; save the file as UTF-8"),
        (&b"\xff\xfea"[..], "f.yaml: the file begins as UTF-16"),
        (&b"\xff\xfe\x00\xd8"[..], "f.yaml: the file begins as UTF-16"),
    ] {
        let error = decoded(bytes).unwrap_err();
        assert!(error.message().unwrap().starts_with(said), "{error:?}");
    }
}
