//! Kubernetes objects from files, as `kubectl get -o yaml` prints them and as people write them.

mod object;
mod objects;
mod position;
mod quantities;
mod template;
mod text;

pub(super) use self::object::Object;
#[cfg(feature = "demo")]
pub(super) use self::object::metadata_text;
pub(super) use self::objects::objects;
pub(super) use self::position::Field;
pub(super) use self::text::Text;
