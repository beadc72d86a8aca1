//! What permissions grant, by example.

use aggregates::{
    role::RoleEvent,
    user::UserEvent,
    values::{Context, Operation},
};

use super::{
    super::Authorization,
    filter,
    ledger::{
        Ledger, fingerprint, permission, permission_id, role_created, role_granted, role_id, user_created,
        user_id,
    },
};

pub(super) const USER: u128 = 1;
pub(super) const ROLE: u128 = 1;

/// A user with one role of these permissions.
pub(super) fn holder(permissions: &[(Context, Operation, &str)]) -> Ledger {
    let mut ledger = Ledger::default();
    ledger
        .role(ROLE, role_created("role"))
        .user(USER, user_created("user"))
        .user(USER, role_granted(ROLE));
    for (number, (context, operation, resource)) in permissions.iter().enumerate() {
        let permission = permission(number as u128, *context, *operation, resource);
        ledger.role(ROLE, RoleEvent::PermissionAdded { permission });
    }
    ledger
}

pub(super) fn applied(ledger: &Ledger) -> Authorization {
    let authorization = Authorization::new();
    authorization.apply(&ledger.0);
    authorization
}

pub(super) fn allowed(ledger: &Ledger, context: Context, operation: Operation, resource: &str) -> bool {
    applied(ledger)
        .check(user_id(USER), context, operation, resource)
        .allowed
}

#[test]
fn the_unknown_may_do_nothing() {
    let authorization = Authorization::new();
    let decision = authorization.check(user_id(USER), Context::Http, Operation::Read, "/api");
    assert!(!decision.allowed);
    assert_eq!(decision.position, 0);
    assert!(
        !authorization
            .check_subscription(user_id(USER), &filter("a"))
            .allowed
    );
    assert_eq!(authorization.user(user_id(USER)), None);
    assert_eq!(authorization.user_by_name("user"), None);
    assert_eq!(authorization.permissions(user_id(USER)), []);
    assert_eq!(authorization.session(&fingerprint(1)), None);
}

#[test]
fn a_user_without_grants_may_do_nothing() {
    assert!(!allowed(&holder(&[]), Context::Http, Operation::Read, "/api"));
}

#[test]
fn a_hash_covers_its_parent_and_everything_below() {
    let ledger = holder(&[(Context::Http, Operation::Read, "/api/users/#")]);
    for path in ["/api/users", "/api/users/", "/api/users/1", "/api/users/1/roles"] {
        assert!(allowed(&ledger, Context::Http, Operation::Read, path), "{path}");
    }
    for path in ["/api", "/api/user", "/api/usersx", "api/users", "/api/roles", ""] {
        assert!(!allowed(&ledger, Context::Http, Operation::Read, path), "{path}");
    }
}

#[test]
fn a_plus_is_one_level_also_an_empty_one() {
    let ledger = holder(&[(Context::Mqtt, Operation::Read, "a/+/c")]);
    for topic in ["a/b/c", "a//c"] {
        assert!(allowed(&ledger, Context::Mqtt, Operation::Read, topic), "{topic}");
    }
    for topic in ["a/c", "a/b/b/c", "a/b", "a/b/c/"] {
        assert!(
            !allowed(&ledger, Context::Mqtt, Operation::Read, topic),
            "{topic}"
        );
    }
}

#[test]
fn a_wildcard_at_the_start_leaves_reserved_topics_alone_but_not_paths() {
    for pattern in ["#", "+/x", "+/#"] {
        let ledger = holder(&[
            (Context::Mqtt, Operation::Read, pattern),
            (Context::Http, Operation::Read, pattern),
        ]);
        assert!(allowed(&ledger, Context::Mqtt, Operation::Read, "SYS/x"));
        assert!(!allowed(&ledger, Context::Mqtt, Operation::Read, "$SYS/x"));
        assert!(allowed(&ledger, Context::Http, Operation::Read, "$SYS/x"));
        assert!(
            !applied(&ledger)
                .check_subscription(user_id(USER), &filter("$SYS/x"))
                .allowed
        );
    }
    let named = holder(&[
        (Context::Mqtt, Operation::Read, "$SYS/+"),
        (Context::Mqtt, Operation::Write, "+/x"),
    ]);
    assert!(allowed(&named, Context::Mqtt, Operation::Read, "$SYS/x"));
    assert!(!allowed(&named, Context::Mqtt, Operation::Write, "$SYS/x"));
}

#[test]
fn contexts_are_apart() {
    let ledger = holder(&[(Context::Http, Operation::ReadWrite, "/a")]);
    assert!(allowed(&ledger, Context::Http, Operation::Write, "/a"));
    assert!(!allowed(&ledger, Context::Mqtt, Operation::Write, "/a"));
}

#[test]
fn operations_are_apart_and_read_write_may_come_from_two_grants() {
    let both = |ledger: &Ledger| {
        [Operation::Read, Operation::Write, Operation::ReadWrite]
            .map(|op| allowed(ledger, Context::Mqtt, op, "a/b"))
    };
    let mut ledger = holder(&[(Context::Mqtt, Operation::Write, "a/b")]);
    assert_eq!(both(&ledger), [false, true, false]);
    let permission = permission(9, Context::Mqtt, Operation::Read, "+/b");
    ledger.user(USER, UserEvent::PermissionGranted { permission });
    assert_eq!(both(&ledger), [true, true, true]);
    ledger.user(
        USER,
        UserEvent::RoleRevoked {
            role_id: role_id(ROLE),
        },
    );
    assert_eq!(both(&ledger), [true, false, false]);
    ledger.user(USER, UserEvent::PermissionRevoked { id: permission_id(9) });
    assert_eq!(both(&ledger), [false, false, false]);
}

#[test]
fn a_filter_is_not_taken_for_a_topic() {
    let ledger = holder(&[
        (Context::Mqtt, Operation::ReadWrite, "a/+"),
        (Context::Http, Operation::Read, "/+"),
    ]);
    assert!(!allowed(&ledger, Context::Mqtt, Operation::Read, "a/#"));
    assert!(!allowed(&ledger, Context::Mqtt, Operation::Read, "a/+"));
    assert!(allowed(&ledger, Context::Http, Operation::Read, "/a+b"));
}

#[test]
fn a_subscription_needs_one_grant_that_covers_it() {
    let ledger = holder(&[
        (Context::Mqtt, Operation::Read, "a/+/c"),
        (Context::Mqtt, Operation::Read, "b/#"),
    ]);
    let authorization = applied(&ledger);
    let granted = |text| {
        authorization
            .check_subscription(user_id(USER), &filter(text))
            .allowed
    };
    for text in ["a/+/c", "a/b/c", "b", "b/#", "b/+", "b/+/c/#"] {
        assert!(granted(text), "{text}");
    }
    for text in ["a/#", "a/+/+", "a/b/#", "#", "+", "+/#", "+/b/c", "a/+", "c"] {
        assert!(!granted(text), "{text}");
    }
}

#[test]
fn writing_does_not_let_subscribe() {
    let ledger = holder(&[
        (Context::Mqtt, Operation::Write, "#"),
        (Context::Http, Operation::Read, "/a"),
    ]);
    assert!(
        !applied(&ledger)
            .check_subscription(user_id(USER), &filter("/a"))
            .allowed
    );
}

#[test]
fn a_part_of_the_ledger_may_be_given_again() {
    let mut ledger = holder(&[(Context::Mqtt, Operation::Read, "a")]);
    ledger.user(
        USER,
        UserEvent::RoleRevoked {
            role_id: role_id(ROLE),
        },
    );
    let authorization = applied(&ledger);
    assert_eq!(authorization.position(), ledger.0.len() as i64);
    authorization.apply(&ledger.0[..3]);
    authorization.apply(&[]);
    assert!(
        !authorization
            .check(user_id(USER), Context::Mqtt, Operation::Read, "a")
            .allowed
    );
    assert_eq!(authorization.position(), ledger.0.len() as i64);
}
