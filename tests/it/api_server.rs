//! An API server, played: lists and watches of what the program reads, and the writes of bind.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use actix_web::dev::ServerHandle;
use actix_web::web::{self, Bytes, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use futures::StreamExt as _;
use serde_json::{Value, json};
use tokio::sync::{broadcast, watch};

/// Where each kind is listed.
const PATHS: [(&str, &str); 4] = [
    ("Node", "/api/v1/nodes"),
    ("Pod", "/api/v1/pods"),
    ("HostPool", "/apis/outrigger.dev/v1alpha1/hostpools"),
    ("StreamJob", "/apis/outrigger.dev/v1alpha1/streamjobs"),
];

/// A played API server; it ends when it is dropped.
pub(crate) struct ApiServer {
    address: SocketAddr,
    state: Arc<State>,
    open: watch::Sender<bool>,
    handle: ServerHandle,
}

struct State {
    /// Every object, by the path of its list and its name.
    objects: Mutex<BTreeMap<(&'static str, String), Value>>,
    version: Mutex<u64>,
    /// Watch events, with the path of the list that they belong to.
    events: broadcast::Sender<(&'static str, String)>,
    open: watch::Receiver<bool>,
    watchable: AtomicBool,
    open_streams: Mutex<OpenStreams>,
    /// What the metrics API says of pods and of nodes; nothing where it is not served.
    metrics: Mutex<Option<(Value, Value)>>,
}

/// What the API server says of group `streams.ibm.com`.
#[derive(Clone, Copy)]
pub(crate) enum OpenStreams {
    /// The group is not served.
    NotServed,
    /// Nobody may ask whether it is served.
    DiscoveryForbidden,
    /// It is served, and nobody may list its objects.
    ListsForbidden,
}

impl ApiServer {
    /// Starts with these objects.
    pub(crate) fn start(objects: Vec<Value>) -> Self {
        let server = Self::silent(objects);
        server.open();
        server
    }

    /// Starts, but answers no list before it is [opened](Self::open).
    pub(crate) fn silent(objects: Vec<Value>) -> Self {
        let (open, opened) = watch::channel(false);
        let (events, _) = broadcast::channel(1_024);
        let state = State {
            objects: Mutex::default(),
            version: Mutex::new(1),
            events,
            open: opened,
            watchable: true.into(),
            open_streams: Mutex::new(OpenStreams::NotServed),
            metrics: Mutex::default(),
        };
        let data = Data::new(state);
        let held = Data::clone(&data);
        let server = HttpServer::new(move || {
            App::new()
                .app_data(Data::clone(&held))
                .app_data(web::PayloadConfig::new(8 << 20))
                .default_service(web::to(answer))
        });
        let server = server.workers(1).shutdown_timeout(0).disable_signals().bind(("127.0.0.1", 0)).unwrap();
        let address = server.addrs()[0];
        let server = server.run();
        let handle = server.handle();
        tokio::spawn(server);
        let server = Self { address, state: data.into_inner(), open, handle };
        for object in objects {
            server.put(object);
        }
        server
    }

    /// Answers from now on.
    pub(crate) fn open(&self) {
        self.open.send_replace(true);
    }

    /// Refuses new watches, or takes them up again.
    pub(crate) fn take_watches(&self, does: bool) {
        self.state.watchable.store(does, Ordering::Release);
    }

    /// Says this of group `streams.ibm.com`.
    pub(crate) fn serve_open_streams(&self, open_streams: OpenStreams) {
        *self.state.open_streams.lock().unwrap() = open_streams;
    }

    /// Serves the metrics API with this list of pods and this list of nodes.
    pub(crate) fn measure(&self, pods: Value, nodes: Value) {
        *self.state.metrics.lock().unwrap() = Some((pods, nodes));
    }

    /// A kubeconfig that leads here, written to a folder.
    pub(crate) fn kubeconfig(&self, folder: &Path) -> PathBuf {
        let path = folder.join("kubeconfig");
        let content = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "played", "cluster": {"server": format!("http://{}", self.address)}}],
            "users": [{"name": "played", "user": {}}],
            "contexts": [{"name": "played", "context": {"cluster": "played", "user": "played"}}],
            "current-context": "played",
        });
        std::fs::write(&path, content.to_string()).unwrap();
        path
    }

    /// Adds an object, or puts it in the place of the one of its name.
    pub(crate) fn put(&self, object: Value) {
        self.state.put(object);
    }

    /// A pod as it is now.
    pub(crate) fn pod(&self, name: &str) -> Value {
        self.state.objects.lock().unwrap()[&("/api/v1/pods", name.to_owned())].clone()
    }
}

impl Drop for ApiServer {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
    }
}

impl State {
    fn put(&self, mut object: Value) -> Value {
        let kind = object["kind"].as_str().unwrap().to_owned();
        let (_, path) = PATHS.iter().find(|(known, _)| *known == kind).unwrap();
        let name = object["metadata"]["name"].as_str().unwrap().to_owned();
        let mut version = self.version.lock().unwrap();
        *version += 1;
        object["metadata"]["resourceVersion"] = json!(version.to_string());
        let before = self.objects.lock().unwrap().insert((path, name), object.clone());
        let what = if before.is_none() { "ADDED" } else { "MODIFIED" };
        // Nobody may be watching.
        drop(self.events.send((path, format!("{}\n", json!({"type": what, "object": object})))));
        object
    }

    fn list(&self, path: &str) -> Value {
        let version = self.version.lock().unwrap().to_string();
        let objects = self.objects.lock().unwrap();
        let items: Vec<&Value> = objects.iter().filter(|((of, _), _)| *of == path).map(|(_, object)| object).collect();
        json!({"kind": "List", "apiVersion": "v1", "metadata": {"resourceVersion": version}, "items": items})
    }
}

fn failure(code: u16, reason: &str) -> HttpResponse {
    let status = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "code": code,
        "message": reason});
    HttpResponse::build(code.try_into().unwrap()).json(status)
}

async fn answer(request: HttpRequest, body: Bytes, state: Data<State>) -> HttpResponse {
    if let Some(rest) = request.path().strip_prefix("/apis/streams.ibm.com/v1") {
        return of_open_streams(rest, *state.open_streams.lock().unwrap());
    }
    if let Some(kind) = request.path().strip_prefix("/apis/metrics.k8s.io/v1beta1/") {
        return match &*state.metrics.lock().unwrap() {
            Some((pods, nodes)) => HttpResponse::Ok().json(if kind == "pods" { pods } else { nodes }),
            None => failure(404, "NotFound"),
        };
    }
    let Some((_, path)) = PATHS.iter().find(|(_, path)| *path == request.path()) else {
        return of_one_pod(&request, &body, &state);
    };
    if request.query_string().contains("watch=true") {
        if !state.watchable.load(Ordering::Acquire) {
            return failure(429, "TooManyRequests");
        }
        let events = futures::stream::unfold(state.events.subscribe(), |mut events| async move {
            let (path, line) = events.recv().await.ok()?;
            Some(((path, line), events))
        });
        let events = events.filter(move |(of, _)| futures::future::ready(of == path));
        return HttpResponse::Ok()
            .content_type("application/json")
            .streaming(events.map(|(_, line)| Ok::<_, actix_web::Error>(Bytes::from(line))));
    }
    let mut open = state.open.clone();
    open.wait_for(|open| *open).await.unwrap();
    HttpResponse::Ok().json(state.list(path))
}

/// Says which kinds of group `streams.ibm.com` there are, or lists one.
fn of_open_streams(rest: &str, open_streams: OpenStreams) -> HttpResponse {
    let kinds = [("streamspes", "ProcessingElement"), ("streamshostpools", "HostPool"), ("streamsjobs", "Job")];
    let resource = |(name, kind)| json!({"name": name, "singularName": "", "namespaced": true, "kind": kind, "verbs": ["list", "watch"]});
    match (open_streams, rest) {
        (OpenStreams::DiscoveryForbidden, "")
        | (OpenStreams::ListsForbidden, "/streamspes" | "/streamshostpools" | "/streamsjobs") => {
            failure(403, "Forbidden")
        }
        (OpenStreams::ListsForbidden, "") => HttpResponse::Ok().json(json!({
            "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": "streams.ibm.com/v1",
            "resources": kinds.map(resource),
        })),
        _ => failure(404, "NotFound"),
    }
}

/// Reads, fences or binds a pod.
fn of_one_pod(request: &HttpRequest, body: &[u8], state: &State) -> HttpResponse {
    let parts: Vec<&str> = request.path().trim_matches('/').split('/').collect();
    let ["api", "v1", "namespaces", _, "pods", name, rest @ ..] = parts.as_slice() else {
        return failure(404, "NotFound");
    };
    let found = state.objects.lock().unwrap().get(&("/api/v1/pods", (*name).to_owned())).cloned();
    let Some(mut pod) = found else { return failure(404, "NotFound") };
    let change: Value = serde_json::from_slice(body).unwrap_or_default();
    let uid = &change["metadata"]["uid"];
    if !uid.is_null() && *uid != pod["metadata"]["uid"] {
        return failure(409, "Conflict");
    }
    match (request.method().as_str(), rest) {
        ("GET", []) => HttpResponse::Ok().json(pod),
        ("PATCH", []) => {
            json_patch::merge(&mut pod, &change);
            HttpResponse::Ok().json(state.put(pod))
        }
        ("POST", ["binding"]) => {
            let asked = &change["metadata"]["resourceVersion"];
            if !pod["spec"]["nodeName"].is_null() || *asked != pod["metadata"]["resourceVersion"] {
                return failure(409, "Conflict");
            }
            pod["spec"]["nodeName"] = change["target"]["name"].clone();
            json_patch::merge(&mut pod, &json!({"metadata": {"annotations": change["metadata"]["annotations"]}}));
            state.put(pod);
            HttpResponse::Created().json(json!({"kind": "Status", "apiVersion": "v1", "status": "Success"}))
        }
        _ => failure(405, "MethodNotAllowed"),
    }
}
