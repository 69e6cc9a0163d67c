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
    write_content(path, &content)
}

/// Writes a copy of a kubeconfig of [`write`] that reaches the API server at another address, and returns its path.
///
/// # Errors
///
/// Fails when a file cannot be read or written.
pub(crate) fn copy_for(server: SocketAddr, kubeconfig: &Path) -> Result<PathBuf> {
    let text = fs::read_to_string(kubeconfig).with_context(|| format!("cannot read `{}`", kubeconfig.display()))?;
    let mut content: Value = serde_json::from_str(&text)?;
    let address = content.pointer_mut("/clusters/0/cluster/server").context("it names no server")?;
    *address = json!(format!("https://{server}"));
    write_content(kubeconfig.with_extension(format!("{}.kubeconfig", server.port())), &content)
}

fn write_content(path: PathBuf, content: &Value) -> Result<PathBuf> {
    fs::write(&path, format!("{content:#}\n")).with_context(|| format!("cannot write `{}`", path.display()))?;
    Ok(path)
}
