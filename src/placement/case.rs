//! One PE before one snapshot.

use std::sync::Arc;

use super::bucket::Bucket;
use super::constraints::{Rule, Rules};
use super::gang::Together;
use super::invalid_spec;
use super::look_ahead::LookAhead;
use super::siblings::Siblings;
use super::traffic::Traffic;
use crate::model::{
    DeclaredPe, HostChoice, Node, NodeName, NodeTags, OpenStreamsObject as _, Pe, PlacementSpec, Pool, PoolMembers,
    Reason, Rejection, Tag,
};
use crate::state::{JobState, NodeIndex, NodeInfo, NodeState, Snapshot};

/// One PE before one snapshot: what its rules need, looked up once for all nodes.
#[derive(Debug)]
pub struct Case<'a> {
    pub(super) pe: &'a Pe,
    pub(super) snapshot: &'a Snapshot,
    /// Its wishes, or why no node can be right for it.
    pub(super) given: Result<Given<'a>, Rejection>,
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
    pub(super) spec: &'a PlacementSpec,
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
    pub(super) previous_node: Option<NodeIndex>,
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
    pub(super) info: &'a NodeInfo,
    pub(super) state: &'a NodeState,
}

impl<'a> Candidate<'a> {
    /// The node itself: for what its summary does not say.
    pub(super) fn node(self) -> &'a Node {
        &self.info.node
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
    /// The [`Rejection`] with its numbers.
    pub fn verdict(&self, index: NodeIndex) -> Result<(), Rejection> {
        self.first_rejection(|_| true, index)
    }

    /// Whether the PE may be bound to a node: a gang may take any node with which the rest of it still has a plan.
    ///
    /// # Errors
    /// The [`Rejection`] with its numbers.
    pub fn verdict_at_bind(&self, index: NodeIndex) -> Result<(), Rejection> {
        match (self.verdict(index), &self.together) {
            (Err(Rejection::GangInfeasible(_)), Together::Planned(_))
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
        self.first_rejection(|rule| rule.is_of_kube_scheduler, index).is_ok()
    }

    /// Whether the PE may go to a node as far as only the two are concerned, whoever else is there.
    pub(super) fn passes_by_itself(&self, index: NodeIndex) -> bool {
        self.first_rejection(|rule| rule.is_of_node, index).is_ok()
    }

    /// Whether the PE may go to a node when these reasons are left out of account.
    pub(super) fn verdict_but(&self, index: NodeIndex, relaxed: &[Reason]) -> Result<(), Rejection> {
        if relaxed.is_empty() {
            return self.verdict(index);
        }
        let (given, candidate) = self.candidate(index)?;
        let mut rejections = self.rules.iter().filter_map(|rule| (rule.check)(self, given, candidate));
        rejections.find(|rejection| !relaxed.contains(&rejection.reason())).map_or(Ok(()), Err)
    }

    /// Where an earlier incarnation of the PE was bound last.
    pub(super) fn previous_node(&self) -> Option<NodeIndex> {
        self.given.as_ref().ok()?.previous_node
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
    fn first_rejection(&self, is_meant: impl Fn(&Rule) -> bool, index: NodeIndex) -> Result<(), Rejection> {
        let (given, candidate) = self.candidate(index)?;
        if let Some(rejection) = self.together.before() {
            return Err(rejection.clone());
        }
        let mut rules = self.rules.iter().filter(|rule| is_meant(rule));
        let rejection = rules.find_map(|rule| (rule.check)(self, given, candidate));
        rejection.or_else(|| self.together.after(index)).map_or(Ok(()), Err)
    }

    /// What the rules read of the PE and of a node.
    fn candidate(&self, index: NodeIndex) -> Result<(&Given<'a>, Candidate<'_>), Rejection> {
        let (info, state) = self.snapshot.info(index).ok_or(Rejection::NodeUnknown)?;
        let given = self.given.as_ref().map_err(Clone::clone)?;
        Ok((given, Candidate { index, info, state }))
    }

    /// Every reason why the PE may not go to a node, in the order of their codes.
    #[must_use]
    pub fn rejections(&self, index: NodeIndex) -> Vec<Rejection> {
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
    pub fn problem(&self) -> Option<&Rejection> {
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
        let name_of = |index: &NodeIndex| self.snapshot.node(*index).map(|state| state.name.clone());
        let mut names: Vec<NodeName> = given.allocation.nodes.iter().chain([&index]).filter_map(name_of).collect();
        // The order of indexes is that in which nodes were seen, and tells nothing.
        names.sort_unstable();
        names.dedup();
        names
    }
}

impl<'a> Given<'a> {
    fn look_up(pe: &'a Pe, snapshot: &'a Snapshot, depth: Depth) -> Result<Self, Rejection> {
        if let Some(unseen) = pe.awaits() {
            return Err(Rejection::Unseen(format!("{} {unseen}", DeclaredPe::KIND_AND_GROUP)));
        }
        let spec = pe.spec.as_ref().map_err(|problem| Rejection::InvalidPlacement(problem.to_string().into()))?;
        let job = snapshot.job(&pe.job);
        let bucket = match depth {
            Depth::Ahead | Depth::Bucket => Bucket::of(pe, spec, job),
            Depth::Alone | Depth::Node => Bucket::default(),
        };
        let pool = match &spec.hosts {
            HostChoice::Pool(id) => snapshot.pools().get(id).map(|pool| &**pool),
            HostChoice::Any | HostChoice::Tags(_) => None,
        };
        invalid_spec::check(spec, pool, &bucket)?;
        if let (HostChoice::Pool(id), None) = (&spec.hosts, pool) {
            return Err(Rejection::PoolNotFound(id.to_string().into()));
        }
        let sized = pool.filter(|pool| pool.mode.size().is_some() && depth != Depth::Node);
        let allocation = sized.map_or_else(Allocation::default, |pool| Allocation::of(pe, pool, job));
        Ok(Self {
            spec,
            pool,
            qualifying: sized.filter(|_| allocation.nodes.is_empty()).map(|pool| qualifying(pool, snapshot)),
            allocation,
            companions: Vec::new(),
            bucket_is_on: bucket.anchored(snapshot),
            bucket,
            look_ahead: match depth {
                Depth::Ahead => LookAhead::new(pe, spec, job, snapshot),
                Depth::Bucket | Depth::Alone | Depth::Node => LookAhead::default(),
            },
            traffic: match depth {
                Depth::Ahead => Traffic::of(pe, spec, job, snapshot),
                Depth::Bucket | Depth::Alone | Depth::Node => Traffic::default(),
            },
            siblings: match depth {
                Depth::Ahead | Depth::Bucket | Depth::Alone => Siblings::of(pe, spec, job),
                Depth::Node => Siblings::default(),
            },
            previous_node: job.and_then(|job| job.previous_node(pe)).and_then(|node| snapshot.find(node.as_str())),
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
        let Ok(theirs) = &member.spec else { continue };
        let same = |known: &Pe| {
            let alike = known.spec.as_ref().is_ok_and(|spec| spec == theirs) && theirs.relocatable;
            alike && known.pod.node_requirements == member.pod.node_requirements
        };
        let mut known = companions.iter().map(|companion| companion.case.pe).chain([case.pe]);
        if known.any(same) {
            continue;
        }
        let mut theirs = Case::by_itself(member, snapshot, Depth::Alone);
        if let (Depth::Ahead, Ok(given)) = (depth, &mut theirs.given) {
            given.look_ahead = LookAhead::new(member, given.spec, job, snapshot);
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
    pub(super) fn rejection(&self, candidate: Candidate<'_>) -> Option<Rejection> {
        match &self.case.given {
            Err(rejection) => Some(rejection.clone()),
            Ok(given) => self.rules.iter().find_map(|rule| (rule.check)(&self.case, given, candidate)),
        }
    }
}

/// The tags that a PE asks for: they open nodes that are closed by them.
pub(super) fn asked_tags<'a>(spec: &'a PlacementSpec, pool: Option<&'a Pool>) -> &'a [Tag] {
    match (&spec.hosts, pool.map(|pool| &pool.members)) {
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
    fn of(pe: &Pe, pool: &Pool, job: Option<&JobState>) -> Self {
        let mut allocation = Self::default();
        for member in job.iter().flat_map(|job| &job.members).filter(|member| member.pe.pod.key.uid != pe.pod.key.uid) {
            let (Some(node), Ok(theirs)) = (member.node, &member.pe.spec) else { continue };
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
