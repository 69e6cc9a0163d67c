//! How much is kept at most.

/// How much is kept at most.
///
/// Where more comes, what was absent longest makes room; of equals, the first by name. What was in the last observation never
/// makes room: what comes beside a full state of such is not kept, and is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DemandLimits {
    /// Jobs, each of about 17 KB.
    pub jobs: usize,
    /// Named PEs of all jobs, each of about 120 bytes. A PE beyond the limit counts as interchangeable.
    pub pes: usize,
    /// Nodes, each of about 500 bytes.
    pub nodes: usize,
}

impl Default for DemandLimits {
    fn default() -> Self {
        Self { jobs: 5_000, pes: 100_000, nodes: 20_000 }
    }
}
