//! A page of changes costs its page, and what nobody wants any more ends soon.

use std::cell::Cell;

use aggregates::{
    role::RoleEvent,
    user::UserEvent,
    values::{Context, Operation, Timestamp},
};

use super::{
    super::{
        Authorization, Inquiry, Interest, MODEL, Model, Subject,
        past::{GrantChanges, MOST_LISTED, Moment, Past},
    },
    changing::changes,
    ledger::{Ledger, permission, role_created, role_granted, role_id, user_created, user_id},
};

/// What this server knows. It counts how often somebody looks at an event.
static COUNTING: Model = Model {
    subjects: MODEL.subjects,
    resources: MODEL.resources,
    facts: |id, event| {
        LOOKS.set(LOOKS.get() + 1);
        (MODEL.facts)(id, event)
    },
    standing: MODEL.standing,
};

thread_local! {
    static LOOKS: Cell<usize> = const { Cell::new(0) };
}

const USER: u128 = 1;
const ROLE: u128 = 1;
/// How many permissions the role has.
const MANY: u128 = 1_000;

fn added(number: u128) -> RoleEvent {
    let resource = format!("plant/{number}/#");
    RoleEvent::PermissionAdded {
        permission: permission(number, Context::Mqtt, Operation::Read, &resource),
    }
}

/// A user who gets an own permission, then a role with many permissions, and then sees the role grow.
fn history() -> Ledger {
    let mut ledger = Ledger::default();
    ledger.role(ROLE, role_created("many"));
    (0..MANY).for_each(|number| {
        ledger.role(ROLE, added(number));
    });
    ledger.user(USER, user_created("ada"));
    ledger.user(
        USER,
        UserEvent::PermissionGranted {
            permission: permission(MANY, Context::Mqtt, Operation::Write, "own"),
        },
    );
    ledger.user(USER, role_granted(ROLE));
    (MANY + 1..3 * MANY).for_each(|number| {
        ledger.role(ROLE, added(number));
    });
    ledger
}

/// One page, and how often an event was looked at for it.
fn page(ledger: &Ledger, from: i64, limit: usize, interest: &Interest) -> (GrantChanges, usize) {
    let subject = Subject::User(user_id(USER));
    let to = ledger.0.len() as i64;
    let before = LOOKS.get();
    let page = changes(&COUNTING, &subject, from..=to, &ledger.0, limit, interest);
    (page, LOOKS.get() - before)
}

#[test]
fn a_page_of_changes_follows_no_event_of_a_role_and_lists_a_hundred_grants() {
    let ledger = history();
    // The events of the subject itself, each a few times.
    let most = 20;
    let (first, looks) = page(&ledger, 0, 1, &Interest::default());
    assert!(looks <= most, "{looks}");
    assert_eq!((first.gained.listed.len(), first.gained.left_out), (1, 0));
    let next = first.next.expect("there are more changes");
    let (second, looks) = page(&ledger, next, 1, &Interest::default());
    assert!(looks <= most, "{looks}");
    for gained in [&second.changes[0].gained, &second.gained] {
        assert_eq!(
            (gained.listed.len(), gained.left_out),
            (MOST_LISTED, MANY as usize - MOST_LISTED)
        );
    }
    let (third, looks) = page(&ledger, second.next.expect("more"), 50, &Interest::default());
    assert!(looks <= most, "{looks}");
    assert_eq!((third.changes.len(), third.gained.listed.len()), (50, 50));
    // Without a limit, a page ends after a number of grants, and the pages together have all changes.
    let (mut from, mut changes) = (0, 0);
    loop {
        let (page, _) = page(&ledger, from, usize::MAX, &Interest::default());
        changes += page.changes.len();
        match page.next {
            Some(next) => from = next,
            None => break,
        }
    }
    assert_eq!(changes, 2 + 2 * MANY as usize - 1);
}

#[test]
fn what_nobody_wants_ends_at_once() {
    let ledger = history();
    let lost = Interest::new();
    assert!(!lost.is_lost());
    lost.lose();
    assert!(lost.clone().is_lost());
    let (nothing, looks) = page(&ledger, 0, usize::MAX, &lost);
    assert_eq!((nothing.changes.len(), looks), (0, 0));
    let moment = Moment {
        position: ledger.0.len() as i64,
        time: Timestamp::from_micros(0),
    };
    let past = Past::of(Subject::User(user_id(USER)), moment, &ledger.0, &lost);
    assert_eq!(past.engine().position(), Authorization::new().position());
    let engine = Authorization::new();
    let mut ledger = ledger;
    for number in 2..500 {
        ledger.user(number, user_created(&format!("user.{number}")));
        ledger.user(number, role_granted(ROLE));
    }
    engine.apply(&ledger.0);
    let inquiry = Inquiry::parse("mqtt", "plant/1/a", "read").unwrap();
    let wanted = Interest::default();
    assert_eq!(
        engine.users_who_may(&inquiry, None, usize::MAX, &wanted).len(),
        499
    );
    assert!(engine.users_who_may(&inquiry, None, usize::MAX, &lost).len() <= 1);
    assert_eq!(engine.roles_that_may(&inquiry, None, 9, &wanted), [role_id(ROLE)]);
    assert_eq!(engine.roles_that_may(&inquiry, None, 9, &lost), []);
}
