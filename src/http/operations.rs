//! Health, readiness and metrics. They have listeners and workers of their own, so that they answer under any load.

use std::fmt;
use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{self, Data, ServiceConfig};
use metrics_exporter_prometheus::PrometheusHandle;

use super::answer::text;

/// An error names what is not ready yet.
pub type Readiness = Arc<dyn Fn() -> Result<(), String> + Send + Sync>;

/// What the endpoints for operations answer from.
#[derive(Clone)]
pub struct Operations {
    /// Renders the metrics.
    pub metrics: PrometheusHandle,
    /// Brings gauges up to date before they are rendered.
    pub refresh: Arc<dyn Fn() + Send + Sync>,
    /// Whether the process can answer requests.
    pub readiness: Readiness,
}

impl fmt::Debug for Operations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Operations").finish_non_exhaustive()
    }
}

/// Health and readiness.
pub(super) fn health_routes(config: &mut ServiceConfig) {
    config
        .service(web::resource("/livez").route(web::get().to(livez)))
        .service(web::resource("/readyz").route(web::get().to(readyz)));
}

pub(super) fn routes(config: &mut ServiceConfig) {
    health_routes(config);
    config.service(web::resource("/metrics").route(web::get().to(metrics)));
}

async fn livez() -> &'static str {
    "ok\n"
}

async fn readyz(operations: Data<Operations>) -> HttpResponse {
    match (operations.readiness)() {
        Ok(()) => text(StatusCode::OK, "ok\n"),
        Err(missing) => text(StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {missing}\n")),
    }
}

async fn metrics(operations: Data<Operations>) -> HttpResponse {
    (operations.refresh)();
    HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(operations.metrics.render())
}
