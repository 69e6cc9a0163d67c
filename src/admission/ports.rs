//! The ports that the containers of a pod listen on. All of them share one network.

use std::collections::BTreeSet;

use serde_json::Value;

use super::json;
use crate::policy::Sidecar;

/// A protocol and a port.
type Port<'v> = (&'v str, u16);

/// The first container beside which a sidecar cannot listen, with what is known of it; `None` if there is no such container.
///
/// A container listens on the ports that it declares, and on those at which it is probed. `guesses` is true where a container
/// that runs the same kind of program counts too: the ports of a collector are often in its configuration alone.
pub(super) fn in_use(pod: &Value, sidecar: &Sidecar, guesses: bool) -> Option<String> {
    let mut own = listens_on(&sidecar.container);
    own.extend(sidecar.listens_on.iter().map(|port| ("TCP", *port)));
    let is_collector = guesses && is_collector(&sidecar.container);
    if own.is_empty() && !is_collector {
        return None;
    }
    let others = lasting_containers(pod).filter(|other| json::text(other, &["name"]) != Some(&sidecar.name));
    others.into_iter().find_map(|other| {
        let name = json::text(other, &["name"]).unwrap_or_default();
        if let Some((protocol, port)) = listens_on(other).intersection(&own).next() {
            return Some(format!("container `{name}` listens on {protocol} port {port}"));
        }
        (is_collector && self::is_collector(other)).then(|| format!("container `{name}` is a collector too"))
    })
}

/// Application containers and native sidecars. Other init containers have ended when a sidecar of the policy starts.
fn lasting_containers(pod: &Value) -> impl Iterator<Item = &Value> {
    let is_sidecar = |container: &&Value| json::text(container, &["restartPolicy"]) == Some("Always");
    let init_containers = json::list(pod, &["spec", "initContainers"]).iter().filter(is_sidecar);
    json::list(pod, &["spec", "containers"]).iter().chain(init_containers)
}

fn listens_on(container: &Value) -> BTreeSet<Port<'_>> {
    let declared = json::list(container, &["ports"]).iter().filter_map(|port| {
        let protocol = json::text(port, &["protocol"]).unwrap_or("TCP");
        Some((protocol, number(json::get(port, &["containerPort"])?)?))
    });
    let probes = ["startupProbe", "readinessProbe", "livenessProbe"].into_iter();
    let probes = probes.filter_map(|probe| json::get(container, &[probe]));
    let at_probes = probes.flat_map(|probe| {
        let handlers = ["httpGet", "tcpSocket", "grpc"].into_iter().filter_map(|handler| json::get(probe, &[handler]));
        // A probe of another host says nothing of this container. A port by name is among the declared ones.
        let handlers = handlers.filter(|handler| json::text(handler, &["host"]).is_none());
        handlers.filter_map(|handler| Some(("TCP", number(json::get(handler, &["port"])?)?)))
    });
    declared.chain(at_probes).collect()
}

fn number(port: &Value) -> Option<u16> {
    u16::try_from(port.as_u64()?).ok().filter(|port| *port > 0)
}

/// True for a container with an image of an OpenTelemetry collector. Every build listens on the ports of OTLP by default.
fn is_collector(container: &Value) -> bool {
    let image = json::text(container, &["image"]).unwrap_or_default();
    let name = image.split('@').next().unwrap_or_default().rsplit('/').next().unwrap_or_default();
    ["opentelemetry-collector", "otel-collector", "otelcol"].into_iter().any(|known| name.contains(known))
}

#[cfg(test)]
#[path = "tests/ports.rs"]
mod tests;
