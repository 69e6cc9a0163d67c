//! Measurements from the HTTP API of a Prometheus.
//!
//! | file | holds |
//! |---|---|
//! | [`source`] | the queries of a policy, asked at each step and for the past |
//! | [`client`] | one request: TLS, token, time-out, bounded answer |
//! | [`answer`] | an answer to series, within bounds |

mod answer;
mod client;
mod source;

pub(super) use source::PrometheusSource;
