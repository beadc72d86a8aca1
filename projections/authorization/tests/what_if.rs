//! What events would change: by example, and compared with what they do change.

use std::collections::BTreeSet;

use aggregates::{
    role::RoleEvent,
    user::UserEvent,
    values::{Context, Operation, Permission, RoleId, RoleName, TopicFilter, UserId},
};
use proptest::{collection::vec, prelude::*};

use super::{
    super::{Affected, Authorization, Effect, Interest, Limits, PageStart, Right, RoleOfRight},
    filter,
    ledger::{Ledger, permission, permission_id, role_created, role_granted, role_id, user_created, user_id},
    oracle::{covers, matches},
    random::{ROLES, Step, USERS, a_filter, a_history, a_step, a_topic},
    suspending,
};

const NO_BOUND: Limits = Limits {
    effects: usize::MAX,
    rights: usize::MAX,
    looks: usize::MAX,
};

fn engine(ledger: &Ledger) -> Authorization {
    let engine = Authorization::new();
    engine.apply(&ledger.0);
    engine
}

/// The effects of events, as `what_if` returns them.
fn told(engine: &Authorization, events: &Ledger) -> Vec<Effect> {
    let what_if = engine.what_if(
        events
            .0
            .iter()
            .map(|event| (event.aggregate_id.as_str(), &event.event)),
    );
    let (effects, next) = what_if.page(PageStart::Named(0), NO_BOUND, &Interest::default());
    assert_eq!(next, None);
    effects
}

/// Effects as short text: the holder, then the rights gained and lost through each role.
fn shown(effects: &[Effect]) -> Vec<String> {
    let id = |uuid: uuid::Uuid| uuid.as_u128() & 0xfff;
    let effect = |effect: &Effect| {
        let on = match &effect.on {
            Affected::Role(role) => format!("role {}", id(role.0)),
            Affected::NewRole(_, name) => format!("new role {name}"),
            Affected::User(user) => format!("user {}", id(user.0)),
            Affected::NewUser(_, name) => format!("new user {name}"),
            Affected::Machine(machine) | Affected::NewMachine(machine) => format!("machine {}", machine.id),
        };
        let rights = |sign: &str, rights: &[Right]| -> String {
            let right = |right: &Right| {
                let through = match &right.through {
                    None => String::new(),
                    Some(RoleOfRight { id: None, name }) => format!(" by new {name}"),
                    Some(RoleOfRight { id: Some(role), name }) => format!(" by {} {name}", id(role.0)),
                };
                let (context, operation) = (right.context.as_str(), right.operation.as_str());
                format!(" {sign}{context} {operation} {}{through}", right.resource)
            };
            rights.iter().map(right).collect()
        };
        let prefix = effect
            .prefix
            .as_ref()
            .map(|[before, after]| format!(" {before:?}>{after:?}"));
        let (gained, lost) = (rights("+", &effect.gained), rights("-", &effect.lost));
        format!("{on}:{gained}{lost}{}", prefix.unwrap_or_default())
    };
    let mut shown: Vec<String> = effects.iter().map(effect).collect();
    // Holders come in an order of their own.
    shown.sort();
    shown
}

fn added(number: u128, context: Context, operation: Operation, resource: &str) -> RoleEvent {
    RoleEvent::PermissionAdded {
        permission: permission(number, context, operation, resource),
    }
}

fn granted(number: u128, operation: Operation, resource: &str) -> UserEvent {
    UserEvent::PermissionGranted {
        permission: permission(number, Context::Mqtt, operation, resource),
    }
}

use Context::{Http, Mqtt};
use Operation::{Read, ReadWrite, Write};

/// Role 1 reads `a/+`; users 1 and 2 hold it. User 2 may read all of `a` besides, by role 2.
fn plant() -> Ledger {
    let mut ledger = Ledger::default();
    ledger
        .role(1, role_created("one"))
        .role(1, added(1, Mqtt, Read, "a/+"));
    ledger
        .role(2, role_created("two"))
        .role(2, added(2, Mqtt, Read, "a/#"));
    for user in [1, 2] {
        ledger
            .user(user, user_created(&format!("user-{user}")))
            .user(user, role_granted(1));
    }
    ledger.user(2, role_granted(2));
    ledger
}

#[test]
fn what_another_grant_covers_is_neither_gained_nor_lost() {
    let engine = engine(&plant());
    let mut events = Ledger::default();
    events.role(1, RoleEvent::PermissionRemoved { id: permission_id(1) });
    events
        .role(1, added(3, Mqtt, Read, "a/b/c"))
        .role(1, added(4, Mqtt, Write, "a/b"));
    assert_eq!(
        shown(&told(&engine, &events)),
        [
            "role 1: +mqtt write a/b by 1 one +mqtt read a/b/c by 1 one -mqtt read a/+ by 1 one",
            "user 1: +mqtt write a/b by 1 one +mqtt read a/b/c by 1 one -mqtt read a/+ by 1 one",
            "user 2: +mqtt write a/b by 1 one",
        ]
    );
}

#[test]
fn an_operation_is_told_by_itself() {
    let engine = engine(&plant());
    let mut events = Ledger::default();
    let change = |operation| RoleEvent::PermissionChanged {
        id: permission_id(1),
        resource: filter("a/+"),
        operation,
    };
    events.role(1, change(ReadWrite));
    let shown_of = |events: &Ledger| shown(&told(&engine, events));
    assert_eq!(
        shown_of(&events)[1..],
        [
            "user 1: +mqtt write a/+ by 1 one",
            "user 2: +mqtt write a/+ by 1 one"
        ]
    );
    let mut events = Ledger::default();
    events.role(1, change(Write));
    assert_eq!(
        shown_of(&events)[1..],
        [
            "user 1: +mqtt write a/+ by 1 one -mqtt read a/+ by 1 one",
            "user 2: +mqtt write a/+ by 1 one"
        ]
    );
}

#[test]
fn who_holds_a_right_twice_keeps_it_when_a_role_goes() {
    let engine = engine(&plant());
    let mut events = Ledger::default();
    events.role(1, RoleEvent::Deleted {});
    assert_eq!(
        shown(&told(&engine, &events)),
        [
            "role 1: -mqtt read a/+ by 1 one",
            "user 1: -mqtt read a/+ by 1 one"
        ]
    );
}

#[test]
fn of_a_user_roles_permissions_and_prefix_are_told() {
    let engine = engine(&plant());
    let mut events = Ledger::default();
    events
        .user(2, UserEvent::RoleRevoked { role_id: role_id(2) })
        .user(2, granted(9, ReadWrite, "a/b"));
    events.user(
        2,
        UserEvent::PublishPrefixChanged {
            mqtt_publish_prefix: Some("p/".to_owned()),
        },
    );
    assert_eq!(
        shown(&told(&engine, &events)),
        [r#"user 2: +mqtt write a/b -mqtt read a/# by 2 two None>Some("p/")"#]
    );
    let mut events = Ledger::default();
    events.user(2, UserEvent::Deleted {});
    // All of the rights, though one right covers the other.
    assert_eq!(
        shown(&told(&engine, &events)),
        ["user 2: -mqtt read a/+ by 1 one -mqtt read a/# by 2 two"]
    );
}

#[test]
fn who_is_made_is_told_by_name() {
    let engine = engine(&plant());
    let mut events = Ledger::default();
    events
        .role(7, role_created("seven"))
        .role(7, added(7, Http, Read, "/a"));
    events
        .user(7, user_created("grace"))
        .user(7, role_granted(2))
        .user(7, role_granted(7));
    assert_eq!(
        shown(&told(&engine, &events)),
        [
            "new role seven: +http read /a by new seven",
            "new user grace: +http read /a by new seven +mqtt read a/# by 2 two",
        ]
    );
}

#[test]
fn nobody_is_told_for_whom_nothing_changes() {
    let engine = engine(&plant());
    let mut events = Ledger::default();
    events.role(
        1,
        RoleEvent::Renamed {
            name: RoleName::parse("uno").unwrap(),
        },
    );
    events
        .role(1, RoleEvent::PermissionRemoved { id: permission_id(1) })
        .role(1, added(8, Mqtt, Read, "a/+"));
    events
        .role(8, role_created("empty"))
        .user(8, user_created("nobody"));
    events
        .user(9, UserEvent::Deleted {})
        .role(9, RoleEvent::Deleted {});
    assert_eq!(told(&engine, &events), []);
}

#[test]
fn a_right_through_a_renamed_role_is_gained_by_its_new_name_and_lost_by_its_old_one() {
    let engine = engine(&plant());
    let mut events = Ledger::default();
    events.role(
        1,
        RoleEvent::Renamed {
            name: RoleName::parse("uno").unwrap(),
        },
    );
    events
        .role(1, RoleEvent::PermissionRemoved { id: permission_id(1) })
        .role(1, added(8, Mqtt, Read, "b"));
    assert_eq!(
        shown(&told(&engine, &events))[1],
        "user 1: +mqtt read b by 1 uno -mqtt read a/+ by 1 one"
    );
}

#[test]
fn several_grants_together_are_not_taken_for_one() {
    let mut ledger = plant();
    ledger
        .role(1, added(3, Mqtt, Read, "c"))
        .role(1, added(4, Mqtt, Read, "c/+/#"));
    let mut events = Ledger::default();
    events.user(1, granted(9, Read, "c/#"));
    assert_eq!(
        shown(&told(&engine(&ledger), &events)),
        ["user 1: +mqtt read c/#"]
    );
}

#[test]
fn a_dollar_is_special_in_topics_only() {
    let mut ledger = Ledger::default();
    ledger.user(1, user_created("ann")).user(1, granted(1, Read, "#"));
    let http = |number, resource| UserEvent::PermissionGranted {
        permission: permission(number, Http, Read, resource),
    };
    ledger.user(1, http(2, "+/x"));
    let mut events = Ledger::default();
    events
        .user(1, granted(3, Read, "$SYS/#"))
        .user(1, http(4, "$a/x"));
    assert_eq!(
        shown(&told(&engine(&ledger), &events)),
        ["user 1: +mqtt read $SYS/#"]
    );
}

#[test]
fn what_many_patterns_cover_is_found_as_with_few() {
    let mut ledger = plant();
    for number in 0..200 {
        let resource = format!("line/{number}/+");
        ledger.role(1, added(100 + number, Mqtt, Read, &resource));
    }
    let mut events = Ledger::default();
    events
        .user(1, granted(1, Read, "line/7/x"))
        .user(1, granted(2, Read, "line/7/#"));
    assert_eq!(
        shown(&told(&engine(&ledger), &events)),
        ["user 1: +mqtt read line/7/#"]
    );
}

#[test]
fn pages_follow_each_other_whatever_bounds_them() {
    let mut ledger = plant();
    for user in 3..300 {
        ledger
            .user(user, user_created(&format!("user-{user}")))
            .user(user, role_granted(1));
        if user % 3 == 0 {
            ledger.user(user, role_granted(2));
        }
        if user % 7 == 0 {
            ledger.user(user, granted(user, Read, "b"));
        }
    }
    let engine = engine(&ledger);
    let mut events = Ledger::default();
    events.role(1, RoleEvent::PermissionRemoved { id: permission_id(1) });
    events.user(5, UserEvent::RoleRevoked { role_id: role_id(1) });
    let all = told(&engine, &events);
    // Of the 299 holders, user 2 and a third of the others keep the right by role 2.
    assert_eq!(all.len(), 1 + 299 - 1 - 99);
    let what_if = engine.what_if(
        events
            .0
            .iter()
            .map(|event| (event.aggregate_id.as_str(), &event.event)),
    );
    for most in [
        Limits {
            effects: 1,
            ..NO_BOUND
        },
        Limits {
            effects: 64,
            ..NO_BOUND
        },
        Limits {
            effects: all.len(),
            ..NO_BOUND
        },
        Limits {
            rights: 10,
            ..NO_BOUND
        },
        Limits { looks: 1, ..NO_BOUND },
        Limits {
            looks: 50,
            effects: 30,
            rights: 20,
        },
    ] {
        let (mut place, mut found) = (Some(PageStart::Named(0)), Vec::new());
        while let Some(from) = place {
            let (effects, next) = what_if.page(from, most, &Interest::default());
            assert!(effects.len() <= most.effects);
            assert_ne!(next, Some(from), "a page should lead on");
            found.extend(effects);
            place = next;
        }
        assert_eq!(found, all, "{most:?}");
    }
    let (none, next) = what_if.page(
        PageStart::Named(0),
        Limits {
            effects: 0,
            ..NO_BOUND
        },
        &Interest::default(),
    );
    assert_eq!((none, next), (Vec::new(), Some(PageStart::Named(0))));
    let most = Limits {
        effects: all.len(),
        ..NO_BOUND
    };
    let (rest, next) = what_if.page(PageStart::Named(0), most, &Interest::default());
    assert_eq!((rest, next), (all, None));
    // Nobody wants the answer any more.
    let lost = Interest::new();
    lost.lose();
    let holder = PageStart::Holder(user_id(0));
    for from in [PageStart::Named(0), holder] {
        assert_eq!(what_if.page(from, NO_BOUND, &lost), (Vec::new(), None));
    }
}

/// Whether the granted pattern matches everything that the other pattern matches; a `$` has no special meaning in
/// context http.
fn covers_in(context: Context, granted: &str, asked: &str) -> bool {
    match context {
        Mqtt => covers(granted, asked),
        Http => covers(&format!("/{granted}"), &format!("/{asked}")),
    }
}

fn is_granted(permissions: &[Permission], right: &Right, operation: Operation) -> bool {
    permissions.iter().any(|permission| {
        permission.context == right.context
            && permission.operation.covers(operation)
            && covers_in(right.context, &permission.resource, &right.resource)
    })
}

fn parts(operation: Operation) -> impl Iterator<Item = Operation> {
    [Read, Write]
        .into_iter()
        .filter(move |part| operation.covers(*part))
}

/// All questions to ask about a holder of rights.
struct Asked<'a> {
    topics: &'a [String],
    filters: &'a [TopicFilter],
}

/// Compares the effect on one holder with what the holder has before and after.
fn hold_against(told: Option<&Effect>, before: &[Permission], after: &[Permission], asked: &Asked<'_>) {
    let none = Vec::new();
    let (gained, lost) = told.map_or((&none, &none), |effect| (&effect.gained, &effect.lost));
    for (rights, without, with) in [(gained, before, after), (lost, after, before)] {
        for right in rights {
            for operation in parts(right.operation) {
                assert!(is_granted(with, right, operation), "{right:?} is in neither");
                assert!(!is_granted(without, right, operation), "{right:?} is in both");
            }
        }
        for context in [Http, Mqtt] {
            for operation in [Read, Write] {
                let any = |permissions: &[Permission], found: &dyn Fn(&str) -> bool| {
                    permissions.iter().any(|permission| {
                        permission.context == context
                            && permission.operation.covers(operation)
                            && found(&permission.resource)
                    })
                };
                let is_told = |found: &dyn Fn(&str) -> bool| {
                    rights.iter().any(|right| {
                        right.context == context
                            && right.operation.covers(operation)
                            && found(&right.resource)
                    })
                };
                for topic in asked.topics {
                    let found = |pattern: &str| matches(context, pattern, topic);
                    let flips = any(with, &found) && !any(without, &found);
                    assert!(
                        !flips || is_told(&found),
                        "{context:?} {operation:?} {topic} is not told"
                    );
                }
                for filter in asked.filters {
                    let found = |pattern: &str| covers_in(context, pattern, filter);
                    let flips = any(with, &found) && !any(without, &found);
                    assert!(
                        !flips || is_told(&found),
                        "{context:?} {operation:?} {filter} is not told"
                    );
                }
            }
        }
    }
}

fn written(ledger: &mut Ledger, steps: &[Step]) {
    for step in steps {
        match step.clone() {
            Step::User(user, event) => drop(ledger.user(user, event)),
            Step::Role(role, event) => drop(ledger.role(role, event)),
            Step::Session(session, event) => drop(ledger.session(session, event)),
            Step::DropExpired(_) => {}
        }
    }
}

/// The steps that a ledger would record: roles are granted while they exist, and are not created twice.
#[derive(Default)]
struct Sensible {
    made: BTreeSet<u128>,
    gone: BTreeSet<u128>,
}

impl Sensible {
    fn steps(&mut self, steps: Vec<Step>) -> Vec<Step> {
        let recorded = |step: &Step| !matches!(step, Step::DropExpired(_));
        let steps = steps.into_iter().filter(recorded);
        steps.filter(|step| self.takes(step)).collect()
    }

    fn takes(&mut self, step: &Step) -> bool {
        match step {
            Step::Role(role, RoleEvent::Created { .. }) => self.made.insert(*role),
            Step::Role(role, RoleEvent::Deleted {}) => self.made.contains(role) && self.gone.insert(*role),
            Step::User(_, UserEvent::RoleGranted { role_id: id, .. }) => {
                let exists = |role: &&u128| role_id(**role) == *id && !self.gone.contains(*role);
                self.made.iter().any(|role| exists(&role))
            }
            _ => true,
        }
    }
}

/// The holder of an effect.
fn whom(effect: &Effect) -> Result<UserId, RoleId> {
    match &effect.on {
        Affected::User(id) | Affected::NewUser(id, _) => Ok(*id),
        Affected::Role(id) | Affected::NewRole(id, _) => Err(*id),
        Affected::Machine(machine) | Affected::NewMachine(machine) => Ok(UserId(machine.id)),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 640, ..ProptestConfig::default() })]

    #[test]
    fn what_is_told_is_what_making_it_happen_changes(
        suspending in any::<bool>(),
        history in a_history(80),
        next in vec(a_step(), 1..6),
        topics in vec(a_topic(), 8),
        filters in vec(a_filter(), 8),
    ) {
        let (mut ledger, mut events) = (Ledger::default(), Ledger::default());
        let mut sensible = Sensible::default();
        let (history, next) = (sensible.steps(history), sensible.steps(next));
        written(&mut ledger, &history);
        written(&mut events, &next);
        let engine = |ledger: &Ledger| {
            let engine = Authorization::within(suspending::model(suspending));
            engine.apply(&ledger.0);
            engine
        };
        let before = engine(&ledger);
        let effects = told(&before, &events);
        let after = {
            let mut whole = ledger.clone();
            written(&mut whole, &next);
            engine(&whole)
        };
        prop_assert_eq!(before.position(), history.len() as i64);
        let asked = Asked { topics: &topics, filters: &filters };
        let mut seen = 0;
        for user in (0..USERS).map(user_id) {
            let effect = effects.iter().find(|effect| whom(effect) == Ok(user));
            hold_against(effect, &before.permissions(user), &after.permissions(user), &asked);
            let prefix = |engine: &Authorization| engine.user(user).and_then(|user| user.mqtt_publish_prefix);
            let changed = (prefix(&before) != prefix(&after)).then(|| [prefix(&before), prefix(&after)]);
            prop_assert_eq!(effect.and_then(|effect| effect.prefix.clone()), changed);
            seen += usize::from(effect.is_some());
            let is_new = effect.map(|effect| matches!(effect.on, Affected::NewUser(..)));
            prop_assert_eq!(is_new.unwrap_or(!before.has_user(user)), !before.has_user(user));
            // The engine itself answers the same.
            for topic in &topics {
                let check = |engine: &Authorization| engine.check(user, Mqtt, Write, topic).allowed;
                if check(&before) != check(&after) {
                    let rights = effect.map(|effect| if check(&after) { &effect.gained } else { &effect.lost });
                    let is_told = rights.is_some_and(|rights| rights.iter().any(|right| {
                        right.context == Mqtt && right.operation.covers(Write) && matches(Mqtt, &right.resource, topic)
                    }));
                    prop_assert!(is_told, "{}", topic);
                }
            }
            for right in effect.iter().flat_map(|effect| &effect.gained) {
                if right.context == Mqtt && right.operation.covers(Read) {
                    let check = |engine: &Authorization| engine.check_subscription(user, &right.resource).allowed;
                    prop_assert!(check(&after) && !check(&before));
                }
            }
        }
        for role in (0..ROLES).map(role_id) {
            let permissions = |engine: &Authorization| engine.role(role).map_or_else(Vec::new, |role| role.permissions);
            let named = events.0.iter().any(|event| event.aggregate_id == role.to_string());
            let effect = effects.iter().find(|effect| whom(effect) == Err(role));
            prop_assert!(named || effect.is_none());
            hold_against(effect, &permissions(&before), &permissions(&after), &asked);
            seen += usize::from(effect.is_some());
        }
        prop_assert_eq!(seen, effects.len(), "somebody is told twice");
        for effect in &effects {
            for (rights, engine) in [(&effect.gained, &after), (&effect.lost, &before)] {
                for right in rights {
                    if let Some(RoleOfRight { id: Some(id), name }) = &right.through {
                        let role = engine.role(*id).expect("the role should be there");
                        prop_assert_eq!(&role.name, name);
                        prop_assert!(is_granted(&role.permissions, right, right.operation));
                    }
                }
            }
        }
    }
}
