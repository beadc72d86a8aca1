//! What can happen to a sign-in.

use serde::{Deserialize, Serialize};

use crate::{
    declared::events,
    values::{Audience, Timestamp, UserId},
};

events! {
    /// A fact about a sign-in. Stored names and fields never change: for a change, add a version and an upcaster.
    pub enum SignInEvent {
        /// The user has proved the password, and has a refresh token from now on.
        "sign_in.begun" version 1 => Begun {
            /// The user.
            user_id: UserId as open,
            /// The only API on which the tokens are valid.
            face: Audience as open,
            /// A position that the ledger had reached when the user proved the password.
            proved_at: i64 as open,
            /// For how many hours each refresh token is valid.
            hours: u32 as open,
            /// When the first refresh token expires.
            expires_at: Timestamp as open,
        },
        /// An access token was issued. Its session says the rest.
        "sign_in.access_issued" version 1 => AccessIssued {
            /// Its number within the sign-in.
            number: u32 as open,
            /// When it was issued.
            issued_at: Timestamp as open,
            /// When it expires.
            expires_at: Timestamp as open,
        },
        /// Another refresh token took the place of the active one.
        "sign_in.rotated" version 1 => Rotated {
            /// The number of the new one. The first one of the sign-in has the number 0.
            generation: u32 as open,
            /// When the new one expires.
            expires_at: Timestamp as open,
        },
        /// The user has changed the password, and stays signed in.
        "sign_in.proved_again" version 1 => ProvedAgain {
            /// The position of the change.
            proved_at: i64 as open,
        },
        /// None of its tokens counts any more.
        "sign_in.ended" version 1 => Ended {
            /// Why.
            reason: SignInEnd as open,
        },
    }
}

/// Why a sign-in ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignInEnd {
    /// The user signed out.
    SignedOut,
    /// Somebody showed a refresh token that had been replaced twice: there was a copy of it.
    Reused,
}
