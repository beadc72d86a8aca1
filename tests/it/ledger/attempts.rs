//! Changes that their makers judge before each attempt: an outdated judgement records nothing and refuses nothing, and however many changes
//! rest on what they move, each is made.

use std::collections::BTreeSet;

use aggregates::{
    Command, Registered as _,
    role::{Role, RoleCommand},
    user::{User, UserCommand},
    values::{Context, Operation, Permission, PermissionId, RoleId, TopicFilter, UserId},
};
use authorization::Grounds;
use futures_util::future::join_all;
use ledger::{
    Attempted, Attempts, Change, ExecuteError, Executor, Seen,
    ids::{Entropy, SystemEntropy},
};

use super::{
    on_both_engines,
    site::{Site, metadata, new_role, new_user, role_created, user_created},
};

fn tokens_revoked(user: UserId) -> Command {
    Command::User(user, UserCommand::RevokeAllTokens)
}

fn added(role: RoleId) -> Command {
    let id = PermissionId(SystemEntropy.uuid());
    let permission = Permission {
        id,
        resource: TopicFilter::parse(&format!("line/{id}")).expect("a filter"),
        operation: Operation::Read,
        context: Context::Mqtt,
    };
    Command::Role(role, RoleCommand::AddPermission(permission))
}

/// Executes commands that rest on nothing.
async fn run(executor: &Executor, commands: Vec<Command>) {
    let executed = executor.execute(commands, &metadata()).await;
    executed.expect("the commands should be executed");
}

/// A judgement from what a node knows now, which rests on these streams.
fn judged(executor: &Executor, streams: &[(&'static str, String)]) -> Grounds {
    Grounds {
        position: executor.ledger().authorization().position(),
        streams: streams.iter().cloned().collect(),
    }
}

async fn make(
    attempts: &mut Attempts<'_>,
    commands: Vec<Command>,
    grounds: &Grounds,
    unchanged: &[Seen],
) -> Result<Attempted, ExecuteError> {
    let metadata = metadata();
    let change = Change {
        giver: None,
        commands,
        metadata: &metadata,
        unchanged,
        grounds,
        caller: None,
    };
    attempts.make(change).await
}

#[track_caller]
fn must_be_outdated(attempted: &Result<Attempted, ExecuteError>) {
    assert!(matches!(attempted, Ok(Attempted::Outdated)), "{attempted:?}");
}

#[track_caller]
fn must_be_made(attempted: &Result<Attempted, ExecuteError>) {
    assert!(matches!(attempted, Ok(Attempted::Made(_))), "{attempted:?}");
}

async fn permissions(executor: &Executor, role: RoleId) -> usize {
    let (role, _) = executor.read::<Role>(role).await.expect("a role");
    role.permissions.len()
}

/// Two nodes that know everything, a user on whom judgements rest, and a role to change.
struct Scene {
    here: Executor,
    there: Executor,
    user: UserId,
    role: RoleId,
    streams: [(&'static str, String); 1],
}

impl Scene {
    async fn new(site: &Site) -> Self {
        let (here, there) = (
            Executor::new(site.ledger().await),
            Executor::new(site.ledger().await),
        );
        let (user, role) = (new_user(), new_role());
        run(&here, vec![user_created(user, "ada"), role_created(role, "role")]).await;
        let streams = [(User::TYPE, user.to_string())];
        Self {
            here,
            there,
            user,
            role,
            streams,
        }
    }
}

on_both_engines! {
    async fn a_change_is_not_recorded_if_what_its_judgement_rests_on_has_moved(site: Site) {
        let scene = Scene::new(&site).await;
        let Scene { here, there, user, role, streams } = &scene;
        for mover in [here, there] {
            let before = permissions(here, *role).await;
            let grounds = judged(here, streams);
            run(mover, vec![tokens_revoked(*user)]).await;
            let mut attempts = here.attempts();
            must_be_outdated(&make(&mut attempts, vec![added(*role)], &grounds, &[]).await);
            assert_eq!(permissions(here, *role).await, before);
            attempts.again().await.expect("the ledger can be read");
            must_be_made(&make(&mut attempts, vec![added(*role)], &judged(here, streams), &[]).await);
            assert_eq!(permissions(here, *role).await, before + 1);
        }
        site.must_be_sound(here.ledger()).await;
    }

    async fn a_change_is_not_recorded_if_what_was_seen_has_changed(site: Site) {
        let scene = Scene::new(&site).await;
        let Scene { here, there, user, role, streams } = &scene;
        for mover in [here, there] {
            let (_, seen) = here.read::<User>(*user).await.expect("a user");
            run(mover, vec![tokens_revoked(*user)]).await;
            here.ledger().read_to_head().await.expect("the ledger can be read");
            let grounds = judged(here, streams);
            let mut attempts = here.attempts();
            must_be_outdated(&make(&mut attempts, vec![added(*role)], &grounds, &[seen]).await);
            assert_eq!(permissions(here, *role).await, 0);
        }
    }

    /// What another node has changed is no conflict for a change that does not rest on it, although this node remembers an older state.
    async fn a_change_of_what_another_node_has_changed_is_made(site: Site) {
        let scene = Scene::new(&site).await;
        let Scene { here, there, role, streams, .. } = &scene;
        run(here, vec![added(*role)]).await;
        run(there, vec![added(*role)]).await;
        let mut attempts = here.attempts();
        let first = make(&mut attempts, vec![added(*role)], &judged(here, streams), &[]).await;
        if matches!(first, Ok(Attempted::Outdated)) {
            attempts.again().await.expect("the ledger can be read");
            must_be_made(&make(&mut attempts, vec![added(*role)], &judged(here, streams), &[]).await);
        }
        assert_eq!(permissions(here, *role).await, 3);
    }

    async fn a_refusal_counts_only_if_nothing_has_changed_since_the_judgement(site: Site) {
        let scene = Scene::new(&site).await;
        let Scene { here, there, user, role, streams } = &scene;
        let impossible = || vec![Command::Role(*role, RoleCommand::RemovePermission { id: PermissionId(SystemEntropy.uuid()) })];
        let refused = make(&mut here.attempts(), impossible(), &judged(here, streams), &[]).await;
        assert!(matches!(refused, Err(ExecuteError::Domain { .. })), "{refused:?}");
        for moved in [tokens_revoked(*user), added(*role)] {
            let grounds = judged(here, streams);
            run(there, vec![moved]).await;
            let mut attempts = here.attempts();
            must_be_outdated(&make(&mut attempts, impossible(), &grounds, &[]).await);
            attempts.again().await.expect("the ledger can be read");
            let refused = make(&mut attempts, impossible(), &judged(here, streams), &[]).await;
            assert!(matches!(refused, Err(ExecuteError::Domain { .. })), "{refused:?}");
        }
    }

    /// Each change moves what all of them rest on. The second attempt of each has its turn before it judges, so nobody comes between.
    async fn many_changes_that_rest_on_what_they_move_need_two_attempts_at_most(site: Site) {
        let here = Executor::new(site.ledger().await);
        let role = new_role();
        run(&here, vec![role_created(role, "role")]).await;
        let streams = [(Role::TYPE, role.to_string())];
        let changes = (0..200).map(async |_| {
            let mut attempts = here.attempts();
            for attempt in 1.. {
                let grounds = judged(&here, &streams);
                // Others judge, too, before anybody appends.
                tokio::task::yield_now().await;
                match make(&mut attempts, vec![added(role)], &grounds, &[]).await {
                    Ok(Attempted::Made(_)) => return attempt,
                    Ok(Attempted::Outdated) => attempts.again().await.expect("the ledger can be read"),
                    Err(error) => panic!("{error:?}"),
                }
            }
            unreachable!("a change ends")
        });
        let counts: BTreeSet<i32> = join_all(changes).await.into_iter().collect();
        assert_eq!(counts, BTreeSet::from([1, 2]));
        assert_eq!(permissions(&here, role).await, 200);
    }

    /// The caller may be changed while others have the turns of the caller's changes, and then these are outdated.
    async fn a_caller_who_is_changed_waits_for_no_change_of_the_caller(site: Site) {
        let scene = Scene::new(&site).await;
        let Scene { here, user, role, streams, .. } = &scene;
        let metadata = metadata();
        let grounds = judged(here, streams);
        let change = |role: RoleId, caller| Change {
            giver: None, commands: vec![added(role)], metadata: &metadata, unchanged: &[], grounds: &grounds, caller,
        };
        let mut attempts = here.attempts();
        must_be_made(&attempts.make(change(*role, Some(&streams[0]))).await);
        // The turns last until the attempts are dropped.
        run(here, vec![tokens_revoked(*user)]).await;
        must_be_outdated(&attempts.make(change(*role, Some(&streams[0]))).await);
    }

    /// Two changes that need the same turns in another order do not wait for each other.
    async fn changes_that_rest_on_what_the_other_one_moves_are_both_made(site: Site) {
        let here = Executor::new(site.ledger().await);
        let roles: Vec<RoleId> = (0..4).map(|_| new_role()).collect();
        run(&here, roles.iter().map(|role| role_created(*role, &role.to_string())).collect()).await;
        let changes = (0..40).map(async |number: usize| {
            let (moved, rests_on) = (roles[number % 4], roles[(number + 1 + number / 4 % 3) % 4]);
            let streams = [(Role::TYPE, rests_on.to_string())];
            let mut attempts = here.attempts();
            loop {
                let grounds = judged(&here, &streams);
                tokio::task::yield_now().await;
                match make(&mut attempts, vec![added(moved)], &grounds, &[]).await {
                    Ok(Attempted::Made(_)) => return,
                    Ok(Attempted::Outdated) => attempts.again().await.expect("the ledger can be read"),
                    Err(error) => panic!("{error:?}"),
                }
            }
        });
        join_all(changes).await;
        for role in roles {
            assert_eq!(permissions(&here, role).await, 10);
        }
    }
}
