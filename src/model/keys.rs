//! The keys of labels and annotations of group `outrigger.dev`. They are stable from the first release.

/// The prefix of every key.
pub const PREFIX: &str = "outrigger.dev/";

macro_rules! keys {
    ($($(#[doc = $meaning:literal])+ $all:ident {
        $($(#[doc = $key_meaning:literal])+ $name:ident = $key:literal;)*
    })*) => {$(
        $($(#[doc = $key_meaning])+ pub const $name: &str = $key;)*

        $(#[doc = $meaning])+
        pub const $all: &[&str] = &[$($name,)*];
    )*};
}

keys! {
    /// Every key that users set on pods.
    SET_BY_USERS {
        /// Label on a pod: the job of the PE.
        JOB = "outrigger.dev/job";
        /// Label on a pod: the PE within its job.
        PE = "outrigger.dev/pe";
        /// Label on a pod: the submission of the job.
        GENERATION = "outrigger.dev/generation";
        /// The `HostPool` of the PE's namespace that the PE is placed in.
        HOST_POOL = "outrigger.dev/host-pool";
        /// The tags of an unnamed shared pool.
        HOST_TAGS = "outrigger.dev/host-tags";
        /// The number of a node in the job's allocation of a sized pool.
        POOL_INDEX = "outrigger.dev/pool-index";
        /// The hosts that the PE may run on.
        HOSTS = "outrigger.dev/hosts";
        /// The colocation tokens of the PE.
        COLOCATION = "outrigger.dev/colocation";
        /// The exlocation tokens of the PE.
        EXLOCATION = "outrigger.dev/exlocation";
        /// Whether the PE is alone on its node.
        ISOLATED = "outrigger.dev/isolated";
        /// The PEs that the PE sends to, with rates.
        CONNECTS_TO = "outrigger.dev/connects-to";
        /// Whether the PE may leave the node of its first placement.
        RELOCATABLE = "outrigger.dev/relocatable";
        /// Whether the job is placed together or not at all.
        GANG = "outrigger.dev/gang";
        /// The scoring strategy of the PE.
        SCHEME = "outrigger.dev/scheme";
        /// Asks for injection, or declines it.
        INJECT = "outrigger.dev/inject";
    }

    /// Every key that Outrigger writes onto pods.
    WRITTEN_BY_OUTRIGGER {
        /// Written at admission: the policy that governed the pod.
        POLICY = "outrigger.dev/policy";
        /// Written at admission: the sidecars of the policy that the pod does not get, and why.
        WITHHELD = "outrigger.dev/withheld";
        /// Written at admission: the containers whose requests and limits have been decided.
        SIZED_CONTAINERS = "outrigger.dev/sized-containers";
        /// Written at admission: how requests and limits were decided.
        RESOURCES = "outrigger.dev/resources";
        /// Written at admission: the version of the `StreamJob` that governed the pod.
        STREAM_JOB = "outrigger.dev/stream-job";
        /// Written by the Binding: the record of the placement.
        PLACEMENT = "outrigger.dev/placement";
        /// Written at takeover: the fencing token of the process that places from now on (`docs/design.md`, D17).
        EPOCH = "outrigger.dev/epoch";
        /// Written to requeue a rejected PE.
        WAKE = "outrigger.dev/wake";
    }
}

/// The scheduling gate of Outrigger (`docs/design.md`, D6). Gates of any other name belong to others.
pub const PLAN_GATE: &str = "outrigger.dev/plan";

/// Annotation on a node: how busy the node is, such as
/// `{"cpu":76.4,"memory":41,"network":12,"at":"2026-11-24T12:00:00Z"}`.
pub const LOAD: &str = "outrigger.dev/load";

/// The keys of a placement spec: an object may declare their values in place of the pod.
pub const PLACEMENT_SPEC: [&str; 11] =
    [COLOCATION, CONNECTS_TO, EXLOCATION, GANG, HOST_POOL, HOST_TAGS, HOSTS, ISOLATED, POOL_INDEX, RELOCATABLE, SCHEME];

/// The keys that choose the nodes of a PE together. A source that declares one of them overrules all three.
pub const NODE_CHOICE: [&str; 3] = [HOST_POOL, HOST_TAGS, POOL_INDEX];
