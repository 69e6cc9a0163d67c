//! Probes and lifecycle hooks: limits of each kind of probe, and ports that are declared.

use super::error_at;
use crate::api::{FieldError, Located};
use crate::policy::schema::member_path;

pub(super) fn check(container: &Located, path: &str) -> Result<(), FieldError> {
    for kind in ["startupProbe", "livenessProbe", "readinessProbe"] {
        let Some(probe) = container.get(kind) else { continue };
        let path = member_path(path, kind);
        check_handler(container, probe, &path)?;
        if kind == "readinessProbe" {
            if probe.get("terminationGracePeriodSeconds").is_some() {
                let problem = "a readiness probe ends no container: leave it out";
                return Err(error_at(probe, &path, "terminationGracePeriodSeconds", problem));
            }
        } else if probe.integer_of("successThreshold").is_some_and(|threshold| threshold > 1) {
            let problem = "it must be 1 in a startup or liveness probe: leave it out";
            return Err(error_at(probe, &path, "successThreshold", problem));
        }
    }
    let Some(lifecycle) = container.get("lifecycle") else { return Ok(()) };
    for kind in ["postStart", "preStop"] {
        if let Some(hook) = lifecycle.get(kind) {
            check_handler(container, hook, &member_path(&member_path(path, "lifecycle"), kind))?;
        }
    }
    Ok(())
}

fn check_handler(container: &Located, handler: &Located, path: &str) -> Result<(), FieldError> {
    let commands = handler.get("exec").and_then(|exec| exec.get("command"));
    if commands.is_some_and(|command| command.elements().is_empty()) {
        let path = member_path(path, "exec");
        return Err(error_at(handler.get("exec").unwrap_or(handler), &path, "command", "it is empty: write a command"));
    }
    for kind in ["httpGet", "tcpSocket"] {
        let Some(action) = handler.get(kind) else { continue };
        let path = member_path(path, kind);
        let is_declared = |name: &str| {
            let ports = container.get("ports").map(Located::elements).unwrap_or_default();
            ports.iter().any(|port| port.text_of("name") == Some(name))
        };
        if let Some(name) = action.text_of("port").filter(|name| !is_declared(name)) {
            let problem = format!("the sidecar declares no port `{name}`: add it to `ports`, or write the number");
            return Err(error_at(action, &path, "port", problem));
        }
        if action.text_of("protocol") == Some("HTTP2") {
            if action.text_of("scheme") == Some("HTTPS") {
                return Err(error_at(action, &path, "protocol", "HTTP2 is for scheme HTTP alone"));
            }
            if action.text_of("host").is_some() {
                return Err(error_at(action, &path, "host", "HTTP2 takes no host: leave it out"));
            }
        }
    }
    Ok(())
}
