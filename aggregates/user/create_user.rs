//! Create a user.

use std::collections::{BTreeMap, BTreeSet};

use super::{CreateUser, Stage, User, UserError, UserEvent, rules};
use crate::permission_set;

pub(super) fn decide(user: &User, command: CreateUser) -> Result<Vec<UserEvent>, UserError> {
    if user.stage != Stage::Absent {
        return Err(UserError::AlreadyExists);
    }
    rules::each_method_once(&command.grant_types)?;
    let mqtt_publish_prefix = rules::publish_prefix(command.mqtt_publish_prefix)?;
    rules::password_fits(
        command.identity_provider,
        &command.grant_types,
        command.password_hash.as_ref(),
        None,
    )?;
    if command.must_change_password && command.password_hash.is_none() {
        return Err(UserError::NoPasswordToChange);
    }
    let permissions = permission_set::replace(&BTreeMap::new(), command.permissions)?.added;

    let mut events = vec![UserEvent::Created {
        username: command.username.to_string(),
        identity_provider: command.identity_provider,
        auto_generated: command.auto_generated,
        mqtt_publish_prefix,
        grant_types: command.grant_types,
        enforce_mfa_enrollment: command.enforce_mfa_enrollment,
        password_hash: command.password_hash,
    }];
    if command.must_change_password {
        events.push(UserEvent::PasswordChangeDemanded { demanded: true });
    }
    let roles = rules::each_role_once(command.roles)?;
    events.extend(
        roles
            .into_iter()
            .map(|(role_id, exclusive)| UserEvent::RoleGranted { role_id, exclusive }),
    );
    events.extend(
        permissions
            .into_iter()
            .map(|permission| UserEvent::PermissionGranted { permission }),
    );
    let mut fingerprints = BTreeSet::new();
    for certificate in command.certificates {
        if fingerprints.insert(certificate.fingerprint.clone()) {
            events.push(UserEvent::CertificateAdded { certificate });
        }
    }
    Ok(events)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        testing::{certificate, given, hash, permission, role_id},
        user::{
            RoleGrant, UserCommand,
            fixtures::{ada_created, ada_deleted, create_ada, grant},
        },
        values::{GrantMethod, GrantType, IdentityProvider, MAX_FILTER_BYTES},
    };

    fn accepted(command: CreateUser) -> Vec<UserEvent> {
        given::<User>(&[])
            .when(UserCommand::Create(command))
            .inspect_result()
            .unwrap()
    }

    fn refused(command: CreateUser) -> UserError {
        given::<User>(&[])
            .when(UserCommand::Create(command))
            .inspect_result()
            .unwrap_err()
    }

    #[test]
    fn a_plain_user_is_one_event() {
        given::<User>(&[])
            .when(UserCommand::Create(create_ada()))
            .then_expect_events(vec![ada_created()]);
    }

    #[test]
    fn what_the_user_holds_follows_as_events_of_its_own() {
        let command = CreateUser {
            auto_generated: true,
            mqtt_publish_prefix: Some("site/7".into()),
            enforce_mfa_enrollment: true,
            roles: vec![RoleGrant {
                role_id: role_id(1),
                is_shared: false,
            }],
            permissions: vec![permission(1, "a/#")],
            certificates: vec![certificate('a')],
            ..create_ada()
        };
        given::<User>(&[])
            .when(UserCommand::Create(command))
            .then_expect_events(vec![
                UserEvent::Created {
                    username: "ada".into(),
                    identity_provider: IdentityProvider::Local,
                    auto_generated: true,
                    mqtt_publish_prefix: Some("site/7".into()),
                    grant_types: vec![grant(GrantMethod::Password)],
                    enforce_mfa_enrollment: true,
                    password_hash: Some(hash("first")),
                },
                UserEvent::RoleGranted {
                    role_id: role_id(1),
                    exclusive: true,
                },
                UserEvent::PermissionGranted {
                    permission: permission(1, "a/#"),
                },
                UserEvent::CertificateAdded {
                    certificate: certificate('a'),
                },
            ]);
    }

    #[test]
    fn what_is_given_twice_is_held_once() {
        let shared = RoleGrant {
            role_id: role_id(1),
            is_shared: true,
        };
        let command = CreateUser {
            roles: vec![shared, shared],
            permissions: vec![permission(1, "a"), permission(2, "a")],
            certificates: vec![certificate('a'), certificate('a')],
            ..create_ada()
        };
        assert_eq!(
            accepted(command)[1..],
            [
                UserEvent::RoleGranted {
                    role_id: role_id(1),
                    exclusive: false
                },
                UserEvent::PermissionGranted {
                    permission: permission(1, "a")
                },
                UserEvent::CertificateAdded {
                    certificate: certificate('a')
                },
            ]
        );
    }

    #[test]
    fn an_id_is_used_once() {
        for events in [vec![ada_created()], ada_deleted()] {
            given::<User>(&events)
                .when(UserCommand::Create(create_ada()))
                .then_expect_error(UserError::AlreadyExists);
        }
    }

    #[test]
    fn a_new_user_may_have_to_change_the_password() {
        let demanded = UserEvent::PasswordChangeDemanded { demanded: true };
        let command = CreateUser {
            must_change_password: true,
            ..create_ada()
        };
        assert_eq!(accepted(command.clone()), [ada_created(), demanded]);
        let without = CreateUser {
            password_hash: None,
            grant_types: vec![grant(GrantMethod::Certificate)],
            ..command
        };
        assert_eq!(refused(without), UserError::NoPasswordToChange);
    }

    #[test]
    fn a_method_twice_is_refused_even_if_required_once() {
        let required = GrantType {
            method: GrantMethod::Password,
            is_required: true,
        };
        let grant_types = vec![grant(GrantMethod::Password), required];
        assert_eq!(
            refused(CreateUser {
                grant_types,
                ..create_ada()
            }),
            UserError::DuplicateGrantMethod
        );
    }

    #[test]
    fn a_publish_prefix_is_a_topic() {
        for prefix in ["site/+", "#", "site\0", &"x".repeat(MAX_FILTER_BYTES + 1)] {
            let command = CreateUser {
                mqtt_publish_prefix: Some(prefix.into()),
                ..create_ada()
            };
            assert_eq!(refused(command), UserError::PublishPrefixInvalid);
        }
        let longest = CreateUser {
            mqtt_publish_prefix: Some("x".repeat(MAX_FILTER_BYTES)),
            ..create_ada()
        };
        assert_eq!(accepted(longest).len(), 1);
    }

    #[test]
    fn a_role_that_is_given_both_ways_is_held_exclusively() {
        let role = |is_shared| RoleGrant {
            role_id: role_id(1),
            is_shared,
        };
        for roles in [[true, false], [false, true]] {
            let command = CreateUser {
                roles: roles.map(role).to_vec(),
                ..create_ada()
            };
            let granted = UserEvent::RoleGranted {
                role_id: role_id(1),
                exclusive: true,
            };
            assert_eq!(accepted(command)[1..], [granted]);
        }
    }

    #[test]
    fn an_empty_publish_prefix_is_none() {
        let command = CreateUser {
            mqtt_publish_prefix: Some(String::new()),
            ..create_ada()
        };
        assert_eq!(accepted(command), [ada_created()]);
    }

    #[test]
    fn who_logs_in_by_password_here_needs_one() {
        let command = CreateUser {
            password_hash: None,
            ..create_ada()
        };
        assert_eq!(refused(command.clone()), UserError::PasswordMissing);
        let by_certificate = CreateUser {
            grant_types: vec![grant(GrantMethod::Certificate)],
            ..command
        };
        assert_eq!(accepted(by_certificate.clone()).len(), 1);
        assert_eq!(
            accepted(CreateUser {
                grant_types: vec![],
                ..by_certificate
            })
            .len(),
            1
        );
    }

    #[test]
    fn a_password_that_another_provider_keeps_is_not_kept_here() {
        for identity_provider in [IdentityProvider::Ldap, IdentityProvider::MsEntraId] {
            let command = CreateUser {
                identity_provider,
                ..create_ada()
            };
            assert_eq!(refused(command.clone()), UserError::PasswordNotLocal);
            assert_eq!(
                accepted(CreateUser {
                    password_hash: None,
                    ..command
                })
                .len(),
                1
            );
        }
    }

    #[test]
    fn two_permissions_cannot_have_one_id() {
        let permissions = vec![permission(1, "a"), permission(1, "b")];
        assert_eq!(
            refused(CreateUser {
                permissions,
                ..create_ada()
            }),
            UserError::PermissionIdTaken
        );
    }
}
