//! The levels of OS2iot, compared with a table of who may do what (design/authorization-models.md). Random commands make the history, so it
//! has only events that this server records.

use std::collections::{BTreeMap, BTreeSet};

use aggregates::{
    Event, NewEvent, Recorded, Registered,
    account::{Account, AccountCommand, ChangeAccount, ChangeGroups, OpenAccount},
    api_key::{ApiKey, ApiKeyCommand, ChangeApiKey, IssueApiKey},
    application::{Application, ApplicationCommand},
    organisation::{Organisation, OrganisationCommand},
    role::{ChangeGroup, FormGroup, Role, RoleCommand},
    user::{User, UserCommand},
    values::{
        AccountId, ApiKeyId, ApplicationId, GroupId, KeyDigest, Level, Membership, Ordinal, OrganisationId,
        Timestamp, UserId,
    },
};
use proptest::{
    collection::vec, prelude::*, sample::select, strategy::ValueTree as _, test_runner::TestRunner,
};

use super::{
    super::{
        API_KEY, Authorization, Impossible, Inquiry, Interest, MODEL, Machine, Principal, Reason, Subject,
        Wanted, api_key_machine,
        directory::ResourceId,
        past::{Moment, Past, Streams},
    },
    ledger::{Ledger, user_created, user_id},
    read,
};

const ORGANISATIONS: i64 = 3;
const GROUPS: i64 = 5;
const APPLICATIONS: i64 = 3;
const ACCOUNTS: i64 = 3;
const KEYS: i64 = 2;

fn ordinal(number: i64) -> Ordinal {
    Ordinal::new(number).unwrap()
}

fn organisation(number: i64) -> OrganisationId {
    OrganisationId::of(ordinal(number))
}

fn group(number: i64) -> GroupId {
    GroupId::of(ordinal(number))
}

fn application(number: i64) -> ApplicationId {
    ApplicationId::of(ordinal(number))
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_micros(second * 1_000_000)
}

/// The digest of a key's secret.
fn digest(number: i64) -> KeyDigest {
    KeyDigest::new([u8::try_from(number).unwrap(); 32])
}

/// All things, and the ledger that made them.
#[derive(Default)]
struct World {
    ledger: Ledger,
    organisations: BTreeMap<i64, Organisation>,
    groups: BTreeMap<i64, Role>,
    applications: BTreeMap<i64, Application>,
    accounts: BTreeMap<i64, Account>,
    users: BTreeMap<i64, User>,
    keys: BTreeMap<i64, ApiKey>,
}

/// What a command leads to. Commands that are refused change nothing.
fn run<A: Registered>(
    ledger: &mut Ledger,
    aggregate: &mut A,
    id: &str,
    event: fn(A::Event) -> Event,
    command: A::Command,
) -> bool {
    let Ok(events) = aggregate.decide(command) else {
        return false;
    };
    for one in events {
        aggregate.apply(one.clone());
        ledger.record(id.to_owned(), event(one));
    }
    true
}

impl World {
    fn organisation(&mut self, number: i64, command: OrganisationCommand) {
        let id = organisation(number).to_string();
        let aggregate = self.organisations.entry(number).or_default();
        run(&mut self.ledger, aggregate, &id, Event::Organisation, command);
    }

    fn group(&mut self, number: i64, command: RoleCommand) {
        let id = group(number).to_string();
        let aggregate = self.groups.entry(number).or_default();
        run(&mut self.ledger, aggregate, &id, Event::Role, command);
    }

    fn application(&mut self, number: i64, command: ApplicationCommand) {
        let id = application(number).to_string();
        let aggregate = self.applications.entry(number).or_default();
        run(&mut self.ledger, aggregate, &id, Event::Application, command);
    }

    /// Changes an account and the roles of its user, as the units of the server do.
    fn account(&mut self, number: i64, command: AccountCommand) {
        let id = AccountId::of(ordinal(number)).to_string();
        let aggregate = self.accounts.entry(number).or_default();
        run(&mut self.ledger, aggregate, &id, Event::Account, command);
        let wanted: BTreeSet<GroupId> = match aggregate.is_active {
            true => aggregate.groups.keys().copied().collect(),
            false => BTreeSet::new(),
        };
        let held: Vec<GroupId> = {
            let user = self.users.entry(number).or_default();
            user.roles.keys().filter_map(|role| role.group()).collect()
        };
        for group in &held {
            if !wanted.contains(group) {
                self.user(number, UserCommand::LeaveGroup { group: *group });
            }
        }
        for group in wanted {
            let exists = self
                .groups
                .get(&i64::from(group.ordinal().get()))
                .is_some_and(Role::exists);
            if exists && !held.contains(&group) {
                self.user(number, UserCommand::JoinGroup { group });
            }
        }
    }

    fn user(&mut self, number: i64, command: UserCommand) {
        let id = user_id(number.unsigned_abs().into()).to_string();
        let aggregate = self.users.entry(number).or_default();
        run(&mut self.ledger, aggregate, &id, Event::User, command);
    }

    fn key(&mut self, number: i64, command: ApiKeyCommand) {
        let id = ApiKeyId::of(ordinal(number)).to_string();
        let aggregate = self.keys.entry(number).or_default();
        run(&mut self.ledger, aggregate, &id, Event::ApiKey, command);
    }

    fn membership(&self, number: i64) -> Option<Membership> {
        let role = self.groups.get(&number).filter(|role| role.exists())?;
        Some(Membership {
            group: group(number),
            organisation: role.group.as_ref()?.organisation,
        })
    }

    fn memberships(&self, numbers: &BTreeSet<i64>) -> Vec<Membership> {
        numbers
            .iter()
            .filter_map(|number| self.membership(*number))
            .collect()
    }

    #[expect(clippy::too_many_lines, reason = "one arm for each step")]
    fn step(&mut self, step: Step) {
        match step {
            Step::Organisation(number, deleted) => {
                let name = format!("organisation {number}").parse().unwrap();
                self.organisation(
                    number,
                    match deleted {
                        true => OrganisationCommand::Delete,
                        false => OrganisationCommand::Found { name },
                    },
                );
            }
            Step::FormGroup(number, of, levels, applications) => {
                let organisation = (number != 1).then(|| organisation(of));
                let levels = if number == 1 {
                    vec![Level::GlobalAdmin]
                } else {
                    levels
                };
                let of_organisation = |one: &&i64| {
                    let application = self.applications.get(one);
                    organisation.is_some() && application.is_some_and(|one| one.organisation == organisation)
                };
                let applications = applications.iter().filter(of_organisation);
                let command = FormGroup {
                    id: group(number),
                    name: "group".parse().unwrap(),
                    organisation,
                    levels,
                    adds_new_applications: false,
                    applications: applications.map(|one| application(*one)).collect(),
                };
                self.group(number, RoleCommand::FormGroup(command));
            }
            Step::Attach(number, adds, applications) => {
                let of = self.membership(number).and_then(|one| one.organisation);
                let of_organisation = |one: &&i64| {
                    let application = self.applications.get(one);
                    application.is_some_and(|one| one.exists() && one.organisation == of)
                };
                let applications = applications.iter().filter(of_organisation);
                let command = ChangeGroup {
                    id: group(number),
                    name: None,
                    adds_new_applications: Some(adds),
                    applications: Some(applications.map(|one| application(*one)).collect()),
                };
                self.group(number, RoleCommand::ChangeGroup(command));
            }
            Step::Dissolve(number) => self.group(number, RoleCommand::DissolveGroup),
            Step::Application(number, of) => {
                let organisation = organisation(of);
                let command = match self.applications.get(&number).and_then(|one| one.organisation) {
                    Some(from) => ApplicationCommand::Move {
                        from,
                        to: organisation,
                    },
                    None => ApplicationCommand::Create {
                        organisation,
                        name: format!("application {number}").parse().unwrap(),
                        details: Box::default(),
                    },
                };
                self.application(number, command);
            }
            Step::DeleteApplication(number) => {
                if let Some(of) = self.applications.get(&number).and_then(|one| one.organisation) {
                    self.application(number, ApplicationCommand::Delete { of });
                }
            }
            Step::Account(number, groups) => {
                let joined = self.memberships(&groups);
                if self.accounts.get(&number).is_some_and(Account::exists) {
                    let held = self.accounts[&number].groups.keys().copied();
                    let left = held
                        .filter(|one| joined.iter().all(|joined| joined.group != *one))
                        .collect();
                    let change = ChangeGroups {
                        joined,
                        left,
                        of_anybody: true,
                    };
                    self.account(number, AccountCommand::ChangeGroups(change));
                    return;
                }
                let user = user_id(number.unsigned_abs().into());
                let open = OpenAccount {
                    user,
                    name: "somebody".parse().unwrap(),
                    email: None,
                    is_active: true,
                    now: at(0),
                    expires_at: None,
                    groups: joined,
                    requested: BTreeSet::new(),
                };
                self.account(number, AccountCommand::Open(open));
            }
            Step::Activity(number, is_active) => {
                let change = ChangeAccount {
                    name: None,
                    email: None,
                    is_active: Some(is_active),
                    now: at(0),
                    expires_at: None,
                };
                self.account(number, AccountCommand::Change(change));
            }
            Step::Close(number) => self.account(number, AccountCommand::Close),
            Step::Key(number, groups, expires_at) => {
                let groups = self.memberships(&groups);
                let expires_at = expires_at.map(at);
                let command = match self.keys.get(&number).is_some_and(ApiKey::is_live) {
                    true => ApiKeyCommand::Change(ChangeApiKey {
                        name: None,
                        groups: Some(groups),
                        now: at(0),
                        expires_at: Some(expires_at),
                    }),
                    false => ApiKeyCommand::Issue(IssueApiKey {
                        name: "key".parse().unwrap(),
                        prefix: String::new(),
                        digest: digest(number),
                        groups,
                        now: at(0),
                        expires_at,
                        system_user: AccountId::of(ordinal(100 + number)),
                    }),
                };
                self.key(number, command);
            }
            Step::RevokeKey(number) => self.key(number, ApiKeyCommand::Revoke),
        }
    }
}

#[derive(Clone, Debug)]
enum Step {
    Organisation(i64, bool),
    FormGroup(i64, i64, Vec<Level>, BTreeSet<i64>),
    Attach(i64, bool, BTreeSet<i64>),
    Dissolve(i64),
    Application(i64, i64),
    DeleteApplication(i64),
    Account(i64, BTreeSet<i64>),
    Activity(i64, bool),
    Close(i64),
    Key(i64, BTreeSet<i64>, Option<i64>),
    RevokeKey(i64),
}

fn some(most: i64) -> impl Strategy<Value = BTreeSet<i64>> {
    vec(1..=most, 0..4).prop_map(BTreeSet::from_iter)
}

fn a_step() -> impl Strategy<Value = Step> {
    let levels = || vec(select(&Level::ALL[1..]), 1..3);
    prop_oneof![
        1 => (1..=ORGANISATIONS).prop_map(|number| Step::Organisation(number, true)),
        6 => (1..=GROUPS, 1..=ORGANISATIONS, levels(), some(APPLICATIONS))
            .prop_map(|(number, of, levels, applications)| Step::FormGroup(number, of, levels, applications)),
        4 => (1..=GROUPS, any::<bool>(), some(APPLICATIONS))
            .prop_map(|(number, adds, applications)| Step::Attach(number, adds, applications)),
        1 => (1..=GROUPS).prop_map(Step::Dissolve),
        4 => (1..=APPLICATIONS, 1..=ORGANISATIONS).prop_map(|(number, of)| Step::Application(number, of)),
        1 => (1..=APPLICATIONS).prop_map(Step::DeleteApplication),
        8 => (1..=ACCOUNTS, some(GROUPS)).prop_map(|(number, groups)| Step::Account(number, groups)),
        2 => (1..=ACCOUNTS, any::<bool>()).prop_map(|(number, active)| Step::Activity(number, active)),
        1 => (1..=ACCOUNTS).prop_map(Step::Close),
        5 => (1..=KEYS, some(GROUPS), select(vec![None, Some(5), Some(15)]))
            .prop_map(|(number, groups, end)| Step::Key(number, groups, end)),
        1 => (1..=KEYS).prop_map(Step::RevokeKey),
    ]
}

/// Begins with users, organisations, applications, and the group of global administrators.
fn world(steps: Vec<Step>) -> World {
    let mut world = World::default();
    for number in 1..=ACCOUNTS {
        let created = user_created(&format!("user-{number}"));
        world.users.entry(number).or_default().apply(created.clone());
        world.ledger.user(number.unsigned_abs().into(), created);
    }
    for number in 1..=ORGANISATIONS {
        world.step(Step::Organisation(number, false));
    }
    world.step(Step::FormGroup(1, 1, vec![], BTreeSet::new()));
    world.step(Step::Application(1, 1));
    world.step(Step::Application(2, 2));
    steps.into_iter().for_each(|step| world.step(step));
    world
}

/// What a group gives, in the words of the table.
#[derive(Clone, Debug)]
struct Held {
    levels: BTreeSet<Level>,
    organisation: Option<i64>,
    applications: BTreeSet<ApplicationId>,
}

impl Held {
    fn is(&self, level: Level, organisation: i64) -> bool {
        self.organisation == Some(organisation) && self.levels.contains(&level)
    }
}

/// The table of who may do what.
struct Table<'a> {
    world: &'a World,
    now: Timestamp,
}

fn number(id: OrganisationId) -> i64 {
    id.ordinal().get().into()
}

impl Table<'_> {
    fn groups(&self, of: impl Iterator<Item = GroupId>) -> Vec<Held> {
        let held = of.filter_map(|id| {
            let role = self.world.groups.get(&i64::from(id.ordinal().get()))?;
            let group = role.group.as_ref().filter(|_| role.exists())?;
            Some(Held {
                levels: group.levels.clone(),
                organisation: group.organisation.map(number),
                applications: group.applications.clone(),
            })
        });
        held.collect()
    }

    /// What a subject holds; `None` if there is no such subject.
    fn held(&self, subject: &Subject) -> Option<Vec<Held>> {
        let key_of = |key: &ApiKey| self.groups(key.groups.iter().copied());
        match subject {
            Subject::User(user) => {
                let of_user = |(number, _): &(&i64, &User)| user_id(number.unsigned_abs().into()) == *user;
                let (number, _) = self.world.users.iter().find(of_user)?;
                let account = self
                    .world
                    .accounts
                    .get(number)
                    .filter(|account| account.may_act(self.now));
                Some(account.map_or_else(Vec::new, |account| self.groups(account.groups.keys().copied())))
            }
            Subject::Machine(machine) => {
                let id = ApiKeyId::from_uuid(machine.id)?;
                let key = self.world.keys.get(&i64::from(id.ordinal().get()))?;
                key.is_live().then(|| key_of(key))
            }
            Subject::Token(token) => {
                let mut keys = self.world.keys.values().filter(|key| key.is_live());
                let key = keys.find(|key| key.digest.map(|digest| digest.bytes()) == Some(*token))?;
                key.expires_at
                    .is_none_or(|end| end > self.now)
                    .then(|| key_of(key))
            }
            Subject::Account(id) => {
                let account = self.world.accounts.get(&i64::from(id.ordinal().get()))?;
                account.exists().then_some(())?;
                self.held(&Subject::User(account.user?))
            }
            Subject::Username(_) | Subject::Role(_) | Subject::Certificate(_) => None,
        }
    }

    /// Whether the resource exists, and whether somebody who holds this may do it.
    #[expect(clippy::too_many_lines, reason = "it is one table")]
    fn may(&self, held: &[Held], question: &Question) -> Option<bool> {
        let global = held.iter().any(|one| one.levels.contains(&Level::GlobalAdmin));
        let is = |level, of| held.iter().any(|one| one.is(level, of));
        let is_member = |of: i64| held.iter().any(|one| one.organisation == Some(of));
        let (kind, read) = (question.kind, question.action == "read");
        let exists = |number: &i64| {
            self.world
                .organisations
                .get(number)
                .is_some_and(Organisation::exists)
        };
        let application = |id: i64, read: bool| {
            let one = self.world.applications.get(&id).filter(|one| one.exists())?;
            let of = one.organisation.map(number)?;
            let attached = |level| {
                held.iter()
                    .any(|one| one.is(level, of) && one.applications.contains(&application(id)))
            };
            let writes = attached(Level::OrganizationApplicationAdmin);
            let reads = attached(Level::Read) || is(Level::OrganizationUserAdmin, of);
            Some(writes || (read && reads))
        };
        // Things in several organisations: one of them is enough to read, all of them are needed to write.
        let administered = |of: &BTreeSet<i64>, is_global: bool| match read {
            true => of.iter().any(|of| is(Level::OrganizationUserAdmin, *of)),
            false => {
                !is_global && !of.is_empty() && of.iter().all(|of| is(Level::OrganizationUserAdmin, *of))
            }
        };
        let may = match kind {
            "os2iot-organisation" => Some(question.first)
                .filter(exists)
                .map(|of| match question.action {
                    "read" => is_member(of),
                    "create-application" => is(Level::OrganizationApplicationAdmin, of),
                    "create-user" | "create-group" | "create-api-key" => is(Level::OrganizationUserAdmin, of),
                    "create-gateway" => is(Level::OrganizationGatewayAdmin, of),
                    _ => false,
                }),
            "os2iot-application" => application(question.first, read),
            "os2iot-device" => application(question.first, read),
            "os2iot-gateway" => Some(question.first)
                .filter(exists)
                .map(|of| is(Level::OrganizationGatewayAdmin, of)),
            "os2iot-group" => {
                let role = self
                    .world
                    .groups
                    .get(&question.first)
                    .filter(|role| role.exists())?;
                let of = role.group.as_ref()?.organisation.map(number);
                Some(of.is_some_and(|of| is(Level::OrganizationUserAdmin, of)))
            }
            "os2iot-user" => {
                let account = self
                    .world
                    .accounts
                    .get(&question.first)
                    .filter(|one| one.exists())?;
                let of = account.organisations().into_iter().map(number).collect();
                Some(administered(
                    &of,
                    account.groups.contains_key(&GroupId::GLOBAL_ADMIN),
                ))
            }
            _ => {
                let key = self.world.keys.get(&question.first).filter(|key| key.is_live())?;
                // The organisation of a group is known even after the group is dissolved.
                let of_groups = key
                    .groups
                    .iter()
                    .map(|id| &self.world.groups[&i64::from(id.ordinal().get())]);
                let mut is_global = false;
                let mut of = BTreeSet::new();
                for (role, id) in of_groups.zip(&key.groups) {
                    match (role.group.as_ref(), self.organisation_of(*id)) {
                        (_, Some(organisation)) => drop(of.insert(organisation)),
                        (_, None) => is_global = true,
                    }
                }
                Some(administered(&of, is_global))
            }
        };
        may.map(|may| may || global)
    }

    /// The organisation of a group, even after the group is dissolved.
    fn organisation_of(&self, id: GroupId) -> Option<i64> {
        let stream = id.to_string();
        self.world
            .ledger
            .0
            .iter()
            .find_map(|recorded| match &recorded.event {
                Event::Role(aggregates::role::RoleEvent::GroupFormed { organisation, .. })
                    if recorded.aggregate_id == stream =>
                {
                    organisation.map(number)
                }
                _ => None,
            })
    }
}

#[derive(Clone, Debug)]
struct Question {
    kind: &'static str,
    first: i64,
    id: String,
    action: &'static str,
}

impl Question {
    fn inquiry(&self) -> Inquiry<'_> {
        Inquiry::parse(self.kind, &self.id, self.action).unwrap()
    }
}

/// Questions about everything that can exist, and about one more of each.
fn questions() -> Vec<Question> {
    let kinds = [
        ("os2iot-organisation", ORGANISATIONS, ""),
        ("os2iot-application", APPLICATIONS, ""),
        ("os2iot-user", ACCOUNTS, ""),
        ("os2iot-api-key", KEYS, ""),
        ("os2iot-group", GROUPS, ""),
        ("os2iot-gateway", ORGANISATIONS, "/12"),
        ("os2iot-device", APPLICATIONS, "/21"),
    ];
    let mut questions = Vec::new();
    for (kind, most, rest) in kinds {
        let actions = MODEL.resource_type(kind).unwrap().actions();
        for first in 1..=most + 1 {
            questions.extend(actions.iter().map(|(action, _)| Question {
                kind,
                first,
                id: format!("{first}{rest}"),
                action,
            }));
        }
    }
    questions
}

fn subjects() -> Vec<Subject> {
    let users = (1..=ACCOUNTS).map(|number| Subject::User(user_id(number.unsigned_abs().into())));
    let keys = (1..=KEYS).map(|number| Subject::Machine(api_key_machine(ApiKeyId::of(ordinal(number)))));
    let tokens = (1..=KEYS).map(|number| Subject::Token(digest(number).bytes()));
    let accounts = (1..=ACCOUNTS).map(|number| Subject::Account(AccountId::of(ordinal(number))));
    users.chain(keys).chain(tokens).chain(accounts).collect()
}

fn engine(events: &[Recorded]) -> Authorization {
    let engine = Authorization::new();
    engine.apply(events);
    engine
}

/// The events of the streams that matter, selected like in the real ledger.
fn about(subject: &Subject, question: &Question, events: &[Recorded]) -> Vec<Recorded> {
    let mut streams = Streams::default();
    streams.add_subject(subject);
    streams.add_resource(&ResourceId::new(question.kind, &question.id));
    if let Subject::Token(_) = subject {
        // The ledger finds the stream of a key by its digest.
        for number in 1..=KEYS {
            let id = ApiKeyId::of(ordinal(number));
            streams.add_subject(&Subject::Machine(api_key_machine(id)));
        }
    }
    read(streams, events)
}

/// The events of these aggregates that state no fact, and the events of roles that only roles have.
const NOT_HERE: [&str; 18] = [
    "application.described",
    "application.renamed",
    "api_key.renamed",
    "organisation.renamed",
    "organisation.founded_by_sign_up",
    "organisation.member_joined",
    "organisation.member_left",
    "os2iot_account.activated",
    "os2iot_account.deactivated",
    "os2iot_account.email_changed",
    "os2iot_account.expiry_changed",
    "os2iot_account.organisation_requested",
    "os2iot_account.renamed",
    "os2iot_account.request_ended",
    "os2iot_account.welcome_hidden",
    "role.permission_changed",
    "role.renamed",
    "role.sharing_changed",
];

#[test]
fn random_histories_have_every_event() {
    let mut runner = TestRunner::deterministic();
    let mut made: BTreeSet<&str> = BTreeSet::new();
    for _ in 0..100 {
        let steps = vec(a_step(), 60).new_tree(&mut runner).unwrap().current();
        made.extend(world(steps).ledger.0.iter().map(|event| event.event.event_type()));
    }
    let of_here = |event: &&Event| match event {
        Event::Role(_)
        | Event::Organisation(_)
        | Event::Application(_)
        | Event::Account(_)
        | Event::ApiKey(_) => true,
        Event::User(_)
        | Event::Session(_)
        | Event::ClientRegistry(_)
        | Event::Registration(_)
        | Event::ServiceAccount(_)
        | Event::CertifiedKey(_)
        | Event::Authority(_)
        | Event::Agreement(_)
        | Event::Licence(_)
        | Event::Seat(_)
        | Event::SignIn(_)
        | Event::NxAccount(_) => false,
    };
    let samples = Event::samples().unwrap();
    let missing: BTreeSet<&str> = samples
        .iter()
        .filter(of_here)
        .map(Event::event_type)
        .filter(|event| !made.contains(event))
        .collect();
    let unneeded: BTreeSet<&str> = NOT_HERE
        .into_iter()
        .filter(|event| !event.ends_with("activated"))
        .collect();
    assert!(
        missing.is_subset(&NOT_HERE.into()),
        "no step makes these: {missing:?}"
    );
    assert!(
        unneeded.is_subset(&missing),
        "a step makes one of these: {unneeded:?}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn the_reach_of_a_principal_is_that_of_its_groups(steps in vec(a_step(), 1..60)) {
        let world = world(steps);
        let table = Table { world: &world, now: at(1) };
        let live = engine(&world.ledger.0);
        for subject in subjects().into_iter().filter(|one| matches!(one, Subject::User(_) | Subject::Machine(_))) {
            let held = table.held(&subject).unwrap_or_default();
            let principal = match &subject {
                Subject::User(user) => Principal::User(*user),
                Subject::Machine(machine) => Principal::Machine(*machine),
                _ => unreachable!(),
            };
            let reach = live.reach(principal);
            let with = |level: Option<Level>| -> BTreeSet<OrganisationId> {
                let held = held.iter().filter(|one| level.is_none_or(|level| one.levels.contains(&level)));
                held.filter_map(|one| one.organisation).map(organisation).collect()
            };
            prop_assert_eq!(reach.is_global, held.iter().any(|one| one.levels.contains(&Level::GlobalAdmin)));
            prop_assert_eq!(reach.groups.len(), held.len());
            prop_assert_eq!(reach.member_of, with(None));
            prop_assert_eq!(reach.user_admin, with(Some(Level::OrganizationUserAdmin)));
            prop_assert_eq!(reach.gateway_admin, with(Some(Level::OrganizationGatewayAdmin)));
            prop_assert_eq!(reach.application_admin, with(Some(Level::OrganizationApplicationAdmin)));
        }
    }

    #[test]
    fn levels_are_decided_as_the_table_decides(steps in vec(a_step(), 1..60), now in 1..20i64) {
        let world = world(steps);
        let table = Table { world: &world, now: at(now) };
        let live = engine(&world.ledger.0);
        for subject in subjects() {
            let held = table.held(&subject);
            for question in questions() {
                let answer = live.answer(&subject, &question.inquiry(), at(now));
                let told = held.as_deref().map(|held| table.may(held, &question));
                match told {
                    None => prop_assert!(answer.denied.is_some(), "{:?} {:?}", subject, question),
                    Some(None) => prop_assert_eq!(answer.denied, Some(Reason::Impossible(Impossible::Resource)), "{:?} {:?}", subject, question),
                    Some(Some(true)) => prop_assert_eq!(answer.denied, None, "{:?} {:?} {:?}", subject, question, held),
                    Some(Some(false)) => prop_assert_eq!(answer.denied, Some(Reason::NoGrant), "{:?} {:?} {:?}", subject, question, held),
                }
            }
        }
    }

    /// A moment of the past is decided and explained as it was: where was the application then?
    #[test]
    fn the_past_is_decided_as_it_was(steps in vec(a_step(), 1..40), share in 0..100usize, asked in any::<proptest::sample::Index>()) {
        let all = world(steps.clone());
        // A moment between two commands, so that the unit of an account and its user is complete.
        let then = world(steps.into_iter().take(share * 40 / 100).collect());
        let (moment, table) = (
            Moment { position: then.ledger.0.len() as i64, time: at(1) },
            Table { world: &then, now: at(1) },
        );
        let questions = questions();
        for subject in subjects() {
            let held = table.held(&subject);
            for number in 0..8 {
                let question = &questions[(asked.index(questions.len()) + number * 7) % questions.len()];
                let events = about(&subject, question, &all.ledger.0);
                let past = Past::of(subject.clone(), moment, &events, &Interest::default());
                let expected = held.as_deref().and_then(|held| table.may(held, question)).unwrap_or(false);
                let inquiry = question.inquiry();
                prop_assert_eq!(past.answer(&inquiry).denied.is_none(), expected, "{:?} {:?}", subject, question);
                let why = past.why(&inquiry);
                if held.is_some() {
                    prop_assert_eq!(!why.parts.is_empty() && why.parts.iter().all(|part| part.holds()), expected);
                }
            }
        }
    }

    #[test]
    fn a_search_finds_all_who_may_and_all_that_they_may(steps in vec(a_step(), 1..60)) {
        let world = world(steps);
        let table = Table { world: &world, now: at(1) };
        let live = engine(&world.ledger.0);
        let may = |subject: &Subject, question: &Question| {
            table.held(subject).and_then(|held| table.may(&held, question)).unwrap_or(false)
        };
        for question in questions() {
            let inquiry = question.inquiry();
            let mut users = live.users_who_may(&inquiry, None, usize::MAX, &Interest::default());
            users.sort_unstable();
            let all = (1..=ACCOUNTS).map(|number| user_id(number.unsigned_abs().into()));
            let expected: Vec<UserId> = all.filter(|id| may(&Subject::User(*id), &question)).collect();
            prop_assert_eq!(users, expected, "{:?}", question);
            let keys = live.machines_that_may(&API_KEY, &inquiry, None, usize::MAX, &Interest::default());
            let all = (1..=KEYS).map(|number| api_key_machine(ApiKeyId::of(ordinal(number))));
            let expected: Vec<Machine> = all.filter(|id| may(&Subject::Machine(*id), &question)).collect();
            prop_assert_eq!(keys, expected, "{:?}", question);
            for (kind, count) in [("os2iot-user", ACCOUNTS), ("os2iot-api-key", KEYS)] {
                let of_kind = MODEL.subject_type(kind).unwrap();
                let found = live.entries_that_may(of_kind, &inquiry, at(1), None, usize::MAX, &Interest::default());
                let all = (1..=count).map(|number| number.to_string());
                let expected: Vec<String> = all.filter(|id| may(&(of_kind.read)(id).unwrap(), &question)).collect();
                prop_assert_eq!(found, expected, "{} {:?}", kind, question);
            }
        }
        for (kind, action) in [("os2iot-application", "write"), ("os2iot-user", "read"), ("os2iot-organisation", "create-user")] {
            let wanted = Wanted::parse(kind, action).unwrap();
            for subject in subjects().into_iter().filter(|one| !matches!(one, Subject::Token(_))) {
                let all = questions().into_iter().filter(|one| (one.kind, one.action) == (kind, action));
                let expected: Vec<String> = all.filter(|one| may(&subject, one)).map(|one| one.id).collect();
                let found = live.resources(&subject, &wanted, at(1), None, usize::MAX, &Interest::default());
                prop_assert_eq!(found.unwrap_or_default(), expected, "{:?} {} {}", subject, kind, action);
            }
        }
    }
}

/// The events of a change of a world, as somebody would give them.
fn change(world: &World, step: Step) -> Vec<NewEvent> {
    let mut after = World {
        ledger: world.ledger.clone(),
        organisations: world.organisations.clone(),
        groups: world.groups.clone(),
        applications: world.applications.clone(),
        accounts: world.accounts.clone(),
        users: world.users.clone(),
        keys: world.keys.clone(),
    };
    after.step(step);
    let events = after.ledger.0.into_iter().skip(world.ledger.0.len());
    let events = events.map(|recorded| NewEvent {
        aggregate_id: recorded.aggregate_id,
        sequence: recorded.sequence,
        event: recorded.event,
    });
    events.collect()
}

fn groups_of(levels: &[(i64, i64, &[Level], &[i64])]) -> Vec<Step> {
    let formed = levels.iter().map(|(number, of, levels, applications)| {
        Step::FormGroup(
            *number,
            *of,
            levels.to_vec(),
            applications.iter().copied().collect(),
        )
    });
    formed.collect()
}

/// Whoever administers the users of an organisation gives its levels, and no others.
#[test]
fn a_user_administrator_gives_the_levels_of_the_own_organisation() {
    let all = &Level::ALL[1..];
    let mut steps = groups_of(&[
        (2, 1, &[Level::OrganizationUserAdmin], &[]),
        (3, 1, all, &[1]),
        (4, 2, &[Level::Read], &[2]),
        (5, 1, &[Level::OrganizationApplicationAdmin], &[1]),
    ]);
    steps.push(Step::Account(1, BTreeSet::from([2])));
    steps.push(Step::Account(2, BTreeSet::from([5])));
    steps.push(Step::Account(3, BTreeSet::from([1, 4])));
    let world = world(steps);
    let live = engine(&world.ledger.0);
    let (admin, applications) = (Principal::User(user_id(1)), Principal::User(user_id(2)));
    let gives = |giver, step| live.may_give(giver, &change(&world, step)).is_ok();
    let joined = |groups: &[i64]| Step::Account(2, groups.iter().copied().collect());
    let key = |groups: &[i64]| Step::Key(1, groups.iter().copied().collect(), None);

    assert!(gives(admin, joined(&[5, 3])) && gives(admin, key(&[3])));
    // Neither to another organisation, nor to the global administrators.
    assert!(!gives(admin, joined(&[5, 4])) && !gives(admin, key(&[4])));
    assert!(!gives(admin, joined(&[5, 1])) && !gives(admin, key(&[1])) && !gives(admin, key(&[1, 3])));
    // Whoever administers applications gives nothing to people, but may attach an application that they may change.
    assert!(!gives(applications, joined(&[5, 3])) && !gives(applications, key(&[5, 3])));
    assert!(gives(applications, Step::Attach(5, false, BTreeSet::from([1]))));
    // Who sets the password of a global administrator could act as one.
    let password = NewEvent {
        aggregate_id: user_id(3).to_string(),
        sequence: 99,
        event: Event::User(aggregates::user::UserEvent::PasswordSet {
            password_hash: aggregates::values::PasswordHash::new("hash"),
        }),
    };
    assert!(live.may_give(admin, std::slice::from_ref(&password)).is_err());
    assert!(
        live.may_give(Principal::User(user_id(3)), std::slice::from_ref(&password))
            .is_ok()
    );
    let of_member = NewEvent {
        aggregate_id: user_id(2).to_string(),
        ..password
    };
    assert!(live.may_give(admin, std::slice::from_ref(&of_member)).is_ok());
}

#[test]
fn a_key_gives_what_its_groups_hold() {
    let mut steps = groups_of(&[
        (2, 1, &[Level::OrganizationApplicationAdmin], &[1]),
        (3, 1, &[Level::Read], &[]),
    ]);
    steps.push(Step::Key(1, BTreeSet::from([2]), None));
    steps.push(Step::Application(3, 1));
    let world = world(steps);
    let live = engine(&world.ledger.0);
    let key = Principal::Machine(api_key_machine(ApiKeyId::of(ordinal(1))));
    let attach = |application| change(&world, Step::Attach(3, false, BTreeSet::from([application])));
    assert!(live.may_give(key, &attach(1)).is_ok());
    assert!(
        live.may_give(key, &attach(3)).is_err(),
        "the key may not change this application"
    );
    let grounds = live.may_give(key, &attach(1)).unwrap();
    let itself = (ApiKey::TYPE, ApiKeyId::of(ordinal(1)).to_string());
    assert!(
        grounds.streams.contains(&itself),
        "a right that the key loses meanwhile does not count"
    );
}
