//! `HostPool`: the pool as meant.

use std::num::NonZeroU32;
use std::sync::Arc;

use super::reader::{Part, Reader};
use super::{HostPool, Unnamed, id};
use crate::model::{DeclaredPool, ObjectId, OpenStreams, Pool, PoolMembers, PoolMode, Tag, keys};

/// What speaks against the pool, and not only against a field that nobody reads.
const AGAINST: Option<&str> = Some(keys::HOST_POOL);

impl TryFrom<&HostPool> for DeclaredPool {
    type Error = Unnamed;

    fn try_from(object: &HostPool) -> Result<Self, Unnamed> {
        let id = id(&object.metadata)?;
        let mut reader = Reader::default();
        let written = object.spec.get("hostpool");
        let part = reader.part(written, "spec.hostpool", AGAINST);
        if part.is_none() && reader.field_problems.is_empty() {
            reader.doubt("spec.hostpool".to_owned(), "is missing", AGAINST);
        }
        let pool = part.and_then(|written| read(written, &id, &mut reader));
        let is_known = reader.field_problems.iter().all(|doubt| doubt.key.is_none());
        // The first doubt is the one that is told: those that matter stand first.
        reader.field_problems.sort_by_key(|doubt| doubt.key.is_none());
        Ok(Self { id, pool: pool.filter(|_| is_known).map(Arc::new), field_problems: reader.field_problems })
    }
}

fn read(written: Part<'_>, id: &ObjectId, reader: &mut Reader) -> Option<Pool> {
    reader.strangers(written, &["name", "index", "membershipMode", "size", "hosts", "tags"]);
    let hosts = reader.texts(written, "hosts", AGAINST);
    let tags = reader.texts(written, "tags", AGAINST);
    if !hosts.is_empty() && !tags.is_empty() {
        reader.doubt(written.field("hosts"), "cannot be combined with tags", AGAINST);
    }
    let size = reader.number(written, "size", AGAINST);
    if size == Some(0) {
        reader.doubt(written.field("size"), "is 0; it must be at least 1", AGAINST);
    }
    let size = size.and_then(NonZeroU32::new);
    let listed = u32::try_from(hosts.len()).ok().and_then(NonZeroU32::new);
    let mode = match (reader.text(written, "membershipMode", AGAINST).as_deref(), size.or(listed)) {
        // A literal list that is shared as a whole: each job has all of it, and a place is a host of the list.
        (None | Some("shared"), _) => {
            size.filter(|size| Some(*size) != listed).map_or(PoolMode::Shared, PoolMode::SharedSized)
        }
        (Some("exclusive"), Some(size)) => PoolMode::Exclusive(size),
        (Some("exclusive"), None) => {
            reader.doubt(written.field("size"), "is missing: an exclusive pool needs one", AGAINST);
            return None;
        }
        (Some(other), _) => {
            let problem = format!("`{other}` is neither `shared` nor `exclusive`");
            reader.doubt(written.field("membershipMode"), problem, AGAINST);
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
