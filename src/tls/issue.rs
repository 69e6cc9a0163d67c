//! A certificate authority and a serving certificate, made on the spot.

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use time::{Duration, OffsetDateTime};

/// Clocks of two machines may differ: certificates are valid a little before they are made.
const BACK_DATED: Duration = Duration::minutes(10);
/// The authority outlives many serving certificates.
const AUTHORITY_LIFETIME: Duration = Duration::days(3_650);

/// A fresh authority and a serving certificate of it, in PEM.
#[derive(Clone)]
pub struct Issued {
    /// The certificate of the authority: what callers must trust.
    pub authority: String,
    /// The serving certificate.
    pub certificate: String,
    /// Its private key.
    pub key: String,
}

impl std::fmt::Debug for Issued {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Issued").finish_non_exhaustive()
    }
}

/// Makes an authority and a serving certificate (ECDSA P-256) for these names and addresses.
///
/// # Errors
/// [`rcgen::Error`] when a name can stand in no certificate.
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
    // RFC 5280 wants it, and strict clients (Python 3.13, `openssl verify -x509_strict`) refuse without.
    serving.use_authority_key_identifier_extension = true;
    let key = KeyPair::generate()?;
    let certificate = serving.signed_by(&key, &issuer)?;
    Ok(Issued { authority: authority_certificate.pem(), certificate: certificate.pem(), key: key.serialize_pem() })
}
