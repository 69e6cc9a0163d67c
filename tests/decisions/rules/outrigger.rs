//! Outrigger: the real decision, with forecasts that were learnt from the same measurements.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use outrigger::api::{NodeObject, PodObject};
use outrigger::forecast::demand::{
    DemandGrid, DemandLimits, DemandState, Measured, NodeSample, Observation, PeIdentity, PeSample,
};
use outrigger::model::{DemandKey, Namespace, Node, NodeName, Pe, Pod, PodName, Pool, StreamJob};
use outrigger::placement::{Foresight, PlacementDecision, plan_gang};
use outrigger::policy::{PolicySet, Source};
use outrigger::risk::{AddedDemand, Calibration};
use outrigger::state::{Cluster, Event, NodeIndex, StatedRisks};
use serde_json::json;

use super::{Rule, Statement};
use crate::view::{PeId, View};
use crate::workload::{NODE_CPU, NODE_MEMORY};

const POLICY: &str = "\
apiVersion: outrigger.dev/v1alpha1
kind: StreamPolicy
metadata: {name: decisions}
spec:
  selector: {podSelector: {matchExpressions: [{key: outrigger.dev/job, operator: Exists}]}}
  placement: {riskWeight: 10}
";
/// A Monday.
const BEGIN: i64 = 1_777_852_800;
const STEP_SECONDS: i64 = 300;
/// How many steps a forecast reaches: an hour.
const HORIZON: usize = 12;

#[derive(Debug)]
pub(crate) struct Outrigger {
    cluster: Cluster,
    demand: DemandState,
    calibration: Calibration,
    stated: Option<(StatedRisks, Vec<f64>)>,
    /// The highest use of each node since the statements were made.
    peaks: BTreeMap<NodeName, f64>,
    nodes: Vec<NodeName>,
    /// How often each PE was placed: another pod each time.
    incarnations: BTreeMap<PeId, usize>,
}

impl Outrigger {
    pub(crate) fn new(nodes: usize) -> Self {
        let source = Source { file: "decisions.yaml".to_owned(), text: POLICY.to_owned() };
        let mut cluster = Cluster::new(PolicySet::parse(&[source]).unwrap());
        let names: Vec<NodeName> = (0..nodes).map(|number| NodeName::from(&*format!("n{number:03}"))).collect();
        for event in [
            Event::listed::<Pool>(Vec::new()),
            Event::listed::<StreamJob>(Vec::new()),
            Event::listed::<Node>(names.iter().map(node).collect()),
            Event::listed::<Pod>(Vec::new()),
            Event::Time(time(0)),
        ] {
            cluster.apply(event);
        }
        let grid =
            DemandGrid::new(SignedDuration::from_secs(STEP_SECONDS), SignedDuration::from_hours(24), HORIZON).unwrap();
        Self {
            cluster,
            demand: DemandState::new(grid, DemandLimits::default()),
            calibration: Calibration::default(),
            stated: None,
            peaks: BTreeMap::new(),
            nodes: names,
            incarnations: BTreeMap::new(),
        }
    }

    fn uid(&self, id: PeId) -> String {
        format!("{}-{}-{}", id.0, id.1, self.incarnations.get(&id).copied().unwrap_or(0))
    }

    fn pod(&self, view: &View<'_>, id: PeId, node: Option<&NodeName>) -> Pod {
        let (job, pe, uid) = (&view.workload.jobs[id.0].name, view.pe(id), self.uid(id));
        let cpu = |millicores: f64| format!("{millicores:.0}m");
        let object: PodObject = serde_json::from_value(json!({
            "metadata": {
                "name": uid, "namespace": "streams", "uid": uid, "resourceVersion": if node.is_some() { "2" } else { "1" },
                "labels": {"outrigger.dev/job": job, "outrigger.dev/pe": pe.name}, "creationTimestamp": Timestamp::UNIX_EPOCH,
            },
            "spec": {
                "nodeName": node.map(NodeName::as_str), "schedulerName": "outrigger",
                "containers": [{"name": "pe", "image": "pe:1", "resources": {
                    "requests": {"cpu": cpu(pe.request), "memory": format!("{:.0}", pe.memory_request)},
                    "limits": {"cpu": cpu(pe.limit)},
                }}],
            },
            "status": {"phase": if node.is_some() { "Running" } else { "Pending" }},
        }))
        .unwrap();
        Pod::try_from(&object).unwrap()
    }

    fn index(&self, node: usize) -> NodeIndex {
        self.cluster.snapshot().find(self.nodes[node].as_str()).unwrap()
    }

    /// Compares what was stated an hour ago with the peaks since, and states anew.
    fn calibrate(&mut self, now: Timestamp) {
        let snapshot = self.cluster.snapshot();
        if let Some((stated, _)) = &self.stated {
            if stated.until() > now {
                return;
            }
            let peak =
                |node: &NodeName| outrigger::model::OfResources { cpu: self.peaks.get(node).copied(), memory: None };
            self.calibration.observe(&stated.compare(snapshot, peak));
            self.cluster.apply(Event::Calibration(Arc::new(self.calibration.clone())));
        }
        self.peaks.clear();
        self.stated = StatedRisks::new(self.cluster.snapshot()).map(|stated| (stated, Vec::new()));
    }
}

impl Rule for Outrigger {
    fn name(&self) -> &'static str {
        "Outrigger"
    }

    fn choose(&mut self, view: &View<'_>, id: PeId, feasible: &[usize]) -> Option<usize> {
        *self.incarnations.entry(id).or_default() += 1;
        self.cluster.apply(Event::put(self.pod(view, id, None)));
        let uid = self.uid(id);
        let pe: Arc<Pe> = Arc::clone(self.cluster.pod(&uid).unwrap().1.unwrap());
        let snapshot = self.cluster.snapshot();
        let decision = PlacementDecision::new(&pe, snapshot, Foresight::Gang(plan_gang(&pe, snapshot)));
        let places: BTreeMap<NodeIndex, usize> = feasible.iter().map(|node| (self.index(*node), *node)).collect();
        let passing: Vec<NodeIndex> = places.keys().copied().filter(|index| decision.filter(*index).is_ok()).collect();
        let best = decision.rank_best(1, &passing, &[]).best.first().map(|ranked| ranked.node)?;
        places.get(&best).copied()
    }

    fn placed(&mut self, view: &View<'_>, id: PeId, node: usize) {
        self.cluster.apply(Event::put(self.pod(view, id, Some(&self.nodes[node]))));
    }

    fn ended(&mut self, id: PeId) {
        self.cluster.apply(Event::gone::<Pod>(self.uid(id).as_str().into()));
    }

    fn measured(&mut self, view: &View<'_>, step: usize, uses: &BTreeMap<PeId, f64>) {
        let at = time(step + 1);
        let measured =
            |cpu: f64, memory: f64| Measured { at, cpu: Some(cpu), memory: Some(memory), ..Measured::default() };
        let memory = |id: &PeId| view.pe(*id).memory;
        let pes = uses.iter().map(|(id, used)| PeSample {
            job: DemandKey {
                namespace: Namespace::from("streams"),
                job: view.workload.jobs[id.0].name.as_str().into(),
            },
            pe: PeIdentity::Named(view.pe(*id).name.as_str().into()),
            pod: PodName::from(&*self.uid(*id)),
            node: Some(self.nodes[view.places[id]].clone()),
            measured: measured(*used, memory(id)),
        });
        let nodes = self.nodes.iter().zip(&view.nodes).map(|(name, node)| NodeSample {
            node: name.clone(),
            measured: measured(node.pes.iter().map(|id| uses[id]).sum(), node.pes.iter().map(memory).sum()),
        });
        let observation = Observation { at, pes: pes.collect(), nodes: nodes.collect() };
        for sample in &observation.nodes {
            let peak = self.peaks.entry(sample.node.clone()).or_default();
            *peak = peak.max(sample.measured.cpu.unwrap_or(0.0));
        }
        self.demand.observe(&observation);
        self.cluster.apply(Event::Time(at));
        self.cluster.apply(Event::Demand(Arc::new(self.demand.forecasts())));
        self.calibrate(at);
    }

    fn statements(&self) -> Vec<Statement> {
        let snapshot = self.cluster.snapshot();
        let nothing = AddedDemand::nothing();
        let stated = |node: usize| Some(Statement { node, risk: snapshot.risk_with(&nothing, self.index(node))? });
        (0..self.nodes.len()).filter_map(stated).collect()
    }

    fn horizon(&self) -> usize {
        HORIZON
    }
}

fn time(step: usize) -> Timestamp {
    Timestamp::from_second(BEGIN + STEP_SECONDS * step as i64).unwrap()
}

fn node(name: &NodeName) -> Node {
    let object: NodeObject = serde_json::from_value(json!({
        "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux"}},
        "status": {
            "allocatable": {"cpu": format!("{NODE_CPU:.0}m"), "memory": format!("{NODE_MEMORY:.0}"), "pods": "110"},
            "conditions": [{"type": "Ready", "status": "True"}],
        },
    }))
    .unwrap();
    Node::try_from(&object).unwrap()
}
