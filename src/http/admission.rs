//! The admission webhooks over HTTP.

use std::sync::Arc;
use std::time::Instant;

use actix_web::http::StatusCode;
use actix_web::web::{self, Data, Payload, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};

use super::answer::{json, text};
use super::limits::Intake;
use crate::admission::{self, Answer, Context, DecodeError, Outcome};
use crate::model::RequestOutcome;
use crate::store::Store;
use crate::telemetry;

/// What the reviews need.
#[derive(Debug)]
pub(super) struct Admission {
    pub(super) store: Arc<Store>,
    pub(super) intake: Intake,
}

pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .service(web::resource("/admission/mutate").route(web::post().to(mutate)))
        .service(web::resource("/admission/validate").route(web::post().to(validate)))
        .service(web::resource("/admission/validate-streamjob").route(web::post().to(validate_stream_job)));
}

async fn mutate(request: HttpRequest, admission: Data<Admission>, payload: Payload) -> HttpResponse {
    review("mutate", admission::mutate, &admission, (&request, payload)).await
}

async fn validate(request: HttpRequest, admission: Data<Admission>, payload: Payload) -> HttpResponse {
    review("validate", admission::validate, &admission, (&request, payload)).await
}

async fn validate_stream_job(request: HttpRequest, admission: Data<Admission>, payload: Payload) -> HttpResponse {
    review("validate_streamjob", admission::validate_stream_job, &admission, (&request, payload)).await
}

type Review = fn(&[u8], Context<'_>) -> Result<Answer, DecodeError>;

async fn review(
    verb: &'static str,
    decide: Review,
    admission: &Admission,
    (request, payload): (&HttpRequest, Payload),
) -> HttpResponse {
    let started = clock();
    let read = admission.intake.read(request, payload).await;
    let view = admission.store.view();
    let snapshot = &view.snapshot;
    let context = Context { policies: &view.policies, pools: snapshot.pools(), declared: snapshot.declared() };
    let refuse = |problem: &str, answer: HttpResponse| {
        tracing::warn!(status = answer.status().as_u16(), problem, "a review cannot be answered");
        telemetry::admission(verb, RequestOutcome::BadRequest, started.elapsed(), None, None);
        answer
    };
    let body = match read {
        Ok(body) => body,
        Err((status, problem)) => return refuse(&problem, text(status, problem.as_str())),
    };
    match decide(&body, context) {
        Ok(answer) => {
            report(verb, &answer, started);
            json(StatusCode::OK, answer.body)
        }
        Err(error) => {
            let body = error.to_json();
            refuse(&String::from_utf8_lossy(&body), json(StatusCode::BAD_REQUEST, body.clone()))
        }
    }
}

fn report(verb: &'static str, answer: &Answer, started: Instant) {
    let skipped = answer.outcome.skip_reason();
    let injected = match &answer.outcome {
        Outcome::Injected { policy } => Some(&**policy),
        Outcome::Unchanged { .. } | Outcome::Skipped { .. } | Outcome::Denied { .. } => None,
    };
    let reason = skipped.map(admission::SkipReason::as_str);
    telemetry::admission(verb, (&answer.outcome).into(), started.elapsed(), injected, reason);
    let subject = &answer.subject;
    let (namespace, name) = (subject.namespace.as_str(), subject.name.as_str());
    let (outcome, policy) = (answer.outcome.as_str(), answer.outcome.policy().unwrap_or_default());
    if skipped.is_some_and(admission::SkipReason::is_failure) {
        tracing::error!(namespace, name, policy, reason, "a pod was let through as it is: this is a defect");
    } else if policy.is_empty() {
        tracing::debug!(namespace, name, outcome, reason, "reviewed");
    } else {
        tracing::info!(verb, namespace, name, outcome, policy, reason, warnings = ?answer.warnings, "reviewed");
    }
}

#[expect(clippy::disallowed_methods, reason = "the clock is read once per request, here at the rim")]
fn clock() -> Instant {
    Instant::now()
}
