//! Certificates of this server, as the table stores them.

use aggregates::values::{
    CertifiedKeyId, Fingerprint, KeyId, RevocationReason, SerialNumber, Timestamp, UserId,
};

use super::IssuedRow;
use crate::store::{columns, id_columns, unreadable};

id_columns! { CertifiedKeyId }

columns! {
    SerialNumber: Text, |value| &**value, |row, n| SerialNumber::parse(row.str(n)?).map_err(unreadable);
    KeyId: Text, |value| &**value, |row, n| KeyId::parse(row.str(n)?).map_err(unreadable);
    Option<RevocationReason>: TextOrNull, |value| value.map(RevocationReason::as_str),
        |row, n| match row.text_or_null(n)? {
            Some(name) => RevocationReason::parse(&name).map(Some).map_err(unreadable),
            None => Ok(None),
        };
}

crate::record! {
    /// A row of `issued_certificates`.
    pub(crate) struct IssuedRecord in "issued_certificates" {
        pub(crate) fingerprint: Fingerprint,
        pub(crate) ordinal: i64,
        pub(crate) key_id: CertifiedKeyId,
        pub(crate) user_id: UserId,
        pub(crate) serial: SerialNumber,
        pub(crate) issuer: KeyId,
        pub(crate) not_before: Timestamp,
        pub(crate) not_after: Timestamp,
        pub(crate) certificate: String,
        pub(crate) revoked_at: Option<Timestamp>,
        pub(crate) reason: Option<RevocationReason>,
        pub(crate) changed_position: i64,
    }
    key(fingerprint: Fingerprint)
    lists by ordinal { ALL = "issued_certificates"; }
    sets { OF_USER = user_id: UserId; }
    finds { WITH_FINGERPRINT = fingerprint: Fingerprint; WITH_SERIAL = serial: SerialNumber; WITH_USER = user_id: UserId; }
    personal { certificate } where user_id = |user| user;
}

impl IssuedRecord {
    /// The certificate as clients see it.
    pub(crate) fn into_row(self) -> IssuedRow {
        IssuedRow {
            fingerprint: self.fingerprint,
            key_id: self.key_id,
            user_id: self.user_id,
            serial: self.serial,
            issuer: self.issuer,
            not_before: self.not_before,
            not_after: self.not_after,
            certificate: self.certificate,
            revoked_at: self.revoked_at,
            reason: self.reason,
        }
    }

    /// Revokes the certificate, unless it is revoked already: then the first time and reason stay.
    pub(crate) fn revoke(&mut self, at: Timestamp, position: i64, reason: Option<RevocationReason>) {
        if self.revoked_at.is_none() {
            self.revoked_at = Some(at);
            self.reason = reason;
            self.changed_position = position;
        }
    }
}
