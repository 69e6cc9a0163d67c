//! Files that say who talks to which API server.
#![expect(clippy::disallowed_methods, reason = "writes the files that clients of the control plane read")]

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::pki::Pair;

/// How a client shows who it is.
#[derive(Debug)]
pub(crate) enum Credentials {
    /// A client certificate: user and group are its common name and organisation.
    Certificate(Pair),
    /// A bearer token of a service account.
    Token(String),
}

/// Writes a kubeconfig and returns its path. JSON is YAML, so no YAML is written.
///
/// # Errors
///
/// Fails when the file cannot be written.
pub(crate) fn write(path: PathBuf, server: SocketAddr, authority: &Path, credentials: &Credentials) -> Result<PathBuf> {
    let user = match credentials {
        Credentials::Certificate(pair) => json!({ "client-certificate": pair.certificate, "client-key": pair.key }),
        Credentials::Token(token) => json!({ "token": token }),
    };
    let cluster = json!({ "server": format!("https://{server}"), "certificate-authority": authority });
    let content: Value = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{ "name": "test", "cluster": cluster }],
        "users": [{ "name": "test", "user": user }],
        "contexts": [{ "name": "test", "context": { "cluster": "test", "user": "test" } }],
        "current-context": "test",
    });
    fs::write(&path, format!("{content:#}\n")).with_context(|| format!("cannot write `{}`", path.display()))?;
    Ok(path)
}
