//! `deploy/crds` is what the program prints: the types are the one place where a resource is defined.

use std::path::Path;

use assert_cmd::Command;

#[test]
fn the_manifests_are_what_the_program_prints() {
    let output = Command::cargo_bin("outrigger").unwrap().arg("crds").output().unwrap();
    assert!(output.status.success());
    let printed = String::from_utf8(output.stdout).unwrap();
    let documents: Vec<&str> = printed.split("---\n").filter(|document| !document.is_empty()).collect();
    assert_eq!(documents.len(), 2, "one for each resource");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/crds");
    assert_eq!(folder.read_dir().unwrap().count(), documents.len(), "and one file");
    for document in documents {
        let name = document.lines().find_map(|line| line.strip_prefix("  name: ")).unwrap();
        let stored = std::fs::read_to_string(folder.join(format!("{name}.yaml"))).unwrap_or_default();
        assert!(stored == document, "`outrigger crds` prints for deploy/crds/{name}.yaml\n{document}");
    }
}
