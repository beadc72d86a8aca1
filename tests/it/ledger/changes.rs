//! Pages of changes come from what roles gave at positions. Here they are compared with what counted before and after each event, which
//! comes from all events.

use std::collections::BTreeMap;

use aggregates::{
    Command, Recorded,
    role::{CreateRole, RoleCommand, UpdateRole},
    user::{CreateUser, RoleGrant, UpdateUser, UserCommand},
    values::{
        Certificate, Context, Fingerprint, Operation, Permission, PermissionId, RoleId, SessionId, Timestamp,
        UserId,
    },
};
use authorization::{
    Interest, Subject,
    past::{Cause, Grant, GrantChange, GrantChanges, Grants, MOST_LISTED, Moment},
};
use ledger::{Executor, Filter, Ledger, ids::Entropy, ids::SystemEntropy};
use proptest::{
    collection::vec,
    prelude::*,
    sample::{Index, select},
    strategy::ValueTree,
    test_runner::TestRunner,
};

use super::{
    on_each_engine,
    site::{
        Site, create_user, metadata, new_role, new_session, new_user, role_granted, token_issued, unique,
    },
};

/// What may be done next. The indexes choose among what there is.
type Wish = (u8, Index, Index);

fn wishes(most: usize) -> Vec<Wish> {
    let strategy = vec((0..26_u8, any::<Index>(), any::<Index>()), most);
    let mut runner = TestRunner::deterministic();
    strategy.new_tree(&mut runner).expect("wishes").current()
}

/// Users, roles and sessions, and what was done to them.
struct History {
    executor: Executor,
    users: Vec<UserId>,
    roles: Vec<RoleId>,
    sessions: Vec<SessionId>,
    /// The permissions that were ever given by roles, and those of users.
    permissions: Vec<(RoleId, PermissionId)>,
    own: Vec<(UserId, PermissionId)>,
}

fn permission(resource: &str) -> Permission {
    Permission {
        id: PermissionId(SystemEntropy.uuid()),
        resource: resource.parse().expect("a filter"),
        operation: Operation::Read,
        context: Context::Mqtt,
    }
}

fn certificate() -> Certificate {
    Certificate {
        fingerprint: fingerprint(),
        created_at: Timestamp::from_micros(0),
        expires_at: None,
    }
}

/// The only certificate, which goes from user to user.
fn fingerprint() -> Fingerprint {
    Fingerprint::parse(&"ab".repeat(32)).expect("a fingerprint")
}

fn chosen<T: Copy>(all: &[T], index: &Index) -> Option<T> {
    all.get(index.index(all.len().max(1))).copied()
}

impl History {
    fn new(ledger: &Ledger) -> Self {
        Self {
            executor: Executor::new(ledger.clone()),
            users: Vec::new(),
            roles: Vec::new(),
            sessions: Vec::new(),
            permissions: Vec::new(),
            own: Vec::new(),
        }
    }

    /// Does something, unless that is refused.
    async fn go_on(&mut self, (what, index, other): &Wish) {
        if let Some(command) = self.command(*what, index, other) {
            drop(self.executor.execute(vec![command], &metadata()).await);
        }
    }

    fn command(&mut self, what: u8, index: &Index, other: &Index) -> Option<Command> {
        let resource = format!("plant/{}", other.index(4));
        match what {
            0..=3 => self.command_for_user(what, chosen(&self.users, index)?),
            4..=9 => {
                let (user, role_id) = (chosen(&self.users, index)?, chosen(&self.roles, other)?);
                Some(match what {
                    4..=6 => role_granted(user, role_id),
                    _ => Command::User(user, UserCommand::RevokeRole { role_id }),
                })
            }
            10 if self.roles.len() < 9 => Some(self.new_role(1)),
            11..=14 => {
                let (role, given) = (chosen(&self.roles, index)?, permission(&resource));
                self.permissions.push((role, given.id));
                Some(Command::Role(role, RoleCommand::AddPermission(given)))
            }
            15 | 16 => {
                let (role, id) = chosen(&self.permissions, index)?;
                Some(Command::Role(role, RoleCommand::RemovePermission { id }))
            }
            17 | 18 => {
                let (role, id) = chosen(&self.permissions, index)?;
                let resource = Some(resource.parse().ok()?);
                let change = RoleCommand::ChangePermission {
                    id,
                    resource,
                    operation: None,
                };
                Some(Command::Role(role, change))
            }
            19 => Some(Command::Role(
                chosen(&self.roles, index)?,
                RoleCommand::Update(UpdateRole {
                    name: Some(unique("role")),
                    ..UpdateRole::default()
                }),
            )),
            // Rarely: it takes long until there are as many again.
            20 if other.index(4) == 0 => {
                Some(Command::Role(chosen(&self.roles, index)?, RoleCommand::Delete))
            }
            21 => {
                let (user, id) = chosen(&self.own, index)?;
                Some(Command::User(user, UserCommand::RevokePermission { id }))
            }
            22 => {
                let session = new_session();
                self.sessions.push(session);
                Some(token_issued(session, chosen(&self.users, index)?, "token"))
            }
            23 => Some(Command::User(
                chosen(&self.users, index)?,
                UserCommand::RevokeAllTokens,
            )),
            24 if other.index(4) == 0 => {
                Some(Command::User(chosen(&self.users, index)?, UserCommand::Delete))
            }
            _ if self.users.len() < 3 => Some(self.new_user()),
            _ => None,
        }
    }

    fn command_for_user(&mut self, what: u8, user: UserId) -> Option<Command> {
        let command = match what {
            0 => {
                let given = permission(&unique("own"));
                self.own.push((user, given.id));
                UserCommand::GrantPermission(given)
            }
            1 => UserCommand::AddCertificate(certificate()),
            2 => UserCommand::RemoveCertificate {
                fingerprint: fingerprint(),
            },
            _ => UserCommand::Update(UpdateUser {
                mqtt_publish_prefix: Some(Some(unique("prefix"))),
                ..UpdateUser::default()
            }),
        };
        Some(Command::User(user, command))
    }

    fn new_role(&mut self, permissions: usize) -> Command {
        let id = new_role();
        self.roles.push(id);
        let permissions: Vec<Permission> = (0..permissions)
            .map(|number| permission(&format!("many/{number}")))
            .collect();
        let given = permissions.iter().map(|permission| (id, permission.id));
        self.permissions.extend(given);
        Command::Role(
            id,
            RoleCommand::Create(CreateRole {
                name: unique("role").parse().expect("a role name"),
                is_shared: true,
                auto_generated: false,
                protected: false,
                permissions,
            }),
        )
    }

    fn new_user(&mut self) -> Command {
        let id = new_user();
        self.users.push(id);
        let grants = self.roles.iter().take(2).map(|role_id| RoleGrant {
            role_id: *role_id,
            is_shared: true,
        });
        Command::User(
            id,
            UserCommand::Create(CreateUser {
                roles: grants.collect(),
                grant_types: any_grant_types(),
                ..create_user(&unique("user"))
            }),
        )
    }

    /// All that somebody may ask about.
    fn subjects(&self) -> Vec<Subject> {
        let users = self.users.iter().map(|user| Subject::User(*user));
        let roles = self.roles.iter().take(3).map(|role| Subject::Role(*role));
        let tokens = self.sessions.iter().take(2).map(|session| {
            let mut digest = [0; 32];
            digest[..16].copy_from_slice(session.0.as_bytes());
            Subject::Token(digest)
        });
        let certificate = std::iter::once(Subject::Certificate(fingerprint()));
        users.chain(roles).chain(tokens).chain(certificate).collect()
    }
}

fn any_grant_types() -> Vec<aggregates::values::GrantType> {
    use aggregates::values::{GrantMethod, GrantType};
    let of = |method| GrantType {
        method,
        is_required: false,
    };
    [
        GrantMethod::Password,
        GrantMethod::Certificate,
        GrantMethod::Token,
    ]
    .map(of)
    .to_vec()
}

/// What counted for a subject, and its publish prefix.
type State = (Vec<Grant>, Option<String>);

/// What counted for a subject after each position.
async fn states(ledger: &Ledger, subject: &Subject, head: i64) -> Vec<State> {
    let (mut states, interest) = (Vec::new(), Interest::default());
    for position in 0..=head {
        let past = ledger.past(subject, None, moment(position), &interest);
        let past = past.await.expect("the past");
        states.push((past.grants(), past.publish_prefix().map(str::to_owned)));
    }
    states
}

fn moment(position: i64) -> Moment {
    Moment {
        position,
        time: Timestamp::from_micros(0),
    }
}

/// The page that these states give.
fn expected(states: &[State], events: &[Recorded], (from, to): (i64, i64), limit: usize) -> GrantChanges {
    let at = |position: i64| &states[usize::try_from(position).expect("a position")];
    let mut page = GrantChanges::default();
    let mut end = from;
    let during = events
        .iter()
        .filter(|event| from < event.position && event.position <= to);
    for event in during {
        let (before, after) = (at(event.position - 1), at(event.position));
        let (gained, lost) = (only(&after.0, &before.0), only(&before.0, &after.0));
        let prefix = (before.1 != after.1).then(|| [before.1.clone(), after.1.clone()]);
        if !gained.listed.is_empty() || !lost.listed.is_empty() || prefix.is_some() {
            if page.changes.len() == limit {
                page.next = page.changes.last().map(|last| last.cause.position);
                break;
            }
            page.changes.push(GrantChange {
                cause: Cause::from(event),
                gained,
                lost,
                prefix,
            });
        }
        end = event.position;
    }
    let (start, end) = (at(from), at(page.next.unwrap_or(end)));
    page.gained = only(&end.0, &start.0);
    page.lost = only(&start.0, &end.0);
    page
}

/// The grants of `one` that are not the same right in `other`.
fn only(one: &[Grant], other: &[Grant]) -> Grants {
    let source = |grant: &Grant| {
        let role = grant.through.as_ref().map(|through| through.role);
        (role, grant.permission.id)
    };
    let others: BTreeMap<_, &Grant> = other.iter().map(|grant| (source(grant), grant)).collect();
    let differs = |grant: &&Grant| {
        let other = others.get(&source(grant));
        !other.is_some_and(|other| other.permission.same_right(&grant.permission))
    };
    let mut listed: Vec<Grant> = one.iter().filter(differs).cloned().collect();
    let left_out = listed.len().saturating_sub(MOST_LISTED);
    listed.truncate(MOST_LISTED);
    Grants { listed, left_out }
}

/// Compares pages of all subjects, from and to many positions, with the states.
/// Returns how many changes were told, and how many lists left something out.
async fn must_be_told(ledger: &Ledger, subjects: &[Subject]) -> (usize, usize) {
    let stored = ledger
        .after(0, 100_000, &Filter::default())
        .await
        .expect("events");
    let events = ledger.open_events(&stored).await.expect("events should open");
    let head = events.last().map_or(0, |event| event.position);
    let strategy = (0..=head, 0..=head, select(vec![1, 2, 5, 20, 1_000]));
    let mut runner = TestRunner::deterministic();
    let (mut told, mut cut, interest) = (0, 0, Interest::default());
    for subject in subjects {
        let states = states(ledger, subject, head).await;
        for number in 0..40 {
            let (one, other, limit) = strategy.new_tree(&mut runner).expect("a page").current();
            let (from, to) = match number {
                0 => (0, head),
                _ => (one.min(other), one.max(other)),
            };
            let page = ledger.changes(subject, moment(from), moment(to), limit, &interest);
            let page = page.await.expect("a page");
            let expected = expected(&states, &events, (from, to), limit);
            assert_eq!(page, expected, "{subject:?} from {from} to {to}, {limit}");
            told += page.changes.len();
            let changes = page
                .changes
                .iter()
                .flat_map(|change| [&change.gained, &change.lost]);
            let all = changes.chain([&page.gained, &page.lost]);
            cut += all.filter(|grants| grants.left_out > 0).count();
        }
    }
    (told, cut)
}

on_each_engine! {
    async fn pages_of_changes_say_what_all_events_say(site: Site) {
        let ledger = site.ledger().await;
        let mut history = History::new(&ledger);
        for wish in wishes(300) {
            history.go_on(&wish).await;
        }
        let (told, _) = must_be_told(&ledger, &history.subjects()).await;
        assert!(told > 300, "{told} changes are few");
        site.must_be_sound(&ledger).await;
    }

    async fn pages_of_changes_count_what_they_do_not_list(site: Site) {
        let ledger = site.ledger().await;
        let mut history = History::new(&ledger);
        for _ in 0..3 {
            let role = history.new_role(70);
            history.executor.execute(vec![role], &metadata()).await.expect("a role");
        }
        let user = history.new_user();
        history.executor.execute(vec![user], &metadata()).await.expect("a user");
        for wish in wishes(80) {
            history.go_on(&wish).await;
        }
        let (_, cut) = must_be_told(&ledger, &history.subjects()).await;
        assert!(cut > 10, "{cut} cut lists are few");
    }
}
