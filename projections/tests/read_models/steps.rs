//! Random histories: steps, and the events that they lead to.

use aggregates::{
    Event, Recorded,
    role::RoleEvent,
    user::{UserEvent, second_factor::Used},
    values::{Context, GrantMethod, IdentityProvider, Operation, PermissionId, RoleName, TotpSecret},
};
use proptest::{prelude::*, sample::Index};
use uuid::Uuid;

use crate::{
    model::{Model, PARTS},
    world::{
        certificate, of_role, permission, recorded, role_created, session_id, topic, user_created, user_id,
    },
};

/// What may happen next. An index chooses one of the existing users, roles and so on.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    MakeUser {
        auto_generated: bool,
    },
    DeleteUser(Index),
    ChangeUser(Index, u8),
    MakeRole {
        shared: bool,
        auto_generated: bool,
    },
    DeleteRole(Index),
    RenameRole(Index),
    ShareRole(Index, bool),
    Grant(Index, Index),
    Revoke(Index),
    GivePermission(Index, Index, u8),
    TakePermission(Index),
    ChangePermission(Index, u8),
    AddCertificate(Index),
    RemoveCertificate(Index),
    /// Of a part of the model: which part, and which of its steps.
    OfPart(Index, Index, u8),
    RevokeAllTokens(Index),
    RevokeUser(Index),
    /// The second index chooses the session that is kept.
    EndSessions(Index, Option<Index>),
    EndSessionsByMethod(Index, bool),
    SayNothing(u8),
}

pub(crate) fn step() -> impl Strategy<Value = Step> {
    let any_index = any::<Index>;
    let of_parts = u32::try_from(PARTS.len()).expect("few");
    prop_oneof![
        4 => any::<bool>().prop_map(|auto_generated| Step::MakeUser { auto_generated }),
        1 => any_index().prop_map(Step::DeleteUser),
        4 => (any_index(), 0..15_u8).prop_map(|(user, what)| Step::ChangeUser(user, what)),
        3 => any::<(bool, bool)>().prop_map(|(shared, auto_generated)| Step::MakeRole { shared, auto_generated }),
        1 => any_index().prop_map(Step::DeleteRole),
        1 => any_index().prop_map(Step::RenameRole),
        1 => (any_index(), any::<bool>()).prop_map(|(role, shared)| Step::ShareRole(role, shared)),
        5 => (any_index(), any_index()).prop_map(|(user, role)| Step::Grant(user, role)),
        2 => any_index().prop_map(Step::Revoke),
        8 => (any_index(), any_index(), 0..18_u8).prop_map(|(a, b, what)| Step::GivePermission(a, b, what)),
        3 => any_index().prop_map(Step::TakePermission),
        2 => (any_index(), 0..18_u8).prop_map(|(which, what)| Step::ChangePermission(which, what)),
        2 => any_index().prop_map(Step::AddCertificate),
        1 => any_index().prop_map(Step::RemoveCertificate),
        4 * of_parts => (any_index(), any_index(), any::<u8>())
            .prop_map(|(part, which, what)| Step::OfPart(part, which, what)),
        1 => any_index().prop_map(Step::RevokeAllTokens),
        1 => any_index().prop_map(Step::RevokeUser),
        2 => (any_index(), any::<Option<Index>>()).prop_map(|(user, kept)| Step::EndSessions(user, kept)),
        2 => (any_index(), any::<bool>()).prop_map(|(user, other)| Step::EndSessionsByMethod(user, other)),
        1 => (0..4_u8).prop_map(Step::SayNothing),
    ]
}

/// A history under construction.
#[derive(Debug, Default)]
pub(crate) struct History {
    pub(crate) model: Model,
    pub(crate) events: Vec<Recorded>,
    /// How many events there are after each unit.
    pub(crate) units: Vec<usize>,
    made: u32,
}

impl History {
    pub(crate) fn of(steps: &[Step]) -> Self {
        let mut history = Self::default();
        for step in steps {
            for (id, event) in history.unit(step) {
                let position = i64::try_from(history.events.len()).expect("few") + 1;
                let recorded = recorded(position, id, event);
                history.model.take(&recorded);
                history.events.push(recorded);
            }
            history.units.push(history.events.len());
        }
        history
    }

    /// The events that a step leads to.
    fn unit(&mut self, step: &Step) -> Vec<(Uuid, Event)> {
        if let Step::OfPart(part, which, what) = step {
            self.made += 1;
            let next = part.get(PARTS).next;
            return next(&self.model, self.made, which, *what).unwrap_or_default();
        }
        self.event(step).into_iter().collect()
    }

    #[expect(clippy::too_many_lines, reason = "one arm for each step")]
    fn event(&mut self, step: &Step) -> Option<(Uuid, Event)> {
        self.made += 1;
        let n = self.made;
        let model = &self.model;
        let users: Vec<Uuid> = model.users.iter().map(|user| user.row.id.0).collect();
        let roles: Vec<_> = model.roles.iter().filter(|role| role.owner.is_none()).collect();
        let user = |index: &Index| (!users.is_empty()).then(|| users[index.index(users.len())]);
        let role = |index: &Index| (!roles.is_empty()).then(|| roles[index.index(roles.len())]);
        let located = model.located();
        let held = |index: &Index| (!located.is_empty()).then(|| located[index.index(located.len())]);
        let of_user = |id: Uuid, event: UserEvent| Some((id, Event::User(event)));
        match step {
            Step::MakeUser { auto_generated } => Some(user_created(n, &format!("user.{n}"), *auto_generated)),
            Step::DeleteUser(index) => of_user(user(index)?, UserEvent::Deleted {}),
            Step::ChangeUser(index, what) => of_user(user(index)?, change(n, *what)),
            Step::MakeRole {
                shared,
                auto_generated,
            } => Some(role_created(
                n,
                &format!("role {}", n % 7),
                *shared,
                *auto_generated,
            )),
            Step::DeleteRole(index) => Some((role(index)?.id.0, Event::Role(RoleEvent::Deleted {}))),
            Step::RenameRole(index) => {
                let name = RoleName::parse(&format!("role {}", n % 7)).expect("a role name");
                Some((role(index)?.id.0, Event::Role(RoleEvent::Renamed { name })))
            }
            Step::ShareRole(index, is_shared) => {
                let role = role(index).filter(|role| *is_shared || model.holders(role.id).len() < 2)?;
                Some((
                    role.id.0,
                    Event::Role(RoleEvent::SharingChanged {
                        is_shared: *is_shared,
                    }),
                ))
            }
            Step::Grant(index, of) => {
                let role = role(of).filter(|role| role.is_shared || model.holders(role.id).is_empty())?;
                of_user(
                    user(index)?,
                    UserEvent::RoleGranted {
                        role_id: role.id,
                        exclusive: !role.is_shared,
                    },
                )
            }
            Step::Revoke(index) => {
                let grants: Vec<_> = model
                    .grants
                    .iter()
                    .filter(|(_, of)| roles.iter().any(|role| role.id == *of))
                    .collect();
                let (user, role_id) = *grants.get(index.index(grants.len().max(1)))?;
                of_user(user.0, UserEvent::RoleRevoked { role_id: *role_id })
            }
            Step::GivePermission(index, or, what) => {
                let (resource, operation, context) = right(*what);
                let permission = permission(n, resource, operation, context);
                match (user(index), role(or)) {
                    (Some(user), _) if n.is_multiple_of(2) => {
                        of_user(user, UserEvent::PermissionGranted { permission })
                    }
                    (_, role) => Some((role?.id.0, Event::Role(RoleEvent::PermissionAdded { permission }))),
                }
            }
            Step::TakePermission(index) => {
                let held = held(index)?;
                match held.owner {
                    Some(user) => of_user(user.0, UserEvent::PermissionRevoked { id: held.id }),
                    None => Some((
                        held.role_id.0,
                        Event::Role(RoleEvent::PermissionRemoved { id: held.id }),
                    )),
                }
            }
            Step::ChangePermission(index, what) => {
                let held = held(index).filter(|held| held.owner.is_none())?;
                let (resource, operation, _) = right(*what);
                let changed = RoleEvent::PermissionChanged {
                    id: held.id,
                    resource: topic(resource),
                    operation,
                };
                Some((held.role_id.0, Event::Role(changed)))
            }
            Step::AddCertificate(index) => of_user(
                user(index)?,
                UserEvent::CertificateAdded {
                    certificate: certificate(n),
                },
            ),
            Step::RemoveCertificate(index) => {
                let user = user(index)?;
                let held = model.users.iter().find(|held| held.row.id.0 == user)?;
                let fingerprint = held.certificates.first()?.fingerprint.clone();
                of_user(user, UserEvent::CertificateRemoved { fingerprint })
            }
            Step::OfPart(..) => None,
            Step::RevokeAllTokens(index) => of_user(user(index)?, UserEvent::TokensRevoked {}),
            Step::RevokeUser(index) => of_user(user(index)?, UserEvent::Revoked {}),
            Step::EndSessions(index, kept) => {
                let user = user(index)?;
                // Half of the time it is a session that goes on, of this user or of another one.
                let kept =
                    kept.map(
                        |kept| match model.sessions.get(kept.index(2 * model.sessions.len() + 1)) {
                            Some(session) => session.id,
                            None => session_id(kept.index(n as usize) as u32),
                        },
                    );
                of_user(user, UserEvent::SessionsEnded { kept })
            }
            Step::EndSessionsByMethod(index, other) => {
                let method = match other {
                    true => GrantMethod::Certificate,
                    false => GrantMethod::Password,
                };
                of_user(user(index)?, UserEvent::SessionsByMethodEnded { method })
            }
            Step::SayNothing(what) => Some(about_the_unknown(*what)),
        }
    }
}

fn change(n: u32, what: u8) -> UserEvent {
    let password_hash = String::from("$argon2id$").into();
    match what {
        0 => UserEvent::Renamed {
            username: format!("user.{n}"),
        },
        1 => UserEvent::PublishPrefixChanged {
            mqtt_publish_prefix: n.is_multiple_of(2).then(|| format!("site/{n}")),
        },
        2 => UserEvent::IdentityProviderChanged {
            identity_provider: IdentityProvider::MsEntraId,
        },
        3 => UserEvent::GrantTypesChanged { grant_types: vec![] },
        4 => UserEvent::MfaEnforcementChanged {
            enforce_mfa_enrollment: n.is_multiple_of(2),
        },
        5 => UserEvent::PasswordChanged { password_hash },
        6 => UserEvent::PasswordSet { password_hash },
        7 => UserEvent::TotpOffered {
            secret: TotpSecret::new("GEZDGNBVGY3TQOJQ"),
        },
        8 => UserEvent::TotpEnrolled {
            step: 1,
            backup_codes: vec![],
        },
        9 => UserEvent::SecondFactorUsed {
            used: Used::Totp { step: i64::from(n) },
        },
        10 => UserEvent::SecondFactorRefused { banned_until: None },
        11 => UserEvent::BackupCodesReplaced { backup_codes: vec![] },
        12 => UserEvent::SecondFactorDisabled {
            by_owner: n.is_multiple_of(2),
        },
        13 => UserEvent::PasswordChangeDemanded {
            demanded: n.is_multiple_of(2),
        },
        _ => UserEvent::PasswordRehashed { password_hash },
    }
}

fn right(what: u8) -> (&'static str, Operation, Context) {
    let operation = [Operation::Read, Operation::Write, Operation::ReadWrite][usize::from(what % 3)];
    let context = [Context::Http, Context::Mqtt][usize::from(what / 3 % 2)];
    (
        ["/a/#", "/b/+", "/c"][usize::from(what / 6 % 3)],
        operation,
        context,
    )
}

fn about_the_unknown(what: u8) -> (Uuid, Event) {
    let unknown = PermissionId(Uuid::from_u128(7));
    match what {
        0 => (
            user_id(0).0,
            Event::User(UserEvent::Renamed {
                username: "nobody".to_owned(),
            }),
        ),
        1 => (
            user_id(0).0,
            Event::User(UserEvent::PermissionRevoked { id: unknown }),
        ),
        2 => of_role(0, RoleEvent::PermissionRemoved { id: unknown }),
        _ => of_role(0, RoleEvent::Deleted {}),
    }
}
