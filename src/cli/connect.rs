//! The connection to the API server.

use std::path::Path;
use std::time::Duration;

use kube::config::{KubeConfigOptions, Kubeconfig, KubeconfigError};

/// Why no connection can be made.
#[derive(Debug, thiserror::Error)]
pub(super) enum ClientError {
    /// The kubeconfig file cannot be used.
    #[error("kubeconfig {path}: {source}")]
    Kubeconfig { path: String, source: KubeconfigError },
    /// Neither a kubeconfig nor a service account was found.
    #[error("no way to the API server: {0}; give --kubeconfig FILE, or run in a pod with a service account")]
    Infer(#[from] kube::config::InferConfigError),
    /// No client can be made of the configuration.
    #[error("the client for the API server cannot be built: {0}")]
    Client(#[from] kube::Error),
}

/// Connects by a kubeconfig file; without one, by `KUBECONFIG`, the home folder, or the service account of the pod.
pub(super) async fn connect(kubeconfig: Option<&Path>) -> Result<kube::Client, ClientError> {
    let mut config = match kubeconfig {
        None => kube::Config::infer().await?,
        Some(path) => {
            let named = |source| ClientError::Kubeconfig { path: path.display().to_string(), source };
            let file = Kubeconfig::read_from(path).map_err(named)?;
            kube::Config::from_custom_kubeconfig(file, &KubeConfigOptions::default()).await.map_err(named)?
        }
    };
    // By default the client retries an answer 503 for up to 15 minutes; each caller here has its own deadline.
    config.default_retry = false;
    config.connect_timeout = Some(Duration::from_secs(5));
    Ok(kube::Client::try_from(config)?)
}
