//! What can happen to a registration.

use super::CredentialType;
use crate::{
    declared::events,
    values::{PasswordHash, Timestamp},
};

events! {
    /// A fact about a registration. Stored names and fields never change: for a change, add a version and an upcaster.
    pub enum RegistrationEvent {
        /// A device asked to be let in.
        "registration.requested" version 1 => Requested {
            /// The username that the device wants. It is a plain `String`, since an erased name does not obey the rules of a
            /// username.
            username: String as personal,
            /// The kind of the device's credential.
            credential: CredentialType as open,
            /// The hash of the device's password, a PHC string.
            password_hash: Option<PasswordHash> as secret,
            /// The signing request of the device, as DER in base64. It contains the username.
            csr: Option<String> as personal,
            /// What the device wants, as JSON. A stranger wrote it.
            wishes: String as personal,
            /// When the registration expires, unless it is confirmed before.
            expires_at: Timestamp as open,
        },
        /// The device was let in: a user with the same id exists.
        "registration.confirmed" version 1 => Confirmed {},
        /// The device was not let in.
        "registration.rejected" version 1 => Rejected {},
        /// The registration was not confirmed in time.
        "registration.expired" version 1 => Expired {},
    }
}
