//! Declared ports: each name, each port and each host port once.

use super::error_at;
use crate::api::{FieldError, Located};
use crate::policy::schema::{element_path, member_path};

pub(super) fn check(container: &Located, path: &str) -> Result<(), FieldError> {
    let ports = container.get("ports").map(Located::elements).unwrap_or_default();
    let path = member_path(path, "ports");
    for (at, port) in ports.iter().enumerate() {
        let before = ports.get(..at).unwrap_or_default();
        let path = element_path(&path, at);
        if let Some(name) = port.text_of("name")
            && before.iter().any(|other| other.text_of("name") == Some(name))
        {
            return Err(error_at(port, &path, "name", format!("two ports are named `{name}`")));
        }
        for member in [
            "hostPort",
            // In a pod with `hostNetwork`, the port is a host port too.
            "containerPort",
        ] {
            let Some(own) = listens_on(port, member) else { continue };
            if before.iter().any(|other| listens_on(other, member).as_ref() == Some(&own)) {
                let kind = if member == "hostPort" { "host port" } else { "port" };
                return Err(error_at(
                    port,
                    &path,
                    member,
                    format!("the sidecar declares {kind} {} twice: keep one", own.0),
                ));
            }
        }
    }
    Ok(())
}

/// A port with its protocol and address; `None` where the member has no port.
fn listens_on(port: &Located, member: &str) -> Option<(i64, String, String)> {
    let number = port.integer_of(member).filter(|number| *number != 0)?;
    let text = |member: &str| port.text_of(member).unwrap_or_default().to_owned();
    Some((number, port.text_of("protocol").unwrap_or("TCP").to_owned(), text("hostIP")))
}
