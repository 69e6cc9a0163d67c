//! One PE before one snapshot.

use std::sync::Arc;

use super::bucket::Bucket;
use super::constraints::{Rule, Rules};
use super::contradiction;
use super::gang::Together;
use super::look_ahead::LookAhead;
use super::siblings::Siblings;
use super::traffic::Traffic;
use crate::model::{
    DeclaredPe, HostChoice, Node, NodeName, NodeTags, OpenStreamsObject as _, Pe, Pool, PoolMembers, Reason, Refusal,
    Tag, Wishes,
};
use crate::state::{JobRow, NodeIndex, NodeRow, Snapshot, Summary};

/// One PE before one snapshot: what its rules need, looked up once for all nodes.
#[derive(Debug)]
pub struct Case<'a> {
    pub(super) pe: &'a Pe,
    pub(super) snapshot: &'a Snapshot,
    /// Its wishes, or why no node can be right for it.
    pub(super) given: Result<Given<'a>, Refusal>,
    /// The rules that can refuse it a node.
    pub(super) rules: Rules,
    together: Together,
}

/// A waiting member of the bucket of a PE.
#[derive(Debug)]
pub(super) struct Companion<'a> {
    pub(super) case: Case<'a>,
    /// The rules that can refuse it a node that they give to the PE.
    rules: Rules,
}

/// What the rules read, for a PE whose wishes can be met at all.
#[derive(Debug)]
pub(super) struct Given<'a> {
    pub(super) wishes: &'a Wishes,
    pub(super) pool: Option<&'a Pool>,
    /// The nodes of its sized pool that its job has chosen.
    pub(super) allocation: Allocation,
    /// How many nodes the job may choose from, where the pool is sized and the job has chosen none.
    pub(super) qualifying: Option<usize>,
    pub(super) bucket: Bucket,
    /// The nodes that members of its bucket are bound to, sorted.
    pub(super) bucket_is_on: Arc<[NodeName]>,
    /// The waiting members of its bucket that a node could be refused to which the PE is given, as long as no member is
    /// bound: the node that the PE takes is theirs too.
    pub(super) companions: Vec<Companion<'a>>,
    pub(super) look_ahead: LookAhead,
    pub(super) traffic: Traffic,
    pub(super) siblings: Siblings<'a>,
    /// Where an earlier incarnation of the PE was bound last.
    pub(super) home: Option<NodeIndex>,
}

/// The nodes of a sized pool that a job has chosen: those that its bound PEs of that pool run on.
#[derive(Clone, Debug, Default)]
pub(super) struct Allocation {
    /// Each once.
    pub(super) nodes: Vec<NodeIndex>,
    /// The places that PEs have taken by their `pool-index`.
    pub(super) places: Vec<(u32, NodeIndex)>,
}

/// A node under question, known to exist.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate<'a> {
    pub(super) index: NodeIndex,
    pub(super) summary: &'a Summary,
    pub(super) row: &'a NodeRow,
}

impl<'a> Candidate<'a> {
    /// The node itself: for what its summary does not say.
    pub(super) fn node(self) -> &'a Node {
        &self.summary.node
    }
}

/// How far a case looks beyond its PE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Depth {
    /// To its bucket, and to all others that wait.
    Ahead,
    /// To its bucket.
    Bucket,
    /// To nobody.
    Alone,
    /// Not even to what its job has chosen: to nodes as they are.
    Node,
}

impl<'a> Case<'a> {
    /// Looks up what the rules of `pe` need.
    #[must_use]
    pub fn new(pe: &'a Pe, snapshot: &'a Snapshot) -> Self {
        let case = Self::looking(pe, snapshot, Depth::Ahead);
        // Where nothing can be right for the PE, it is not its gang that stands in the way.
        let together = if case.given.is_ok() { Together::of(pe, snapshot) } else { Together::Any };
        Self { together, ..case }
    }

    /// A case in which the PE goes by itself, whether it has a gang or not: a step of a plan.
    #[must_use]
    pub fn without_gang(pe: &'a Pe, snapshot: &'a Snapshot) -> Self {
        Self::looking(pe, snapshot, Depth::Ahead)
    }

    fn looking(pe: &'a Pe, snapshot: &'a Snapshot, depth: Depth) -> Self {
        let mut case = Self::by_itself(pe, snapshot, depth);
        let companions = companions(&case, depth);
        if let Ok(given) = &mut case.given {
            given.companions = companions;
        }
        case
    }

    /// A case without companions.
    fn by_itself(pe: &'a Pe, snapshot: &'a Snapshot, depth: Depth) -> Self {
        let given = Given::look_up(pe, snapshot, depth);
        let case = Self { pe, snapshot, given, rules: Rules::default(), together: Together::Any };
        Self { rules: Rules::concerning(&case), ..case }
    }

    /// A case in which the node is the PE's for the asking: no other waiting PE has a say.
    pub(super) fn without_look_ahead(pe: &'a Pe, snapshot: &'a Snapshot) -> Self {
        Self::looking(pe, snapshot, Depth::Bucket)
    }

    /// A case for rules that concern the PE and the node alone.
    pub(super) fn of_node(pe: &'a Pe, snapshot: &'a Snapshot) -> Self {
        Self::looking(pe, snapshot, Depth::Node)
    }

    /// Whether the PE may go to a node, or the first reason why not.
    ///
    /// # Errors
    /// The [`Refusal`] with its numbers.
    pub fn verdict(&self, index: NodeIndex) -> Result<(), Refusal> {
        self.first_refusal(|_| true, index)
    }

    /// Whether the PE may be bound to a node: a gang may take any node with which the rest of it still has a plan.
    ///
    /// # Errors
    /// The [`Refusal`] with its numbers.
    pub fn verdict_at_bind(&self, index: NodeIndex) -> Result<(), Refusal> {
        match (self.verdict(index), &self.together) {
            (Err(Refusal::GangInfeasible(_)), Together::Planned(_))
                if Together::holds_with(self.pe, index, self.snapshot) =>
            {
                Ok(())
            }
            (verdict, _) => verdict,
        }
    }

    /// Whether kube-scheduler, by its own filters, would ask about a node at all.
    #[must_use]
    pub fn is_asked_about(&self, index: NodeIndex) -> bool {
        self.first_refusal(|rule| rule.is_of_kube_scheduler, index).is_ok()
    }

    /// Whether the PE may go to a node as far as only the two are concerned, whoever else is there.
    pub(super) fn passes_by_itself(&self, index: NodeIndex) -> bool {
        self.first_refusal(|rule| rule.is_of_node, index).is_ok()
    }

    /// Whether the PE may go to a node when these reasons are left out of account.
    pub(super) fn verdict_but(&self, index: NodeIndex, relaxed: &[Reason]) -> Result<(), Refusal> {
        if relaxed.is_empty() {
            return self.verdict(index);
        }
        let (given, candidate) = self.candidate(index)?;
        let mut refusals = self.rules.iter().filter_map(|rule| (rule.check)(self, given, candidate));
        refusals.find(|refusal| !relaxed.contains(&refusal.reason())).map_or(Ok(()), Err)
    }

    /// Where an earlier incarnation of the PE was bound last.
    pub(super) fn home(&self) -> Option<NodeIndex> {
        self.given.as_ref().ok()?.home
    }

    /// The only nodes that can pass, where others of the job have settled that.
    pub(super) fn limited_to(&self) -> Option<&[NodeIndex]> {
        let given = self.given.as_ref().ok()?;
        let allocation = &given.allocation.nodes;
        let chosen = given.pool.and_then(|pool| pool.mode.size()).is_some_and(|size| allocation.len() >= size);
        let anchors = Some(&given.bucket.anchors).filter(|anchors| !anchors.is_empty());
        anchors.or_else(|| chosen.then_some(allocation)).map(Vec::as_slice)
    }

    /// Whether the PE may go to a node as far as the rules of one kind are concerned.
    fn first_refusal(&self, is_meant: impl Fn(&Rule) -> bool, index: NodeIndex) -> Result<(), Refusal> {
        let (given, candidate) = self.candidate(index)?;
        if let Some(refusal) = self.together.before() {
            return Err(refusal.clone());
        }
        let mut rules = self.rules.iter().filter(|rule| is_meant(rule));
        let refusal = rules.find_map(|rule| (rule.check)(self, given, candidate));
        refusal.or_else(|| self.together.after(index)).map_or(Ok(()), Err)
    }

    /// What the rules read of the PE and of a node.
    fn candidate(&self, index: NodeIndex) -> Result<(&Given<'a>, Candidate<'_>), Refusal> {
        let (summary, row) = self.snapshot.summary(index).ok_or(Refusal::NodeUnknown)?;
        let given = self.given.as_ref().map_err(Clone::clone)?;
        Ok((given, Candidate { index, summary, row }))
    }

    /// Every reason why the PE may not go to a node, in the order of their codes.
    #[must_use]
    pub fn refusals(&self, index: NodeIndex) -> Vec<Refusal> {
        match self.candidate(index) {
            Err(problem) => vec![problem],
            Ok((given, candidate)) => {
                let of_rules = self.rules.iter().filter_map(|rule| (rule.check)(self, given, candidate));
                self.together.before().cloned().into_iter().chain(of_rules).chain(self.together.after(index)).collect()
            }
        }
    }

    /// What speaks against every node alike: the PE itself, or its gang.
    #[must_use]
    pub fn problem(&self) -> Option<&Refusal> {
        self.given.as_ref().err().or_else(|| self.together.problem())
    }

    /// The bucket of the PE; `None` where its wishes contradict themselves.
    #[must_use]
    pub fn bucket(&self) -> Option<&Bucket> {
        self.given.as_ref().ok().map(|given| &given.bucket)
    }

    /// The nodes that the PE's job has chosen of its sized pool once the PE is on `index`, by name; none for other pools.
    #[must_use]
    pub fn allocation_with(&self, index: NodeIndex) -> Vec<NodeName> {
        let Ok(given) = &self.given else { return Vec::new() };
        if given.pool.is_none_or(|pool| pool.mode.size().is_none()) {
            return Vec::new();
        }
        let name_of = |index: &NodeIndex| self.snapshot.node(*index).map(|row| row.name.clone());
        let mut names: Vec<NodeName> = given.allocation.nodes.iter().chain([&index]).filter_map(name_of).collect();
        // The order of indexes is that in which nodes were seen, and tells nothing.
        names.sort_unstable();
        names.dedup();
        names
    }
}

impl<'a> Given<'a> {
    fn look_up(pe: &'a Pe, snapshot: &'a Snapshot, depth: Depth) -> Result<Self, Refusal> {
        if let Some(unseen) = pe.awaits() {
            return Err(Refusal::Unseen(format!("{} {unseen}", DeclaredPe::KIND_AND_GROUP)));
        }
        let wishes = pe.wishes.as_ref().map_err(|problem| Refusal::InvalidPlacement(problem.to_string().into()))?;
        let job = snapshot.job(&pe.job);
        let bucket = match depth {
            Depth::Ahead | Depth::Bucket => Bucket::of(pe, wishes, job),
            Depth::Alone | Depth::Node => Bucket::default(),
        };
        let pool = match &wishes.hosts {
            HostChoice::Pool(id) => snapshot.pools().get(id).map(|pool| &**pool),
            HostChoice::Any | HostChoice::Tags(_) => None,
        };
        contradiction::check(wishes, pool, &bucket)?;
        if let (HostChoice::Pool(id), None) = (&wishes.hosts, pool) {
            return Err(Refusal::PoolNotFound(id.to_string().into()));
        }
        let sized = pool.filter(|pool| pool.mode.size().is_some() && depth != Depth::Node);
        let allocation = sized.map_or_else(Allocation::default, |pool| Allocation::of(pe, pool, job));
        Ok(Self {
            wishes,
            pool,
            qualifying: sized.filter(|_| allocation.nodes.is_empty()).map(|pool| qualifying(pool, snapshot)),
            allocation,
            companions: Vec::new(),
            bucket_is_on: bucket.anchored(snapshot),
            bucket,
            look_ahead: match depth {
                Depth::Ahead => LookAhead::new(pe, wishes, job, snapshot),
                Depth::Bucket | Depth::Alone | Depth::Node => LookAhead::default(),
            },
            traffic: match depth {
                Depth::Ahead => Traffic::of(pe, wishes, job, snapshot),
                Depth::Bucket | Depth::Alone | Depth::Node => Traffic::default(),
            },
            siblings: match depth {
                Depth::Ahead | Depth::Bucket | Depth::Alone => Siblings::of(pe, wishes, job),
                Depth::Node => Siblings::default(),
            },
            home: job.and_then(|job| job.home(pe)).and_then(|node| snapshot.find(node.as_str())),
        })
    }
}

/// The waiting members of the bucket of a PE that have a say of their own, as long as no member is bound; one for each
/// different wish.
fn companions<'a>(case: &Case<'a>, depth: Depth) -> Vec<Companion<'a>> {
    let mut companions: Vec<Companion<'a>> = Vec::new();
    let Some(bucket) = case.bucket().filter(|bucket| bucket.anchors.is_empty() && !bucket.others_waiting.is_empty())
    else {
        return companions;
    };
    let (snapshot, job) = (case.snapshot, case.snapshot.job(&case.pe.job));
    let in_bucket = |member: &Pe| bucket.others_waiting.iter().any(|other| other.pod.key.uid == member.pod.key.uid);
    for member in job.iter().flat_map(|job| &job.members).map(|member| &*member.pe).filter(|member| in_bucket(member)) {
        let Ok(theirs) = &member.wishes else { continue };
        let same = |known: &Pe| {
            let alike = known.wishes.as_ref().is_ok_and(|wishes| wishes == theirs) && theirs.relocatable;
            alike && known.pod.eligibility == member.pod.eligibility
        };
        let mut known = companions.iter().map(|companion| companion.case.pe).chain([case.pe]);
        if known.any(same) {
            continue;
        }
        let mut theirs = Case::by_itself(member, snapshot, Depth::Alone);
        if let (Depth::Ahead, Ok(given)) = (depth, &mut theirs.given) {
            given.look_ahead = LookAhead::new(member, given.wishes, job, snapshot);
            theirs.rules = Rules::concerning(&theirs);
        }
        let rules = Rules::of_member(&theirs, case);
        if theirs.given.is_err() || !rules.is_empty() {
            companions.push(Companion { case: theirs, rules });
        }
    }
    companions
}

impl Companion<'_> {
    /// Why it may not go to a node that its own wishes speak for, as far as the size of its bucket is of no account.
    pub(super) fn refusal(&self, candidate: Candidate<'_>) -> Option<Refusal> {
        match &self.case.given {
            Err(refusal) => Some(refusal.clone()),
            Ok(given) => self.rules.iter().find_map(|rule| (rule.check)(&self.case, given, candidate)),
        }
    }
}

/// The tags that a PE asks for: they open nodes that are closed by them.
pub(super) fn asked_tags<'a>(wishes: &'a Wishes, pool: Option<&'a Pool>) -> &'a [Tag] {
    match (&wishes.hosts, pool.map(|pool| &pool.members)) {
        (HostChoice::Tags(tags), _) | (_, Some(PoolMembers::Tagged(tags))) => tags,
        (HostChoice::Any | HostChoice::Pool(_), _) => &[],
    }
}

/// The first tag that closes a node to a PE that asks for these.
pub(super) fn closed_by<'a>(asked: &[Tag], tags: &'a NodeTags) -> Option<&'a Tag> {
    tags.restricting().iter().find(|restricting| !asked.contains(restricting))
}

/// How many nodes a job may choose from in a pool, whoever uses them.
fn qualifying(pool: &Pool, snapshot: &Snapshot) -> usize {
    let asked: &[Tag] = match &pool.members {
        PoolMembers::Tagged(tags) => tags,
        PoolMembers::Hosts(_) => &[],
    };
    let usable = |node: &Node| node.schedulable && closed_by(asked, node.labels.tags()).is_none();
    snapshot.nodes().filter(|(_, _, node)| qualifies(&pool.members, node) && usable(node)).count()
}

/// True when a node belongs to the set that a pool chooses from.
pub(crate) fn qualifies(members: &PoolMembers, node: &Node) -> bool {
    match members {
        PoolMembers::Tagged(tags) => tags.iter().all(|tag| node.labels.tags().has(tag)),
        PoolMembers::Hosts(hosts) => hosts.iter().any(|host| node.answers_to(host)),
    }
}

impl Allocation {
    fn of(pe: &Pe, pool: &Pool, job: Option<&JobRow>) -> Self {
        let mut allocation = Self::default();
        for member in job.iter().flat_map(|job| &job.members).filter(|member| member.pe.pod.key.uid != pe.pod.key.uid) {
            let (Some(node), Ok(theirs)) = (member.node, &member.pe.wishes) else { continue };
            if !matches!(&theirs.hosts, HostChoice::Pool(id) if *id == pool.id) {
                continue;
            }
            allocation.nodes.push(node);
            allocation.places.extend(theirs.pool_index.map(|place| (place, node)));
        }
        allocation.nodes.sort_unstable();
        allocation.nodes.dedup();
        allocation
    }
}
