//! What `outrigger certs` writes: with rustls and with openssl, readable by its owner alone.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use assert_cmd::Command;
use outrigger::tls::ServingCertificate;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConnection, StreamOwned};

const SERVICE: [&str; 4] = ["--service", "outrigger-webhook", "--namespace", "outrigger-system"];

fn certs(folder: &Path, arguments: &[&str]) {
    let mut command = Command::cargo_bin("outrigger").unwrap();
    command.arg("certs").args(arguments).arg("--out").arg(folder).assert().code(0).stderr("");
}

fn openssl(arguments: &[&str], folder: &Path) -> String {
    let output = std::process::Command::new("openssl").args(arguments).current_dir(folder).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "openssl {arguments:?}: {said}");
    said
}

/// The client's side of TLS that trusts what is in `folder`.
fn trusting(folder: &Path) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(folder.join("ca.crt")).unwrap()).unwrap();
    ClientConfig::builder_with_provider(Arc::new(outrigger::tls::provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth()
}

/// One connection from a client that trusts `client` to a server that serves `server`: what it hears, or what goes
/// wrong.
fn greet(server: &Path, client: &Path, name: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let certificate =
        ServingCertificate::from_files("admission", server.join("tls.crt"), server.join("tls.key")).unwrap();
    let config = Arc::new(certificate.server_config().unwrap());
    let serving = std::thread::spawn(move || {
        let (socket, _) = listener.accept().unwrap();
        let mut stream = StreamOwned::new(ServerConnection::new(config).unwrap(), socket);
        // A client that refuses the certificate breaks off here.
        drop(stream.write_all(b"ahoy"));
        drop(stream.flush());
    });
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let connection = ClientConnection::new(Arc::new(trusting(client)), name).unwrap();
    let mut stream = StreamOwned::new(connection, TcpStream::connect(address).unwrap());
    let mut heard = [0; 4];
    let outcome = stream.read_exact(&mut heard);
    drop(stream);
    serving.join().unwrap();
    outcome.map_or_else(|error| error.to_string(), |()| String::from_utf8_lossy(&heard).into_owned())
}

#[test]
fn openssl_verifies_them_for_every_name_of_the_service() {
    let folder = tempfile::tempdir().unwrap();
    certs(folder.path(), &[&SERVICE[..], &["--name", "127.0.0.1", "--days", "30"]].concat());
    for name in ["outrigger-webhook.outrigger-system.svc", "outrigger-webhook.outrigger-system.svc.cluster.local"] {
        openssl(&["verify", "-x509_strict", "-CAfile", "ca.crt", "-verify_hostname", name, "tls.crt"], folder.path());
    }
    openssl(&["verify", "-CAfile", "ca.crt", "-verify_ip", "127.0.0.1", "tls.crt"], folder.path());
    let key = openssl(&["pkey", "-in", "tls.key", "-pubout"], folder.path());
    assert_eq!(key, openssl(&["x509", "-in", "tls.crt", "-noout", "-pubkey"], folder.path()), "they belong together");
    openssl(&["x509", "-in", "tls.crt", "-noout", "-checkend", &(29 * 86_400).to_string()], folder.path());
    let text = openssl(&["x509", "-in", "tls.crt", "-noout", "-text"], folder.path());
    assert!(text.contains("TLS Web Server Authentication") && !text.contains("CA:TRUE"), "{text}");
}

#[test]
fn rustls_serves_and_trusts_them() {
    let folder = tempfile::tempdir().unwrap();
    certs(folder.path(), &SERVICE);
    assert_eq!(greet(folder.path(), folder.path(), "outrigger-webhook.outrigger-system.svc"), "ahoy");
    let wrong_name = greet(folder.path(), folder.path(), "elsewhere.svc");
    assert!(wrong_name.contains("not valid for name"), "{wrong_name}");
}

#[test]
fn another_authority_is_not_trusted() {
    let (ours, theirs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    certs(ours.path(), &SERVICE);
    certs(theirs.path(), &SERVICE);
    let rejected = greet(ours.path(), theirs.path(), "outrigger-webhook.outrigger-system.svc");
    assert!(rejected.contains("invalid peer certificate"), "{rejected}");
}

#[test]
fn the_key_is_for_its_owner_also_where_a_file_was_there() {
    let folder = tempfile::tempdir().unwrap();
    let mode = |name: &str| std::fs::metadata(folder.path().join(name)).unwrap().permissions().mode() & 0o777;
    std::fs::write(folder.path().join("tls.key"), "an older key, readable by all").unwrap();
    assert_ne!(mode("tls.key"), 0o600);
    certs(folder.path(), &["--name", "localhost"]);
    assert_eq!((mode("tls.key"), mode("tls.crt"), mode("ca.crt")), (0o600, 0o644, 0o644));
    let key = std::fs::read_to_string(folder.path().join("tls.key")).unwrap();
    assert!(key.starts_with("-----BEGIN PRIVATE KEY-----") && !key.contains("older"), "{key}");
}
