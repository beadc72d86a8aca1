//! How the engine reads questions about paths and topics.

use aggregates::values::Operation;

use super::super::{Impossible, Inquiry, Part};

/// What must be granted: one part.
fn part<'a>(resource_type: &str, id: &'a str, action: &'a str) -> Part<'a> {
    let inquiry = Inquiry::parse(resource_type, id, action).unwrap();
    let access = inquiry.access().unwrap();
    assert_eq!(access.parts().count(), 1);
    access.first().clone()
}

/// The text that must be granted to a user with this publish prefix.
fn effective(part: &Part<'_>, prefix: Option<&str>) -> String {
    let name = part.names().next().unwrap();
    part.effective(name, prefix).into_owned()
}

#[test]
fn actions_need_the_operation_of_their_kind() {
    for (kind, resource, action, operation) in [
        ("http", "/a", "GET", Operation::Read),
        ("http", "/a", "PATCH", Operation::Write),
        ("mqtt", "a", "subscribe", Operation::Read),
        ("mqtt", "a", "publish", Operation::Write),
    ] {
        assert_eq!(part(kind, resource, action).operation(), operation);
    }
}

#[test]
fn what_nobody_can_do_is_told_apart() {
    use Impossible::{Action, Path, ResourceType, Topic};
    for (kind, resource, action, why) in [
        ("coap", "/a", "GET", ResourceType),
        ("http", "/a", "get", Action),
        ("http", "/a", "publish", Action),
        ("http", "/a", "CONNECT", Action),
        ("mqtt", "a", "GET", Action),
        ("http", "", "GET", Path),
        ("http", "a", "GET", Path),
        ("http", "/a?b", "GET", Path),
        ("http", "/a#b", "GET", Path),
        ("http", "/a/../b", "GET", Path),
        ("http", "/a/%2E./b", "GET", Path),
        ("http", "/a/.", "GET", Path),
        ("http", "/a/..;x=1/b", "GET", Path),
        ("http", "/a/..%2fb", "GET", Path),
        ("http", "/a/..%5Cb", "GET", Path),
        ("http", "/a/..\\b", "GET", Path),
        ("http", "/a%00", "GET", Path),
        ("http", "/a%2", "GET", Path),
        ("http", "/a%zz", "GET", Path),
        ("http", "/a%+1", "GET", Path),
        ("http", "/a\n", "GET", Path),
        ("mqtt", "", "publish", Topic),
        ("mqtt", "a/+", "publish", Topic),
        ("mqtt", "a/#", "write", Topic),
        ("mqtt", "a\0", "read", Topic),
        ("mqtt", "a/#/b", "subscribe", Topic),
        ("mqtt", "$share//a", "subscribe", Topic),
        ("mqtt", "$share/+/a", "subscribe", Topic),
        ("mqtt", "$share/group", "subscribe", Topic),
        ("mqtt", "$share/group/", "subscribe", Topic),
    ] {
        assert_eq!(
            Inquiry::parse(kind, resource, action).err(),
            Some(why),
            "{kind} {resource:?} {action}"
        );
    }
}

#[test]
fn a_path_may_have_dots_in_its_names() {
    for path in [
        "/",
        "//",
        "/a.b",
        "/...",
        "/.well-known/x",
        "/%2e%2e%2e",
        "/a+b/%23",
    ] {
        assert!(Inquiry::parse("http", path, "GET").is_ok(), "{path}");
    }
}

#[test]
fn a_shared_subscription_is_about_the_filter_in_it() {
    let shared = part("mqtt", "$share/workers/plant/+/state", "subscribe");
    assert_eq!(effective(&shared, None), "plant/+/state");
    assert!(shared.is_filter());
    let read = part("mqtt", "$share/workers/plant", "read");
    assert_eq!(effective(&read, None), "$share/workers/plant");
}

#[test]
fn only_publishing_takes_the_prefix() {
    let effective = |action| effective(&part("mqtt", "state", action), Some("plant/7/"));
    assert_eq!(effective("publish"), "plant/7/state");
    assert_eq!(effective("write"), "state");
    assert_eq!(effective("subscribe"), "state");
}
