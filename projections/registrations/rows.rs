//! Registrations as clients see them. A credential is never part of a row.

use aggregates::{
    registration::{CredentialType, Wishes},
    values::{RegistrationId, Timestamp},
};

/// A registration that is pending or was confirmed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistrationRow {
    /// The id of the registration.
    pub id: RegistrationId,
    /// The username for which the device asked.
    pub username: String,
    /// The kind of the device's credential.
    pub credential: CredentialType,
    /// What the device asked for.
    pub wishes: Wishes,
    /// When the device asked.
    pub requested_at: Timestamp,
    /// When the registration expires, unless it is confirmed before.
    pub expires_at: Timestamp,
    /// Whether it was confirmed.
    pub granted: bool,
}
