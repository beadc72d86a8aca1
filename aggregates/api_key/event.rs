//! What can happen to an API key.

use crate::{
    declared::events,
    values::{AccountId, GroupId, KeyDigest, OrganisationId, Timestamp, Title},
};

events! {
    /// A fact about an API key. Stored names and fields never change: for a change, add a version and an upcaster.
    pub enum ApiKeyEvent {
        /// The key was issued. Its groups follow as separate events. The key itself is never stored.
        "api_key.issued" version 1 => Issued {
            /// The name.
            name: Title as open,
            /// The first characters of the key, by which people tell keys apart.
            prefix: String as open,
            /// The keyed digest of the key.
            digest: KeyDigest as open,
            /// When it expires; null is never.
            expires_at: Option<Timestamp> as open,
            /// The system user whose number the face shows as the author of what the key does.
            system_user: AccountId as open,
        },
        /// The key has another name.
        "api_key.renamed" version 1 => Renamed {
            /// The new name.
            name: Title as open,
        },
        /// The key has the rights of a group.
        "api_key.group_joined" version 1 => GroupJoined {
            /// The group.
            group: GroupId as open,
        },
        /// The key no longer has the rights of a group.
        "api_key.group_left" version 1 => GroupLeft {
            /// The group.
            group: GroupId as open,
        },
        /// These are all organisations of the key's groups from now on: who administers the users of all of them administers the key.
        "api_key.placed" version 1 => Placed {
            /// The organisations.
            organisations: Vec<OrganisationId> as open,
            /// Whether one of the groups is of no organisation.
            is_global: bool as open,
        },
        /// The key expires at another time.
        "api_key.expiry_changed" version 1 => ExpiryChanged {
            /// The keyed digest of the key.
            digest: KeyDigest as open,
            /// When it expires; null is never.
            expires_at: Option<Timestamp> as open,
        },
        /// The key was revoked.
        "api_key.revoked" version 1 => Revoked {},
    }
}
