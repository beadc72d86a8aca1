//! How events change the numbers of authors.

use aggregates::{
    account::{Account, AccountEvent},
    api_key::{ApiKey, ApiKeyEvent},
    values::UserId,
};

use super::record::AuthorRecord;
use crate::store::{Fold, FoldOf, ReadModel, RecordType};

/// The read model.
#[derive(Debug)]
pub(crate) struct Authors;

impl ReadModel for Authors {
    const NAME: &'static str = "authors";
    const VERSION: i64 = 1;
    const RECORDS: &'static [RecordType] = &[RecordType::of::<AuthorRecord>()];
    const FOLDS: &'static [Fold] = &[
        Fold::of(&FoldOf::<Account> {
            needs: |_, _, _| {},
            reduce: |changes, _, id, event| match event {
                AccountEvent::Opened { user, .. } => changes.put(AuthorRecord {
                    actor: *user,
                    account: id,
                }),
                AccountEvent::Renamed { .. }
                | AccountEvent::EmailChanged { .. }
                | AccountEvent::Activated {}
                | AccountEvent::Deactivated {}
                | AccountEvent::ExpiryChanged { .. }
                | AccountEvent::GroupJoined { .. }
                | AccountEvent::GroupLeft { .. }
                | AccountEvent::Placed { .. }
                | AccountEvent::OrganisationRequested { .. }
                | AccountEvent::RequestEnded { .. }
                | AccountEvent::WelcomeHidden {}
                | AccountEvent::Closed {} => Ok(()),
            },
        }),
        Fold::of(&FoldOf::<ApiKey> {
            needs: |_, _, _| {},
            reduce: |changes, _, id, event| match event {
                ApiKeyEvent::Issued { system_user, .. } => changes.put(AuthorRecord {
                    actor: UserId(id.uuid()),
                    account: *system_user,
                }),
                ApiKeyEvent::Renamed { .. }
                | ApiKeyEvent::GroupJoined { .. }
                | ApiKeyEvent::GroupLeft { .. }
                | ApiKeyEvent::Placed { .. }
                | ApiKeyEvent::ExpiryChanged { .. }
                | ApiKeyEvent::Revoked {} => Ok(()),
            },
        }),
    ];
}
