use proptest::prelude::*;

use super::*;

fn cpu(text: &str) -> u64 {
    let mut resources = Resources::default();
    resources.set("cpu", text).unwrap();
    resources.cpu.0
}

fn memory(text: &str) -> u64 {
    let mut resources = Resources::default();
    resources.set("memory", text).unwrap();
    resources.memory.0
}

#[test]
fn quantities_read_as_kubernetes_reads_them() {
    assert_eq!(cpu("250m"), 250);
    assert_eq!(cpu("2"), 2_000);
    assert_eq!(cpu("1.5"), 1_500);
    assert_eq!(cpu(".5"), 500);
    assert_eq!(cpu("1e3"), 1_000_000);
    assert_eq!(cpu("100u"), 1, "finer than a millicore is rounded up");
    assert_eq!(memory("512Mi"), 512 << 20);
    assert_eq!(memory("1G"), 1_000_000_000);
    assert_eq!(memory("128974848000m"), 128_974_848);
    assert_eq!(memory("8Ei"), 8 << 60);
    assert_eq!(memory("16Ei"), u64::MAX, "saturates");
}

#[test]
fn a_text_that_is_no_quantity_is_an_error_with_the_text() {
    for bad in ["", "m", "1.2.3", "-1", "1 Mi", "1Mib", "e3", "1e", "0x10", "1e999", "½"] {
        let error = Resources::default().set("cpu", bad).unwrap_err();
        assert_eq!(error, InvalidQuantity(bad.to_owned()));
    }
}

proptest! {
    #[test]
    fn any_text_is_a_quantity_or_an_error(text in "\\PC{0,24}") {
        let _outcome = Resources::default().set("memory", &text);
    }

    #[test]
    fn what_was_added_can_be_taken_away(cpu in 0..1_u64 << 40, memory in 0..1_u64 << 40, gpu in 0..9_u64) {
        let mut some = Resources { cpu: Millicores(cpu), memory: Bytes(memory), other: Vec::new() };
        some.set("gpu", &gpu.to_string()).unwrap();
        let mut sum = some.clone();
        sum.add(&some);
        sum.subtract(&some);
        prop_assert_eq!(sum, some);
    }
}
