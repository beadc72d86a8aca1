//! One writer, readers all the while.

use std::{
    sync::atomic::{AtomicBool, AtomicI64, Ordering},
    thread,
};

use aggregates::{
    role::RoleEvent,
    user::UserEvent,
    values::{Context, Operation},
};

use super::{
    super::Authorization,
    ledger::{
        Ledger, fingerprint, permission, permission_id, role_created, role_granted, role_id, token_issued,
        user_created, user_id,
    },
};

const ROUNDS: usize = 3_000;

fn reads(authorization: &Authorization, topic: &str) -> bool {
    authorization
        .check(user_id(1), Context::Mqtt, Operation::Read, topic)
        .allowed
}

/// Applies one event at a time, twice over, while the reader runs; the reader is called until the end, and at least
/// once after it.
fn race(ledger: &Ledger, setup: usize, read: impl Fn(&Authorization) + Sync) {
    let authorization = Authorization::new();
    authorization.apply(&ledger.0[..setup]);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let last = done.load(Ordering::Acquire);
                    read(&authorization);
                    if last {
                        break;
                    }
                }
            });
        }
        for event in &ledger.0[setup..] {
            authorization.apply(std::slice::from_ref(event));
        }
        done.store(true, Ordering::Release);
    });
}

#[test]
fn a_right_taken_before_another_is_given_is_never_seen_with_it() {
    // The user holds the role, or the role grants the topic, but never both.
    let mut ledger = Ledger::default();
    ledger.user(1, user_created("user")).role(1, role_created("role"));
    let setup = ledger.0.len();
    for _ in 0..ROUNDS {
        let permission = permission(1, Context::Mqtt, Operation::Read, "secret");
        ledger
            .user(1, role_granted(1))
            .user(1, UserEvent::RoleRevoked { role_id: role_id(1) });
        ledger.role(1, RoleEvent::PermissionAdded { permission });
        ledger.role(1, RoleEvent::PermissionRemoved { id: permission_id(1) });
    }
    race(&ledger, setup, |authorization| {
        assert!(!reads(authorization, "secret"))
    });
}

#[test]
fn a_right_that_moves_from_role_to_role_is_never_missing() {
    let add = || RoleEvent::PermissionAdded {
        permission: permission(1, Context::Mqtt, Operation::Read, "a/+"),
    };
    let remove = || RoleEvent::PermissionRemoved { id: permission_id(1) };
    let mut ledger = Ledger::default();
    ledger.user(1, user_created("user"));
    for role in [1, 2] {
        ledger
            .role(role, role_created("role"))
            .user(1, role_granted(role));
    }
    ledger.role(1, add());
    let setup = ledger.0.len();
    for _ in 0..ROUNDS {
        ledger
            .role(2, add())
            .role(1, remove())
            .role(1, add())
            .role(2, remove());
    }
    race(&ledger, setup, |authorization| {
        assert!(reads(authorization, "a/b"));
        assert!(!authorization.permissions(user_id(1)).is_empty());
    });
}

#[test]
fn whoever_read_a_position_is_answered_from_there_or_later() {
    // Each event grants one topic more, and nothing is ever taken: position p grants topics 1 to p - setup.
    let mut ledger = Ledger::default();
    ledger
        .user(1, user_created("user"))
        .role(1, role_created("role"))
        .user(1, role_granted(1));
    let setup = ledger.0.len();
    for number in 1..=400 {
        let permission = permission(number, Context::Mqtt, Operation::Read, &format!("t/{number}"));
        ledger.role(1, RoleEvent::PermissionAdded { permission });
    }
    let seen = AtomicI64::new(0);
    race(&ledger, setup, |authorization| {
        let position = authorization.position();
        assert!(seen.fetch_max(position, Ordering::AcqRel) <= authorization.position());
        let granted = position - setup as i64;
        if granted > 0 {
            let decision = authorization.check(
                user_id(1),
                Context::Mqtt,
                Operation::Read,
                &format!("t/{granted}"),
            );
            assert!(decision.allowed && decision.position >= position);
        }
    });
}

#[test]
fn a_void_session_is_never_seen_once_its_position_is() {
    let mut ledger = Ledger::default();
    ledger.user(1, user_created("user"));
    let setup = ledger.0.len();
    for round in 0..ROUNDS {
        ledger
            .session(round as u128, token_issued(1, 1, 1_000))
            .user(1, UserEvent::TokensRevoked {});
    }
    race(&ledger, setup, |authorization| {
        let before = authorization.position();
        let session = authorization.session(&fingerprint(1));
        if let Some(session) = session {
            // Round r issues at position 2 + 2r and revokes at the next.
            let round = session.session_id.0.as_u128() - 0x4000;
            let revoked = 3 + 2 * round as i64;
            assert!(
                before < revoked,
                "session of round {round} seen after position {before}"
            );
        }
    });
}
