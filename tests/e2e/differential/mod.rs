//! Random objects through Kubernetes itself and through our account of it: both must say the same.
//!
//! Cases follow from numbers, so that a failure can be repeated. `OUTRIGGER_RANDOM_CASES` sets how many there are.
//!
//! | file | what must hold |
//! |---|---|
//! | [`policies`] | a policy that loads makes no pod fail, and none is refused in vain |
//! | [`storing`] | `simulate` stores and rejects pods as the API server does |
//! | [`sidecars`] | a pod that is created without the webhook is created with it |
//! | [`whole`] | the same under random policies; what users wrote stays, and the patch is applied as it was proven |
//! | [`sums`] | the requests of pods add up as in kube-scheduler |
//! | [`random`], [`namespaces`] | support: random pods, limit ranges, quotas and classes |

mod namespaces;
mod policies;
mod random;
mod sidecars;
mod storing;
mod sums;
mod whole;

use anyhow::Result;
use hyper::Request;
use kube::Client;
use outrigger::api::PodObject;
use outrigger::model::Pod;
use serde_json::Value;

/// How many requests are under way at once.
const PARALLEL: usize = 16;

/// How many cases a test tries.
#[expect(clippy::disallowed_methods, clippy::unwrap_used, reason = "a setting of whoever runs the tests")]
fn cases(default: usize) -> usize {
    std::env::var("OUTRIGGER_RANDOM_CASES").map_or(default, |text| text.parse().unwrap())
}

/// The answer of the API server to a POST of an object as it is written; the inner error is a rejection.
async fn post(client: &Client, path: &str, object: &Value) -> Result<Result<Value, String>> {
    send(client, Request::post(path).header("content-type", "application/json"), object).await
}

/// The answer of the API server to a merge patch; the inner error is a rejection.
async fn patch(client: &Client, path: &str, change: &Value) -> Result<Result<Value, String>> {
    send(client, Request::patch(path).header("content-type", "application/merge-patch+json"), change).await
}

async fn send(client: &Client, request: hyper::http::request::Builder, body: &Value) -> Result<Result<Value, String>> {
    match client.request::<Value>(request.body(serde_json::to_vec(body)?)?).await {
        Ok(answer) => Ok(Ok(answer)),
        Err(kube::Error::Api(status)) if matches!(status.code, 400 | 403 | 422) => Ok(Err(status.message.clone())),
        Err(error) => Err(error.into()),
    }
}

/// A pod as placement reads it; the error says what cannot be read.
fn read(pod: &Value) -> Result<Pod, String> {
    let object: PodObject = serde_json::from_value(pod.clone()).map_err(|error| error.to_string())?;
    Pod::try_from(&object).map_err(|error| error.to_string())
}
