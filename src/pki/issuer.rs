//! An issuer: a private key and the certificate of its public key.

use der::{Decode, Encode};
use rcgen::{CertificateParams, KeyIdMethod, PublicKeyData, SignatureAlgorithm, SigningKey};
use x509_cert::{
    Certificate,
    ext::{
        Extension,
        pkix::{AuthorityKeyIdentifier, BasicConstraints, KeyUsage, SubjectKeyIdentifier},
    },
    name::Name,
};

use crate::{
    Asked, Key, PublicKey, UnixSeconds, encode, failure::Failure, public_key::WeakKey, text::hexadecimal,
};

/// An authority that signs certificates, revocation lists and OCSP answers.
#[derive(Debug)]
pub struct Issuer {
    key: Key,
    pub(crate) certificate: Facts,
    /// The URL under which the paths `/pki/...` of this server are reached.
    base: Option<String>,
}

/// What we need to know about the certificate of an authority.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    pub(crate) der: Vec<u8>,
    pub(crate) serial: Vec<u8>,
    pub(crate) subject: Name,
    pub(crate) issuer: Name,
    pub(crate) not_before: UnixSeconds,
    pub(crate) not_after: UnixSeconds,
    pub(crate) key_id: Vec<u8>,
    pub(crate) public_key: PublicKey,
    /// How many authorities there may be between this one and a leaf; `None` if that is not limited.
    pub(crate) path_length: Option<u8>,
}

/// A certificate is not one of an authority that could issue for us.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IssuerError {
    /// The bytes are no certificate.
    #[error("the certificate cannot be read: {0}")]
    Unreadable(String),
    /// The names or extensions are not in the form that we would write, so we could not repeat them exactly.
    #[error("the name of the authority is not in DER, so certificates could not repeat it exactly")]
    Name,
    /// The certificate is not one of an authority.
    #[error("the certificate is not one of an authority: it must have the basic constraint CA:TRUE")]
    NoAuthority,
    /// The key may not sign what it would have to sign.
    #[error(
        "the key usage of the certificate must allow to sign certificates and revocation lists (keyCertSign, cRLSign)"
    )]
    Usage,
    /// We do not accept the key of the certificate.
    #[error("the key of the certificate: {0}")]
    Key(#[from] WeakKey),
    /// The private key is for another certificate.
    #[error("the private key does not belong to the certificate")]
    OtherKey,
}

/// A key whose signature is left out, since what it would sign still changes.
struct Unsigned<'a>(&'a Key);

impl PublicKeyData for Unsigned<'_> {
    fn der_bytes(&self) -> &[u8] {
        self.0.der_bytes()
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        self.0.algorithm()
    }
}

impl SigningKey for Unsigned<'_> {
    fn sign(&self, _: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        Ok(Vec::new())
    }
}

impl Facts {
    pub(crate) fn read(der: &[u8]) -> Result<Self, IssuerError> {
        let unreadable = |error: der::Error| IssuerError::Unreadable(error.to_string());
        let certificate = Certificate::from_der(der).map_err(unreadable)?;
        if certificate.to_der().map_err(unreadable)? != der {
            return Err(IssuerError::Name);
        }
        let tbs = certificate.tbs_certificate;
        let (_, constraints) = tbs
            .get::<BasicConstraints>()
            .map_err(unreadable)?
            .ok_or(IssuerError::NoAuthority)?;
        if !constraints.ca {
            return Err(IssuerError::NoAuthority);
        }
        if let Some((_, usage)) = tbs.get::<KeyUsage>().map_err(unreadable)?
            && !(usage.key_cert_sign() && usage.crl_sign())
        {
            return Err(IssuerError::Usage);
        }
        let public_key = PublicKey::new(tbs.subject_public_key_info.clone())?;
        let key_id = match tbs.get::<SubjectKeyIdentifier>().map_err(unreadable)? {
            Some((_, key_id)) => key_id.0.as_bytes().to_vec(),
            None => public_key.key_id(),
        };
        Ok(Self {
            der: der.to_vec(),
            not_before: tbs.validity.not_before.to_unix_duration().as_secs(),
            not_after: tbs.validity.not_after.to_unix_duration().as_secs(),
            serial: tbs.serial_number.as_bytes().to_vec(),
            subject: tbs.subject,
            issuer: tbs.issuer,
            key_id,
            public_key,
            path_length: constraints.path_len_constraint,
        })
    }
}

impl Issuer {
    /// The issuer with this certificate and key. `base` is the URL of this server, which certificates name as the place of
    /// revocation lists and OCSP; without it, certificates name no place.
    pub fn new(certificate: &[u8], key: Key, base: Option<String>) -> Result<Self, IssuerError> {
        let certificate = Facts::read(certificate)?;
        if certificate.public_key != *key.public() {
            return Err(IssuerError::OtherKey);
        }
        let base = base.map(|url| url.trim_end_matches('/').to_owned());
        Ok(Self {
            key,
            certificate,
            base,
        })
    }

    /// A certificate with these contents, signed by this issuer. It repeats the issuer's name exactly: rcgen could not write an
    /// attribute twice, or two attributes in one part of a name, so the name is put in before the certificate is signed.
    pub(crate) fn sign(
        &self,
        mut contents: CertificateParams,
        public_key: &PublicKey,
    ) -> Result<Vec<u8>, Failure> {
        contents.use_authority_key_identifier_extension = true;
        let mut terms = CertificateParams::default();
        terms.key_identifier_method = KeyIdMethod::PreSpecified(self.certificate.key_id.clone());
        let issuer = rcgen::Issuer::new(terms, Unsigned(&self.key));
        let unsigned = contents.signed_by(public_key, &issuer)?;
        let mut certificate = Certificate::from_der(unsigned.der())?.tbs_certificate;
        certificate.issuer = self.certificate.subject.clone();
        encode::signed(&certificate.to_der()?, &self.key, &[])
    }

    /// The certificate in DER.
    pub fn der(&self) -> &[u8] {
        &self.certificate.der
    }

    /// The identifier of the key in hexadecimal digits. It names the issuer in paths and in the ledger.
    pub fn key_id(&self) -> String {
        hexadecimal(&self.certificate.key_id)
    }

    /// Whether the other issuer has the same key.
    pub fn has_key_of(&self, other: &Self) -> bool {
        self.certificate.public_key == other.certificate.public_key
    }

    /// Whether certificates of the other issuer look as if this one had signed them: its name and the identifier of its key are the same.
    pub fn has_name_of(&self, other: &Self) -> bool {
        (&self.certificate.subject, &self.certificate.key_id)
            == (&other.certificate.subject, &other.certificate.key_id)
    }

    /// When the certificate expires.
    pub fn not_after(&self) -> UnixSeconds {
        self.certificate.not_after
    }

    /// Whether the question is about this issuer's own certificate, which `signer` signed.
    pub fn is_asked(&self, asked: &Asked, signer: &Self) -> bool {
        self.certificate.serial == asked.serial() && self.certificate.issuer == signer.certificate.subject
    }

    pub(crate) fn key(&self) -> &Key {
        &self.key
    }

    /// A place under the URL of this server; `None` if no URL is known.
    pub(crate) fn place(&self, path: &str) -> Option<String> {
        self.base.as_ref().map(|base| format!("{base}{path}"))
    }

    /// The place of a partition of the revocation list, which certificates name.
    pub(crate) fn partition_place(&self, partition: u8) -> Option<String> {
        self.place(&format!("/pki/{}/{partition}.crl", self.key_id()))
    }

    /// The extension that names the issuer's key.
    pub(crate) fn authority_key_id(&self) -> Result<Extension, Failure> {
        let value = AuthorityKeyIdentifier {
            key_identifier: Some(der::asn1::OctetString::new(self.certificate.key_id.clone())?),
            authority_cert_issuer: None,
            authority_cert_serial_number: None,
        };
        encode::extension(false, &value)
    }
}
