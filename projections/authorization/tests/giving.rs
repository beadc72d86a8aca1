//! Nobody gives a right that they do not hold: by example, and compared with an oracle that tries every topic.

use std::collections::BTreeSet;

use aggregates::{
    Event, NewEvent, Registered,
    role::{Role, RoleEvent},
    user::{User, UserEvent},
    values::{
        Context, GrantMethod, GrantType, IdentityProvider, Operation, PasswordHash, Permission, RoleId,
        RoleName,
    },
};
use proptest::{collection::vec, prelude::*, sample::select};

use super::{
    super::{
        Access, Asked, Authorization, Credential, Fact, Grounds, Ids, Impossible, Lacking, Machine,
        MachineKind, MachineStep, Model, ResourceType, Space, Standing, directory::Places,
    },
    filter,
    ledger::{
        Ledger, certificate_added, certificate_removed, permission, permission_id, role_created,
        role_granted, role_id, session_id, token_issued, user_created, user_id,
    },
    oracle::matches,
};

/// The number of the user who gives.
const GIVER: u128 = 1;
/// The number of the user who gets something.
const TARGET: u128 = 2;

fn new(aggregate_id: String, event: Event) -> NewEvent {
    NewEvent {
        aggregate_id,
        sequence: 1,
        event,
    }
}

fn of_user(user: u128, event: UserEvent) -> NewEvent {
    new(user_id(user).to_string(), Event::User(event))
}

fn of_role(role: u128, event: RoleEvent) -> NewEvent {
    new(role_id(role).to_string(), Event::Role(event))
}

fn granted(permission: Permission) -> UserEvent {
    UserEvent::PermissionGranted { permission }
}

fn added(permission: Permission) -> RoleEvent {
    RoleEvent::PermissionAdded { permission }
}

fn reads(number: u128, resource: &str) -> Permission {
    permission(number, Context::Mqtt, Operation::Read, resource)
}

fn engine(ledger: &Ledger) -> Authorization {
    let engine = Authorization::new();
    engine.apply(&ledger.0);
    engine
}

/// A ledger with the giver, who holds these permissions in role 1, and the target.
fn people(held: &[Permission]) -> Ledger {
    let mut ledger = Ledger::default();
    ledger
        .user(GIVER, user_created("giver"))
        .user(TARGET, user_created("target"));
    ledger.role(1, role_created("held"));
    for permission in held {
        ledger.role(1, added(permission.clone()));
    }
    ledger.user(GIVER, role_granted(1));
    ledger
}

fn judge(ledger: &Ledger, events: &[NewEvent]) -> Result<Grounds, Lacking> {
    engine(ledger).may_give(crate::Principal::User(user_id(GIVER)), events)
}

/// The grounds in short.
fn streams(grounds: &Grounds) -> BTreeSet<(&'static str, String)> {
    grounds.streams.clone()
}

fn user_stream(user: u128) -> (&'static str, String) {
    (User::TYPE, user_id(user).to_string())
}

fn role_stream(role: u128) -> (&'static str, String) {
    (Role::TYPE, role_id(role).to_string())
}

fn missing(judged: Result<Grounds, Lacking>) -> String {
    judged.expect_err("the giver may not give this").to_string()
}

#[test]
fn a_permission_is_given_by_whoever_holds_it() {
    let ledger = people(&[reads(1, "plant/#")]);
    let events = [of_user(TARGET, granted(reads(9, "plant/7/+")))];
    let grounds = judge(&ledger, &events).unwrap();
    assert_eq!(
        streams(&grounds),
        BTreeSet::from([user_stream(GIVER), user_stream(TARGET), role_stream(1)])
    );
    assert_eq!(grounds.position, ledger.0.len() as i64);
    let events = [of_user(
        TARGET,
        granted(permission(9, Context::Mqtt, Operation::ReadWrite, "plant/7")),
    )];
    let said = missing(judge(&ledger, &events));
    assert_eq!(
        said,
        "this would give a right that you do not hold: write on plant/7 in context mqtt"
    );
    let events = [of_user(
        TARGET,
        granted(permission(9, Context::Http, Operation::Read, "/plant/7")),
    )];
    let said = missing(judge(&ledger, &events));
    assert_eq!(
        said,
        "this would give a right that you do not hold: read on /plant/7 in context http"
    );
}

#[test]
fn several_grants_cover_a_permission_together() {
    // The operations come from a role and from the giver's own permission.
    let mut ledger = people(&[reads(1, "a")]);
    ledger.user(
        GIVER,
        granted(permission(2, Context::Mqtt, Operation::Write, "a")),
    );
    let both = permission(9, Context::Mqtt, Operation::ReadWrite, "a");
    assert!(judge(&ledger, &[of_user(TARGET, granted(both))]).is_ok());
    for (held, given, may) in [
        (vec!["a", "a/+/#"], "a/#", true),
        (vec!["a", "a/+", "a/+/+/#"], "a/#", true),
        (vec!["a", "a/+", "a/+/+/+/#"], "a/#", false),
        (vec!["a/+/#"], "a/#", false),
        (vec!["a", "a/+"], "a/#", false),
        (vec!["a/b/#", "a/+/c"], "a/+/c", true),
        (vec!["a/b", "a/c"], "a/+", false),
        (vec!["+", "+/+/#"], "#", true),
        (vec!["/+/#"], "/#", true),
        (vec!["/+", "/+/+/#"], "/#", true),
        (vec!["#"], "+/a/#", true),
        (vec!["#"], "$SYS/#", false),
        (vec!["#", "+/#"], "$SYS/a", false),
        (vec!["$SYS", "$SYS/+/#"], "$SYS/#", true),
        (vec!["$SYS/#"], "+/#", false),
        (vec!["a/#", "+"], "+", true),
        (vec!["a/+/b", "a/b/+"], "a/+/+", false),
    ] {
        let held: Vec<Permission> = (1..)
            .zip(&held)
            .map(|(number, held)| reads(number, held))
            .collect();
        let judged = judge(&people(&held), &[of_user(TARGET, granted(reads(90, given)))]);
        assert_eq!(judged.is_ok(), may, "{held:?} {given}");
    }
}

#[test]
fn a_pattern_that_needs_too_many_grants_is_not_covered() {
    let levels = |count: usize| format!("a{}", "/+".repeat(count));
    let held = |count: usize| -> Vec<Permission> {
        let exact = (0..count).map(levels);
        let all = exact.chain([levels(count) + "/#"]);
        (1..)
            .zip(all)
            .map(|(number, pattern)| reads(number, &pattern))
            .collect()
    };
    let judged = |count| {
        judge(
            &people(&held(count)),
            &[of_user(TARGET, granted(reads(900, "a/#")))],
        )
    };
    assert!(judged(60).is_ok());
    assert!(judged(100).is_err());
}

#[test]
fn a_role_is_given_by_whoever_holds_it_or_what_it_grants() {
    let mut ledger = people(&[reads(1, "a/#")]);
    ledger
        .role(2, role_created("narrow"))
        .role(2, added(reads(2, "a/b")));
    ledger
        .role(3, role_created("other"))
        .role(3, added(reads(3, "a/b")))
        .role(3, added(reads(4, "c")));
    let grounds = judge(&ledger, &[of_user(TARGET, role_granted(1))]).unwrap();
    assert_eq!(
        streams(&grounds),
        BTreeSet::from([user_stream(GIVER), user_stream(TARGET)])
    );
    let grounds = judge(&ledger, &[of_user(TARGET, role_granted(2))]).unwrap();
    let rests_on = BTreeSet::from([
        user_stream(GIVER),
        user_stream(TARGET),
        role_stream(1),
        role_stream(2),
    ]);
    assert_eq!(streams(&grounds), rests_on);
    let said = missing(judge(&ledger, &[of_user(TARGET, role_granted(3))]));
    assert_eq!(
        said,
        format!(
            "role {} gives a right that you do not hold: read on c in context mqtt",
            role_id(3)
        )
    );
    // The target has the right already, so the events add nothing. But a role that the target does not hold is judged, whatever else they hold.
    ledger.user(TARGET, role_granted(3));
    assert!(judge(&ledger, &[of_user(TARGET, role_granted(3))]).is_ok());
    ledger.role(4, role_created("same")).role(4, added(reads(5, "c")));
    assert!(judge(&ledger, &[of_user(TARGET, role_granted(4))]).is_err());
}

#[test]
fn what_a_role_or_a_user_has_already_is_not_given() {
    let mut ledger = people(&[reads(1, "a")]);
    let wide = permission(2, Context::Mqtt, Operation::ReadWrite, "b/#");
    ledger.role(2, role_created("other")).role(2, added(wide.clone()));
    ledger.user(
        TARGET,
        granted(Permission {
            id: permission_id(3),
            ..wide
        }),
    );
    let narrower = |id| RoleEvent::PermissionChanged {
        id: permission_id(id),
        resource: filter("b/c"),
        operation: Operation::Read,
    };
    let grounds = judge(&ledger, &[of_role(2, narrower(2))]).unwrap();
    assert_eq!(
        streams(&grounds),
        BTreeSet::from([user_stream(GIVER), role_stream(2)])
    );
    let replaced = [
        of_user(TARGET, UserEvent::PermissionRevoked { id: permission_id(3) }),
        of_user(TARGET, granted(reads(9, "b/c"))),
    ];
    assert!(judge(&ledger, &replaced).is_ok());
    // What a role had and what the giver holds count together.
    let together = RoleEvent::PermissionAdded {
        permission: reads(9, "b"),
    };
    assert!(judge(&ledger, &[of_role(2, together)]).is_ok());
    let wider = RoleEvent::PermissionChanged {
        id: permission_id(2),
        resource: filter("#"),
        operation: Operation::ReadWrite,
    };
    let said = missing(judge(&ledger, &[of_role(2, wider)]));
    assert_eq!(
        said,
        "this would give a right that you do not hold: readWrite on # in context mqtt"
    );
    // What another role grants does not count.
    assert!(judge(&ledger, &[of_role(1, added(reads(9, "b/c")))]).is_err());
}

#[test]
fn a_new_role_is_judged_even_if_nobody_holds_it() {
    let ledger = people(&[reads(1, "a")]);
    let made = |resource| {
        [
            of_role(7, role_created("new")),
            of_role(7, added(reads(9, resource))),
        ]
    };
    assert!(judge(&ledger, &made("a")).is_ok());
    assert!(judge(&ledger, &made("b")).is_err());
}

#[test]
fn a_role_that_is_made_and_given_at_once_counts_as_it_will_be() {
    let ledger = people(&[reads(1, "a")]);
    let made = |resource| {
        let role = [
            of_role(7, role_created("new")),
            of_role(7, added(reads(9, resource))),
        ];
        let user = [of_user(8, user_created("new")), of_user(8, role_granted(7))];
        role.into_iter().chain(user).collect::<Vec<_>>()
    };
    assert!(judge(&ledger, &made("a")).is_ok());
    assert!(judge(&ledger, &made("b")).is_err());
}

/// The events by which somebody takes over a user.
fn takeovers() -> Vec<UserEvent> {
    let password_hash = || PasswordHash::new("$argon2id$hash");
    vec![
        UserEvent::PasswordSet {
            password_hash: password_hash(),
        },
        UserEvent::PasswordChanged {
            password_hash: password_hash(),
        },
        UserEvent::PublishPrefixChanged {
            mqtt_publish_prefix: Some("a/".to_owned()),
        },
        UserEvent::PublishPrefixChanged {
            mqtt_publish_prefix: None,
        },
        UserEvent::IdentityProviderChanged {
            identity_provider: IdentityProvider::Ldap,
        },
        UserEvent::GrantTypesChanged {
            grant_types: vec![GrantType {
                method: GrantMethod::Certificate,
                is_required: false,
            }],
        },
        UserEvent::MfaEnforcementChanged {
            enforce_mfa_enrollment: false,
        },
        UserEvent::Renamed {
            username: "boss".to_owned(),
        },
        certificate_added(1, None),
    ]
}

#[test]
fn nobody_acts_as_somebody_who_holds_more() {
    let mut equal = people(&[reads(1, "a/#")]);
    equal.user(TARGET, granted(reads(2, "a/b")));
    equal
        .role(2, role_created("other"))
        .role(2, added(reads(3, "a/c")))
        .user(TARGET, role_granted(2));
    let mut more = equal.clone();
    more.role(2, added(reads(4, "b")));
    let mut own = equal.clone();
    own.user(TARGET, granted(reads(5, "b")));
    for event in takeovers() {
        let itself = [of_user(GIVER, event.clone())];
        let events = [of_user(TARGET, event)];
        let grounds = judge(&equal, &events).unwrap();
        let rests_on = [
            user_stream(GIVER),
            user_stream(TARGET),
            role_stream(1),
            role_stream(2),
        ];
        assert_eq!(streams(&grounds), BTreeSet::from(rests_on), "{events:?}");
        for ledger in [&more, &own] {
            let said = missing(judge(ledger, &events));
            let wanted = "holds a right that you do not hold: read on b in context mqtt";
            assert_eq!(said, format!("user {} {wanted}", user_id(TARGET)), "{events:?}");
        }
        // What somebody does about themselves gives nothing.
        assert!(judge(&more, &itself).is_ok());
    }
    let token = [new(
        session_id(1).to_string(),
        Event::Session(token_issued(TARGET, 1, 10)),
    )];
    assert!(judge(&equal, &token).is_ok());
    assert!(judge(&more, &token).is_err());
}

#[test]
fn a_takeover_after_a_loss_in_the_same_unit_is_of_what_is_left() {
    let mut ledger = people(&[reads(1, "a")]);
    ledger
        .role(2, role_created("other"))
        .role(2, added(reads(3, "b")))
        .user(TARGET, role_granted(2));
    let revoked = of_user(TARGET, UserEvent::RoleRevoked { role_id: role_id(2) });
    for event in takeovers() {
        assert!(judge(&ledger, &[revoked.clone(), of_user(TARGET, event)]).is_ok());
    }
}

#[test]
fn what_takes_gives_nothing() {
    let mut ledger = people(&[]);
    ledger
        .role(2, role_created("other"))
        .role(2, added(reads(3, "b")))
        .user(TARGET, role_granted(2));
    ledger.user(TARGET, certificate_added(1, None));
    for event in [
        UserEvent::RoleRevoked { role_id: role_id(2) },
        UserEvent::PermissionRevoked { id: permission_id(3) },
        UserEvent::TokensRevoked {},
        UserEvent::Revoked {},
        UserEvent::SessionsEnded { kept: None },
        UserEvent::SessionsByMethodEnded {
            method: GrantMethod::Password,
        },
        UserEvent::MfaEnforcementChanged {
            enforce_mfa_enrollment: true,
        },
        UserEvent::PasswordRehashed {
            password_hash: PasswordHash::new("$argon2id$hash"),
        },
        certificate_removed(1),
        UserEvent::Deleted {},
    ] {
        assert_eq!(judge(&ledger, &[of_user(TARGET, event)]), Ok(Grounds::default()));
    }
    for event in [
        RoleEvent::PermissionRemoved { id: permission_id(3) },
        RoleEvent::SharingChanged { is_shared: false },
        RoleEvent::Deleted {},
    ] {
        assert_eq!(judge(&ledger, &[of_role(2, event)]), Ok(Grounds::default()));
    }
    let made = [of_user(7, user_created("new"))];
    assert_eq!(judge(&ledger, &made), Ok(Grounds::default()));
}

#[test]
fn a_new_name_is_judged_whichever_provider_keeps_the_password() {
    let renamed = |user| {
        let username = "boss".to_owned();
        [of_user(user, UserEvent::Renamed { username })]
    };
    for provider in [
        IdentityProvider::Local,
        IdentityProvider::Ldap,
        IdentityProvider::MsEntraId,
    ] {
        let mut ledger = people(&[reads(1, "a")]);
        ledger.user(
            TARGET,
            UserEvent::IdentityProviderChanged {
                identity_provider: provider,
            },
        );
        ledger.user(TARGET, granted(reads(2, "a")));
        assert!(judge(&ledger, &renamed(TARGET)).is_ok(), "{provider:?}");
        ledger.user(TARGET, granted(reads(3, "b")));
        assert!(judge(&ledger, &renamed(TARGET)).is_err(), "{provider:?}");
        assert!(judge(&ledger, &renamed(GIVER)).is_ok(), "{provider:?}");
    }
    assert!(judge(&administrators(), &renamed(TARGET)).is_err());
}

fn administrators() -> Ledger {
    let mut ledger = people(&[reads(1, "#"), permission(2, Context::Mqtt, Operation::Write, "#")]);
    let administrator = UserEvent::RoleGranted {
        role_id: RoleId::ADMINISTRATOR,
        exclusive: false,
    };
    let id = RoleId::ADMINISTRATOR.to_string();
    for event in [role_created("administrators"), added(reads(50, "#"))] {
        ledger.record(id.clone(), Event::Role(event));
    }
    ledger.user(TARGET, administrator);
    ledger
}

#[test]
fn an_administrator_gives_everything_and_only_they_make_administrators() {
    let mut ledger = administrators();
    let administrator = UserEvent::RoleGranted {
        role_id: RoleId::ADMINISTRATOR,
        exclusive: false,
    };
    ledger.user(3, user_created("other"));
    let made = [of_user(3, administrator.clone())];
    let said = missing(judge(&ledger, &made));
    assert_eq!(said, "only an administrator can make somebody an administrator");
    for event in takeovers() {
        let said = missing(judge(&ledger, &[of_user(TARGET, event)]));
        assert_eq!(
            said,
            format!("user {} is an administrator, and you are not", user_id(TARGET))
        );
    }
    ledger.user(GIVER, administrator);
    let everything = [
        made.to_vec(),
        takeovers()
            .into_iter()
            .map(|event| of_user(TARGET, event))
            .collect(),
        vec![
            of_user(3, granted(reads(9, "$SYS/#"))),
            of_role(1, added(permission(8, Context::Http, Operation::Write, "/#"))),
        ],
    ];
    for events in everything {
        let grounds = judge(&ledger, &events).unwrap();
        assert_eq!(streams(&grounds), BTreeSet::from([user_stream(GIVER)]));
    }
}

#[test]
fn who_is_nobody_gives_nothing() {
    let mut ledger = people(&[reads(1, "a")]);
    ledger.user(GIVER, UserEvent::Deleted {});
    assert!(judge(&ledger, &[of_user(TARGET, granted(reads(9, "a")))]).is_err());
    let mut ledger = people(&[reads(1, "a")]);
    ledger.role(1, RoleEvent::Deleted {});
    assert!(judge(&ledger, &[of_user(TARGET, granted(reads(9, "a")))]).is_err());
}

#[test]
fn a_message_shows_the_beginning_of_a_long_pattern() {
    let ledger = people(&[]);
    let said = missing(judge(
        &ledger,
        &[of_user(TARGET, granted(reads(9, &"ä".repeat(300))))],
    ));
    assert!(
        said.contains(&format!("read on {}… in context mqtt", "ä".repeat(256))),
        "{said}"
    );
}

/// All names up to this many levels, of texts that the patterns have and of one that they do not have.
fn names(context: Context) -> Vec<String> {
    let texts = ["", "a", "b", "$s", "fresh"];
    let mut all: Vec<String> = Vec::new();
    let mut last: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
    for _ in 0..5 {
        all.extend(last.iter().cloned());
        last = last
            .iter()
            .flat_map(|name| texts.map(|text| format!("{name}/{text}")))
            .collect();
    }
    // No topic is empty, and each path begins with a slash.
    all.retain(|name| !name.is_empty() && (context == Context::Mqtt || name.starts_with('/')));
    all
}

fn a_pattern() -> impl Strategy<Value = String> {
    (
        vec(select(vec!["", "a", "b", "$s", "+", "+"]), 0..4),
        any::<bool>(),
    )
        .prop_map(|(mut levels, rest)| {
            if rest || levels.is_empty() {
                levels.push("#");
            }
            levels.join("/")
        })
}

fn a_right(context: Context) -> impl Strategy<Value = (String, Operation)> {
    let operation = select(vec![Operation::Read, Operation::Write, Operation::ReadWrite]);
    (a_pattern(), operation).prop_map(move |(pattern, operation)| match context {
        Context::Http => (format!("/{pattern}"), operation),
        Context::Mqtt if pattern.is_empty() => ("/".to_owned(), operation),
        Context::Mqtt => (pattern, operation),
    })
}

fn rights(context: Context, most: usize) -> impl Strategy<Value = Vec<Permission>> {
    vec(a_right(context), 0..most).prop_map(move |rights| {
        let numbered = (0..).zip(rights);
        numbered
            .map(|(number, (pattern, operation))| permission(number, context, operation, &pattern))
            .collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    /// A permission may be given exactly if each topic or path that it matches is matched by what the giver holds, or by what is
    /// replaced. The patterns are shorter than the names, so that all lengths are tried.
    #[test]
    fn coverage_agrees_with_trying_every_name(
        (context, held, own, had, given) in select(vec![Context::Http, Context::Mqtt]).prop_flat_map(|context| (
            Just(context), rights(context, 6), rights(context, 3), rights(context, 3), a_right(context),
        )),
    ) {
        let mut ledger = people(&held);
        for permission in &own {
            ledger.user(GIVER, granted(Permission { id: permission_id(100 + permission.id.0.as_u128()), ..permission.clone() }));
        }
        for permission in &had {
            ledger.user(TARGET, granted(Permission { id: permission_id(200 + permission.id.0.as_u128()), ..permission.clone() }));
        }
        let (pattern, operation) = given;
        let events = [of_user(TARGET, granted(permission(900, context, operation, &pattern)))];
        let judged = judge(&ledger, &events);
        let wanted = [Operation::Read, Operation::Write].into_iter().filter(|one| operation.covers(*one));
        let is_covered = wanted.clone().all(|wanted| {
            let matched = names(context).into_iter().filter(|name| matches(context, &pattern, name));
            let all: Vec<&Permission> = held.iter().chain(&own).chain(&had).filter(|one| one.operation.covers(wanted)).collect();
            matched.into_iter().all(|name| all.iter().any(|one| matches(context, &one.resource, &name)))
        });
        prop_assert_eq!(judged.is_ok(), is_covered, "{:?}", judged);
    }
}

/// A vocabulary whose levels give something else than what is held: a librarian lends what is in their library, and does not make
/// librarians.
struct Library;

static LIBRARY: Space = Space {
    name: "library",
    context: Context::Http,
    first_level: Some("library"),
};

impl ResourceType for Library {
    fn space(&self) -> &'static Space {
        &LIBRARY
    }

    fn actions(&self) -> &'static [(&'static str, Operation)] {
        &[]
    }

    fn ids(&self) -> Ids {
        Ids::Names
    }

    fn access<'a>(&self, _: &Asked<'a>, _: &dyn Places) -> Result<Access<'a>, Impossible> {
        Err(Impossible::Action)
    }

    fn may_give(&self, pattern: &str, operation: Operation, held: &dyn Fn(&str, Operation) -> bool) -> bool {
        let library = pattern.split('/').nth(1).unwrap_or_default();
        operation == Operation::Read && held(&format!("library/{library}/librarian"), Operation::Write)
    }
}

static ROBOT: MachineKind = MachineKind {
    subject_type: "robot",
    aggregate_type: Role::TYPE,
};

fn robot() -> Machine {
    Machine {
        kind: &ROBOT,
        id: role_id(ROBOTS).0,
    }
}

/// The number of the stream of the robot. Its new names say what happens to it.
const ROBOTS: u128 = 100;

fn happens(what: &str) -> RoleEvent {
    RoleEvent::Renamed {
        name: RoleName::parse(what).unwrap(),
    }
}

fn facts(stream: &str, event: &Event) -> Vec<Fact> {
    let of_robot = event
        .of::<Role>()
        .filter(|_| stream == role_id(ROBOTS).to_string());
    let name = match of_robot {
        Some(RoleEvent::Renamed { name }) => name,
        Some(
            RoleEvent::Created { .. }
            | RoleEvent::SharingChanged { .. }
            | RoleEvent::PermissionAdded { .. }
            | RoleEvent::PermissionChanged { .. }
            | RoleEvent::PermissionRemoved { .. }
            | RoleEvent::GroupFormed { .. }
            | RoleEvent::GroupAddsNewApplicationsChanged { .. }
            | RoleEvent::ApplicationAttached { .. }
            | RoleEvent::ApplicationDetached { .. }
            | RoleEvent::Deleted {},
        )
        | None => return Vec::new(),
    };
    let step = match name.split(' ').collect::<Vec<_>>()[..] {
        ["made"] => MachineStep::Made,
        ["role", number] => MachineStep::RoleGranted(role_id(number.parse().unwrap())),
        ["no", number] => MachineStep::RoleRevoked(role_id(number.parse().unwrap())),
        ["reads", topic] => MachineStep::PermissionGranted(reads(u128::from(topic.as_bytes()[0]), topic)),
        ["secret"] => MachineStep::CredentialIssued(Credential::Secret([7; 32]), None),
        ["void"] => MachineStep::CredentialVoided(Credential::Secret([7; 32])),
        _ => MachineStep::Gone,
    };
    let machine = robot();
    vec![Fact::Machine { machine, step }]
}

static MACHINES: Model = Model {
    subjects: &[],
    resources: &[&Library],
    facts,
    standing: |_| Standing::Kept,
};

fn judge_within(ledger: &Ledger, events: &[NewEvent]) -> Result<Grounds, Lacking> {
    let engine = Authorization::within(&MACHINES);
    engine.apply(&ledger.0);
    engine.may_give(crate::Principal::User(user_id(GIVER)), events)
}

#[test]
fn a_vocabulary_says_what_its_levels_give() {
    let library = |number, operation, pattern| permission(number, Context::Http, operation, pattern);
    let ledger = people(&[
        library(1, Operation::Write, "library/3/librarian"),
        library(2, Operation::Read, "library/4/#"),
    ]);
    let may = |operation, pattern| {
        judge_within(
            &ledger,
            &[of_user(TARGET, granted(library(9, operation, pattern)))],
        )
        .is_ok()
    };
    assert!(may(Operation::Read, "library/3/shelf/1"));
    assert!(may(Operation::Read, "library/3/#"));
    assert!(!may(Operation::Write, "library/3/librarian"));
    assert!(!may(Operation::ReadWrite, "library/3/shelf/1"));
    assert!(!may(Operation::Read, "library/4/shelf/1"));
    // Other spaces give what is held.
    assert!(!may(Operation::Read, "/library/3"));
}

#[test]
fn what_machines_get_is_given_too() {
    let mut ledger = people(&[reads(1, "a")]);
    ledger.role(2, role_created("same")).role(2, added(reads(2, "a")));
    ledger
        .role(3, role_created("other"))
        .role(3, added(reads(3, "b")));
    ledger
        .role(ROBOTS, role_created("robot"))
        .role(ROBOTS, happens("made"));
    let judge = |ledger: &Ledger, what: &str| judge_within(ledger, &[of_role(ROBOTS, happens(what))]);
    let grounds = judge(&ledger, "role 2").unwrap();
    assert!(streams(&grounds).is_superset(&BTreeSet::from([
        user_stream(GIVER),
        role_stream(2),
        role_stream(ROBOTS)
    ])));
    for may in ["reads a", "secret", "role 1"] {
        assert!(judge(&ledger, may).is_ok(), "{may}");
    }
    assert_eq!(
        missing(judge(&ledger, "reads b")),
        "this would give a right that you do not hold: read on b in context mqtt"
    );
    let by_role = format!(
        "role {} gives a right that you do not hold: read on b in context mqtt",
        role_id(3)
    );
    assert_eq!(missing(judge(&ledger, "role 3")), by_role);
    // Whoever makes its credential acts as the machine.
    let mut more = ledger.clone();
    more.role(ROBOTS, happens("role 3"));
    assert_eq!(missing(judge(&more, "secret")), by_role);
    let mut own = ledger.clone();
    own.role(ROBOTS, happens("reads b"));
    assert!(judge(&own, "secret").is_err());
    for ledger in [&ledger, &more, &own] {
        for free in ["void", "no 3", "gone", "made"] {
            assert_eq!(judge(ledger, free), Ok(Grounds::default()), "{free}");
        }
    }
    // What it has already is not given.
    assert!(judge(&more, "role 3").is_ok());
    assert!(judge(&own, "reads b").is_ok());
}

#[test]
fn roles_that_cannot_give_others_are_listed() {
    let may_write = |number, path| permission(number, Context::Http, Operation::Write, path);
    let mut ledger = people(&[]);
    for (role, name, permissions) in [
        (
            2,
            "desk",
            vec![
                may_write(2, "/api/users/00000000-0000-4000-8000-000000000000/roles"),
                reads(3, "a"),
            ],
        ),
        (3, "engineers", vec![reads(4, "a"), reads(5, "b")]),
        (4, "all", vec![may_write(6, "/#"), reads(7, "#")]),
        (
            5,
            "readers",
            vec![permission(
                8,
                Context::Http,
                Operation::Read,
                "/api/users/+/roles",
            )],
        ),
    ] {
        ledger.role(role, role_created(name));
        for permission in permissions {
            ledger.role(role, added(permission));
        }
    }
    let endpoints = ["/api/users/+/roles".to_owned()];
    let limited = engine(&ledger).limited_roles(&endpoints, 10);
    let shown: Vec<_> = limited
        .iter()
        .map(|role| {
            format!(
                "{} lacks {} of {}, {}",
                &*role.name, role.first.1, &*role.first.0, role.others
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            "all lacks read on /api/users/+/roles in context http of readers, 1",
            "desk lacks write on /# in context http of all, 3",
        ]
    );
    assert_eq!(engine(&ledger).limited_roles(&endpoints, 1).len(), 1);
    assert!(
        engine(&ledger)
            .limited_roles(&["/api/other".to_owned()], 10)
            .iter()
            .all(|role| &*role.name == "all")
    );
}
