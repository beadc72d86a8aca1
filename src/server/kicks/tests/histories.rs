//! Random commands, and moments at which the reaction looks at events.

use aggregates::{
    Command,
    role::{CreateRole, RoleCommand},
    session::{IssueToken, SessionCommand},
    user::{CreateUser, RoleGrant, UpdateUser, UserCommand},
    values::{
        Audience, Certificate, Context, Fingerprint, GrantMethod, GrantType, IdentityProvider, Operation,
        PasswordHash, Permission, PermissionId, RoleId, RoleName, SessionId, Timestamp, TokenFingerprint,
        TokenLabel, TopicFilter, UserId, Username,
    },
};
use proptest::{collection::vec, prelude::*, sample::select};
use uuid::Uuid;

/// Topics of which clients ask.
pub(super) const TOPICS: [&str; 11] = [
    "a", "b", "a/a", "a/b", "b/a", "a.b", "a.b/a", "a/a.b", "$s", "$s/a", "a/b/a",
];
/// Filters of which clients ask, in addition to the topics.
pub(super) const FILTERS: [&str; 10] = [
    "#", "+", "a/#", "a/+", "+/a", "+/#", "a/+/#", "a.b/#", "+/+", "$s/#",
];

/// Patterns of permissions. Many of them cover another one, or seem to.
const PATTERNS: [&str; 10] = [
    "a/a", "a/b", "a.b/a", "+/a", "a/+", "a/#", "#", "a.b", "a/+/#", "$s/a",
];

const USERS: u128 = 3;
const ROLES: u128 = 3;
const PERMISSIONS: u128 = 6;

#[derive(Clone, Debug)]
pub(super) enum Step {
    /// Somebody does something.
    Command(Box<Command>),
    /// The reaction looks at so many events.
    Look(i64),
}

fn user(number: u128) -> UserId {
    UserId(Uuid::from_u128(0x1000 + number))
}

fn role(number: u128) -> RoleId {
    RoleId(Uuid::from_u128(0x2000 + number))
}

fn permission_id(number: u128) -> PermissionId {
    PermissionId(Uuid::from_u128(0x3000 + number))
}

fn a_filter() -> impl Strategy<Value = TopicFilter> {
    select(PATTERNS.to_vec()).prop_map(|text| TopicFilter::parse(text).unwrap())
}

fn an_operation() -> impl Strategy<Value = Operation> {
    select(vec![Operation::Read, Operation::Write, Operation::ReadWrite])
}

/// The ids of permissions in different places differ.
fn a_permission(place: u128) -> impl Strategy<Value = Permission> {
    let context = prop_oneof![4 => Just(Context::Mqtt), 1 => Just(Context::Http)];
    (0..PERMISSIONS, a_filter(), an_operation(), context).prop_map(
        move |(id, resource, operation, context)| Permission {
            id: permission_id(0x100 * place + id),
            resource,
            operation,
            context,
        },
    )
}

fn a_name() -> impl Strategy<Value = String> {
    (0..5).prop_map(|number| format!("device-{number}"))
}

fn password() -> PasswordHash {
    PasswordHash::new("$argon2id$hash")
}

fn by_password() -> Vec<GrantType> {
    vec![GrantType {
        method: GrantMethod::Password,
        is_required: false,
    }]
}

fn fingerprint(number: u8) -> Fingerprint {
    Fingerprint::parse(&format!("{number:02x}").repeat(32)).unwrap()
}

fn created(name: &str) -> UserCommand {
    UserCommand::Create(CreateUser {
        username: Username::parse(name).unwrap(),
        identity_provider: IdentityProvider::Local,
        auto_generated: false,
        mqtt_publish_prefix: None,
        grant_types: by_password(),
        enforce_mfa_enrollment: false,
        password_hash: Some(password()),
        must_change_password: false,
        roles: Vec::new(),
        permissions: Vec::new(),
        certificates: Vec::new(),
    })
}

fn made(number: u128) -> RoleCommand {
    RoleCommand::Create(CreateRole {
        name: RoleName::parse(&format!("role {number}")).unwrap(),
        is_shared: true,
        auto_generated: false,
        protected: false,
        permissions: Vec::new(),
    })
}

fn of_user(number: u128) -> impl Strategy<Value = UserCommand> {
    let updated = |update| UserCommand::Update(update);
    prop_oneof![
        3 => a_name().prop_map(|name| created(&name)),
        12 => (0..ROLES).prop_map(|number| UserCommand::GrantRole(RoleGrant {
            role_id: role(number),
            is_shared: true,
        })),
        6 => (0..ROLES).prop_map(|number| UserCommand::RevokeRole { role_id: role(number) }),
        6 => a_permission(10 + number).prop_map(UserCommand::GrantPermission),
        4 => (0..PERMISSIONS).prop_map(move |id| UserCommand::RevokePermission {
            id: permission_id(0x100 * (10 + number) + id),
        }),
        1 => a_name().prop_map(move |name| updated(UpdateUser { username: Some(name), ..UpdateUser::default() })),
        1 => any::<bool>().prop_map(move |some| updated(UpdateUser {
            mqtt_publish_prefix: Some(some.then(|| "a".to_owned())),
            ..UpdateUser::default()
        })),
        1 => any::<bool>().prop_map(move |is_required| updated(UpdateUser {
            grant_types: Some(vec![GrantType { method: GrantMethod::Password, is_required }]),
            ..UpdateUser::default()
        })),
        1 => Just(UserCommand::SetPassword { password_hash: password() }),
        1 => (0..2_u8).prop_map(|number| UserCommand::AddCertificate(Certificate {
            fingerprint: fingerprint(number),
            created_at: Timestamp::from_micros(0),
            expires_at: None,
        })),
        1 => (0..2_u8).prop_map(|number| UserCommand::RemoveCertificate { fingerprint: fingerprint(number) }),
        1 => Just(UserCommand::RevokeAllTokens),
        1 => Just(UserCommand::Revoke),
        1 => Just(UserCommand::Delete),
    ]
}

fn of_role(number: u128) -> impl Strategy<Value = RoleCommand> {
    let id = move |id| permission_id(0x100 * (20 + number) + id);
    prop_oneof![
        1 => Just(made(number)),
        8 => a_permission(20 + number).prop_map(RoleCommand::AddPermission),
        4 => (0..PERMISSIONS, a_filter(), an_operation()).prop_map(move |(permission, resource, operation)| {
            RoleCommand::ChangePermission {
                id: id(permission),
                resource: Some(resource),
                operation: Some(operation),
            }
        }),
        4 => (0..PERMISSIONS).prop_map(move |permission| RoleCommand::RemovePermission { id: id(permission) }),
        1 => Just(RoleCommand::Delete),
    ]
}

fn of_session(number: u128) -> impl Strategy<Value = SessionCommand> {
    prop_oneof![
        (0..USERS).prop_map(move |owner| SessionCommand::IssueToken(IssueToken {
            user_id: user(owner),
            face: Audience::Connectware,
            fingerprint: TokenFingerprint::from_digest([number as u8; 32]),
            label: TokenLabel::parse("").unwrap(),
            methods: vec![GrantMethod::Password],
            issued_at: Timestamp::from_micros(1),
            expires_at: Timestamp::from_micros(i64::MAX / 2),
        })),
        Just(SessionCommand::RevokeToken),
    ]
}

fn a_step() -> impl Strategy<Value = Step> {
    let command = |command| Step::Command(Box::new(command));
    let users = (0..USERS).prop_flat_map(|number| (Just(number), of_user(number)));
    let roles = (0..ROLES).prop_flat_map(|number| (Just(number), of_role(number)));
    let sessions = (0..3_u128).prop_flat_map(|number| (Just(number), of_session(number)));
    prop_oneof![
        12 => users.prop_map(move |(number, one)| command(Command::User(user(number), one))),
        8 => roles.prop_map(move |(number, one)| command(Command::Role(role(number), one))),
        1 => sessions.prop_map(move |(number, one)| {
            command(Command::Session(SessionId(Uuid::from_u128(0x4000 + number)), one))
        }),
        6 => prop_oneof![Just(500_i64), 1..4_i64].prop_map(Step::Look),
    ]
}

/// Makes all users and roles.
fn everybody() -> Vec<Step> {
    let users = (0..USERS).map(|number| Command::User(user(number), created(&format!("device-{number}"))));
    let roles = (0..ROLES).map(|number| Command::Role(role(number), made(number)));
    users
        .chain(roles)
        .map(|one| Step::Command(Box::new(one)))
        .collect()
}

/// A history. In a third of them, the reaction looks after each command.
pub(super) fn a_history() -> impl Strategy<Value = Vec<Step>> {
    (0..3, vec(a_step(), 60..120)).prop_map(|(kind, rest)| {
        let steps: Vec<Step> = everybody().into_iter().chain(rest).collect();
        if kind > 0 {
            return steps;
        }
        let looking = steps.into_iter().flat_map(|step| [step, Step::Look(500)]);
        looking.collect()
    })
}
