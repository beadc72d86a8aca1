//! How many statements a batch costs: the same for a hundred events as for a few.

use aggregates::{Event, role::RoleEvent, session::SessionEvent, user::UserEvent};
use uuid::Uuid;

use crate::{
    trace::statements,
    world::{
        Engine, World, certificate, of_role, of_session, of_user, permission_added, permission_granted,
        permission_id, reading, role_created, role_granted, session_id, token_issued, topic, user_created,
    },
};

type Batch = Vec<(Uuid, Event)>;

/// Records each batch and returns how many statements each cost.
async fn costs(world: &mut World, batches: Vec<Batch>) -> Vec<usize> {
    let mut costs = Vec::new();
    for batch in batches {
        let events = world.at_next_positions(batch);
        costs.push(statements(world.apply(&events)).await.1.len());
    }
    costs
}

/// One batch for each size, made from the same numbers.
fn sizes(sizes: [std::ops::Range<u32>; 2], batch: impl Fn(u32) -> Batch) -> Vec<Batch> {
    sizes
        .into_iter()
        .map(|size| size.flat_map(&batch).collect())
        .collect()
}

#[tokio::test]
async fn a_batch_of_one_kind_costs_what_it_must() {
    let mut world = World::new(Engine::Postgres).await;
    let ranges = || [0..20, 20..220];
    let world = &mut world;
    let created = sizes(ranges(), |n| {
        vec![user_created(n, &format!("user.{n}"), n % 2 == 0)]
    });
    assert_eq!(costs(world, created).await, [2, 2], "users");
    world
        .record(vec![role_created(1, "operators", true, false)])
        .await;
    let granted = sizes(ranges(), |n| vec![role_granted(n, 1)]);
    assert_eq!(costs(world, granted).await, [1, 1], "grants of roles");
    let issued = sizes(ranges(), |n| vec![token_issued(n, n, 1)]);
    assert_eq!(costs(world, issued).await, [1, 1], "tokens");
    let added = sizes(ranges(), |n| {
        vec![of_user(
            n,
            UserEvent::CertificateAdded {
                certificate: certificate(n),
            },
        )]
    });
    assert_eq!(costs(world, added).await, [1, 1], "certificates");
    let permitted = sizes(ranges(), |n| {
        vec![permission_granted(n, reading(n, &format!("device/{n}/#")))]
    });
    assert_eq!(costs(world, permitted).await, [8, 8], "own permissions");
    let added = sizes(ranges(), |n| {
        vec![permission_added(1, reading(1_000 + n, &format!("device/{n}/#")))]
    });
    assert_eq!(
        costs(world, added).await,
        [6, 6],
        "permissions of a role, of resources known before, and how many the role gave"
    );
    let changed = sizes(ranges(), |n| {
        vec![of_user(
            n,
            UserEvent::MfaEnforcementChanged {
                enforce_mfa_enrollment: true,
            },
        )]
    });
    assert_eq!(costs(world, changed).await, [2, 2], "changes of users");
    let rehashed = sizes(ranges(), |n| {
        vec![of_user(
            n,
            UserEvent::PasswordRehashed {
                password_hash: String::from("$argon2id$").into(),
            },
        )]
    });
    assert_eq!(costs(world, rehashed).await, [0, 0], "passwords");
    let revoked = sizes(ranges(), |n| vec![of_session(n, SessionEvent::TokenRevoked {})]);
    assert_eq!(costs(world, revoked).await, [1, 1], "revocations");
    let revoked = sizes(ranges(), |n| vec![of_user(n, UserEvent::TokensRevoked {})]);
    assert_eq!(costs(world, revoked).await, [1, 1], "revocations of all tokens");
    // One statement finds the sessions, and one removes those that have ended.
    let issued = sizes(ranges(), |n| {
        vec![token_issued(10_000 + n, n, 1), token_issued(20_000 + n, n, 1)]
    });
    costs(world, issued).await;
    let ended = sizes(ranges(), |n| {
        let kept = Some(session_id(10_000 + n));
        vec![of_user(n, UserEvent::SessionsEnded { kept })]
    });
    assert_eq!(costs(world, ended).await, [2, 2], "ends of all sessions but one");
}

/// Everything that can happen to a user and to a role, in addition to what exists already.
fn everything(n: u32) -> Batch {
    let permission = |m| permission_granted(n, reading(10 * n + m, &format!("device/{n}/{m}")));
    let resource = topic(&format!("office/{n}"));
    let operation = aggregates::values::Operation::Write;
    vec![
        user_created(n, &format!("user.{n}"), false),
        role_created(n, &format!("role.{n}"), true, false),
        role_granted(n, n),
        permission(1),
        permission(2),
        of_user(
            n,
            UserEvent::PermissionRevoked {
                id: permission_id(10 * n + 1),
            },
        ),
        permission_added(n, reading(10 * n + 3, "office/#")),
        of_role(
            n,
            RoleEvent::PermissionChanged {
                id: permission_id(10 * n + 3),
                resource,
                operation,
            },
        ),
        of_user(
            n,
            UserEvent::CertificateAdded {
                certificate: certificate(n),
            },
        ),
        token_issued(n, n, 1),
        of_user(
            n,
            UserEvent::Renamed {
                username: format!("device.{n}"),
            },
        ),
    ]
}

/// Ends everything that [`everything`] began.
fn the_end(n: u32) -> Batch {
    vec![
        of_user(n, UserEvent::TokensRevoked {}),
        of_user(
            n,
            UserEvent::RoleRevoked {
                role_id: crate::world::role_id(n),
            },
        ),
        of_role(n, RoleEvent::SharingChanged { is_shared: false }),
        of_role(
            n,
            RoleEvent::PermissionRemoved {
                id: permission_id(10 * n + 3),
            },
        ),
        of_role(n, RoleEvent::Deleted {}),
        of_user(n, UserEvent::Deleted {}),
    ]
}

#[tokio::test]
async fn a_batch_of_everything_costs_the_same_whatever_its_size() {
    let mut world = World::new(Engine::Postgres).await;
    let world = &mut world;
    let made = costs(world, sizes([1..20, 20..100], everything)).await;
    assert_eq!(made[0], made[1]);
    assert!(made[0] <= 14, "{made:?}");
    let ended = costs(world, sizes([1..20, 20..100], the_end)).await;
    assert_eq!(ended[0], ended[1]);
    assert!(ended[0] <= 26, "{ended:?}");
    for (table, digest) in world.digests().await {
        // What roles gave is kept: each of the roles had one permission, which changed once.
        let kept = match table {
            "role_spans" => 99,
            "permission_spans" => 2 * 99,
            _ => 0,
        };
        assert_eq!(world.count(table).await, kept, "{table} {digest:?}");
    }
}
