//! TLS for every adapter: rustls on `ring`, whatever the process's default provider is.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, OtherError, RootCertStore, SignatureScheme};

use crate::domain::fault::{Fault, FaultKind};

/// Whom to trust and who we are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tls {
    /// Trusted authorities, PEM; they replace the system's. A server's own certificate may stand here, too.
    pub ca: Option<PathBuf>,
    /// Our certificate and its key, PEM.
    pub client: Option<(PathBuf, PathBuf)>,
}

impl Tls {
    /// A client configuration that verifies the server's certificate and name.
    pub fn config(&self) -> Result<ClientConfig, Fault> {
        let verified = match &self.ca {
            None => builder()?.with_root_certificates(system_roots()?),
            Some(ca) => builder()?.dangerous().with_custom_certificate_verifier(Arc::new(Named::read(ca)?)),
        };
        match &self.client {
            None => Ok(verified.with_no_client_auth()),
            Some((cert, key)) => {
                let (chain, key) = (certificates(cert)?, private_key(key)?);
                verified.with_client_auth_cert(chain, key).map_err(|e| fault(cert, &e))
            }
        }
    }
}

/// How a database's connection is protected, in `sslmode`'s words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum TlsMode {
    /// Not at all.
    #[default]
    Disable,
    /// Encrypted, but with whoever answers.
    Require,
    /// Encrypted, with a server whose certificate and name are verified.
    VerifyFull(Tls),
}

/// A configuration that encrypts and asks nobody who he is: `sslmode=require`.
pub(crate) fn unverified() -> Result<ClientConfig, Fault> {
    let anybody = Arc::new(Anybody(provider()));
    Ok(builder()?.dangerous().with_custom_certificate_verifier(anybody).with_no_client_auth())
}

/// Accepts every certificate, but checks that the server holds its key.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// Verifies as always, and trusts a server whose own certificate is one of the named ones. What `openssl req -x509` makes says of
/// itself that it is an authority, which the rules of the web want no server to be; for curl and Go it is good enough.
#[derive(Debug)]
struct Named {
    by_authority: Arc<WebPkiServerVerifier>,
    named: Vec<CertificateDer<'static>>,
}

impl Named {
    fn read(path: &Path) -> Result<Self, Fault> {
        let named = certificates(path)?;
        let mut roots = RootCertStore::empty();
        for certificate in &named {
            roots.add(certificate.clone()).map_err(|e| fault(path, &e))?;
        }
        let by_authority = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider());
        Ok(Self { by_authority: by_authority.build().map_err(|e| fault(path, &e))?, named })
    }
}

/// Whether a certificate was refused for calling itself an authority, and for nothing else: its dates are looked at before.
fn is_authority(error: &rustls::Error) -> bool {
    let rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(cause))) = error else { return false };
    format!("{cause:?}") == "CaUsedAsEndEntity"
}

impl ServerCertVerifier for Named {
    fn verify_server_cert(
        &self,
        server: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        match self.by_authority.verify_server_cert(server, chain, name, ocsp, now) {
            Err(error) if is_authority(&error) && self.named.iter().any(|named| named == server) => {
                verify_server_name(&ParsedCertificate::try_from(server)?, name)?;
                Ok(ServerCertVerified::assertion())
            }
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.by_authority.verify_tls12_signature(message, cert, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.by_authority.verify_tls13_signature(message, cert, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.by_authority.supported_verify_schemes()
    }
}

/// A configuration that trusts nobody, for connections that use no TLS.
pub(crate) fn unused() -> Result<ClientConfig, Fault> {
    Ok(builder()?.with_root_certificates(RootCertStore::empty()).with_no_client_auth())
}

type Builder = rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier>;

fn builder() -> Result<Builder, Fault> {
    ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|e| Fault::new(FaultKind::Tls, e.to_string()))
}

/// The only provider midwatch links.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

fn system_roots() -> Result<RootCertStore, Fault> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        return Err(Fault::new(
            FaultKind::Tls,
            "no trusted authorities found on this system: install ca-certificates or name a CA",
        ));
    }
    Ok(roots)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Fault> {
    let all: Result<Vec<_>, _> = CertificateDer::pem_file_iter(path).map_err(|e| fault(path, &e))?.collect();
    let all = all.map_err(|e| fault(path, &e))?;
    if all.is_empty() { Err(fault(path, &"holds no certificate")) } else { Ok(all) }
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, Fault> {
    PrivateKeyDer::from_pem_file(path).map_err(|e| fault(path, &e))
}

pub(crate) fn fault(path: &Path, why: &dyn std::fmt::Display) -> Fault {
    Fault::new(FaultKind::Tls, format!("{}: {why}", path.display()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_missing_authority_is_named() {
        let tls = Tls { ca: Some("/nowhere/ca.pem".into()), client: None };
        let fault = tls.config().unwrap_err();
        assert_eq!(fault.kind, FaultKind::Tls);
        assert!(fault.detail.starts_with("/nowhere/ca.pem: "), "{fault}");
    }

    #[test]
    fn a_file_without_certificates_is_no_authority() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let tls = Tls { ca: Some(file.path().into()), client: None };
        assert!(tls.config().unwrap_err().detail.contains("holds no certificate"));
    }
}
