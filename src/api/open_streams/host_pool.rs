//! `HostPool`.

use std::num::NonZeroU32;
use std::sync::Arc;

use super::objects::{HostPool, Unnamed, id};
use super::reader::{Part, Reader};
use crate::model::{DeclaredPool, ObjectId, OpenStreams, Pool, PoolMembers, PoolMode, Tag, keys};

/// The key that is unknown where a field of the pool cannot be read.
const KEY: Option<&str> = Some(keys::HOST_POOL);

impl TryFrom<&HostPool> for DeclaredPool {
    type Error = Unnamed;

    fn try_from(object: &HostPool) -> Result<Self, Unnamed> {
        let id = id(&object.metadata)?;
        let mut reader = Reader::default();
        let written = object.spec.get("hostpool");
        let part = reader.part(written, "spec.hostpool", KEY);
        if part.is_none() && reader.field_problems.is_empty() {
            reader.problem("spec.hostpool".to_owned(), "is missing", KEY);
        }
        let pool = part.and_then(|written| read(written, &id, &mut reader));
        let is_known = reader.field_problems.iter().all(|problem| problem.key.is_none());
        // Messages name the first problem: problems that make the pool unknown come first.
        reader.field_problems.sort_by_key(|problem| problem.key.is_none());
        Ok(Self { id, pool: pool.filter(|_| is_known).map(Arc::new), field_problems: reader.field_problems })
    }
}

fn read(written: Part<'_>, id: &ObjectId, reader: &mut Reader) -> Option<Pool> {
    reader.unknown_members(written, &["name", "index", "membershipMode", "size", "hosts", "tags"]);
    let hosts = reader.texts(written, "hosts", KEY);
    let tags = reader.texts(written, "tags", KEY);
    if !hosts.is_empty() && !tags.is_empty() {
        reader.problem(written.field("hosts"), "cannot be combined with tags", KEY);
    }
    let size = reader.number(written, "size", KEY);
    if size == Some(0) {
        reader.problem(written.field("size"), "is 0; it must be at least 1", KEY);
    }
    let size = size.and_then(NonZeroU32::new);
    let listed = u32::try_from(hosts.len()).ok().and_then(NonZeroU32::new);
    let mode = match (reader.text(written, "membershipMode", KEY).as_deref(), size.or(listed)) {
        // A list of hosts that is shared as a whole: each job has all of them, and an index is one host of the list.
        (None | Some("shared"), _) => {
            size.filter(|size| Some(*size) != listed).map_or(PoolMode::Shared, PoolMode::SharedSized)
        }
        (Some("exclusive"), Some(size)) => PoolMode::Exclusive(size),
        (Some("exclusive"), None) => {
            reader.problem(written.field("size"), "is missing: an exclusive pool needs one", KEY);
            return None;
        }
        (Some(other), _) => {
            let problem = format!("`{other}` is neither `shared` nor `exclusive`");
            reader.problem(written.field("membershipMode"), problem, KEY);
            return None;
        }
    };
    let members = if hosts.is_empty() {
        PoolMembers::Tagged(tags.iter().map(Tag::from).collect())
    } else {
        PoolMembers::Hosts(hosts.into_iter().map(String::into_boxed_str).collect())
    };
    let name = OpenStreams::pool_name(&id.name).into();
    Some(Pool { id: ObjectId { namespace: id.namespace.clone(), name }, members, mode })
}

#[cfg(test)]
#[path = "tests/host_pool.rs"]
mod tests;
