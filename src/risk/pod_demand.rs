//! What one pod is expected to use.

use std::sync::Arc;

use super::by_resource::ByResource;
use super::numbers::whole;
use super::prior::UsePrior;
use crate::model::{DemandKey, DemandPath, DemandShare};

/// What one pod adds to the demand on its node.
#[derive(Clone, Debug, PartialEq)]
pub struct PodDemand {
    /// The job of a PE; `None` for a pod that is no PE.
    pub(super) job: Option<JobForecast>,
    pub(super) amounts: ByResource<PodAmount>,
}

/// The forecast of a job: its PEs move together.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct JobForecast {
    pub(super) key: DemandKey,
    /// The demand of all PEs of the job together; `None` where nothing is known of the job.
    pub(super) paths: Option<Arc<ByResource<Option<DemandPath>>>>,
}

/// What one pod is expected to use of one resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PodAmount {
    /// A share of the demand of the job.
    Share(FixedShare),
    /// Nothing was observed of the pod.
    Prior(UsePrior),
}

/// A share in fixed point, so that sums of shares do not depend on the order of the pods, and a pod that leaves takes away
/// exactly what it added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FixedShare {
    /// The share, in units of 2^-32.
    pub(super) of_job: u64,
    /// The own variance as a share of the squared demand of the job, in units of 2^-40.
    pub(super) own_variance: u64,
}

/// The unit of shares.
pub(super) const SHARE_UNIT: f64 = 1.0 / 4_294_967_296.0;
/// The unit of own variances.
pub(super) const OWN_VARIANCE_UNIT: f64 = 1.0 / 1_099_511_627_776.0;
/// A larger own deviation is cut off: ten times the part of the PE.
const LARGEST_OWN_DEVIATION: f64 = 10.0;

impl FixedShare {
    /// A share in fixed point; `None` for what is no share.
    pub(super) fn new(share: DemandShare) -> Option<Self> {
        let (of_job, own) = (f64::from(share.of_job), f64::from(share.own_deviation));
        if !(0.0..=1.0).contains(&of_job) || own.is_nan() || own < 0.0 {
            return None;
        }
        let own = of_job * own.min(LARGEST_OWN_DEVIATION);
        Some(Self { of_job: whole(of_job / SHARE_UNIT), own_variance: whole(own.powi(2) / OWN_VARIANCE_UNIT) })
    }
}
