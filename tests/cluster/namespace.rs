//! Namespaces and service accounts.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use k8s_openapi::api::core::v1::{Namespace, ServiceAccount};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::PostParams;
use kube::{Api, Client};

use super::control_plane::{Cluster, READY};
use super::kubeconfig::Credentials;
use super::wait::until;

impl Cluster {
    /// Makes a namespace and waits until pods can be created in it.
    ///
    /// # Errors
    ///
    /// Fails when the namespace exists.
    pub(crate) async fn create_namespace(&self, name: &str) -> Result<()> {
        self.create_labelled_namespace(name, &[]).await
    }

    /// Makes a namespace with labels and waits until pods can be created in it.
    ///
    /// # Errors
    ///
    /// Fails when the namespace exists.
    pub(crate) async fn create_labelled_namespace(&self, name: &str, labels: &[(&str, &str)]) -> Result<()> {
        let client = self.client().await?;
        let labels = labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let metadata = ObjectMeta { name: Some(name.to_owned()), labels: Some(labels), ..ObjectMeta::default() };
        let namespace = Namespace { metadata, ..Namespace::default() };
        Api::all(client.clone()).create(&PostParams::default(), &namespace).await?;
        until(&format!("namespace {name} takes pods"), READY, async || check(&client, name).await).await
    }

    /// A kubeconfig with the rights of a service account, and no others.
    ///
    /// # Errors
    ///
    /// Fails when the service account does not exist.
    pub(crate) async fn service_account_kubeconfig(&self, namespace: &str, name: &str) -> Result<PathBuf> {
        let arguments = ["create", "token", name, "--namespace", namespace, "--duration", "24h"];
        let token = self.kubectl().run(&arguments).await?.trim().to_owned();
        self.write_kubeconfig(&format!("{namespace}.{name}"), &Credentials::Token(token))
    }
}

/// Fails until pods can be created in a namespace: admission wants its default service account, which the controller
/// manager makes.
///
/// # Errors
///
/// Fails while there is none.
pub(crate) async fn check(client: &Client, namespace: &str) -> Result<()> {
    let accounts: Api<ServiceAccount> = Api::namespaced(client.clone(), namespace);
    accounts.get("default").await.map(drop).with_context(|| format!("service account `default` in {namespace}"))
}
