//! OCSP (RFC 6960): what a request asks, and the signed answer.

use der::{
    Decode, Encode,
    asn1::{GeneralizedTime, Null, ObjectIdentifier, OctetString},
};
use ring::digest::{self, Algorithm};
use x509_cert::ext::{Extension, pkix::CrlReason};
use x509_ocsp::{
    CertId, CertStatus, OcspGeneralizedTime, OcspRequest as Request, ResponderId, ResponseData, RevokedInfo,
    SingleResponse, Version,
};

use crate::{
    Failure, Issuer, Reason, UnixSeconds,
    encode::{self, ENUMERATED, OCTET_STRING, SEQUENCE, context, tagged},
};

/// The most bytes that a request may have.
pub const LONGEST_OCSP_REQUEST: usize = 16 * 1024;

/// The most certificates about which one request may ask.
const MOST_ASKED: usize = 64;

/// The most octets of a nonce (RFC 9654).
const LONGEST_NONCE: usize = 128;

const NONCE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.1.2");

/// The object identifier of a basic answer, in DER.
const BASIC: [u8; 11] = [0x06, 0x09, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01, 0x01];

/// The hash functions by which a request may name an issuer.
const HASHES: [(ObjectIdentifier, &Algorithm); 4] = [
    (
        ObjectIdentifier::new_unwrap("1.3.14.3.2.26"),
        &digest::SHA1_FOR_LEGACY_USE_ONLY,
    ),
    (
        ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1"),
        &digest::SHA256,
    ),
    (
        ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.2"),
        &digest::SHA384,
    ),
    (
        ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.3"),
        &digest::SHA512,
    ),
];

/// A request about certificates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OcspRequest {
    asked: Vec<Asked>,
    nonce: Option<Extension>,
}

/// A certificate about which a request asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked(CertId);

/// The bytes are no request that we answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OcspError {
    /// The request has too many bytes.
    #[error("an OCSP request must be at most 16 KiB")]
    TooLong,
    /// The bytes are no request in DER.
    #[error("the bytes are not an OCSP request in DER")]
    Malformed,
    /// The request asks about no certificate, or about too many.
    #[error("an OCSP request must ask about 1 to 64 certificates")]
    Number,
    /// The nonce is empty or too long.
    #[error("the nonce of an OCSP request must have 1 to 128 octets")]
    Nonce,
}

/// What we know about a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// We issued it and did not revoke it.
    Good,
    /// It is revoked.
    Revoked {
        /// Since when.
        at: UnixSeconds,
        /// Why.
        reason: Reason,
    },
    /// We did not issue it.
    Unknown,
}

/// When an answer is made, and how long relying parties may use it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// When the answer is signed.
    pub produced_at: UnixSeconds,
    /// When the statuses were known to be right.
    pub this_update: UnixSeconds,
    /// When newer statuses are there at the latest.
    pub next_update: UnixSeconds,
}

/// An answer without statuses. It is not signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The request cannot be read.
    MalformedRequest,
    /// The server failed.
    InternalError,
    /// The server cannot answer now.
    TryLater,
    /// We do not answer for the issuer.
    Unauthorized,
}

impl Refusal {
    /// The answer in DER.
    pub fn der(self) -> Vec<u8> {
        let code = match self {
            Self::MalformedRequest => 1,
            Self::InternalError => 2,
            Self::TryLater => 3,
            Self::Unauthorized => 6,
        };
        tagged(SEQUENCE, &[&tagged(ENUMERATED, &[&[code]])])
    }
}

impl OcspRequest {
    /// Reads a request in DER. A signature on it is ignored.
    pub fn from_der(der: &[u8]) -> Result<Self, OcspError> {
        if der.len() > LONGEST_OCSP_REQUEST {
            return Err(OcspError::TooLong);
        }
        let request = Request::from_der(der)
            .map_err(|_| OcspError::Malformed)?
            .tbs_request;
        let asked: Vec<Asked> = request
            .request_list
            .into_iter()
            .map(|one| Asked(one.req_cert))
            .collect();
        if !(1..=MOST_ASKED).contains(&asked.len()) {
            return Err(OcspError::Number);
        }
        let extensions = request.request_extensions.unwrap_or_default();
        let nonce = extensions
            .into_iter()
            .find(|extension| extension.extn_id == NONCE);
        if let Some(nonce) = &nonce {
            let octets = nonce.extn_value.as_bytes();
            // Old clients write the nonce without the OCTET STRING around it.
            let nonce = OctetString::from_der(octets).map_or(octets.len(), |inner| inner.as_bytes().len());
            if !(1..=LONGEST_NONCE).contains(&nonce) {
                return Err(OcspError::Nonce);
            }
        }
        Ok(Self { asked, nonce })
    }

    /// The certificates about which the request asks, in their order.
    pub fn asked(&self) -> &[Asked] {
        &self.asked
    }

    /// Whether the request has a nonce: then its answer serves no other request.
    pub fn has_nonce(&self) -> bool {
        self.nonce.is_some()
    }
}

impl Asked {
    /// The bytes by which the request names the certificate. Its answer repeats them.
    pub fn id(&self) -> Option<Vec<u8>> {
        self.0.to_der().ok()
    }

    /// The serial number of the certificate, in big-endian order.
    pub fn serial(&self) -> &[u8] {
        self.0.serial_number.as_bytes()
    }

    /// Whether this is a certificate of the issuer.
    pub fn is_of(&self, issuer: &Issuer) -> bool {
        let hash = HASHES.iter().find(|(oid, _)| *oid == self.0.hash_algorithm.oid);
        let Some((_, algorithm)) = hash else {
            return false;
        };
        let Ok(name) = issuer.certificate.subject.to_der() else {
            return false;
        };
        let is_hash =
            |given: &OctetString, bytes: &[u8]| digest::digest(algorithm, bytes).as_ref() == given.as_bytes();
        is_hash(&self.0.issuer_name_hash, &name)
            && is_hash(&self.0.issuer_key_hash, issuer.certificate.public_key.bits())
    }
}

impl Issuer {
    /// The signed answer: the status of each certificate, in the order of the request.
    pub fn ocsp(
        &self,
        request: &OcspRequest,
        statuses: &[Status],
        validity: Validity,
    ) -> Result<Vec<u8>, Failure> {
        let this_update = general_time(validity.this_update)?;
        let next_update = general_time(validity.next_update)?;
        let mut responses = Vec::with_capacity(statuses.len());
        for (asked, status) in request.asked.iter().zip(statuses) {
            responses.push(SingleResponse {
                cert_id: asked.0.clone(),
                cert_status: cert_status(*status)?,
                this_update,
                next_update: Some(next_update),
                single_extensions: None,
            });
        }
        let data = ResponseData {
            version: Version::V1,
            responder_id: ResponderId::ByKey(OctetString::new(self.certificate.public_key.sha1())?),
            produced_at: general_time(validity.produced_at)?,
            responses,
            response_extensions: request.nonce.clone().map(|nonce| vec![nonce]),
        };
        let basic = encode::signed(&data.to_der()?, self.key(), &[])?;
        let bytes = tagged(SEQUENCE, &[&BASIC, &tagged(OCTET_STRING, &[&basic])]);
        let successful = tagged(ENUMERATED, &[&[0]]);
        Ok(tagged(SEQUENCE, &[&successful, &tagged(context(0), &[&bytes])]))
    }
}

fn cert_status(status: Status) -> Result<CertStatus, Failure> {
    Ok(match status {
        Status::Good => CertStatus::Good(Null),
        Status::Unknown => CertStatus::Unknown(Null),
        Status::Revoked { at, reason } => CertStatus::Revoked(RevokedInfo {
            revocation_time: general_time(at)?,
            revocation_reason: match reason {
                Reason::Unspecified => None,
                Reason::KeyCompromise => Some(CrlReason::KeyCompromise),
                Reason::CaCompromise => Some(CrlReason::CaCompromise),
                Reason::AffiliationChanged => Some(CrlReason::AffiliationChanged),
                Reason::Superseded => Some(CrlReason::Superseded),
                Reason::CessationOfOperation => Some(CrlReason::CessationOfOperation),
                Reason::PrivilegeWithdrawn => Some(CrlReason::PrivilegeWithdrawn),
            },
        }),
    })
}

fn general_time(seconds: UnixSeconds) -> Result<OcspGeneralizedTime, Failure> {
    let since_epoch = std::time::Duration::from_secs(seconds);
    Ok(OcspGeneralizedTime(GeneralizedTime::from_unix_duration(
        since_epoch,
    )?))
}
