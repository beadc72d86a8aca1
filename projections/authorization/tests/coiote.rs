//! Endpoints and domains of Coiote IoT DM, compared with a table of who may do what. The table knows no patterns: a user has the endpoints of
//! their account kind and those that were granted one by one, and the domains that are at or below those that were granted.

use std::collections::{BTreeMap, BTreeSet};

use aggregates::{
    Event, NewEvent, Recorded, Registered,
    role::{CreateRole, Role, RoleCommand},
    user::{RoleGrant, User, UserCommand},
    values::{
        AccountKind, Operation, Permission, RoleId, Timestamp,
        coiote::{ENDPOINTS, Endpoint, operation_of},
    },
};
use proptest::{collection::vec, prelude::*, sample::select};

use super::{
    super::{
        Authorization, Impossible, Inquiry, Interest, MODEL, Principal, Property, Reason, Subject, Wanted,
        past::{Moment, Past, Streams},
    },
    ledger::{Ledger, permission_id, role_id, user_created, user_id},
    read,
};

const USERS: u128 = 3;
const ROLES: u128 = 2;
const NOW: Timestamp = Timestamp::from_micros(1);

/// A right as clients write it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Right {
    context: &'static str,
    resource: String,
    operation: Operation,
}

fn endpoint(one: &Endpoint) -> Right {
    Right {
        context: "coiote",
        resource: format!("{} {}", one.method, one.template),
        operation: one.operation(),
    }
}

fn a_right() -> impl Strategy<Value = Right> {
    let all: Vec<Right> = ENDPOINTS.iter().map(endpoint).collect();
    let operation = || select(vec![Operation::Read, Operation::Write, Operation::ReadWrite]);
    let right = |context, resource: &str, operation| Right {
        context,
        resource: resource.to_owned(),
        operation,
    };
    prop_oneof![
        6 => select(all),
        1 => select(vec!["GET", "POST", "DELETE"]).prop_map(move |method| right("coiote", &format!("{method} #"), operation_of(method))),
        1 => operation().prop_map(move |operation| right("coiote", "#", operation)),
        4 => (select(vec!["/", "/#", "/a/", "/a/#", "/a/b/", "/a/b/#", "/b/#"]), operation())
            .prop_map(move |(resource, operation)| right("domain", resource, operation)),
    ]
}

#[derive(Clone, Debug)]
enum Step {
    Kind(u128, Option<AccountKind>),
    Grant(u128, Right),
    Revoke(u128, usize),
    CreateRole(u128, Vec<Right>),
    GrantRole(u128, u128),
    RevokeRole(u128, u128),
    DeleteRole(u128),
    DeleteUser(u128),
}

fn a_step() -> impl Strategy<Value = Step> {
    let kind = || {
        let kinds = AccountKind::ALL.map(Some).into_iter().chain([None]);
        select(kinds.collect::<Vec<_>>())
    };
    prop_oneof![
        5 => (1..=USERS, kind()).prop_map(|(user, kind)| Step::Kind(user, kind)),
        8 => (1..=USERS, a_right()).prop_map(|(user, right)| Step::Grant(user, right)),
        3 => (1..=USERS, 0..8usize).prop_map(|(user, which)| Step::Revoke(user, which)),
        3 => (1..=ROLES, vec(a_right(), 0..4)).prop_map(|(role, rights)| Step::CreateRole(role, rights)),
        4 => (1..=USERS, 1..=ROLES).prop_map(|(user, role)| Step::GrantRole(user, role)),
        2 => (1..=USERS, 1..=ROLES).prop_map(|(user, role)| Step::RevokeRole(user, role)),
        1 => (1..=ROLES).prop_map(Step::DeleteRole),
        1 => (1..=USERS).prop_map(Step::DeleteUser),
    ]
}

/// What each user and role has, in the words of the table.
#[derive(Clone, Debug, Default)]
struct Table {
    kinds: BTreeMap<u128, AccountKind>,
    own: BTreeMap<u128, BTreeSet<Right>>,
    of_roles: BTreeMap<u128, Vec<Right>>,
    roles: BTreeSet<(u128, u128)>,
    gone: BTreeSet<u128>,
}

#[derive(Default)]
struct World {
    ledger: Ledger,
    users: BTreeMap<u128, User>,
    roles: BTreeMap<RoleId, Role>,
    table: Table,
    /// How many permissions were made.
    made: u128,
}

impl World {
    fn new(steps: Vec<Step>) -> Self {
        let mut world = Self::default();
        for kind in AccountKind::ALL {
            assert!(world.role(kind.role(), RoleCommand::MakeAccountKind(kind)));
        }
        for number in 1..=USERS {
            let created = user_created(&format!("user-{number}"));
            world.users.entry(number).or_default().apply(created.clone());
            world.ledger.user(number, created);
        }
        steps.into_iter().for_each(|step| world.step(step));
        world
    }

    fn user(&mut self, number: u128, command: UserCommand) -> bool {
        let user = self.users.entry(number).or_default();
        let Ok(events) = user.decide(command) else {
            return false;
        };
        for event in events {
            user.apply(event.clone());
            self.ledger.user(number, event);
        }
        true
    }

    fn role(&mut self, id: RoleId, command: RoleCommand) -> bool {
        let role = self.roles.entry(id).or_default();
        let Ok(events) = role.decide(command) else {
            return false;
        };
        for event in events {
            role.apply(event.clone());
            self.ledger.record(id.to_string(), Event::Role(event));
        }
        true
    }

    fn permission(&mut self, right: &Right) -> Permission {
        self.made += 1;
        let id = permission_id(self.made);
        Permission::parse(id, &right.resource, right.operation, right.context).unwrap()
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Kind(user, kind) => {
                if self.user(user, UserCommand::ChangeAccountKind { kind }) {
                    self.table.kinds.remove(&user);
                    self.table.kinds.extend(kind.map(|kind| (user, kind)));
                }
            }
            Step::Grant(user, right) => {
                let permission = self.permission(&right);
                if self.user(user, UserCommand::GrantPermission(permission)) {
                    self.table.own.entry(user).or_default().insert(right);
                }
            }
            Step::Revoke(user, which) => {
                let mut held = self
                    .users
                    .get(&user)
                    .into_iter()
                    .flat_map(|user| user.permissions.values());
                let Some(permission) = held.nth(which).cloned() else {
                    return;
                };
                assert!(self.user(user, UserCommand::RevokePermission { id: permission.id }));
                let (context, resource) = permission.written();
                let own = self.table.own.entry(user).or_default();
                own.retain(|one| {
                    (one.context, &*one.resource, one.operation)
                        != (context, &*resource, permission.operation)
                });
            }
            Step::CreateRole(role, rights) => {
                let permissions = rights.iter().map(|right| self.permission(right)).collect();
                let command = CreateRole {
                    name: format!("role {role}").parse().unwrap(),
                    is_shared: true,
                    auto_generated: false,
                    protected: false,
                    permissions,
                };
                if self.role(role_id(role), RoleCommand::Create(command)) {
                    self.table.of_roles.insert(role, rights);
                }
            }
            Step::GrantRole(user, role) => {
                let grant = RoleGrant {
                    role_id: role_id(role),
                    is_shared: true,
                };
                let exists = self.table.of_roles.contains_key(&role);
                if exists && self.user(user, UserCommand::GrantRole(grant)) {
                    self.table.roles.insert((user, role));
                }
            }
            Step::RevokeRole(user, role) => {
                if self.user(
                    user,
                    UserCommand::RevokeRole {
                        role_id: role_id(role),
                    },
                ) {
                    self.table.roles.remove(&(user, role));
                }
            }
            Step::DeleteRole(role) => {
                if self.role(role_id(role), RoleCommand::Delete) {
                    self.table.of_roles.remove(&role);
                }
            }
            Step::DeleteUser(user) => {
                if self.user(user, UserCommand::Delete) {
                    self.table.gone.insert(user);
                }
            }
        }
    }
}

/// Which endpoint a path is for, found the slow way: of all routes that fit, the one that is literal where they first differ.
fn routed(method: &str, segments: &[&str]) -> Option<&'static Endpoint> {
    let method = if method == "HEAD" { "GET" } else { method };
    let is_parameter = |segment: &String| segment.starts_with('{');
    let fitting = ENDPOINTS.iter().filter(|one| {
        let route = one.route();
        let fits = |(wanted, given): (&String, &&str)| is_parameter(wanted) || wanted == given;
        one.method == method && route.len() == segments.len() && route.iter().zip(segments).all(fits)
    });
    fitting.min_by_key(|one| one.route().iter().map(is_parameter).collect::<Vec<_>>())
}

impl Table {
    fn rights(&self, user: u128) -> Vec<&Right> {
        let own = self.own.get(&user).into_iter().flatten();
        let roles = self.roles.iter().filter(|(holder, _)| *holder == user);
        let of_roles = roles.filter_map(|(_, role)| self.of_roles.get(role)).flatten();
        own.chain(of_roles).collect()
    }

    fn has_endpoint(&self, user: u128, operation: Operation, endpoint: &Endpoint) -> bool {
        let by_kind = self.kinds.get(&user).is_some_and(|kind| endpoint.is_of(*kind));
        let texts = [
            format!("{} {}", endpoint.method, endpoint.template),
            format!("{} #", endpoint.method),
            "#".to_owned(),
        ];
        let by_right = |right: &&Right| {
            right.context == "coiote" && right.operation.covers(operation) && texts.contains(&right.resource)
        };
        by_kind || self.rights(user).iter().any(by_right)
    }

    fn has_domain(&self, user: u128, operation: Operation, domain: &str) -> bool {
        let covers = |resource: &str| match resource.strip_suffix('#') {
            Some(tree) => domain.starts_with(tree),
            None => domain == resource,
        };
        let by_right = |right: &&Right| {
            right.context == "domain" && right.operation.covers(operation) && covers(&right.resource)
        };
        self.kinds.get(&user) == Some(&AccountKind::SuperUser) || self.rights(user).iter().any(by_right)
    }

    fn may(&self, user: u128, question: &Question) -> bool {
        let operation = operation_of(question.method);
        let segments: Vec<&str> = question.segments.iter().map(|(decoded, _)| *decoded).collect();
        let Some(endpoint) = routed(question.method, &segments) else {
            return false;
        };
        let in_domain = question
            .domain
            .is_none_or(|domain| self.has_domain(user, operation, domain));
        !self.gone.contains(&user) && in_domain && self.has_endpoint(user, operation, endpoint)
    }
}

/// A request: each segment decoded, and as it is sent.
#[derive(Clone, Debug)]
struct Question {
    method: &'static str,
    segments: Vec<(&'static str, &'static str)>,
    domain: Option<&'static str>,
    trailing: bool,
}

impl Question {
    fn path(&self) -> String {
        let sent: Vec<&str> = self.segments.iter().map(|(_, sent)| *sent).collect();
        sent.join("/") + if self.trailing { "/" } else { "" }
    }

    fn properties(&self) -> Vec<Property> {
        let domain = self.domain.map(|domain| ("domain".into(), domain.into()));
        domain.into_iter().collect()
    }
}

const DOMAINS: [&str; 6] = ["/", "/a/", "/a/b/", "/a/b/c/", "/b/", "/ab/"];
const VALUES: [(&str, &str); 7] = [
    ("7", "7"),
    ("all", "all"),
    ("search", "s%65arch"),
    ("find", "find"),
    ("a/b", "a%2Fb"),
    ("{id}", "{id}"),
    ("%", "%25"),
];

/// Mostly requests to endpoints, with odd values for the parameters; and some to no endpoint.
fn a_question() -> impl Strategy<Value = Question> {
    let methods = vec!["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];
    let places: Vec<usize> = (0..ENDPOINTS.len()).collect();
    let value = || select(VALUES.to_vec());
    let domain = proptest::option::weighted(0.3, select(DOMAINS.to_vec()));
    (
        select(places),
        vec(value(), 4),
        select(methods),
        0..10u8,
        domain,
        any::<bool>(),
        proptest::option::weighted(0.1, value()),
    )
        .prop_map(|(place, values, method, other, domain, trailing, more)| {
            let endpoint = &ENDPOINTS[place];
            let mut values = values.into_iter();
            // The catalogue lives as long as the tests, and so may a segment.
            let segment = |segment: String| match segment.starts_with('{') {
                true => values.next().unwrap_or(("7", "7")),
                false => {
                    let literal: &'static str = segment.leak();
                    (literal, literal)
                }
            };
            let mut segments: Vec<_> = endpoint.route().into_iter().map(segment).collect();
            segments.extend(more);
            Question {
                method: if other == 0 { method } else { endpoint.method },
                segments,
                domain,
                trailing,
            }
        })
}

fn engine(events: &[Recorded]) -> Authorization {
    let engine = Authorization::new();
    engine.apply(events);
    engine
}

fn ask(engine: &Authorization, user: u128, question: &Question) -> Result<(), Reason> {
    let (path, properties) = (question.path(), question.properties());
    let inquiry = Inquiry::of(&MODEL, "coiote-endpoint", &path, question.method, &properties);
    let inquiry = inquiry.map_err(Reason::Impossible)?;
    let answer = engine.answer(&Subject::User(user_id(user)), &inquiry, NOW);
    answer.denied.map_or(Ok(()), Err)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn endpoints_are_decided_as_the_table_decides(steps in vec(a_step(), 1..40), questions in vec(a_question(), 60)) {
        let world = World::new(steps);
        let live = engine(&world.ledger.0);
        for question in &questions {
            for user in 1..=USERS {
                let answer = ask(&live, user, question);
                prop_assert_eq!(answer.is_ok(), world.table.may(user, question), "{} {:?} {:?}", user, question, answer);
                let segments: Vec<&str> = question.segments.iter().map(|(decoded, _)| *decoded).collect();
                if routed(question.method, &segments).is_none() {
                    prop_assert_eq!(answer, Err(Reason::Impossible(Impossible::Resource)), "{:?}", question);
                }
            }
        }
        for domain in DOMAINS {
            for (action, operation) in [("read", Operation::Read), ("write", Operation::Write)] {
                let inquiry = Inquiry::parse("domain", domain, action).unwrap();
                for user in 1..=USERS {
                    let answer = live.answer(&Subject::User(user_id(user)), &inquiry, NOW);
                    let expected = !world.table.gone.contains(&user) && world.table.has_domain(user, operation, domain);
                    prop_assert_eq!(answer.denied.is_none(), expected, "{} {} {}", user, domain, action);
                }
            }
        }
    }

    #[test]
    fn the_past_is_decided_as_it_was(steps in vec(a_step(), 1..30), kept in 0..30usize, questions in vec(a_question(), 10)) {
        let all = World::new(steps.clone());
        let then = World::new(steps.into_iter().take(kept).collect());
        let moment = Moment { position: then.ledger.0.len() as i64, time: NOW };
        for user in 1..=USERS {
            let subject = Subject::User(user_id(user));
            let mut streams = Streams::default();
            streams.add_subject(&subject);
            let events = read(streams, &all.ledger.0);
            let past = Past::of(subject, moment, &events, &Interest::default());
            for question in &questions {
                let (path, properties) = (question.path(), question.properties());
                let Ok(inquiry) = Inquiry::of(&MODEL, "coiote-endpoint", &path, question.method, &properties) else {
                    continue;
                };
                let expected = then.table.may(user, question);
                prop_assert_eq!(past.answer(&inquiry).denied.is_none(), expected, "{} {:?}", user, question);
                let why = past.why(&inquiry);
                if !then.table.gone.contains(&user) {
                    prop_assert_eq!(!why.parts.is_empty() && why.parts.iter().all(|part| part.holds()), expected);
                }
            }
        }
    }

    #[test]
    fn a_search_finds_all_who_may_and_all_that_they_may(steps in vec(a_step(), 1..40), question in a_question()) {
        let world = World::new(steps);
        let live = engine(&world.ledger.0);
        let (path, properties) = (question.path(), question.properties());
        if let Ok(inquiry) = Inquiry::of(&MODEL, "coiote-endpoint", &path, question.method, &properties) {
            let mut found = live.users_who_may(&inquiry, None, usize::MAX, &Interest::default());
            found.sort_unstable();
            let may = (1..=USERS).filter(|user| world.table.may(*user, &question));
            prop_assert_eq!(found, may.map(user_id).collect::<Vec<_>>(), "{:?}", question);
        }
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            let wanted = Wanted::parse("coiote-endpoint", method).unwrap();
            for user in (1..=USERS).filter(|user| !world.table.gone.contains(user)) {
                let of_method = ENDPOINTS.iter().filter(|one| one.method == method);
                let may = of_method.filter(|one| world.table.has_endpoint(user, operation_of(method), one));
                let mut expected: Vec<String> = may.map(|one| one.template.to_owned()).collect();
                expected.sort_unstable();
                let subject = Subject::User(user_id(user));
                let mut found = Vec::new();
                // In pages of two.
                loop {
                    let after = found.last().cloned();
                    let page = live.resources(&subject, &wanted, NOW, after.as_deref(), 2, &Interest::default()).unwrap();
                    if page.is_empty() {
                        break;
                    }
                    found.extend(page);
                }
                prop_assert_eq!(found, expected, "{} {}", user, method);
            }
        }
    }

    /// Any text: either no path, or one whose decoded segments a server cannot read as others.
    #[test]
    fn no_path_has_two_readings(path in "[a-c%/.;\\\\?#2fF5eE+ \u{0}-\u{1f}é]{0,12}|(devices|%2e|%2F|/|\\.\\.|;|%25|all){1,6}") {
        if let Some(segments) = super::super::segments(&path) {
            for segment in &segments {
                prop_assert!(!segment.is_empty() && !segment.contains(['\\', ';', '\0']), "{:?}", path);
                prop_assert!(segment.split('/').all(|part| part != "." && part != ".."), "{:?}", path);
            }
            // Decoding first, and once more, splits no segment into dots.
            let sent = path.strip_suffix('/').unwrap_or(&path);
            prop_assert_eq!(sent.split('/').count(), segments.len(), "{:?}", path);
        }
    }
}

#[test]
fn random_histories_have_every_right() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut kinds, mut contexts) = (BTreeSet::new(), BTreeSet::new());
    for _ in 0..100 {
        let steps = proptest::strategy::ValueTree::current(&vec(a_step(), 40).new_tree(&mut runner).unwrap());
        let table = World::new(steps).table;
        kinds.extend(table.kinds.into_values());
        contexts.extend(table.own.into_values().flatten().map(|right| right.context));
    }
    assert_eq!(kinds.len(), AccountKind::ALL.len());
    assert_eq!(contexts, BTreeSet::from(["coiote", "domain"]));
}

/// Who gives an account kind must hold all of it.
#[test]
fn an_account_kind_is_given_by_whoever_holds_its_endpoints() {
    use AccountKind::{Business, Developer, Enterprise, SuperUser};

    let steps = [
        (1, AccountKind::Enterprise),
        (2, AccountKind::Developer),
        (3, AccountKind::SuperUser),
    ];
    let world = World::new(steps.map(|(user, kind)| Step::Kind(user, Some(kind))).to_vec());
    let live = engine(&world.ledger.0);
    let gives = |giver: u128, kind: AccountKind| {
        let event = aggregates::user::UserEvent::RoleGranted {
            role_id: kind.role(),
            exclusive: false,
        };
        let new = NewEvent {
            aggregate_id: user_id(9).to_string(),
            sequence: 2,
            event: Event::User(event),
        };
        let created = NewEvent {
            aggregate_id: user_id(9).to_string(),
            sequence: 1,
            event: Event::User(user_created("new")),
        };
        live.may_give(Principal::User(user_id(giver)), &[created, new])
            .is_ok()
    };
    for (giver, kind, may) in [
        (1, Developer, true),
        (1, Business, true),
        (1, Enterprise, true),
        (1, SuperUser, false),
        (2, Developer, true),
        (2, Business, true),
        (2, Enterprise, false),
        (3, SuperUser, true),
        (3, Enterprise, true),
    ] {
        assert_eq!(gives(giver, kind), may, "{giver} {kind:?}");
    }
}
