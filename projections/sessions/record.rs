//! Sessions, as the table stores them.

use aggregates::values::{Audience, GrantMethod, SessionId, Timestamp, TokenFingerprint, UserId};

use super::SessionRow;
use crate::store::{columns, id_columns, unreadable};

id_columns! { SessionId }

columns! {
    Audience: Text, |value| value.as_str(),
        |row, n| serde_json::from_value(row.str(n)?.into()).map_err(unreadable);
}

crate::record! {
    /// A row of `sessions`.
    pub(crate) struct SessionRecord in "sessions" {
        pub(crate) session_id: SessionId,
        pub(crate) ordinal: i64,
        pub(crate) user_id: UserId,
        pub(crate) fingerprint: TokenFingerprint,
        pub(crate) label: String,
        pub(crate) face: Audience,
        pub(crate) methods: Vec<GrantMethod>,
        pub(crate) issued_at: Timestamp,
        pub(crate) expires_at: Timestamp,
    }
    key(session_id: SessionId)
    sets { OF_USER = user_id: UserId; }
    personal { label } where user_id = |user| user;
}

impl SessionRecord {
    /// The session as clients see it.
    pub(crate) fn into_row(self) -> SessionRow {
        SessionRow {
            id: self.session_id,
            user_id: self.user_id,
            fingerprint: self.fingerprint,
            label: self.label,
            face: self.face,
            methods: self.methods,
            issued_at: self.issued_at,
            expires_at: self.expires_at,
        }
    }
}
