//! Updates of a user: each test gives the events before the update.

use proptest::{collection::vec, option, prelude::*};

use super::*;
use crate::{
    Registered,
    testing::{any_permission, folded, given, hash, permission, permission_id, role_id},
    user::{
        UserCommand,
        fixtures::{ada_created, ada_deleted, grant, ldap_user_created},
    },
    values::{GrantMethod, IdentityProvider, Invalid},
};

fn update(events: &[UserEvent], command: UpdateUser) -> Result<Vec<UserEvent>, UserError> {
    given::<User>(events)
        .when(UserCommand::Update(command))
        .inspect_result()
}

fn by(methods: &[GrantMethod]) -> Option<Vec<GrantType>> {
    Some(methods.iter().copied().map(grant).collect())
}

fn role(number: u128, is_shared: bool) -> RoleGrant {
    RoleGrant {
        role_id: role_id(number),
        is_shared,
    }
}

fn role_granted(number: u128, exclusive: bool) -> UserEvent {
    UserEvent::RoleGranted {
        role_id: role_id(number),
        exclusive,
    }
}

fn permission_granted(id: u128, resource: &str) -> UserEvent {
    UserEvent::PermissionGranted {
        permission: permission(id, resource),
    }
}

#[test]
fn nothing_given_changes_nothing() {
    assert_eq!(update(&[ada_created()], UpdateUser::default()), Ok(vec![]));
}

#[test]
fn the_same_again_changes_nothing() {
    let command = UpdateUser {
        username: Some("ada".to_owned()),
        mqtt_publish_prefix: Some(Some(String::new())),
        identity_provider: Some(IdentityProvider::Local),
        grant_types: by(&[GrantMethod::Password]),
        enforce_mfa_enrollment: Some(false),
        disable_second_factor: true,
        password_hash: None,
        must_change_password: Some(false),
        roles: Some(vec![role(1, true)]),
        permissions: Some(vec![permission(9, "a")]),
    };
    let events = [ada_created(), role_granted(1, false), permission_granted(1, "a")];
    assert_eq!(update(&events, command), Ok(vec![]));
}

#[test]
fn an_old_name_may_stay_but_no_new_one_may_break_the_rules() {
    let renamed = |before: &str, wanted: &str| {
        let before = UserEvent::Renamed {
            username: before.to_owned(),
        };
        let command = UpdateUser {
            username: Some(wanted.to_owned()),
            ..UpdateUser::default()
        };
        update(&[ada_created(), before], command)
    };
    assert_eq!(renamed("ada\u{200b}", "ada\u{200b}"), Ok(vec![]));
    assert_eq!(renamed("wärter", "wa\u{308}rter"), Ok(vec![]));
    assert_eq!(renamed("wa\u{308}rter", "wa\u{308}rter"), Ok(vec![]));
    let username = "wärter".to_owned();
    assert_eq!(
        renamed("wa\u{308}rter", "wärter"),
        Ok(vec![UserEvent::Renamed { username }])
    );
    let rule = "must not contain invisible characters or characters that format text";
    let broken = Invalid {
        what: "username",
        rule,
    };
    assert_eq!(renamed("ada", "ada\u{200b}"), Err(UserError::Invalid(broken)));
}

#[test]
fn every_change_is_an_event_of_its_own() {
    let command = UpdateUser {
        username: Some("ada.l".to_owned()),
        mqtt_publish_prefix: Some(Some("site/7".into())),
        identity_provider: Some(IdentityProvider::Local),
        grant_types: by(&[GrantMethod::Token, GrantMethod::Password]),
        enforce_mfa_enrollment: Some(true),
        disable_second_factor: false,
        password_hash: Some(hash("second")),
        must_change_password: None,
        roles: Some(vec![role(2, false)]),
        permissions: Some(vec![permission(2, "b")]),
    };
    let events = [ada_created(), role_granted(1, false), permission_granted(1, "a")];
    let expected = vec![
        UserEvent::Renamed {
            username: "ada.l".into(),
        },
        UserEvent::PublishPrefixChanged {
            mqtt_publish_prefix: Some("site/7".into()),
        },
        UserEvent::PasswordSet {
            password_hash: hash("second"),
        },
        UserEvent::GrantTypesChanged {
            grant_types: vec![grant(GrantMethod::Token), grant(GrantMethod::Password)],
        },
        UserEvent::MfaEnforcementChanged {
            enforce_mfa_enrollment: true,
        },
        UserEvent::RoleRevoked { role_id: role_id(1) },
        role_granted(2, true),
        UserEvent::PermissionRevoked { id: permission_id(1) },
        permission_granted(2, "b"),
        UserEvent::SessionsEnded { kept: None },
    ];
    assert_eq!(update(&events, command), Ok(expected));
}

#[test]
fn a_publish_prefix_is_cleared_and_checked() {
    let prefixed = UserEvent::PublishPrefixChanged {
        mqtt_publish_prefix: Some("site/7".into()),
    };
    let change = |prefix: Option<&str>| UpdateUser {
        mqtt_publish_prefix: Some(prefix.map(str::to_owned)),
        ..UpdateUser::default()
    };
    for none in [None, Some("")] {
        let cleared = UserEvent::PublishPrefixChanged {
            mqtt_publish_prefix: None,
        };
        assert_eq!(
            update(&[ada_created(), prefixed.clone()], change(none)),
            Ok(vec![cleared])
        );
    }
    assert_eq!(
        update(&[ada_created()], change(Some("a/#"))),
        Err(UserError::PublishPrefixInvalid)
    );
}

#[test]
fn roles_and_permissions_are_replaced_by_difference() {
    let events = [
        ada_created(),
        role_granted(1, false),
        role_granted(2, false),
        permission_granted(1, "a"),
        permission_granted(2, "b"),
    ];
    let command = UpdateUser {
        roles: Some(vec![role(2, true), role(3, true), role(3, true)]),
        permissions: Some(vec![permission(7, "b"), permission(8, "c")]),
        ..UpdateUser::default()
    };
    let expected = vec![
        UserEvent::RoleRevoked { role_id: role_id(1) },
        role_granted(3, false),
        UserEvent::PermissionRevoked { id: permission_id(1) },
        permission_granted(8, "c"),
    ];
    assert_eq!(update(&events, command), Ok(expected));
}

#[test]
fn a_role_held_otherwise_is_granted_anew_without_a_gap() {
    let command = UpdateUser {
        roles: Some(vec![role(1, false)]),
        ..UpdateUser::default()
    };
    assert_eq!(
        update(&[ada_created(), role_granted(1, false)], command),
        Ok(vec![role_granted(1, true)])
    );
}

#[test]
fn the_order_of_methods_says_nothing() {
    let grant_types = vec![grant(GrantMethod::Token), grant(GrantMethod::Password)];
    let events = [ada_created(), UserEvent::GrantTypesChanged { grant_types }];
    let reordered = by(&[GrantMethod::Password, GrantMethod::Token]);
    assert_eq!(
        update(
            &events,
            UpdateUser {
                grant_types: reordered,
                ..UpdateUser::default()
            }
        ),
        Ok(vec![])
    );
}

#[test]
fn a_user_who_leaves_this_server_leaves_the_password() {
    let command = UpdateUser {
        identity_provider: Some(IdentityProvider::Ldap),
        ..UpdateUser::default()
    };
    let events = update(&[ada_created()], command).unwrap();
    assert_eq!(
        events,
        [
            UserEvent::IdentityProviderChanged {
                identity_provider: IdentityProvider::Ldap
            },
            UserEvent::SessionsEnded { kept: None },
        ]
    );
    let user: User = folded([vec![ada_created()], events].concat());
    assert_eq!(user.password_hash, None);
}

#[test]
fn a_user_who_comes_to_this_server_brings_a_password() {
    let local = UpdateUser {
        identity_provider: Some(IdentityProvider::Local),
        ..UpdateUser::default()
    };
    assert_eq!(
        update(&[ldap_user_created()], local.clone()),
        Err(UserError::PasswordMissing)
    );

    let with_password = UpdateUser {
        password_hash: Some(hash("first")),
        ..local
    };
    let events = update(&[ldap_user_created()], with_password).unwrap();
    let user: User = folded([vec![ldap_user_created()], events].concat());
    assert!(user.may_log_in_by_password());
}

#[test]
fn a_password_is_not_kept_for_another_provider() {
    let given_password = UpdateUser {
        password_hash: Some(hash("second")),
        ..UpdateUser::default()
    };
    assert_eq!(
        update(&[ldap_user_created()], given_password.clone()),
        Err(UserError::PasswordNotLocal)
    );
    let leaving = UpdateUser {
        identity_provider: Some(IdentityProvider::MsEntraId),
        ..given_password
    };
    assert_eq!(
        update(&[ada_created()], leaving),
        Err(UserError::PasswordNotLocal)
    );
}

#[test]
fn who_comes_to_log_in_by_password_needs_one() {
    let events = [
        ldap_user_created(),
        UserEvent::GrantTypesChanged {
            grant_types: vec![grant(GrantMethod::Certificate)],
        },
        UserEvent::IdentityProviderChanged {
            identity_provider: IdentityProvider::Local,
        },
    ];
    let by_password = UpdateUser {
        grant_types: by(&[GrantMethod::Password]),
        ..UpdateUser::default()
    };
    assert_eq!(
        update(&events, by_password.clone()),
        Err(UserError::PasswordMissing)
    );
    let with_password = UpdateUser {
        password_hash: Some(hash("first")),
        ..by_password
    };
    assert_eq!(update(&events, with_password).unwrap().len(), 3);
}

#[test]
fn one_wrong_part_refuses_the_whole() {
    let good = UpdateUser {
        password_hash: Some(hash("second")),
        ..UpdateUser::default()
    };
    let twice = UpdateUser {
        grant_types: by(&[GrantMethod::Token, GrantMethod::Token]),
        ..good.clone()
    };
    assert_eq!(
        update(&[ada_created()], twice),
        Err(UserError::DuplicateGrantMethod)
    );
    let one_id = UpdateUser {
        permissions: Some(vec![permission(1, "a"), permission(1, "b")]),
        ..good
    };
    assert_eq!(
        update(&[ada_created()], one_id),
        Err(UserError::PermissionIdTaken)
    );
}

#[test]
fn nobody_is_not_updated() {
    for events in [vec![], ada_deleted()] {
        assert_eq!(update(&events, UpdateUser::default()), Err(UserError::NotFound));
    }
}

fn any_update() -> impl Strategy<Value = UpdateUser> {
    let provider = prop_oneof![Just(IdentityProvider::Local), Just(IdentityProvider::Ldap)];
    let method = prop_oneof![
        Just(GrantMethod::Password),
        Just(GrantMethod::Certificate),
        Just(GrantMethod::Token)
    ];
    let grant = (method, any::<bool>()).prop_map(|(method, is_required)| GrantType { method, is_required });
    let role = (0..4_u128, any::<bool>()).prop_map(|(number, is_shared)| role(number, is_shared));
    (
        option::of(provider),
        option::of(vec(grant, 0..3)),
        option::of(Just(hash("another"))),
        option::of(vec(role, 0..4)),
        option::of(vec(any_permission(), 0..5)),
        option::of(option::of("[a-c/+]{0,3}")),
    )
        .prop_map(
            |(identity_provider, grant_types, password_hash, roles, permissions, mqtt_publish_prefix)| {
                UpdateUser {
                    identity_provider,
                    grant_types,
                    password_hash,
                    roles,
                    permissions,
                    mqtt_publish_prefix,
                    ..UpdateUser::default()
                }
            },
        )
}

proptest! {
    #[test]
    fn updates_keep_the_rules_and_the_same_again_changes_nothing(updates in vec(any_update(), 1..6)) {
        let mut events = vec![ada_created()];
        for command in updates {
            let user: User = folded(events.clone());
            let Ok(new) = Registered::decide(&user, UserCommand::Update(command.clone())) else { continue };
            events.extend(new);

            let user: User = folded(events.clone());
            let local = user.identity_provider == Some(IdentityProvider::Local);
            let by_password = user.grant_types.iter().any(|grant| grant.method == GrantMethod::Password);
            prop_assert!(local || user.password_hash.is_none());
            prop_assert!(!local || !by_password || user.password_hash.is_some());

            let again = UpdateUser { password_hash: None, ..command };
            prop_assert_eq!(Registered::decide(&user, UserCommand::Update(again)), Ok(vec![]));
        }
    }
}

#[test]
fn a_new_password_ends_a_demand_unless_it_is_made_again() {
    let demanded = |demanded| UserEvent::PasswordChangeDemanded { demanded };
    let before = [ada_created(), demanded(true)];
    let set = UserEvent::PasswordSet {
        password_hash: hash("second"),
    };
    let ended = UserEvent::SessionsEnded { kept: None };
    let command = |must_change_password| UpdateUser {
        password_hash: Some(hash("second")),
        must_change_password,
        ..UpdateUser::default()
    };
    for wanted in [None, Some(false)] {
        let events = update(&before, command(wanted)).unwrap();
        assert_eq!(events, [set.clone(), ended.clone()]);
        assert!(!folded::<User>([before.as_slice(), &events].concat()).must_change_password);
    }
    let events = update(&before, command(Some(true))).unwrap();
    assert_eq!(events, [set, demanded(true), ended]);
    assert!(folded::<User>([before.as_slice(), &events].concat()).must_change_password);
}

#[test]
fn a_demand_is_made_and_taken_back() {
    let demand = |must_change_password| UpdateUser {
        must_change_password: Some(must_change_password),
        ..UpdateUser::default()
    };
    let demanded = |demanded| UserEvent::PasswordChangeDemanded { demanded };
    assert_eq!(update(&[ada_created()], demand(true)), Ok(vec![demanded(true)]));
    assert_eq!(update(&[ada_created()], demand(false)), Ok(vec![]));
    let before = [ada_created(), demanded(true)];
    assert_eq!(update(&before, demand(true)), Ok(vec![]));
    assert_eq!(update(&before, demand(false)), Ok(vec![demanded(false)]));
}

#[test]
fn nobody_must_change_a_password_that_is_not_here() {
    let demand = UpdateUser {
        must_change_password: Some(true),
        ..UpdateUser::default()
    };
    let refused = Err(UserError::NoPasswordToChange);
    assert_eq!(update(&[ldap_user_created()], demand.clone()), refused);
    let elsewhere = UpdateUser {
        identity_provider: Some(IdentityProvider::Ldap),
        ..demand.clone()
    };
    assert_eq!(update(&[ada_created()], elsewhere), refused);
    let revoked = [ada_created(), UserEvent::Revoked {}];
    let by_certificate = UpdateUser {
        grant_types: by(&[GrantMethod::Certificate]),
        ..demand
    };
    assert_eq!(update(&revoked, by_certificate), refused);
}
