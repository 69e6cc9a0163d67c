//! `outrigger certs`.

use std::path::{Path, PathBuf};

use time::{Duration, OffsetDateTime};

use super::CommandError;
use super::output::print;
use crate::tls;

/// Issue a certificate authority, a serving certificate and, with --client, the certificate of a caller
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  outrigger certs --service outrigger-webhook --namespace outrigger-system --out certs/webhook
  outrigger certs --name extender.example --client --out certs/extender

The command writes ca.crt, tls.crt and tls.key; only the owner can read tls.key. It does not keep the key of the authority:
each run issues a new authority.")]
pub(super) struct Arguments {
    /// Service that presents the certificate; the certificate holds every DNS name of the Service
    #[arg(long, requires = "namespace")]
    service: Option<String>,
    /// Namespace of the Service
    #[arg(long)]
    namespace: Option<String>,
    /// Another DNS name or IP address; may be repeated
    #[arg(long = "name", value_name = "NAME")]
    names: Vec<String>,
    /// Days for which the serving certificate is valid
    #[arg(long, default_value_t = 365, value_parser = clap::value_parser!(u16).range(1..=3_650))]
    days: u16,
    /// Also writes client.crt and client.key: the certificate by which the extender knows kube-scheduler
    #[arg(long)]
    client: bool,
    /// Folder for the files; created if it does not exist
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), CommandError> {
    let mut names = Vec::new();
    if let (Some(service), Some(namespace)) = (&arguments.service, &arguments.namespace) {
        for suffix in ["svc", "svc.cluster.local"] {
            names.push(format!("{service}.{namespace}.{suffix}"));
        }
        names.extend([format!("{service}.{namespace}"), service.clone()]);
    }
    names.extend(arguments.names.iter().cloned());
    if names.is_empty() {
        return Err(CommandError::input(
            "no name is given: name at least one by --service with --namespace, or by --name",
        ));
    }
    let lifetime = Duration::days(i64::from(arguments.days));
    let issued = tls::issue(&names, OffsetDateTime::now_utc(), lifetime).map_err(CommandError::input)?;
    let failed = |path: &Path| {
        let path = path.display().to_string();
        move |error: std::io::Error| CommandError::failed(format!("{path}: {error}"))
    };
    std::fs::create_dir_all(&arguments.out).map_err(failed(&arguments.out))?;
    let mut files = vec![
        ("ca.crt", &issued.authority, 0o644),
        ("tls.crt", &issued.certificate, 0o644),
        ("tls.key", &issued.key, 0o600),
    ];
    if arguments.client {
        files.extend([("client.crt", &issued.client.certificate, 0o644), ("client.key", &issued.client.key, 0o600)]);
    }
    for (name, text, mode) in files {
        let path = arguments.out.join(name);
        write(&path, text, mode).map_err(failed(&path))?;
        print(&format!("{}\n", path.display()))?;
    }
    Ok(())
}

/// Writes a file with its mode from the start, so that nobody else can read the key meanwhile.
fn write(path: &Path, text: &str, mode: u32) -> std::io::Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
    let mut file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(path)?;
    // Opening an existing file does not change its mode.
    file.set_permissions(std::fs::Permissions::from_mode(mode))?;
    file.write_all(text.as_bytes())
}
