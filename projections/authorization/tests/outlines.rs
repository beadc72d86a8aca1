//! Roles that do not fit into an outline, or have no outline, still answer.

use aggregates::{
    role::RoleEvent,
    values::{Context, Operation},
};

use super::{
    super::Authorization,
    ledger::{Ledger, permission, role_created, role_granted, user_created, user_id},
};

fn allowed(authorization: &Authorization, context: Context, operation: Operation, resource: &str) -> bool {
    authorization
        .check(user_id(0), context, operation, resource)
        .allowed
}

/// A user with one role of these patterns, each a permission to read in context mqtt.
fn holder_of(patterns: &[String]) -> Authorization {
    let mut ledger = Ledger::default();
    ledger.role(0, role_created("a role"));
    for (number, pattern) in (0..).zip(patterns) {
        let permission = permission(number, Context::Mqtt, Operation::Read, pattern);
        ledger.role(0, RoleEvent::PermissionAdded { permission });
    }
    ledger.user(0, user_created("ann")).user(0, role_granted(0));
    let authorization = Authorization::new();
    authorization.apply(&ledger.0);
    authorization
}

#[test]
fn a_role_of_many_shapes_grants_each_pattern() {
    // Wildcards at every combination of five levels: 32 shapes.
    let patterns: Vec<String> = (0..32)
        .map(|shape| {
            let levels = (0..5).map(|at| {
                if shape >> at & 1 == 0 {
                    format!("{shape}")
                } else {
                    "+".to_owned()
                }
            });
            levels.collect::<Vec<_>>().join("/")
        })
        .collect();
    for count in [1, 8, 13, 14, 15, 16, 32] {
        let authorization = holder_of(&patterns[..count]);
        for (at, pattern) in patterns.iter().enumerate() {
            let topic = pattern.replace('+', "x");
            let granted = allowed(&authorization, Context::Mqtt, Operation::Read, &topic);
            assert_eq!(granted, at < count, "{pattern} of the first {count}");
        }
    }
}

#[test]
fn a_full_outline_grants_each_pattern_and_no_other() {
    for count in [4, 47, 48, 49] {
        let patterns: Vec<String> = (0..count).map(|at| format!("a/{at}")).collect();
        let authorization = holder_of(&patterns);
        for at in 0..60 {
            let granted = allowed(&authorization, Context::Mqtt, Operation::Read, &format!("a/{at}"));
            assert_eq!(granted, at < count, "a/{at} of {count}");
        }
    }
}

#[test]
fn the_same_pattern_twice_grants_both_operations_and_only_in_its_context() {
    let mut ledger = Ledger::default();
    ledger.role(0, role_created("a role"));
    for (number, operation) in [(1, Operation::Read), (2, Operation::Write)] {
        let permission = permission(number, Context::Http, operation, "/a/+");
        ledger.role(0, RoleEvent::PermissionAdded { permission });
    }
    ledger.user(0, user_created("ann")).user(0, role_granted(0));
    let authorization = Authorization::new();
    authorization.apply(&ledger.0);
    for operation in [Operation::Read, Operation::Write, Operation::ReadWrite] {
        assert!(
            allowed(&authorization, Context::Http, operation, "/a/b"),
            "{operation:?}"
        );
        assert!(
            !allowed(&authorization, Context::Mqtt, operation, "/a/b"),
            "{operation:?}"
        );
    }
}

#[test]
fn a_role_made_after_all_outlines_are_used_grants_what_it_says() {
    let mut ledger = Ledger::default();
    for role in 0..65_540 {
        ledger.role(role, role_created("a role"));
    }
    for role in [65_535, 65_536, 65_539] {
        let permission = permission(role, Context::Mqtt, Operation::Read, &format!("a/{role}"));
        ledger.role(role, RoleEvent::PermissionAdded { permission });
    }
    ledger.user(0, user_created("ann"));
    for role in [65_535, 65_539] {
        ledger.user(0, role_granted(role));
    }
    let authorization = Authorization::new();
    authorization.apply(&ledger.0);
    for (topic, expected) in [
        ("a/65535", true),
        ("a/65536", false),
        ("a/65539", true),
        ("a/b", false),
    ] {
        let granted = allowed(&authorization, Context::Mqtt, Operation::Read, topic);
        assert_eq!(granted, expected, "{topic}");
    }
}
