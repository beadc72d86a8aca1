//! Patterns and topics as long, as deep and as ambiguous as they can be.

use super::{
    super::{
        Authorization,
        patterns::{compile::compile, permissions::Permissions, question::Question},
    },
    filter,
    ledger::{Ledger, permission, role_created, role_granted, user_created, user_id},
};
use aggregates::{
    role::RoleEvent,
    user::UserEvent,
    values::{Context, MAX_FILTER_BYTES, Operation},
};

fn with_patterns(patterns: &[String]) -> Authorization {
    let mut ledger = Ledger::default();
    ledger
        .role(1, role_created("role"))
        .user(1, user_created("user"))
        .user(1, role_granted(1));
    for (number, pattern) in patterns.iter().enumerate() {
        let permission = permission(number as u128, Context::Mqtt, Operation::Read, pattern);
        match number % 2 {
            0 => ledger.role(1, RoleEvent::PermissionAdded { permission }),
            _ => ledger.user(1, UserEvent::PermissionGranted { permission }),
        };
    }
    let authorization = Authorization::new();
    authorization.apply(&ledger.0);
    authorization
}

fn reads(authorization: &Authorization, topic: &str) -> bool {
    authorization
        .check(user_id(1), Context::Mqtt, Operation::Read, topic)
        .allowed
}

#[test]
fn the_deepest_patterns_there_can_be_are_walked() {
    let deep = |level: &str, count: usize| vec![level; count].join("/");
    let plus = deep("+", 32_767);
    let empty = "/".repeat(MAX_FILTER_BYTES);
    let letters = format!("{}/#", deep("a", 30_000));
    let authorization = with_patterns(&[plus.clone(), empty.clone(), letters.clone()]);
    assert!(reads(&authorization, &deep("a", 32_767)));
    assert!(reads(&authorization, &deep("b", 32_767)));
    assert!(reads(&authorization, &empty));
    assert!(reads(&authorization, &deep("a", 31_000)));
    assert!(!reads(&authorization, &deep("b", 32_766)));
    assert!(!reads(&authorization, &deep("a", 29_999)));
    assert!(!reads(&authorization, &"/".repeat(MAX_FILTER_BYTES - 1)));
    for text in [&plus, &empty, &letters] {
        assert!(
            authorization
                .check_subscription(user_id(1), &filter(text))
                .allowed
        );
    }
    assert!(
        !authorization
            .check_subscription(user_id(1), &filter(&format!("{plus}/")))
            .allowed
    );
}

#[test]
fn one_level_can_be_as_long_as_a_filter() {
    let long = "x".repeat(MAX_FILTER_BYTES);
    let authorization = with_patterns(std::slice::from_ref(&long));
    assert!(reads(&authorization, &long));
    assert!(!reads(&authorization, &long[1..]));
    assert!(!reads(&authorization, &format!("{}y", &long[1..])));
}

/// All ways to write `+` or `a` at ten levels, followed by a level that the topic does not have: the walk enters the
/// whole tree, and each node once.
#[test]
fn ambiguous_patterns_cost_no_more_than_their_nodes() {
    let depth = 10;
    let patterns: Vec<String> = (0..1 << depth)
        .map(|ways: u32| {
            let levels: Vec<&str> = (0..depth)
                .map(|at| if ways >> at & 1 == 1 { "+" } else { "a" })
                .collect();
            format!("{}/end", levels.join("/"))
        })
        .collect();
    let authorization = with_patterns(&patterns);
    let topic = vec!["a"; depth].join("/");
    assert!(reads(&authorization, &format!("{topic}/end")));
    assert!(!reads(&authorization, &format!("{topic}/other")));
    assert!(!reads(&authorization, &topic));
}

/// A tree in which the literal way and the `+` way fork at each of hundreds of levels. Backtracking over patterns would
/// try 2^400 ways; the tree has two per level.
#[test]
fn forks_at_every_level_stay_linear() {
    let depth = 400;
    let patterns: Vec<String> = (0..depth)
        .map(|fork| {
            let mut levels = vec!["a"; depth];
            levels[fork] = "+";
            format!("{}/end", levels.join("/"))
        })
        .collect();
    let permissions =
        patterns
            .iter()
            .enumerate()
            .fold(Permissions::default(), |mut all, (number, pattern)| {
                all.add(permission(
                    number as u128,
                    Context::Mqtt,
                    Operation::Read,
                    pattern,
                ));
                all
            });
    let trie = compile(permissions.as_slice());
    let asked = |text: &str| {
        let question = Question::resource(Context::Mqtt, text).unwrap();
        trie.granted(&question, 1) == 1
    };
    let topic = vec!["a"; depth].join("/");
    assert!(asked(&format!("{topic}/end")));
    assert!(!asked(&format!("{topic}/other")));
    let mut late = vec!["a"; depth];
    late[depth - 1] = "b";
    assert!(asked(&format!("{}/end", late.join("/"))));
    late[0] = "b";
    assert!(!asked(&format!("{}/end", late.join("/"))));
}
