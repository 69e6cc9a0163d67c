//! One GET over HTTP or HTTPS: readiness and metrics of any program.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Result;
use kube::{Client, Config};

use super::pki::Authority;

/// A listener that is asked without credentials.
#[derive(Clone)]
pub(crate) struct Probe {
    client: Client,
}

impl Probe {
    /// A listener without TLS.
    ///
    /// # Errors
    ///
    /// Fails when the client cannot be made.
    pub(crate) fn http(address: SocketAddr) -> Result<Self> {
        Self::new(Config::new(format!("http://{address}").parse()?))
    }

    /// A listener whose certificate the cluster's authority has signed.
    ///
    /// # Errors
    ///
    /// Fails when the client cannot be made.
    pub(crate) fn https(address: SocketAddr, authority: &Authority) -> Result<Self> {
        let mut config = Config::new(format!("https://{address}").parse()?);
        config.root_cert = Some(vec![authority.certificate_der()]);
        Self::new(config)
    }

    fn new(mut config: Config) -> Result<Self> {
        // one that does not answer in this time is not ready
        config.read_timeout = Some(Duration::from_secs(5));
        Ok(Self { client: Client::try_from(config)? })
    }

    /// The body of an answer.
    ///
    /// # Errors
    ///
    /// Fails when there is no answer, or a status other than success.
    pub(crate) async fn get(&self, path: &str) -> Result<String> {
        let request = hyper::Request::get(path).body(Vec::new())?;
        Ok(self.client.request_text(request).await?)
    }

    /// Fails until the answer to a GET is a success.
    ///
    /// # Errors
    ///
    /// As [`Self::get`].
    pub(crate) async fn check(&self, path: &str) -> Result<()> {
        self.get(path).await.map(drop)
    }
}
