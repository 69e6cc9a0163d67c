//! What is known of the use of PEs.

use crate::model::{DemandForecasts, DemandKey, DemandPath, DemandShare, OfResources, OomKill, OomKills, Pe};

/// What is known of the use of all PEs: forecasts, and kills for too much memory. Nothing is known where both are absent.
#[derive(Clone, Copy, Debug, Default)]
pub struct KnownDemand<'a> {
    /// The forecasts.
    pub forecasts: Option<&'a DemandForecasts>,
    /// The kills.
    pub oom_kills: Option<&'a OomKills>,
}

/// What is known of the use of one PE.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct PeDemand<'a> {
    /// The forecast of each resource that has one.
    pub(super) forecasts: OfResources<Forecast<'a>>,
    /// The last kill of the PE; of a PE that is interchangeable with others, the largest of the job.
    pub(super) oom_kill: Option<&'a OomKill>,
}

/// The forecast of one resource of a job, and the share of one PE.
#[derive(Clone, Copy, Debug)]
pub(super) struct Forecast<'a> {
    /// The forecasts that this one is among.
    pub(super) of_all: &'a DemandForecasts,
    /// The use of all PEs of the job.
    pub(super) of_job: &'a DemandPath,
    /// The share of the PE.
    pub(super) share: DemandShare,
}

impl<'a> KnownDemand<'a> {
    /// What is known of a PE.
    pub(super) fn of_pe(self, pe: &Pe) -> PeDemand<'a> {
        let job = DemandKey::from(&pe.job);
        let kill = |kills: &'a OomKills| {
            if pe.has_lasting_name() { kills.of_pe(&job, &pe.name) } else { kills.of_job(&job) }
        };
        let forecasts = self.forecasts.and_then(|of_all| Some((of_all, of_all.of_pe(pe)?)));
        let forecasts = forecasts.map(|(of_all, (of_job, share))| OfResources {
            cpu: forecast(of_all, of_job.total.cpu.as_ref(), share.cpu),
            memory: forecast(of_all, of_job.total.memory.as_ref(), share.memory),
        });
        PeDemand { forecasts: forecasts.unwrap_or_default(), oom_kill: self.oom_kills.and_then(kill) }
    }
}

fn forecast<'a>(
    of_all: &'a DemandForecasts,
    of_job: Option<&'a DemandPath>,
    share: Option<DemandShare>,
) -> Option<Forecast<'a>> {
    of_job.zip(share).map(|(of_job, share)| Forecast { of_all, of_job, share })
}
