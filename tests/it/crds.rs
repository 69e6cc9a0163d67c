//! `deploy/crds` is what the program prints: the types are the one place where a resource is defined.

use assert_cmd::Command;

#[test]
fn the_manifest_is_what_the_program_prints() {
    let output = Command::cargo_bin("outrigger").unwrap().arg("crds").output().unwrap();
    assert!(output.status.success());
    let printed = String::from_utf8(output.stdout).unwrap();
    let stored = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/crds/hostpools.outrigger.dev.yaml");
    let stored = std::fs::read_to_string(stored).unwrap();
    assert!(
        stored == printed,
        "run `outrigger crds > deploy/crds/hostpools.outrigger.dev.yaml`; the program prints\n{printed}"
    );
}
