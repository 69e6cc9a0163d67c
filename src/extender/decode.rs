//! Decodes the requests of kube-scheduler.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::de::{self, Deserialize, Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::api::{NodeObject, PodObject};
use crate::model::{Namespace, Node, NodeName, Pod, PodName, PodUid};

/// A request that cannot be decoded.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// The body is not JSON of the expected form.
    #[error("the body cannot be read: {0}")]
    Body(#[from] serde_json::Error),
    /// The body is JSON but not an object.
    #[error("the body must be a JSON object")]
    NoObject,
    /// The pod is missing.
    #[error("Pod is missing: the body must be an ExtenderArgs object of k8s.io/kube-scheduler/extender/v1")]
    NoPod,
    /// A quantity of the pod cannot be parsed.
    #[error("Pod: {0}")]
    Pod(#[from] crate::model::InvalidQuantity),
    /// A whole node cannot be parsed.
    #[error("Nodes: {0}")]
    Node(String),
    /// A field of `ExtenderBindingArgs` is missing.
    #[error("{0} is missing: the body must be an ExtenderBindingArgs object of k8s.io/kube-scheduler/extender/v1")]
    Missing(&'static str),
}

/// The arguments of filter and prioritize (`ExtenderArgs`).
#[derive(Debug)]
pub struct SchedulingArguments<'a> {
    /// The pod as kube-scheduler has it.
    pub pod: Arc<Pod>,
    /// The nodes to filter or to score.
    pub candidates: CandidateNodes<'a>,
}

/// The nodes to filter or to score, by name or as whole objects.
#[derive(Debug)]
pub enum CandidateNodes<'a> {
    /// Names, as with `nodeCacheCapable: true`. Only this form is supported.
    NodeNames(Vec<Cow<'a, str>>),
    /// Whole nodes, as with `nodeCacheCapable: false`.
    Objects,
}

impl CandidateNodes<'_> {
    /// The names; none for whole nodes.
    #[must_use]
    pub fn names(&self) -> &[Cow<'_, str>] {
        match self {
            Self::NodeNames(names) => names,
            Self::Objects => &[],
        }
    }
}

// Go writes field names as they are declared, and reads them in any case. The spellings of known clients are accepted.
#[derive(serde::Deserialize)]
struct ExtenderArgs<'a> {
    #[serde(rename = "Pod", alias = "pod")]
    pod: Option<PodObject>,
    #[serde(rename = "Nodes", alias = "nodes", default)]
    nodes: Option<IgnoredAny>,
    #[serde(rename = "NodeNames", alias = "nodeNames", alias = "nodenames", borrow, default)]
    node_names: Option<NodeNames<'a>>,
}

/// Names of nodes, at most [`MAX_NAMES`].
struct NodeNames<'a>(Vec<Cow<'a, str>>);

/// Far more nodes than a cluster has. The limit bounds the memory that a request takes.
const MAX_NAMES: usize = 100_000;

impl<'de: 'a, 'a> Deserialize<'de> for NodeNames<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(NamesVisitor)
    }
}

struct NamesVisitor;

impl<'de> Visitor<'de> for NamesVisitor {
    type Value = NodeNames<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "at most {MAX_NAMES} names of nodes")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut names = Vec::new();
        while let Some(BorrowedText(name)) = seq.next_element()? {
            if names.len() == MAX_NAMES {
                return Err(de::Error::invalid_length(MAX_NAMES + 1, &self));
            }
            names.push(name);
        }
        Ok(NodeNames(names))
    }
}

/// Text that is borrowed from the body where the text has no escapes.
struct BorrowedText<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for BorrowedText<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl<'de> Visitor<'de> for TextVisitor {
            type Value = BorrowedText<'de>;
            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a name")
            }
            fn visit_borrowed_str<E: de::Error>(self, v: &'de str) -> Result<Self::Value, E> {
                Ok(BorrowedText(Cow::Borrowed(v)))
            }
            fn visit_str<E: de::Error>(self, v: &str) -> Result<Self::Value, E> {
                Ok(BorrowedText(Cow::Owned(v.to_owned())))
            }
        }
        deserializer.deserialize_str(TextVisitor)
    }
}

/// Decodes a JSON object. Serde alone also accepts an array of the fields.
pub(super) fn object<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, DecodeError> {
    let read = serde_json::from_slice(body)?;
    if body.trim_ascii_start().starts_with(b"{") { Ok(read) } else { Err(DecodeError::NoObject) }
}

/// Decodes the arguments of filter and prioritize.
///
/// # Errors
/// [`DecodeError`], which kube-scheduler logs.
pub fn decode_arguments(body: &[u8]) -> Result<SchedulingArguments<'_>, DecodeError> {
    let read: ExtenderArgs<'_> = object(body)?;
    let pod = Pod::try_from(&read.pod.ok_or(DecodeError::NoPod)?)?;
    // Both fields null means no node, not every node.
    let candidates = match (read.node_names, read.nodes) {
        (None, Some(_)) => CandidateNodes::Objects,
        (names, _) => CandidateNodes::NodeNames(names.map_or_else(Vec::new, |NodeNames(names)| names)),
    };
    Ok(SchedulingArguments { pod: Arc::new(pod), candidates })
}

/// The arguments of filter and prioritize with whole nodes, as autoscalers send them. The nodes may not exist.
#[derive(Debug)]
pub(super) struct AutoscalerArguments<'a> {
    pub(super) pod: Arc<Pod>,
    /// The nodes, each with its JSON.
    pub(super) nodes: Vec<(Node, &'a RawValue)>,
}

#[derive(serde::Deserialize)]
struct WholeExtenderArgs<'a> {
    #[serde(rename = "Pod", alias = "pod")]
    pod: Option<PodObject>,
    #[serde(rename = "Nodes", alias = "nodes", borrow, default)]
    nodes: Option<&'a RawValue>,
}

#[derive(serde::Deserialize)]
struct NodeList<'a> {
    #[serde(borrow, default)]
    items: Option<Items<'a>>,
}

/// Whole nodes, at most [`MAX_ITEMS`].
struct Items<'a>(Vec<&'a RawValue>);

/// Three times the 5,000 nodes that Kubernetes supports.
const MAX_ITEMS: usize = 15_000;

impl<'de: 'a, 'a> Deserialize<'de> for Items<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(ItemsVisitor)
    }
}

struct ItemsVisitor;

impl<'de> Visitor<'de> for ItemsVisitor {
    type Value = Items<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "at most {MAX_ITEMS} nodes")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            if items.len() == MAX_ITEMS {
                return Err(de::Error::invalid_length(MAX_ITEMS + 1, &self));
            }
            items.push(item);
        }
        Ok(Items(items))
    }
}

/// Decodes the arguments of filter and prioritize with whole nodes; `None` where the request has no whole nodes.
pub(super) fn decode_autoscaler_arguments(body: &[u8]) -> Result<Option<AutoscalerArguments<'_>>, DecodeError> {
    let read: WholeExtenderArgs<'_> = object(body)?;
    let Some(nodes) = read.nodes else { return Ok(None) };
    let pod = Pod::try_from(&read.pod.ok_or(DecodeError::NoPod)?)?;
    let nodes: NodeList<'_> = object(nodes.get().as_bytes()).map_err(|error| DecodeError::Node(error.to_string()))?;
    let node = |written: &RawValue| {
        let node: NodeObject = serde_json::from_str(written.get()).map_err(|error| error.to_string())?;
        Node::try_from(&node).map_err(|error| error.to_string())
    };
    let nodes = nodes.items.into_iter().flat_map(|Items(items)| items);
    let nodes = nodes.map(|written| Ok((node(written).map_err(DecodeError::Node)?, written)));
    Ok(Some(AutoscalerArguments { pod: Arc::new(pod), nodes: nodes.collect::<Result<Vec<_>, DecodeError>>()? }))
}

/// The arguments of bind (`ExtenderBindingArgs`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BindingArguments {
    /// The pod's namespace.
    pub namespace: Namespace,
    /// The pod's name.
    pub name: PodName,
    /// The pod's UID.
    pub uid: PodUid,
    /// The node that kube-scheduler chose.
    pub node: NodeName,
}

#[derive(serde::Deserialize)]
struct ExtenderBindingArgs<'a> {
    #[serde(rename = "PodName", alias = "podName", alias = "podname", borrow, default)]
    pod_name: Option<BorrowedText<'a>>,
    #[serde(rename = "PodNamespace", alias = "podNamespace", alias = "podnamespace", borrow, default)]
    pod_namespace: Option<BorrowedText<'a>>,
    #[serde(rename = "PodUID", alias = "podUID", alias = "poduid", borrow, default)]
    pod_uid: Option<BorrowedText<'a>>,
    #[serde(rename = "Node", alias = "node", borrow, default)]
    node: Option<BorrowedText<'a>>,
}

/// Decodes the arguments of bind.
///
/// # Errors
/// [`DecodeError`], which kube-scheduler logs.
pub fn decode_binding_arguments(body: &[u8]) -> Result<BindingArguments, DecodeError> {
    let read: ExtenderBindingArgs<'_> = object(body)?;
    let text = |text: Option<BorrowedText<'_>>, name: &'static str| {
        text.map(|BorrowedText(text)| text.into_owned())
            .filter(|text| !text.is_empty())
            .ok_or(DecodeError::Missing(name))
    };
    Ok(BindingArguments {
        namespace: Namespace::from(&text(read.pod_namespace, "PodNamespace")?),
        name: PodName::from(&text(read.pod_name, "PodName")?),
        uid: PodUid::from(&text(read.pod_uid, "PodUID")?),
        node: NodeName::from(&text(read.node, "Node")?),
    })
}

/// The arguments of preempt (`ExtenderPreemptionArgs`).
#[derive(Debug)]
pub struct PreemptionArguments {
    /// The pod that other pods are to be evicted for.
    pub pod: Arc<Pod>,
    /// The proposed victims, by the name of their node.
    pub victims: BTreeMap<String, ProposedVictims>,
}

/// The victims on one node.
#[derive(Debug)]
pub struct ProposedVictims {
    /// The UIDs of the pods.
    pub uids: Vec<String>,
    /// How many `PodDisruptionBudget` objects the eviction violates.
    pub violations: i64,
}

#[derive(serde::Deserialize)]
struct ExtenderPreemptionArgs {
    #[serde(rename = "Pod", alias = "pod", default)]
    pod: Option<PodObject>,
    #[serde(rename = "NodeNameToVictims", alias = "nodeNameToVictims", alias = "nodenametovictims", default)]
    victims: Option<BTreeMap<String, Option<Victims>>>,
    #[serde(
        rename = "NodeNameToMetaVictims",
        alias = "nodeNameToMetaVictims",
        alias = "nodenametometavictims",
        default
    )]
    meta_victims: Option<BTreeMap<String, Option<Victims>>>,
}

/// The victims on one node, as whole pods or as UIDs.
#[derive(Default, serde::Deserialize)]
struct Victims {
    #[serde(rename = "Pods", alias = "pods", default)]
    pods: Option<Vec<Option<Victim>>>,
    #[serde(rename = "NumPDBViolations", alias = "numPDBViolations", alias = "numpdbviolations", default)]
    violations: i64,
}

/// A victim: a whole pod, or its UID.
#[derive(serde::Deserialize)]
struct Victim {
    #[serde(rename = "UID", alias = "uid", default)]
    uid: Option<String>,
    #[serde(default)]
    metadata: Option<VictimMetadata>,
}

#[derive(serde::Deserialize)]
struct VictimMetadata {
    #[serde(default)]
    uid: Option<String>,
}

/// Decodes the arguments of preempt. Of the victims only the UIDs are decoded.
///
/// # Errors
/// [`DecodeError`], which kube-scheduler logs.
pub fn decode_preemption_arguments(body: &[u8]) -> Result<PreemptionArguments, DecodeError> {
    let read: ExtenderPreemptionArgs = object(body)?;
    let pod = Pod::try_from(&read.pod.ok_or(DecodeError::NoPod)?)?;
    let proposed = |victims: Option<Victims>| {
        let victims = victims.unwrap_or_default();
        let pods = victims.pods.into_iter().flatten().flatten();
        let uid = |victim: Victim| victim.uid.or_else(|| victim.metadata.and_then(|metadata| metadata.uid));
        ProposedVictims { uids: pods.filter_map(uid).collect(), violations: victims.violations }
    };
    let victims = read.meta_victims.or(read.victims).unwrap_or_default();
    let victims = victims.into_iter().map(|(node, victims)| (node, proposed(victims))).collect();
    Ok(PreemptionArguments { pod: Arc::new(pod), victims })
}

#[cfg(test)]
#[path = "tests/decode.rs"]
mod tests;
