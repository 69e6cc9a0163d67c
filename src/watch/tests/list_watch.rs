//! Against an API server whose answers the test gives, with a clock that the runtime moves on when every task waits.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use futures::StreamExt as _;
use http_body_util::StreamBody;
use hyper::body::{Bytes, Frame};
use hyper::{Request, Response};
use kube::client::Body;
use kube::{Api, Client};
use serde_json::{Value, json};

use super::{Shown, WatchError, list_watch};
use crate::api::PodObject;

/// What the API server does with one request.
enum Answer {
    /// Nothing.
    Silence,
    /// The JSON documents, one a line; then the answer ends, or stays open.
    Lines(Vec<Value>, bool),
}

/// An API server that gives these answers, in order, and then none.
fn client(answers: Vec<Answer>) -> (Client, Arc<Mutex<Vec<String>>>) {
    let requests = Arc::new(Mutex::new(Vec::new()));
    let (seen, answers) = (Arc::clone(&requests), Arc::new(Mutex::new(answers.into_iter())));
    let serve = move |request: Request<Body>| {
        seen.lock().unwrap().push(request.uri().to_string());
        let answer = answers.lock().unwrap().next();
        async move {
            let Some(Answer::Lines(lines, stays_open)) = answer else { return std::future::pending().await };
            let lines =
                lines.into_iter().map(|line| Ok::<_, Infallible>(Frame::data(Bytes::from(format!("{line}\n")))));
            let lines = futures::stream::iter(lines);
            let rest = if stays_open { futures::stream::pending().boxed() } else { futures::stream::empty().boxed() };
            Ok::<_, Infallible>(Response::new(StreamBody::new(lines.chain(rest))))
        }
    };
    (Client::new(tower::service_fn(serve), "default"), requests)
}

fn list(version: &str) -> Answer {
    let list = json!({"kind": "PodList", "apiVersion": "v1", "metadata": {"resourceVersion": version}, "items": []});
    Answer::Lines(vec![list], false)
}

fn bookmark(version: &str) -> Value {
    json!({"type": "BOOKMARK", "object": {"kind": "Pod", "apiVersion": "v1", "metadata": {"resourceVersion": version}}})
}

/// The next `count` items, in words; and the requests.
async fn shown(answers: Vec<Answer>, count: usize) -> (Vec<String>, Vec<String>) {
    let (client, requests) = client(answers);
    let items = list_watch(Api::<PodObject>::all(client)).take(count);
    let words = items.map(|item| match item {
        Ok(Shown::Page { is_first, .. }) => format!("page {is_first}"),
        Ok(Shown::Listed(version)) => format!("listed {version}"),
        Ok(Shown::Accepted) => "accepted".to_owned(),
        Ok(Shown::Bookmark(version)) => format!("bookmark {version}"),
        Ok(Shown::Ended) => "ended".to_owned(),
        Ok(other) => format!("{other:?}"),
        Err(WatchError::Silent) => "silent".to_owned(),
        Err(WatchError::NoAnswer) => "no answer".to_owned(),
        Err(error) => error.to_string(),
    });
    let words = words.collect().await;
    let requests = requests.lock().unwrap().clone();
    (words, requests)
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_shows_nothing_has_failed_and_the_kind_is_listed_again() {
    let answers = vec![list("5"), Answer::Lines(vec![bookmark("7")], true), list("9")];
    let (words, requests) = shown(answers, 7).await;
    assert_eq!(words, ["page true", "listed 5", "accepted", "bookmark 7", "silent", "page true", "listed 9"]);
    assert!(
        requests[1].contains("timeoutSeconds=30") && requests[1].contains("allowWatchBookmarks=true"),
        "{requests:?}"
    );
    assert!(requests[1].contains("resourceVersion=5"), "{requests:?}");
    assert!(!requests[2].contains("resourceVersion"), "a consistent list: {requests:?}");
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_the_api_server_ends_goes_on_where_it_was() {
    let answers = vec![list("5"), Answer::Lines(vec![bookmark("7")], false), Answer::Lines(vec![bookmark("8")], true)];
    let (words, requests) = shown(answers, 7).await;
    assert_eq!(words, ["page true", "listed 5", "accepted", "bookmark 7", "ended", "accepted", "bookmark 8"]);
    assert!(requests[2].contains("resourceVersion=7"), "{requests:?}");
}

#[tokio::test(start_paused = true)]
async fn lists_and_watches_that_are_not_answered_have_a_deadline() {
    let (words, _) = shown(vec![Answer::Silence, list("5"), Answer::Silence, Answer::Lines(Vec::new(), true)], 5).await;
    assert_eq!(words, ["no answer", "page true", "listed 5", "no answer", "accepted"]);
}
