//! Security contexts: settings that exclude each other.

use super::error_at;
use crate::api::{FieldError, Located};
use crate::policy::schema::member_path;

/// The longest path of a profile, as in Kubernetes.
const LONGEST_PROFILE: usize = 4_095;

pub(super) fn check(container: &Located, path: &str) -> Result<(), FieldError> {
    let Some(context) = container.get("securityContext") else { return Ok(()) };
    let path = member_path(path, "securityContext");
    if context.flag_of("allowPrivilegeEscalation") == Some(false) {
        if context.flag_of("privileged") == Some(true) {
            let problem = "a privileged container may escalate privileges: remove one of the two";
            return Err(error_at(context, &path, "allowPrivilegeEscalation", problem));
        }
        let added = context.get("capabilities").and_then(|capabilities| capabilities.get("add"));
        let added = added.map(Located::elements).unwrap_or_default();
        if added.iter().any(|capability| capability.text() == Some("CAP_SYS_ADMIN")) {
            let problem = "a container with CAP_SYS_ADMIN may escalate privileges: remove one of the two";
            return Err(error_at(context, &path, "allowPrivilegeEscalation", problem));
        }
    }
    if context.flag_of("runAsNonRoot") == Some(true) && context.integer_of("runAsUser") == Some(0) {
        return Err(error_at(context, &path, "runAsUser", "user 0 is root, and `runAsNonRoot` forbids root"));
    }
    for kind in ["seccompProfile", "appArmorProfile"] {
        if let Some(profile) = context.get(kind) {
            check_profile(profile, &member_path(&path, kind), kind)?;
        }
    }
    Ok(())
}

fn check_profile(profile: &Located, path: &str, kind: &str) -> Result<(), FieldError> {
    const FIELD: &str = "localhostProfile";
    let error = |problem: &str| Err(error_at(profile, path, FIELD, problem));
    let is_local = profile.text_of("type") == Some("Localhost");
    match (is_local, profile.get(FIELD).and_then(Located::text)) {
        (false, Some(_)) => error("only a profile of type Localhost has it: leave it out"),
        (true, None | Some("")) => error("a profile of type Localhost needs it"),
        (true, Some(file)) if kind == "seccompProfile" => {
            let is_below = !file.starts_with('/') && file.split('/').all(|part| part != "..");
            if is_below { Ok(()) } else { error("it must be a relative path without `..`") }
        }
        (true, Some(name)) if name.trim() != name || name.len() > LONGEST_PROFILE => {
            error("it must have no space around it, and at most 4095 bytes")
        }
        (false, None) | (true, Some(_)) => Ok(()),
    }
}
