//! Users, roles and histories for measurements. They are the same in each run.

use std::sync::Arc;

use aggregates::{
    Claim, Event,
    role::RoleEvent,
    role::claims::{ROLE, ROLE_NAME, SHARED_ROLE},
    session::SessionEvent,
    user::UserEvent,
    user::claims::{USER, USERNAME},
    values::{
        Audience, Context, GrantMethod, GrantType, IdentityProvider, Operation, PasswordHash, Permission,
        PermissionId, RoleId, RoleName, SessionId, Timestamp, TokenFingerprint, TopicFilter, UserId,
    },
};
use ledger::{Ledger, Metadata, NewEvent, Unit};
use server::identity::passwords::rules::{NewPassword, PasswordRules};
use tokio::task::JoinSet;

use crate::{
    context::Result,
    random::{Random, uuid},
    rows::memory,
};

/// The password of every user of these measurements.
pub(crate) const PASSWORD: &str = "a password to measure with 1";
/// How many events a unit has when many are written.
const EVENTS_PER_UNIT: usize = 500;
/// How many users have their events together in a history.
const BLOCK: u64 = 500;
/// How many units wait at the appender at the same time when many are written.
const WRITERS: u64 = 4;

/// The id of the `number`-th user.
pub(crate) fn user(number: u64) -> UserId {
    UserId(uuid(1, number))
}

/// The id of the `number`-th role.
pub(crate) fn role(number: u64) -> RoleId {
    RoleId(uuid(2, number))
}

/// The id of a role's `at`-th permission.
pub(crate) fn permission(role: u64, at: u64) -> PermissionId {
    PermissionId(uuid(3, role << 16 | at))
}

/// The name of the `number`-th user.
pub(crate) fn username(number: u64) -> String {
    format!("iot.device.{number:07}")
}

/// The password of every user, to be hashed.
pub(crate) fn new_password() -> Result<NewPassword> {
    Ok(Arc::new(PasswordRules::default()).propose(PASSWORD, &[])?)
}

/// The body of a login.
pub(crate) fn login_body(username: &str) -> String {
    format!(r#"{{"username":"{username}","password":"{PASSWORD}"}}"#)
}

/// A user, as an administrator makes it.
pub(crate) fn user_created(number: u64, password_hash: Option<PasswordHash>) -> UserEvent {
    let grant_types = [GrantMethod::Password, GrantMethod::Token].map(|method| GrantType {
        method,
        is_required: false,
    });
    UserEvent::Created {
        username: username(number),
        identity_provider: IdentityProvider::Local,
        auto_generated: false,
        mqtt_publish_prefix: None,
        grant_types: grant_types.to_vec(),
        enforce_mfa_enrollment: false,
        password_hash,
    }
}

/// A role with this many permissions.
pub(crate) fn role_with_permissions(number: u64, permissions: u64) -> Result<Vec<RoleEvent>> {
    let mut events = vec![RoleEvent::Created {
        name: RoleName::parse(&format!("role {number}"))?,
        is_shared: true,
        auto_generated: false,
        protected: false,
    }];
    for at in 0..permissions {
        let permission = Permission::new(
            self::permission(number, at),
            TopicFilter::parse(&pattern(number, at))?,
            Operation::Read,
            Context::Mqtt,
        )?;
        events.push(RoleEvent::PermissionAdded { permission });
    }
    Ok(events)
}

/// A role's pattern. Of five patterns, two are topics, two have a `+`, and one ends in `#`.
fn pattern(role: u64, at: u64) -> String {
    let mut random = Random::new(role << 16 | at);
    let (plant, line, device) = (random.below(50), random.below(200), random.below(1_000));
    match at % 5 {
        0 | 1 => format!("plant/{plant}/line/{line}/device/{device}/state"),
        2 => format!("plant/+/line/{line}/device/{device}/state"),
        3 => format!("plant/{plant}/line/{line}/device/+/state"),
        _ => format!("plant/{plant}/line/{line}/#"),
    }
}

/// An event of a stream.
pub(crate) fn new_event(id: impl ToString, sequence: i64, event: Event) -> NewEvent {
    NewEvent {
        aggregate_id: id.to_string(),
        sequence,
        event,
    }
}

/// A unit of events, with the claims that the executor would add.
pub(crate) fn unit(events: Vec<NewEvent>) -> Unit {
    let mut unit = Unit::new(Metadata::system("bench"));
    for new in &events {
        let id = &new.aggregate_id;
        let mut take = |scope, value: &str| unit.take.push((Claim::new(scope, value), id.clone()));
        match &new.event {
            Event::User(UserEvent::Created { username, .. }) => {
                take(USER, id);
                take(USERNAME, username);
            }
            Event::Role(RoleEvent::Created { name, is_shared, .. }) => {
                take(ROLE, id);
                if *is_shared {
                    take(SHARED_ROLE, id);
                }
                take(ROLE_NAME, name);
            }
            Event::User(UserEvent::RoleGranted { role_id, .. }) => {
                unit.require.insert(Claim::new(ROLE, role_id.to_string()));
                unit.require.insert(Claim::new(SHARED_ROLE, role_id.to_string()));
            }
            Event::Session(SessionEvent::TokenIssued { user_id, .. }) => {
                unit.require.insert(Claim::new(USER, user_id.to_string()));
            }
            _ => {}
        }
    }
    unit.events = events;
    unit
}

/// Makes roles with four permissions each, and users.
pub(crate) async fn people(ledger: &Ledger, users: u64, roles: u64, hash: &PasswordHash) -> Result<()> {
    make_roles(ledger, roles, 4).await?;
    let hash = hash.clone();
    in_shards(ledger, users.div_ceil(BLOCK), move |block| {
        let numbers = block * BLOCK..((block + 1) * BLOCK).min(users);
        vec![created(numbers, &hash)]
    })
    .await
}

/// Makes the roles and users for checks.
pub(crate) async fn holders(ledger: &Ledger, users: u64, hash: &PasswordHash) -> Result<()> {
    make_roles(ledger, memory::ROLES, memory::PATTERNS).await?;
    let hash = hash.clone();
    in_shards(ledger, users.div_ceil(BLOCK), move |block| {
        let numbers = block * BLOCK..((block + 1) * BLOCK).min(users);
        let granted = |at: u64| {
            let event = move |number: u64| {
                Event::User(UserEvent::RoleGranted {
                    role_id: role(memory::role_of(number, at)),
                    exclusive: false,
                })
            };
            let numbers = numbers.clone();
            numbers
                .map(|number| new_event(user(number), 2 + at as i64, event(number)))
                .collect()
        };
        let mut units = vec![created(numbers.clone(), &hash)];
        units.extend((0..memory::GRANTS).map(granted));
        units
    })
    .await
}

/// Makes a history of about this many events: roles with 20 permissions each, then users who are created, get and lose
/// roles, and whose tokens are issued and revoked.
pub(crate) async fn history(ledger: &Ledger, events: u64, hash: &PasswordHash) -> Result<()> {
    let roles = (events / 500).clamp(10, 1_000);
    make_roles(ledger, roles, 20).await?;
    let users = events.saturating_sub(roles * 21) / EVENTS_PER_USER;
    let hash = hash.clone();
    in_shards(ledger, users.div_ceil(BLOCK), move |block| {
        history_block(block * BLOCK..((block + 1) * BLOCK).min(users), roles, &hash)
    })
    .await
}

/// How many events of [`history_block`] a user has.
const EVENTS_PER_USER: u64 = 8;

fn history_block(users: std::ops::Range<u64>, roles: u64, hash: &PasswordHash) -> Vec<Vec<NewEvent>> {
    let role_of = |user: u64, at: u64| role(Random::new(user << 3 | at).below(roles));
    let granted = |at: u64| {
        let event = move |number: u64| {
            Event::User(UserEvent::RoleGranted {
                role_id: role_of(number, at),
                exclusive: false,
            })
        };
        users
            .clone()
            .map(|number| new_event(user(number), 2 + at as i64, event(number)))
            .collect()
    };
    let revoked = |number: u64| {
        Event::User(UserEvent::RoleRevoked {
            role_id: role_of(number, 0),
        })
    };
    let session = |number: u64, at: u64| SessionId(uuid(4, number << 1 | at));
    let issued = |at: u64| {
        let event = |number| Event::Session(issued(number, at));
        users
            .clone()
            .map(|number| new_event(session(number, at), 1, event(number)))
            .collect()
    };
    let ended = Event::Session(SessionEvent::TokenRevoked {});
    vec![
        created(users.clone(), hash),
        granted(0),
        granted(1),
        granted(2),
        issued(0),
        issued(1),
        users
            .clone()
            .map(|number| new_event(user(number), 5, revoked(number)))
            .collect(),
        users
            .clone()
            .map(|number| new_event(session(number, 0), 2, ended.clone()))
            .collect(),
    ]
}

fn issued(number: u64, at: u64) -> SessionEvent {
    let mut random = Random::new(number << 1 | at);
    let mut digest = [0; 32];
    for bytes in digest.chunks_mut(8) {
        bytes.copy_from_slice(&random.next().to_le_bytes());
    }
    let issued_at = Timestamp::from_micros(1_700_000_000_000_000);
    SessionEvent::TokenIssued {
        user_id: user(number),
        face: Audience::Connectware,
        fingerprint: TokenFingerprint::from_digest(digest),
        label: "a gateway".to_owned(),
        methods: vec![GrantMethod::Password],
        issued_at,
        expires_at: issued_at.plus_hours(100_000),
    }
}

fn created(numbers: std::ops::Range<u64>, hash: &PasswordHash) -> Vec<NewEvent> {
    let event = |number| Event::User(user_created(number, Some(hash.clone())));
    numbers
        .map(|number| new_event(user(number), 1, event(number)))
        .collect()
}

/// Makes roles with this many permissions each.
pub(crate) async fn make_roles(ledger: &Ledger, roles: u64, permissions: u64) -> Result<()> {
    let mut events = Vec::new();
    for number in 0..roles {
        let of_role = role_with_permissions(number, permissions)?;
        let numbered = (1..).zip(of_role);
        events
            .extend(numbered.map(|(sequence, event)| new_event(role(number), sequence, Event::Role(event))));
    }
    for chunk in events.chunks(EVENTS_PER_UNIT) {
        ledger.append(unit(chunk.to_vec())).await?;
    }
    Ok(())
}

/// Appends blocks of units. The units of one block are appended in order; several blocks are appended at the same time.
pub(crate) async fn in_shards<B>(ledger: &Ledger, blocks: u64, block: B) -> Result<()>
where
    B: Fn(u64) -> Vec<Vec<NewEvent>> + Clone + Send + 'static,
{
    let mut shards = JoinSet::new();
    for shard in 0..WRITERS {
        let (ledger, block) = (ledger.clone(), block.clone());
        shards.spawn(async move {
            for number in (shard..blocks).step_by(WRITERS as usize) {
                for events in block(number) {
                    ledger.append(unit(events)).await?;
                }
            }
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
        });
    }
    while let Some(ended) = shards.join_next().await {
        ended??;
    }
    Ok(())
}
