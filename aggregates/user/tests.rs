//! What a user's state is after its events, and what follows from the state.

use super::{
    fixtures::{ada_created, ada_deleted, at, code, enrolled, grant, ldap_user_created, secret},
    second_factor::Limit,
    *,
};
use crate::testing::{
    certificate, commands_begin_streams_as_they_say, fingerprint, folded, given, hash, permission,
    permission_id, role_id,
};

fn after(events: &[UserEvent]) -> User {
    folded([&[ada_created()], events].concat())
}

#[test]
fn a_user_exists_from_creation_to_deletion() {
    assert!(!User::default().exists());
    assert!(after(&[]).exists());
    assert!(!folded::<User>(ada_deleted()).exists());
}

#[test]
fn whoever_may_not_act_neither_logs_in_nor_administers() {
    let administrator = UserEvent::RoleGranted {
        role_id: RoleId::ADMINISTRATOR,
        exclusive: false,
    };
    let stages = std::iter::successors(Some(Stage::Absent), |stage| match stage {
        Stage::Absent => Some(Stage::Live),
        Stage::Live => Some(Stage::Deleted),
        Stage::Deleted => None,
    });
    for stage in stages {
        // Nothing else stands in the way.
        let user = User {
            stage,
            ..after(std::slice::from_ref(&administrator))
        };
        assert_eq!(user.may_log_in_by_password(), user.may_act(), "{stage:?}");
        assert_eq!(user.administers(), user.may_act(), "{stage:?}");
        assert!(user.exists() || !user.may_act(), "{stage:?}");
    }
}

#[test]
fn only_creation_begins_a_stream() {
    commands_begin_streams_as_they_say::<User>(|command| {
        Some(match command {
            None => UserCommand::Create(fixtures::create_ada()),
            Some(UserCommand::Create(_)) => UserCommand::ChangePassword {
                verified: hash("first"),
                password_hash: hash("second"),
                session: None,
            },
            Some(UserCommand::ChangePassword { .. }) => UserCommand::SetPassword {
                password_hash: hash("second"),
            },
            Some(UserCommand::SetPassword { .. }) => UserCommand::RehashPassword {
                verified: hash("first"),
                password_hash: hash("second"),
            },
            Some(UserCommand::RehashPassword { .. }) => UserCommand::DemandPasswordChange {
                verified: hash("second"),
            },
            Some(UserCommand::DemandPasswordChange { .. }) => UserCommand::OfferTotp { secret: secret("S") },
            Some(UserCommand::OfferTotp { .. }) => UserCommand::EnrolTotp {
                verified: secret("S"),
                step: 7,
                backup_codes: vec![],
            },
            Some(UserCommand::EnrolTotp { .. }) => UserCommand::UseSecondFactor {
                proof: code(8),
                now: at(0),
            },
            Some(UserCommand::UseSecondFactor { .. }) => UserCommand::CountWrongCode {
                limit: Limit {
                    wrong_codes: 1,
                    ban: std::time::Duration::ZERO,
                },
                now: at(0),
            },
            Some(UserCommand::CountWrongCode { .. }) => UserCommand::ReplaceBackupCodes {
                proof: None,
                now: at(0),
                backup_codes: vec![],
            },
            Some(UserCommand::ReplaceBackupCodes { .. }) => UserCommand::DisableSecondFactor {
                proof: code(8),
                now: at(0),
            },
            Some(UserCommand::DisableSecondFactor { .. }) => UserCommand::Update(UpdateUser {
                username: "grace".parse().ok(),
                ..UpdateUser::default()
            }),
            Some(UserCommand::Update(_)) => UserCommand::GrantRole(RoleGrant {
                role_id: role_id(1),
                is_shared: true,
            }),
            Some(UserCommand::GrantRole(_)) => UserCommand::RevokeRole { role_id: role_id(1) },
            Some(UserCommand::RevokeRole { .. }) => UserCommand::JoinGroup {
                group: crate::values::GroupId::GLOBAL_ADMIN,
            },
            Some(UserCommand::JoinGroup { group }) => UserCommand::LeaveGroup { group: *group },
            Some(UserCommand::LeaveGroup { .. }) => UserCommand::ChangeAccountKind {
                kind: Some(crate::values::AccountKind::Developer),
            },
            Some(UserCommand::ChangeAccountKind { .. }) => UserCommand::GrantPermission(permission(1, "a")),
            Some(UserCommand::GrantPermission(_)) => UserCommand::RevokePermission { id: permission_id(1) },
            Some(UserCommand::RevokePermission { .. }) => UserCommand::AddCertificate(certificate('a')),
            Some(UserCommand::AddCertificate(_)) => UserCommand::HoldCertificate {
                certificate: certificate('b'),
                username: crate::values::Username::parse("ada").unwrap(),
                follows: Some(fingerprint('a')),
            },
            Some(UserCommand::HoldCertificate { .. }) => UserCommand::RemoveCertificate {
                fingerprint: fingerprint('a'),
            },
            Some(UserCommand::RemoveCertificate { .. }) => UserCommand::RevokeAllTokens,
            Some(UserCommand::RevokeAllTokens) => UserCommand::Revoke,
            Some(UserCommand::Revoke) => UserCommand::Delete,
            Some(UserCommand::Delete) => return None,
        })
    });
}

#[test]
fn deletion_leaves_nothing() {
    let user = after(&[
        UserEvent::RoleGranted {
            role_id: role_id(1),
            exclusive: true,
        },
        UserEvent::PermissionGranted {
            permission: permission(1, "a"),
        },
        UserEvent::CertificateAdded {
            certificate: certificate('a'),
        },
        UserEvent::Deleted {},
    ]);
    assert!(user.username.is_empty() && user.password_hash.is_none());
    assert!(user.roles.is_empty() && user.permissions.is_empty() && user.certificates.is_empty());
}

#[test]
fn every_change_of_a_password_is_kept() {
    let (password_hash, held) = (hash("second"), Some(hash("second")));
    let changed = UserEvent::PasswordChanged {
        password_hash: password_hash.clone(),
    };
    let set = UserEvent::PasswordSet {
        password_hash: password_hash.clone(),
    };
    let rehashed = UserEvent::PasswordRehashed { password_hash };
    for event in [changed, set, rehashed] {
        assert_eq!(after(&[event]).password_hash, held);
    }
}

#[test]
fn the_state_knows_the_passwords_before_the_present_one_up_to_a_bound() {
    let set = |number: usize| match number.is_multiple_of(2) {
        true => UserEvent::PasswordSet {
            password_hash: hash(&number.to_string()),
        },
        false => UserEvent::PasswordChanged {
            password_hash: hash(&number.to_string()),
        },
    };
    let rehashed = UserEvent::PasswordRehashed {
        password_hash: hash("stronger"),
    };
    let user = after(&[set(1), rehashed.clone(), set(2)]);
    // The same password under another hash is one password.
    assert_eq!(user.earlier_passwords, [hash("stronger"), hash("first")]);
    let user = after(&(1..=100).map(set).collect::<Vec<_>>());
    let newest: Vec<PasswordHash> = (77..100).rev().map(|number| hash(&number.to_string())).collect();
    assert_eq!(user.earlier_passwords, newest);
    assert_eq!(user.earlier_passwords.len() + 1, MOST_PASSWORDS);
}

#[test]
fn whoever_has_no_password_here_need_not_change_it_and_none_is_kept() {
    let (demanded, second) = (
        UserEvent::PasswordChangeDemanded { demanded: true },
        UserEvent::PasswordSet {
            password_hash: hash("second"),
        },
    );
    let elsewhere = UserEvent::IdentityProviderChanged {
        identity_provider: IdentityProvider::Ldap,
    };
    for event in [elsewhere, UserEvent::Revoked {}] {
        let user = after(&[second.clone(), demanded.clone(), event]);
        assert!(!user.must_change_password && user.earlier_passwords.is_empty());
        assert_eq!(user.password_hash, None);
    }
    assert!(after(std::slice::from_ref(&demanded)).must_change_password);
    assert!(!after(&[demanded, second]).must_change_password);
}

#[test]
fn a_password_does_not_come_back_from_another_provider() {
    let user = after(&[
        UserEvent::IdentityProviderChanged {
            identity_provider: IdentityProvider::Ldap,
        },
        UserEvent::IdentityProviderChanged {
            identity_provider: IdentityProvider::Local,
        },
    ]);
    assert_eq!(user.password_hash, None);
    assert!(!user.may_log_in_by_password());
}

#[test]
fn a_password_logs_in_unless_more_is_required() {
    let required = |method| GrantType {
        method,
        is_required: true,
    };
    let with = |grant_types| after(&[UserEvent::GrantTypesChanged { grant_types }]).may_log_in_by_password();
    assert!(with(vec![grant(GrantMethod::Password)]));
    assert!(with(vec![
        required(GrantMethod::Password),
        required(GrantMethod::Token)
    ]));
    assert!(!with(vec![
        grant(GrantMethod::Password),
        required(GrantMethod::Certificate)
    ]));
    assert!(!with(vec![grant(GrantMethod::Token)]));
    assert!(!with(vec![]));
    assert!(!folded::<User>([ldap_user_created()]).may_log_in_by_password());
    assert!(!folded::<User>(ada_deleted()).may_log_in_by_password());
}

#[test]
fn a_state_comes_back_from_json() {
    let user = after(&[
        UserEvent::RoleGranted {
            role_id: role_id(1),
            exclusive: true,
        },
        UserEvent::PermissionGranted {
            permission: permission(1, "a"),
        },
        UserEvent::CertificateAdded {
            certificate: certificate('a'),
        },
    ]);
    let json = serde_json::to_value(&user).unwrap();
    let back: User = serde_json::from_value(json.clone()).unwrap();
    assert_eq!(serde_json::to_value(&back).unwrap(), json);
    assert!(back.exists());
}

#[test]
fn neither_state_nor_command_shows_a_password_hash_to_a_log() {
    let command = UserCommand::ChangePassword {
        verified: hash("first"),
        password_hash: hash("second"),
        session: None,
    };
    let shown = format!("{:?} {command:?} {:?}", after(&[]), fixtures::create_ada());
    assert!(
        !shown.contains("\"first") && !shown.contains("\"second\""),
        "{shown}"
    );
}

#[test]
fn neither_state_nor_command_shows_the_secret_of_a_second_factor_to_a_log() {
    let offered = UserEvent::TotpOffered {
        secret: secret("hush"),
    };
    let command = UserCommand::EnrolTotp {
        verified: secret("hush"),
        step: 7,
        backup_codes: fixtures::codes(&["hush"]),
    };
    let user: User = folded(enrolled());
    let shown = format!(
        "{user:?} {offered:?} {command:?} {:?}",
        after(std::slice::from_ref(&offered))
    );
    assert!(!shown.contains("hush") && !shown.contains("\"S\""), "{shown}");
}

#[test]
fn handling_a_command_is_deciding_it() {
    let command = UserCommand::SetPassword {
        password_hash: hash("second"),
    };
    let decided = after(&[]).decide(command.clone()).unwrap();
    given::<User>(&[ada_created()])
        .when(command)
        .then_expect_events(decided);
}
