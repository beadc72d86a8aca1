//! How users get and lose rights with roles, by example.

use aggregates::{
    role::RoleEvent,
    user::UserEvent,
    values::{Context, Operation},
};

use super::{
    filter,
    ledger::{Ledger, permission, permission_id, role_created, role_granted, role_id, user_created, user_id},
    semantics::{ROLE, USER, allowed, applied, holder},
};

#[test]
fn permissions_of_a_role_change_for_those_who_hold_it() {
    let mut ledger = holder(&[(Context::Mqtt, Operation::Read, "a")]);
    let change = RoleEvent::PermissionChanged {
        id: permission_id(0),
        resource: filter("b"),
        operation: Operation::Write,
    };
    ledger.role(ROLE, change);
    assert!(!allowed(&ledger, Context::Mqtt, Operation::Read, "a"));
    assert!(allowed(&ledger, Context::Mqtt, Operation::Write, "b"));
    ledger.role(ROLE, RoleEvent::PermissionRemoved { id: permission_id(0) });
    assert!(!allowed(&ledger, Context::Mqtt, Operation::Write, "b"));
}

#[test]
fn a_right_that_was_taken_is_still_there_if_one_grant_covers_all_of_it() {
    use Operation::{Read, ReadWrite, Write};
    let engine = |held: &[(Context, Operation, &str)]| applied(&holder(held));
    for (held, lost, is_there) in [
        (&[(Read, "a/#")][..], (Read, "a/+"), true),
        (&[(Read, "a/#"), (Write, "+/b")], (ReadWrite, "a/b"), true),
        (&[(Read, "a/#")], (ReadWrite, "a/b"), false),
        (&[(Read, "#")], (Read, "$s/a"), false),
        // Together they cover it, but nobody may subscribe to it.
        (&[(Read, "a"), (Read, "a/+/#")], (Read, "a/#"), false),
        // In RabbitMQ, `a.b/c` is also `a/b/c`.
        (&[(Write, "+/c")], (Write, "a.b/c"), false),
        (&[], (Write, "a"), false),
    ] {
        let held: Vec<_> = held.iter().map(|(one, on)| (Context::Mqtt, *one, *on)).collect();
        let lost = permission(9, Context::Mqtt, lost.0, lost.1);
        let found = engine(&held).still_has(user_id(USER), std::slice::from_ref(&lost));
        assert_eq!(found, is_there, "{held:?} {lost:?}");
    }
    let over_http = engine(&[(Context::Http, Read, "a")]);
    assert!(!over_http.still_has(user_id(USER), &[permission(9, Context::Mqtt, Read, "a")]));
    assert!(!over_http.still_has(user_id(USER + 1), &[]));
}

#[test]
fn a_deleted_role_never_comes_back_for_those_who_held_it() {
    let mut ledger = holder(&[(Context::Mqtt, Operation::Read, "a")]);
    ledger.role(ROLE, RoleEvent::Deleted {});
    assert!(!allowed(&ledger, Context::Mqtt, Operation::Read, "a"));
    let permission = permission(5, Context::Mqtt, Operation::Read, "a");
    for role in [2, ROLE] {
        ledger.role(role, role_created("other"));
        ledger.role(
            role,
            RoleEvent::PermissionAdded {
                permission: permission.clone(),
            },
        );
    }
    assert!(!allowed(&ledger, Context::Mqtt, Operation::Read, "a"));
    assert_eq!(applied(&ledger).user(user_id(USER)).unwrap().roles, []);
    ledger.user(USER, role_granted(2));
    assert!(allowed(&ledger, Context::Mqtt, Operation::Read, "a"));
    assert_eq!(applied(&ledger).user(user_id(USER)).unwrap().roles, [role_id(2)]);
}

#[test]
fn a_role_granted_before_it_is_created_counts_from_then_on() {
    let mut ledger = Ledger::default();
    ledger
        .user(USER, user_created("user"))
        .user(USER, role_granted(ROLE));
    assert_eq!(applied(&ledger).user(user_id(USER)).unwrap().roles, []);
    let permission = permission(0, Context::Mqtt, Operation::Read, "a");
    ledger
        .role(ROLE, role_created("role"))
        .role(ROLE, RoleEvent::PermissionAdded { permission });
    assert!(allowed(&ledger, Context::Mqtt, Operation::Read, "a"));
}

#[test]
fn any_number_of_roles_can_be_held() {
    let mut ledger = holder(&[]);
    for role in 2..40 {
        let permission = permission(role, Context::Mqtt, Operation::Read, &format!("topic/{role}"));
        ledger
            .role(role, role_created("role"))
            .role(role, RoleEvent::PermissionAdded { permission });
        ledger
            .user(USER, role_granted(role))
            .user(USER, role_granted(role));
    }
    let authorization = applied(&ledger);
    for role in 2..40 {
        let topic = format!("topic/{role}");
        assert!(
            authorization
                .check(user_id(USER), Context::Mqtt, Operation::Read, &topic)
                .allowed
        );
    }
    assert_eq!(authorization.user(user_id(USER)).unwrap().roles.len(), 39);
}

#[test]
fn a_wide_role_finds_each_of_its_topics() {
    let topics: Vec<String> = (0..300).map(|number| format!("plant/{number}/x")).collect();
    let permissions: Vec<_> = topics
        .iter()
        .map(|topic| (Context::Mqtt, Operation::Read, topic.as_str()))
        .collect();
    let authorization = applied(&holder(&permissions));
    for topic in &topics {
        assert!(
            authorization
                .check(user_id(USER), Context::Mqtt, Operation::Read, topic)
                .allowed
        );
        assert!(
            !authorization
                .check(
                    user_id(USER),
                    Context::Mqtt,
                    Operation::Read,
                    &format!("{topic}x")
                )
                .allowed
        );
    }
}

#[test]
fn permissions_are_listed_by_role_and_then_the_users_own() {
    let mut ledger = holder(&[]);
    let all: Vec<_> = (0..4)
        .map(|number| permission(number, Context::Mqtt, Operation::Read, &format!("{number}")))
        .collect();
    ledger.user(
        USER,
        UserEvent::PermissionGranted {
            permission: all[0].clone(),
        },
    );
    ledger.role(0, role_created("first")).user(USER, role_granted(0));
    for (role, at) in [(0, 3), (ROLE, 2), (ROLE, 1)] {
        ledger.role(
            role,
            RoleEvent::PermissionAdded {
                permission: all[at].clone(),
            },
        );
    }
    let expected = [3, 1, 2, 0].map(|at: usize| all[at].clone());
    assert_eq!(applied(&ledger).permissions(user_id(USER)), expected);
}

#[test]
fn users_who_come_and_go_are_known_as_long_as_they_stay() {
    let mut ledger = holder(&[(Context::Mqtt, Operation::Read, "a")]);
    let mut there = vec![false; 4_000];
    let mut number = 1_usize;
    for _ in 0..12_000 {
        // Visits all numbers, in an order that looks random.
        number = (number * 2_039 + 1) % there.len();
        let id = 10 + number as u128;
        if there[number] {
            ledger.user(id, UserEvent::Deleted {});
        } else {
            ledger
                .user(id, user_created(&format!("user-{number}")))
                .user(id, role_granted(ROLE));
        }
        there[number] = !there[number];
    }
    let authorization = applied(&ledger);
    for (number, there) in there.into_iter().enumerate() {
        let id = user_id(10 + number as u128);
        assert_eq!(
            authorization
                .check(id, Context::Mqtt, Operation::Read, "a")
                .allowed,
            there
        );
        assert_eq!(authorization.user(id).is_some(), there);
    }
}
