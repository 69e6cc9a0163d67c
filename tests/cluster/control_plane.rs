//! The programs that every test needs: etcd, kube-apiserver, kube-controller-manager and KWOK, started and ready.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};

use super::binaries::Binaries;
use super::folder::Folder;
use super::keeper::bound_to_us;
use super::kubeconfig::{self, Credentials};
use super::kubectl::Kubectl;
use super::pki::{self, Authority, Pair};
use super::ports::free_address;
use super::probe::Probe;
use super::process::Process;

/// How long a program may take until it is ready, on a machine that does other things too.
pub(crate) const READY: Duration = Duration::from_secs(90);

/// A running control plane. Fields are dropped in this order: clients before servers, etcd last (an API server that
/// loses etcd hangs), and the folder after all who write to it.
#[derive(Debug)]
pub(crate) struct Cluster {
    kwok: Process,
    controller_manager: Process,
    api_server: Process,
    etcd: Process,
    site: Site,
}

/// What is there before any program runs: programs, files, addresses.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) binaries: Binaries,
    pub(crate) authority: Authority,
    pub(crate) serving: Pair,
    pub(crate) admin: PathBuf,
    api: SocketAddr,
    folder: Folder,
}

impl Cluster {
    /// Starts a control plane without scheduler and nodes, and waits until pods can be created.
    ///
    /// # Errors
    ///
    /// Says to run `make kube` when the programs are missing; names the log of a program that does not come up.
    pub(crate) async fn start() -> Result<Self> {
        let site = Site::prepare(Binaries::locate()?)?;
        match site.start_programs().await {
            Ok([etcd, api_server, controller_manager, kwok]) => {
                Ok(Self { kwok, controller_manager, api_server, etcd, site })
            }
            Err(error) => {
                site.folder.keep();
                Err(error)
            }
        }
    }

    /// A new client with all rights. It belongs to the runtime in which it is made, so it is not kept.
    ///
    /// # Errors
    ///
    /// Fails when the client cannot be made.
    pub(crate) async fn client(&self) -> Result<Client> {
        client(&self.site.admin).await
    }

    /// Where the API server listens.
    pub(crate) const fn api_address(&self) -> SocketAddr {
        self.site.api
    }

    /// The kubeconfig of a user with all rights.
    pub(crate) fn kubeconfig(&self) -> &Path {
        &self.site.admin
    }

    /// kubectl with all rights.
    pub(crate) fn kubectl(&self) -> Kubectl {
        self.kubectl_as(&self.site.admin)
    }

    /// kubectl with the rights of a kubeconfig.
    pub(crate) fn kubectl_as(&self, kubeconfig: &Path) -> Kubectl {
        Kubectl::new(self.site.binaries.path("kubectl"), kubeconfig)
    }

    /// Who signs this cluster's certificates; webhooks need certificates of it.
    pub(crate) const fn authority(&self) -> &Authority {
        &self.site.authority
    }

    /// The folder of configuration and logs; tests may add files.
    pub(crate) fn folder(&self) -> &Path {
        self.site.folder.path()
    }

    /// Keeps the logs when the cluster ends, also without a panic.
    pub(crate) fn keep_logs(&self) {
        self.site.folder.keep();
    }

    /// Writes the kubeconfig `name.kubeconfig` for this cluster's API server.
    ///
    /// # Errors
    ///
    /// Fails when the file cannot be written.
    pub(crate) fn write_kubeconfig(&self, name: &str, credentials: &Credentials) -> Result<PathBuf> {
        self.site.write_kubeconfig(name, credentials)
    }

    /// The ids of the processes that run for this cluster.
    pub(crate) fn process_ids(&self) -> Vec<u32> {
        [&self.kwok, &self.controller_manager, &self.api_server, &self.etcd]
            .into_iter()
            .filter_map(Process::id)
            .collect()
    }

    /// The controller manager: stateful sets, garbage collection and the like.
    pub(crate) const fn controller_manager(&self) -> &Process {
        &self.controller_manager
    }

    /// KWOK: it plays the kubelets.
    pub(crate) const fn kwok(&self) -> &Process {
        &self.kwok
    }

    pub(crate) const fn site(&self) -> &Site {
        &self.site
    }
}

impl Site {
    fn prepare(binaries: Binaries) -> Result<Self> {
        let folder = Folder::create()?;
        let authority = Authority::create(folder.path())?;
        let serving = authority.server("serving")?;
        let administrator = authority.client("admin", "admin", Some("system:masters"))?;
        let api = free_address()?;
        let mut site = Self { binaries, authority, serving, admin: PathBuf::new(), api, folder };
        site.admin = site.write_kubeconfig("admin", &Credentials::Certificate(administrator))?;
        Ok(site)
    }

    fn write_kubeconfig(&self, name: &str, credentials: &Credentials) -> Result<PathBuf> {
        let path = self.folder.path().join(format!("{name}.kubeconfig"));
        kubeconfig::write(path, self.api, &self.authority.certificate_file(), credentials)
    }

    async fn start_programs(&self) -> Result<[Process; 4]> {
        let keys = pki::service_account_keys(self.folder.path())?;
        let (etcd, etcd_address) = self.start_etcd().await?;
        let mut api_server = self.start_api_server(etcd_address, &keys)?;
        let api = Probe::https(self.api, &self.authority)?;
        api_server.ready(READY, async || api.check("/readyz").await).await?;
        let mut controller_manager = self.start_controller_manager(&keys)?;
        let (mut kwok, kwok_address) = self.start_kwok()?;
        let client = client(&self.admin).await?;
        controller_manager.ready(READY, async || super::namespace::check(&client, "default").await).await?;
        let kwok_probe = Probe::http(kwok_address)?;
        kwok.ready(READY, async || kwok_probe.check("/healthz").await).await?;
        Ok([etcd, api_server, controller_manager, kwok])
    }

    async fn start_etcd(&self) -> Result<(Process, SocketAddr)> {
        let address = free_address()?;
        let (clients, peers) = (format!("http://{address}"), format!("http://{}", free_address()?));
        let mut command = bound_to_us(self.binaries.path("etcd"));
        command.arg("--data-dir").arg(self.folder.path().join("etcd"));
        // the data of a test are worth nothing after a crash
        command.arg("--unsafe-no-fsync");
        command.args(["--listen-client-urls", &clients, "--advertise-client-urls", &clients]);
        command.args(["--listen-peer-urls", &peers, "--initial-advertise-peer-urls", &peers]);
        command.arg(format!("--initial-cluster=default={peers}"));
        let mut etcd = Process::start("etcd", command, self.folder.path())?;
        let probe = Probe::http(address)?;
        etcd.ready(READY, async || probe.check("/health").await).await?;
        Ok((etcd, address))
    }

    fn start_api_server(&self, etcd: SocketAddr, keys: &Pair) -> Result<Process> {
        let mut command = bound_to_us(self.binaries.path("kube-apiserver"));
        command.arg(format!("--etcd-servers=http://{etcd}"));
        command.args(["--bind-address=127.0.0.1", &format!("--secure-port={}", self.api.port())]);
        command.arg("--tls-cert-file").arg(&self.serving.certificate);
        command.arg("--tls-private-key-file").arg(&self.serving.key);
        command.arg("--client-ca-file").arg(self.authority.certificate_file());
        command.arg("--service-account-key-file").arg(&keys.certificate);
        command.arg("--service-account-signing-key-file").arg(&keys.key);
        command.arg(format!("--service-account-issuer=https://{}", self.api));
        command.args(["--authorization-mode=Node,RBAC", "--service-cluster-ip-range=10.0.0.0/16"]);
        // 127.0.0.1 is no valid endpoint of the service `kubernetes`, and nobody here uses that service
        command.args(["--advertise-address=127.0.0.1", "--endpoint-reconciler-type=none"]);
        Process::start("kube-apiserver", command, self.folder.path())
    }

    fn start_controller_manager(&self, keys: &Pair) -> Result<Process> {
        let mut command = bound_to_us(self.binaries.path("kube-controller-manager"));
        command.arg("--kubeconfig").arg(&self.admin);
        command.arg("--service-account-private-key-file").arg(&keys.key);
        command.arg("--root-ca-file").arg(self.authority.certificate_file());
        command.args(["--leader-elect=false", "--kube-api-qps=500", "--kube-api-burst=1000"]);
        self.serve_at(&mut command, free_address()?);
        Process::start("kube-controller-manager", command, self.folder.path())
    }

    fn start_kwok(&self) -> Result<(Process, SocketAddr)> {
        let address = free_address()?;
        let mut command = bound_to_us(self.binaries.path("kwok"));
        command.arg("--kubeconfig").arg(&self.admin).arg("--server-address").arg(address.to_string());
        command.args(["--manage-all-nodes=true", "--node-ip=127.0.0.1", "--cidr=10.244.0.0/16"]);
        // 0 is the default: nodes would be taken for dead after 50 seconds
        command.arg("--node-lease-duration-seconds=40");
        for stage in self.binaries.stages()? {
            command.arg("--config").arg(stage);
        }
        Ok((Process::start("kwok", command, self.folder.path())?, address))
    }

    /// Flags of a program that serves its health over TLS.
    pub(crate) fn serve_at(&self, command: &mut std::process::Command, address: SocketAddr) {
        command.args(["--bind-address=127.0.0.1", &format!("--secure-port={}", address.port())]);
        command.arg("--tls-cert-file").arg(&self.serving.certificate);
        command.arg("--tls-private-key-file").arg(&self.serving.key);
    }
}

/// A client with the rights of a kubeconfig.
///
/// # Errors
///
/// Fails when the file cannot be read.
pub(crate) async fn client(kubeconfig: &Path) -> Result<Client> {
    let content = Kubeconfig::read_from(kubeconfig).context("cannot read the kubeconfig")?;
    let config = Config::from_custom_kubeconfig(content, &KubeConfigOptions::default()).await?;
    Ok(Client::try_from(config)?)
}
