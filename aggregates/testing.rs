//! Values and steps that the tests of several aggregates share.

use cqrs_es::{
    Aggregate,
    test::{AggregateTestExecutor, TestFramework},
};
use proptest::{prelude::*, sample::select};
use uuid::Uuid;

use crate::{
    Registered,
    values::{
        Certificate, Context, Fingerprint, Operation, PasswordHash, Permission, PermissionId, RoleId,
        Timestamp, UserId,
    },
};

/// A test whose aggregate has the state that these events fold to.
pub(crate) fn given<A: Aggregate<Services = ()>>(events: &[A::Event]) -> AggregateTestExecutor<A> {
    TestFramework::with(()).given(events.to_vec())
}

/// The state folded from these events.
pub(crate) fn folded<A: Aggregate>(events: impl IntoIterator<Item = A::Event>) -> A {
    let mut aggregate = A::default();
    events.into_iter().for_each(|event| aggregate.apply(event));
    aggregate
}

/// Fails unless a command begins a stream exactly if an aggregate without events accepts it, and its id is not always the same. `next` returns the first
/// command for `None`, and for each command the next one, so that its `match` names all commands.
pub(crate) fn commands_begin_streams_as_they_say<A: Registered>(
    next: impl Fn(Option<&A::Command>) -> Option<A::Command>,
) {
    let mut command = next(None);
    assert!(command.is_some());
    while let Some(this) = command {
        let makes_something = A::default()
            .decide(this.clone())
            .is_ok_and(|events| !events.is_empty());
        assert_eq!(
            A::begins_a_stream(&this),
            makes_something && !A::ONLY_ONE,
            "{this:?}"
        );
        command = next(Some(&this));
    }
}

pub(crate) fn user_id(number: u128) -> UserId {
    UserId(Uuid::from_u128(number))
}

pub(crate) fn role_id(number: u128) -> RoleId {
    RoleId(Uuid::from_u128(number))
}

pub(crate) fn permission_id(number: u128) -> PermissionId {
    PermissionId(Uuid::from_u128(number))
}

/// A permission to read `resource` over MQTT.
pub(crate) fn permission(id: u128, resource: &str) -> Permission {
    Permission::new(
        permission_id(id),
        resource.parse().unwrap(),
        Operation::Read,
        Context::Mqtt,
    )
    .unwrap()
}

pub(crate) fn hash(text: &str) -> PasswordHash {
    PasswordHash::new(text)
}

pub(crate) fn fingerprint(digit: char) -> Fingerprint {
    Fingerprint::parse(&digit.to_string().repeat(64)).unwrap()
}

pub(crate) fn certificate(digit: char) -> Certificate {
    Certificate {
        fingerprint: fingerprint(digit),
        created_at: Timestamp::from_micros(1),
        expires_at: None,
    }
}

/// One of a few permissions, so that ids and rights often coincide.
pub(crate) fn any_permission() -> impl Strategy<Value = Permission> {
    (0..6_u128, select(vec!["a", "a/#", "b/+"])).prop_map(|(id, resource)| permission(id, resource))
}
