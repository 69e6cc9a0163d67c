//! An API server with the preconditions of the real one, a network that delivers when the test says so, and processes
//! that bind through it.
#![expect(clippy::disallowed_methods, reason = "tasks end with the runtime of the test")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use futures::FutureExt as _;
use futures::future::BoxFuture;
use jiff::Timestamp;
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, yield_now};

use super::super::{BindFailure, Binder, BoundPod, PodApi, WriteError};
use crate::extender::BindingArguments;
use crate::extender::bind::PendingBinding;
use crate::model::{
    Bytes, Labels, Millicores, Namespace, Node, NodeLabels, NodeName, Pod, PodKey, PodPhase, PodUid, Pool, Resources,
    StreamJob, keys,
};
use crate::policy::{PolicySet, Source};
use crate::state::{Change, Event};
use crate::store::Store;

/// How often the runtime yields until every task waits for the test.
const TURNS: usize = 24;

/// A request of a process to the API server.
#[derive(Clone, Debug)]
pub(super) enum Call {
    Bind(Box<PendingBinding>),
    Get(PodKey),
    Fence(PodKey, String),
}

type Answer = Result<Option<Pod>, WriteError>;

/// A request in flight, executed or not; dropping the request loses the response.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) call: Call,
    executed: Option<Answer>,
    reply: Option<oneshot::Sender<Answer>>,
}

/// The API server, and the network in front of the API server.
#[derive(Debug, Default)]
pub(super) struct World {
    /// At most one pod of each name.
    pods: BTreeMap<PodUid, Pod>,
    version: u64,
    /// How many pods were created.
    created: usize,
    /// The events of every watch, in order.
    log: Vec<Event>,
    pub(super) requests: Vec<Request>,
    /// The epoch that was announced last.
    pub(super) announced: Option<String>,
    /// How many Bindings have succeeded.
    pub(super) landed: usize,
}

/// A process: its state, its binder, and the position of its watch.
pub(super) struct Process {
    world: Arc<Mutex<World>>,
    pub(super) store: Arc<Store>,
    pub(super) binder: Arc<Binder>,
    shown: usize,
    pub(super) binds: Vec<JoinHandle<Result<BoundPod, BindFailure>>>,
}

/// The connection of one process to the API server.
#[derive(Debug)]
struct Network(Arc<Mutex<World>>);

impl Network {
    fn send(&self, call: Call) -> BoxFuture<'static, Answer> {
        let (reply, answer) = oneshot::channel();
        self.0.lock().unwrap().requests.push(Request { call, executed: None, reply: Some(reply) });
        answer.map(|answer| answer.unwrap_or_else(|_lost| Err(WriteError::Unknown("connection lost".into())))).boxed()
    }
}

impl PodApi for Network {
    fn bind<'a>(&'a self, binding: &'a PendingBinding) -> BoxFuture<'a, Result<(), WriteError>> {
        self.send(Call::Bind(Box::new(binding.clone()))).map(|answer| answer.map(drop)).boxed()
    }

    fn get_pod<'a>(&'a self, pod: &'a PodKey) -> BoxFuture<'a, Result<Pod, WriteError>> {
        self.send(Call::Get(pod.clone())).map(|answer| answer.map(Option::unwrap)).boxed()
    }

    fn announce_epoch<'a>(&'a self, epoch: &'a str) -> BoxFuture<'a, Result<(), WriteError>> {
        self.0.lock().unwrap().announced = Some(epoch.to_owned());
        futures::future::ready(Ok(())).boxed()
    }

    fn announced_epoch(&self) -> BoxFuture<'_, Result<Option<String>, WriteError>> {
        futures::future::ready(Ok(self.0.lock().unwrap().announced.clone())).boxed()
    }

    fn write_fencing_token<'a>(&'a self, pod: &'a PodKey, token: &'a str) -> BoxFuture<'a, Result<Pod, WriteError>> {
        self.send(Call::Fence(pod.clone(), token.to_owned())).map(|answer| answer.map(Option::unwrap)).boxed()
    }
}

impl World {
    /// Creates a pending PE of job `job` with one annotation.
    pub(super) fn create(&mut self, name: &str, (key, value): (&str, &str)) {
        // The API server never gives a UID again.
        let is_first = self
            .log
            .iter()
            .all(|event| !matches!(event, Event::Pod(Change::Put(pod)) if pod.key.name.as_str() == name));
        let uid = if is_first { name.to_owned() } else { format!("{name}-{}", self.created) };
        self.created += 1;
        self.put(Pod {
            key: PodKey { namespace: Namespace::from("ns"), name: name.into(), uid: uid.as_str().into() },
            resource_version: "".into(),
            labels: [("outrigger.dev/job", "job")].into_iter().collect(),
            annotations: [(format!("outrigger.dev/{key}"), value)].into_iter().collect(),
            owner: None,
            node: None,
            phase: PodPhase::Active,
            resources: Arc::default(),
            node_requirements: None,
            claims: None,
            created: Timestamp::UNIX_EPOCH,
            priority: 0,
            has_preferences: false,
            has_unread_filters: false,
            oom_kill: None,
            is_gated: false,
            oversized: None,
            scheduler_name: Arc::from(""),
        });
    }

    /// Changes a pod as a user, the kubelet or kube-scheduler might, so that its version changes.
    pub(super) fn touch(&mut self, name: &str) {
        if let Some(pod) = self.pod(name).cloned() {
            self.put(pod);
        }
    }

    /// Writes a fencing token of another process onto a pod, which the other process has announced.
    pub(super) fn fence_by(&mut self, name: &str, token: &str) {
        self.announced = token.rsplit_once('.').map(|(epoch, _)| epoch.to_owned());
        self.forge(name, token);
    }

    /// Writes a fencing token onto a pod, as anybody may who may annotate the pod.
    pub(super) fn forge(&mut self, name: &str, token: &str) {
        let key = self.pod(name).unwrap().key.clone();
        self.fence(&key, token).unwrap();
    }

    /// The current pod.
    pub(super) fn pod(&self, name: &str) -> Option<&Pod> {
        self.pods.values().find(|pod| pod.key.name.as_str() == name)
    }

    /// All current pods.
    pub(super) fn pods(&self) -> impl Iterator<Item = &Pod> {
        self.pods.values()
    }

    /// Deletes a pod.
    pub(super) fn delete(&mut self, name: &str) {
        let uid = self.pod(name).map(|pod| pod.key.uid.clone());
        if let Some(pod) = uid.and_then(|uid| self.pods.remove(&uid)) {
            self.version += 1;
            self.log.push(Event::gone::<Pod>(pod.key.uid));
        }
    }

    fn put(&mut self, mut pod: Pod) -> Pod {
        self.version += 1;
        pod.resource_version = self.version.to_string().into();
        self.log.push(Event::put(pod.clone()));
        self.pods.insert(pod.key.uid.clone(), pod.clone());
        pod
    }

    /// Lets the API server execute a request that has arrived.
    pub(super) fn execute(&mut self, index: usize) {
        if self.requests[index].executed.is_none() {
            let answer = match self.requests[index].call.clone() {
                Call::Bind(binding) => self.bind(&binding).map(|()| None),
                Call::Get(key) => self.find(&key).map(Some),
                Call::Fence(key, fence) => self.fence(&key, &fence).map(Some),
            };
            self.requests[index].executed = Some(answer);
        }
    }

    /// Delivers the response to an executed request.
    pub(super) fn reply(&mut self, index: usize) {
        if let Some(answer) = self.requests[index].executed.take()
            && let Some(reply) = self.requests.remove(index).reply
        {
            // its process may have crashed
            drop(reply.send(answer));
        }
    }

    /// Responds to a request without executing the request.
    pub(super) fn refuse(&mut self, index: usize, error: WriteError) {
        if let Some(reply) = self.requests.remove(index).reply {
            drop(reply.send(Err(error)));
        }
    }

    /// Breaks the connection: the response is lost, and the request may still arrive.
    pub(super) fn lose(&mut self, index: usize) {
        let request = &mut self.requests[index];
        request.reply = None;
        if request.executed.is_some() {
            self.requests.remove(index);
        }
    }

    fn find(&self, key: &PodKey) -> Result<Pod, WriteError> {
        self.pods.get(&key.uid).cloned().ok_or_else(|| WriteError::NotFound(key.to_string()))
    }

    fn bind(&mut self, binding: &PendingBinding) -> Result<(), WriteError> {
        let mut pod = self.find(&binding.pod)?;
        if pod.node.is_some() || pod.resource_version != binding.resource_version {
            return Err(WriteError::Conflict("the object has been modified".to_owned()));
        }
        pod.node = Some(binding.node.clone());
        self.put(pod);
        self.landed += 1;
        Ok(())
    }

    fn fence(&mut self, key: &PodKey, fence: &str) -> Result<Pod, WriteError> {
        let mut pod = self.find(key)?;
        let kept = pod.annotations.iter().filter(|(key, _)| *key != keys::EPOCH);
        pod.annotations = kept.chain([(keys::EPOCH, fence)]).collect::<Labels>();
        Ok(self.put(pod))
    }
}

impl Process {
    /// Starts a process on these nodes that has listed all kinds, and has got no request yet.
    pub(super) fn start(world: &Arc<Mutex<World>>, epoch: &str, nodes: &[&str]) -> Self {
        let mut process = Self::unlisted(world, epoch, nodes);
        process.list();
        process
    }

    /// Starts a process that has listed nodes and pools, but no pods.
    pub(super) fn unlisted(world: &Arc<Mutex<World>>, epoch: &str, nodes: &[&str]) -> Self {
        let store = Arc::new(Store::new(policies()));
        let api = Arc::new(Network(Arc::clone(world)));
        let binder = Arc::new(Binder::new(Arc::clone(&store), api, epoch.to_owned()));
        let nodes = nodes.iter().map(|name| node(name)).collect();
        store.apply([Event::listed(nodes), Event::listed::<Pool>(vec![]), Event::listed::<StreamJob>(vec![])]);
        Self { world: Arc::clone(world), store, binder, shown: 0, binds: Vec::new() }
    }

    /// Lists all pods again, as a watch does after a long interruption.
    pub(super) fn list(&mut self) {
        let world = self.world.lock().unwrap();
        let pods = world.pods.values().cloned().collect();
        self.shown = world.log.len();
        drop(world);
        self.store.apply([Event::listed(pods)]);
    }

    /// Lets the watch deliver the next event; false where there is none.
    pub(super) fn show(&mut self) -> bool {
        let next = self.world.lock().unwrap().log.get(self.shown).cloned();
        let Some(event) = next else { return false };
        self.shown += 1;
        self.store.apply([event]);
        true
    }

    /// Sends a bind request to this process.
    pub(super) fn bind(&mut self, name: &str, node: &str) {
        let uid = lock(&self.world).pod(name).map_or_else(|| name.into(), |pod| pod.key.uid.clone());
        let (binder, arguments) = (Arc::clone(&self.binder), arguments(name, uid, node));
        let bind = async move { binder.bind(&arguments, None, Timestamp::UNIX_EPOCH).await };
        self.binds.push(tokio::spawn(bind));
    }

    /// The node that a pod counts on, watched or assumed.
    pub(super) fn counts(&self, name: &str) -> Option<String> {
        self.store.change(|cluster| {
            let pod = cluster.named("ns", name)?;
            pod.node.as_ref().or_else(|| cluster.assumed(pod.key.uid.as_str())).map(ToString::to_string)
        })
    }
}

impl Call {
    /// A short text of the request.
    fn in_words(&self) -> String {
        match self {
            Self::Bind(binding) => format!("bind {} to {}", binding.pod.name, binding.node),
            Self::Get(pod) => format!("get {}", pod.name),
            Self::Fence(pod, _) => format!("fence {}", pod.name),
        }
    }
}

/// Short texts of all requests in flight, once every task is idle.
pub(super) async fn calls(world: &Arc<Mutex<World>>) -> Vec<String> {
    turns().await;
    lock(world).requests.iter().map(|request| request.call.in_words()).collect()
}

/// Executes all requests, and delivers all responses and events, until none is left.
pub(super) async fn quiet(world: &Arc<Mutex<World>>, processes: &mut [Process]) {
    loop {
        turns().await;
        let mut moved = false;
        while answer_next(world) {
            moved = true;
            turns().await;
        }
        for process in &mut *processes {
            while process.show() {
                moved = true;
            }
        }
        turns().await;
        if !moved && lock(world).requests.is_empty() {
            return;
        }
    }
}

/// Executes the oldest request, and delivers its response; false where there is none.
pub(super) fn answer_next(world: &Arc<Mutex<World>>) -> bool {
    let mut open = lock(world);
    if open.requests.is_empty() {
        return false;
    }
    open.execute(0);
    open.reply(0);
    true
}

/// Lets every task run until it is idle.
pub(super) async fn turns() {
    for _ in 0..TURNS {
        yield_now().await;
    }
}

pub(super) fn lock(world: &Arc<Mutex<World>>) -> MutexGuard<'_, World> {
    world.lock().unwrap()
}

fn arguments(name: &str, uid: PodUid, node: &str) -> BindingArguments {
    BindingArguments { namespace: "ns".into(), name: name.into(), uid, node: node.into() }
}

fn node(name: &str) -> Node {
    Node {
        name: NodeName::from(name),
        labels: NodeLabels::default(),
        addresses: Vec::new(),
        allocatable: Resources { cpu: Millicores(8_000), memory: Bytes(8 << 30), other: Vec::new() },
        pods: 110,
        taints: Vec::new(),
        soft_taints: Vec::new(),
        schedulable: true,
        unschedulable_taints: Vec::new(),
        load: None,
    }
}

fn policies() -> PolicySet {
    let text = "apiVersion: outrigger.dev/v1alpha1
kind: StreamPolicy
metadata: {name: test}
spec: {selector: {podSelector: {matchExpressions: [{key: outrigger.dev/job, operator: Exists}]}}}
";
    PolicySet::parse(&[Source { file: "test.yaml".to_owned(), text: text.to_owned() }]).unwrap()
}
