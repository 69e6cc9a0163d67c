//! Kubernetes objects from files, as `kubectl get -o yaml` prints them and as people write them.

mod encoding;
mod nulls;
mod object;
mod objects;
mod position;
mod quantities;
mod serde_problem;
mod text;
mod yaml;

pub(super) use self::object::{Object, metadata_text};
pub(super) use self::objects::{is_no_manifest, objects};
pub(super) use self::position::Field;
pub(super) use self::text::{Text, unread};
