//! What hostile tenants do: each attack goes on until a time, and counts what it has achieved.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Result, ensure};
use k8s_openapi::api::core::v1::Pod;
use kube::api::{ListParams, Patch, PatchParams};
use kube::{Api, Client};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use crate::cluster::wait::until;
use crate::placement::pe::{Pe, node};

/// The namespace of the hostile tenants.
pub(super) const NAMESPACE: &str = "hostile";
/// PEs that the storm and the resizes are written onto.
const WRITTEN: usize = 20;
/// PEs of the flood at the beginning, and each second.
const FLOOD_AT_ONCE: usize = 60;
const FLOOD_A_SECOND: u32 = 5;
const WRITES_A_SECOND: u32 = 50;
const RESIZES_A_SECOND: u32 = 10;
const IDLE_CONNECTIONS: usize = 1_024;
/// How many of those that the server has closed are opened again at one time, five times a second.
const OPENED_AGAIN: usize = 20;
/// More than any list may have, in about 100 KB.
const BLOB: usize = 100_000;

/// What an attack has achieved.
pub(super) struct Attack {
    name: &'static str,
    pub(super) count: usize,
    a_second: u32,
}

impl std::fmt::Debug for Attack {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.count, self.name)
    }
}

impl Attack {
    /// The least count of an attack of this length: a quarter of its rate, since a busy machine and rejected writes take theirs.
    pub(super) fn least(&self, length: Duration) -> usize {
        if self.a_second == 0 {
            return IDLE_CONNECTIONS;
        }
        usize::try_from(u64::from(self.a_second) * length.as_secs() / 4).unwrap_or(usize::MAX)
    }
}

/// Creates the PEs that are written onto: some that wait for ever, and some that run, whose names are returned.
pub(super) async fn prepare(client: &Client) -> Result<Vec<String>> {
    let pods: Api<Pod> = Api::namespaced(client.clone(), NAMESPACE);
    for number in 0..WRITTEN {
        Pe::new("storm", &format!("storm-{number}")).wish("hosts", "elsewhere").create(&pods).await?;
        Pe::new("resized", &format!("resized-{number}")).cpu("100m").create(&pods).await?;
    }
    until("the PEs of the hostile tenant run", Duration::from_mins(1), async || {
        let listed = pods.list(&ListParams::default().labels("outrigger.dev/job=resized")).await?;
        let placed = listed.iter().filter(|pod| node(pod).is_some()).count();
        ensure!(placed == WRITTEN, "{placed} of {WRITTEN}");
        Ok(())
    })
    .await?;
    Ok((0..WRITTEN).map(|number| format!("resized-{number}")).collect())
}

/// Creates PEs with lists at and above every bound, and with large annotations of all kinds.
pub(super) async fn token_floods(client: Client, end: Instant) -> Attack {
    let pods: Api<Pod> = Api::namespaced(client, NAMESPACE);
    let mut count = 0;
    let mut times = every_second(FLOOD_A_SECOND);
    for number in 0.. {
        if number >= FLOOD_AT_ONCE {
            times.tick().await;
        }
        if Instant::now() >= end {
            break;
        }
        count += usize::from(flooding(number).create(&pods).await.is_ok());
    }
    Attack { name: "floods", count, a_second: FLOOD_A_SECOND }
}

fn flooding(number: usize) -> Pe {
    let list = |length: usize| {
        let parts: Vec<String> = (0..length).map(|at| format!("t{}", (number * 7 + at) % 50_000)).collect();
        parts.join(",")
    };
    let pe = Pe::new("flood", &format!("flood-{number}"));
    match number % 8 {
        0 => pe.wish("exlocation", &list(16)),
        1 => pe.wish("exlocation", &list(16)).wish("hosts", "elsewhere"),
        2 => pe.wish("exlocation", &list(17)),
        3 => pe.wish("exlocation", &list(BLOB / 6)),
        4 => pe.wish("hosts", &list(64)),
        5 => pe.wish("colocation", &list(BLOB / 6)),
        6 => pe.wish("connects-to", &list(64)).wish("colocation", &list(16)),
        _ => pe.wish("blob", &"x".repeat(BLOB)),
    }
}

/// Writes annotations onto PEs that wait: takeover marks, requests to be tried again, records, and keys of others.
pub(super) async fn annotation_storm(client: Client, end: Instant) -> Attack {
    const WRITERS: u32 = 5;
    let pods: Api<Pod> = Api::namespaced(client, NAMESPACE);
    let writers = (0..WRITERS).map(async |writer| {
        let (mut count, mut number) = (0, usize::try_from(writer).unwrap_or_default());
        let mut times = every_second(WRITES_A_SECOND / WRITERS);
        while Instant::now() < end {
            times.tick().await;
            number += 7;
            let (key, value) = match number % 5 {
                0 => ("outrigger.dev/wake", number.to_string()),
                1 => ("outrigger.dev/placement", format!("{{\"node\":\"n{number}\"}}")),
                2 => ("example.com/blob", "x".repeat(10_000) + &number.to_string()),
                _ => ("outrigger.dev/epoch", format!("stranger-{number}.{number}")),
            };
            let change = Patch::Merge(json!({"metadata": {"annotations": {key: value}}}));
            let name = format!("storm-{}", number % WRITTEN);
            count += usize::from(pods.patch_metadata(&name, &PatchParams::default(), &change).await.is_ok());
        }
        count
    });
    let count = futures::future::join_all(writers).await.into_iter().sum();
    Attack { name: "writes", count, a_second: WRITES_A_SECOND }
}

/// Resizes PEs that run, by their spec and by what their status reports, and finishes none.
pub(super) async fn half_finished_resizes(client: Client, names: Vec<String>, end: Instant) -> Attack {
    let pods: Api<Pod> = Api::namespaced(client, NAMESPACE);
    let mut count = 0;
    let mut times = every_second(RESIZES_A_SECOND);
    for (number, name) in (0_usize..).zip(names.iter().cycle()) {
        times.tick().await;
        if Instant::now() >= end {
            break;
        }
        let [wanted, reserved] =
            [number * 13 % 400 + 1, number * 29 % 400 + 1].map(|cpu| json!({"cpu": format!("{cpu}m")}));
        // The API server allows the resize of a container that runs only where its status has resources.
        let (subresource, change) = if number / names.len() % 2 == 1 {
            let container = json!({"name": "main", "resources": {"requests": wanted}});
            ("resize", json!({"spec": {"containers": [container]}}))
        } else {
            let reason = if number % 2 == 1 { "Deferred" } else { "Infeasible" };
            let status = json!({
                "name": "main", "image": "none", "imageID": "", "ready": true, "restartCount": 0,
                "allocatedResources": reserved, "resources": {"requests": wanted},
            });
            let condition = json!({"type": "PodResizePending", "status": "True", "reason": reason});
            ("status", json!({"status": {"conditions": [condition], "containerStatuses": [status]}}))
        };
        let change: Patch<Value> = Patch::Strategic(change);
        let written = pods.patch_subresource(subresource, name, &PatchParams::default(), &change).await;
        count += usize::from(written.is_ok());
    }
    Attack { name: "resizes", count, a_second: RESIZES_A_SECOND }
}

/// Keeps connections open that ask nothing, or never finish a question. One that is closed is opened again.
pub(super) async fn idle_connections(target: SocketAddr, end: Instant) -> Attack {
    let mut open: Vec<TcpStream> = Vec::new();
    let mut count = 0;
    let mut times = every_second(5);
    while Instant::now() < end {
        times.tick().await;
        open.retain(|connection| !is_closed(connection));
        let most = if count < IDLE_CONNECTIONS { IDLE_CONNECTIONS } else { OPENED_AGAIN };
        for _ in 0..(IDLE_CONNECTIONS - open.len()).min(most) {
            let connected = timeout(Duration::from_secs(1), TcpStream::connect(target)).await;
            let Ok(Ok(mut connection)) = connected else { continue };
            if count % 2 == 0 {
                // An error means that the server has closed it already.
                drop(connection.write_all(b"GET /metrics HTTP/1.1\r\nHost: ").await);
            }
            count += 1;
            open.push(connection);
        }
    }
    Attack { name: "connections", count, a_second: 0 }
}

fn is_closed(connection: &TcpStream) -> bool {
    match connection.try_read(&mut [0; 512]) {
        Ok(length) => length == 0,
        Err(error) => error.kind() != std::io::ErrorKind::WouldBlock,
    }
}

fn every_second(times: u32) -> tokio::time::Interval {
    let mut times = interval(Duration::from_secs(1) / times);
    times.set_missed_tick_behavior(MissedTickBehavior::Burst);
    times
}
