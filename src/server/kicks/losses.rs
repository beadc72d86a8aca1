//! Who may do less over MQTT after an event.
//!
//! An event that takes a right concerns nobody if the right is none over MQTT. Otherwise it counts even if another grant covers the same
//! right: a client that is disconnected for nothing comes back at once.

use std::collections::BTreeSet;

use aggregates::{
    Event, Recorded,
    role::{Role, RoleEvent},
    sealing::ERASED,
    session::{Session, SessionEvent},
    user::{User, UserEvent},
    values::{Context, Permission, RoleId, UserId},
};
use ledger::{Filter, Ledger, LedgerError};
use projections::role_directory;

use super::{kick::Kick, past::before};

/// How many holders of a role are read at once.
const MOST_HOLDERS: i64 = i64::MAX;
/// How many events are read at once.
const PAGE: i64 = 10_000;

/// The sessions that must end because of an event.
pub(super) async fn of(ledger: &Ledger, recorded: &Recorded) -> Result<BTreeSet<Kick>, LedgerError> {
    match &recorded.event {
        Event::User(event) => of_user(ledger, recorded, event).await,
        Event::Role(event) => of_role(ledger, recorded, event).await,
        Event::Session(event) => of_session(ledger, recorded, event).await,
        // The user of a registration has events of its own, and so does the user who loses a certificate.
        Event::ClientRegistry(_) | Event::Registration(_) | Event::Authority(_) | Event::CertifiedKey(_) => {
            Ok(BTreeSet::new())
        }
    }
}

async fn of_user(ledger: &Ledger, at: &Recorded, event: &UserEvent) -> Result<BTreeSet<Kick>, LedgerError> {
    let position = at.position;
    let Ok(id) = UserId::parse(&at.aggregate_id) else {
        return Ok(BTreeSet::new());
    };
    let less = || sessions_of(ledger, id, false);
    let kick = match event {
        UserEvent::RoleRevoked { role_id } => {
            let role: Role = before(ledger, role_id, position).await?;
            role.permissions.values().any(is_mqtt).then(less).flatten()
        }
        UserEvent::PermissionRevoked { id: permission } => {
            let user: User = before(ledger, id, position).await?;
            let lost = user.permissions.get(permission);
            lost.is_some_and(is_mqtt).then(less).flatten()
        }
        UserEvent::Renamed { .. } | UserEvent::Deleted {} => sessions_until(ledger, id, position).await?,
        UserEvent::Revoked {} => sessions_of(ledger, id, true),
        UserEvent::PasswordChanged { .. }
        | UserEvent::PasswordSet { .. }
        | UserEvent::PublishPrefixChanged { .. }
        | UserEvent::IdentityProviderChanged { .. }
        | UserEvent::GrantTypesChanged { .. }
        | UserEvent::CertificateRemoved { .. }
        | UserEvent::TokensRevoked {}
        | UserEvent::SessionsEnded { .. }
        | UserEvent::SessionsByMethodEnded { .. } => less(),
        UserEvent::Created { .. }
        | UserEvent::PasswordRehashed { .. }
        | UserEvent::MfaEnforcementChanged { .. }
        | UserEvent::RoleGranted { .. }
        | UserEvent::PermissionGranted { .. }
        | UserEvent::CertificateAdded { .. } => None,
    };
    Ok(kick.into_iter().collect())
}

async fn of_role(ledger: &Ledger, at: &Recorded, event: &RoleEvent) -> Result<BTreeSet<Kick>, LedgerError> {
    let Ok(id) = RoleId::parse(&at.aggregate_id) else {
        return Ok(BTreeSet::new());
    };
    let role = before::<Role>(ledger, id, at.position);
    let holders = match event {
        RoleEvent::PermissionRemoved { id: permission }
        | RoleEvent::PermissionChanged { id: permission, .. } => {
            match role.await?.permissions.get(permission).is_some_and(is_mqtt) {
                true => {
                    let holders = role_directory::holders(ledger.db(), id, MOST_HOLDERS).await?;
                    // Users who gave the role up since have an event of their own.
                    holders.into_iter().map(|holder| holder.id).collect()
                }
                false => BTreeSet::new(),
            }
        }
        RoleEvent::Deleted {} => match role.await?.permissions.values().any(is_mqtt) {
            true => ever_held(ledger, id, at.position).await?,
            false => BTreeSet::new(),
        },
        RoleEvent::Created { .. }
        | RoleEvent::Renamed { .. }
        | RoleEvent::SharingChanged { .. }
        | RoleEvent::PermissionAdded { .. } => BTreeSet::new(),
    };
    let kicks = holders
        .into_iter()
        .filter_map(|holder| sessions_of(ledger, holder, false));
    Ok(kicks.collect())
}

async fn of_session(
    ledger: &Ledger,
    at: &Recorded,
    event: &SessionEvent,
) -> Result<BTreeSet<Kick>, LedgerError> {
    match event {
        SessionEvent::TokenRevoked {} => {
            let session: Session = before(ledger, &at.aggregate_id, at.position).await?;
            let kick = session.user_id.and_then(|user| sessions_of(ledger, user, false));
            Ok(kick.into_iter().collect())
        }
        SessionEvent::TokenIssued { .. } => Ok(BTreeSet::new()),
    }
}

fn is_mqtt(permission: &Permission) -> bool {
    permission.context == Context::Mqtt
}

/// The users to whom a role was ever granted before `position`. The end of a role changes nothing in the streams of its holders, and the
/// read models no longer know them.
async fn ever_held(ledger: &Ledger, role: RoleId, position: i64) -> Result<BTreeSet<UserId>, LedgerError> {
    let filter = Filter {
        event_type: Some("user.role_granted".to_owned()),
        ..Filter::default()
    };
    let (mut holders, mut from) = (BTreeSet::new(), 0);
    loop {
        let granted = ledger.after(from, PAGE, &filter).await?;
        let is_last = (granted.len() as i64) < PAGE;
        for Recorded {
            position,
            aggregate_id,
            event,
            ..
        } in ledger.open_events(&granted).await?
        {
            from = position;
            if let Some(UserEvent::RoleGranted { role_id, .. }) = event.of::<User>()
                && *role_id == role
            {
                holders.extend(UserId::parse(&aggregate_id));
            }
        }
        if is_last || from >= position {
            return Ok(holders);
        }
    }
}

/// The sessions of a user, by the name that the user has now. If the user was renamed or deleted since, another event says so, and the
/// sessions under the old name end then.
fn sessions_of(ledger: &Ledger, id: UserId, is_gone: bool) -> Option<Kick> {
    let user = ledger.authorization().user(id)?;
    Some(Kick {
        username: user.username.to_string(),
        is_gone,
    })
}

/// The sessions under the name that a user had until an event took it. If the person is erased, nobody knows the name.
async fn sessions_until(ledger: &Ledger, id: UserId, position: i64) -> Result<Option<Kick>, LedgerError> {
    let User { username, .. } = before(ledger, id, position).await?;
    let is_known = !username.is_empty() && username != ERASED;
    Ok(is_known.then(|| Kick {
        is_gone: ledger.authorization().user_by_name(&username).is_none(),
        username,
    }))
}
