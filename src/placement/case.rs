//! One PE before one snapshot.

use super::bucket::Bucket;
use super::constraints;
use crate::model::{HostChoice, Node, Pe, Pool, PoolMembers, Refusal, Wishes};
use crate::state::{JobRow, NodeIndex, NodeRow, Snapshot};

/// One PE before one snapshot: what its rules need, looked up once for all nodes.
#[derive(Debug)]
pub struct Case<'a> {
    pub(super) pe: &'a Pe,
    pub(super) snapshot: &'a Snapshot,
    /// Its wishes, or why no node can be right for it.
    pub(super) given: Result<Given<'a>, Refusal>,
}

/// What the rules read, for a PE whose wishes can be met at all.
#[derive(Debug)]
pub(super) struct Given<'a> {
    pub(super) wishes: &'a Wishes,
    pub(super) pool: Option<&'a Pool>,
    /// The nodes that the PE's job has chosen of its sized pool: those that its bound PEs of that pool run on.
    pub(super) allocation: Vec<NodeIndex>,
    /// How many nodes qualify, where the pool is sized.
    pub(super) qualifying: usize,
    pub(super) bucket: Bucket,
}

/// A node under question, known to exist.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate<'a> {
    pub(super) index: NodeIndex,
    pub(super) row: &'a NodeRow,
    pub(super) node: &'a Node,
}

impl<'a> Case<'a> {
    /// Looks up what the rules of `pe` need.
    #[must_use]
    pub fn new(pe: &'a Pe, snapshot: &'a Snapshot) -> Self {
        Self { pe, snapshot, given: Given::look_up(pe, snapshot) }
    }

    /// Whether the PE may go to a node, or the first reason why not.
    ///
    /// # Errors
    /// The [`Refusal`] with its numbers.
    pub fn verdict(&self, index: NodeIndex) -> Result<(), Refusal> {
        let row = self.snapshot.node(index).ok_or(Refusal::NodeUnknown)?;
        let node = row.node.as_deref().ok_or(Refusal::NodeUnknown)?;
        let given = self.given.as_ref().map_err(Clone::clone)?;
        let candidate = Candidate { index, row, node };
        constraints::IN_ORDER.iter().find_map(|rule| rule(self, given, candidate)).map_or(Ok(()), Err)
    }

    /// The bucket of the PE; `None` where its wishes contradict themselves.
    #[must_use]
    pub fn bucket(&self) -> Option<&Bucket> {
        self.given.as_ref().ok().map(|given| &given.bucket)
    }

    /// The nodes that the PE's job has chosen of its sized pool once the PE is on `index`; none for other pools.
    #[must_use]
    pub fn allocation_with(&self, index: NodeIndex) -> Vec<NodeIndex> {
        let Ok(given) = &self.given else { return Vec::new() };
        if given.pool.is_none_or(|pool| pool.mode.size().is_none()) {
            return Vec::new();
        }
        let mut nodes = given.allocation.clone();
        if !nodes.contains(&index) {
            nodes.push(index);
        }
        nodes
    }
}

impl<'a> Given<'a> {
    fn look_up(pe: &'a Pe, snapshot: &'a Snapshot) -> Result<Self, Refusal> {
        let wishes = pe.wishes.as_ref().map_err(|problem| Refusal::InvalidPlacement(problem.to_string()))?;
        let job = snapshot.job(&pe.job);
        let bucket = Bucket::of(pe, wishes, job);
        contradiction(wishes, &bucket)?;
        let pool = match &wishes.hosts {
            HostChoice::Pool(id) => {
                Some(&**snapshot.pools().get(id).ok_or_else(|| Refusal::PoolNotFound(id.to_string()))?)
            }
            HostChoice::Any | HostChoice::Tags(_) => None,
        };
        let sized = pool.filter(|pool| pool.mode.size().is_some());
        Ok(Self {
            wishes,
            pool,
            allocation: sized.map_or_else(Vec::new, |pool| allocation(pe, pool, job)),
            qualifying: sized.map_or(0, |pool| {
                snapshot.nodes().filter(|(_, _, node)| node.schedulable && qualifies(&pool.members, node)).count()
            }),
            bucket,
        })
    }
}

/// True when a node belongs to the set that a pool chooses from.
pub(super) fn qualifies(members: &PoolMembers, node: &Node) -> bool {
    match members {
        PoolMembers::Tagged(tags) => tags.iter().all(|tag| node.has_tag(tag.as_str())),
        PoolMembers::Hosts(hosts) => hosts.iter().any(|host| node.answers_to(host)),
    }
}

/// What no node can resolve: wishes of a bucket that exclude each other (legacy rule C9).
fn contradiction(wishes: &Wishes, bucket: &Bucket) -> Result<(), Refusal> {
    for other in &bucket.others {
        let Ok(theirs) = &other.wishes else { continue };
        if let Some(token) = wishes.exlocation.iter().find(|token| theirs.exlocation.contains(token)) {
            let problem = format!("shares exlocation token `{token}` with PE {}, which is in its bucket", other.name);
            return Err(Refusal::InvalidPlacement(problem));
        }
        if wishes.isolation.is_some() || theirs.isolation.is_some() {
            let problem = format!("an isolated PE cannot share a bucket, here with PE {}", other.name);
            return Err(Refusal::InvalidPlacement(problem));
        }
    }
    Ok(())
}

fn allocation(pe: &Pe, pool: &Pool, job: Option<&JobRow>) -> Vec<NodeIndex> {
    let of_pool = |other: &Pe| {
        other.wishes.as_ref().is_ok_and(|wishes| matches!(&wishes.hosts, HostChoice::Pool(id) if *id == pool.id))
    };
    let mut nodes: Vec<NodeIndex> = job
        .iter()
        .flat_map(|job| &job.members)
        .filter(|member| member.pe.pod.uid != pe.pod.uid && of_pool(&member.pe))
        .filter_map(|member| member.node)
        .collect();
    nodes.sort_unstable();
    nodes.dedup();
    nodes
}
