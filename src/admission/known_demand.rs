//! What is known of the use of PEs.

use jiff::Timestamp;

use crate::model::{
    DemandForecasts, DemandHistory, DemandKey, DemandPath, DemandShare, OfResources, OomKill, OomKills, Pe,
};

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
    /// The time of the forecasts.
    pub(super) now: Option<Timestamp>,
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
    /// What the forecast was learnt from.
    pub(super) history: Option<DemandHistory>,
}

impl<'a> KnownDemand<'a> {
    /// What is known of a PE.
    pub(super) fn of_pe(self, pe: &Pe) -> PeDemand<'a> {
        let job = DemandKey::from(&pe.job);
        let kill = |kills: &'a OomKills| {
            if pe.has_lasting_name() { kills.of_pe(&job, &pe.name) } else { kills.of_job(&job) }
        };
        let of_pe = self.forecasts.and_then(|of_all| Some((of_all, of_all.of_pe(pe)?)));
        let forecasts = of_pe.map(|(of_all, (of_job, share))| {
            let forecast = |of_job: Option<&'a DemandPath>, share: Option<DemandShare>, history| {
                of_job.zip(share).map(|(of_job, share)| Forecast { of_all, of_job, share, history })
            };
            OfResources {
                cpu: forecast(of_job.total.cpu.as_ref(), share.cpu, of_job.history.cpu),
                memory: forecast(of_job.total.memory.as_ref(), share.memory, of_job.history.memory),
            }
        });
        PeDemand {
            forecasts: forecasts.unwrap_or_default(),
            oom_kill: self.oom_kills.and_then(kill),
            now: self.forecasts.map(|forecasts| forecasts.at),
        }
    }
}
