//! Ports of containers that the API server rejects, as `validateContainerPorts` and `ValidateHostNetwork` of
//! `pkg/apis/core/validation` do.

use serde_json::Value;

use super::json::{containers, text};
use super::rejection::Rejection;

const PROTOCOLS: [&str; 3] = ["TCP", "UDP", "SCTP"];

/// Checks every port: number and protocol. In the host's network, the host ports of application containers are
/// their container ports.
pub(super) fn validate(pod: &Value) -> Result<(), Rejection> {
    let uses_host_network = pod.pointer("/spec/hostNetwork") == Some(&Value::Bool(true));
    for (path, container) in containers(pod) {
        let ports = container.get("ports").and_then(Value::as_array);
        for (at, port) in ports.into_iter().flatten().enumerate() {
            let path_of_port = format!("{path}.ports[{at}]");
            check(&path_of_port, port)?;
            let differs = port.get("hostPort").is_some_and(|host_port| Some(host_port) != port.get("containerPort"));
            if uses_host_network && differs && path.starts_with("spec.containers") {
                let problem = "differs from containerPort in the host's network; remove it";
                return Err(Rejection::new(format!("{path_of_port}.hostPort"), problem));
            }
        }
    }
    Ok(())
}

fn check(path: &str, port: &Value) -> Result<(), Rejection> {
    let number = |member: &str| port.get(member).and_then(Value::as_i64).unwrap_or(0);
    if !(1..=65_535).contains(&number("containerPort")) {
        return Err(Rejection::new(format!("{path}.containerPort"), "write a number from 1 to 65535"));
    }
    if !(0..=65_535).contains(&number("hostPort")) {
        return Err(Rejection::new(format!("{path}.hostPort"), "write a number from 1 to 65535"));
    }
    let protocol = text(port, "/protocol");
    if !(protocol.is_empty() || PROTOCOLS.contains(&protocol)) {
        return Err(Rejection::new(format!("{path}.protocol"), format!("`{protocol}` is not TCP, UDP or SCTP")));
    }
    Ok(())
}
