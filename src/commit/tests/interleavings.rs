//! Two processes that share an API server, with requests, responses and watch events that are late, repeated or lost.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use proptest::prelude::*;
use tokio::time::advance;

use super::super::{BindFailure, BoundPod};
use super::world::{Process, World, lock, quiet, turns};
use crate::model::PodPhase;
use crate::state::Cluster;

const NODES: [&str; 3] = ["n1", "n2", "n3"];
const PODS: [&str; 3] = ["a", "b", "c"];
/// Longer than every timeout of the binder.
const LONG: Duration = Duration::from_secs(3);

/// The rule between all PEs of a run.
#[derive(Clone, Copy, Debug)]
enum Rule {
    Exlocation,
    Colocation,
    Isolation,
}

/// The next step of a run. A number selects one of the requests, processes or pods.
#[derive(Clone, Debug)]
enum Step {
    Create(usize),
    Touch(usize),
    Delete(usize),
    /// kube-scheduler sends a bind request to a process.
    Bind(usize, usize, usize),
    /// The caller of a bind goes away.
    Abandon(usize, usize),
    Execute(usize),
    Reply(usize),
    Lose(usize),
    Show(usize),
    /// A watch that was interrupted lists again, and has missed the events in between.
    List(usize),
    /// A process is killed, and another process starts.
    Crash(usize),
    /// Time passes, so that every wait times out.
    Wait,
}

fn step() -> impl Strategy<Value = Step> {
    let any = || 0_usize..8;
    prop_oneof![
        4 => any().prop_map(Step::Create),
        1 => any().prop_map(Step::Touch),
        1 => any().prop_map(Step::Delete),
        8 => (any(), any(), any()).prop_map(|(process, pod, node)| Step::Bind(process, pod, node)),
        1 => (any(), any()).prop_map(|(process, bind)| Step::Abandon(process, bind)),
        12 => any().prop_map(Step::Execute),
        12 => any().prop_map(Step::Reply),
        2 => any().prop_map(Step::Lose),
        16 => any().prop_map(Step::Show),
        1 => any().prop_map(Step::List),
        1 => any().prop_map(Step::Crash),
        1 => Just(Step::Wait),
    ]
}

fn rule() -> impl Strategy<Value = Rule> {
    prop_oneof![3 => Just(Rule::Exlocation), 1 => Just(Rule::Colocation), 1 => Just(Rule::Isolation)]
}

proptest! {
    // four times PROPTEST_CASES, whose default is 256
    #![proptest_config(ProptestConfig { cases: 4 * ProptestConfig::default().cases, ..ProptestConfig::default() })]

    #[test]
    fn no_interleaving_breaks_a_rule_and_every_pod_is_bound_in_the_end(
        rule in rule(),
        steps in prop::collection::vec(step(), 0..120),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let mut run = Run::new(rule);
            for step in &steps {
                run.take(step).await;
                turns().await;
                run.check()?;
            }
            run.finish().await?;
            run.check()
        })?;
    }
}

struct Run {
    rule: Rule,
    world: Arc<Mutex<World>>,
    processes: Vec<Process>,
    epochs: usize,
}

impl Run {
    fn new(rule: Rule) -> Self {
        let mut run = Self { rule, world: Arc::default(), processes: Vec::new(), epochs: 0 };
        for _ in 0..2 {
            let process = run.start();
            run.processes.push(process);
        }
        run
    }

    fn start(&mut self) -> Process {
        self.epochs += 1;
        Process::start(&self.world, &format!("epoch-{}", self.epochs), &NODES)
    }

    fn spec(&self) -> (&'static str, &'static str) {
        match self.rule {
            Rule::Exlocation => ("exlocation", "token"),
            Rule::Colocation => ("colocation", "token"),
            Rule::Isolation => ("isolated", "true"),
        }
    }

    async fn take(&mut self, step: &Step) {
        let request = |run: &Self, number: usize| {
            let requests = lock(&run.world).requests.len();
            (requests > 0).then(|| number % requests)
        };
        match *step {
            Step::Create(pod) => {
                let name = PODS[pod % PODS.len()];
                let spec = self.spec();
                let mut world = lock(&self.world);
                if world.pod(name).is_none() {
                    world.create(name, spec);
                }
            }
            Step::Touch(pod) => lock(&self.world).touch(PODS[pod % PODS.len()]),
            Step::Delete(pod) => lock(&self.world).delete(PODS[pod % PODS.len()]),
            Step::Bind(process, pod, node) => {
                self.processes[process % 2].bind(PODS[pod % PODS.len()], NODES[node % NODES.len()]);
            }
            Step::Abandon(process, bind) => {
                let binds = &mut self.processes[process % 2].binds;
                if !binds.is_empty() {
                    let index = bind % binds.len();
                    binds.remove(index).abort();
                }
            }
            Step::Execute(number) => {
                if let Some(index) = request(self, number) {
                    lock(&self.world).execute(index);
                }
            }
            Step::Reply(number) => {
                if let Some(index) = request(self, number) {
                    lock(&self.world).reply(index);
                }
            }
            Step::Lose(number) => {
                if let Some(index) = request(self, number) {
                    lock(&self.world).lose(index);
                }
            }
            Step::Show(process) => drop(self.processes[process % 2].show()),
            Step::List(process) => self.processes[process % 2].list(),
            Step::Crash(process) => {
                let next = self.start();
                let crashed = std::mem::replace(&mut self.processes[process % 2], next);
                crashed.binds.iter().for_each(tokio::task::JoinHandle::abort);
            }
            Step::Wait => advance(LONG).await,
        }
    }

    /// The rule holds for the pods as the API server has them.
    fn check(&self) -> Result<(), TestCaseError> {
        let world = lock(&self.world);
        let placed: Vec<_> = world.pods().filter(|pod| pod.node.is_some() && pod.phase == PodPhase::Active).collect();
        for (place, one) in placed.iter().enumerate() {
            for other in &placed[place + 1..] {
                let together = one.node == other.node;
                let right = together == matches!(self.rule, Rule::Colocation);
                prop_assert!(right, "{} is on {:?}, {} on {:?}", one.key, one.node, other.key, other.node);
            }
        }
        Ok(())
    }

    /// Delivers all requests, then sends bind requests to one process until every pod is bound.
    async fn finish(&mut self) -> Result<(), TestCaseError> {
        quiet(&self.world, &mut self.processes).await;
        for name in PODS {
            let spec = self.spec();
            let mut world = lock(&self.world);
            if world.pod(name).is_none() {
                world.create(name, spec);
            }
        }
        for name in PODS {
            let mut why = Vec::new();
            // kube-scheduler retries after a conflict; two attempts suffice for a single process
            for node in [NODES, NODES].concat() {
                if lock(&self.world).pod(name).is_some_and(|pod| pod.node.is_some()) {
                    break;
                }
                why.extend(self.bind(name, node).await?.err());
            }
            let bound = lock(&self.world).pod(name).is_some_and(|pod| pod.node.is_some());
            prop_assert!(bound, "{name} is never bound: {why:?}");
        }
        for process in &self.processes {
            let left = process.store.read(Cluster::assumed_len);
            prop_assert_eq!(left, 0, "pods that stay assumed");
        }
        Ok(())
    }

    /// Sends a bind request to the first process, and delivers everything until the response.
    async fn bind(&mut self, name: &str, node: &str) -> Result<Result<BoundPod, BindFailure>, TestCaseError> {
        self.processes[0].bind(name, node);
        let bind = self.processes[0].binds.pop().unwrap();
        for _ in 0..20 {
            quiet(&self.world, &mut self.processes).await;
            if bind.is_finished() {
                return Ok(bind.await.unwrap());
            }
            advance(LONG).await;
        }
        Err(TestCaseError::fail(format!("the bind of {name} to {node} never ends")))
    }
}
