//! The admission webhooks over HTTP.

use std::sync::Arc;
use std::time::Instant;

use actix_web::http::StatusCode;
use actix_web::web::{self, Data, Payload, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};

use super::limits::Intake;
use crate::admission::{self, Answer, Context, DecodeError, Outcome, SkipReason};
use crate::telemetry;
use crate::watch::Store;

/// The state that reviews are answered from.
#[derive(Debug)]
pub(super) struct Admission {
    pub(super) store: Arc<Store>,
    pub(super) intake: Intake,
}

/// One of the webhooks.
struct Webhook {
    /// The name of the webhook in metrics and logs.
    verb: &'static str,
    answer: fn(&[u8], Context<'_>) -> Result<Answer, DecodeError>,
}

const MUTATE: Webhook = Webhook { verb: "mutate", answer: admission::mutate };
const VALIDATE: Webhook = Webhook { verb: "validate", answer: admission::validate };
const VALIDATE_STREAM_JOB: Webhook = Webhook { verb: "validate_streamjob", answer: admission::validate_stream_job };

pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .service(web::resource("/admission/mutate").route(web::post().to(mutate)))
        .service(web::resource("/admission/validate").route(web::post().to(validate)))
        .service(web::resource("/admission/validate-streamjob").route(web::post().to(validate_stream_job)));
}

async fn mutate(request: HttpRequest, admission: Data<Admission>, payload: Payload) -> HttpResponse {
    admission.serve(&MUTATE, &request, payload).await
}

async fn validate(request: HttpRequest, admission: Data<Admission>, payload: Payload) -> HttpResponse {
    admission.serve(&VALIDATE, &request, payload).await
}

async fn validate_stream_job(request: HttpRequest, admission: Data<Admission>, payload: Payload) -> HttpResponse {
    admission.serve(&VALIDATE_STREAM_JOB, &request, payload).await
}

impl Admission {
    /// Reads the body, answers the review, and records the decision and its duration.
    async fn serve(&self, webhook: &Webhook, request: &HttpRequest, payload: Payload) -> HttpResponse {
        let started = clock();
        let body = match self.intake.read(request, payload).await {
            Ok(body) => body,
            Err((status, problem)) => {
                let problem = Problem { status, content_type: "text/plain; charset=utf-8", body: problem };
                return reject(webhook, problem, started);
            }
        };
        let view = self.store.view();
        let snapshot = &view.snapshot;
        let context = Context { policies: &view.policies, pools: snapshot.pools(), declared: snapshot.declared() };
        match (webhook.answer)(&body, context) {
            Ok(answer) => {
                report(webhook, &answer, started);
                HttpResponse::Ok().content_type("application/json").body(answer.body)
            }
            Err(error) => {
                let body = String::from_utf8_lossy(&error.to_json()).into_owned();
                let problem = Problem { status: StatusCode::BAD_REQUEST, content_type: "application/json", body };
                reject(webhook, problem, started)
            }
        }
    }
}

/// The response to a request that is no review, or that exceeds a limit.
struct Problem {
    status: StatusCode,
    content_type: &'static str,
    body: String,
}

fn reject(webhook: &Webhook, problem: Problem, started: Instant) -> HttpResponse {
    let Problem { status, content_type, body } = problem;
    tracing::warn!(status = status.as_u16(), problem = body, "a review cannot be answered");
    telemetry::admission(webhook.verb, "bad_request", started.elapsed(), None, None);
    HttpResponseBuilder::new(status).content_type(content_type).body(body)
}

fn report(webhook: &Webhook, answer: &Answer, started: Instant) {
    let Answer { decision, object, .. } = answer;
    let (verb, outcome, skipped) = (webhook.verb, decision.outcome(), decision.skip_reason());
    let injected = decision.policy().filter(|_| outcome == Outcome::Injected);
    let (outcome, reason) = (outcome.as_str(), skipped.map(SkipReason::as_str));
    telemetry::admission(verb, outcome, started.elapsed(), injected, reason);
    let (namespace, name) = (object.namespace.as_str(), object.name.as_str());
    let policy = decision.policy().unwrap_or_default();
    if skipped.is_some_and(SkipReason::is_failure) {
        tracing::error!(namespace, name, policy, reason, "a pod was let through as it is: this is a defect");
    } else if policy.is_empty() {
        tracing::debug!(namespace, name, outcome, reason, "reviewed");
    } else {
        tracing::info!(verb, namespace, name, outcome, policy, reason, warnings = ?decision.warnings(), "reviewed");
    }
}

#[expect(clippy::disallowed_methods, reason = "the clock is read once per request, here at the rim")]
fn clock() -> Instant {
    Instant::now()
}
