//! Declared ports: each name and each host port once.

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
        let host_port = |port: &Located| {
            let number = port.integer_of("hostPort").filter(|number| *number != 0)?;
            Some((number, protocol(port).to_owned(), port.text_of("hostIP").unwrap_or_default().to_owned()))
        };
        if let Some(own) = host_port(port)
            && before.iter().any(|other| host_port(other).as_ref() == Some(&own))
        {
            return Err(error_at(port, &path, "hostPort", format!("two ports have host port {}", own.0)));
        }
    }
    Ok(())
}

fn protocol(port: &Located) -> &str {
    port.text_of("protocol").unwrap_or("TCP")
}
