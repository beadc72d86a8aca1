//! One writer, and readers that never stop.

use std::{
    hint,
    sync::atomic::{AtomicBool, AtomicI64, Ordering},
    thread,
};

use aggregates::{
    Event,
    application::ApplicationEvent,
    role::RoleEvent,
    user::UserEvent,
    values::{ApplicationId, Context, Operation, Ordinal, OrganisationId, Timestamp},
};

use super::{
    super::{Authorization, Inquiry, Reason, Subject},
    ledger::{
        Ledger, fingerprint, permission, permission_id, role_created, role_granted, role_id, session_id,
        token_issued, user_created, user_id,
    },
};

const ROUNDS: usize = 4_000;

fn reads(authorization: &Authorization, topic: &str) -> bool {
    authorization
        .check(user_id(1), Context::Mqtt, Operation::Read, topic)
        .allowed
}

/// A user of each kind that a check treats differently: in the index, or only marked there.
fn users() -> [Ledger; 2] {
    let mut indexed = Ledger::default();
    indexed.user(1, user_created("user"));
    let mut marked = indexed.clone();
    let permission = permission(100, Context::Mqtt, Operation::Read, "own/#");
    marked.user(1, UserEvent::PermissionGranted { permission });
    [indexed, marked]
}

/// Applies one event at a time while two threads read, until the end and at least once after it. Between events the
/// writer pauses for a while, sometimes shorter, sometimes longer: a reader that never gets a pause takes what it has.
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
        for (number, event) in ledger.0[setup..].iter().enumerate() {
            authorization.apply(std::slice::from_ref(event));
            for _ in 0..(number % 61) * 8 {
                hint::spin_loop();
            }
        }
        done.store(true, Ordering::Release);
    });
}

#[test]
fn a_right_taken_before_another_is_given_is_never_seen_with_it() {
    for mut ledger in users() {
        // The user holds the role, or the role grants the topic, but never both.
        ledger.role(1, role_created("role"));
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
}

#[test]
fn a_right_that_moves_from_role_to_role_is_never_missing() {
    let add = || RoleEvent::PermissionAdded {
        permission: permission(1, Context::Mqtt, Operation::Read, "a/+"),
    };
    let remove = || RoleEvent::PermissionRemoved { id: permission_id(1) };
    for mut ledger in users() {
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
            assert!(reads(authorization, "a/b"))
        });
        race(&ledger, setup, |authorization| {
            let listed = authorization.permissions(user_id(1));
            assert!(listed.iter().any(|permission| permission.id == permission_id(1)));
        });
    }
}

/// A thing is in the organisation where the user has a right, or the user has the right where the thing is not; never both.
#[test]
fn a_thing_that_moves_before_a_right_comes_is_never_reached() {
    let place = |organisation: i64| ApplicationEvent::Moved {
        organisation: OrganisationId::of(Ordinal::new(organisation).unwrap()),
    };
    let application = ApplicationId::of(Ordinal::new(7).unwrap()).to_string();
    let permission = || permission(1, Context::Http, Operation::Read, "os2iot/o/4/#");
    for mut ledger in users() {
        ledger.role(1, role_created("role")).user(1, role_granted(1));
        ledger.record(application.clone(), Event::Application(place(4)));
        let setup = ledger.0.len();
        for _ in 0..ROUNDS {
            ledger.record(application.clone(), Event::Application(place(3)));
            ledger.role(
                1,
                RoleEvent::PermissionAdded {
                    permission: permission(),
                },
            );
            ledger.role(1, RoleEvent::PermissionRemoved { id: permission_id(1) });
            ledger.record(application.clone(), Event::Application(place(4)));
        }
        race(&ledger, setup, |authorization| {
            let inquiry = Inquiry::parse("os2iot-application", "7", "read").unwrap();
            assert!(!authorization.check_access(user_id(1), &inquiry).allowed);
            let answer =
                authorization.answer(&Subject::User(user_id(1)), &inquiry, Timestamp::from_micros(0));
            assert_eq!(answer.denied, Some(Reason::NoGrant));
        });
    }
}

#[test]
fn whoever_read_a_position_is_answered_from_there_or_later() {
    for mut ledger in users() {
        // Each event grants one more topic, and no event revokes any.
        ledger.role(1, role_created("role")).user(1, role_granted(1));
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
                let topic = format!("t/{granted}");
                let decision = authorization.check(user_id(1), Context::Mqtt, Operation::Read, &topic);
                assert!(decision.allowed && decision.position >= position);
            }
        });
    }
}

#[test]
fn others_come_and_go_around_a_user_who_stays() {
    // Slots move and shards grow while readers look the user up.
    for mut ledger in users() {
        let permission = permission(1, Context::Mqtt, Operation::Read, "a");
        ledger
            .role(1, role_created("role"))
            .role(1, RoleEvent::PermissionAdded { permission });
        ledger.user(1, role_granted(1));
        let setup = ledger.0.len();
        for number in 2..ROUNDS as u128 {
            ledger.user(number, user_created(&format!("user-{number}")));
            if number % 3 != 0 {
                ledger.user(number / 2 + 2, UserEvent::Deleted {});
            }
        }
        race(&ledger, setup, |authorization| {
            assert!(reads(authorization, "a") && !reads(authorization, "b"))
        });
    }
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
        if let Some(session) = authorization.session(&fingerprint(1)) {
            // Round r issues a token at position 2 + 2r and revokes it at the next position.
            let round = session.session_id.0.as_u128() - session_id(0).0.as_u128();
            let revoked = 3 + 2 * round as i64;
            assert!(
                before < revoked,
                "session of round {round} seen after position {before}"
            );
        }
    });
}
