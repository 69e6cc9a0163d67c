//! Why a node is refused: the public reason codes and the numbers behind each.

use std::fmt;
use std::sync::Arc;

use super::{JobId, NodeName, Overload, OversubscriptionRisk, PodKey, Probability, Shortage, Tag, Token};

macro_rules! reasons {
    ($(#[doc = $meaning:literal] $name:ident,)*) => {
        /// A reason code of `docs/placement.md`, in order of precedence.
        ///
        /// Public interface: metrics label, event text, record, `explain`, `simulate`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Reason {
            $(#[doc = $meaning] $name,)*
        }

        impl Reason {
            /// Every code, in order of precedence.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The code as users read it.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)*
                }
            }

            /// What the code says of the refused node, in a sentence.
            #[must_use]
            pub fn meaning(self) -> &'static str {
                match self {
                    $(Self::$name => $meaning.trim_ascii(),)*
                }
            }
        }
    };
}

reasons! {
    /// Our view is too old to promise anything.
    StaleState,
    /// We have not seen this node yet.
    NodeUnknown,
    /// The PE contradicts itself or a value cannot be read (the same for all nodes).
    InvalidPlacement,
    /// The named pool does not exist.
    PoolNotFound,
    /// Not all members of the gang exist yet.
    GangIncomplete,
    /// Cordoned, not ready, or leaving.
    NodeUnschedulable,
    /// A taint that the pod does not tolerate.
    UntoleratedTaint,
    /// The node does not match node selector or required node affinity.
    NodeAffinityMismatch,
    /// A volume of the pod cannot be used on the node.
    VolumeNodeAffinityConflict,
    /// The node is closed by a restricting tag.
    RestrictedTag,
    /// It lacks a tag of the pool.
    PoolTagMissing,
    /// It is not in the pool's list of hosts.
    NotInPool,
    /// Fewer nodes qualify than the pool's size.
    PoolTooSmall,
    /// It belongs to another job's exclusive allocation.
    PoolExclusiveToOtherJob,
    /// It cannot join an exclusive allocation: another job's PE runs there.
    PoolNodeInUse,
    /// The job's allocation names other nodes.
    PoolIndexElsewhere,
    /// It is not among the PE's hosts.
    HostMismatch,
    /// A PE that may not be relocated belongs elsewhere.
    PinnedElsewhere,
    /// CPU, memory, pods or another request does not fit now.
    InsufficientResources,
    /// An isolated PE is there.
    NodeHoldsIsolatedPe,
    /// The PE is isolated and other PEs are there.
    IsolatedPeNeedsEmptyNode,
    /// Its bucket is elsewhere.
    ColocationMismatch,
    /// Its bucket as a whole does not fit.
    BucketDoesNotFit,
    /// A PE with a shared token is there.
    ExlocationConflict,
    /// Taking it would leave another waiting PE without a node.
    ExlocationInfeasible,
    /// It is busier than load protection allows.
    NodeOverloaded,
    /// The probability of overload there is above the ceiling of the policy.
    OversubscriptionRisk,
    /// No plan for the whole gang.
    GangInfeasible,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One refusal of one node: the code and the numbers or names behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// See [`Reason::StaleState`]; the object that declares the placement spec of the PE, and that the watch has not shown yet.
    Unseen(String),
    /// See [`Reason::StaleState`]; the cluster has changed since the gang was planned.
    PlanOutdated,
    /// See [`Reason::NodeUnknown`].
    NodeUnknown,
    /// See [`Reason::InvalidPlacement`]; the contradiction in words.
    InvalidPlacement(Arc<str>),
    /// See [`Reason::PoolNotFound`]; the pool.
    PoolNotFound(Arc<str>),
    /// See [`Reason::GangIncomplete`].
    GangIncomplete {
        /// How many members exist.
        exist: usize,
        /// How many members the gang asks for.
        count: u32,
    },
    /// See [`Reason::GangIncomplete`]; it is a gang of all, and more members may come.
    GangArrives,
    /// See [`Reason::NodeUnschedulable`].
    NodeUnschedulable,
    /// See [`Reason::UntoleratedTaint`]; the first such taint.
    UntoleratedTaint(String),
    /// See [`Reason::NodeAffinityMismatch`]; what the node lacks.
    NodeAffinityMismatch(String),
    /// See [`Reason::NodeAffinityMismatch`]; a filter of kube-scheduler that Outrigger does not know rejects the node.
    NotOffered,
    /// See [`Reason::VolumeNodeAffinityConflict`].
    VolumeNodeAffinityConflict {
        /// The claim of the pod.
        claim: Arc<str>,
        /// What the volume asks of the node that the node does not have.
        lacking: String,
    },
    /// See [`Reason::RestrictedTag`]; the first restricting tag that the PE does not ask for.
    RestrictedTag(Tag),
    /// See [`Reason::PoolTagMissing`]; the first tag that the node lacks.
    PoolTagMissing(Tag),
    /// See [`Reason::NotInPool`].
    NotInPool,
    /// See [`Reason::PoolTooSmall`].
    PoolTooSmall {
        /// How many nodes qualify.
        qualifying: usize,
        /// The size of the pool.
        size: usize,
    },
    /// See [`Reason::PoolExclusiveToOtherJob`]; the other job.
    PoolExclusiveToOtherJob(JobId),
    /// See [`Reason::PoolNodeInUse`]; the other job.
    PoolNodeInUse(JobId),
    /// See [`Reason::PoolIndexElsewhere`].
    PoolIndexElsewhere,
    /// See [`Reason::HostMismatch`].
    HostMismatch,
    /// See [`Reason::PinnedElsewhere`]; the node that it belongs to.
    PinnedElsewhere(NodeName),
    /// See [`Reason::InsufficientResources`].
    InsufficientResources(Shortage),
    /// See [`Reason::NodeHoldsIsolatedPe`]; the PE that is there.
    NodeHoldsIsolatedPe(PodKey),
    /// See [`Reason::IsolatedPeNeedsEmptyNode`]; the PE that is there.
    IsolatedPeNeedsEmptyNode(PodKey),
    /// See [`Reason::ColocationMismatch`]; where members of the bucket are.
    ColocationMismatch(Arc<[NodeName]>),
    /// See [`Reason::BucketDoesNotFit`]; what the pending members of the bucket request together.
    BucketDoesNotFit(Shortage),
    /// See [`Reason::BucketDoesNotFit`]; a pending member of the bucket may not go to the node.
    BucketMemberRejected {
        /// The name of the member.
        pe: Arc<str>,
        /// The rejection of the node for that member.
        rejection: Box<Self>,
    },
    /// See [`Reason::ExlocationConflict`]; the PE with a shared token that is there.
    ExlocationConflict(PodKey),
    /// See [`Reason::ExlocationInfeasible`]; the token.
    ExlocationInfeasible(Token),
    /// See [`Reason::NodeOverloaded`]; the metric, its value and the thresholds.
    NodeOverloaded(Overload),
    /// See [`Reason::OversubscriptionRisk`].
    OversubscriptionRisk {
        /// The risk of the node with the PE, or with all waiting members of its bucket.
        risk: Box<OversubscriptionRisk>,
        /// The highest risk that the policy allows.
        ceiling: Probability,
    },
    /// See [`Reason::GangInfeasible`]; what cannot be met together, where that is certain.
    GangInfeasible(Option<Arc<str>>),
}

impl Rejection {
    /// The code.
    #[must_use]
    pub fn reason(&self) -> Reason {
        match self {
            Self::Unseen(_) | Self::PlanOutdated => Reason::StaleState,
            Self::NodeUnknown => Reason::NodeUnknown,
            Self::InvalidPlacement(_) => Reason::InvalidPlacement,
            Self::PoolNotFound(_) => Reason::PoolNotFound,
            Self::GangIncomplete { .. } | Self::GangArrives => Reason::GangIncomplete,
            Self::NodeUnschedulable => Reason::NodeUnschedulable,
            Self::UntoleratedTaint(_) => Reason::UntoleratedTaint,
            Self::NodeAffinityMismatch(_) | Self::NotOffered => Reason::NodeAffinityMismatch,
            Self::VolumeNodeAffinityConflict { .. } => Reason::VolumeNodeAffinityConflict,
            Self::RestrictedTag(_) => Reason::RestrictedTag,
            Self::PoolTagMissing(_) => Reason::PoolTagMissing,
            Self::NotInPool => Reason::NotInPool,
            Self::PoolTooSmall { .. } => Reason::PoolTooSmall,
            Self::PoolExclusiveToOtherJob(_) => Reason::PoolExclusiveToOtherJob,
            Self::PoolNodeInUse(_) => Reason::PoolNodeInUse,
            Self::PoolIndexElsewhere => Reason::PoolIndexElsewhere,
            Self::HostMismatch => Reason::HostMismatch,
            Self::PinnedElsewhere(_) => Reason::PinnedElsewhere,
            Self::InsufficientResources(_) => Reason::InsufficientResources,
            Self::NodeHoldsIsolatedPe(_) => Reason::NodeHoldsIsolatedPe,
            Self::IsolatedPeNeedsEmptyNode(_) => Reason::IsolatedPeNeedsEmptyNode,
            Self::ColocationMismatch(_) => Reason::ColocationMismatch,
            Self::BucketDoesNotFit(_) | Self::BucketMemberRejected { .. } => Reason::BucketDoesNotFit,
            Self::ExlocationConflict(_) => Reason::ExlocationConflict,
            Self::ExlocationInfeasible(_) => Reason::ExlocationInfeasible,
            Self::NodeOverloaded(_) => Reason::NodeOverloaded,
            Self::OversubscriptionRisk { .. } => Reason::OversubscriptionRisk,
            Self::GangInfeasible(_) => Reason::GangInfeasible,
        }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = self.reason();
        match self {
            Self::NodeUnknown
            | Self::NodeUnschedulable
            | Self::NotInPool
            | Self::PoolIndexElsewhere
            | Self::HostMismatch
            | Self::GangInfeasible(None) => write!(f, "{code}"),
            Self::PlanOutdated => write!(f, "{code}: the cluster has changed since the gang was planned"),
            Self::NotOffered => {
                write!(f, "{code}: kube-scheduler does not offer the node (volumes, devices, affinity between pods)")
            }
            Self::GangArrives => write!(f, "{code}: a member has just been created, and more may come"),
            Self::GangIncomplete { exist, count } => write!(f, "{code}: {exist} of {count} members exist"),
            Self::NodeOverloaded(overload) => write!(f, "{code}: {overload}"),
            Self::OversubscriptionRisk { risk, ceiling } => write!(f, "{code}: {risk}; the ceiling is {ceiling}"),
            Self::GangInfeasible(Some(conflict)) => write!(f, "{code}: {conflict}"),
            Self::Unseen(object) => write!(f, "{code}: {object} has not been seen yet"),
            Self::InvalidPlacement(problem) => write!(f, "{code}: {problem}"),
            Self::PoolNotFound(pool) => write!(f, "{code}: there is no HostPool `{pool}`"),
            Self::UntoleratedTaint(taint) => write!(f, "{code}: {taint}"),
            Self::NodeAffinityMismatch(lacking) => write!(f, "{code}: {lacking} is asked for"),
            Self::VolumeNodeAffinityConflict { claim, lacking } => {
                write!(f, "{code}: the volume of claim {claim} can be used where {lacking}")
            }
            Self::RestrictedTag(tag) => write!(f, "{code}: closed to PEs that do not ask for tag `{tag}`"),
            Self::PoolTagMissing(tag) => write!(f, "{code}: no tag `{tag}`"),
            Self::PoolTooSmall { qualifying, size } => {
                write!(f, "{code}: {qualifying} nodes qualify, {size} are needed")
            }
            Self::PoolExclusiveToOtherJob(job) | Self::PoolNodeInUse(job) => write!(f, "{code}: job {job}"),
            Self::InsufficientResources(shortage) | Self::BucketDoesNotFit(shortage) => write!(f, "{code}: {shortage}"),
            Self::NodeHoldsIsolatedPe(pe) | Self::IsolatedPeNeedsEmptyNode(pe) | Self::ExlocationConflict(pe) => {
                write!(f, "{code}: PE {pe}")
            }
            Self::PinnedElsewhere(node) => write!(f, "{code}: the PE stays on {node}"),
            Self::BucketMemberRejected { pe, rejection } => write!(f, "{code}: PE {pe} of the bucket: {rejection}"),
            Self::ExlocationInfeasible(token) => {
                write!(f, "{code}: pending PEs with token `{token}` would be left without a node")
            }
            Self::ColocationMismatch(nodes) => {
                let names: Vec<&str> = nodes.iter().map(NodeName::as_str).collect();
                write!(f, "{code}: the bucket is on {}", names.join(", "))
            }
        }
    }
}
