//! Random histories: every answer is the model's, and the tables are the same whatever the batches were.

use aggregates::{
    Event, Recorded,
    role::RoleEvent,
    session::SessionEvent,
    user::UserEvent,
    values::{Context, IdentityProvider, Operation, PermissionId, RoleName, UserId},
};
use projections::{Page, Paged, permission_usage, role_directory, sessions, user_directory};
use proptest::{
    collection::vec,
    prelude::*,
    sample::Index,
    test_runner::{Config, TestCaseError, TestRunner},
};
use uuid::Uuid;

use crate::{
    model::Model,
    world::{
        Engine, NOW, World, certificate, of_role, permission, recorded, role_created, role_id, session_id,
        token_fingerprint, token_issued_to, topic, user_created, user_id,
    },
};

/// What may happen next; which one it happens to is chosen among those there are.
#[derive(Clone, Debug)]
enum Step {
    MakeUser { auto_generated: bool },
    DeleteUser(Index),
    ChangeUser(Index, u8),
    MakeRole { shared: bool, auto_generated: bool },
    DeleteRole(Index),
    RenameRole(Index),
    ShareRole(Index, bool),
    Grant(Index, Index),
    Revoke(Index),
    GivePermission(Index, Index, u8),
    TakePermission(Index),
    ChangePermission(Index, u8),
    AddCertificate(Index),
    RemoveCertificate(Index),
    IssueToken(Index, bool),
    RevokeToken(Index),
    RevokeAllTokens(Index),
    SayNothing(u8),
}

fn step() -> impl Strategy<Value = Step> {
    let any_index = any::<Index>;
    prop_oneof![
        4 => any::<bool>().prop_map(|auto_generated| Step::MakeUser { auto_generated }),
        1 => any_index().prop_map(Step::DeleteUser),
        2 => (any_index(), 0..6_u8).prop_map(|(user, what)| Step::ChangeUser(user, what)),
        3 => any::<(bool, bool)>().prop_map(|(shared, auto_generated)| Step::MakeRole { shared, auto_generated }),
        1 => any_index().prop_map(Step::DeleteRole),
        1 => any_index().prop_map(Step::RenameRole),
        1 => (any_index(), any::<bool>()).prop_map(|(role, shared)| Step::ShareRole(role, shared)),
        5 => (any_index(), any_index()).prop_map(|(user, role)| Step::Grant(user, role)),
        2 => any_index().prop_map(Step::Revoke),
        8 => (any_index(), any_index(), 0..18_u8).prop_map(|(a, b, what)| Step::GivePermission(a, b, what)),
        3 => any_index().prop_map(Step::TakePermission),
        2 => (any_index(), 0..18_u8).prop_map(|(which, what)| Step::ChangePermission(which, what)),
        2 => any_index().prop_map(Step::AddCertificate),
        1 => any_index().prop_map(Step::RemoveCertificate),
        3 => (any_index(), any::<bool>()).prop_map(|(user, ended)| Step::IssueToken(user, ended)),
        1 => any_index().prop_map(Step::RevokeToken),
        1 => any_index().prop_map(Step::RevokeAllTokens),
        1 => (0..4_u8).prop_map(Step::SayNothing),
    ]
}

/// A history in the making.
#[derive(Debug, Default)]
struct History {
    model: Model,
    events: Vec<Recorded>,
    made: u32,
}

impl History {
    fn of(steps: &[Step]) -> Self {
        let mut history = Self::default();
        for step in steps {
            if let Some((id, event)) = history.event(step) {
                let position = i64::try_from(history.events.len()).expect("few") + 1;
                let recorded = recorded(position, id, event);
                history.model.take(&recorded);
                history.events.push(recorded);
            }
        }
        history
    }

    fn event(&mut self, step: &Step) -> Option<(Uuid, Event)> {
        self.made += 1;
        let n = self.made;
        let model = &self.model;
        let users: Vec<Uuid> = model.users.iter().map(|user| user.row.id.0).collect();
        let roles: Vec<_> = model.roles.iter().filter(|role| role.owner.is_none()).collect();
        let user = |index: &Index| (!users.is_empty()).then(|| users[index.index(users.len())]);
        let role = |index: &Index| (!roles.is_empty()).then(|| roles[index.index(roles.len())]);
        let located = model.located();
        let held = |index: &Index| (!located.is_empty()).then(|| located[index.index(located.len())]);
        let of_user = |id: Uuid, event: UserEvent| Some((id, Event::User(event)));
        match step {
            Step::MakeUser { auto_generated } => Some(user_created(n, &format!("user.{n}"), *auto_generated)),
            Step::DeleteUser(index) => of_user(user(index)?, UserEvent::Deleted {}),
            Step::ChangeUser(index, what) => of_user(user(index)?, change(n, *what)),
            Step::MakeRole {
                shared,
                auto_generated,
            } => Some(role_created(
                n,
                &format!("role {}", n % 7),
                *shared,
                *auto_generated,
            )),
            Step::DeleteRole(index) => Some((role(index)?.id.0, Event::Role(RoleEvent::Deleted {}))),
            Step::RenameRole(index) => {
                let name = RoleName::parse(&format!("role {}", n % 7)).expect("a role name");
                Some((role(index)?.id.0, Event::Role(RoleEvent::Renamed { name })))
            }
            Step::ShareRole(index, is_shared) => {
                let role = role(index).filter(|role| *is_shared || model.holders(role.id).len() < 2)?;
                Some((
                    role.id.0,
                    Event::Role(RoleEvent::SharingChanged {
                        is_shared: *is_shared,
                    }),
                ))
            }
            Step::Grant(index, of) => {
                let role = role(of).filter(|role| role.is_shared || model.holders(role.id).is_empty())?;
                of_user(
                    user(index)?,
                    UserEvent::RoleGranted {
                        role_id: role.id,
                        exclusive: !role.is_shared,
                    },
                )
            }
            Step::Revoke(index) => {
                let grants: Vec<_> = model
                    .grants
                    .iter()
                    .filter(|(_, of)| roles.iter().any(|role| role.id == *of))
                    .collect();
                let (user, role_id) = *grants.get(index.index(grants.len().max(1)))?;
                of_user(user.0, UserEvent::RoleRevoked { role_id: *role_id })
            }
            Step::GivePermission(index, or, what) => {
                let (resource, operation, context) = right(*what);
                let permission = permission(n, resource, operation, context);
                match (user(index), role(or)) {
                    (Some(user), _) if n.is_multiple_of(2) => {
                        of_user(user, UserEvent::PermissionGranted { permission })
                    }
                    (_, role) => Some((role?.id.0, Event::Role(RoleEvent::PermissionAdded { permission }))),
                }
            }
            Step::TakePermission(index) => {
                let held = held(index)?;
                match held.owner {
                    Some(user) => of_user(user.0, UserEvent::PermissionRevoked { id: held.id }),
                    None => Some((
                        held.role_id.0,
                        Event::Role(RoleEvent::PermissionRemoved { id: held.id }),
                    )),
                }
            }
            Step::ChangePermission(index, what) => {
                let held = held(index).filter(|held| held.owner.is_none())?;
                let (resource, operation, _) = right(*what);
                let changed = RoleEvent::PermissionChanged {
                    id: held.id,
                    resource: topic(resource),
                    operation,
                };
                Some((held.role_id.0, Event::Role(changed)))
            }
            Step::AddCertificate(index) => of_user(
                user(index)?,
                UserEvent::CertificateAdded {
                    certificate: certificate(n),
                },
            ),
            Step::RemoveCertificate(index) => {
                let user = user(index)?;
                let held = model.users.iter().find(|held| held.row.id.0 == user)?;
                let fingerprint = held.certificates.first()?.fingerprint.clone();
                of_user(user, UserEvent::CertificateRemoved { fingerprint })
            }
            Step::IssueToken(index, ended) => {
                Some(token_issued_to(n, UserId(user(index)?), i64::from(!ended)))
            }
            Step::RevokeToken(index) => {
                let session = model.sessions.get(index.index(model.sessions.len().max(1)))?;
                Some((session.id.0, Event::Session(SessionEvent::TokenRevoked {})))
            }
            Step::RevokeAllTokens(index) => of_user(user(index)?, UserEvent::TokensRevoked {}),
            Step::SayNothing(what) => Some(about_the_unknown(*what)),
        }
    }
}

fn change(n: u32, what: u8) -> UserEvent {
    match what {
        0 => UserEvent::Renamed {
            username: format!("user.{n}"),
        },
        1 => UserEvent::PublishPrefixChanged {
            mqtt_publish_prefix: n.is_multiple_of(2).then(|| format!("site/{n}")),
        },
        2 => UserEvent::IdentityProviderChanged {
            identity_provider: IdentityProvider::MsEntraId,
        },
        3 => UserEvent::GrantTypesChanged { grant_types: vec![] },
        4 => UserEvent::MfaEnforcementChanged {
            enforce_mfa_enrollment: n.is_multiple_of(2),
        },
        _ => UserEvent::PasswordRehashed {
            password_hash: String::from("$argon2id$").into(),
        },
    }
}

fn right(what: u8) -> (&'static str, Operation, Context) {
    let operation = [Operation::Read, Operation::Write, Operation::ReadWrite][usize::from(what % 3)];
    let context = [Context::Http, Context::Mqtt][usize::from(what / 3 % 2)];
    (
        ["/a/#", "/b/+", "/c"][usize::from(what / 6 % 3)],
        operation,
        context,
    )
}

fn about_the_unknown(what: u8) -> (Uuid, Event) {
    let unknown = PermissionId(Uuid::from_u128(7));
    match what {
        0 => (
            user_id(0).0,
            Event::User(UserEvent::Renamed {
                username: "nobody".to_owned(),
            }),
        ),
        1 => (
            user_id(0).0,
            Event::User(UserEvent::PermissionRevoked { id: unknown }),
        ),
        2 => of_role(0, RoleEvent::PermissionRemoved { id: unknown }),
        _ => of_role(0, RoleEvent::Deleted {}),
    }
}

/// Asks everything and compares.
async fn agree(world: &World, model: &Model) -> Result<(), TestCaseError> {
    let db = &world.db;
    let users = model.user_rows(NOW);
    for exclude in [false, true] {
        let wanted: Vec<_> = users
            .iter()
            .filter(|row| !(exclude && row.auto_generated))
            .cloned()
            .collect();
        for page in pages(wanted.len()) {
            let found = user_directory::page(db, &page, exclude, NOW)
                .await
                .expect("users");
            prop_assert_eq!(found, page.of(wanted.clone()));
        }
        let names: Vec<_> = users
            .iter()
            .step_by(2)
            .map(|row| row.username.clone())
            .chain(["?".to_owned()])
            .collect();
        let named: Vec<_> = wanted
            .iter()
            .filter(|row| names.contains(&row.username))
            .cloned()
            .collect();
        for page in pages(named.len()) {
            let found = user_directory::by_usernames(db, &names, &page, exclude, NOW)
                .await
                .expect("users");
            prop_assert_eq!(found, page.of(named.clone()));
        }
    }
    for user in &users {
        let found = user_directory::find(db, user.id, NOW).await.expect("users");
        prop_assert_eq!(found.as_ref(), Some(user));
        let tokens = sessions::of_user(db, user.id, NOW).await.expect("sessions");
        prop_assert_eq!(tokens, user.tokens.clone());
    }
    let ids: Vec<_> = users.iter().map(|user| user.id).collect();
    prop_assert_eq!(
        user_directory::find_many(db, &ids, NOW).await.expect("users"),
        users.clone()
    );
    prop_assert_eq!(user_directory::ids(db).await.expect("ids"), ids);
    let names: Vec<_> = users.iter().map(|user| user.username.clone()).collect();
    prop_assert_eq!(user_directory::usernames(db).await.expect("names"), names);
    for session in &model.sessions {
        let found = sessions::find(db, session.user_id, session.id)
            .await
            .expect("sessions");
        prop_assert_eq!(found.as_ref(), Some(session));
        let found = sessions::find_by_fingerprint(db, session.user_id, &session.fingerprint)
            .await
            .expect("sessions");
        prop_assert_eq!(found.as_ref(), Some(session));
    }
    prop_assert_eq!(
        sessions::find(db, user_id(0), session_id(0))
            .await
            .expect("sessions"),
        None
    );
    let nobody = sessions::find_by_fingerprint(db, user_id(0), &token_fingerprint(0)).await;
    prop_assert_eq!(nobody.expect("sessions"), None);
    agree_on_roles(world, model).await?;
    agree_on_permissions(world, model).await
}

async fn agree_on_roles(world: &World, model: &Model) -> Result<(), TestCaseError> {
    let db = &world.db;
    let rows = model.role_page_rows();
    prop_assert_eq!(
        role_directory::list(db, None).await.expect("roles"),
        model.roles.clone()
    );
    for auto_generated in [None, Some(false), Some(true)] {
        for shared in [None, Some(false), Some(true)] {
            let passing = rows.iter().filter(|row| {
                auto_generated.is_none_or(|wanted| wanted == row.role.auto_generated)
                    && shared.is_none_or(|wanted| wanted == row.role.is_shared)
            });
            let passing: Vec<_> = passing.cloned().collect();
            for page in pages(passing.len()) {
                let found = role_directory::page(db, &page, None, auto_generated, shared)
                    .await
                    .expect("roles");
                prop_assert_eq!(found, page.of(passing.clone()));
            }
            let names = ["role 1".to_owned(), "role 2".to_owned(), "role 1".to_owned()];
            let named: Vec<_> = passing
                .iter()
                .filter(|row| names.contains(&row.role.name))
                .cloned()
                .collect();
            for page in pages(named.len()) {
                let found = role_directory::page(db, &page, Some(&names), auto_generated, shared).await;
                prop_assert_eq!(found.expect("roles"), page.of(named.clone()));
            }
        }
    }
    for row in &rows {
        let found = role_directory::find(db, row.role.id).await.expect("roles");
        prop_assert_eq!(found.as_ref(), Some(&row.role));
        let holders = role_directory::holders(db, row.role.id, 2)
            .await
            .expect("holders");
        prop_assert_eq!(holders, row.holders.iter().take(2).cloned().collect::<Vec<_>>());
    }
    let ids: Vec<_> = model
        .roles
        .iter()
        .map(|role| role.id)
        .chain([role_id(0)])
        .collect();
    let existing = role_directory::existing(db, &ids).await.expect("roles");
    let existing: Vec<_> = existing
        .iter()
        .map(|role| (role.id, role.is_shared, role.owner))
        .collect();
    let expected: Vec<_> = model
        .roles
        .iter()
        .map(|role| (role.id, role.is_shared, role.owner))
        .collect();
    prop_assert_eq!(existing, expected);
    Ok(())
}

async fn agree_on_permissions(world: &World, model: &Model) -> Result<(), TestCaseError> {
    let db = &world.db;
    let located = model.located();
    let ids: Vec<_> = located.iter().map(|held| held.id).collect();
    let some: Vec<_> = ids.iter().step_by(2).copied().collect();
    for only in [None, Some(some.as_slice())] {
        let rows = model.resource_rows(only);
        for page in pages(rows.len()) {
            let found = permission_usage::page(db, &page, only).await.expect("resources");
            prop_assert_eq!(found, page.of(rows.clone()));
        }
    }
    prop_assert_eq!(
        permission_usage::ids(db).await.expect("permissions"),
        model.right_rows()
    );
    prop_assert_eq!(
        permission_usage::locate(db, &ids).await.expect("permissions"),
        located
    );
    Ok(())
}

/// All pages of a list of so many rows, and one past the end.
fn pages(rows: usize) -> impl Iterator<Item = Page> {
    let last = i64::try_from(rows.div_ceil(3)).expect("few");
    (1..=last + 1).map(|number| Page { number, rows: 3 })
}

fn run(engine: Engine, cases: u32) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let (batched, single) =
        runtime.block_on(async { (World::new(engine).await, World::new(Engine::Sqlite).await) });
    let config = Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    };
    let strategy = (vec(step(), 0..120), vec(1..40_usize, 1..8));
    TestRunner::new(config)
        .run(&strategy, |(steps, sizes)| {
            runtime.block_on(async {
                let history = History::of(&steps);
                batched.clear().await;
                single.clear().await;
                let mut rest = history.events.as_slice();
                for size in sizes.iter().cycle() {
                    let (batch, later) = rest.split_at((*size).min(rest.len()));
                    batched.apply(batch).await;
                    rest = later;
                    if rest.is_empty() {
                        break;
                    }
                }
                for event in &history.events {
                    single.apply(std::slice::from_ref(event)).await;
                }
                prop_assert_eq!(batched.digests().await, single.digests().await);
                agree(&batched, &history.model).await
            })
        })
        .expect("every history should end alike");
}

#[test]
fn every_answer_is_the_models_on_sqlite() {
    run(Engine::Sqlite, 48);
}

#[test]
fn every_answer_is_the_models_on_postgres() {
    run(Engine::Postgres, 8);
}

#[test]
fn a_page_past_the_end_has_the_total() {
    let page = Page { number: 4, rows: 3 };
    assert_eq!(
        page.of(vec![1, 2, 3, 4]),
        Paged {
            rows: vec![],
            total: 4
        }
    );
    let page = Page {
        number: i64::MAX,
        rows: i64::MAX,
    };
    assert_eq!(
        page.of(vec![1]),
        Paged {
            rows: vec![],
            total: 1
        }
    );
}
