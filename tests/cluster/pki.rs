//! Certificates and keys of one cluster: an authority, what it signs, and the keys of service-account tokens.
#![expect(clippy::disallowed_methods, reason = "writes the files that the control plane reads")]

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};

/// Two files that belong together.
#[derive(Debug, Clone)]
pub(crate) struct Pair {
    /// The certificate, or the public key where there is no certificate.
    pub(crate) certificate: PathBuf,
    /// The private key.
    pub(crate) key: PathBuf,
}

/// The authority that every program of a cluster trusts.
#[derive(Debug)]
pub(crate) struct Authority {
    folder: PathBuf,
    certificate: Certificate,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    /// Makes an authority whose files are written to `folder`.
    ///
    /// # Errors
    ///
    /// Fails when a file cannot be written.
    pub(crate) fn create(folder: &Path) -> Result<Self> {
        let mut parameters = CertificateParams::default();
        parameters.distinguished_name.push(DnType::CommonName, "outrigger-test-authority");
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        let key = KeyPair::generate()?;
        let certificate = parameters.self_signed(&key)?;
        let authority = Self { folder: folder.to_owned(), certificate, issuer: Issuer::new(parameters, key) };
        write(&authority.certificate_file(), &authority.certificate_pem())?;
        Ok(authority)
    }

    /// The file that holds the authority's certificate.
    pub(crate) fn certificate_file(&self) -> PathBuf {
        self.folder.join("authority.crt")
    }

    /// The authority's certificate, as a webhook registration's `caBundle` wants it before base64.
    pub(crate) fn certificate_pem(&self) -> String {
        self.certificate.pem()
    }

    /// The authority's certificate, as TLS clients want it.
    pub(crate) fn certificate_der(&self) -> Vec<u8> {
        self.certificate.der().to_vec()
    }

    /// A certificate for a server on 127.0.0.1, in `name.crt` and `name.key`.
    ///
    /// # Errors
    ///
    /// Fails when a file cannot be written.
    pub(crate) fn server(&self, name: &str) -> Result<Pair> {
        let mut parameters = CertificateParams::new(["127.0.0.1".to_owned(), "localhost".to_owned()])?;
        parameters.distinguished_name.push(DnType::CommonName, name);
        self.sign(name, parameters, ExtendedKeyUsagePurpose::ServerAuth)
    }

    /// A certificate for a user of the API server, in `name.crt` and `name.key`.
    ///
    /// # Errors
    ///
    /// Fails when a file cannot be written.
    pub(crate) fn client(&self, name: &str, user: &str, group: Option<&str>) -> Result<Pair> {
        let mut parameters = CertificateParams::default();
        parameters.distinguished_name.push(DnType::CommonName, user);
        if let Some(group) = group {
            parameters.distinguished_name.push(DnType::OrganizationName, group);
        }
        self.sign(name, parameters, ExtendedKeyUsagePurpose::ClientAuth)
    }

    fn sign(&self, name: &str, mut parameters: CertificateParams, usage: ExtendedKeyUsagePurpose) -> Result<Pair> {
        parameters.extended_key_usages = vec![usage];
        parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        parameters.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate()?;
        let certificate = parameters.signed_by(&key, &self.issuer)?;
        store(&self.folder, name, &certificate.pem(), &key)
    }
}

/// The keys with which the API server signs and checks service-account tokens.
///
/// # Errors
///
/// Fails when a file cannot be written.
pub(crate) fn service_account_keys(folder: &Path) -> Result<Pair> {
    let key = KeyPair::generate()?;
    store(folder, "service-account", &key.public_key_pem(), &key)
}

fn store(folder: &Path, name: &str, certificate: &str, key: &KeyPair) -> Result<Pair> {
    let pair = Pair { certificate: folder.join(format!("{name}.crt")), key: folder.join(format!("{name}.key")) };
    write(&pair.certificate, certificate)?;
    write(&pair.key, &key.serialize_pem())?;
    Ok(pair)
}

fn write(path: &Path, content: &str) -> Result<()> {
    fs::write(path, content).with_context(|| format!("cannot write `{}`", path.display()))
}
