//! Certificates as clients see them (contracts/connectware.md section 2, "Certificates").

use pki::{Described, Party};
use projections::issued_certificates::IssuedRow;
use serde::Serialize;
use server::{App, Refusal, issuing::Issuers};
use utoipa::ToSchema;

/// The certificate of an authority.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CertificateOut {
    /// The SHA-256 of the certificate in hexadecimal digits.
    pub(crate) id: String,
    issued_by: PartyOut,
    issued_to: SubjectOut,
    /// The names of RFC 5280: `keyCertSign`, `cRLSign`.
    key_usage: Vec<&'static str>,
    /// Names such as `clientAuth`, or object identifiers.
    extended_key_usage: Vec<String>,
    basic_constraints: ConstraintsOut,
    /// Milliseconds since 1970.
    issued_on: u64,
    /// Milliseconds since 1970.
    expires_on: u64,
    fingerprints: FingerprintsOut,
    /// Whether it can be deleted. The certificates of this server's own authority stay.
    removable: bool,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct PartyOut {
    common_name: Option<String>,
    organization: Option<String>,
    organizational_unit: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SubjectOut {
    common_name: Option<String>,
    organization: Option<String>,
    organizational_unit: Option<String>,
    /// In the form in which openssl prints them: `DNS:id.example.org`.
    alternative_names: Vec<String>,
}

#[derive(Serialize, ToSchema)]
struct ConstraintsOut {
    #[serde(rename = "isCA")]
    is_ca: bool,
    /// How many authorities may be between this one and a leaf; `null` if that is not limited.
    #[serde(rename = "pathLength")]
    path_length: Option<u8>,
}

#[derive(Serialize, ToSchema)]
struct FingerprintsOut {
    sha1: String,
    sha256: String,
}

impl From<Party> for PartyOut {
    fn from(party: Party) -> Self {
        Self {
            common_name: party.common_name,
            organization: party.organization,
            organizational_unit: party.organizational_unit,
        }
    }
}

impl CertificateOut {
    pub(crate) fn of(certificate: Described, is_removable: bool) -> Self {
        let PartyOut {
            common_name,
            organization,
            organizational_unit,
        } = certificate.issued_to.into();
        Self {
            id: certificate.sha256.clone(),
            issued_by: certificate.issued_by.into(),
            issued_to: SubjectOut {
                common_name,
                organization,
                organizational_unit,
                alternative_names: certificate.alternative_names,
            },
            key_usage: certificate.key_usage,
            extended_key_usage: certificate.extended_key_usage,
            basic_constraints: ConstraintsOut {
                is_ca: certificate.constraints.is_authority,
                path_length: certificate.constraints.path_length,
            },
            issued_on: certificate.not_before.saturating_mul(1_000),
            expires_on: certificate.not_after.saturating_mul(1_000),
            fingerprints: FingerprintsOut {
                sha1: certificate.sha1,
                sha256: certificate.sha256,
            },
            removable: is_removable,
        }
    }
}

/// All certificates of authorities in DER: ours, then those that somebody added, and whether each can be deleted.
pub(crate) fn all(issuers: &Issuers) -> Vec<(Vec<u8>, bool)> {
    let ours = issuers
        .certificates()
        .into_iter()
        .map(|der| (der.to_vec(), false));
    ours.chain(issuers.trusted().map(|(_, der)| (der, true)))
        .collect()
}

/// The issuers as the ledger has them now; there may be none.
pub(crate) async fn issuers(app: &App) -> Result<std::sync::Arc<Issuers>, Refusal> {
    Ok(app.issuing().read().await?)
}

/// A certificate that this server issued to a user.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct IssuedOut {
    /// The SHA-256 of the certificate in hexadecimal digits.
    fingerprint: String,
    user_id: String,
    /// In hexadecimal digits.
    serial_number: String,
    /// The identifier of the issuer's key.
    issuer: String,
    /// Milliseconds since 1970.
    issued_on: i64,
    /// Milliseconds since 1970.
    expires_on: i64,
    /// Milliseconds since 1970; `null` if it is not revoked.
    revoked_on: Option<i64>,
    /// Why it is revoked (RFC 5280 section 5.3.1); `null` if no reason was given.
    reason: Option<&'static str>,
}

impl From<&IssuedRow> for IssuedOut {
    fn from(row: &IssuedRow) -> Self {
        let millis = |at: aggregates::values::Timestamp| at.micros() / 1_000;
        Self {
            fingerprint: row.fingerprint.to_string(),
            user_id: row.user_id.to_string(),
            serial_number: row.serial.to_string(),
            issuer: row.issuer.to_string(),
            issued_on: millis(row.not_before),
            expires_on: millis(row.not_after),
            revoked_on: row.revoked_at.map(millis),
            reason: row.reason.map(aggregates::values::RevocationReason::as_str),
        }
    }
}
