//! Nobody gives a right that they do not hold: judged on the state that the events follow, whichever process changed it last.

use std::collections::{BTreeMap, BTreeSet};

use aggregates::{
    Command, Event, Recorded,
    role::{RoleCommand, RoleEvent},
    user::{RoleGrant, UserCommand, UserEvent},
    values::{Context, Operation, PasswordHash, Permission, PermissionId, RoleId, TopicFilter, UserId},
};
use authorization::Lacking;
use futures_util::future::join_all;
use ledger::{
    ExecuteError, Executor, Filter, Ledger, Metadata,
    ids::{Entropy, SystemEntropy},
};
use rand::{Rng, SeedableRng, rngs::StdRng, seq::SliceRandom};

use super::{
    on_both_engines,
    site::{Site, metadata, new_role, new_user, role_created, role_granted, user_created},
};

fn reads(topic: &str) -> Permission {
    Permission {
        id: PermissionId(SystemEntropy.uuid()),
        resource: TopicFilter::parse(topic).expect("a filter"),
        operation: Operation::Read,
        context: Context::Mqtt,
    }
}

fn granted(user: UserId, topic: &str) -> Command {
    Command::User(user, UserCommand::GrantPermission(reads(topic)))
}

fn added(role: RoleId, topic: &str) -> Command {
    Command::Role(role, RoleCommand::AddPermission(reads(topic)))
}

fn revoked(user: UserId, role_id: RoleId) -> Command {
    Command::User(user, UserCommand::RevokeRole { role_id })
}

fn password_set(user: UserId) -> Command {
    let password_hash = PasswordHash::new("$argon2id$another");
    Command::User(user, UserCommand::SetPassword { password_hash })
}

/// Executes commands that nobody judges.
async fn run(executor: &Executor, commands: Vec<Command>) -> i64 {
    let appended = executor.execute(commands, &metadata()).await;
    appended.expect("the commands should be executed").position
}

/// Executes commands of a giver.
async fn give(executor: &Executor, giver: UserId, commands: Vec<Command>) -> Result<i64, ExecuteError> {
    let metadata = Metadata {
        actor: giver.to_string(),
        ..metadata()
    };
    let appended = executor
        .execute_for(authorization::Principal::User(giver), commands, &metadata)
        .await;
    appended.map(|appended| appended.position)
}

#[track_caller]
fn must_lack(given: Result<i64, ExecuteError>, topic: &str) {
    let Err(ExecuteError::NotHeld { lacking, .. }) = given else {
        panic!("the giver does not hold {topic}: {given:?}")
    };
    assert!(
        lacking
            .to_string()
            .contains(&format!("read on {topic} in context mqtt")),
        "{lacking}"
    );
}

/// Two nodes, a giver who holds topic `a` by a role, and somebody else.
struct Scene {
    here: Executor,
    there: Executor,
    giver: UserId,
    target: UserId,
    role: RoleId,
}

impl Scene {
    async fn new(site: &Site) -> Self {
        let (here, there) = (
            Executor::new(site.ledger().await),
            Executor::new(site.ledger().await),
        );
        let (giver, target, role) = (new_user(), new_user(), new_role());
        let made = vec![
            role_created(role, "givers"),
            added(role, "a"),
            user_created(giver, "giver"),
            user_created(target, "target"),
            role_granted(giver, role),
        ];
        run(&here, made).await;
        let scene = Self {
            here,
            there,
            giver,
            target,
            role,
        };
        scene.both_know().await;
        scene
    }

    /// Both nodes know what is recorded. From then on, a node learns what the other one records only when it must.
    async fn both_know(&self) {
        for executor in [&self.here, &self.there] {
            executor
                .ledger()
                .read_to_head()
                .await
                .expect("the ledger can be read");
        }
    }
}

on_both_engines! {
    async fn a_right_that_another_node_took_does_not_give(site: Site) {
        let scene = Scene::new(&site).await;
        let Scene { here, there, giver, target, role } = &scene;
        give(here, *giver, vec![granted(*target, "a")]).await.expect("a right that the giver holds");
        run(there, vec![revoked(*giver, *role)]).await;
        must_lack(give(here, *giver, vec![granted(new_target(here).await, "a")]).await, "a");
        // A right that the other node gave counts.
        run(there, vec![role_granted(*giver, *role)]).await;
        give(here, *giver, vec![granted(new_target(here).await, "a")]).await.expect("a right that the giver holds again");
        // The role loses what it gave, and then the giver is gone.
        let permission = there.read::<aggregates::role::Role>(*role).await.expect("a role").0.permissions;
        let id = *permission.keys().next().expect("a permission");
        run(there, vec![Command::Role(*role, RoleCommand::RemovePermission { id })]).await;
        must_lack(give(here, *giver, vec![granted(new_target(here).await, "a")]).await, "a");
        run(there, vec![added(*role, "a"), Command::User(*giver, UserCommand::Delete)]).await;
        must_lack(give(here, *giver, vec![granted(new_target(here).await, "a")]).await, "a");
        site.must_be_sound(here.ledger()).await;
    }

    async fn what_another_node_added_is_judged(site: Site) {
        let scene = Scene::new(&site).await;
        let Scene { here, there, giver, target, .. } = &scene;
        let other = new_role();
        run(here, vec![role_created(other, "other"), added(other, "a")]).await;
        scene.both_know().await;
        // The role that is given got more.
        run(there, vec![added(other, "b")]).await;
        must_lack(give(here, *giver, vec![role_granted(*target, other)]).await, "b");
        // The user whose password is set got more.
        give(here, *giver, vec![password_set(*target)]).await.expect("a user who holds nothing more");
        run(there, vec![granted(*target, "b")]).await;
        must_lack(give(here, *giver, vec![password_set(*target)]).await, "b");
        // A role that only the other node knows.
        let (narrow, wide) = (new_role(), new_role());
        run(there, vec![role_created(narrow, "narrow"), added(narrow, "a"), role_created(wide, "wide"), added(wide, "c")]).await;
        give(here, *giver, vec![role_granted(*target, narrow)]).await.expect("what the giver holds");
        must_lack(give(here, *giver, vec![role_granted(*target, wide)]).await, "c");
    }

    async fn what_another_node_took_from_a_role_is_given_again_only_by_a_holder(site: Site) {
        let scene = Scene::new(&site).await;
        let Scene { here, there, giver, .. } = &scene;
        let other = new_role();
        run(here, vec![role_created(other, "other"), added(other, "b/#")]).await;
        scene.both_know().await;
        let permissions = here.read::<aggregates::role::Role>(other).await.expect("a role").0.permissions;
        let id = *permissions.keys().next().expect("a permission");
        run(there, vec![Command::Role(other, RoleCommand::RemovePermission { id })]).await;
        // On this node, the role still grants what would be added.
        must_lack(give(here, *giver, vec![added(other, "b/1")]).await, "b/1");
    }

    async fn an_administrator_whom_another_node_made_an_ordinary_user_gives_no_more(site: Site) {
        let scene = Scene::new(&site).await;
        let Scene { here, there, giver, target, .. } = &scene;
        let administrator = |user| role_granted(user, RoleId::ADMINISTRATOR);
        run(here, vec![role_created(RoleId::ADMINISTRATOR, "administrators"), administrator(*giver), administrator(*target)]).await;
        scene.both_know().await;
        let other = new_target(here).await;
        give(here, *giver, vec![granted(other, "z"), administrator(other)]).await.expect("an administrator gives all");
        run(there, vec![revoked(*giver, RoleId::ADMINISTRATOR)]).await;
        must_lack(give(here, *giver, vec![granted(new_target(here).await, "z")]).await, "z");
        let refused = give(here, *giver, vec![administrator(new_target(here).await)]).await;
        assert!(matches!(refused, Err(ExecuteError::NotHeld { lacking: Lacking::Administrator, .. })), "{refused:?}");
        let refused = give(here, *giver, vec![password_set(*target)]).await;
        assert!(matches!(refused, Err(ExecuteError::NotHeld { lacking: Lacking::OfAdministrator(user), .. }) if user == *target), "{refused:?}");
    }

    async fn a_rehearsal_is_judged_like_the_execution_after_it(site: Site) {
        let scene = Scene::new(&site).await;
        let Scene { here, there, giver, target, role } = &scene;
        let rehearse = async |commands: Vec<Command>| {
            let rehearsed = here.rehearse_for(Some(authorization::Principal::User(*giver)), &commands).await;
            rehearsed.map(|rehearsed| rehearsed.position)
        };
        rehearse(vec![granted(*target, "a")]).await.expect("a right that the giver holds");
        must_lack(rehearse(vec![granted(*target, "b")]).await, "b");
        here.rehearse(&[granted(*target, "b")]).await.expect("nobody is judged");
        run(there, vec![revoked(*giver, *role)]).await;
        must_lack(rehearse(vec![granted(*target, "a")]).await, "a");
    }

    async fn nobody_gives_after_the_loss_however_close_it_is(site: Site) {
        let scene = Scene::new(&site).await;
        let Scene { here, there, giver, role, .. } = &scene;
        for round in 0..25 {
            let losing = if round % 2 == 0 { here } else { there };
            let targets: Vec<UserId> = (0..8).map(|_| new_user()).collect();
            let named = |(number, user): (usize, &UserId)| user_created(*user, &format!("user.{round}.{number}"));
            run(here, targets.iter().enumerate().map(named).collect()).await;
            let loses = async {
                for _ in 0..round % 5 {
                    tokio::task::yield_now().await;
                }
                run(losing, vec![revoked(*giver, *role)]).await
            };
            let gives = join_all(targets.iter().map(|target| give(here, *giver, vec![granted(*target, "a")])));
            let (lost, given) = tokio::join!(loses, gives);
            for given in given {
                match given {
                    Ok(position) => assert!(position < lost, "{position} comes after the loss at {lost}"),
                    Err(ExecuteError::NotHeld { .. }) => {}
                    Err(error) => panic!("{error:?}"),
                }
            }
            run(losing, vec![role_granted(*giver, *role)]).await;
            scene.both_know().await;
        }
    }

    async fn nobody_comes_to_hold_what_no_giver_held(site: Site) {
        let nodes = [Executor::new(site.ledger().await), Executor::new(site.ledger().await)];
        let users: Vec<UserId> = (0..5).map(|_| new_user()).collect();
        let roles: Vec<RoleId> = (0..4).map(|_| new_role()).collect();
        let mut first: Vec<Command> = Vec::new();
        first.extend((0..).zip(&users).map(|(number, user)| user_created(*user, &format!("user.{number}"))));
        first.extend((0..).zip(&roles).map(|(number, role)| role_created(*role, &format!("role.{number}"))));
        first.extend((0..3).map(|number| granted(users[number], TOPICS[number])));
        first.extend((0..2).map(|number| added(roles[number], TOPICS[number + 1])));
        run(&nodes[0], first).await;
        let act = async |seed: u64| {
            let mut random = StdRng::seed_from_u64(seed);
            for _ in 0..25 {
                let node = nodes.choose(&mut random).expect("a node");
                let giver = users.choose(&mut random).expect("a user");
                let command = a_command(&mut random, &users, &roles);
                match give(node, *giver, vec![command]).await {
                    Ok(_) | Err(ExecuteError::NotHeld { .. } | ExecuteError::Domain { .. } | ExecuteError::Rejected(_)) => {}
                    Err(error) => panic!("{error:?}"),
                }
            }
        };
        join_all((0..6).map(act)).await;
        let mut held = Held::default();
        let mut given = 0;
        for event in all(nodes[0].ledger()).await {
            given += usize::from(held.take(&event));
        }
        assert!(given > 10, "only {given} rights were given");
        site.must_be_sound(nodes[0].ledger()).await;
    }
}

/// Makes another user, with a random name.
async fn new_target(executor: &Executor) -> UserId {
    let user = new_user();
    run(executor, vec![user_created(user, &format!("user.{user}"))]).await;
    user
}

const TOPICS: [&str; 4] = ["a", "b", "c", "d"];

fn a_command(random: &mut StdRng, users: &[UserId], roles: &[RoleId]) -> Command {
    let topic = *TOPICS.choose(random).expect("a topic");
    let user = *users.choose(random).expect("a user");
    let role = *roles.choose(random).expect("a role");
    match random.gen_range(0..6) {
        0 => granted(user, topic),
        1 => added(role, topic),
        2 | 3 => Command::User(
            user,
            UserCommand::GrantRole(RoleGrant {
                role_id: role,
                is_shared: true,
            }),
        ),
        4 => revoked(user, role),
        _ => password_set(user),
    }
}

async fn all(ledger: &Ledger) -> Vec<Recorded> {
    let stored = ledger
        .after(0, 100_000, &Filter::default())
        .await
        .expect("the ledger can be read");
    ledger.open_events(&stored).await.expect("the events open")
}

/// Who holds which topics, in the simplest way.
#[derive(Default)]
struct Held {
    roles: BTreeMap<String, BTreeSet<String>>,
    own: BTreeMap<String, BTreeSet<String>>,
    granted: BTreeMap<String, BTreeSet<String>>,
}

impl Held {
    fn of(&self, user: &str) -> BTreeSet<String> {
        let roles = self.granted.get(user).into_iter().flatten();
        let by_roles = roles.filter_map(|role| self.roles.get(role)).flatten();
        by_roles
            .chain(self.own.get(user).into_iter().flatten())
            .cloned()
            .collect()
    }

    /// Takes an event in. Fails if its actor gives what they do not hold. Returns whether the event gives anything.
    fn take(&mut self, recorded: &Recorded) -> bool {
        let (id, actor) = (recorded.aggregate_id.clone(), recorded.actor.as_str());
        let holds = |given: &BTreeSet<String>| {
            let held = self.of(actor);
            let gives = actor != Metadata::SYSTEM;
            assert!(
                !gives || given.is_subset(&held),
                "{actor} holds {held:?} and gives {given:?}: {recorded:?}"
            );
            gives && !given.is_empty()
        };
        match &recorded.event {
            Event::User(UserEvent::RoleGranted { role_id, .. }) => {
                let given = holds(&self.roles.get(&role_id.to_string()).cloned().unwrap_or_default());
                self.granted.entry(id).or_default().insert(role_id.to_string());
                given
            }
            Event::User(UserEvent::RoleRevoked { role_id }) => {
                self.granted.entry(id).or_default().remove(&role_id.to_string());
                false
            }
            Event::User(UserEvent::PermissionGranted { permission }) => {
                let given = holds(&BTreeSet::from([permission.resource.to_string()]));
                self.own
                    .entry(id)
                    .or_default()
                    .insert(permission.resource.to_string());
                given
            }
            Event::User(UserEvent::PasswordSet { .. }) => actor != id && holds(&self.of(&id)),
            Event::Role(RoleEvent::PermissionAdded { permission }) => {
                let given = holds(&BTreeSet::from([permission.resource.to_string()]));
                self.roles
                    .entry(id)
                    .or_default()
                    .insert(permission.resource.to_string());
                given
            }
            _ => false,
        }
    }
}
