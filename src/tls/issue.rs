//! Issues a certificate authority, a serving certificate and the certificate of a caller.

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use time::{Duration, OffsetDateTime};

/// Certificates are valid from a little before their issue: clocks of two machines may differ.
const BACK_DATED: Duration = Duration::minutes(10);
/// The common name in the certificate of a caller.
const CALLER: &str = "kube-scheduler";
/// The authority outlives many serving certificates.
const AUTHORITY_LIFETIME: Duration = Duration::days(3_650);

/// A new authority and the certificates that it signed, in PEM.
#[derive(Clone)]
pub struct Issued {
    /// The certificate of the authority, which callers must trust.
    pub authority: String,
    /// The serving certificate.
    pub certificate: String,
    /// Its private key.
    pub key: String,
    /// The certificate of a caller, by which the server knows the caller.
    pub client: ClientPair,
}

/// The certificate of a caller, in PEM.
#[derive(Clone)]
pub struct ClientPair {
    /// The certificate.
    pub certificate: String,
    /// Its private key.
    pub key: String,
}

impl std::fmt::Debug for ClientPair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClientPair").finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Issued {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Issued").finish_non_exhaustive()
    }
}

/// Issues an authority, a serving certificate (ECDSA P-256) for these names and addresses, and the certificate of a caller.
///
/// # Errors
/// [`rcgen::Error`] when no certificate can hold a name.
pub fn issue(names: &[String], now: OffsetDateTime, lifetime: Duration) -> Result<Issued, rcgen::Error> {
    let mut authority = CertificateParams::default();
    authority.distinguished_name.push(DnType::CommonName, "outrigger");
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    authority.not_before = now - BACK_DATED;
    authority.not_after = now + AUTHORITY_LIFETIME;
    let authority_key = KeyPair::generate()?;
    let authority_certificate = authority.self_signed(&authority_key)?;
    let issuer = Issuer::new(authority, authority_key);

    let mut serving = CertificateParams::new(names)?;
    serving.distinguished_name.push(DnType::CommonName, names.first().map_or("outrigger", String::as_str));
    serving.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    serving.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    serving.not_before = now - BACK_DATED;
    serving.not_after = now + lifetime;
    // RFC 5280 requires it; strict clients (Python 3.13, `openssl verify -x509_strict`) refuse certificates without it.
    serving.use_authority_key_identifier_extension = true;
    let key = KeyPair::generate()?;
    let certificate = serving.signed_by(&key, &issuer)?;

    let mut caller = CertificateParams::default();
    caller.distinguished_name.push(DnType::CommonName, CALLER);
    caller.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    caller.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    caller.not_before = now - BACK_DATED;
    caller.not_after = now + lifetime;
    caller.use_authority_key_identifier_extension = true;
    let caller_key = KeyPair::generate()?;
    let client =
        ClientPair { certificate: caller.signed_by(&caller_key, &issuer)?.pem(), key: caller_key.serialize_pem() };
    Ok(Issued {
        authority: authority_certificate.pem(),
        certificate: certificate.pem(),
        key: key.serialize_pem(),
        client,
    })
}
