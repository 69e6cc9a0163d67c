//! The HTTP handlers of the scheduler extender.

use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::http::StatusCode;
use actix_web::web::{self, Data, Path, Payload, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use jiff::Timestamp;
use tokio::sync::Semaphore;

use super::answer::{self, text};
use super::limits::Intake;
use super::steady_clock::steady_now;
use crate::commit::{BindFailure, Binder, BoundPod, WriteError};
use crate::explain::{ExplainedPod, explain};
use crate::extender::{
    self, BindingArguments, Choice, DecodeError, LastAttempt, PlacedPod, SchedulingArguments, SchedulingContext, bind,
};
use crate::model::{HostChoice, NodeName, Pe, PodUid, Reason, RequestOutcome};
use crate::placement::{GangPlan, GangState};
use crate::state::Snapshot;
use crate::store::{ClusterView, Store};
use crate::telemetry::{self, BindOutcome};
use crate::watch::Feed;

/// The state that the handlers share.
#[derive(Debug)]
pub(super) struct Extender {
    pub(super) store: Arc<Store>,
    pub(super) binder: Arc<Binder>,
    pub(super) feed: Arc<Feed>,
    /// The age at which watched state counts as stale.
    pub(super) stale_after: Duration,
    /// True where filter may return the best node alone.
    pub(super) filter_decides: bool,
    pub(super) intake: Intake,
    /// One permit for each concurrent explanation.
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

/// Explanations show objects of all namespaces, so only the loopback interface of the pod serves them (D20).
pub(super) fn loopback_routes(config: &mut ServiceConfig) {
    config.service(web::resource("/explain/pods/{namespace}/{name}").route(web::get().to(explain_pod)));
}

/// A response, and its outcome for metrics.
type VerbResponse = (HttpResponse, RequestOutcome);

async fn filter(request: HttpRequest, extender: Data<Extender>, payload: Payload) -> HttpResponse {
    extender.answer("filter", &request, payload, |body| extender.filter(body)).await
}

async fn prioritize(request: HttpRequest, extender: Data<Extender>, payload: Payload) -> HttpResponse {
    extender.answer("prioritize", &request, payload, |body| extender.prioritize(body)).await
}

async fn preempt(request: HttpRequest, extender: Data<Extender>, payload: Payload) -> HttpResponse {
    extender.answer("preempt", &request, payload, |body| extender.preempt(body)).await
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
    // The body is dropped before the request to the API server.
    let arguments = match extender.intake.read(&request, payload).await {
        Err((status, problem)) => Err(refuse(status, &problem)),
        Ok(body) => extender::decode_binding_arguments(&body)
            .map_err(|error| refuse(StatusCode::BAD_REQUEST, &error.to_string())),
    };
    let (response, outcome) = match arguments {
        Err(rejected) => rejected,
        Ok(arguments) => extender.bind(&arguments).await,
    };
    telemetry::extender("bind", outcome, started.elapsed());
    response
}

async fn explain_pod(path: Path<(String, String)>, extender: Data<Extender>) -> HttpResponse {
    let (namespace, name) = path.into_inner();
    // One explanation at a time: an explanation filters every node by every plugin, and kube-scheduler's requests come first.
    let Ok(_alone) = extender.explaining.try_acquire() else {
        return text(StatusCode::SERVICE_UNAVAILABLE, "another explanation is being made; try again");
    };
    let found = extender.store.read(|cluster| {
        let explained_pod = ExplainedPod::new(cluster.named(&namespace, &name)?, cluster);
        Some((explained_pod, cluster.snapshot().clone(), cluster.policies().clone()))
    });
    if !extender.store.view().snapshot.is_complete() {
        return text(StatusCode::SERVICE_UNAVAILABLE, "nodes, pods and pools have not been listed yet; try again");
    }
    if let Some(problem) = extender.stale_state() {
        return text(StatusCode::SERVICE_UNAVAILABLE, problem);
    }
    let Some((explained_pod, snapshot, policies)) = found else {
        return text(StatusCode::NOT_FOUND, format!("there is no pod {namespace}/{name}"));
    };
    let made = web::block(move || explain(&explained_pod, &snapshot, &policies)).await;
    match made.map(|explanation| serde_json::to_vec(&explanation)) {
        Ok(Ok(body)) => json(body),
        Ok(Err(_)) | Err(_) => text(StatusCode::INTERNAL_SERVER_ERROR, "the explanation was not made"),
    }
}

impl Extender {
    /// Reads a request, handles it, and records the duration.
    async fn answer(
        &self,
        verb: &'static str,
        request: &HttpRequest,
        payload: Payload,
        decide: impl FnOnce(&[u8]) -> Result<VerbResponse, DecodeError>,
    ) -> HttpResponse {
        let (started, _) = clock();
        let (response, outcome) = match self.intake.read(request, payload).await {
            Err((status, problem)) => refuse(status, &problem),
            Ok(body) => decide(&body).unwrap_or_else(|error| refuse(StatusCode::BAD_REQUEST, &error.to_string())),
        };
        telemetry::extender(verb, outcome, started.elapsed());
        response
    }

    fn filter(&self, body: &[u8]) -> Result<VerbResponse, DecodeError> {
        self.binder.ensure_takeover();
        let arguments = extender::decode_arguments(body)?;
        let now = steady_now();
        self.binder.restore_reservations();
        let view = self.store.view();
        let plan = |pe: &Arc<Pe>, snapshot: &Snapshot| self.store.plan_gang(pe, snapshot);
        let (with_reservations, last_attempt) = self.reservations_and_attempt(&arguments, &view.snapshot, now);
        let filtered = extender::filter(
            &arguments,
            self.scheduling_context(&view, with_reservations.as_ref(), &last_attempt, &plan),
        );
        if let Some(error) = filtered.error {
            tracing::warn!(pod = %arguments.pod.key, %error, "filter cannot answer");
            return Ok((json(filtered.body), RequestOutcome::Error));
        }
        let Some(pe) = filtered.pe else { return Ok((json(filtered.body), RequestOutcome::NotOurs)) };
        if let Some(problem) = self.stale_state() {
            tracing::warn!(pod = %pe.pod, problem, "filter cannot answer");
            return Ok((json(extender::filter_error(&problem)), RequestOutcome::Error));
        }
        let attempt = filtered.attempt;
        telemetry::rejections(&attempt.rejected);
        let rejected: usize = attempt.rejected.values().sum();
        // kube-scheduler does not call prioritize for a single node, so filter reserves the node.
        self.reserve(&pe, &attempt.choice, filtered.group, now);
        if let Some(unoffered) = filtered.unoffered {
            self.store.change(|cluster| cluster.note_unoffered(&pe.pod.key.uid, unoffered));
        }
        let outcome = if rejected < attempt.evaluated_nodes { RequestOutcome::Passed } else { RequestOutcome::Refused };
        tracing::debug!(pod = %pe.pod, asked = attempt.evaluated_nodes, rejected, reasons = ?attempt.rejected, "filter");
        self.store.attempts().record_filter(&pe.pod.key.uid, attempt, now);
        Ok((json(filtered.body), outcome))
    }

    fn prioritize(&self, body: &[u8]) -> Result<VerbResponse, DecodeError> {
        self.binder.ensure_takeover();
        let arguments = extender::decode_arguments(body)?;
        let now = steady_now();
        self.binder.restore_reservations();
        let view = self.store.view();
        let plan = |pe: &Arc<Pe>, snapshot: &Snapshot| self.store.plan_gang(pe, snapshot);
        let (with_reservations, last_attempt) = self.reservations_and_attempt(&arguments, &view.snapshot, now);
        let prioritized = extender::prioritize(
            &arguments,
            self.scheduling_context(&view, with_reservations.as_ref(), &last_attempt, &plan),
        );
        let Some(pe) = prioritized.pe else { return Ok((json(prioritized.body), RequestOutcome::NotOurs)) };
        self.reserve(&pe, &prioritized.choice, prioritized.group, now);
        self.store.attempts().record_choice(&pe.pod.key.uid, prioritized.choice);
        Ok((json(prioritized.body), RequestOutcome::Scored))
    }

    fn preempt(&self, body: &[u8]) -> Result<VerbResponse, DecodeError> {
        self.binder.ensure_takeover();
        let (view, now) = (self.store.view(), steady_now());
        let arguments = extender::decode_preemption_arguments(body)?;
        let uid = &arguments.pod.key.uid;
        let with_reservations = self.store.reservations().with_reservations(&view.snapshot, uid, now);
        let context = SchedulingContext {
            with_reservations: with_reservations.as_ref(),
            ..SchedulingContext::new(&view.snapshot, &view.policies)
        };
        let find_pod = |uid: &str| self.store.read(|cluster| PlacedPod::find(cluster, uid));
        let preemption = extender::preempt(arguments, context, &find_pod);
        let Some(pe) = preemption.pe else { return Ok((json(preemption.body), RequestOutcome::NotOurs)) };
        if let Some(problem) = self.stale_state() {
            tracing::warn!(pod = %pe.pod, problem, "preempt evicts nobody");
            return Ok((json(extender::Preemption::of_nobody()), RequestOutcome::Error));
        }
        let (proposed, kept) = (preemption.proposed, preemption.kept);
        tracing::info!(pod = %pe.pod, proposed, kept, "preempt");
        let outcome = if kept < proposed { RequestOutcome::Refused } else { RequestOutcome::Unchanged };
        Ok((json(preemption.body), outcome))
    }

    /// The error where the watched state is stale.
    fn stale_state(&self) -> Option<String> {
        let kind = self.feed.stale(self.stale_after)?;
        let (code, seconds) = (Reason::StaleState, self.stale_after.as_secs());
        Some(format!("{code}: {kind} objects have not been seen for more than {seconds} s; the pod is tried again"))
    }

    /// The snapshot with the reservations of other pods, where there are any, and the last attempt of the pod.
    fn reservations_and_attempt(
        &self,
        arguments: &SchedulingArguments<'_>,
        snapshot: &Snapshot,
        now: Timestamp,
    ) -> (Option<Snapshot>, LastAttempt) {
        let uid = &arguments.pod.key.uid;
        (self.store.reservations().with_reservations(snapshot, uid, now), self.store.attempts().last_attempt(uid, now))
    }

    /// The inputs of filter and prioritize.
    fn scheduling_context<'a>(
        &self,
        published: &'a ClusterView,
        with_reservations: Option<&'a Snapshot>,
        last_attempt: &'a LastAttempt,
        plan_gang: &'a dyn Fn(&Arc<Pe>, &Snapshot) -> GangState,
    ) -> SchedulingContext<'a> {
        let ClusterView { snapshot, policies } = published;
        let filter_decides = self.filter_decides;
        SchedulingContext {
            snapshot,
            with_reservations,
            policies,
            last_attempt,
            plan_gang,
            filter_decides,
            asked_by_kube_scheduler: true,
        }
    }

    /// Reserves the best node for a PE, and the nodes of its group.
    fn reserve(&self, pe: &Arc<Pe>, choice: &Choice, group: Vec<(Arc<Pe>, NodeName)>, now: Timestamp) {
        if let Some(best) = choice.best.first() {
            let own = [(Arc::clone(pe), best.name.clone())];
            self.store.reservations().reserve(own.into_iter().chain(group), now);
        }
    }

    /// Gives the node of the scheduling cycle back, and those that the cycle had chosen for the rest of the group: the cluster
    /// holds them from the bind on, or the bind of the `failed` plan was rejected.
    fn unreserve(&self, uid: &PodUid, pe: Option<&Pe>, failed: Option<&GangPlan>) {
        let held = pe.map(|pe| self.store.read(|cluster| cluster.reserved_of(&pe.job))).unwrap_or_default();
        let is_over =
            |other: &PodUid| other == uid || held.contains(other) || failed.is_some_and(|plan| plan.has(other));
        self.store.reservations().unreserve_all(is_over);
    }

    async fn bind(&self, arguments: &BindingArguments) -> VerbResponse {
        let (_, now) = clock();
        let known = || self.store.read(|cluster| cluster.pod(arguments.uid.as_str()).and_then(|(_, pe)| pe.cloned()));
        let pe = known();
        if let Some(pe) = &pe
            && let Some(problem) = self.stale_state()
        {
            tracing::warn!(pod = %pe.pod, problem, "not bound");
            telemetry::bind_conflict(Reason::StaleState.as_str());
            record_placement(pe, RequestOutcome::Error);
            self.store.reservations().unreserve(&arguments.uid);
            return (json(bind::response(Some(&problem))), RequestOutcome::Error);
        }
        let attempt = self.store.attempts().take(&arguments.uid);
        let outcome = self.binder.bind(arguments, attempt.as_ref(), now).await;
        let plan = attempt.as_ref().and_then(|attempt| attempt.gang_plan());
        self.unreserve(&arguments.uid, pe.as_deref(), plan.filter(|_| outcome.is_err()).map(|plan| &**plan));
        let result = match &outcome {
            Ok(_) => RequestOutcome::Bound,
            Err(BindFailure::Verification(_)) => RequestOutcome::Refused,
            Err(BindFailure::Superseded(_) | BindFailure::Contended | BindFailure::Write(WriteError::Conflict(_))) => {
                RequestOutcome::Conflict
            }
            Err(BindFailure::Write(_) | BindFailure::WatchBehind(_)) => RequestOutcome::Error,
        };
        // The watch may have delivered the pod during the bind.
        if let Some(pe) = pe.or_else(known) {
            record_placement(&pe, result);
        }
        let pod = format!("{}/{}", arguments.namespace, arguments.name);
        match outcome {
            Ok(BoundPod::ByThisRequest(binding)) => {
                let record = binding.record.as_ref().map(extender::Record::to_json).unwrap_or_default();
                tracing::info!(pod, node = %arguments.node, record, "bound");
                (json(bind::response(None)), result)
            }
            Ok(BoundPod::AlreadyBound) => (json(bind::response(None)), result),
            Err(failure) => {
                telemetry::bind_conflict(failure.as_str());
                tracing::warn!(pod, node = %arguments.node, %failure, "not bound");
                (json(bind::response(Some(&failure.to_string()))), result)
            }
        }
    }
}

fn record_placement(pe: &Pe, result: RequestOutcome) {
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

fn refuse(status: StatusCode, problem: &str) -> VerbResponse {
    tracing::warn!(status = status.as_u16(), problem, "a request of kube-scheduler cannot be answered");
    (text(status, problem), RequestOutcome::BadRequest)
}

#[expect(clippy::disallowed_methods, reason = "the clock is read once per request, here at the rim")]
fn clock() -> (Instant, Timestamp) {
    (Instant::now(), Timestamp::now())
}
