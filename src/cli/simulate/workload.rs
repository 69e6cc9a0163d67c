//! The pods of the workload: those in the files and those that controllers create, as the API server stores them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use super::gather::{Gathered, WorkloadObject};
use super::notes::Notes;
use super::settings::{Read, Settings};
use crate::admission::{Context, KnownDemand};
use crate::cli::CommandError;
use crate::cli::manifests::{Field, Object};
use crate::model::{
    Declarations, DemandKey, Gang, Node, ObjectId, OomKill, OomKills, Pe, Pod, PodPhase, PodUid, Pool, Resources, keys,
};
use crate::policy::PolicySet;
use crate::simulate::Input;
use crate::simulate::api_server::{Rejection, set_defaults};
use crate::simulate::controllers::{Controller, CreatedPods, created_pods};
use crate::simulate::not_simulated::{NotSimulated, not_simulated};

/// A pod of the workload in the files, or the pods that a controller creates.
struct Source<'t> {
    pods: Vec<Object<'t>>,
    /// The controller, where it creates a pod only once the pod before runs.
    one_by_one: Option<String>,
}

/// The kills that the pods of the cluster show.
fn oom_kills(cluster: &[Pod], policies: &PolicySet, declared: &Declarations) -> OomKills {
    let mut kills = OomKills::default();
    for pod in cluster {
        let Some(kill) = &pod.oom_kill else { continue };
        if let Some(pe) = policies.pe(&Arc::new(pod.clone()), declared) {
            kills.note(DemandKey::from(&pe.job), pe.name, OomKill::clone(kill));
        }
    }
    kills
}

/// Completes the input: creates the pods of controllers, and stores all pods.
pub(super) fn complete(mut gathered: Gathered<'_>, settings: Settings) -> Result<Read, CommandError> {
    let Settings { policies, now, mode, loads, demand } = settings;
    let newest_load = loads.values().map(|load| load.at).max();
    let newest_demand = demand.as_ref().map(|demand| demand.at);
    let newest = gathered.newest.max(newest_load).max(newest_demand);
    let now = now.or(newest).unwrap_or(Timestamp::UNIX_EPOCH);
    let mut notes = Notes::default();
    notes.add_demand(demand.as_deref(), now);
    let sources = sources(&mut gathered, &mut notes)?;
    let declared = Declarations {
        jobs: Arc::new(std::mem::take(&mut gathered.jobs)),
        open_streams: std::mem::take(&mut gathered.open_streams),
        ..Declarations::default()
    };
    let mut uids = Uids::default();
    let mut cluster = cluster_of(&mut gathered, &sources);
    for pod in &mut cluster {
        uids.complete(pod);
    }
    let constraints = gathered.api_server.constraints();
    let oom_kills = oom_kills(&cluster, &policies, &declared);
    let context = Context {
        policies: &policies,
        pools: &gathered.pools,
        declared: &declared,
        constraints: &constraints,
        demand: KnownDemand { forecasts: demand.as_deref(), oom_kills: Some(&oom_kills) },
    };
    let storing = Storing { gathered: &gathered, context, now };
    let workload = stored(sources, &storing, &mut uids, &mut notes)?;
    let notes = notes.into_lines(&mut gathered);
    let pools = gathered.pools.values().map(|pool| Pool::clone(pool)).collect();
    offer_devices(&mut gathered.nodes, &gathered.device_resources);
    let (volumes, claims) = (gathered.volumes.into_values().collect(), gathered.claims.into_values().collect());
    let input = Input {
        policies,
        nodes: gathered.nodes,
        pools,
        declared,
        volumes,
        claims,
        cluster,
        workload,
        loads,
        demand,
        now,
        mode,
    };
    Ok(Read { input, notes })
}

/// The pods as the API server stores them: those that kube-scheduler looks at, or that are on a node.
fn stored(
    sources: Vec<Source<'_>>,
    storing: &Storing<'_>,
    uids: &mut Uids,
    notes: &mut Notes,
) -> Result<Vec<Pod>, CommandError> {
    let mut workload = Vec::new();
    for source in sources {
        let mut stored = source.pods.into_iter().map(|object| storing.store(object)).collect::<Result<Vec<_>, _>>()?;
        if let Some(controller) = &source.one_by_one {
            stored = create_one_by_one(stored, controller, storing.context, notes);
        }
        for Stored { mut pod, is_pe, is_gated, left_out, .. } in stored {
            uids.complete(&mut pod);
            let waits = pod.node.is_none() && pod.phase == PodPhase::Active;
            if waits && is_pe {
                notes.add_pe(&left_out);
            }
            if !is_pe {
                notes.pods_of_no_policy += usize::from(pod.phase == PodPhase::Active);
            }
            // kube-scheduler does not look at a pod with gates. Those of PEs are Outrigger's to remove.
            if is_pe || !(waits && is_gated) {
                workload.push(pod);
            }
        }
    }
    Ok(workload)
}

/// The pods of the files, and those that controllers create beside them, in the order of the files.
fn sources<'t>(gathered: &mut Gathered<'t>, notes: &mut Notes) -> Result<Vec<Source<'t>>, CommandError> {
    let objects = std::mem::take(&mut gathered.workload);
    let owners: Vec<(usize, Controller<'_>)> = objects
        .iter()
        .enumerate()
        .filter_map(|(at, object)| match object {
            WorkloadObject::Controller(kind, object) => Some((at, Controller { kind: *kind, object: object.value() })),
            WorkloadObject::Pod(_) | WorkloadObject::EndedPod => None,
        })
        .collect();
    let controllers: Vec<Controller<'_>> = owners.iter().map(|(_, controller)| *controller).collect();
    let pods: Vec<&Value> = gathered.outlines.values().collect();
    let created = created_pods(&controllers, &pods).map_err(|(at, invalid)| {
        let object = owners.get(at).and_then(|(place, _)| objects.get(*place));
        match object {
            Some(WorkloadObject::Controller(_, object)) => {
                object.wrong_at(&Field::parse(&invalid.field), &invalid.problem)
            }
            _ => CommandError::input(invalid),
        }
    })?;
    let mut created: BTreeMap<usize, CreatedPods> = owners.iter().map(|(place, _)| *place).zip(created).collect();
    let mut sources = Vec::new();
    for (at, object) in objects.into_iter().enumerate() {
        match object {
            WorkloadObject::Pod(object) => sources.push(Source { pods: vec![object], one_by_one: None }),
            WorkloadObject::EndedPod => {}
            WorkloadObject::Controller(_, object) => {
                let CreatedPods { pods, one_by_one, note } = created.remove(&at).unwrap_or_default();
                let name = format!("{} {}", object.kind(), object.name());
                notes.lines.extend(note.map(|note| format!("{name} {note}")));
                let pods = pods.into_iter().map(|pod| object.with_template(pod)).collect();
                sources.push(Source { pods, one_by_one: one_by_one.then_some(name) });
            }
        }
    }
    Ok(sources)
}

/// The pods of the cluster that the workload does not have: a pod in both inputs counts as the workload has it.
fn cluster_of(gathered: &mut Gathered<'_>, sources: &[Source<'_>]) -> Vec<Pod> {
    let of_workload: BTreeSet<String> = sources.iter().flat_map(|source| &source.pods).map(Object::name).collect();
    let mut cluster = std::mem::take(&mut gathered.running);
    cluster.retain(|pod| !of_workload.contains(&pod.key.to_string()));
    cluster
}

/// Gives every pod a UID of its own: a cluster sets it, and a copied pod has that of another.
#[derive(Debug, Default)]
struct Uids(BTreeSet<PodUid>);

impl Uids {
    fn complete(&mut self, pod: &mut Pod) {
        if pod.key.uid.as_str().is_empty() || self.0.contains(&pod.key.uid) {
            // A name is unique among pods, and no UID has a slash.
            pod.key.uid = PodUid::from(&pod.key.to_string());
        }
        self.0.insert(pod.key.uid.clone());
    }
}

/// A pod as the API server stores it.
struct Stored {
    pod: Pod,
    is_pe: bool,
    gang: Option<Gang>,
    /// True where the pod has scheduling gates.
    is_gated: bool,
    /// What the simulation leaves out of the pod.
    left_out: Vec<NotSimulated>,
}

/// How pods are stored.
struct Storing<'a> {
    gathered: &'a Gathered<'a>,
    context: Context<'a>,
    now: Timestamp,
}

impl Storing<'_> {
    /// Stores a pod. Placement constraints that cannot be read are an error; in a cluster the pod would wait.
    fn store(&self, mut object: Object<'_>) -> Result<Stored, CommandError> {
        object.check_every_field_of_pod()?;
        set_created(object.value_mut(), self.now);
        let gates = object.value().pointer("/spec/schedulingGates").and_then(Value::as_array);
        let is_gated = gates.is_some_and(|gates| !gates.is_empty());
        let value = std::mem::take(object.value_mut());
        let is_bound = value.pointer("/spec/nodeName").and_then(Value::as_str).is_some_and(|name| !name.is_empty());
        let stored = if is_bound {
            let mut value = value;
            set_defaults(&mut value);
            value
        } else {
            let created = self.gathered.api_server.create(value.clone(), self.context);
            *object.value_mut() = value;
            created.map_err(|Rejection { field, problem }| object.wrong_at(&Field::parse(&field), &problem))?
        };
        *object.value_mut() = stored;
        let pod = Arc::new(object.pod()?);
        let pe = self.context.policies.pe(&pod, self.context.declared);
        if let Some(pe) = &pe {
            self.check_spec(&object, &pod, pe)?;
        }
        let gang = pe.as_ref().and_then(|pe| pe.spec.as_ref().ok()?.gang);
        let is_pe = pe.is_some();
        drop(pe);
        let is_device = |name: &str| self.gathered.device_resources.contains(name);
        let left_out = not_simulated(object.value(), self.gathered.claimed_volumes(&pod), is_device);
        Ok(Stored { pod: Arc::unwrap_or_clone(pod), is_pe, gang, is_gated, left_out })
    }

    fn check_spec(&self, object: &Object<'_>, pod: &Pod, pe: &Pe) -> Result<(), CommandError> {
        if let Some(unseen) = pe.object.as_ref().filter(|_| pe.awaited.is_some()) {
            let problem = format!(
                "belongs to ProcessingElement {unseen}, which is in none of the files; add what `kubectl get streamspes \
                 -o yaml` prints to --cluster"
            );
            return Err(object.wrong("metadata.ownerReferences", &problem));
        }
        let Err(problem) = &pe.spec else { return Ok(()) };
        if let Some(source) = &problem.source {
            let known = self.gathered.field_problems.get(&**source);
            let described =
                known.and_then(|known| known.iter().find(|described| described.ends_with(&problem.problem)));
            return Err(described.map_or_else(|| object.wrong("", &problem.to_string()), CommandError::input));
        }
        let among = if pod.annotations.get(problem.key).is_some() { "annotations" } else { "labels" };
        let path = ["metadata", among, problem.key].map(|member| Field::Member(member.to_owned()));
        Err(object.wrong_at(&path, &problem.problem))
    }
}

/// Sets the creation time, as the API server does.
fn set_created(pod: &mut Value, now: Timestamp) {
    if let Some(metadata) = pod.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.entry("creationTimestamp").or_insert_with(|| Value::from(now.to_string()));
    }
}

/// The pods that exist of a `StatefulSet` that creates a pod only once the pod before runs. A gang of such pods is never
/// complete: its first pod waits for pods that are not created.
fn create_one_by_one(mut pods: Vec<Stored>, controller: &str, context: Context<'_>, notes: &mut Notes) -> Vec<Stored> {
    let Some((first, gang)) = pods.iter().find_map(|stored| Some((stored, stored.gang?))) else { return pods };
    let waits_for_others = match gang {
        Gang::AtLeast(count) => count.get() > 1,
        Gang::All => has_stream_job(first, context),
    };
    let consequence = if waits_for_others {
        pods.truncate(1);
        "its gang is never complete"
    } else if gang == Gang::All {
        pods.iter_mut().for_each(Stored::leave_gang);
        "each pod is a gang of its own"
    } else {
        return pods;
    };
    notes.lines.push(format!(
        "{controller} creates its next pod once the last one runs, so {consequence}; write podManagementPolicy: Parallel"
    ));
    pods
}

/// True where a `StreamJob` lists the PEs of the job. Without one, all PEs are those that exist.
fn has_stream_job(stored: &Stored, context: Context<'_>) -> bool {
    let pe = context.policies.pe(&Arc::new(stored.pod.clone()), context.declared);
    pe.is_some_and(|pe| {
        let is_of_pe = |id: &ObjectId| id.name == pe.job.name && id.namespace == pe.job.namespace;
        context.declared.jobs.keys().any(is_of_pe)
    })
}

impl Stored {
    /// Removes the keys by which the pod asks for a gang.
    fn leave_gang(&mut self) {
        for keys_of_pod in [&mut self.pod.labels, &mut self.pod.annotations] {
            *keys_of_pod = keys_of_pod.iter().filter(|(key, _)| *key != keys::GANG).collect();
        }
    }
}

/// Nodes offer a resource of a device class without limit, unless they list it: which devices there are is not simulated.
fn offer_devices(nodes: &mut [Node], device_resources: &BTreeSet<String>) {
    /// More than any request, and far from the largest number, at which sums saturate.
    const ENOUGH: u64 = 1 << 60;
    for node in nodes {
        let missing = device_resources.iter().filter(|name| node.allocatable.get(name) == 0);
        let other = missing.map(|name| (Box::from(name.as_str()), ENOUGH)).collect();
        node.allocatable.add(&Resources { other, ..Resources::default() });
    }
}
