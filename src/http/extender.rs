//! The verbs of the scheduler extender over HTTP.

use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::http::StatusCode;
use actix_web::web::{self, Data, Path, Payload, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use jiff::Timestamp;
use tokio::sync::Semaphore;

use super::answer::{self, text};
use super::limits::Intake;
use crate::commit::{Binder, Bound, Failure, WriteError};
use crate::explain::{Subject, explain};
use crate::extender::{self, Arguments, BindingArguments, Choice, DecodeError, LastAttempt, bind};
use crate::model::{HostChoice, Pe, Reason, RequestOutcome};
use crate::placement::GangState;
use crate::state::Snapshot;
use crate::store::{Store, View};
use crate::telemetry::{self, BindOutcome};
use crate::watch::Feed;

/// What the verbs need.
#[derive(Debug)]
pub(super) struct Extender {
    pub(super) store: Arc<Store>,
    pub(super) binder: Arc<Binder>,
    pub(super) feed: Arc<Feed>,
    /// How old the view may be.
    pub(super) stale_after: Duration,
    /// Whether filter may name the best node alone.
    pub(super) filter_decides: bool,
    pub(super) intake: Intake,
    /// One permit for each explanation that is made at a time.
    pub(super) explaining: Semaphore,
}

pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .service(web::resource("/extender/filter").route(web::post().to(filter)))
        .service(web::resource("/extender/prioritize").route(web::post().to(prioritize)))
        .service(web::resource("/extender/preempt").route(web::post().to(preempt)))
        .service(web::resource("/extender/bind").route(web::post().to(bind_pod)))
        .service(web::resource("/simulate/filter").route(web::post().to(simulate_filter)))
        .service(web::resource("/simulate/prioritize").route(web::post().to(simulate_prioritize)));
}

/// Explanations cross namespaces: they are for who may reach the loopback of the pod (D20).
pub(super) fn loopback_routes(config: &mut ServiceConfig) {
    config.service(web::resource("/explain/pods/{namespace}/{name}").route(web::get().to(explain_pod)));
}

/// An answer, and how it went: a bounded name for metrics.
type Answered = (HttpResponse, RequestOutcome);

async fn filter(request: HttpRequest, extender: Data<Extender>, payload: Payload) -> HttpResponse {
    extender.answer("filter", &request, payload, |body| extender.filter(body)).await
}

async fn prioritize(request: HttpRequest, extender: Data<Extender>, payload: Payload) -> HttpResponse {
    extender.answer("prioritize", &request, payload, |body| extender.prioritize(body)).await
}

async fn preempt(request: HttpRequest, extender: Data<Extender>, payload: Payload) -> HttpResponse {
    let decide = |body: &[u8]| {
        extender.binder.asked();
        Ok((json(extender::preempt(body)?), RequestOutcome::Unchanged))
    };
    extender.answer("preempt", &request, payload, decide).await
}

async fn simulate_filter(request: HttpRequest, extender: Data<Extender>, payload: Payload) -> HttpResponse {
    let decide = |body: &[u8]| {
        let view = extender.store.view();
        let (body, outcome) = extender::simulate_filter(body, &view.snapshot, &view.policies)?;
        Ok((json(body), outcome))
    };
    extender.answer("simulate_filter", &request, payload, decide).await
}

async fn simulate_prioritize(request: HttpRequest, extender: Data<Extender>, payload: Payload) -> HttpResponse {
    let decide = |body: &[u8]| {
        let view = extender.store.view();
        let (body, outcome) = extender::simulate_prioritize(body, &view.snapshot, &view.policies)?;
        Ok((json(body), outcome))
    };
    extender.answer("simulate_prioritize", &request, payload, decide).await
}

async fn bind_pod(request: HttpRequest, extender: Data<Extender>, payload: Payload) -> HttpResponse {
    let (started, _) = clock();
    // The body is dropped before the API server is asked.
    let arguments = match extender.intake.read(&request, payload).await {
        Err((status, problem)) => Err(refuse(status, &problem)),
        Ok(body) => {
            extender::binding_arguments(&body).map_err(|error| refuse(StatusCode::BAD_REQUEST, &error.to_string()))
        }
    };
    let (response, outcome) = match arguments {
        Err(rejected) => rejected,
        Ok(arguments) => extender.bind(&arguments).await,
    };
    telemetry::extender("bind", outcome, started.elapsed());
    response
}

async fn explain_pod(of: Path<(String, String)>, extender: Data<Extender>) -> HttpResponse {
    let (namespace, name) = of.into_inner();
    // One at a time: each looks at every node by every rule, and kube-scheduler goes first.
    let Ok(_alone) = extender.explaining.try_acquire() else {
        return text(StatusCode::SERVICE_UNAVAILABLE, "another explanation is being made; try again");
    };
    let found = extender.store.read(|cluster| {
        let subject = Subject::of(cluster.named(&namespace, &name)?, cluster);
        Some((subject, cluster.snapshot().clone(), cluster.policies().clone()))
    });
    if !extender.store.view().snapshot.is_complete() {
        return text(StatusCode::SERVICE_UNAVAILABLE, "nodes, pods and pools have not been listed yet; try again");
    }
    if let Some(problem) = extender.too_old() {
        return text(StatusCode::SERVICE_UNAVAILABLE, problem);
    }
    let Some((subject, snapshot, policies)) = found else {
        return text(StatusCode::NOT_FOUND, format!("there is no pod {namespace}/{name}"));
    };
    let made = web::block(move || explain(&subject, &snapshot, &policies)).await;
    match made.map(|explanation| serde_json::to_vec(&explanation)) {
        Ok(Ok(body)) => json(body),
        Ok(Err(_)) | Err(_) => text(StatusCode::INTERNAL_SERVER_ERROR, "the explanation was not made"),
    }
}

impl Extender {
    /// Reads the body, decides, and records how long it took.
    async fn answer(
        &self,
        verb: &'static str,
        request: &HttpRequest,
        payload: Payload,
        decide: impl FnOnce(&[u8]) -> Result<Answered, DecodeError>,
    ) -> HttpResponse {
        let (started, _) = clock();
        let (response, outcome) = match self.intake.read(request, payload).await {
            Err((status, problem)) => refuse(status, &problem),
            Ok(body) => decide(&body).unwrap_or_else(|error| refuse(StatusCode::BAD_REQUEST, &error.to_string())),
        };
        telemetry::extender(verb, outcome, started.elapsed());
        response
    }

    fn filter(&self, body: &[u8]) -> Result<Answered, DecodeError> {
        self.binder.asked();
        let arguments = extender::arguments(body)?;
        let (view, (_, now)) = (self.store.view(), clock());
        let plan = |pe: &Arc<Pe>, snapshot: &Snapshot| self.store.plan_gang(pe, snapshot);
        let (with_reservations, last_attempt) = self.of_pod(&arguments, &view.snapshot, now);
        let filtered =
            extender::filter(&arguments, self.deciding(&view, with_reservations.as_ref(), &last_attempt, &plan));
        if let Some(error) = filtered.error {
            tracing::warn!(pod = %arguments.pod.key, error, "filter cannot answer");
            return Ok((json(filtered.body), RequestOutcome::Error));
        }
        let Some(pe) = filtered.pe else { return Ok((json(filtered.body), RequestOutcome::NotOurs)) };
        if let Some(problem) = self.too_old() {
            tracing::warn!(pod = %pe.pod, problem, "filter cannot answer");
            return Ok((json(extender::filter_error(&problem)), RequestOutcome::Error));
        }
        let attempt = filtered.attempt;
        telemetry::rejections(&attempt.rejected);
        let rejected: usize = attempt.rejected.values().sum();
        // With one node left kube-scheduler does not ask prioritize: this is the proposal.
        self.reserve(&pe, &attempt.choice, now);
        let outcome = if rejected < attempt.asked { RequestOutcome::Passed } else { RequestOutcome::Refused };
        tracing::debug!(pod = %pe.pod, asked = attempt.asked, rejected, reasons = ?attempt.rejected, "filter");
        self.store.attempts().filtered(&pe.pod.key.uid, attempt, now);
        Ok((json(filtered.body), outcome))
    }

    fn prioritize(&self, body: &[u8]) -> Result<Answered, DecodeError> {
        self.binder.asked();
        let arguments = extender::arguments(body)?;
        let (view, (_, now)) = (self.store.view(), clock());
        let plan = |pe: &Arc<Pe>, snapshot: &Snapshot| self.store.plan_gang(pe, snapshot);
        let (with_reservations, last_attempt) = self.of_pod(&arguments, &view.snapshot, now);
        let prioritized =
            extender::prioritize(&arguments, self.deciding(&view, with_reservations.as_ref(), &last_attempt, &plan));
        let Some(pe) = prioritized.pe else { return Ok((json(prioritized.body), RequestOutcome::NotOurs)) };
        self.reserve(&pe, &prioritized.choice, now);
        self.store.attempts().prioritized(&pe.pod.key.uid, prioritized.choice);
        Ok((json(prioritized.body), RequestOutcome::Scored))
    }

    /// Why nothing can be promised for a PE now: what a rule would need to know may have changed long ago.
    fn too_old(&self) -> Option<String> {
        let kind = self.feed.stale(self.stale_after)?;
        let (code, seconds) = (Reason::StaleState, self.stale_after.as_secs());
        Some(format!("{code}: {kind} objects have not been seen for more than {seconds} s; the pod is tried again"))
    }

    /// The snapshot with the reservations of other pods, and what the last attempt of the pod left behind.
    fn of_pod(
        &self,
        arguments: &Arguments<'_>,
        snapshot: &Snapshot,
        now: Timestamp,
    ) -> (Option<Snapshot>, LastAttempt) {
        let uid = &arguments.pod.key.uid;
        (self.store.reservations().with_reservations(snapshot, uid, now), self.store.attempts().last(uid, now))
    }

    /// What filter and prioritize decide by.
    fn deciding<'a>(
        &self,
        published: &'a View,
        with_reservations: Option<&'a Snapshot>,
        last_attempt: &'a LastAttempt,
        plan_gang: &'a dyn Fn(&Arc<Pe>, &Snapshot) -> GangState,
    ) -> extender::View<'a> {
        let View { snapshot, policies } = published;
        let filter_decides = self.filter_decides;
        extender::View { snapshot, with_reservations, policies, last_attempt, plan_gang, filter_decides }
    }

    /// Reserves the best node for the PE.
    fn reserve(&self, pe: &Arc<Pe>, choice: &Choice, now: Timestamp) {
        if let Some(best) = choice.best.first() {
            self.store.reservations().reserve(Arc::clone(pe), best.name.clone(), now);
        }
    }

    async fn bind(&self, arguments: &BindingArguments) -> Answered {
        let (_, now) = clock();
        let known = || self.store.read(|cluster| cluster.pod(arguments.uid.as_str()).and_then(|(_, pe)| pe.cloned()));
        let pe = known();
        if let Some(pe) = &pe
            && let Some(problem) = self.too_old()
        {
            tracing::warn!(pod = %pe.pod, problem, "not bound");
            telemetry::bind_conflict(Reason::StaleState.as_str());
            record(pe, RequestOutcome::Error);
            self.store.reservations().unreserve(&arguments.uid);
            return (json(bind::answer(Some(&problem))), RequestOutcome::Error);
        }
        let attempt = self.store.attempts().take(&arguments.uid);
        let outcome = self.binder.bind(arguments, attempt.as_ref(), now).await;
        self.store.reservations().unreserve(&arguments.uid);
        let result = match &outcome {
            Ok(_) => RequestOutcome::Bound,
            Err(Failure::Turned(_)) => RequestOutcome::Refused,
            Err(Failure::Superseded(_) | Failure::Contended | Failure::Write(WriteError::Conflict(_))) => {
                RequestOutcome::Conflict
            }
            Err(Failure::Write(_) | Failure::Behind(_)) => RequestOutcome::Error,
        };
        // The watch may have been slower than kube-scheduler: then the binder has read the pod by now.
        if let Some(pe) = pe.or_else(known) {
            record(&pe, result);
        }
        let pod = format!("{}/{}", arguments.namespace, arguments.name);
        match outcome {
            Ok(Bound::Placed(binding)) => {
                let record = binding.record.as_ref().map(extender::Record::to_json).unwrap_or_default();
                tracing::info!(pod, node = %arguments.node, record, "bound");
                (json(bind::answer(None)), result)
            }
            Ok(Bound::Already) => (json(bind::answer(None)), result),
            Err(failure) => {
                telemetry::bind_conflict(failure.as_str());
                tracing::warn!(pod, node = %arguments.node, %failure, "not bound");
                (json(bind::answer(Some(&failure.to_string()))), result)
            }
        }
    }
}

fn record(pe: &Pe, result: RequestOutcome) {
    let Ok(spec) = &pe.spec else { return };
    let named;
    let pool = match &spec.hosts {
        HostChoice::Any => "none",
        HostChoice::Tags(_) => "tags",
        HostChoice::Pool(id) => {
            named = id.to_string();
            &named
        }
    };
    telemetry::placement(BindOutcome { result, pool, scheme: spec.scheme.as_str() });
}

fn json(body: Vec<u8>) -> HttpResponse {
    answer::json(StatusCode::OK, body)
}

fn refuse(status: StatusCode, problem: &str) -> Answered {
    tracing::warn!(status = status.as_u16(), problem, "a request of kube-scheduler cannot be answered");
    (text(status, problem), RequestOutcome::BadRequest)
}

#[expect(clippy::disallowed_methods, reason = "the clock is read once per request, here at the rim")]
fn clock() -> (Instant, Timestamp) {
    (Instant::now(), Timestamp::now())
}
