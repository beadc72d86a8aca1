//! An authorization engine that was filled from the read models answers like an engine that replayed the ledger.

use aggregates::{
    Event, Recorded, Registered,
    role::{Role, RoleCommand, RoleEvent},
    sealing::ERASED,
    session::SessionEvent,
    user::UserEvent,
    values::{AccountKind, Context, GrantType, IdentityProvider, Operation, TopicFilter},
};
use authorization::{Authorization, Credential, Inquiry, Principal, Subject, api_key_machine};
use projections::sql::{Error, sql};
use proptest::{
    collection::vec,
    prelude::*,
    test_runner::{Config, TestRunner},
};

use crate::{
    model::numbered::{self, digest},
    steps::{History, step},
    world::{
        Engine, NOW, World, both_engines, certificate, of_role, of_session, of_user, permission_added,
        permission_granted, permission_id, reading, recorded, role_created, role_granted, role_id,
        token_fingerprint, token_issued, topic, user_created, user_id,
    },
};

/// The questions use ids up to this one.
const IDS: u32 = 121;

async fn load(world: &World, position: i64) -> Result<Authorization, Error> {
    let mut tx = world.db.snapshot().await.expect("a snapshot should begin");
    projections::loading::authorization(&mut tx, position, NOW).await
}

async fn loaded(world: &World, position: i64) -> Authorization {
    load(world, position).await.expect("the read models should load")
}

fn replayed(events: &[Recorded]) -> Authorization {
    let authorization = Authorization::new();
    authorization.apply(events);
    authorization.drop_expired(NOW);
    authorization
}

/// Compares all answers of both engines.
fn agree(one: &Authorization, other: &Authorization) {
    let counts = |engine: &Authorization| {
        [
            engine.user_count(),
            engine.role_count(),
            engine.session_count(),
            engine.certificate_count(),
        ]
    };
    assert_eq!((one.position(), counts(one)), (other.position(), counts(other)));
    let filters = ["/a/#", "/a/x", "/b/+", "/b/#", "#"].map(topic);
    for n in 0..IDS {
        let user = user_id(n);
        let views = (one.user(user), other.user(user));
        assert_eq!(views.0, views.1);
        for name in [format!("user.{n}"), format!("role {n}")] {
            assert_eq!(one.user_by_name(&name), other.user_by_name(&name));
        }
        assert_eq!(one.permissions(user), other.permissions(user));
        checks_agree(one, other, n, &filters);
        assert_eq!(one.role(role_id(n)), other.role(role_id(n)));
        assert_eq!(one.role(user.own_role()), other.role(user.own_role()));
        let token = token_fingerprint(n).digest();
        assert_eq!(one.session(&token), other.session(&token));
        let fingerprint = certificate(n).fingerprint;
        assert_eq!(one.certificate(&fingerprint), other.certificate(&fingerprint));
    }
    assert_eq!(one.user_by_name(ERASED), None);
    for n in 1..IDS {
        things_agree(one, other, n);
    }
}

/// Compares what both engines say about the group, the API key, the account and so on with this number.
fn things_agree(one: &Authorization, other: &Authorization, n: u32) {
    let group = numbered::group(n).role();
    assert_eq!(one.role(group), other.role(group));
    let machine = api_key_machine(numbered::api_key(n));
    let credential = Credential::Secret(digest(n).bytes());
    let asked = |engine: &Authorization| {
        let reach = |principal| {
            let mut reach = engine.reach(principal);
            reach.groups.sort_unstable();
            reach
        };
        let id = n.to_string();
        let mut allowed = Vec::new();
        for (kind, action) in [
            ("os2iot-organisation", "read"),
            ("os2iot-application", "read"),
            ("os2iot-application", "write"),
            ("os2iot-group", "write"),
            ("os2iot-user", "write"),
            ("os2iot-api-key", "read"),
        ] {
            let inquiry = Inquiry::parse(kind, &id, action).expect("a question");
            // The groups that keys have were made before them.
            for key in [n, n + 1, n + 2, n + 5] {
                let subject = Subject::Machine(api_key_machine(numbered::api_key(key)));
                allowed.push(engine.answer(&subject, &inquiry, NOW).denied.is_none());
            }
            let user = Subject::User(user_id(n));
            allowed.push(engine.answer(&user, &inquiry, NOW).denied.is_none());
        }
        let presented = format!("{:?}", engine.machine_with(&credential, NOW));
        let reached = [
            reach(Principal::User(user_id(n))),
            reach(Principal::Machine(machine)),
        ];
        (engine.has_machine(machine), presented, reached, allowed)
    };
    assert_eq!(asked(one), asked(other), "{n}");
}

fn checks_agree(one: &Authorization, other: &Authorization, n: u32, filters: &[TopicFilter]) {
    let user = user_id(n);
    for context in [Context::Http, Context::Mqtt] {
        for operation in [Operation::Read, Operation::Write, Operation::ReadWrite] {
            for resource in ["/a/x", "/b/x", "/c", "/d"] {
                let asked = |engine: &Authorization| engine.check(user, context, operation, resource);
                assert_eq!(
                    asked(one),
                    asked(other),
                    "{n} {context:?} {operation:?} {resource}"
                );
            }
        }
    }
    for filter in filters {
        let asked = |engine: &Authorization| engine.check_subscription(user, filter);
        assert_eq!(asked(one), asked(other), "{n} {filter}");
    }
}

/// Takes any history, loads the engine at any point of it, and applies the remaining events.
fn run(engine: Engine, cases: u32) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let world = runtime.block_on(World::new(engine));
    let config = Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    };
    let strategy = (vec(step(), 0..120), any::<prop::sample::Index>());
    TestRunner::new(config)
        .run(&strategy, |(steps, at)| {
            runtime.block_on(async {
                let History { events, units, .. } = History::of(&steps);
                // A process reads what whole units have written.
                let ends: Vec<usize> = std::iter::once(0).chain(units).collect();
                let (before, after) = events.split_at(*at.get(&ends));
                world.clear().await;
                world.apply(before).await;
                let engine = loaded(&world, i64::try_from(before.len()).expect("few")).await;
                agree(&engine, &replayed(before));
                // First one event at a time, then all events again, as a follower may do.
                after
                    .iter()
                    .for_each(|event| engine.apply(std::slice::from_ref(event)));
                engine.apply(&events);
                engine.drop_expired(NOW);
                agree(&engine, &replayed(&events));
                Ok(())
            })
        })
        .expect("loading should be replaying");
}

#[test]
fn any_history_loads_as_it_replays_on_sqlite() {
    run(Engine::Sqlite, 96);
}

#[test]
fn any_history_loads_as_it_replays_on_postgres() {
    run(Engine::Postgres, 24);
}

/// A small world with some of everything: two users, three roles, own permissions, a certificate, tokens, erased names.
async fn little(world: &mut World) -> Vec<Recorded> {
    let grant_types: Vec<GrantType> = vec![];
    world
        .record(vec![
            role_created(1, "operators", true, false),
            role_created(2, "auditors", false, true),
            role_created(3, "nobody's", true, false),
            permission_added(1, reading(1, "/a/#")),
            permission_added(2, reading(2, "/b/+")),
            user_created(1, "ada", false),
            user_created(2, "grace", true),
            role_granted(1, 1),
            role_granted(1, 2),
            role_granted(2, 1),
            role_granted(2, 3),
            permission_granted(1, reading(3, "/c")),
            of_user(1, UserEvent::GrantTypesChanged { grant_types }),
            of_user(
                2,
                UserEvent::IdentityProviderChanged {
                    identity_provider: IdentityProvider::Ldap,
                },
            ),
            of_user(
                1,
                UserEvent::CertificateAdded {
                    certificate: certificate(1),
                },
            ),
            token_issued(1, 1, 1),
            of_user(1, UserEvent::TokensRevoked {}),
            token_issued(2, 1, 1),
            token_issued(3, 2, 1),
            token_issued(4, 2, 0),
            of_session(3, SessionEvent::TokenRevoked {}),
        ])
        .await
}

both_engines! {
    async fn nothing_loads_as_nothing(world) {
        agree(&loaded(&world, 0).await, &replayed(&[]));
    }

    async fn something_of_everything_loads(mut world) {
        let events = little(&mut world).await;
        let engine = loaded(&world, 21).await;
        agree(&engine, &replayed(&events));
        assert_eq!((engine.user_count(), engine.session_count()), (2, 1));
        assert!(engine.check(user_id(1), Context::Mqtt, Operation::Read, "/c").allowed);
        assert!(engine.certificate(&certificate(1).fingerprint).is_some());
    }

    async fn account_kinds_load_though_no_list_has_them(mut world) {
        let mut events = Vec::new();
        for kind in AccountKind::ALL {
            let made = Role::default().decide(RoleCommand::MakeAccountKind(kind)).expect("a new role");
            events.extend(made.into_iter().map(|event| (kind.role().0, Event::Role(event))));
        }
        let developer = AccountKind::Developer.role();
        let first = AccountKind::Developer.permissions().expect("a catalogue").swap_remove(0);
        let lost = RoleEvent::PermissionRemoved { id: first.id };
        events.extend([
            (developer.0, Event::Role(lost)),
            user_created(1, "ada", false),
            of_user(1, UserEvent::RoleGranted { role_id: developer, exclusive: false }),
        ]);
        let events = world.record(events).await;
        let engine = loaded(&world, i64::try_from(events.len()).expect("few")).await;
        let other = replayed(&events);
        agree(&engine, &other);
        for kind in AccountKind::ALL {
            assert_eq!(engine.role(kind.role()), other.role(kind.role()));
        }
        assert_eq!(engine.permissions(user_id(1)).len(), 46);
        for table in ["role_directory", "permission_usage"] {
            assert_eq!(world.count(table).await, 0, "{table}");
        }
    }

    async fn what_was_loaded_goes_as_what_was_replayed(mut world) {
        let mut events = little(&mut world).await;
        let engine = loaded(&world, 21).await;
        for (id, event) in [
            of_role(1, RoleEvent::Deleted {}),
            of_session(2, SessionEvent::TokenRevoked {}),
            of_user(1, UserEvent::PermissionRevoked { id: permission_id(3) }),
            of_user(2, UserEvent::Renamed { username: "user.7".to_owned() }),
            of_user(1, UserEvent::Deleted {}),
            user_created(7, "ada", false),
        ] {
            events.push(recorded(i64::try_from(events.len()).expect("few") + 1, id, event));
            engine.apply(&events[events.len() - 1..]);
            agree(&engine, &replayed(&events));
        }
        assert_eq!(engine.user_by_name("ada"), Some(user_id(7)));
    }

    async fn more_roles_than_a_slot_has_room_for_load(mut world) {
        let mut events = vec![user_created(1, "ada", false), user_created(3, "grace", false)];
        for n in 1..=7 {
            events.push(role_created(n, &format!("role.{n}"), true, false));
            events.push(permission_added(n, reading(n, if n == 7 { "/a/#" } else { "/b/+" })));
            events.push(role_granted(1, n));
        }
        events.extend((5..=7).map(|n| role_granted(3, n)));
        let events = world.record(events).await;
        agree(&loaded(&world, 26).await, &replayed(&events));
    }

    async fn an_erased_name_loads_as_nobodys(mut world) {
        let made = |first: &str| {
            vec![
                user_created(1, first, false),
                permission_granted(1, reading(1, "/a/#")),
                user_created(3, "grace", false),
                user_created(5, ERASED, false),
            ]
        };
        world.record(made("ada")).await;
        let mut tx = world.db.begin().await.expect("a transaction should begin");
        let subject = user_id(1).to_string();
        projections::read_models::erase(&mut tx, &subject).await.expect("a person should be erased");
        tx.commit().await.expect("the transaction should commit");
        let events = made(ERASED).into_iter().zip(1..);
        let events: Vec<_> = events.map(|((id, event), n)| recorded(n, id, event)).collect();
        agree(&loaded(&world, 4).await, &replayed(&events));
    }

    async fn read_models_that_do_not_fit_together_do_not_load(mut world) {
        let events = little(&mut world).await;
        let ahead = load(&world, 5).await;
        assert!(matches!(ahead, Err(Error::Decode(_))), "{ahead:?}");
        for damage in [
            "UPDATE user_directory SET identity_provider = 'kin'",
            "UPDATE user_directory SET username = 'ada'",
            "UPDATE user_directory SET ordinal = 22",
            "UPDATE user_directory SET user_id = (SELECT role_id FROM role_directory WHERE name = 'auditors') \
             WHERE username = 'ada'",
            "DELETE FROM user_directory WHERE username = 'grace'",
            "DELETE FROM user_directory WHERE username = 'ada'",
            "UPDATE permission_usage SET operation = 'all'",
            "UPDATE permission_usage SET resource = 'a/#/b'",
            "UPDATE permission_usage SET resource = '#'",
            "DELETE FROM role_directory WHERE name = 'operators'",
            "DELETE FROM role_directory WHERE owner_user_id IS NOT NULL",
            "UPDATE role_directory SET owner_user_id = NULL",
            "UPDATE sessions SET fingerprint = 'none'",
            "UPDATE user_certificates SET fingerprint = 'none'",
        ] {
            world.db.execute(sql(damage)).await.expect("the damage should be done");
            let damaged = load(&world, 21).await;
            assert!(matches!(damaged, Err(Error::Decode(_))), "{damage}: {damaged:?}");
            world.clear().await;
            world.apply(&events).await;
        }
        agree(&loaded(&world, 21).await, &replayed(&events));
    }
}
