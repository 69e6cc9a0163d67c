//! Buckets: the PEs of a job that must share one node.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::model::{Pe, Resources, Token, Wishes};
use crate::state::{JobRow, NodeIndex};

/// The PEs that must share a node with one PE: the transitive closure over shared colocation tokens (legacy rule C4).
///
/// It closes over PEs that wait as well as over those that are bound.
#[derive(Clone, Debug, Default)]
pub struct Bucket {
    /// The other members, in the order of the job.
    pub others: Vec<Arc<Pe>>,
    /// The nodes that members are bound to, each once.
    pub anchors: Vec<NodeIndex>,
    /// What the members that still wait request, the PE itself included.
    pub waiting: Resources,
    /// How many members still wait, the PE itself included.
    pub waiting_pods: u64,
}

impl Bucket {
    /// The bucket of `pe` within its job.
    #[must_use]
    pub fn of(pe: &Pe, wishes: &Wishes, job: Option<&JobRow>) -> Self {
        let mut bucket = Self { waiting: pe.footprint.requests.clone(), waiting_pods: 1, ..Self::default() };
        let Some(job) = job.filter(|_| !wishes.colocation.is_empty()) else { return bucket };
        let reached = closure(wishes, job);
        for member in &job.members {
            if member.pe.pod.uid == pe.pod.uid || !colocation(&member.pe).iter().any(|token| reached.contains(token)) {
                continue;
            }
            bucket.others.push(Arc::clone(&member.pe));
            match member.node {
                Some(node) if bucket.anchors.contains(&node) => {}
                Some(node) => bucket.anchors.push(node),
                None => {
                    bucket.waiting.add(&member.pe.footprint.requests);
                    bucket.waiting_pods += 1;
                }
            }
        }
        bucket
    }
}

/// Every token that is reached from the tokens of one PE.
fn closure<'a>(wishes: &'a Wishes, job: &'a JobRow) -> BTreeSet<&'a Token> {
    let mut reached: BTreeSet<&Token> = wishes.colocation.iter().collect();
    loop {
        let before = reached.len();
        for member in &job.members {
            let tokens = colocation(&member.pe);
            if tokens.iter().any(|token| reached.contains(token)) {
                reached.extend(tokens);
            }
        }
        if reached.len() == before {
            return reached;
        }
    }
}

fn colocation(pe: &Pe) -> &[Token] {
    pe.wishes.as_ref().map_or(&[], |wishes| &wishes.colocation)
}
