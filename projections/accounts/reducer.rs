//! How events change accounts.

use aggregates::{
    Recorded,
    account::{Account, AccountEvent},
    organisation::{Organisation, OrganisationEvent},
    session::{Session, SessionEvent},
    values::{AccountId, Audience, OrganisationId, SessionId},
};

use super::record::{AccountGroupRecord, AccountPlaceRecord, AccountRecord, RequestRecord};
use crate::{
    authors::author,
    numbered::folded,
    store::{Changes, Fold, FoldOf, Needs, ReadModel, RecordType, sql::Error},
};

/// The read model.
#[derive(Debug)]
pub(crate) struct Accounts;

impl ReadModel for Accounts {
    const NAME: &'static str = "accounts";
    const VERSION: i64 = 2;
    const RECORDS: &'static [RecordType] = &[
        RecordType::of::<AccountRecord>(),
        RecordType::of::<AccountGroupRecord>(),
        RecordType::of::<AccountPlaceRecord>(),
        RecordType::of::<RequestRecord>(),
    ];
    const FOLDS: &'static [Fold] = &[
        Fold::of(&FoldOf::<Account> { needs, reduce }),
        Fold::of(&FoldOf::<Organisation> {
            needs: |_, _, _| {},
            reduce: reduce_organisation,
        }),
        Fold::of(&FoldOf::<Session> {
            needs: needs_of_session,
            reduce: reduce_session,
        }),
    ];
}

fn needs(needs: &mut Needs<'_>, id: AccountId, event: &AccountEvent) {
    match event {
        AccountEvent::Opened { .. } => needs.new_row::<AccountRecord>(id),
        AccountEvent::Renamed { .. }
        | AccountEvent::EmailChanged { .. }
        | AccountEvent::Activated {}
        | AccountEvent::Deactivated {}
        | AccountEvent::ExpiryChanged { .. }
        | AccountEvent::GroupJoined { .. }
        | AccountEvent::GroupLeft { .. }
        | AccountEvent::Placed { .. }
        | AccountEvent::OrganisationRequested { .. }
        | AccountEvent::WelcomeHidden {}
        | AccountEvent::Closed {} => needs.row::<AccountRecord>(id),
        AccountEvent::RequestEnded { .. } => {}
    }
}

/// Folds an event of the account `id`. The account stays when its user is deleted,
/// until it is closed.
#[expect(clippy::too_many_lines, reason = "one arm for each event")]
fn reduce(changes: &mut Changes, at: &Recorded, id: AccountId, event: &AccountEvent) -> Result<(), Error> {
    match event {
        AccountEvent::Opened {
            user,
            name,
            email,
            is_active,
            expires_at,
        } => changes.put(AccountRecord {
            number: id,
            ordinal: at.position,
            user_id: *user,
            name: name.clone(),
            name_key: folded(name),
            email: email.clone(),
            email_key: email.as_deref().map(str::to_lowercase),
            is_active: *is_active,
            expires_at: *expires_at,
            shows_welcome: true,
            is_global: false,
            last_login_at: None,
            created_at: at.recorded_at,
            created_by: author(&at.actor),
            updated_at: at.recorded_at,
            updated_by: author(&at.actor),
        }),
        AccountEvent::Renamed { user: _, name } => change(changes, at, id, |account| {
            account.name.clone_from(name);
            account.name_key = folded(name);
        }),
        AccountEvent::EmailChanged { user: _, email } => change(changes, at, id, |account| {
            account.email.clone_from(email);
            account.email_key = email.as_deref().map(str::to_lowercase);
        }),
        AccountEvent::Activated {} => change(changes, at, id, |account| account.is_active = true),
        AccountEvent::Deactivated {} => change(changes, at, id, |account| account.is_active = false),
        AccountEvent::ExpiryChanged { expires_at } => {
            change(changes, at, id, |account| account.expires_at = *expires_at)
        }
        AccountEvent::WelcomeHidden {} => change(changes, at, id, |account| account.shows_welcome = false),
        AccountEvent::GroupJoined {
            group,
            organisation: _,
        } => {
            if changes.get::<AccountRecord>(&id)?.is_none() {
                return Ok(());
            }
            change(changes, at, id, |_| {})?;
            changes.put_new(AccountGroupRecord {
                account: id,
                group_number: *group,
            })
        }
        AccountEvent::GroupLeft { group } => {
            change(changes, at, id, |_| {})?;
            changes.delete::<AccountGroupRecord>((id, *group))
        }
        AccountEvent::Placed {
            organisations,
            is_global,
        } => {
            let Some(account) = changes.change::<AccountRecord>(&id)? else {
                return Ok(());
            };
            account.is_global = *is_global;
            changes.delete_all(AccountPlaceRecord::OF_ACCOUNT, &id)?;
            let mut places = organisations.iter().map(|organisation| AccountPlaceRecord {
                account: id,
                organisation: *organisation,
            });
            places.try_for_each(|place| changes.put_new(place))
        }
        AccountEvent::OrganisationRequested { organisation } => {
            if changes.get::<AccountRecord>(&id)?.is_none() {
                return Ok(());
            }
            changes.put_new(RequestRecord {
                account: id,
                organisation: *organisation,
            })
        }
        AccountEvent::RequestEnded { organisation } => changes.delete::<RequestRecord>((id, *organisation)),
        AccountEvent::Closed {} => {
            changes.remove::<AccountRecord>(&id)?;
            changes.delete_all(AccountGroupRecord::OF_ACCOUNT, &id)?;
            changes.delete_all(AccountPlaceRecord::OF_ACCOUNT, &id)?;
            changes.delete_all(RequestRecord::OF_ACCOUNT, &id)
        }
    }
}

/// Changes an account, by whom and when. A login is no such change.
fn change(
    changes: &mut Changes,
    at: &Recorded,
    id: AccountId,
    change: impl FnOnce(&mut AccountRecord),
) -> Result<(), Error> {
    if let Some(account) = changes.change::<AccountRecord>(&id)? {
        account.updated_at = at.recorded_at;
        account.updated_by = author(&at.actor);
        change(account);
    }
    Ok(())
}

/// Nobody waits for an organisation that is deleted.
fn reduce_organisation(
    changes: &mut Changes,
    _: &Recorded,
    id: OrganisationId,
    event: &OrganisationEvent,
) -> Result<(), Error> {
    match event {
        OrganisationEvent::Deleted {} => changes.delete_all(RequestRecord::OF_ORGANISATION, &id),
        OrganisationEvent::Founded { .. }
        | OrganisationEvent::FoundedBySignUp { .. }
        | OrganisationEvent::MemberJoined { .. }
        | OrganisationEvent::MemberLeft { .. }
        | OrganisationEvent::Renamed { .. } => Ok(()),
    }
}

/// Only logins on os2iot change accounts, so other logins load none.
fn needs_of_session(needs: &mut Needs<'_>, _: SessionId, event: &SessionEvent) {
    match event {
        SessionEvent::TokenIssued {
            user_id,
            face: Audience::Os2iot,
            ..
        } => needs.all(AccountRecord::ALL_OF_USER, user_id),
        SessionEvent::TokenIssued { .. } | SessionEvent::TokenRevoked {} => {}
    }
}

/// Nobody has changed the account, so it stays as old as it was.
fn reduce_session(
    changes: &mut Changes,
    _: &Recorded,
    _: SessionId,
    event: &SessionEvent,
) -> Result<(), Error> {
    match event {
        SessionEvent::TokenIssued {
            user_id,
            face: Audience::Os2iot,
            issued_at,
            ..
        } => changes.change_all(AccountRecord::ALL_OF_USER, user_id, |account| {
            account.last_login_at = Some(*issued_at);
        }),
        SessionEvent::TokenIssued { .. } | SessionEvent::TokenRevoked {} => Ok(()),
    }
}
