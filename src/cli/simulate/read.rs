//! Reads the input of a simulation from files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use crate::admission::Context;
use crate::api::open_streams::{self, Job, ParallelRegion, ProcessingElement};
use crate::cli::CommandError;
use crate::cli::manifests::{Field, Object, Text, objects};
use crate::model::{
    Declarations, DeclaredJob, DeclaredPe, DeclaredPool, DeclaredRegion, Load, Node, NodeName, OpenStreams,
    OpenStreamsObject, Pod, PodPhase, PodUid, Pool, Pools, StreamJobs,
};
use crate::policy::PolicySet;
use crate::simulate::{self, Input};

/// The input, and notes about it.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) input: Input,
    /// Notes for the user on what was left out.
    pub(super) notes: Vec<String>,
}

/// The objects of all files.
#[derive(Debug, Default)]
struct Gathered<'t> {
    nodes: Vec<Node>,
    /// The file of each object, by kind and name: no two objects of a kind have one name.
    seen: BTreeMap<(&'static str, String), String>,
    pools: Pools,
    jobs: StreamJobs,
    open_streams: OpenStreams,
    running: Vec<Pod>,
    loads: BTreeMap<NodeName, Load>,
    workload: Vec<Object<'t>>,
    newest: Option<Timestamp>,
    skipped: BTreeMap<String, usize>,
    /// Problems in fields of objects with an open schema, by object; the first problem is the important one.
    field_problems: BTreeMap<String, Vec<String>>,
}

/// Reads the files of the cluster and of the workload.
pub(super) fn read_input(
    (cluster, workload): (&[PathBuf], &[PathBuf]),
    policies: PolicySet,
    (now, path): (Option<Timestamp>, simulate::SimulationMode),
    loads: Option<BTreeMap<NodeName, Load>>,
) -> Result<Read, CommandError> {
    let cluster = texts(cluster)?;
    let workload = texts(workload)?;
    let loads = loads.unwrap_or_default();
    let newest = loads.values().map(|load| load.at).max();
    let mut gathered = Gathered { loads, newest, ..Gathered::default() };
    for text in &cluster {
        for object in objects(text)? {
            gathered.add_to_cluster(&object)?;
        }
    }
    if gathered.nodes.is_empty() {
        return Err(CommandError::input(format!("{}: the input holds no Node", names(&cluster))));
    }
    // A workload may replace pools and jobs of the cluster.
    gathered.seen.retain(|(kind, _), _| *kind == "Node");
    for text in &workload {
        for object in objects(text)? {
            gathered.add_to_workload(object)?;
        }
    }
    if gathered.workload.is_empty() {
        return Err(CommandError::input(format!(
            "{}: the input holds no Pod, and no controller of pods",
            names(&workload)
        )));
    }
    gathered.finish(policies, (now, path))
}

impl<'t> Gathered<'t> {
    fn add_to_cluster(&mut self, object: &Object<'t>) -> Result<(), CommandError> {
        match object.kind() {
            _ if object.is_of_open_streams() => self.open_streams(object)?,
            "Node" => {
                self.insert_name("Node", object)?;
                let node = object.node()?;
                self.newest = self.newest.max(node.load.map(|load| load.at));
                self.nodes.push(node);
            }
            "HostPool" => self.pool(object)?,
            "StreamJob" => self.stream_job(object)?,
            "Pod" => {
                let pod = object.pod()?;
                self.insert_name("Pod", object)?;
                self.running.push(pod);
            }
            kind => {
                self.skip(kind);
                return Ok(());
            }
        }
        self.keep_newest_time(object.value());
        Ok(())
    }

    fn add_to_workload(&mut self, object: Object<'t>) -> Result<(), CommandError> {
        self.keep_newest_time(object.value());
        match object.kind() {
            _ if object.is_of_open_streams() => return self.open_streams(&object),
            "HostPool" => return self.pool(&object),
            "StreamJob" => return self.stream_job(&object),
            _ => {}
        }
        let kind = object.kind().to_owned();
        let Some(pods) = object.pods_to_be()? else {
            self.skip(&kind);
            return Ok(());
        };
        for pod in pods {
            self.insert_name("Pod", &pod)?;
            self.workload.push(pod);
        }
        Ok(())
    }

    fn pool(&mut self, object: &Object<'_>) -> Result<(), CommandError> {
        let pool = object.pool()?;
        self.insert_name("HostPool", object)?;
        self.pools.insert(pool.id.clone(), Arc::new(pool));
        Ok(())
    }

    fn stream_job(&mut self, object: &Object<'_>) -> Result<(), CommandError> {
        let job = object.stream_job()?;
        self.insert_name("StreamJob", object)?;
        self.jobs.insert(job.id.clone(), Arc::new(job));
        Ok(())
    }

    fn open_streams(&mut self, object: &Object<'_>) -> Result<(), CommandError> {
        match object.kind() {
            "ProcessingElement" => self.declare::<DeclaredPe>(object, object.declared::<ProcessingElement, _>()?),
            "HostPool" => {
                let declared: DeclaredPool = object.declared::<open_streams::HostPool, _>()?;
                if let Some(pool) = &declared.pool {
                    self.pools.insert(pool.id.clone(), Arc::clone(pool));
                }
                self.declare(object, declared)
            }
            "Job" => self.declare::<DeclaredJob>(object, object.declared::<Job, _>()?),
            "ParallelRegion" => self.declare::<DeclaredRegion>(object, object.declared::<ParallelRegion, _>()?),
            kind => {
                self.skip(&qualified(kind));
                Ok(())
            }
        }
    }

    fn declare<T: OpenStreamsObject>(&mut self, object: &Object<'_>, declared: T) -> Result<(), CommandError> {
        self.insert_name(T::KIND_AND_GROUP, object)?;
        let field_problems: Vec<String> =
            declared.field_problems().iter().map(|problem| object.describe_field_problem(problem)).collect();
        if !field_problems.is_empty() {
            self.field_problems.insert(format!("{} {}", T::KIND_AND_GROUP, declared.id()), field_problems);
        }
        let objects = Arc::make_mut(T::of_mut(&mut self.open_streams));
        objects.insert(declared.id().clone(), Arc::new(declared));
        Ok(())
    }

    fn insert_name(&mut self, kind: &'static str, object: &Object<'_>) -> Result<(), CommandError> {
        match self.seen.insert((kind, object.name()), object.text().to_owned()) {
            None => Ok(()),
            Some(other) => Err(object.wrong("metadata.name", &format!("is the name of another {kind}, in {other}"))),
        }
    }

    fn skip(&mut self, kind: &str) {
        *self.skipped.entry(kind.to_owned()).or_default() += 1;
    }

    /// Keeps the newest time in an object.
    fn keep_newest_time(&mut self, value: &Value) {
        match value {
            Value::Object(members) => {
                for (key, member) in members {
                    let is_time = key.ends_with("Timestamp") || key.ends_with("Time");
                    let time = member.as_str().filter(|_| is_time).and_then(|text| text.parse().ok());
                    self.newest = self.newest.max(time);
                    self.keep_newest_time(member);
                }
            }
            Value::Array(items) => items.iter().for_each(|item| self.keep_newest_time(item)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    fn finish(
        self,
        policies: PolicySet,
        (now, path): (Option<Timestamp>, simulate::SimulationMode),
    ) -> Result<Read, CommandError> {
        let now = now.or(self.newest).unwrap_or(Timestamp::UNIX_EPOCH);
        let declared =
            Declarations { jobs: Arc::new(self.jobs), open_streams: self.open_streams, ..Declarations::default() };
        // A pod in both inputs counts as the workload has it.
        let mut cluster = self.running;
        let to_place: BTreeSet<String> = self.workload.iter().map(Object::name).collect();
        cluster.retain(|pod| !to_place.contains(&pod.key.to_string()));
        let mut uids: BTreeSet<PodUid> = cluster.iter().map(|pod| pod.key.uid.clone()).collect();
        let mut workload: Vec<Pod> = Vec::new();
        let mut not_ours = 0_usize;
        for object in self.workload {
            let context = Context { policies: &policies, pools: &self.pools, declared: &declared };
            let Prepared { object, pod, is_pe } = prepared(object, now, context, &self.field_problems)?;
            if !uids.insert(pod.key.uid.clone()) {
                return Err(object.wrong("metadata.uid", "is the UID of another pod; remove it"));
            }
            not_ours += usize::from(!is_pe && pod.phase == PodPhase::Active);
            workload.push(pod);
        }
        let skipped: Vec<String> = self.skipped.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
        let skipped = format!("skipped kinds that placement does not read: {}", skipped.join(", "));
        let not_listed = format!("pods of the workload that no policy governs, which are not listed: {not_ours}");
        let said = [(self.skipped.is_empty(), skipped), (not_ours == 0, not_listed)];
        let said = said.into_iter().filter(|(silent, _)| !silent).map(|(_, note)| note);
        let notes = said.chain(self.field_problems.into_values().flatten()).collect();
        let pools = self.pools.values().map(|pool| Pool::clone(pool)).collect();
        let (here, loads) = (self.nodes, self.loads);
        Ok(Read {
            input: Input { policies, nodes: here, pools, declared, cluster, workload, loads, now, mode: path },
            notes,
        })
    }
}

/// A kind of group `streams.ibm.com` with its group: other groups have kinds of the same name.
fn qualified(kind: &str) -> String {
    format!("{kind}.{}", OpenStreams::GROUP)
}

/// A pod of the workload and its object.
struct Prepared<'t> {
    object: Object<'t>,
    pod: Pod,
    is_pe: bool,
}

/// The pod as the API server would store it, and whether it is a PE. Placement constraints that cannot be read are an error;
/// in a cluster the pod would wait.
fn prepared<'t>(
    mut object: Object<'t>,
    now: Timestamp,
    context: Context<'_>,
    field_problems: &BTreeMap<String, Vec<String>>,
) -> Result<Prepared<'t>, CommandError> {
    object.check_every_field_of_pod()?;
    set_created(object.value_mut(), now);
    let mut pod = object.pod()?;
    if pod.node.is_none() {
        let value = std::mem::take(object.value_mut());
        *object.value_mut() = simulate::admitted(value, context);
        pod = object.pod()?;
    }
    let pod = Arc::new(pod);
    let pe = context.policies.pe(&pod, context.declared);
    let awaiting = pe.as_ref().filter(|pe| pe.awaited.is_some());
    if let Some(unseen) = awaiting.and_then(|pe| pe.object.as_ref()) {
        let problem = format!("belongs to ProcessingElement {unseen}, which is in none of the files");
        return Err(object.wrong("metadata.ownerReferences", &problem));
    }
    if let Some(Err(problem)) = pe.as_ref().map(|pe| &pe.spec) {
        if let Some(source) = &problem.source {
            let described = field_problems
                .get(&**source)
                .and_then(|known| known.iter().find(|described| described.ends_with(&problem.problem)));
            return Err(described.map_or_else(|| object.wrong("", &problem.to_string()), CommandError::input));
        }
        let among = if pod.annotations.get(problem.key).is_some() { "annotations" } else { "labels" };
        let path = ["metadata", among, problem.key].map(|member| Field::Member(member.to_owned()));
        return Err(object.wrong_at(&path, &problem.problem));
    }
    let is_pe = pe.is_some();
    drop(pe);
    Ok(Prepared { object, pod: Arc::unwrap_or_clone(pod), is_pe })
}

/// Sets UID and creation time, as the API server does.
fn set_created(pod: &mut Value, now: Timestamp) {
    let text = |pointer: &str| pod.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let uid = format!("{}/{}", text("/metadata/namespace"), text("/metadata/name"));
    if let Some(metadata) = pod.get_mut("metadata").and_then(Value::as_object_mut) {
        for (member, value) in [("uid", uid), ("creationTimestamp", now.to_string())] {
            let there = metadata.entry(member).or_insert(Value::Null);
            if there.is_null() {
                *there = Value::from(value);
            }
        }
    }
}

/// The texts of the files; a folder stands for the manifests in it, in the order of their names.
fn texts(paths: &[PathBuf]) -> Result<Vec<Text>, CommandError> {
    let mut texts = Vec::new();
    for path in paths {
        if path.as_os_str() == "-" {
            let text = std::io::read_to_string(std::io::stdin().lock());
            texts.push(Text::new(
                "standard input",
                text.map_err(|error| CommandError::input(format!("standard input: {error}")))?,
            ));
        } else if path.is_dir() {
            for file in manifests_in(path)? {
                texts.push(Text::from_file(&file)?);
            }
        } else {
            texts.push(Text::from_file(path)?);
        }
    }
    Ok(texts)
}

fn manifests_in(folder: &Path) -> Result<Vec<PathBuf>, CommandError> {
    let failed = |error: std::io::Error| CommandError::input(format!("{}: {error}", folder.display()));
    let is_manifest = |path: &PathBuf| {
        let hidden = path.file_name().is_none_or(|name| name.to_string_lossy().starts_with('.'));
        !hidden && path.extension().is_some_and(|extension| ["yaml", "yml", "json"].iter().any(|one| extension == *one))
    };
    let entries = std::fs::read_dir(folder).map_err(failed)?;
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<PathBuf>, _>>().map_err(failed)?;
    paths.retain(is_manifest);
    paths.sort_unstable();
    if paths.is_empty() {
        return Err(CommandError::input(format!(
            "{}: the folder holds no .yaml, .yml or .json file",
            folder.display()
        )));
    }
    Ok(paths)
}

fn names(texts: &[Text]) -> String {
    texts.iter().map(Text::file).collect::<Vec<&str>>().join(", ")
}
