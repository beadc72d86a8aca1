//! What is granted, by example.

use aggregates::{
    role::RoleEvent,
    sealing::ERASED,
    session::SessionEvent,
    user::UserEvent,
    values::{Context, GrantMethod, Operation, Timestamp},
};

use super::{
    super::Authorization,
    filter,
    ledger::{
        Ledger, fingerprint, permission, permission_id, role_created, role_granted, role_id, session_id,
        token_issued, user_created, user_id,
    },
    oracle::{covers, matches},
};

const USER: u128 = 1;
const ROLE: u128 = 1;

/// A user with one role of these permissions.
fn holder(permissions: &[(Context, Operation, &str)]) -> Ledger {
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

fn applied(ledger: &Ledger) -> Authorization {
    let authorization = Authorization::new();
    authorization.apply(&ledger.0);
    authorization
}

fn allowed(ledger: &Ledger, context: Context, operation: Operation, resource: &str) -> bool {
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
fn a_user_is_found_by_their_present_name_only() {
    let mut ledger = Ledger::default();
    ledger.user(1, user_created("ann")).user(2, user_created("bob"));
    ledger.user(
        2,
        UserEvent::Renamed {
            username: "carl".to_owned(),
        },
    );
    ledger.user(
        1,
        UserEvent::Renamed {
            username: "bob".to_owned(),
        },
    );
    let authorization = applied(&ledger);
    let found = |name| authorization.user_by_name(name);
    assert_eq!(
        (found("ann"), found("bob"), found("carl")),
        (None, Some(user_id(1)), Some(user_id(2)))
    );
    assert_eq!(authorization.user_count(), 2);
    let mut later = ledger.clone();
    later.user(1, UserEvent::Deleted {});
    authorization.apply(&later.0);
    assert_eq!(authorization.user_by_name("bob"), None);
    assert_eq!(authorization.user_count(), 1);
}

#[test]
fn nobody_is_found_by_an_erased_name() {
    let mut ledger = Ledger::default();
    ledger
        .user(1, user_created(ERASED))
        .user(2, user_created(ERASED))
        .user(3, user_created("carl"));
    ledger.user(
        3,
        UserEvent::Renamed {
            username: ERASED.to_owned(),
        },
    );
    let authorization = applied(&ledger);
    assert_eq!(authorization.user_by_name(ERASED), None);
    assert_eq!(authorization.user_by_name("carl"), None);
    assert_eq!(authorization.user_count(), 3);
    assert_eq!(&*authorization.user(user_id(1)).unwrap().username, ERASED);
}

#[test]
fn a_session_lives_until_it_is_revoked() {
    let mut ledger = holder(&[]);
    ledger.session(1, token_issued(USER, 7, 1_000));
    let view = applied(&ledger).session(&fingerprint(7)).unwrap();
    assert_eq!((view.session_id, view.user_id), (session_id(1), user_id(USER)));
    assert_eq!(view.expires_at, Timestamp::from_micros(1_000));
    assert_eq!(view.methods.to_vec(), [GrantMethod::Password, GrantMethod::Token]);
    assert_eq!(applied(&ledger).session(&fingerprint(8)), None);
    ledger.session(1, SessionEvent::TokenRevoked {});
    assert_eq!(applied(&ledger).session(&fingerprint(7)), None);
    assert_eq!(applied(&ledger).session_count(), 0);
}

#[test]
fn revoking_all_tokens_voids_those_issued_before_and_none_issued_after() {
    let mut ledger = holder(&[]);
    ledger
        .session(1, token_issued(USER, 1, 1_000))
        .user(USER, UserEvent::TokensRevoked {});
    ledger.session(2, token_issued(USER, 2, 1_000));
    let authorization = applied(&ledger);
    assert_eq!(authorization.session(&fingerprint(1)), None);
    assert!(authorization.session(&fingerprint(2)).is_some());
    assert_eq!(
        (
            authorization.session_count(),
            authorization.drop_expired(Timestamp::from_micros(0))
        ),
        (2, 1)
    );
    assert_eq!(authorization.session_count(), 1);
}

#[test]
fn a_deleted_users_sessions_stay_dead_whatever_comes() {
    let mut ledger = holder(&[]);
    ledger
        .session(1, token_issued(USER, 1, 1_000))
        .user(USER, UserEvent::Deleted {});
    assert_eq!(applied(&ledger).session(&fingerprint(1)), None);
    ledger.user(USER, user_created("again"));
    assert_eq!(applied(&ledger).session(&fingerprint(1)), None);
    assert_eq!(applied(&ledger).user(user_id(USER)).unwrap().roles, []);
}

#[test]
fn expired_sessions_are_dropped_at_their_end_and_not_before() {
    let mut ledger = holder(&[]);
    ledger
        .session(1, token_issued(USER, 1, 1_000))
        .session(2, token_issued(USER, 2, 1_001));
    let authorization = applied(&ledger);
    assert_eq!(authorization.drop_expired(Timestamp::from_micros(999)), 0);
    assert_eq!(authorization.drop_expired(Timestamp::from_micros(1_000)), 1);
    assert_eq!(authorization.session(&fingerprint(1)), None);
    assert!(authorization.session(&fingerprint(2)).is_some());
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

/// All texts of up to `depth` of these levels.
fn texts(levels: &[&str], depth: usize) -> Vec<String> {
    let mut all: Vec<String> = levels.iter().map(|level| (*level).to_owned()).collect();
    let mut longest = all.clone();
    for _ in 1..depth {
        longest = longest
            .iter()
            .flat_map(|text| levels.iter().map(move |level| format!("{text}/{level}")))
            .collect();
        all.extend(longest.iter().cloned());
    }
    all
}

#[test]
fn every_short_filter_agrees_with_the_specification() {
    let parsed = |text: &String| aggregates::values::TopicFilter::parse(text).is_ok();
    let filters: Vec<String> = texts(&["", "a", "$b", "+", "#"], 3)
        .into_iter()
        .filter(parsed)
        .collect();
    let topics = texts(&["", "a", "$b", "c"], 4);
    let matched: Vec<Vec<bool>> = filters
        .iter()
        .map(|granted| {
            let ledger = holder(&[
                (Context::Mqtt, Operation::Read, granted),
                (Context::Http, Operation::Read, granted),
            ]);
            let authorization = applied(&ledger);
            let row = topics.iter().map(|topic| {
                for context in [Context::Mqtt, Context::Http] {
                    let decision = authorization.check(user_id(USER), context, Operation::Read, topic);
                    assert_eq!(
                        decision.allowed,
                        matches(context, granted, topic),
                        "{granted} {topic}"
                    );
                }
                matches(Context::Mqtt, granted, topic)
            });
            let row = row.collect();
            for asked in &filters {
                let decision = authorization.check_subscription(user_id(USER), &filter(asked));
                assert_eq!(decision.allowed, covers(granted, asked), "{granted} {asked}");
            }
            row
        })
        .collect();
    // What covers a filter matches all that the filter matches.
    for (granted, all) in filters.iter().zip(&matched) {
        for (asked, some) in filters.iter().zip(&matched) {
            let lets_more = some.iter().zip(all).any(|(asked, granted)| *asked && !granted);
            assert!(!(lets_more && covers(granted, asked)), "{granted} covers {asked}");
        }
    }
}
