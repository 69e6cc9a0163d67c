//! The way to a pod through the API server, played: a list of one pod, its lease, and the tunnel of `kubectl port-forward`.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};

/// An API server that leads to one pod.
pub(crate) struct PortForward {
    address: SocketAddr,
}

impl PortForward {
    /// Its pod has this name; what is sent to any port of it arrives at `target`, or nowhere.
    pub(crate) async fn start(pod: &'static str, target: Option<SocketAddr>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, pod, target));
            }
        });
        Self { address }
    }

    /// A kubeconfig that leads here, written to a folder; its namespace is `ns`.
    pub(crate) fn kubeconfig(&self, folder: &Path) -> PathBuf {
        let path = folder.join("forwarding");
        let way = json!({"cluster": "played", "user": "played", "namespace": "ns"});
        let content = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "played",
            "clusters": [{"name": "played", "cluster": {"server": format!("http://{}", self.address)}}],
            "users": [{"name": "played", "user": {}}],
            "contexts": [{"name": "played", "context": way}],
        });
        std::fs::write(&path, content.to_string()).unwrap();
        path
    }
}

async fn serve(mut stream: TcpStream, pod: &'static str, target: Option<SocketAddr>) {
    let mut head = [0; 4_096];
    let read = stream.peek(&mut head).await.unwrap_or_default();
    let line = String::from_utf8_lossy(&head[..read]).lines().next().unwrap_or_default().to_owned();
    if line.contains("/portforward?") {
        assert!(line.contains(&format!("/namespaces/outrigger-system/pods/{pod}/portforward?")), "{line}");
        let port = line.split("ports=").nth(1).and_then(|rest| rest.split([' ', '&']).next()).unwrap().parse();
        tunnel(stream, port.unwrap(), target).await;
        return;
    }
    let body = if line.contains("/leases/") {
        json!({"kind": "Lease", "apiVersion": "coordination.k8s.io/v1", "metadata": {"name": "outrigger-scheduler"},
            "spec": {"holderIdentity": format!("{pod}_1")}})
    } else {
        let other = json!({"metadata": {"name": "another"}, "status": {"phase": "Running"}});
        let leader = json!({"metadata": {"name": pod}, "status": {"phase": "Running"}});
        json!({"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": [other, leader]})
    };
    answer(&mut stream, &body).await;
}

async fn answer(stream: &mut TcpStream, body: &Value) {
    let body = body.to_string();
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length:";
    stream.write_all(format!("{head} {}\r\n\r\n{body}", body.len()).as_bytes()).await.unwrap();
    let mut rest = Vec::new();
    drop(stream.read_to_end(&mut rest).await);
}

/// One port: channel 0 carries its bytes, channel 1 what went wrong; each begins with the number of the port.
#[expect(clippy::result_large_err, reason = "the callback is that of the crate")]
async fn tunnel(stream: TcpStream, port: u16, target: Option<SocketAddr>) {
    let agree = |request: &Request, mut response: Response| {
        let offered = request.headers()["sec-websocket-protocol"].to_str().unwrap();
        let agreed = offered.split(',').next().unwrap().trim().parse().unwrap();
        response.headers_mut().insert("sec-websocket-protocol", agreed);
        Ok(response)
    };
    let mut socket = tokio_tungstenite::accept_hdr_async(stream, agree).await.unwrap();
    let [low, high] = port.to_le_bytes();
    for channel in [0, 1] {
        socket.send(Message::binary(vec![channel, low, high])).await.unwrap();
    }
    let Some(target) = target else {
        let error = [&[1][..], b"connection refused"].concat();
        socket.send(Message::binary(error)).await.unwrap();
        while socket.next().await.is_some_and(|message| message.is_ok()) {}
        return;
    };
    let (mut from_pod, mut to_pod) = TcpStream::connect(target).await.unwrap().into_split();
    let mut bytes = [0; 1_024];
    loop {
        tokio::select! {
            read = from_pod.read(&mut bytes) => match read {
                Ok(read @ 1..) => {
                    let message = [&[0][..], &bytes[..read]].concat();
                    socket.send(Message::binary(message)).await.unwrap();
                }
                _ => return drop(socket.close(None).await),
            },
            message = socket.next() => match message {
                Some(Ok(Message::Binary(message))) => to_pod.write_all(&message[1..]).await.unwrap(),
                Some(Ok(_)) => {}
                _ => return,
            },
        }
    }
}
