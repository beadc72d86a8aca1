//! A check allocates nothing, whatever it answers.

#![expect(
    unsafe_code,
    reason = "an allocator that counts is an unsafe trait to implement"
)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
};

use aggregates::{
    Event, Recorded,
    role::RoleEvent,
    user::UserEvent,
    values::{
        Context, IdentityProvider, Operation, Permission, PermissionId, RoleId, RoleName, Timestamp,
        TopicFilter, UserId,
    },
};
use authorization::Authorization;
use uuid::Uuid;

/// The system's allocator; it counts the allocations of each thread.
struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

fn count() {
    // A thread that is ending can no longer count.
    let _ = ALLOCATIONS.try_with(|allocations| allocations.set(allocations.get() + 1));
}

// SAFETY: every call goes on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's promise holds for this call, too.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise holds for this call, too.
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller's promise holds for this call, too.
        unsafe { System.realloc(at, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn allocations() -> usize {
    ALLOCATIONS.with(Cell::get)
}

const USER: UserId = UserId(Uuid::from_u128(1));

fn permission(number: u128, context: Context, resource: &str) -> Permission {
    Permission {
        id: PermissionId(Uuid::from_u128(number)),
        resource: TopicFilter::parse(resource).unwrap(),
        operation: Operation::Read,
        context,
    }
}

/// One user with eight roles of many patterns, some of them deep, and with permissions of their own.
fn filled() -> Authorization {
    let mut events: Vec<(String, Event)> = Vec::new();
    events.push((
        USER.to_string(),
        Event::User(UserEvent::Created {
            username: "user".to_owned(),
            identity_provider: IdentityProvider::Local,
            auto_generated: false,
            mqtt_publish_prefix: None,
            grant_types: Vec::new(),
            enforce_mfa_enrollment: false,
            password_hash: None,
        }),
    ));
    let deep = vec!["+"; 1_000].join("/");
    for role in 0..8 {
        let id = RoleId(Uuid::from_u128(role));
        let name = RoleName::parse(&format!("role {role}")).unwrap();
        let created = RoleEvent::Created {
            name,
            is_shared: true,
            auto_generated: false,
            protected: false,
        };
        events.push((id.to_string(), Event::Role(created)));
        let patterns = ["plant/+/line/#", "/api/+/x", "a/b/c", "+/+/#", &deep];
        for (number, resource) in (0..).zip(patterns) {
            for (at, context) in (0..).zip([Context::Http, Context::Mqtt]) {
                let permission = permission(number * 2 + at, context, resource);
                let added = RoleEvent::PermissionAdded { permission };
                events.push((id.to_string(), Event::Role(added)));
            }
        }
        events.push((
            USER.to_string(),
            Event::User(UserEvent::RoleGranted {
                role_id: id,
                exclusive: false,
            }),
        ));
    }
    let own = permission(100, Context::Mqtt, "own/#");
    events.push((
        USER.to_string(),
        Event::User(UserEvent::PermissionGranted { permission: own }),
    ));
    let recorded: Vec<Recorded> = (1..)
        .zip(events)
        .map(|(position, (aggregate_id, event))| Recorded {
            position,
            aggregate_id,
            sequence: position,
            recorded_at: Timestamp::from_micros(position),
            actor: "system".to_owned(),
            event,
        })
        .collect();
    let authorization = Authorization::new();
    authorization.apply(&recorded);
    authorization
}

#[test]
fn a_check_of_authorization_allocates_nothing() {
    let authorization = filled();
    let long = vec!["level"; 900].join("/");
    let topics = [
        "plant/1/line/2/3",
        "/api/1/x",
        "a/b/c",
        "own/x",
        "nothing",
        "",
        "$SYS/x",
        "a/+",
        &long,
    ];
    let filters = ["plant/+/line/#", "own/#", "#"].map(|text| TopicFilter::parse(text).unwrap());
    let users = [USER, UserId(Uuid::from_u128(2))];
    // When a thread looks at the maps for the first time, it allocates its place among their readers.
    assert!(
        authorization
            .check(USER, Context::Mqtt, Operation::Read, "own/x")
            .allowed
    );

    let before = allocations();
    let mut allowed = 0;
    for user in users {
        for topic in topics {
            for context in [Context::Http, Context::Mqtt] {
                for operation in [Operation::Read, Operation::Write, Operation::ReadWrite] {
                    allowed += usize::from(authorization.check(user, context, operation, topic).allowed);
                }
            }
        }
        for filter in &filters {
            allowed += usize::from(authorization.check_subscription(user, filter).allowed);
        }
    }
    assert_eq!(allocations() - before, 0);
    assert!(allowed > 5);
}
