//! Names and identities, a type each.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

        }

        impl<T: AsRef<str> + ?Sized> From<&T> for $name {
            fn from(text: &T) -> Self {
                Self(Arc::from(text.as_ref()))
            }
        }

        impl From<Arc<str>> for $name {
            fn from(text: Arc<str>) -> Self {
                Self(text)
            }
        }

        impl From<$name> for Arc<str> {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Arc::deserialize(deserializer).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }
    )*};
}

names! {
    /// The name of a node.
    NodeName;
    /// The name of a namespace: an instance of the legacy platform.
    Namespace;
    /// The name of a pod within its namespace.
    PodName;
    /// The UID of a pod. It is never used again.
    PodUid;
    /// A tag of a host pool; a node has it by its label `tag.outrigger.dev/<tag>`.
    Tag;
    /// A colocation or exlocation token. Tokens of different jobs are unrelated.
    Token;
}

/// The identity of a job. The name alone is no identity: the next submission of the job has it too.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId {
    /// The namespace of the job.
    pub namespace: Namespace,
    /// The name of the job.
    pub name: Arc<str>,
    /// The submission of the job; empty where the dialect has none.
    pub generation: Arc<str>,
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)?;
        if self.generation.is_empty() { Ok(()) } else { write!(f, "#{}", self.generation) }
    }
}

impl JobId {
    /// The identity of the object that declares the job: it has the namespace and the name of the job, and declares
    /// every generation.
    #[must_use]
    pub fn object(&self) -> ObjectId {
        ObjectId { namespace: self.namespace.clone(), name: Arc::clone(&self.name) }
    }
}

/// The identity of an object among all of its kind. A host pool has one too: see `OpenStreams::pool_id`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId {
    /// The namespace.
    pub namespace: Namespace,
    /// The name.
    pub name: Arc<str>,
}

impl ObjectId {
    /// The object of this namespace and name.
    #[must_use]
    pub fn new(namespace: &Namespace, name: &str) -> Self {
        Self { namespace: namespace.clone(), name: Arc::from(name) }
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}
