//! Who may do less over MQTT after an event.
//!
//! An event that takes a right concerns nobody if the right is none over MQTT. Otherwise it counts even if another grant covers the same
//! right: a client that is disconnected for nothing comes back at once.
//!
//! If a role loses a right, those lose it who hold the role when this process reads the event. Who gave the role up since, or held it until
//! it was deleted, has a later event. So the later event counts if the role granted anything over MQTT at any time before, even if it no
//! longer did at the end.

use aggregates::{
    Event, Recorded,
    role::{Role, RoleEvent},
    sealing::ERASED,
    session::{Session, SessionEvent},
    user::{User, UserEvent},
    values::{Context, Permission, RoleId, UserId},
};
use futures_util::future::BoxFuture;
use ledger::{Filter, Ledger, LedgerError, OpenKick};
use projections::role_directory::{self, HoldersPart};

use super::{
    kick::Kick,
    past::{before, ever_granted_mqtt},
};

/// How many holders of a role are read at once.
const HOLDERS: i64 = 1_000;
/// How many events are read at once.
const PAGE: i64 = 1_000;

/// A user who may do less.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Loser {
    pub(super) user: UserId,
    /// Whether the sessions are under the name that the user had until the event. Otherwise they are under the name that the user has now.
    pub(super) by_old_name: bool,
    /// Whether the user may not connect any more.
    pub(super) is_gone: bool,
}

/// The users who may do less after an event. A role may have many holders, so they come in parts.
#[derive(Clone, Copy, Debug)]
pub(super) enum Losers {
    /// Nobody, or nobody any more.
    Nobody,
    /// One user.
    One(Loser),
    /// All holders of a role who got it after a position.
    Holders(RoleId, i64),
    /// All users to whom a role was granted between two positions. The end of a role changes nothing in the streams of its holders, and the
    /// read models no longer know them.
    EverHeld(RoleId, i64, i64),
}

impl Loser {
    fn by_name_of_now(user: UserId) -> Self {
        Self {
            user,
            by_old_name: false,
            is_gone: false,
        }
    }

    fn by_old_name(user: UserId) -> Self {
        Self {
            by_old_name: true,
            ..Self::by_name_of_now(user)
        }
    }
}

impl Losers {
    /// Who may do less because of an event.
    pub(super) fn of<'a>(
        ledger: &'a Ledger,
        recorded: &'a Recorded,
    ) -> BoxFuture<'a, Result<Self, LedgerError>> {
        Box::pin(Self::found(ledger, recorded))
    }

    async fn found(ledger: &Ledger, recorded: &Recorded) -> Result<Self, LedgerError> {
        match &recorded.event {
            Event::User(event) => of_user(ledger, recorded, event).await,
            Event::Role(event) => of_role(ledger, recorded, event).await,
            Event::Session(event) => of_session(ledger, recorded, event).await,
            // The user of a registration has events of its own, and so does the user who loses a certificate.
            Event::ClientRegistry(_)
            | Event::Registration(_)
            | Event::Authority(_)
            | Event::CertifiedKey(_) => Ok(Self::Nobody),
        }
    }

    /// The next part; `None` after the last one.
    pub(super) fn next<'a>(
        &'a mut self,
        ledger: &'a Ledger,
    ) -> BoxFuture<'a, Result<Option<Vec<Loser>>, LedgerError>> {
        Box::pin(self.part(ledger))
    }

    async fn part(&mut self, ledger: &Ledger) -> Result<Option<Vec<Loser>>, LedgerError> {
        let users = match *self {
            Self::Nobody => return Ok(None),
            Self::One(loser) => {
                *self = Self::Nobody;
                return Ok(Some(vec![loser]));
            }
            // Users who gave the role up since have an event of their own.
            Self::Holders(role, after) => {
                let HoldersPart { users, last } =
                    role_directory::holders_after(ledger.db(), role, after, HOLDERS).await?;
                *self = match last {
                    Some(last) => Self::Holders(role, last),
                    None => Self::Nobody,
                };
                users
            }
            Self::EverHeld(role, after, until) => {
                let (users, last) = granted(ledger, role, after).await?;
                *self = match last {
                    Some(last) if last < until => Self::EverHeld(role, last, until),
                    Some(_) | None => Self::Nobody,
                };
                users
            }
        };
        Ok(Some(users.into_iter().map(Loser::by_name_of_now).collect()))
    }
}

async fn of_user(ledger: &Ledger, at: &Recorded, event: &UserEvent) -> Result<Losers, LedgerError> {
    let position = at.position;
    let Ok(id) = UserId::parse(&at.aggregate_id) else {
        return Ok(Losers::Nobody);
    };
    let less = Losers::One(Loser::by_name_of_now(id));
    Ok(match event {
        UserEvent::RoleRevoked { role_id } => {
            less.only_if(ever_granted_mqtt(ledger, *role_id, position).await?)
        }
        UserEvent::PermissionRevoked { id: permission } => {
            let user: User = before(ledger, id, position).await?;
            less.only_if(user.permissions.get(permission).is_some_and(is_mqtt))
        }
        UserEvent::Renamed { .. } | UserEvent::Deleted {} => Losers::One(Loser::by_old_name(id)),
        UserEvent::Revoked {} => Losers::One(Loser {
            is_gone: true,
            ..Loser::by_name_of_now(id)
        }),
        UserEvent::PasswordChanged { .. }
        | UserEvent::PasswordSet { .. }
        | UserEvent::PublishPrefixChanged { .. }
        | UserEvent::IdentityProviderChanged { .. }
        | UserEvent::GrantTypesChanged { .. }
        | UserEvent::CertificateRemoved { .. }
        | UserEvent::TokensRevoked {}
        | UserEvent::SessionsEnded { .. }
        | UserEvent::SessionsByMethodEnded { .. } => less,
        UserEvent::Created { .. }
        | UserEvent::PasswordRehashed { .. }
        | UserEvent::MfaEnforcementChanged { .. }
        | UserEvent::RoleGranted { .. }
        | UserEvent::PermissionGranted { .. }
        | UserEvent::CertificateAdded { .. } => Losers::Nobody,
    })
}

async fn of_role(ledger: &Ledger, at: &Recorded, event: &RoleEvent) -> Result<Losers, LedgerError> {
    let Ok(id) = RoleId::parse(&at.aggregate_id) else {
        return Ok(Losers::Nobody);
    };
    let role = before::<Role>(ledger, id, at.position);
    Ok(match event {
        RoleEvent::PermissionRemoved { id: permission }
        | RoleEvent::PermissionChanged { id: permission, .. } => {
            let lost = role.await?.permissions.get(permission).is_some_and(is_mqtt);
            Losers::Holders(id, 0).only_if(lost)
        }
        RoleEvent::Deleted {} => {
            let lost = ever_granted_mqtt(ledger, id, at.position).await?;
            Losers::EverHeld(id, 0, at.position).only_if(lost)
        }
        RoleEvent::Created { .. }
        | RoleEvent::Renamed { .. }
        | RoleEvent::SharingChanged { .. }
        | RoleEvent::PermissionAdded { .. } => Losers::Nobody,
    })
}

async fn of_session(ledger: &Ledger, at: &Recorded, event: &SessionEvent) -> Result<Losers, LedgerError> {
    match event {
        SessionEvent::TokenRevoked {} => {
            let session: Session = before(ledger, &at.aggregate_id, at.position).await?;
            let user = session.user_id.map(Loser::by_name_of_now);
            Ok(user.map_or(Losers::Nobody, Losers::One))
        }
        SessionEvent::TokenIssued { .. } => Ok(Losers::Nobody),
    }
}

impl Losers {
    fn only_if(self, is_loss: bool) -> Self {
        match is_loss {
            true => self,
            false => Self::Nobody,
        }
    }
}

fn is_mqtt(permission: &Permission) -> bool {
    permission.context == Context::Mqtt
}

/// The users to whom a role was granted by the next events after a position, and the last of these events if there may be more.
async fn granted(
    ledger: &Ledger,
    role: RoleId,
    after: i64,
) -> Result<(Vec<UserId>, Option<i64>), LedgerError> {
    let filter = Filter {
        event_type: Some("user.role_granted".to_owned()),
        ..Filter::default()
    };
    let granted = ledger.after(after, PAGE, &filter).await?;
    let is_full = (granted.len() as i64) == PAGE;
    let last = granted.last().map(|event| event.position).filter(|_| is_full);
    let mut users = Vec::new();
    for Recorded {
        aggregate_id, event, ..
    } in ledger.open_events(&granted).await?
    {
        if let Some(UserEvent::RoleGranted { role_id, .. }) = event.of::<User>()
            && *role_id == role
        {
            users.extend(UserId::parse(&aggregate_id));
        }
    }
    Ok((users, last))
}

/// The sessions that must end, with the name of their user; `None` if nobody knows it. If the user was renamed or deleted later, another event
/// says so, and the sessions under the old name end then. If the person is erased, nobody knows the name.
pub(super) async fn sessions(ledger: &Ledger, open: &OpenKick) -> Result<Option<Kick>, LedgerError> {
    let authorization = ledger.authorization();
    if open.named_until == 0 {
        return Ok(authorization.user(open.user).map(|user| Kick {
            username: user.username.to_string(),
            is_gone: open.is_gone,
        }));
    }
    let User { username, .. } = before(ledger, open.user, open.named_until).await?;
    let is_known = !username.is_empty() && username != ERASED;
    Ok(is_known.then(|| Kick {
        is_gone: authorization.user_by_name(&username).is_none(),
        username,
    }))
}
