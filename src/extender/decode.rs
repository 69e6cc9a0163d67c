//! What kube-scheduler asks.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::de::{self, Deserialize, Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::api::{NodeObject, PodObject};
use crate::model::{Namespace, Node, NodeName, Pod, PodName, PodUid};

/// A question that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// The body is no JSON of the expected shape.
    #[error("the body cannot be read: {0}")]
    Body(#[from] serde_json::Error),
    /// The body is JSON, but no object.
    #[error("the body must be a JSON object")]
    NoObject,
    /// There is no pod in it.
    #[error("Pod is missing: the body must be an ExtenderArgs object of k8s.io/kube-scheduler/extender/v1")]
    NoPod,
    /// The pod asks for an amount that cannot be read.
    #[error("Pod: {0}")]
    Pod(#[from] crate::model::InvalidQuantity),
    /// A node that was sent whole cannot be read.
    #[error("Nodes: {0}")]
    Node(String),
    /// A field of `ExtenderBindingArgs` is missing.
    #[error("{0} is missing: the body must be an ExtenderBindingArgs object of k8s.io/kube-scheduler/extender/v1")]
    Missing(&'static str),
}

/// The question of filter and prioritize: a pod and the nodes that are left.
#[derive(Debug)]
pub struct Arguments<'a> {
    /// The pod, as kube-scheduler sees it.
    pub pod: Arc<Pod>,
    /// The nodes in question.
    pub candidates: Candidates<'a>,
}

/// The nodes in question, by name or as whole objects.
#[derive(Debug)]
pub enum Candidates<'a> {
    /// Names: `nodeCacheCapable: true`, the way that is supported.
    Names(Vec<Cow<'a, str>>),
    /// Whole nodes: `nodeCacheCapable: false`.
    Objects,
}

impl Candidates<'_> {
    /// The names; none where whole nodes were sent.
    #[must_use]
    pub fn names(&self) -> &[Cow<'_, str>] {
        match self {
            Self::Names(names) => names,
            Self::Objects => &[],
        }
    }
}

// Go writes the names of its fields and reads them without regard to case; both spellings that are seen in the wild
// are accepted.
#[derive(serde::Deserialize)]
struct ExtenderArgs<'a> {
    #[serde(rename = "Pod", alias = "pod")]
    pod: Option<PodObject>,
    #[serde(rename = "Nodes", alias = "nodes", default)]
    nodes: Option<IgnoredAny>,
    #[serde(rename = "NodeNames", alias = "nodeNames", alias = "nodenames", borrow, default)]
    node_names: Option<Names<'a>>,
}

/// Names of nodes, no more than a cluster can have.
struct Names<'a>(Vec<Cow<'a, str>>);

/// Far more nodes than any cluster has; a list without end would only be asked for to exhaust us.
const MOST_NODES: usize = 100_000;

impl<'de: 'a, 'a> Deserialize<'de> for Names<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(NamesVisitor)
    }
}

struct NamesVisitor;

impl<'de> Visitor<'de> for NamesVisitor {
    type Value = Names<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "at most {MOST_NODES} names of nodes")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut names = Vec::new();
        while let Some(Text(name)) = seq.next_element()? {
            if names.len() == MOST_NODES {
                return Err(de::Error::invalid_length(MOST_NODES + 1, &self));
            }
            names.push(name);
        }
        Ok(Names(names))
    }
}

/// Text that is borrowed from the body where it has no escapes.
struct Text<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;
            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a name")
            }
            fn visit_borrowed_str<E: de::Error>(self, v: &'de str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Borrowed(v)))
            }
            fn visit_str<E: de::Error>(self, v: &str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(v.to_owned())))
            }
        }
        deserializer.deserialize_str(TextVisitor)
    }
}

/// Reads a JSON object. Serde alone takes a list of its members in their order for the object as well.
pub(super) fn object<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, DecodeError> {
    let read = serde_json::from_slice(body)?;
    if body.trim_ascii_start().starts_with(b"{") { Ok(read) } else { Err(DecodeError::NoObject) }
}

/// Reads the question of filter and prioritize.
///
/// # Errors
/// [`DecodeError`] in words for the log of kube-scheduler.
pub fn arguments(body: &[u8]) -> Result<Arguments<'_>, DecodeError> {
    let read: ExtenderArgs<'_> = object(body)?;
    let pod = Pod::try_from(&read.pod.ok_or(DecodeError::NoPod)?)?;
    // Both null means that no node is left, never that all are.
    let candidates = match (read.node_names, read.nodes) {
        (None, Some(_)) => Candidates::Objects,
        (names, _) => Candidates::Names(names.map_or_else(Vec::new, |Names(names)| names)),
    };
    Ok(Arguments { pod: Arc::new(pod), candidates })
}

/// The question of filter and prioritize with nodes that may not exist: sent whole, as autoscalers do.
#[derive(Debug)]
pub(super) struct AutoscalerArguments<'a> {
    pub(super) pod: Arc<Pod>,
    /// The nodes, and how they were written.
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

/// Whole nodes, no more than a cluster can have.
struct Items<'a>(Vec<&'a RawValue>);

/// As many nodes as a cluster of Kubernetes may have, three times over.
const MOST_ITEMS: usize = 15_000;

impl<'de: 'a, 'a> Deserialize<'de> for Items<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(ItemsVisitor)
    }
}

struct ItemsVisitor;

impl<'de> Visitor<'de> for ItemsVisitor {
    type Value = Items<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "at most {MOST_ITEMS} nodes")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            if items.len() == MOST_ITEMS {
                return Err(de::Error::invalid_length(MOST_ITEMS + 1, &self));
            }
            items.push(item);
        }
        Ok(Items(items))
    }
}

/// Reads the question of filter and prioritize for whole nodes; `None` where none are sent.
pub(super) fn autoscaler_arguments(body: &[u8]) -> Result<Option<AutoscalerArguments<'_>>, DecodeError> {
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

/// The question of bind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BindingArguments {
    /// The pod's namespace.
    pub namespace: Namespace,
    /// The pod's name.
    pub name: PodName,
    /// The pod's UID.
    pub uid: PodUid,
    /// The node that was chosen.
    pub node: NodeName,
}

#[derive(serde::Deserialize)]
struct ExtenderBindingArgs<'a> {
    #[serde(rename = "PodName", alias = "podName", alias = "podname", borrow, default)]
    pod_name: Option<Text<'a>>,
    #[serde(rename = "PodNamespace", alias = "podNamespace", alias = "podnamespace", borrow, default)]
    pod_namespace: Option<Text<'a>>,
    #[serde(rename = "PodUID", alias = "podUID", alias = "poduid", borrow, default)]
    pod_uid: Option<Text<'a>>,
    #[serde(rename = "Node", alias = "node", borrow, default)]
    node: Option<Text<'a>>,
}

/// Reads the question of bind.
///
/// # Errors
/// [`DecodeError`] in words for the log of kube-scheduler.
pub fn binding_arguments(body: &[u8]) -> Result<BindingArguments, DecodeError> {
    let read: ExtenderBindingArgs<'_> = object(body)?;
    let text = |text: Option<Text<'_>>, name: &'static str| {
        text.map(|Text(text)| text.into_owned()).filter(|text| !text.is_empty()).ok_or(DecodeError::Missing(name))
    };
    Ok(BindingArguments {
        namespace: Namespace::from(&text(read.pod_namespace, "PodNamespace")?),
        name: PodName::from(&text(read.pod_name, "PodName")?),
        uid: PodUid::from(&text(read.pod_uid, "PodUID")?),
        node: NodeName::from(&text(read.node, "Node")?),
    })
}

/// The question of preempt, kept raw but for the UIDs: see [`super::preempt()`].
#[derive(serde::Deserialize)]
pub(super) struct ExtenderPreemptionArgs<'a> {
    #[serde(rename = "Pod", alias = "pod", borrow, default)]
    pub(super) pod: Option<&'a RawValue>,
    #[serde(rename = "NodeNameToVictims", alias = "nodeNameToVictims", alias = "nodenametovictims", default)]
    pub(super) victims: Option<std::collections::BTreeMap<String, Option<Victims>>>,
    #[serde(
        rename = "NodeNameToMetaVictims",
        alias = "nodeNameToMetaVictims",
        alias = "nodenametometavictims",
        default
    )]
    pub(super) meta_victims: Option<std::collections::BTreeMap<String, Option<Victims>>>,
}

/// The victims on one node, in either form.
#[derive(serde::Deserialize)]
pub(super) struct Victims {
    #[serde(rename = "Pods", alias = "pods", default)]
    pub(super) pods: Option<Vec<Option<Victim>>>,
    #[serde(rename = "NumPDBViolations", alias = "numPDBViolations", alias = "numpdbviolations", default)]
    pub(super) violations: i64,
}

/// A victim: a whole pod, or its UID alone.
#[derive(serde::Deserialize)]
pub(super) struct Victim {
    #[serde(rename = "UID", alias = "uid", default)]
    pub(super) uid: Option<String>,
    #[serde(default)]
    pub(super) metadata: Option<VictimMetadata>,
}

#[derive(serde::Deserialize)]
pub(super) struct VictimMetadata {
    #[serde(default)]
    pub(super) uid: Option<String>,
}
