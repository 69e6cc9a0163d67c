//! Mounts and block devices: each path once, and modes that fit each other.

use std::collections::BTreeSet;

use super::error_at;
use crate::api::{FieldError, Located};
use crate::policy::schema::{element_path, member_path};

pub(super) fn check(container: &Located, path: &str) -> Result<(), FieldError> {
    let list = |name: &str| container.get(name).map(Located::elements).unwrap_or_default();
    let (mounts, devices) = (list("volumeMounts"), list("volumeDevices"));
    let is_privileged =
        container.get("securityContext").and_then(|context| context.flag_of("privileged")) == Some(true);
    let mut paths = BTreeSet::new();
    for (at, mount) in mounts.iter().enumerate() {
        let path = element_path(&member_path(path, "volumeMounts"), at);
        check_unique(&mut paths, mount, "mountPath", &path)?;
        check_mount(mount, is_privileged, &path)?;
    }
    let mut names = BTreeSet::new();
    for (at, device) in devices.iter().enumerate() {
        let path = element_path(&member_path(path, "volumeDevices"), at);
        check_unique(&mut paths, device, "devicePath", &path)?;
        check_unique(&mut names, device, "name", &path)?;
        let name = device.text_of("name");
        if mounts.iter().any(|mount| mount.text_of("name") == name) {
            let problem = "a volume is mounted or used as a block device, not both";
            return Err(error_at(device, &path, "name", problem));
        }
    }
    Ok(())
}

fn check_unique<'a>(
    known: &mut BTreeSet<&'a str>,
    element: &'a Located,
    member: &str,
    path: &str,
) -> Result<(), FieldError> {
    match element.text_of(member) {
        Some(text) if !known.insert(text) => {
            Err(error_at(element, path, member, format!("`{text}` stands twice: keep one")))
        }
        _ => Ok(()),
    }
}

fn check_mount(mount: &Located, is_privileged: bool, path: &str) -> Result<(), FieldError> {
    if mount.text_of("subPath").is_some() && mount.text_of("subPathExpr").is_some() {
        return Err(error_at(mount, path, "subPathExpr", "`subPath` and `subPathExpr` exclude each other: keep one"));
    }
    let propagation = mount.text_of("mountPropagation");
    if propagation == Some("Bidirectional") && !is_privileged {
        let problem = "Bidirectional is for containers with `securityContext.privileged: true`";
        return Err(error_at(mount, path, "mountPropagation", problem));
    }
    if matches!(mount.text_of("recursiveReadOnly"), Some("IfPossible" | "Enabled")) {
        if mount.flag_of("readOnly") != Some(true) {
            return Err(error_at(mount, path, "recursiveReadOnly", "it needs `readOnly: true`"));
        }
        if propagation.is_some_and(|propagation| propagation != "None") {
            return Err(error_at(mount, path, "recursiveReadOnly", "it needs `mountPropagation: None`"));
        }
    }
    let options = mount.get("bindMountOptions").map(Located::elements).unwrap_or_default();
    for (at, option) in options.iter().enumerate() {
        let before = options.get(..at).unwrap_or_default();
        if before.iter().any(|other| other.text() == option.text()) {
            let path = element_path(&member_path(path, "bindMountOptions"), at);
            return Err(FieldError::at(option.position, path, "the option stands twice: keep one"));
        }
    }
    Ok(())
}
