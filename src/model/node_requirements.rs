//! What a pod's own fields ask of a node besides amounts, as kube-scheduler's plugins `TaintToleration`, `NodeAffinity` and
//! `NodePorts` read them.
//!
//! What can never have an effect there is dropped where it is read, so that equal values are equal in meaning too.

use std::fmt;

/// What a pod asks of a node besides amounts. Pods of one template have equal ones and share them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct NodeRequirements {
    /// `spec.nodeSelector`: all of them must hold.
    pub selector: Vec<NodeRequirement>,
    /// Required node affinity: one of the terms must hold, and each asks for something. `None` where the pod has no
    /// such affinity; with an empty list no node is right.
    pub terms: Option<Vec<Vec<NodeRequirement>>>,
    /// Which taints the pod tolerates, sorted.
    pub tolerations: Vec<Toleration>,
    /// The ports of the node that it takes, sorted.
    pub host_ports: Vec<HostPort>,
}

impl NodeRequirements {
    /// True when the pod asks for nothing and tolerates nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The first of these taints that the pod does not tolerate.
    #[must_use]
    pub fn first_untolerated<'t>(&self, taints: &'t [Taint]) -> Option<&'t Taint> {
        taints.iter().find(|taint| !self.tolerates(taint))
    }

    /// True when the pod may run beside this taint.
    #[must_use]
    pub fn tolerates(&self, taint: &Taint) -> bool {
        self.tolerations.iter().any(|toleration| toleration.tolerates(taint))
    }
}

/// One requirement of a node selector.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeRequirement {
    /// What is compared.
    pub subject: Subject,
    /// What must be true of the subject.
    pub test: Test,
}

/// What a requirement compares.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// The label with this key.
    Label(Box<str>),
    /// The field with this path. Nodes have one, `metadata.name`.
    Field(Box<str>),
}

/// What a requirement asks of its subject.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Test {
    /// The value is one of these.
    In(Vec<Box<str>>),
    /// The value is none of these, or there is no value.
    NotIn(Vec<Box<str>>),
    /// There is a value.
    Exists,
    /// There is no value.
    DoesNotExist,
    /// The value is a number above this one.
    Above(i64),
    /// The value is a number below this one.
    Below(i64),
}

impl NodeRequirement {
    /// A label with this value.
    #[must_use]
    pub fn equal(key: &str, value: &str) -> Self {
        Self { subject: Subject::Label(key.into()), test: Test::In(vec![value.into()]) }
    }

    /// Reads a requirement on labels; `None` for one that kube-scheduler cannot read, which holds for no node.
    #[must_use]
    pub fn of_label(key: &str, operator: &str, values: &[String]) -> Option<Self> {
        let all = || values.iter().map(|value| Box::from(value.as_str())).collect::<Vec<Box<str>>>();
        let number = || match values {
            [number] => number.parse().ok(),
            _ => None,
        };
        let test = match (operator, values.is_empty()) {
            ("In", false) => Test::In(all()),
            ("NotIn", false) => Test::NotIn(all()),
            ("Exists", true) => Test::Exists,
            ("DoesNotExist", true) => Test::DoesNotExist,
            ("Gt", _) => Test::Above(number()?),
            ("Lt", _) => Test::Below(number()?),
            _ => return None,
        };
        Some(Self { subject: Subject::Label(key.into()), test })
    }

    /// Reads a requirement on fields; `None` for one that kube-scheduler cannot read, which holds for no node.
    #[must_use]
    pub fn of_field(key: &str, operator: &str, values: &[String]) -> Option<Self> {
        let [value] = values else { return None };
        let value = vec![Box::from(value.as_str())];
        let test = match operator {
            "In" => Test::In(value),
            "NotIn" => Test::NotIn(value),
            _ => return None,
        };
        Some(Self { subject: Subject::Field(key.into()), test })
    }
}

impl fmt::Display for NodeRequirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Subject::Label(key) | Subject::Field(key)) = &self.subject;
        match &self.test {
            Test::In(values) => match values.as_slice() {
                [value] => write!(f, "{key}={value}"),
                values => write!(f, "{key} in ({})", values.join(", ")),
            },
            Test::NotIn(values) => match values.as_slice() {
                [value] => write!(f, "{key}!={value}"),
                values => write!(f, "{key} not in ({})", values.join(", ")),
            },
            Test::Exists => write!(f, "{key}"),
            Test::DoesNotExist => write!(f, "no {key}"),
            Test::Above(than) => write!(f, "{key} > {than}"),
            Test::Below(than) => write!(f, "{key} < {than}"),
        }
    }
}

/// A taint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taint {
    key: Box<str>,
    value: Box<str>,
    effect: Effect,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Effect {
    NoSchedule,
    NoExecute,
    PreferNoSchedule,
}

impl Effect {
    fn read(text: &str) -> Option<Self> {
        match text {
            "NoSchedule" => Some(Self::NoSchedule),
            "NoExecute" => Some(Self::NoExecute),
            "PreferNoSchedule" => Some(Self::PreferNoSchedule),
            _ => None,
        }
    }
}

impl Taint {
    /// True where the taint keeps no pod off: kube-scheduler only prefers other nodes.
    #[must_use]
    pub fn is_soft(&self) -> bool {
        self.effect == Effect::PreferNoSchedule
    }

    /// Reads a taint; `None` for an unknown effect.
    #[must_use]
    pub fn read(key: &str, value: &str, effect: &str) -> Option<Self> {
        Some(Self { key: key.into(), value: value.into(), effect: Effect::read(effect)? })
    }
}

impl fmt::Display for Taint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, value, effect } = self;
        if value.is_empty() { write!(f, "{key}:{effect:?}") } else { write!(f, "{key}={value}:{effect:?}") }
    }
}

/// Taints that a pod tolerates. For how long it does is of no account here.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Toleration {
    /// `None`: any.
    key: Option<Box<str>>,
    /// `None`: any.
    value: Option<Box<str>>,
    /// `None`: any.
    effect: Option<Effect>,
}

impl Toleration {
    /// Reads a toleration, whose fields are empty where they are not there; `None` for one that tolerates no
    /// taint. The operators `Lt` and `Gt` are among these: kube-scheduler has them off.
    #[must_use]
    pub fn read(key: &str, operator: &str, value: &str, effect: &str) -> Option<Self> {
        let value = match operator {
            "" | "Equal" => Some(value.into()),
            "Exists" => None,
            _ => return None,
        };
        let effect = if effect.is_empty() { None } else { Some(Effect::read(effect)?) };
        Some(Self { key: (!key.is_empty()).then(|| key.into()), value, effect })
    }

    fn tolerates(&self, taint: &Taint) -> bool {
        self.effect.is_none_or(|effect| effect == taint.effect)
            && self.key.as_ref().is_none_or(|key| *key == taint.key)
            && self.value.as_ref().is_none_or(|value| *value == taint.value)
    }
}

/// A port of the node that a pod takes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostPort {
    port: u32,
    protocol: Box<str>,
    ip: Box<str>,
}

/// Every address of a node.
const ANY_IP: &str = "0.0.0.0";

impl HostPort {
    /// A port, with protocol and address as they are written or empty.
    #[must_use]
    pub fn new(port: u32, protocol: &str, ip: &str) -> Self {
        let or = |text: &str, default: &str| Box::from(if text.is_empty() { default } else { text });
        Self { port, protocol: or(protocol, "TCP"), ip: or(ip, ANY_IP) }
    }

    /// True when both cannot be had on one node.
    #[must_use]
    pub fn conflicts_with(&self, other: &Self) -> bool {
        let any = |port: &Self| *port.ip == *ANY_IP;
        self.port == other.port && self.protocol == other.protocol && (self.ip == other.ip || any(self) || any(other))
    }

    /// The first of `wanted` that cannot be had beside `taken`.
    #[must_use]
    pub fn first_taken<'w>(wanted: &'w [Self], taken: &[Self]) -> Option<&'w Self> {
        wanted.iter().find(|port| taken.iter().any(|other| port.conflicts_with(other)))
    }
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { port, protocol, ip } = self;
        if **ip == *ANY_IP {
            write!(f, "hostPort {port}/{protocol}")
        } else {
            write!(f, "hostPort {ip}:{port}/{protocol}")
        }
    }
}
