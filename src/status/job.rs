//! The status of a `StreamJob`: where its PEs are, and why some wait.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use serde::Deserialize;

use super::Overview;
use super::overview::count;
use crate::api::{InvalidStreamJob, Phase, PlacementStatus, StreamJob, StreamJobStatus};
use crate::model::{JobId, Pe, PodUid, Reason, StreamJob as Declared};
use crate::state::{JobState, Member};

/// What the status reports of a pod beyond the snapshot.
#[derive(Clone, Debug, Default)]
pub struct PodReport {
    /// True once the API server shows the pod on its node: the binding of an assumed pod may still fail.
    pub is_bound: bool,
    /// The record of the placement, as the pod's annotation holds it.
    pub record: Option<String>,
    /// How many nodes were rejected at the last attempt, by reason; `None` where no attempt is remembered.
    pub rejected: Option<BTreeMap<Reason, usize>>,
}

/// The condition that says whether every PE has a node.
pub(super) const PLACED: &str = "Placed";
/// The condition that says whether the `StreamJob` overrides keys of its pods.
pub(super) const SPEC_OVERRIDDEN: &str = "SpecOverridden";

/// The status counts every PE and lists at most this many: an object has to stay well below 1.5 MiB.
const MOST_PLACEMENTS: usize = 4_096;
/// A message names at most this many reasons, PEs or keys.
const MOST_NAMED: usize = 5;

/// What a status is made from.
#[expect(missing_debug_implementations, reason = "a function has no text")]
#[derive(Clone, Copy)]
pub struct StatusInputs<'a> {
    /// The PEs of the snapshot.
    pub overview: &'a Overview<'a>,
    /// The status that was written last.
    pub last: Option<&'a StreamJobStatus>,
    /// Looks up what is known of a pod beyond the snapshot.
    pub report: &'a dyn Fn(&PodUid) -> PodReport,
    /// The time of the status.
    pub now: Timestamp,
}

/// A PE of a job, with the submission and the state of the job.
#[derive(Clone, Copy)]
struct JobMember<'a> {
    id: &'a JobId,
    job: &'a JobState,
    member: &'a Member,
}

/// How many PEs of a job are placed.
#[derive(Clone, Copy)]
struct Progress {
    placed: usize,
    total: usize,
    without_pod: usize,
}

/// The status of a job at a moment.
///
/// # Errors
/// [`InvalidStreamJob`] for a job whose spec is invalid.
pub fn job_status(object: &StreamJob, inputs: StatusInputs<'_>) -> Result<StreamJobStatus, InvalidStreamJob> {
    let StatusInputs { overview, last, now, .. } = inputs;
    let job = Declared::try_from(object)?;
    let before = last.into_iter().flat_map(|last| &last.placements);
    let by_uid: BTreeMap<&str, &PlacementStatus> =
        before.filter_map(|place| Some((place.uid.as_deref()?, place))).collect();
    let mut placements: Vec<PlacementStatus> = Vec::new();
    let mut overruled: BTreeMap<&str, &[&str]> = BTreeMap::new();
    let mut without_pod: BTreeSet<&str> = job.pes.keys().map(|name| &**name).collect();
    let mut generations: BTreeSet<&str> = BTreeSet::new();
    for (id, state) in overview.submissions(&job.id) {
        generations.insert(&id.generation);
        for member in &state.members {
            without_pod.remove(&*member.pe.name);
            if !member.pe.overruled.is_empty() {
                overruled.insert(&member.pe.name, &member.pe.overruled);
            }
            let before = by_uid.get(member.pe.pod.key.uid.as_str()).copied();
            placements.push(member_status(JobMember { id, job: state, member }, before, inputs));
        }
        placements.extend(pes_without_pod(id, state));
    }
    let remembered = remembered(last, &placements, &generations);
    let room = room_for_pes_without_pod(last, &placements);
    placements.extend(remembered.into_iter().take(room));
    placements.sort_by(|left, right| key(left).cmp(&key(right)));

    let placed = placements.iter().filter(|place| place.node.is_some()).count();
    let without_pod = without_pod.len();
    let total = placements.iter().filter(|place| place.pod.is_some()).count() + without_pod;
    let progress = Progress { placed, total, without_pod };
    let conditions = [placed_condition(progress, &placements), spec_overridden_condition(&overruled)];
    placements.truncate(MOST_PLACEMENTS);
    let generation = object.metadata.generation;
    let status = StreamJobStatus {
        phase: progress.phase(),
        placed: count(placed),
        of: count(total),
        conditions: conditions.into_iter().map(|condition| dated(condition, generation, last, now)).collect(),
        placements,
        observed_generation: generation,
    };
    Ok(status)
}

/// The order of `placements`.
fn key(place: &PlacementStatus) -> (&str, &str, &Option<String>) {
    (&place.pe, &place.generation, &place.pod)
}

impl Progress {
    fn phase(self) -> Phase {
        match self.placed {
            0 => Phase::Pending,
            placed if placed < self.total => Phase::Placing,
            _ => Phase::Placed,
        }
    }
}

fn member_status(
    JobMember { id, job, member }: JobMember<'_>,
    before: Option<&PlacementStatus>,
    StatusInputs { overview, report, .. }: StatusInputs<'_>,
) -> PlacementStatus {
    let pe: &Pe = &member.pe;
    let node = member.bound_node().and_then(|index| overview.snapshot.node(index)).map(|node| node.name.to_string());
    let place = PlacementStatus {
        pe: pe.name.to_string(),
        generation: id.generation.to_string(),
        pod: Some(pe.pod.key.name.to_string()),
        uid: Some(pe.pod.key.uid.to_string()),
        scheme: pe.spec.as_ref().ok().map(|spec| spec.scheme.as_str().to_owned()),
        owner: pe.owner_uid.as_ref().map(ToString::to_string),
        ..PlacementStatus::default()
    };
    // A pod never leaves its node: what the last status says of its placement stays true.
    if let Some(before) = before.filter(|before| before.node.is_some() && before.node == node) {
        let (rank, rejected) = (before.rank, before.rejected.clone());
        return PlacementStatus { node, rank, rejected, scheme: before.scheme.clone(), ..place };
    }
    let report = report(&pe.pod.key.uid);
    if report.is_bound {
        let record =
            report.record.and_then(|text| serde_json::from_str::<RecordSummary>(&text).ok()).unwrap_or_default();
        return PlacementStatus { node, rank: record.rank, rejected: record.rejected, ..place };
    }
    let last_node = job.previous_node(pe).map(ToString::to_string);
    let counts = |rejected: BTreeMap<Reason, usize>| {
        rejected.into_iter().map(|(reason, nodes)| (reason.as_str().to_owned(), count(nodes))).collect()
    };
    let rejected = report.rejected.map(counts).or_else(|| before.map(|before| before.rejected.clone()));
    PlacementStatus { last_node, rejected: rejected.unwrap_or_default(), ..place }
}

/// What the status takes from the record of a placement.
#[derive(Default, Deserialize)]
#[serde(default)]
struct RecordSummary {
    rank: Option<i32>,
    #[serde(rename = "refused")]
    rejected: BTreeMap<String, i32>,
}

/// PEs that have no pod at the moment and will return to their previous nodes.
fn pes_without_pod<'a>(id: &'a JobId, job: &'a JobState) -> impl Iterator<Item = PlacementStatus> + 'a {
    let names: BTreeSet<&str> = job.members.iter().map(|member| &*member.pe.name).collect();
    job.previous_nodes.iter().filter(move |(name, _)| !names.contains(&***name)).map(|(name, previous_node)| {
        PlacementStatus {
            pe: name.to_string(),
            generation: id.generation.to_string(),
            last_node: Some(previous_node.node.to_string()),
            owner: Some(previous_node.owner_uid.to_string()),
            ..PlacementStatus::default()
        }
    })
}

/// How many more PEs without a pod a status may list. The list is derived from the last status too, and may not grow with
/// each name that a pod ever had.
fn room_for_pes_without_pod(last: Option<&StreamJobStatus>, placements: &[PlacementStatus]) -> usize {
    const FEW: usize = 64;
    let count = |places: &[PlacementStatus]| {
        let with_pod = places.iter().filter(|place| place.pod.is_some()).count();
        (with_pod, places.len() - with_pod)
    };
    let (with_pod, without_pod) = count(placements);
    let (last_with_pod, last_without_pod) = last.map_or((0, 0), |last| count(&last.placements));
    let most = with_pod.max(last_with_pod).saturating_mul(2).saturating_add(FEW).max(last_without_pod);
    most.saturating_sub(without_pod)
}

/// PEs that only the last status still knows. An older submission is over once there is a later one.
fn remembered(
    last: Option<&StreamJobStatus>,
    placements: &[PlacementStatus],
    generations: &BTreeSet<&str>,
) -> Vec<PlacementStatus> {
    let reported: BTreeSet<(&str, &str)> = placements.iter().map(|place| (&*place.pe, &*place.generation)).collect();
    let places = last.into_iter().flat_map(|last| &last.placements).filter(|place| {
        let is_over = !generations.is_empty() && !generations.contains(&*place.generation);
        place.owner.is_some() && !is_over && !reported.contains(&(&*place.pe, &*place.generation))
    });
    // The PEs that have lost their pods since come first: not every name may have room.
    let (with_pod, without_pod): (Vec<_>, Vec<_>) = places.partition(|place| place.pod.is_some());
    with_pod.into_iter().chain(without_pod).filter_map(as_remembered).collect()
}

fn as_remembered(place: &PlacementStatus) -> Option<PlacementStatus> {
    let last_node = place.node.clone().or_else(|| place.last_node.clone())?;
    Some(PlacementStatus {
        pe: place.pe.clone(),
        generation: place.generation.clone(),
        last_node: Some(last_node),
        owner: place.owner.clone(),
        ..PlacementStatus::default()
    })
}

/// The condition `Placed`, with the reasons of the PEs that wait in its message.
fn placed_condition(progress: Progress, pes: &[PlacementStatus]) -> Condition {
    let Progress { placed, total, without_pod } = progress;
    let is_placed = progress.phase() == Phase::Placed;
    let mut message = format!("{placed}/{total} PEs are placed");
    if without_pod > 0 {
        let _written = write!(message, "; {without_pod} without a pod");
    }
    let mut rejected: BTreeMap<&str, i64> = BTreeMap::new();
    for (code, nodes) in pes.iter().filter(|place| place.node.is_none()).flat_map(|place| &place.rejected) {
        *rejected.entry(code).or_default() += i64::from(*nodes);
    }
    if !rejected.is_empty() {
        let _written = write!(message, "; nodes rejected: {}", largest_counts(rejected));
    }
    condition(PLACED, is_placed, if is_placed { "AllPlaced" } else { "Waiting" }, message)
}

/// The largest counts with their names: `4 ExlocationConflict, 2 HostMismatch`.
pub(super) fn largest_counts(counts: BTreeMap<&str, i64>) -> String {
    let mut counts: Vec<(&str, i64)> = counts.into_iter().collect();
    counts.sort_by(|(left, many), (right, more)| more.cmp(many).then(left.cmp(right)));
    let named: Vec<String> = counts.iter().take(MOST_NAMED).map(|(name, number)| format!("{number} {name}")).collect();
    named.join(", ")
}

/// The condition `SpecOverridden`.
fn spec_overridden_condition(overruled: &BTreeMap<&str, &[&str]>) -> Condition {
    if overruled.is_empty() {
        let message = "no pod sets a key to another value than this StreamJob".to_owned();
        return condition(SPEC_OVERRIDDEN, false, "NoDifference", message);
    }
    let named: Vec<String> =
        overruled.iter().take(MOST_NAMED).map(|(pe, keys)| format!("PE {pe}: {}", keys.join(", "))).collect();
    let more = match overruled.len().saturating_sub(MOST_NAMED) {
        0 => String::new(),
        more => format!("; and {more} more PEs"),
    };
    let message = format!("this StreamJob overrides keys of its pods: {}{more}", named.join("; "));
    condition(SPEC_OVERRIDDEN, true, "StreamJobOverridesPods", message)
}

fn condition(kind: &str, is_true: bool, reason: &str, message: String) -> Condition {
    Condition {
        type_: kind.to_owned(),
        status: if is_true { "True" } else { "False" }.to_owned(),
        reason: reason.to_owned(),
        message,
        observed_generation: None,
        last_transition_time: Time(Timestamp::UNIX_EPOCH),
    }
}

/// The condition with its observed generation and the time of its last transition.
fn dated(condition: Condition, generation: Option<i64>, last: Option<&StreamJobStatus>, now: Timestamp) -> Condition {
    let before = last.and_then(|last| last.conditions.iter().find(|before| before.type_ == condition.type_));
    let since = before.filter(|before| before.status == condition.status).map(|before| before.last_transition_time.0);
    // The API stores whole seconds: a fraction would differ from what is read back.
    let now = Timestamp::from_second(now.as_second()).unwrap_or(now);
    Condition { observed_generation: generation, last_transition_time: Time(since.unwrap_or(now)), ..condition }
}

#[cfg(test)]
#[path = "tests/job.rs"]
mod tests;
