//! Commands that are rehearsed. The outcome equals that of running them, and a rehearsal leaves nothing behind.

use aggregates::{
    Command,
    role::{RoleCommand, UpdateRole},
    user::{RoleGrant, UpdateUser, User, UserCommand},
    values::{Context, Operation, Permission, PermissionId, RoleId, UserId},
};
use ledger::{
    ExecuteError, Executor, Head, NewEvent,
    ids::{Entropy, SystemEntropy},
};
use projections::sql::{Db, sql};
use proptest::{prelude::*, sample::select, strategy::ValueTree, test_runner::TestRunner};

use super::{
    on_both_engines,
    site::{
        Site, create_user, metadata, new_role, new_user, number, role_created, role_granted, user_created,
    },
};

/// The whole content of the database: every row of every table.
async fn everything(db: &Db) -> Vec<String> {
    let texts = async |text: String| -> Vec<String> {
        let rows = db.all(sql(text)).await.expect("the statement should run");
        rows.iter().map(|row| row.text(0).expect("a text")).collect()
    };
    let mut all = Vec::new();
    let sqlite = matches!(db, Db::Sqlite { .. });
    let tables = match sqlite {
        true => "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name",
        false => {
            "SELECT CAST(tablename AS TEXT) FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
        }
    };
    for table in texts(tables.to_owned()).await {
        let row = match sqlite {
            true => {
                let columns = texts(format!("SELECT name FROM pragma_table_info('{table}')")).await;
                columns
                    .iter()
                    .map(|name| format!("quote({name})"))
                    .collect::<Vec<_>>()
                    .join(" || ',' || ")
            }
            false => format!("CAST({table} AS TEXT)"),
        };
        let rows = texts(format!("SELECT {row} FROM {table} ORDER BY 1")).await;
        all.extend(rows.into_iter().map(|row| format!("{table}: {row}")));
    }
    assert!(all.iter().any(|row| row.starts_with("ledger_head: ")), "{all:?}");
    all
}

/// The outcome of commands: the events, or the text of the refusal.
type Outcome = Result<Vec<NewEvent>, String>;

async fn rehearsed(executor: &Executor, commands: &[Command]) -> Outcome {
    let rehearsed = executor.rehearse(commands).await;
    rehearsed
        .map(|rehearsed| rehearsed.events)
        .map_err(|error| format!("{error:?}"))
}

async fn ran(executor: &Executor, commands: &[Command]) -> Outcome {
    let appended = executor.execute(commands.to_vec(), &metadata()).await;
    let event = |recorded: aggregates::Recorded| NewEvent {
        aggregate_id: recorded.aggregate_id,
        sequence: recorded.sequence,
        event: recorded.event,
    };
    appended
        .map(|appended| appended.events.into_iter().map(event).collect())
        .map_err(|error| format!("{error:?}"))
}

fn said(outcome: &Outcome) -> String {
    format!("{outcome:?}")
}

fn permission() -> Permission {
    Permission {
        id: PermissionId(SystemEntropy.uuid()),
        resource: "plant/+/state".parse().expect("a filter"),
        operation: Operation::Read,
        context: Context::Mqtt,
    }
}

fn updated(user: UserId, update: UpdateUser) -> Command {
    Command::User(user, UserCommand::Update(update))
}

fn unshared(role: RoleId) -> Command {
    let update = UpdateRole {
        name: None,
        is_shared: Some(false),
        permissions: None,
    };
    Command::Role(role, RoleCommand::Update(update))
}

/// An administrator. With only one, a test can provoke the refusal about the last administrator.
async fn administrator(executor: &Executor) -> UserId {
    let ada = new_user();
    let commands = vec![
        role_created(RoleId::ADMINISTRATOR, "connectware-admin"),
        user_created(ada, "ada"),
        role_granted(ada, RoleId::ADMINISTRATOR),
    ];
    executor
        .execute(commands, &metadata())
        .await
        .expect("an administrator");
    ada
}

on_both_engines! {
    async fn what_is_rehearsed_is_what_is_then_recorded(site: Site) {
        let executor = Executor::new(site.ledger().await);
        let (user, role) = (new_user(), new_role());
        for commands in [
            vec![role_created(role, "operators"), user_created(user, "grace"), role_granted(user, role)],
            vec![Command::Role(role, RoleCommand::AddPermission(permission())), unshared(role), Command::User(
                user,
                UserCommand::GrantRole(RoleGrant { role_id: role, is_shared: false }),
            )],
            vec![updated(user, UpdateUser { username: "hopper".parse().ok(), ..UpdateUser::default() })],
            // There is nothing to change.
            vec![updated(user, UpdateUser { username: "hopper".parse().ok(), ..UpdateUser::default() })],
            vec![Command::Role(role, RoleCommand::Delete), Command::User(user, UserCommand::Delete)],
        ] {
            let before = executor.ledger().head().await.expect("the head").position;
            let rehearsal = executor.rehearse(&commands).await.expect("it can be done");
            assert_eq!(rehearsal.position, before);
            let told: Outcome = Ok(rehearsal.events);
            assert_eq!(said(&told), said(&ran(&executor, &commands).await));
        }
        site.must_be_sound(executor.ledger()).await;
    }

    async fn what_would_be_refused_is_refused_for_the_same_reason(site: Site) {
        let executor = Executor::new(site.ledger().await);
        let ada = administrator(&executor).await;
        let (grace, role, gone) = (new_user(), new_role(), new_role());
        // Its claim comes before that of `role`.
        let free = RoleId::parse("00000000-0000-4000-8000-000000000001").expect("an id");
        let made = vec![
            role_created(role, "operators"),
            role_created(free, "fitters"),
            user_created(grace, "grace"),
            role_granted(ada, role),
            role_granted(grace, role),
        ];
        executor.execute(made, &metadata()).await.expect("a unit");
        for (commands, reason) in [
            (vec![user_created(new_user(), "grace")], "ClaimTaken"),
            (vec![role_created(new_role(), "operators")], "ClaimTaken"),
            (vec![user_created(new_user(), "kay"), user_created(new_user(), "kay")], "ClaimTaken"),
            (vec![role_granted(grace, gone)], "ClaimMissing"),
            (vec![Command::User(ada, UserCommand::Delete)], "LastClaim"),
            (vec![unshared(role)], "role_is_held"),
            (vec![unshared(free), unshared(role)], "role_is_held"),
            (vec![Command::User(new_user(), UserCommand::Delete)], "NotFound"),
            (vec![user_created(grace, "another")], "AlreadyExists"),
        ] {
            let refused = rehearsed(&executor, &commands).await;
            assert!(refused.as_ref().is_err_and(|error| error.contains(reason)), "{reason}: {refused:?}");
            assert_eq!(said(&refused), said(&ran(&executor, &commands).await));
        }
    }

    async fn a_rehearsal_leaves_every_table_as_it_was(site: Site) {
        let executor = Executor::new(site.ledger().await);
        let ada = administrator(&executor).await;
        let db = executor.ledger().db();
        let before = everything(db).await;
        let (user, role) = (new_user(), new_role());
        let create = aggregates::user::CreateUser { permissions: vec![permission()], ..create_user("grace") };
        for commands in [
            vec![role_created(role, "operators"), Command::User(user, UserCommand::Create(create)), role_granted(user, role)],
            vec![updated(ada, UpdateUser { username: "lovelace".parse().ok(), ..UpdateUser::default() })],
            vec![user_created(new_user(), "ada")],
            vec![Command::User(ada, UserCommand::Delete)],
        ] {
            let _ = executor.rehearse(&commands).await;
            assert_eq!(everything(db).await, before);
        }
        assert_eq!(number(db, "SELECT COUNT(*) FROM subject_keys").await, 1);
        // The process remembers nothing either: the names are free, and the ids do not exist.
        executor.execute(vec![user_created(new_user(), "grace")], &metadata()).await.expect("a free name");
        executor.execute(vec![role_created(role, "operators")], &metadata()).await.expect("a free name");
        assert_eq!(executor.read::<User>(user).await.expect("an answer").1.sequence, 0);
    }

    async fn a_rehearsal_waits_for_nobody_who_writes(site: Site) {
        let executor = Executor::new(site.ledger().await);
        administrator(&executor).await;
        let other = site.db().await;
        let mut tx = other.begin().await.expect("a transaction");
        Head::lock(&mut tx).await.expect("the head's lock");
        executor.rehearse(&[user_created(new_user(), "grace")]).await.expect("no lock is needed");
        drop(tx);
    }

    async fn a_rehearsal_starts_from_what_the_ledger_holds(site: Site) {
        let (near, far) = (Executor::new(site.ledger().await), Executor::new(site.ledger().await));
        let user = new_user();
        near.execute(vec![user_created(user, "grace")], &metadata()).await.expect("a user");
        // The other node makes the change. This node still remembers the old state.
        let renamed = updated(user, UpdateUser { username: "hopper".parse().ok(), ..UpdateUser::default() });
        far.execute(vec![renamed.clone()], &metadata()).await.expect("a new name");
        assert_eq!(said(&rehearsed(&near, std::slice::from_ref(&renamed)).await), "Ok([])");
        let free = rehearsed(&near, &[user_created(new_user(), "grace")]).await;
        assert!(free.is_ok(), "{free:?}");
        far.execute(vec![Command::User(user, UserCommand::Delete)], &metadata()).await.expect("a user who can go");
        let gone = near.rehearse(&[renamed]).await;
        assert!(matches!(gone, Err(ExecuteError::Domain { index: 0, .. })), "{gone:?}");
    }

    async fn any_unit_is_rehearsed_as_it_then_goes(site: Site) {
        let executor = Executor::new(site.ledger().await);
        administrator(&executor).await;
        let users: Vec<UserId> = (0..8).map(|_| new_user()).collect();
        let roles: Vec<RoleId> = [RoleId::ADMINISTRATOR].into_iter().chain((0..5).map(|_| new_role())).collect();
        let made = vec![
            user_created(users[0], "grace"),
            user_created(users[1], "kay"),
            role_created(roles[1], "hedy"),
            role_created(roles[2], "joan"),
        ];
        executor.execute(made, &metadata()).await.expect("a start");
        let unit = prop::collection::vec(a_command(users, roles), 1..3);
        let mut runner = TestRunner::new(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() });
        let mut accepted = 0;
        for _ in 0..150 {
            let commands = unit.new_tree(&mut runner).expect("a unit").current();
            let before = everything(executor.ledger().db()).await;
            let told = rehearsed(&executor, &commands).await;
            assert_eq!(everything(executor.ledger().db()).await, before, "{commands:?}");
            let ran = ran(&executor, &commands).await;
            // If there are two reasons to refuse a unit, either may be found first.
            if told.is_ok() || ran.is_ok() {
                assert_eq!(said(&told), said(&ran), "{commands:?}");
            }
            accepted += usize::from(told.is_ok());
        }
        assert!((5..145).contains(&accepted), "{accepted} of 150 were accepted");
        site.must_be_sound(executor.ledger()).await;
    }
}

/// There are few users, roles and names, so that commands often conflict.
fn a_command(users: Vec<UserId>, roles: Vec<RoleId>) -> impl Strategy<Value = Command> {
    let (user, role) = (select(users), select(roles));
    let name = || select(vec!["ada", "grace", "kay", "hedy", "joan", "mary"]);
    prop_oneof![
        3 => (user.clone(), name()).prop_map(|(user, name)| user_created(user, name)),
        2 => (role.clone(), name()).prop_map(|(role, name)| role_created(role, name)),
        4 => (user.clone(), role.clone(), any::<bool>()).prop_map(|(user, role_id, is_shared)| {
            Command::User(user, UserCommand::GrantRole(RoleGrant { role_id, is_shared }))
        }),
        1 => (user.clone(), role.clone()).prop_map(|(user, role_id)| {
            Command::User(user, UserCommand::RevokeRole { role_id })
        }),
        2 => (user.clone(), name()).prop_map(|(user, name)| {
            updated(user, UpdateUser { username: name.parse().ok(), ..UpdateUser::default() })
        }),
        1 => user.prop_map(|user| Command::User(user, UserCommand::Delete)),
        2 => role.clone().prop_map(unshared),
        1 => role.clone().prop_map(|role| Command::Role(role, RoleCommand::AddPermission(permission()))),
        1 => role.prop_map(|role| Command::Role(role, RoleCommand::Delete)),
    ]
}
