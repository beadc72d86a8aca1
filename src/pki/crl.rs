//! Revocation lists (RFC 5280 section 5).
//!
//! The list is written by hand, around entries that are encoded once: a list of a million entries is copied and signed, not
//! encoded.

use der::Encode;

use crate::{
    Failure, Issuer, UnixSeconds,
    encode::{self, ENUMERATED, OCTET_STRING, SEQUENCE, context, tagged},
};

/// The number of partitions of each revocation list. A certificate names the partition in which it would be listed.
pub const PARTITIONS: u16 = 256;

/// The object identifiers of the extensions in DER.
const CRL_NUMBER: [u8; 5] = [0x06, 0x03, 0x55, 0x1d, 0x14];
const REASON: [u8; 5] = [0x06, 0x03, 0x55, 0x1d, 0x15];
const ISSUING_DISTRIBUTION_POINT: [u8; 5] = [0x06, 0x03, 0x55, 0x1d, 0x1c];

const TRUE: [u8; 3] = [0x01, 0x01, 0xff];
const VERSION_2: [u8; 3] = [0x02, 0x01, 0x01];

/// Why a certificate is revoked (RFC 5280 section 5.3.1). A certificate is never on hold here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// No reason is given.
    Unspecified,
    /// Somebody else may have the private key.
    KeyCompromise,
    /// Somebody else may have the private key of the authority.
    CaCompromise,
    /// The name or another fact in the certificate has changed.
    AffiliationChanged,
    /// Another certificate takes its place.
    Superseded,
    /// The certificate is not needed any more.
    CessationOfOperation,
    /// The user may no longer do what the certificate was for.
    PrivilegeWithdrawn,
}

impl Reason {
    /// All reasons.
    pub const ALL: [Self; 7] = [
        Self::Unspecified,
        Self::KeyCompromise,
        Self::CaCompromise,
        Self::AffiliationChanged,
        Self::Superseded,
        Self::CessationOfOperation,
        Self::PrivilegeWithdrawn,
    ];

    /// The number of the reason (`CRLReason`).
    pub const fn code(self) -> u8 {
        match self {
            Self::Unspecified => 0,
            Self::KeyCompromise => 1,
            Self::CaCompromise => 2,
            Self::AffiliationChanged => 3,
            Self::Superseded => 4,
            Self::CessationOfOperation => 5,
            Self::PrivilegeWithdrawn => 9,
        }
    }
}

/// What a revocation list says about itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CrlTerms {
    /// The number of the list. It may never decrease.
    pub number: u64,
    /// When the list was made.
    pub this_update: UnixSeconds,
    /// When a newer list is there at the latest.
    pub next_update: UnixSeconds,
}

/// The partition in which a certificate with this serial number would be listed.
pub fn partition_of(serial: &[u8]) -> u8 {
    serial.last().copied().unwrap_or_default()
}

/// The entry of a revoked certificate, encoded for any list.
pub fn entry(serial: &[u8], revoked_at: UnixSeconds, reason: Reason) -> Result<Vec<u8>, Failure> {
    let serial = encode::integer(serial);
    let date = encode::time(revoked_at)?.to_der()?;
    // RFC 5280: the entry of a certificate that is revoked for no reason has no reason.
    let extensions = match reason {
        Reason::Unspecified => Vec::new(),
        other => {
            let value = tagged(OCTET_STRING, &[&tagged(ENUMERATED, &[&[other.code()]])]);
            tagged(SEQUENCE, &[&tagged(SEQUENCE, &[&REASON, &value])])
        }
    };
    Ok(tagged(SEQUENCE, &[&serial, &date, &extensions]))
}

impl Issuer {
    /// The revocation list with these entries, one after the other. A list of one partition says so, and relying parties use it
    /// only for certificates that name this partition.
    pub fn crl(&self, entries: &[u8], terms: CrlTerms, partition: Option<u8>) -> Result<Vec<u8>, Failure> {
        let revoked = match entries {
            [] => Vec::new(),
            _ => tagged(SEQUENCE, &[entries]),
        };
        let point = match partition {
            Some(partition) => self.distribution_point(partition),
            None => Vec::new(),
        };
        let number = encode::integer(&terms.number.to_be_bytes());
        let extensions = tagged(
            SEQUENCE,
            &[
                &self.authority_key_id()?.to_der()?,
                &tagged(SEQUENCE, &[&CRL_NUMBER, &tagged(OCTET_STRING, &[&number])]),
                &point,
            ],
        );
        let list = tagged(
            SEQUENCE,
            &[
                &VERSION_2,
                &self.key().signature_algorithm().to_der()?,
                &self.certificate.subject.to_der()?,
                &encode::time(terms.this_update)?.to_der()?,
                &encode::time(terms.next_update)?.to_der()?,
                &revoked,
                &tagged(context(0), &[&extensions]),
            ],
        );
        encode::signed(&list, self.key(), &[])
    }

    /// The extension that limits a list to one partition. It is the place that certificates name; if they name none, it is a
    /// text that only this partition has.
    fn distribution_point(&self, partition: u8) -> Vec<u8> {
        const URI: u8 = 0x86;
        let place = self
            .partition_place(partition)
            .unwrap_or_else(|| format!("urn:x-muniment:crl:{}:{partition}", self.key_id()));
        let full_name = tagged(context(0), &[&tagged(URI, &[place.as_bytes()])]);
        let point = tagged(SEQUENCE, &[&tagged(context(0), &[&full_name])]);
        tagged(
            SEQUENCE,
            &[
                &ISSUING_DISTRIBUTION_POINT,
                &TRUE,
                &tagged(OCTET_STRING, &[&point]),
            ],
        )
    }
}
