//! The admission webhooks over HTTP.

use std::sync::Arc;
use std::time::Instant;

use actix_web::http::StatusCode;
use actix_web::web::{self, Data, Payload, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};

use super::answer;
use super::limits::Intake;
use crate::admission::{self, Answer, Context, DecodeError, KnownDemand, Occasion, SkipReason};
use crate::model::{RequestOutcome, WithheldSidecar};
use crate::store::Store;
use crate::telemetry::{self, ReviewCount, ReviewOutcome};

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
    /// True if metrics count objects by the answers of this webhook. Pods are counted by the mutating webhook.
    counts: bool,
    answer: fn(&[u8], Context<'_>) -> Result<Answer, DecodeError>,
}

const MUTATE: Webhook = Webhook { verb: "mutate", counts: true, answer: admission::mutate };
const VALIDATE: Webhook = Webhook { verb: "validate", counts: false, answer: admission::validate };
const VALIDATE_STREAM_JOB: Webhook =
    Webhook { verb: "validate_streamjob", counts: true, answer: admission::validate_stream_job };

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
                return reject(webhook, &problem, answer::text(status, problem.as_str()), started);
            }
        };
        let turn = match self.intake.turn(&body).await {
            Ok(turn) => turn,
            Err((status, problem)) => {
                return reject(webhook, &problem, answer::text(status, problem.as_str()), started);
            }
        };
        let view = self.store.view();
        let snapshot = &view.snapshot;
        let context = Context {
            policies: &view.policies,
            pools: snapshot.pools(),
            declared: snapshot.declared(),
            constraints: snapshot.constraints(),
            demand: KnownDemand { forecasts: Some(snapshot.demand()), oom_kills: Some(snapshot.oom_kills()) },
        };
        let answered = (webhook.answer)(&body, context);
        drop(turn);
        match answered {
            Ok(answer) => {
                report(webhook, &answer, started);
                answer::json(StatusCode::OK, answer.body)
            }
            Err(error) => {
                let body = error.to_json();
                let problem = String::from_utf8_lossy(&body);
                reject(webhook, &problem, answer::json(StatusCode::BAD_REQUEST, body.clone()), started)
            }
        }
    }
}

/// Logs and counts a request that is no review, or that exceeds a limit.
fn reject(webhook: &Webhook, problem: &str, response: HttpResponse, started: Instant) -> HttpResponse {
    tracing::warn!(status = response.status().as_u16(), problem, "a review cannot be answered");
    let outcome = RequestOutcome::BadRequest;
    let review = ReviewOutcome { outcome, injected_by: None, skipped: None, count: ReviewCount::Nothing };
    telemetry::admission(webhook.verb, started.elapsed(), review);
    response
}

fn report(webhook: &Webhook, answer: &Answer, started: Instant) {
    let Answer { decision, object, occasion, .. } = answer;
    let (verb, outcome, skipped) = (webhook.verb, decision.outcome(), decision.skip_reason());
    let is_injected = matches!(outcome, RequestOutcome::Injected | RequestOutcome::PartlyInjected);
    let injected_by = decision.policy().filter(|_| is_injected);
    let reason = skipped.map(SkipReason::as_str);
    let count = match occasion {
        _ if !webhook.counts => ReviewCount::Nothing,
        Occasion::First => ReviewCount::Object,
        Occasion::Repeated => ReviewCount::Nothing,
        Occasion::DryRun => ReviewCount::DryRun,
    };
    telemetry::admission(verb, started.elapsed(), ReviewOutcome { outcome, injected_by, skipped: reason, count });
    if count == ReviewCount::Object {
        decision.withheld().iter().for_each(|withheld| telemetry::withheld(withheld.reason));
    }
    let outcome = outcome.as_str();
    let (namespace, name) = (object.namespace.as_str(), object.name.as_str());
    let policy = decision.policy().unwrap_or_default();
    let withheld = Some(WithheldSidecar::annotation(decision.withheld())).filter(|withheld| !withheld.is_empty());
    if skipped.is_some_and(SkipReason::is_failure) {
        tracing::error!(namespace, name, policy, reason, "a pod was let through as it is: this is a defect");
    } else if policy.is_empty() {
        tracing::debug!(namespace, name, outcome, reason, "reviewed");
    } else {
        tracing::info!(verb, namespace, name, outcome, policy, reason, withheld, warnings = ?decision.warnings(), "reviewed");
    }
}

#[expect(clippy::disallowed_methods, reason = "the clock is read once per request, here at the rim")]
fn clock() -> Instant {
    Instant::now()
}
