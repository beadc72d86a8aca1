//! A small vocabulary of its own, compared with an oracle: shelves that stand in libraries, and robots that fetch from
//! them.
//!
//! The engine learns about both by facts, as for any later kind. Here the events of some roles and users state these
//! facts: the stream of a role from number 100 on is the stream of a shelf, whose name lists the libraries and shelves
//! in which it stands; the stream of a user from number 100 on is the stream of a robot.
//!
//! To look at a shelf, a grant must cover it in any of its libraries; to rebuild it, in all of them. If a question
//! names a room, a grant must cover that room, too.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use aggregates::{
    Event, Recorded, Registered,
    role::{Role, RoleEvent},
    user::{User, UserEvent},
    values::{Context, Fingerprint, Operation, Permission, RoleId, RoleName, Timestamp, UserId},
};
use proptest::{collection::vec, prelude::*, sample::select};

use super::{
    super::{
        Access, Affected, Asked, Authorization, Credential, Effect, Fact, Ids, Impossible, Inquiry, Interest,
        Limits, Loader, MODEL, Machine, MachineKind, MachineStep, Model, Names, PageStart, Part, Principal,
        Property, Reason, ResourceType, Search, Space, Standing, Subject, SubjectType, Want, Wanted,
        directory::{Places, ResourceId},
        past::{Moment, Past, Stream, Streams},
        principals::sessions,
    },
    changing::{self, changes},
    ledger::{
        Ledger, certificate_added, certificate_fingerprint, certificate_removed, permission_id, role_created,
        role_granted, role_id, user_created, user_id,
    },
    oracle::{Oracle, covers, matches},
    read,
};

static SPACE: Space = Space {
    name: "library",
    context: Context::Http,
    first_level: Some("library"),
};

/// The resource type `shelf`.
struct Shelf;

impl ResourceType for Shelf {
    fn name(&self) -> &'static str {
        "shelf"
    }

    fn space(&self) -> &'static Space {
        &SPACE
    }

    fn actions(&self) -> &'static [(&'static str, Operation)] {
        &[("look", Operation::Read), ("rebuild", Operation::Write)]
    }

    fn ids(&self) -> Ids {
        Ids::Placed
    }

    fn access<'a>(&self, asked: &Asked<'a>, places: &dyn Places) -> Result<Access<'a>, Impossible> {
        let parents = places.parents("shelf", asked.id);
        let parents = parents.ok_or(Impossible::Resource)?;
        // A shelf on another shelf is in the same libraries as the other one.
        let on_shelves = parents.iter().filter(|parent| parent.resource_type == "shelf");
        let below = on_shelves.filter_map(|shelf| places.parents(shelf.resource_type, &shelf.id));
        let all = parents
            .iter()
            .cloned()
            .chain(below.flat_map(|parents| parents.to_vec()));
        let libraries: BTreeSet<Box<str>> = all
            .filter(|parent| parent.resource_type == "library")
            .map(|library| library.id)
            .collect();
        let names = libraries
            .iter()
            .map(|library| format!("library/{library}/shelf/{}", asked.id));
        let want = match asked.operation {
            Operation::Read => Want::Any,
            Operation::Write | Operation::ReadWrite => Want::All,
        };
        let shelf = Part::new(&SPACE, asked.operation, Names::Made(want, names.collect()));
        Ok(match asked.property("room") {
            None => shelf.into(),
            Some(room) => {
                let names = Names::Made(Want::All, vec![format!("library/room/{room}")]);
                Access::both(shelf, Part::new(&SPACE, Operation::Read, names))
            }
        })
    }

    fn stream(&self, id: &str) -> Option<Stream> {
        Some((Role::TYPE, id.to_owned()))
    }
}

static ROBOT: MachineKind = MachineKind {
    subject_type: "robot",
    aggregate_type: User::TYPE,
};

static LIBRARY: Model = Model {
    subjects: &[
        SubjectType {
            name: "robot",
            read: |id| {
                let id = uuid::Uuid::parse_str(id).map_err(|_| Reason::Unknown)?;
                Ok(Subject::Machine(Machine { kind: &ROBOT, id }))
            },
            search: Search::Machines(&ROBOT),
        },
        sessions::BY_TOKEN,
    ],
    resources: &[&Shelf],
    facts,
    standing: |_| Standing::Kept,
};

/// Whoever asks is in the red room.
const RED_ROOM: &[Property] = &[(Cow::Borrowed("room"), Cow::Borrowed("red"))];

const FIRST: u128 = 100;

fn is_shelf(id: RoleId) -> bool {
    id >= role_id(FIRST)
}

fn robot(id: UserId) -> Option<Machine> {
    (id >= user_id(FIRST)).then_some(Machine {
        kind: &ROBOT,
        id: id.0,
    })
}

/// A different credential for each certificate, so that no user has the same one.
fn credential(fingerprint: &Fingerprint) -> Credential {
    let other: String = fingerprint.bytes().map(|digit| char::from(digit ^ 1)).collect();
    match <[u8; 64]>::try_from(other.as_bytes()) {
        Ok(digits) => Credential::Secret(std::array::from_fn(|at| digits[2 * at])),
        Err(_) => Credential::Certificate(Fingerprint::parse(&other).unwrap()),
    }
}

fn subject_with(credential: Credential) -> Subject {
    match credential {
        Credential::Secret(digest) => Subject::Token(digest),
        Credential::Certificate(fingerprint) => Subject::Certificate(fingerprint),
    }
}

fn words(name: &str) -> Vec<&str> {
    name.split(' ').filter(|library| *library != "none").collect()
}

fn facts(stream: &str, event: &Event) -> Vec<Fact> {
    let shelf = event
        .of::<Role>()
        .filter(|_| RoleId::parse(stream).is_ok_and(is_shelf));
    let placed = shelf.and_then(|event| of_shelf(stream, event));
    let of_machine = |event| {
        let machine = UserId::parse(stream).ok().and_then(robot)?;
        let step = of_robot(event)?;
        Some(Fact::Machine { machine, step })
    };
    let happened = event.of::<User>().and_then(of_machine);
    placed.into_iter().chain(happened).collect()
}

fn of_shelf(id: &str, event: &RoleEvent) -> Option<Fact> {
    let resource = ResourceId::new("shelf", id);
    match event {
        RoleEvent::Created { name, .. } | RoleEvent::Renamed { name } => {
            let parents = words(name).into_iter();
            let parents = parents.map(|word| match word.strip_prefix("on-") {
                Some(number) => ResourceId::new("shelf", &shelf_id(number.parse().unwrap())),
                None => ResourceId::new("library", word),
            });
            Some(Fact::Placed {
                resource,
                parents: parents.collect(),
            })
        }
        RoleEvent::Deleted {} => Some(Fact::Removed { resource }),
        RoleEvent::SharingChanged { .. }
        | RoleEvent::PermissionAdded { .. }
        | RoleEvent::PermissionChanged { .. }
        | RoleEvent::PermissionRemoved { .. }
        | RoleEvent::GroupFormed { .. }
        | RoleEvent::GroupAddsNewApplicationsChanged { .. }
        | RoleEvent::ApplicationAttached { .. }
        | RoleEvent::ApplicationDetached { .. } => None,
    }
}

fn of_robot(event: &UserEvent) -> Option<MachineStep> {
    Some(match event.clone() {
        UserEvent::Created { .. } => MachineStep::Made,
        UserEvent::RoleGranted { role_id, .. } => MachineStep::RoleGranted(role_id),
        UserEvent::RoleRevoked { role_id } => MachineStep::RoleRevoked(role_id),
        UserEvent::PermissionGranted { permission } => MachineStep::PermissionGranted(permission),
        UserEvent::PermissionRevoked { id } => MachineStep::PermissionRevoked(id),
        UserEvent::CertificateAdded { certificate } => {
            MachineStep::CredentialIssued(credential(&certificate.fingerprint), certificate.expires_at)
        }
        UserEvent::CertificateRemoved { fingerprint } => {
            MachineStep::CredentialVoided(credential(&fingerprint))
        }
        UserEvent::Deleted {} => MachineStep::Gone,
        UserEvent::Renamed { .. }
        | UserEvent::PasswordChanged { .. }
        | UserEvent::PasswordSet { .. }
        | UserEvent::PasswordRehashed { .. }
        | UserEvent::PublishPrefixChanged { .. }
        | UserEvent::IdentityProviderChanged { .. }
        | UserEvent::GrantTypesChanged { .. }
        | UserEvent::MfaEnforcementChanged { .. }
        | UserEvent::PasswordChangeDemanded { .. }
        | UserEvent::TotpOffered { .. }
        | UserEvent::TotpEnrolled { .. }
        | UserEvent::SecondFactorUsed { .. }
        | UserEvent::SecondFactorRefused { .. }
        | UserEvent::BackupCodesReplaced { .. }
        | UserEvent::SecondFactorDisabled { .. }
        | UserEvent::TokensRevoked {}
        | UserEvent::SessionsEnded { .. }
        | UserEvent::SessionsByMethodEnded { .. }
        | UserEvent::Revoked {} => return None,
    })
}

const USERS: u128 = 3;
const ROLES: u128 = 4;
const SHELVES: u128 = 3;
const ROBOTS: u128 = 2;
const CERTIFICATES: u8 = 3;

fn shelf_id(number: u128) -> String {
    role_id(FIRST + number).to_string()
}

fn a_pattern() -> impl Strategy<Value = String> {
    let some_shelf = |(library, shelf)| format!("library/{library}/shelf/{}", shelf_id(shelf));
    let library = || select(vec!["1", "2", "3", "+"]);
    prop_oneof![
        2 => (library(), 0..SHELVES).prop_map(some_shelf),
        3 => library().prop_map(|library| format!("library/{library}/#")),
        2 => library().prop_map(|library| format!("library/{library}/shelf/+")),
        2 => select(vec!["library/room/red", "library/room/+"]).prop_map(str::to_owned),
        1 => select(vec!["/library/1/#", "library", "other/#"]).prop_map(str::to_owned),
    ]
}

fn an_operation() -> impl Strategy<Value = Operation> {
    select(vec![Operation::Read, Operation::Write, Operation::ReadWrite])
}

fn a_permission() -> impl Strategy<Value = Permission> {
    (0..5u128, a_pattern(), an_operation()).prop_map(|(id, pattern, operation)| Permission {
        id: permission_id(id),
        resource: super::filter(&pattern),
        operation,
        context: Context::Http,
    })
}

/// An event of a user or of a robot.
fn a_holders_event() -> impl Strategy<Value = UserEvent> {
    prop_oneof![
        4 => Just(()).prop_map(|()| user_created("")),
        8 => (0..ROLES).prop_map(role_granted),
        2 => (0..ROLES).prop_map(|role| UserEvent::RoleRevoked { role_id: role_id(role) }),
        4 => a_permission().prop_map(|permission| UserEvent::PermissionGranted { permission }),
        2 => (0..5u128).prop_map(|id| UserEvent::PermissionRevoked { id: permission_id(id) }),
        4 => (0..CERTIFICATES, select(vec![None, Some(5), Some(15)]))
            .prop_map(|(number, end)| certificate_added(number, end)),
        2 => (0..CERTIFICATES).prop_map(certificate_removed),
        1 => Just(UserEvent::Deleted {}),
    ]
}

fn a_role_event() -> impl Strategy<Value = RoleEvent> {
    prop_oneof![
        3 => Just(()).prop_map(|()| role_created("role")),
        9 => a_permission().prop_map(|permission| RoleEvent::PermissionAdded { permission }),
        2 => (0..5u128).prop_map(|id| RoleEvent::PermissionRemoved { id: permission_id(id) }),
        1 => Just(RoleEvent::Deleted {}),
    ]
}

fn a_shelf_event() -> impl Strategy<Value = RoleEvent> {
    let places = || select(vec!["none", "1", "2", "3", "1 2", "2 3", "on-0", "3 on-1"]);
    prop_oneof![
        3 => places().prop_map(role_created),
        3 => places().prop_map(|name| RoleEvent::Renamed { name: RoleName::parse(name).unwrap() }),
        1 => Just(RoleEvent::Deleted {}),
    ]
}

#[derive(Clone, Debug)]
enum Step {
    Holder(u128, UserEvent),
    Role(u128, RoleEvent),
}

fn a_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..USERS, a_holders_event()).prop_map(|(user, event)| Step::Holder(user, event)),
        5 => (0..ROBOTS, a_holders_event()).prop_map(|(robot, event)| Step::Holder(FIRST + robot, event)),
        8 => (0..ROLES, a_role_event()).prop_map(|(role, event)| Step::Role(role, event)),
        6 => (0..SHELVES, a_shelf_event()).prop_map(|(shelf, event)| Step::Role(FIRST + shelf, event)),
    ]
}

/// A history that begins with all users, a robot, two roles and two shelves.
fn history(steps: Vec<Step>) -> Ledger {
    let mut ledger = Ledger::default();
    for number in 0..USERS {
        ledger.user(number, user_created(&format!("user-{number}")));
    }
    ledger.user(FIRST, user_created("robot"));
    for (role, name) in [(0, "role"), (1, "role"), (FIRST, "1"), (FIRST + 1, "1 2")] {
        ledger.role(role, role_created(name));
    }
    for step in steps {
        match step {
            Step::Holder(user, UserEvent::Created { .. }) => {
                ledger.user(user, user_created(&format!("name-{}", ledger.0.len())))
            }
            Step::Holder(user, event) => ledger.user(user, event),
            Step::Role(role, event) => ledger.role(role, event),
        };
    }
    ledger
}

/// The oracle of what users, roles and robots hold, and of where each shelf stands.
#[derive(Default)]
struct World {
    holders: Oracle,
    shelves: BTreeMap<String, Vec<ResourceId>>,
    robots: BTreeSet<UserId>,
    /// The owner of each credential, and when the credential expires.
    credentials: Vec<(Credential, UserId, Option<Timestamp>)>,
}

impl World {
    fn of(events: &[Recorded]) -> Self {
        let mut world = Self::default();
        for event in events {
            world.holders.apply(event);
            for fact in facts(&event.aggregate_id, &event.event) {
                world.take(fact);
            }
        }
        world
    }

    fn take(&mut self, fact: Fact) {
        match fact {
            Fact::Placed { resource, parents } => {
                self.shelves.insert(resource.id.into(), parents);
            }
            Fact::Removed { resource } => drop(self.shelves.remove(&*resource.id)),
            Fact::Machine { machine, step } => {
                let id = UserId(machine.id);
                match step {
                    MachineStep::Made => drop(self.robots.insert(id)),
                    MachineStep::CredentialIssued(credential, end) if self.robots.contains(&id) => {
                        self.credentials.retain(|(held, ..)| *held != credential);
                        self.credentials.push((credential, id, end));
                    }
                    MachineStep::CredentialVoided(credential) => self
                        .credentials
                        .retain(|(held, owner, _)| (held, *owner) != (&credential, id)),
                    MachineStep::Gone => {
                        self.robots.remove(&id);
                        self.credentials.retain(|(_, owner, _)| *owner != id);
                    }
                    // Only a robot that is there has credentials. The oracle says what it holds.
                    MachineStep::CredentialIssued(..)
                    | MachineStep::RoleGranted(_)
                    | MachineStep::RoleRevoked(_)
                    | MachineStep::PermissionGranted(_)
                    | MachineStep::PermissionRevoked(_) => {}
                }
            }
        }
    }

    /// All permissions that count for a subject; `None` if the subject has no principal.
    fn permissions(&self, subject: &Subject, now: Timestamp) -> Option<Vec<Permission>> {
        let machine = |id: UserId| self.robots.contains(&id).then(|| self.holders.permissions(id));
        match subject {
            Subject::User(user) => {
                let known = self.holders.users.contains_key(user);
                known.then(|| self.holders.permissions(*user))
            }
            Subject::Role(role) => {
                let role = self.holders.roles.get(role)?;
                Some(role.permissions.values().cloned().collect())
            }
            Subject::Machine(robot) => machine(UserId(robot.id)),
            Subject::Token(_) | Subject::Certificate(_) => {
                let of =
                    |(credential, ..): &&(Credential, _, _)| subject_with(credential.clone()) == *subject;
                let (_, owner, end) = self.credentials.iter().find(of)?;
                end.is_none_or(|end| end > now).then(|| machine(*owner))?
            }
            Subject::Username(_) | Subject::Account(_) => None,
        }
    }

    fn libraries(&self, shelf: &str) -> Option<BTreeSet<String>> {
        let mut libraries = BTreeSet::new();
        for parent in self.shelves.get(shelf)? {
            if parent.resource_type == "library" {
                libraries.insert(parent.id.to_string());
                continue;
            }
            for below in self.shelves.get(&*parent.id).into_iter().flatten() {
                if below.resource_type == "library" {
                    libraries.insert(below.id.to_string());
                }
            }
        }
        Some(libraries)
    }

    /// Whether each part of a question holds: the part of the shelf, and the part of the room, if the question names
    /// one.
    fn parts(&self, permissions: &[Permission], question: &Question) -> Option<Vec<bool>> {
        let shelf = &question.shelf;
        let libraries = self.libraries(shelf)?;
        let covers = |name: &str, wanted: Operation| {
            permissions.iter().any(|permission| {
                permission.operation.covers(wanted) && matches(Context::Http, &permission.resource, name)
            })
        };
        let name = |library: &String| format!("library/{library}/shelf/{shelf}");
        let mut parts = vec![match question.action {
            "look" => libraries
                .iter()
                .any(|library| covers(&name(library), Operation::Read)),
            _ => {
                !libraries.is_empty()
                    && libraries
                        .iter()
                        .all(|library| covers(&name(library), Operation::Write))
            }
        }];
        if !question.properties.is_empty() {
            parts.push(covers("library/room/red", Operation::Read));
        }
        Some(parts)
    }

    fn allows(&self, subject: &Subject, question: &Question, now: Timestamp) -> bool {
        let permissions = self.permissions(subject, now);
        let parts = permissions.and_then(|permissions| self.parts(&permissions, question));
        parts.is_some_and(|parts| parts.iter().all(|holds| *holds))
    }
}

#[derive(Clone, Debug)]
struct Question {
    shelf: String,
    action: &'static str,
    properties: &'static [Property],
}

impl Question {
    fn inquiry(&self) -> Inquiry<'_> {
        Inquiry::of(&LIBRARY, "shelf", &self.shelf, self.action, self.properties).unwrap()
    }
}

/// Questions about all shelves that can exist, and about one more.
fn questions() -> Vec<Question> {
    let mut questions = Vec::new();
    for shelf in (0..=SHELVES).map(shelf_id) {
        for action in ["look", "rebuild"] {
            for properties in [&[][..], RED_ROOM] {
                questions.push(Question {
                    shelf: shelf.clone(),
                    action,
                    properties,
                });
            }
        }
    }
    questions
}

fn subjects() -> Vec<Subject> {
    let users = (0..USERS).map(|user| Subject::User(user_id(user)));
    let roles = (0..ROLES).map(|role| Subject::Role(role_id(role)));
    let robots = (0..=ROBOTS).filter_map(|number| robot(user_id(FIRST + number)));
    let credentials =
        (0..CERTIFICATES).map(|number| subject_with(credential(&certificate_fingerprint(number))));
    users
        .chain(roles)
        .chain(robots.map(Subject::Machine))
        .chain(credentials)
        .collect()
}

fn engine(ledger: &Ledger) -> Authorization {
    let engine = Authorization::within(&LIBRARY);
    engine.apply(&ledger.0);
    engine
}

/// The events of the streams that matter, selected like in the real ledger.
fn about(subject: &Subject, shelf: Option<&str>, events: &[Recorded]) -> Vec<Recorded> {
    let mut streams = Streams::within(&LIBRARY);
    streams.add_subject(subject);
    if let Some(shelf) = shelf {
        streams.add_resource(&ResourceId::new("shelf", shelf));
    }
    for event in events {
        // The ledger finds these streams by the credential.
        for fact in facts(&event.aggregate_id, &event.event) {
            if let Fact::Machine {
                step: MachineStep::CredentialIssued(credential, _),
                ..
            } = fact
                && subject_with(credential) == *subject
            {
                streams.add_user(&event.aggregate_id);
            }
        }
    }
    read(streams, events)
}

fn explained(past: &Past, world: &World, subject: &Subject, question: &Question, now: Timestamp) {
    let why = past.why(&question.inquiry());
    let permissions = world.permissions(subject, now).unwrap_or_default();
    let Some(parts) = world.parts(&permissions, question) else {
        assert_eq!(why.parts, []);
        return;
    };
    let told: Vec<bool> = why.parts.iter().map(|part| part.holds()).collect();
    assert_eq!(told, parts, "{question:?}");
    let failed = parts.iter().position(|holds| !holds);
    assert_eq!(
        why.deciding_part(),
        why.parts.get(failed.unwrap_or(0)),
        "the part that failed is told"
    );
    for part in &why.parts {
        for name in &part.names {
            assert!(name.nearest.is_empty() || name.grants.is_empty());
            let wanted = match (question.action, name.resource.starts_with("library/room/")) {
                ("rebuild", false) => Operation::Write,
                _ => Operation::Read,
            };
            let covers = |permission: &&Permission| {
                permission.operation.covers(wanted)
                    && matches(Context::Http, &permission.resource, &name.resource)
            };
            let allowing = permissions.iter().filter(covers).count();
            assert_eq!(name.grants.len(), allowing, "{name:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn a_resource_that_is_somewhere_is_decided_as_the_oracle_decides(
        steps in vec(a_step(), 1..60),
        now in 0..20i64,
    ) {
        let now = Timestamp::from_micros(now);
        let ledger = history(steps);
        let (live, world) = (engine(&ledger), World::of(&ledger.0));
        for question in questions() {
            let inquiry = question.inquiry();
            for subject in subjects() {
                let answer = live.answer(&subject, &inquiry, now);
                prop_assert_eq!(answer.denied.is_none(), world.allows(&subject, &question, now), "{:?} {:?}", subject, question);
                if world.permissions(&subject, now).is_some() && !world.shelves.contains_key(&question.shelf) {
                    prop_assert_eq!(answer.denied, Some(Reason::Impossible(Impossible::Resource)));
                }
            }
        }
    }

    #[test]
    fn a_search_finds_all_who_may_and_all_that_they_may(
        steps in vec(a_step(), 1..60),
        now in 0..20i64,
    ) {
        let now = Timestamp::from_micros(now);
        let ledger = history(steps);
        let (live, world) = (engine(&ledger), World::of(&ledger.0));
        for question in questions() {
            let inquiry = question.inquiry();
            let may = |subject: &Subject| world.allows(subject, &question, now);
            let mut users = live.users_who_may(&inquiry, None, usize::MAX, &Interest::default());
            users.sort_unstable();
            let expected: Vec<UserId> = world.holders.users.keys().copied().filter(|id| may(&Subject::User(*id))).collect();
            prop_assert_eq!(users, expected);
            let roles = live.roles_that_may(&inquiry, None, usize::MAX, &Interest::default());
            let expected: Vec<RoleId> = world.holders.roles.keys().copied().filter(|id| may(&Subject::Role(*id))).collect();
            prop_assert_eq!(roles, expected);
            let robots = live.machines_that_may(&ROBOT, &inquiry, None, usize::MAX, &Interest::default());
            let expected: Vec<Machine> = world.robots.iter().filter_map(|id| robot(*id)).filter(|robot| may(&Subject::Machine(*robot))).collect();
            prop_assert_eq!(robots, expected);
        }
        for (action, properties) in [("look", &[][..]), ("rebuild", &[][..]), ("rebuild", RED_ROOM)] {
            let wanted = Wanted::of(&LIBRARY, "shelf", action, properties).unwrap();
            for subject in subjects() {
                let question = |shelf: &String| Question { shelf: shelf.clone(), action, properties };
                let expected: Vec<String> = world.shelves.keys().filter(|shelf| world.allows(&subject, &question(shelf), now)).cloned().collect();
                let (mut found, mut after) = (Vec::new(), None);
                // In pages of one.
                while let Some(shelf) = live.resources(&subject, &wanted, now, after.as_deref(), 1, &Interest::default()).ok().and_then(|mut page| page.pop()) {
                    after = Some(shelf.clone());
                    found.push(shelf);
                }
                prop_assert_eq!(found, expected);
            }
        }
    }

    #[test]
    fn the_past_of_a_resource_is_read_from_its_own_streams_and_explained(
        steps in vec(a_step(), 1..60),
        moments in vec(any::<prop::sample::Index>(), 2),
        now in 0..20i64,
    ) {
        let now = Timestamp::from_micros(now);
        let ledger = history(steps);
        for moment in moments {
            let position = moment.index(ledger.0.len() + 1);
            let then = World::of(&ledger.0[..position]);
            let moment = Moment { position: position as i64, time: now };
            for subject in subjects() {
                for question in questions() {
                    let events = about(&subject, Some(&question.shelf), &ledger.0);
                    let past = Past::within(&LIBRARY, subject.clone(), moment, &events, &Interest::default());
                    let answer = past.answer(&question.inquiry());
                    prop_assert_eq!(answer.denied.is_none(), then.allows(&subject, &question, now), "{:?} {:?}", subject, question);
                    explained(&past, &then, &subject, &question, now);
                }
            }
        }
    }

    #[test]
    fn changes_lead_a_machine_from_one_moment_to_the_other(
        steps in vec(a_step(), 1..60),
        from in any::<prop::sample::Index>(),
        to in any::<prop::sample::Index>(),
    ) {
        let events = changing::sensible(history(steps).0);
        let (from, to) = (from.index(events.len() + 1), to.index(events.len() + 1));
        let (from, to) = (from.min(to), from.max(to));
        let time = Timestamp::from_micros(0);
        for subject in subjects() {
            let held = |position: usize| {
                let mut all = World::of(&events[..position]).permissions(&subject, time).unwrap_or_default();
                all.sort();
                all
            };
            let mut now = held(from);
            let about = about(&subject, None, &events);
            let changes = changes(&LIBRARY, &subject, from as i64..=to as i64, &about, usize::MAX, &Interest::default());
            for change in &changes.changes {
                for lost in &change.lost.listed {
                    let at = now.iter().position(|one| *one == lost.permission);
                    prop_assert!(at.map(|at| now.remove(at)).is_some(), "{lost:?} was not held");
                }
                now.extend(change.gained.listed.iter().map(|gained| gained.permission.clone()));
                now.sort();
                prop_assert_eq!(&now, &held(change.cause.position as usize));
            }
            prop_assert_eq!(now, held(to));
        }
    }
}

/// The steps that a ledger would record: roles are made once, and granted while they exist.
fn sensible(steps: Vec<Step>, gone: &mut BTreeSet<RoleId>) -> Vec<Step> {
    let takes = |step: &Step| match step {
        Step::Role(role, RoleEvent::Created { .. }) => *role >= FIRST,
        Step::Role(role, RoleEvent::Deleted {}) => *role >= FIRST || gone.insert(role_id(*role)),
        Step::Holder(_, UserEvent::RoleGranted { role_id, .. }) => !gone.contains(role_id),
        Step::Role(..) | Step::Holder(..) => true,
    };
    steps.into_iter().filter(takes).collect()
}

/// All effects, in pages of one.
fn effects(engine: &Authorization, events: &[Recorded]) -> Vec<Effect> {
    let events = events.iter();
    let what_if = engine.what_if(events.map(|event| (event.aggregate_id.as_str(), &event.event)));
    let limits = Limits {
        effects: 1,
        rights: usize::MAX,
        looks: usize::MAX,
    };
    let (mut all, mut from) = (Vec::new(), Some(PageStart::Named(0)));
    while let Some(start) = from {
        let (page, next) = what_if.page(start, limits, &Interest::default());
        all.extend(page);
        from = next;
    }
    all
}

/// All names that a question may need.
fn all_names() -> Vec<String> {
    let shelves =
        |library| (0..SHELVES).map(move |shelf| format!("library/{library}/shelf/{}", shelf_id(shelf)));
    let mut names: Vec<String> = (1..=3).flat_map(shelves).collect();
    names.push("library/room/red".to_owned());
    names
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    #[test]
    fn a_dry_run_tells_what_making_it_happen_changes(
        steps in vec(a_step(), 1..50),
        next in vec(a_step(), 1..6),
    ) {
        let mut gone = BTreeSet::new();
        let roles = (2..ROLES).map(|role| Step::Role(role, role_created("role")));
        let steps: Vec<Step> = roles.chain(sensible(steps, &mut gone)).collect();
        let next = sensible(next, &mut gone);
        let before = history(steps.clone());
        let after = history(steps.into_iter().chain(next).collect());
        let effects = effects(&engine(&before), &after.0[before.0.len()..]);
        let worlds = [World::of(&before.0), World::of(&after.0)];
        let now = Timestamp::from_micros(0);
        let mut seen = 0;
        for subject in subjects() {
            if matches!(subject, Subject::Token(_) | Subject::Certificate(_)) {
                continue;
            }
            let is_on = |effect: &&Effect| match (&effect.on, &subject) {
                (Affected::User(id) | Affected::NewUser(id, _), Subject::User(user)) => id == user,
                (Affected::Role(id) | Affected::NewRole(id, _), Subject::Role(role)) => id == role,
                (Affected::Machine(one) | Affected::NewMachine(one), Subject::Machine(machine)) => one == machine,
                _ => false,
            };
            let effect = effects.iter().find(is_on);
            seen += usize::from(effect.is_some());
            let [before, after] = worlds.each_ref().map(|world| world.permissions(&subject, now).unwrap_or_default());
            let (gained, lost) = effect.map_or((&[][..], &[][..]), |effect| (&effect.gained, &effect.lost));
            for operation in [Operation::Read, Operation::Write] {
                let covered = |permissions: &[Permission], name: &str| permissions.iter().any(|permission| {
                    permission.operation.covers(operation) && matches(Context::Http, &permission.resource, name)
                });
                for name in all_names() {
                    let (was, will) = (covered(&before, &name), covered(&after, &name));
                    let told = if will { gained } else { lost };
                    let is_told = told.iter().any(|right| {
                        right.operation.covers(operation) && matches(Context::Http, &right.resource, &name)
                    });
                    prop_assert!(was == will || is_told, "{subject:?} {name}");
                }
                for (rights, has, has_not) in [(gained, &after, &before), (lost, &before, &after)] {
                    for right in rights.iter().filter(|right| right.operation.covers(operation)) {
                        let grants = |permissions: &[Permission]| permissions.iter().any(|permission| {
                            permission.operation.covers(operation) && covers(&permission.resource, &right.resource)
                        });
                        prop_assert!(grants(has) && !grants(has_not), "{subject:?} {right:?}");
                    }
                }
            }
        }
        // Effects on the twins of robots and shelves come in addition.
        let is_twin = |effect: &&Effect| match &effect.on {
            Affected::User(id) | Affected::NewUser(id, _) => robot(*id).is_some(),
            Affected::Role(id) | Affected::NewRole(id, _) => is_shelf(*id),
            Affected::Machine(_) | Affected::NewMachine(_) => false,
        };
        prop_assert_eq!(seen + effects.iter().filter(is_twin).count(), effects.len(), "somebody is told twice");
    }
}

#[test]
fn facts_that_are_loaded_count_as_those_that_are_applied() {
    let mut ledger = history(Vec::new());
    ledger.user(FIRST, certificate_added(1, None));
    ledger.user(
        FIRST,
        UserEvent::PermissionGranted {
            permission: Permission {
                id: permission_id(9),
                resource: super::filter("library/1/#"),
                operation: Operation::ReadWrite,
                context: Context::Http,
            },
        },
    );
    let mut loader = Loader::within(&LIBRARY, ledger.0.len() as i64);
    for event in &ledger.0 {
        for fact in facts(&event.aggregate_id, &event.event) {
            loader.fact(fact);
        }
    }
    let (loaded, applied) = (loader.finish().unwrap(), engine(&ledger));
    let now = Timestamp::from_micros(0);
    let robot = Subject::Machine(robot(user_id(FIRST)).unwrap());
    let mut allowed = 0;
    for subject in [robot, subject_with(credential(&certificate_fingerprint(1)))] {
        for question in questions() {
            let answers = [&loaded, &applied].map(|engine| engine.answer(&subject, &question.inquiry(), now));
            assert_eq!(answers[0], answers[1], "{question:?}");
            allowed += usize::from(answers[0].denied.is_none());
        }
    }
    assert!(allowed > 0);
}

#[test]
fn a_permission_is_told_with_the_space_of_its_names() {
    assert_eq!(LIBRARY.space_of(Context::Http, "library/1/#"), "library");
    assert_eq!(MODEL.space_of(Context::Http, "/library/1/#"), "http");
    assert_eq!(MODEL.space_of(Context::Mqtt, "library/1/#"), "mqtt");
}

#[test]
fn a_grant_on_paths_opens_no_space_beside_them() {
    let mut ledger = history(Vec::new());
    let all_paths = Permission {
        id: permission_id(9),
        resource: super::filter("/#"),
        operation: Operation::ReadWrite,
        context: Context::Http,
    };
    ledger.user(
        0,
        UserEvent::PermissionGranted {
            permission: all_paths,
        },
    );
    let question = Question {
        shelf: shelf_id(0),
        action: "look",
        properties: &[],
    };
    let answer = engine(&ledger).answer(
        &Subject::User(user_id(0)),
        &question.inquiry(),
        Timestamp::from_micros(0),
    );
    assert_eq!(answer.denied, Some(Reason::NoGrant));
}

#[test]
fn every_credential_of_a_machine_stands_for_it() {
    let mut ledger = history(Vec::new());
    let robot = robot(user_id(FIRST)).unwrap();
    for number in 0..2 {
        ledger.user(FIRST, certificate_added(number, Some(10)));
    }
    let live = engine(&ledger);
    let at = |time, number| {
        let subject = subject_with(credential(&certificate_fingerprint(number)));
        live.principal(&subject, Timestamp::from_micros(time))
    };
    assert!(matches!(
        [0, 1].map(|number| credential(&certificate_fingerprint(number))),
        [Credential::Certificate(_), Credential::Secret(_)]
    ));
    for number in 0..2 {
        assert_eq!(at(9, number), Ok(Principal::Machine(robot)));
        assert_eq!(at(10, number), Err(Reason::Expired));
    }
    ledger.user(FIRST, UserEvent::Deleted {});
    live.apply(&ledger.0);
    assert_eq!(at(9, 0), Err(Reason::Unknown));
    assert_eq!(at(9, 1), Err(Reason::TokenVoid));
}
