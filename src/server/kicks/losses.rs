//! Who may do less over MQTT after an event.
//!
//! An event that takes a right concerns nobody if the right is none over MQTT. It does not concern a user who has the whole right by
//! another grant when this process reads the event. That user lost it for a moment at most, and an event that takes the other grant is
//! judged later, by itself.
//!
//! If a role loses a right, those lose it who hold the role when this process reads the event. Who gave the role up since, or held it until
//! it was deleted, has a later event. So the later event takes all that the role granted over MQTT at any time before, even if it no
//! longer granted it at the end.

use std::vec;

use aggregates::{
    Event, Recorded,
    role::RoleEvent,
    sealing::ERASED,
    session::SessionEvent,
    user::{User, UserEvent},
    values::{Context, Permission, RoleId, UserId},
};
use futures_util::future::BoxFuture;
use ledger::{Ledger, LedgerError, OpenKick};
use projections::role_directory::{self, HoldersPart};

use super::{
    kick::Kick,
    past::{Before, Ever, RolePast, before},
};

/// How many holders of a role are read at once.
const HOLDERS: i64 = 1_000;

/// A user who may do less.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Loser {
    pub(super) user: UserId,
    /// Whether the sessions are under the name that the user had until the event. Otherwise they are under the name that the user has now.
    pub(super) by_old_name: bool,
    /// Whether the user may not connect any more.
    pub(super) is_gone: bool,
}

/// Users who may do less because of one event.
pub(super) struct Part {
    /// The position of the event.
    pub(super) position: i64,
    /// The users.
    pub(super) losers: Vec<Loser>,
}

/// All users who may do less after the events of a page, in parts.
pub(super) struct Losses<'a> {
    ledger: &'a Ledger,
    before: Before,
    events: vec::IntoIter<Recorded>,
    now: Loss,
    position: i64,
}

/// Who loses what by an event.
#[derive(Debug)]
struct Loss {
    losers: Losers,
    lost: Lost,
}

/// The users who may lose something. A role may have many holders, so they come in parts.
#[derive(Clone, Copy, Debug)]
enum Losers {
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

/// What is lost.
#[derive(Clone, Debug)]
enum Lost {
    /// A way to connect, or more rights than are compared.
    Anything,
    /// These rights over MQTT.
    Rights(Vec<Permission>),
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

impl<'a> Losses<'a> {
    /// Who may do less after these events, which must be a page of the ledger without gaps. The memory of this process must not be behind
    /// the page.
    pub(super) fn of(
        ledger: &'a Ledger,
        page: Vec<Recorded>,
    ) -> BoxFuture<'a, Result<Losses<'a>, LedgerError>> {
        Box::pin(async move {
            Ok(Self {
                ledger,
                before: Before::of(ledger, &page).await?,
                events: page.into_iter(),
                now: Loss::none(),
                position: 0,
            })
        })
    }

    /// The next part; `None` after the last one.
    pub(super) fn next(&mut self) -> BoxFuture<'_, Result<Option<Part>, LedgerError>> {
        Box::pin(async move {
            loop {
                if let Some(users) = self.now.losers.next(self.ledger).await? {
                    let authorization = self.ledger.authorization();
                    let has = |rights: &[Permission], user| authorization.still_has(user, rights);
                    let losers = users.into_iter().filter(|loser| match &self.now.lost {
                        Lost::Anything => true,
                        Lost::Rights(rights) => !has(rights, loser.user),
                    });
                    return Ok(Some(Part {
                        position: self.position,
                        losers: losers.collect(),
                    }));
                }
                let Some(recorded) = self.events.next() else {
                    return Ok(None);
                };
                self.position = recorded.position;
                self.now = Loss::of(&self.before, &recorded);
                self.before.pass(&recorded);
            }
        })
    }
}

impl Losers {
    /// The next part; `None` after the last one.
    async fn next(&mut self, ledger: &Ledger) -> Result<Option<Vec<Loser>>, LedgerError> {
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
                let (users, last) = ledger.granted_role(role, after, until).await?;
                *self = match last < until {
                    true => Self::EverHeld(role, last, until),
                    false => Self::Nobody,
                };
                users
            }
        };
        Ok(Some(users.into_iter().map(Loser::by_name_of_now).collect()))
    }
}

impl Loss {
    fn none() -> Self {
        Self {
            losers: Losers::Nobody,
            lost: Lost::Anything,
        }
    }

    /// A user who may no longer connect as before.
    fn of_access(loser: Loser) -> Self {
        Self {
            losers: Losers::One(loser),
            lost: Lost::Anything,
        }
    }

    /// These users lose a permission, if it is one over MQTT.
    fn of_permission(losers: Losers, permission: Option<&Permission>) -> Self {
        match permission.filter(|permission| permission.context == Context::Mqtt) {
            Some(permission) => Self {
                losers,
                lost: Lost::Rights(vec![permission.clone()]),
            },
            None => Self::none(),
        }
    }

    /// These users lose all that a role ever granted.
    fn of_role(losers: Losers, role: Option<&RolePast>) -> Self {
        match role.map(RolePast::ever) {
            Some(Ever::These(rights)) if !rights.is_empty() => Self {
                losers,
                lost: Lost::Rights(rights.clone()),
            },
            Some(Ever::Many) => Self {
                losers,
                lost: Lost::Anything,
            },
            Some(Ever::These(_)) | None => Self::none(),
        }
    }

    /// Who loses what by an event.
    fn of(before: &Before, recorded: &Recorded) -> Self {
        match &recorded.event {
            Event::User(event) => of_user(before, &recorded.aggregate_id, event),
            Event::Role(event) => of_role(before, recorded, event),
            Event::Session(event) => of_session(before, &recorded.aggregate_id, event),
            // The user of a registration has events of its own, and so does the user who loses a certificate.
            Event::ClientRegistry(_)
            | Event::Registration(_)
            | Event::ServiceAccount(_)
            | Event::Authority(_)
            | Event::CertifiedKey(_)
            // The rights of groups are not rights over MQTT, and the users in them have events of their own.
            | Event::Organisation(_)
| Event::Application(_)
| Event::ApiKey(_)
| Event::Account(_)
            // Licences give no rights over MQTT.
            | Event::Agreement(_)
            | Event::Licence(_)
            | Event::Seat(_)
            // The sessions of a sign-in have events of their own.
            | Event::SignIn(_)
            | Event::NxAccount(_) => Self::none(),
        }
    }
}

fn of_user(before: &Before, aggregate_id: &str, event: &UserEvent) -> Loss {
    let Ok(id) = UserId::parse(aggregate_id) else {
        return Loss::none();
    };
    let user = Loser::by_name_of_now(id);
    match event {
        UserEvent::RoleRevoked { role_id } => {
            Loss::of_role(Losers::One(user), before.role(&role_id.to_string()))
        }
        UserEvent::PermissionRevoked { id: permission } => {
            Loss::of_permission(Losers::One(user), before.own(aggregate_id, *permission))
        }
        UserEvent::Renamed { .. } | UserEvent::Deleted {} => Loss::of_access(Loser::by_old_name(id)),
        UserEvent::Revoked {} => Loss::of_access(Loser {
            is_gone: true,
            ..user
        }),
        // From now on, the password alone is not enough for a broker, or nothing is until the user enrols.
        UserEvent::TotpEnrolled { .. }
        | UserEvent::SecondFactorDisabled { .. }
        | UserEvent::PasswordChangeDemanded { demanded: true }
        | UserEvent::MfaEnforcementChanged {
            enforce_mfa_enrollment: true,
        }
        | UserEvent::PasswordChanged { .. }
        | UserEvent::PasswordSet { .. }
        | UserEvent::PublishPrefixChanged { .. }
        | UserEvent::IdentityProviderChanged { .. }
        | UserEvent::GrantTypesChanged { .. }
        | UserEvent::CertificateRemoved { .. }
        | UserEvent::TokensRevoked {}
        | UserEvent::SessionsEnded { .. }
        | UserEvent::SessionsByMethodEnded { .. } => Loss::of_access(user),
        UserEvent::Created { .. }
        | UserEvent::PasswordRehashed { .. }
        | UserEvent::PasswordChangeDemanded { demanded: false }
        | UserEvent::MfaEnforcementChanged {
            enforce_mfa_enrollment: false,
        }
        | UserEvent::TotpOffered { .. }
        | UserEvent::SecondFactorUsed { .. }
        | UserEvent::SecondFactorRefused { .. }
        | UserEvent::BackupCodesReplaced { .. }
        | UserEvent::RoleGranted { .. }
        | UserEvent::PermissionGranted { .. }
        | UserEvent::CertificateAdded { .. } => Loss::none(),
    }
}

fn of_role(before: &Before, recorded: &Recorded, event: &RoleEvent) -> Loss {
    let Ok(id) = RoleId::parse(&recorded.aggregate_id) else {
        return Loss::none();
    };
    let role = before.role(&recorded.aggregate_id);
    match event {
        RoleEvent::PermissionRemoved { id: permission }
        | RoleEvent::PermissionChanged { id: permission, .. } => {
            let lost = role.and_then(|role| role.permission(*permission));
            Loss::of_permission(Losers::Holders(id, 0), lost)
        }
        RoleEvent::Deleted {} => {
            let since = role.map_or(0, RolePast::since);
            Loss::of_role(Losers::EverHeld(id, since, recorded.position), role)
        }
        RoleEvent::Created { .. }
        | RoleEvent::Renamed { .. }
        | RoleEvent::SharingChanged { .. }
        | RoleEvent::GroupFormed { .. }
        | RoleEvent::GroupAddsNewApplicationsChanged { .. }
        | RoleEvent::ApplicationAttached { .. }
        | RoleEvent::ApplicationDetached { .. }
        | RoleEvent::PermissionAdded { .. } => Loss::none(),
    }
}

fn of_session(before: &Before, aggregate_id: &str, event: &SessionEvent) -> Loss {
    match event {
        SessionEvent::TokenRevoked {} => {
            let user = before.session(aggregate_id).and_then(|session| session.user_id);
            user.map_or_else(Loss::none, |user| Loss::of_access(Loser::by_name_of_now(user)))
        }
        SessionEvent::TokenIssued { .. } => Loss::none(),
    }
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
