//! The bodies of answers.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, HttpResponseBuilder};

/// A JSON document.
pub(super) fn json(status: StatusCode, body: Vec<u8>) -> HttpResponse {
    HttpResponseBuilder::new(status).content_type("application/json").body(body)
}

/// A text for people.
pub(super) fn text(status: StatusCode, body: impl Into<String>) -> HttpResponse {
    HttpResponseBuilder::new(status).content_type("text/plain; charset=utf-8").body(body.into())
}
