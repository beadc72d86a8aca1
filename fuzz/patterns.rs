//! Patterns, topics and filters of any shape. The target parses them, compiles them in both forms, and asks about them.
//!
//! A line begins with the letter of a right (see [`crate::right`]) before a granted pattern, with `?` before a topic or
//! path to ask about, or with `!` before a filter to subscribe to.

use aggregates::values::{Context, MAX_FILTER_BYTES, Operation, Permission, TopicFilter};

use authorization::Authorization;

use crate::{
    CONTEXTS, OPERATIONS,
    ledger::{Ledger, permission, role_created, role_granted, user_created, user_id},
    letter,
    oracle::{covers, matches},
    right,
};
use aggregates::{role::RoleEvent, user::UserEvent};

/// How many lines of an input are used. They are enough for overlapping patterns, and few enough to try many inputs.
const LINES: usize = 24;
/// More patterns than the engine compiles into a list of signatures. With these, a role becomes a tree.
const PADDING: u128 = 50;

/// The subject that holds the granted patterns, in every possible way.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Holder {
    /// In one role.
    Role,
    /// In one role with many more patterns.
    LargeRole,
    /// In two roles: every second pattern is in the first role, the others are in the second.
    TwoRoles,
    /// As permissions of the user's own.
    Own,
}

const HOLDERS: [Holder; 4] = [Holder::Role, Holder::LargeRole, Holder::TwoRoles, Holder::Own];

/// Tries one input.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let (mut granted, mut topics, mut filters) = (Vec::new(), Vec::new(), Vec::new());
    for (first, rest) in text.split('\n').filter_map(letter).take(LINES) {
        let parsed = parse(rest);
        match (right(first), first, parsed) {
            (Some((context, operation)), _, Some(pattern)) => {
                granted.push(permission(granted.len() as u128, context, operation, &pattern));
                topics.push(rest);
                filters.push(pattern);
            }
            (None, b'!', Some(asked)) => filters.push(asked),
            _ => topics.push(rest),
        }
    }
    let padding = (0..PADDING).map(|at| {
        let context = CONTEXTS[at as usize % 2];
        permission(1_000 + at, context, Operation::Read, &format!("/padding/{at}"))
    });
    let padded: Vec<Permission> = granted.iter().cloned().chain(padding).collect();
    let engine = engine(&granted, &padded);
    for (number, holder) in (0..).zip(HOLDERS) {
        let held = if holder == Holder::LargeRole {
            &padded
        } else {
            &granted
        };
        for topic in &topics {
            ask(&engine, number, held, topic);
        }
        for asked in &filters {
            let allowed = engine.check_subscription(user_id(number), asked).allowed;
            let fits = |one: &Permission| one.context == Context::Mqtt && covers(&one.resource, asked);
            assert_eq!(allowed, grants(held, Operation::Read, fits), "filter {asked:?}");
        }
    }
}

fn ask(engine: &Authorization, holder: u128, held: &[Permission], topic: &str) {
    for context in CONTEXTS {
        for operation in OPERATIONS {
            let allowed = engine.check(user_id(holder), context, operation, topic).allowed;
            let fits = |one: &Permission| one.context == context && matches(context, &one.resource, topic);
            assert_eq!(
                allowed,
                grants(held, operation, fits),
                "{context:?} {operation:?} {topic:?}"
            );
        }
    }
}

/// Whether the permissions that fit together grant all of an operation.
fn grants(held: &[Permission], operation: Operation, fits: impl Fn(&Permission) -> bool) -> bool {
    let granted = |wanted| held.iter().any(|one| one.operation.covers(wanted) && fits(one));
    match operation {
        Operation::ReadWrite => granted(Operation::Read) && granted(Operation::Write),
        one => granted(one),
    }
}

/// The filter, if the text is a filter by the rules of MQTT 5.0 sections 4.7.1 and 4.7.3. It is a second implementation
/// of these rules.
fn parse(text: &str) -> Option<TopicFilter> {
    let levels: Vec<&str> = text.split('/').collect();
    let rest = levels.iter().position(|level| level.contains('#'));
    let well_formed = (1..=MAX_FILTER_BYTES).contains(&text.len())
        && !text.contains('\0')
        && rest.is_none_or(|at| levels[at] == "#" && at + 1 == levels.len())
        && levels.iter().all(|level| !level.contains('+') || *level == "+");
    let parsed = TopicFilter::parse(text);
    assert_eq!(parsed.is_ok(), well_formed, "{text:?}");
    let parsed = parsed.ok()?;
    assert_eq!(&*parsed, text);
    assert_eq!(
        parsed.has_wildcard(),
        levels.iter().any(|level| ["+", "#"].contains(level))
    );
    Some(parsed)
}

fn engine(granted: &[Permission], padded: &[Permission]) -> Authorization {
    let mut ledger = Ledger::default();
    let role = |ledger: &mut Ledger, number: u128, permissions: &mut dyn Iterator<Item = &Permission>| {
        ledger.role(number, role_created(&format!("role {number}")));
        for permission in permissions {
            let permission = permission.clone();
            ledger.role(number, RoleEvent::PermissionAdded { permission });
        }
    };
    role(&mut ledger, 0, &mut granted.iter());
    role(&mut ledger, 1, &mut padded.iter());
    role(&mut ledger, 2, &mut granted.iter().step_by(2));
    role(&mut ledger, 3, &mut granted.iter().skip(1).step_by(2));
    for (number, holder) in (0..).zip(HOLDERS) {
        ledger.user(number, user_created(&format!("user {number}")));
        let roles: &[u128] = match holder {
            Holder::Role => &[0],
            Holder::LargeRole => &[1],
            Holder::TwoRoles => &[2, 3],
            Holder::Own => &[],
        };
        for role in roles {
            ledger.user(number, role_granted(*role));
        }
    }
    for permission in granted {
        let permission = permission.clone();
        ledger.user(3, UserEvent::PermissionGranted { permission });
    }
    let engine = Authorization::new();
    engine.apply(&ledger.0);
    engine
}
