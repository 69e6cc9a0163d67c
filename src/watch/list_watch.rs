//! Lists all objects of a kind and watches them from there, within deadlines.
//!
//! A connection may die without a word, and a watch of a quiet kind delivers nothing for days. So each watch is asked to
//! end after [`WATCH_SECONDS`]: the API server sends a bookmark before it ends a watch. A watch that has shown nothing for
//! [`SILENCE`] has failed. The kind is then listed again, which proves that the API server can be reached.
//!
//! `kube::runtime::watcher` shows no resource version of a list or a bookmark, by which the extender knows that it has seen
//! the version of an object that admission noted, and its lists have no deadline.

use std::fmt::Debug;
use std::time::Duration;

use futures::stream::{self, BoxStream};
use futures::{Stream, StreamExt as _};
use kube::api::{ListParams, WatchEvent, WatchParams};
use kube::{Api, Resource, ResourceExt as _};
use serde::de::DeserializeOwned;
use tokio::time::Instant;

/// How long the API server keeps one watch open.
const WATCH_SECONDS: u32 = 30;
/// How long a watch may show no change, no bookmark and no end.
pub(super) const SILENCE: Duration = Duration::from_secs(40);
/// How long the API server may take for one page of a list, and to accept a watch.
const DEADLINE: Duration = Duration::from_secs(15);
/// The number of objects of one page of a list.
const PAGE: u32 = 500;
/// A watch that ends sooner and shows nothing has failed. Otherwise, it would be started again without a pause.
const SHORTEST_WATCH: Duration = Duration::from_secs(1);
/// The status code for a resource version that the API server no longer knows: the kind is listed again.
const GONE: u16 = 410;

/// What the API server shows of the objects of a kind.
#[derive(Debug)]
pub(crate) enum Shown<K> {
    /// A page of the objects that exist. The first page begins a list.
    Page { objects: Vec<K>, is_first: bool },
    /// The list is complete. It shows the objects at this resource version.
    Listed(String),
    /// The API server has accepted a watch.
    Accepted,
    /// An object was added or changed.
    Applied(K),
    /// An object was deleted. This is its last version.
    Deleted(K),
    /// Every change up to this resource version has been shown.
    Bookmark(String),
    /// The API server has ended a watch in order.
    Ended,
}

/// Why a list or a watch has failed. Both are tried again.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WatchError {
    /// The API server rejected the list.
    #[error("the list failed: {0}")]
    List(#[source] kube::Error),
    /// The API server rejected the watch, or the connection broke.
    #[error("the watch failed: {0}")]
    Watch(#[source] kube::Error),
    /// The API server ended the watch with an error.
    #[error("the watch ended with status {code}: {message}")]
    Status {
        /// The status code.
        code: u16,
        /// The message of the API server.
        message: String,
    },
    /// The API server did not answer.
    #[error("no answer within {} s", DEADLINE.as_secs())]
    NoAnswer,
    /// The watch has shown nothing.
    #[error("the watch has shown nothing for {} s", SILENCE.as_secs())]
    Silent,
    /// The watch ended at once.
    #[error("the watch ended at once")]
    EndedAtOnce,
    /// The API server sent a list or an object without a resource version.
    #[error("the API server sent no resource version")]
    NoVersion,
}

impl WatchError {
    /// True where the API server does not serve the kind.
    pub(super) fn is_unknown_kind(&self) -> bool {
        self.status_code() == Some(404)
    }

    /// True where this process may not read the kind.
    pub(super) fn is_forbidden(&self) -> bool {
        self.status_code() == Some(403)
    }

    fn status_code(&self) -> Option<u16> {
        match self {
            Self::List(kube::Error::Api(status)) | Self::Watch(kube::Error::Api(status)) => Some(status.code),
            Self::List(_)
            | Self::Watch(_)
            | Self::Status { .. }
            | Self::NoAnswer
            | Self::Silent
            | Self::EndedAtOnce
            | Self::NoVersion => None,
        }
    }
}

/// The next request, or the watch that is open.
enum Next<K> {
    /// A page of a list: the first, or the page with this token.
    List { page: Option<String> },
    /// The list is complete.
    Listed { version: String },
    /// A watch from this resource version.
    Watch { version: String },
    /// The open watch, since when it is open, and whether it has shown something.
    Watching { version: String, events: Events<K>, since: Instant, has_shown: bool },
}

type Events<K> = BoxStream<'static, kube::Result<WatchEvent<K>>>;
type Step<K> = (Result<Shown<K>, WatchError>, Next<K>);

/// Lists all objects and follows their changes. The stream never ends; after an error, the next item is another attempt.
pub(crate) fn list_watch<K>(api: Api<K>) -> impl Stream<Item = Result<Shown<K>, WatchError>> + Send
where
    K: Resource + Clone + Debug + DeserializeOwned + Send + Sync + 'static,
{
    stream::unfold((api, Next::List { page: None }), |(api, next)| async move {
        let (shown, next) = match next {
            Next::List { page } => list(&api, page).await,
            Next::Listed { version } => (Ok(Shown::Listed(version.clone())), Next::Watch { version }),
            Next::Watch { version } => start(&api, version).await,
            Next::Watching { version, events, since, has_shown } => watch(version, events, since, has_shown).await,
        };
        Some((shown, (api, next)))
    })
}

async fn list<K: Clone + Debug + DeserializeOwned>(api: &Api<K>, page: Option<String>) -> Step<K> {
    let is_first = page.is_none();
    // No resource version is asked for: the list is consistent (docs/design.md, D19).
    let parameters = ListParams { limit: Some(PAGE), continue_token: page, ..ListParams::default() };
    let again = Next::List { page: None };
    let list = match tokio::time::timeout(DEADLINE, api.list(&parameters)).await {
        Ok(Ok(list)) => list,
        Ok(Err(error)) => return (Err(WatchError::List(error)), again),
        Err(_elapsed) => return (Err(WatchError::NoAnswer), again),
    };
    let some = |text: Option<String>| text.filter(|text| !text.is_empty());
    let next = match (some(list.metadata.continue_), some(list.metadata.resource_version)) {
        (Some(page), _) => Next::List { page: Some(page) },
        (None, Some(version)) => Next::Listed { version },
        (None, None) => return (Err(WatchError::NoVersion), again),
    };
    (Ok(Shown::Page { objects: list.items, is_first }), next)
}

async fn start<K: Clone + Debug + DeserializeOwned + Send + 'static>(api: &Api<K>, version: String) -> Step<K> {
    let parameters = WatchParams { timeout: Some(WATCH_SECONDS), ..WatchParams::default() };
    match tokio::time::timeout(DEADLINE, api.watch(&parameters, &version)).await {
        Ok(Ok(events)) => {
            let events = events.boxed();
            (Ok(Shown::Accepted), Next::Watching { version, events, since: Instant::now(), has_shown: false })
        }
        Ok(Err(kube::Error::Api(status))) if status.code == GONE => {
            (Err(WatchError::Watch(kube::Error::Api(status))), Next::List { page: None })
        }
        Ok(Err(error)) => (Err(WatchError::Watch(error)), Next::Watch { version }),
        Err(_elapsed) => (Err(WatchError::NoAnswer), Next::Watch { version }),
    }
}

async fn watch<K: Resource>(version: String, mut events: Events<K>, since: Instant, has_shown: bool) -> Step<K> {
    let event = match tokio::time::timeout(SILENCE, events.next()).await {
        Err(_elapsed) => return (Err(WatchError::Silent), Next::List { page: None }),
        Ok(None) if !has_shown && since.elapsed() < SHORTEST_WATCH => {
            return (Err(WatchError::EndedAtOnce), Next::Watch { version });
        }
        Ok(None) => return (Ok(Shown::Ended), Next::Watch { version }),
        Ok(Some(Err(error))) => return (Err(WatchError::Watch(error)), Next::Watch { version }),
        Ok(Some(Ok(event))) => event,
    };
    let (shown, version) = match event {
        WatchEvent::Added(object) | WatchEvent::Modified(object) => {
            let version = object.resource_version();
            (Shown::Applied(object), version)
        }
        WatchEvent::Deleted(object) => {
            let version = object.resource_version();
            (Shown::Deleted(object), version)
        }
        WatchEvent::Bookmark(bookmark) => {
            let version = bookmark.metadata.resource_version;
            (Shown::Bookmark(version.clone()), Some(version))
        }
        WatchEvent::Error(status) => {
            let next = if status.code == GONE { Next::List { page: None } } else { Next::Watch { version } };
            return (Err(WatchError::Status { code: status.code, message: status.message }), next);
        }
    };
    match version.filter(|version| !version.is_empty()) {
        Some(version) => (Ok(shown), Next::Watching { version, events, since, has_shown: true }),
        None => (Err(WatchError::NoVersion), Next::List { page: None }),
    }
}

#[cfg(test)]
#[path = "tests/list_watch.rs"]
mod tests;
