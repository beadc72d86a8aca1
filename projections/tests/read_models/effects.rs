//! What each event does.

use aggregates::{
    role::RoleEvent,
    session::SessionEvent,
    user::UserEvent,
    values::{Context, GrantMethod, GrantType, IdentityProvider, Operation, RoleName, Timestamp},
};
use projections::{
    Page, permission_usage,
    role_directory::{self, HolderRow, RoleRow},
    sessions,
    sql::{Error, sql},
    user_directory::{self, UserRow},
};

use crate::world::{
    NOW, World, at, both_engines, certificate, certificate_issued, of_role, of_session, of_user, permission,
    permission_added, permission_granted, permission_id, reading, role_created, role_granted, role_id,
    session_id, token_fingerprint, token_issued, token_issued_by, topic, user_created, user_id,
};

const ALL: Page = Page { number: 1, rows: 100 };

async fn user(world: &World, n: u32) -> UserRow {
    find(world, n).await.expect("the user should be there")
}

async fn find(world: &World, n: u32) -> Option<UserRow> {
    user_directory::find(&world.db, user_id(n), NOW)
        .await
        .expect("users should be read")
}

async fn role(world: &World, n: u32) -> Option<RoleRow> {
    role_directory::find(&world.db, role_id(n))
        .await
        .expect("roles should be read")
}

async fn resources(world: &World) -> Vec<(String, usize)> {
    let page = permission_usage::page(&world.db, &ALL, None)
        .await
        .expect("resources should be read");
    assert_eq!(page.total, i64::try_from(page.rows.len()).expect("few"));
    page.rows
        .into_iter()
        .map(|row| (row.resource, row.usage.len()))
        .collect()
}

both_engines! {
    async fn a_created_user_is_found_with_everything_that_was_said(mut world) {
        world.record(vec![user_created(2, "device.0002", true)]).await;
        let row = user(&world, 2).await;
        let expected = UserRow {
            id: user_id(2),
            username: "device.0002".to_owned(),
            auto_generated: true,
            mqtt_publish_prefix: Some("site/2".to_owned()),
            identity_provider: IdentityProvider::Local,
            grant_types: vec![GrantType { method: GrantMethod::Password, is_required: false }],
            enforce_mfa_enrollment: false,
            has_second_factor: false,
            must_change_password: false,
            created_at: at(1),
            updated_at: at(1),
            tokens: vec![],
            certificates: vec![],
            roles: vec![],
        };
        assert_eq!(row, expected);
        assert_eq!(find(&world, 3).await, None);
    }

    async fn a_user_changes_in_one_value_at_a_time(mut world) {
        world.record(vec![user_created(1, "ada", false)]).await;
        let token = GrantType { method: GrantMethod::Token, is_required: true };
        for event in [
            UserEvent::Renamed { username: "countess".to_owned() },
            UserEvent::PublishPrefixChanged { mqtt_publish_prefix: Some("engine".to_owned()) },
            UserEvent::IdentityProviderChanged { identity_provider: IdentityProvider::Ldap },
            UserEvent::GrantTypesChanged { grant_types: vec![token] },
            UserEvent::MfaEnforcementChanged { enforce_mfa_enrollment: true },
        ] {
            world.record(vec![of_user(1, event)]).await;
        }
        let row = user(&world, 1).await;
        assert_eq!(row.username, "countess");
        assert_eq!(row.mqtt_publish_prefix.as_deref(), Some("engine"));
        assert_eq!(row.identity_provider, IdentityProvider::Ldap);
        assert_eq!(row.grant_types, [token]);
        assert!(row.enforce_mfa_enrollment);
        assert_eq!((row.created_at, row.updated_at), (at(1), at(6)));
        world.record(vec![of_user(1, UserEvent::PublishPrefixChanged { mqtt_publish_prefix: None })]).await;
        assert_eq!(user(&world, 1).await.mqtt_publish_prefix, None);
    }

    async fn passwords_are_nowhere(mut world) {
        world.record(vec![user_created(1, "ada", false)]).await;
        let before = world.digests().await;
        let password_hash = || String::from("$argon2id$secret").into();
        world
            .record(vec![
                of_user(1, UserEvent::PasswordChanged { password_hash: password_hash() }),
                of_user(1, UserEvent::PasswordSet { password_hash: password_hash() }),
                of_user(1, UserEvent::PasswordRehashed { password_hash: password_hash() }),
            ])
            .await;
        assert_eq!(world.digests().await, before);
    }

    async fn roles_come_and_go(mut world) {
        world
            .record(vec![
                role_created(1, "operators", true, false),
                role_created(2, "auditors", true, false),
                user_created(1, "ada", false),
                role_granted(1, 2),
                role_granted(1, 1),
            ])
            .await;
        let names = |row: &UserRow| row.roles.iter().map(|role| role.name.clone()).collect::<Vec<_>>();
        assert_eq!(names(&user(&world, 1).await), ["operators", "auditors"]);
        world.record(vec![of_user(1, UserEvent::RoleRevoked { role_id: role_id(1) })]).await;
        assert_eq!(names(&user(&world, 1).await), ["auditors"]);
    }

    async fn own_permissions_are_a_role_from_the_first_to_the_last(mut world) {
        world.record(vec![role_created(1, "operators", true, false), user_created(1, "ada", false)]).await;
        world.record(vec![permission_granted(1, reading(1, "plant/#")), role_granted(1, 1)]).await;
        world.record(vec![permission_granted(1, reading(2, "office/+"))]).await;
        let own = RoleRow {
            id: user_id(1).own_role(),
            name: "ada".to_owned(),
            is_shared: false,
            auto_generated: true,
            protected: false,
            owner: Some(user_id(1)),
            permissions: vec![reading(1, "plant/#"), reading(2, "office/+")],
            more_permissions: false,
        };
        let row = user(&world, 1).await;
        assert_eq!(row.roles.iter().map(|role| role.id).collect::<Vec<_>>(), [role_id(1), own.id]);
        assert_eq!(*row.roles[1], own);
        let holders = role_directory::holders(&mut &world.db, own.id, 9).await.expect("holders");
        assert_eq!(holders, [HolderRow { id: user_id(1), username: "ada".to_owned() }]);

        world.record(vec![of_user(1, UserEvent::Renamed { username: "countess".to_owned() })]).await;
        world.record(vec![of_user(1, UserEvent::PermissionRevoked { id: permission_id(1) })]).await;
        let found = role_directory::find(&world.db, own.id).await.expect("roles").expect("still there");
        assert_eq!((found.name.as_str(), found.permissions.len()), ("countess", 1));
        world.record(vec![of_user(1, UserEvent::PermissionRevoked { id: permission_id(2) })]).await;
        assert_eq!(role_directory::find(&world.db, own.id).await.expect("roles"), None);
        assert_eq!(user(&world, 1).await.roles.len(), 1);
        assert_eq!(resources(&world).await, []);
    }

    async fn certificates_come_and_go(mut world) {
        let added = |n| of_user(1, UserEvent::CertificateAdded { certificate: certificate(n) });
        world.record(vec![user_created(1, "ada", false), added(2), added(1)]).await;
        assert_eq!(user(&world, 1).await.certificates, [certificate(2), certificate(1)]);
        let fingerprint = certificate(2).fingerprint;
        world.record(vec![of_user(1, UserEvent::CertificateRemoved { fingerprint })]).await;
        assert_eq!(user(&world, 1).await.certificates, [certificate(1)]);
    }

    async fn a_role_changes_in_one_value_at_a_time(mut world) {
        world.record(vec![role_created(1, "operators", true, false), role_created(2, "auditors", true, true)]).await;
        let name = RoleName::parse("crew").expect("a role name");
        world.record(vec![of_role(1, RoleEvent::Renamed { name })]).await;
        world.record(vec![of_role(1, RoleEvent::SharingChanged { is_shared: false })]).await;
        let row = role(&world, 1).await.expect("the role should be there");
        assert_eq!((row.name.as_str(), row.is_shared, row.protected, row.owner), ("crew", false, true, None));
        let row = role(&world, 2).await.expect("the role should be there");
        assert!(row.is_shared && row.auto_generated && !row.protected);
        let named = |name| role_directory::list(&world.db, Some(name));
        assert_eq!(named("crew").await.expect("roles").len(), 1);
        assert_eq!(named("operators").await.expect("roles").len(), 0);
    }

    async fn permissions_of_a_role_change_in_place(mut world) {
        let broad = permission(2, "/api/#", Operation::ReadWrite, Context::Http);
        world
            .record(vec![
                role_created(1, "operators", true, false),
                permission_added(1, reading(1, "plant/#")),
                permission_added(1, broad.clone()),
            ])
            .await;
        let operation = Operation::Write;
        let changed = |id, resource| {
            of_role(1, RoleEvent::PermissionChanged { id: permission_id(id), resource: topic(resource), operation })
        };
        world.record(vec![changed(1, "office/#")]).await;
        let expected = permission(1, "office/#", operation, Context::Mqtt);
        let row = role(&world, 1).await.expect("the role should be there");
        assert_eq!(row.permissions, [expected.clone(), broad.clone()]);
        let found = role_directory::find_permission(&world.db, role_id(1), permission_id(1)).await;
        assert_eq!(found.expect("permissions"), Some(expected));
        let elsewhere = role_directory::find_permission(&world.db, role_id(2), permission_id(1)).await;
        assert_eq!(elsewhere.expect("permissions"), None);
        assert_eq!(resources(&world).await, [("/api/#".to_owned(), 1), ("office/#".to_owned(), 1)]);

        world.record(vec![changed(1, "office/#"), of_role(1, RoleEvent::PermissionRemoved { id: permission_id(2) })]).await;
        assert_eq!(resources(&world).await, [("office/#".to_owned(), 1)]);
    }

    async fn a_deleted_role_is_held_by_nobody(mut world) {
        world
            .record(vec![
                role_created(1, "operators", true, false),
                role_created(2, "auditors", true, false),
                permission_added(1, reading(1, "plant/#")),
                permission_added(2, reading(2, "plant/#")),
                user_created(1, "ada", false),
                user_created(2, "grace", false),
                role_granted(1, 1),
                role_granted(2, 1),
                role_granted(2, 2),
            ])
            .await;
        world.record(vec![of_role(1, RoleEvent::Deleted {})]).await;
        assert_eq!(role(&world, 1).await, None);
        assert_eq!(user(&world, 1).await.roles.len(), 0);
        assert_eq!(user(&world, 2).await.roles.len(), 1);
        assert_eq!(resources(&world).await, [("plant/#".to_owned(), 1)]);
        assert_eq!(world.count("user_roles").await, 1);
    }

    async fn a_deleted_user_leaves_nothing(mut world) {
        let everything = |n: u32| {
            vec![
                user_created(n, "ada", false),
                role_granted(n, 1),
                permission_granted(n, reading(n, "plant/#")),
                of_user(n, UserEvent::CertificateAdded { certificate: certificate(n) }),
                token_issued(n, n, 1),
            ]
        };
        world.record(vec![role_created(1, "operators", true, false)]).await;
        let role_alone = world.digests().await;
        world.record(everything(1)).await;
        world.record(vec![of_user(1, UserEvent::Deleted {})]).await;
        assert_eq!(world.digests().await, role_alone);
        let mut at_once = everything(2);
        at_once.push(of_user(2, UserEvent::Deleted {}));
        world.record(at_once).await;
        assert_eq!(world.digests().await, role_alone);
    }

    async fn tokens_are_listed_until_they_end_or_are_revoked(mut world) {
        world
            .record(vec![
                user_created(1, "ada", false),
                user_created(2, "grace", false),
                token_issued(1, 1, 1),
                token_issued(2, 1, 0),
                token_issued(3, 1, 1),
                token_issued(4, 2, 1),
            ])
            .await;
        let listed = |rows: &[sessions::SessionRow]| rows.iter().map(|row| row.id).collect::<Vec<_>>();
        let of_ada = sessions::of_user(&world.db, user_id(1), NOW).await.expect("sessions");
        assert_eq!(listed(&of_ada), [session_id(1), session_id(3)]);
        assert_eq!(user(&world, 1).await.tokens, of_ada);
        assert_eq!(of_ada[0].label, "token 1");
        assert_eq!(of_ada[0].methods, [GrantMethod::Password]);
        assert_eq!(of_ada[0].issued_at, at(1));
        let by_fingerprint = async |user, n| {
            let found = sessions::find_by_fingerprint(&world.db, user_id(user), &token_fingerprint(n)).await;
            found.expect("sessions").map(|row| row.id)
        };
        assert_eq!(by_fingerprint(1, 2).await, Some(session_id(2)));
        assert_eq!(by_fingerprint(2, 2).await, None);
        let by_id = async |user, n| {
            let found = sessions::find(&world.db, user_id(user), session_id(n)).await;
            found.expect("sessions").map(|row| row.fingerprint)
        };
        assert_eq!(by_id(1, 2).await, Some(token_fingerprint(2)));
        assert_eq!(by_id(2, 2).await, None);

        world.record(vec![of_session(1, SessionEvent::TokenRevoked {})]).await;
        assert_eq!(listed(&user(&world, 1).await.tokens), [session_id(3)]);
        let revoked = of_user(1, UserEvent::TokensRevoked {});
        world.record(vec![token_issued(5, 1, 1), revoked, token_issued(6, 1, 1)]).await;
        assert_eq!(listed(&user(&world, 1).await.tokens), [session_id(6)]);
        assert_eq!(listed(&user(&world, 2).await.tokens), [session_id(4)]);
    }

    async fn tokens_of_ended_sessions_are_neither_listed_nor_found(mut world) {
        let by_certificate = |n| token_issued_by(GrantMethod::Certificate, n, user_id(1), 1);
        let ended = |kept: Option<u32>| of_user(1, UserEvent::SessionsEnded { kept: kept.map(session_id) });
        let of_ada = async |world: &World| -> Vec<_> {
            let tokens = sessions::of_user(&world.db, user_id(1), NOW).await.expect("sessions");
            assert_eq!(user(world, 1).await.tokens, tokens);
            tokens.iter().map(|row| row.id).collect()
        };
        world
            .record(vec![
                user_created(1, "ada", false),
                user_created(2, "grace", false),
                token_issued(1, 1, 1),
                token_issued(2, 1, 1),
                token_issued(3, 2, 1),
            ])
            .await;
        // The same batch issues tokens before and after the event.
        world.record(vec![token_issued(4, 1, 1), ended(Some(2)), token_issued(5, 1, 1)]).await;
        assert_eq!(of_ada(&world).await, [session_id(2), session_id(5)]);
        let found = sessions::find(&world.db, user_id(1), session_id(1)).await.expect("sessions");
        assert_eq!(found, None);
        world.record(vec![ended(Some(2)), token_issued(6, 1, 1), ended(Some(6))]).await;
        assert_eq!(of_ada(&world).await, [session_id(6)]);
        world.record(vec![ended(Some(3))]).await;
        assert_eq!(of_ada(&world).await, [], "the session of another user is not kept");
        world.record(vec![token_issued(7, 1, 1), by_certificate(8)]).await;
        let method = GrantMethod::Password;
        world.record(vec![of_user(1, UserEvent::SessionsByMethodEnded { method })]).await;
        assert_eq!(of_ada(&world).await, [session_id(8)]);
        world.record(vec![ended(None)]).await;
        assert_eq!(of_ada(&world).await, []);
        assert_eq!(user(&world, 2).await.tokens.len(), 1);
    }

    async fn an_erased_name_may_be_there_twice_and_finds_nobody(mut world) {
        let erased = aggregates::sealing::ERASED;
        world.record(vec![user_created(1, erased, false), user_created(2, erased, false)]).await;
        assert_eq!(user_directory::usernames(&world.db).await.expect("names"), [erased, erased]);
        let found = user_directory::by_usernames(&world.db, &[erased], &ALL, false, NOW).await.expect("users");
        assert_eq!(found.total, 0);
    }

    async fn erasing_a_person_is_what_a_replay_with_erased_names_gives(mut world) {
        let made = |name: &str| {
            vec![
                user_created(1, name, false),
                permission_granted(1, reading(1, "plant/#")),
                user_created(2, "grace", false),
            ]
        };
        let erased = aggregates::sealing::ERASED;
        world.record(made("ada")).await;
        let mut tx = world.db.begin().await.expect("a transaction should begin");
        let subject = user_id(1).to_string();
        projections::read_models::erase(&mut tx, &subject).await.expect("a person should be erased");
        tx.commit().await.expect("the transaction should commit");
        let blanked = world.digests().await;
        assert_eq!(user(&world, 1).await.roles[0].name, erased);
        world.clear().await;
        let events = made(erased).into_iter().zip(1..);
        let events: Vec<_> = events.map(|((id, event), n)| crate::world::recorded(n, id, event)).collect();
        world.apply(&events).await;
        assert_eq!(world.digests().await, blanked);
    }

    async fn a_resource_may_be_as_long_as_mqtt_allows(mut world) {
        let long = "x".repeat(65_535);
        world.record(vec![role_created(1, "operators", true, false), permission_added(1, reading(1, &long))]).await;
        world.record(vec![permission_added(1, permission(2, &long, Operation::Write, Context::Mqtt))]).await;
        assert_eq!(resources(&world).await, [(long, 2)]);
    }

    async fn what_concerns_the_unknown_changes_nothing(mut world) {
        let nothing = world.digests().await;
        world
            .record(vec![
                of_user(1, UserEvent::Renamed { username: "ada".to_owned() }),
                permission_granted(1, reading(1, "plant/#")),
                of_user(1, UserEvent::PermissionRevoked { id: permission_id(2) }),
                of_user(1, UserEvent::RoleRevoked { role_id: role_id(1) }),
                of_user(1, UserEvent::Deleted {}),
                of_role(1, RoleEvent::SharingChanged { is_shared: true }),
                of_role(1, RoleEvent::PermissionRemoved { id: permission_id(1) }),
                of_role(1, RoleEvent::Deleted {}),
                of_session(1, SessionEvent::TokenRevoked {}),
            ])
            .await;
        assert_eq!(world.digests().await, nothing);
    }

    async fn usage_names_the_one_holder_of_a_role_that_is_not_shared(mut world) {
        world
            .record(vec![
                user_created(1, "ada", false),
                user_created(2, "grace", false),
                role_created(1, "operators", true, false),
                role_created(2, "engine", false, false),
                role_created(3, "idle", false, false),
                permission_added(1, reading(1, "plant/#")),
                permission_added(2, reading(2, "plant/#")),
                permission_added(3, reading(3, "plant/#")),
                permission_granted(2, permission(4, "plant/#", Operation::Write, Context::Mqtt)),
                role_granted(1, 1),
                role_granted(1, 2),
                role_granted(2, 1),
            ])
            .await;
        let page = permission_usage::page(&world.db, &ALL, None).await.expect("resources");
        let usage: Vec<_> = page.rows[0]
            .usage
            .iter()
            .map(|u| (u.role_name.as_str(), u.is_role_shared, u.username.as_deref(), u.user_id, u.operation))
            .collect();
        let expected = [
            ("operators", true, None, None, Operation::Read),
            ("engine", false, Some("ada"), Some(user_id(1)), Operation::Read),
            ("idle", false, None, None, Operation::Read),
            ("grace", false, Some("grace"), Some(user_id(2)), Operation::Write),
        ];
        assert_eq!(usage, expected);
        let asked = [permission_id(4), permission_id(1), permission_id(9)];
        let located = permission_usage::locate(&world.db, &asked).await.expect("permissions");
        let located: Vec<_> = located.iter().map(|p| (p.id, p.role_id, p.owner)).collect();
        let own = (permission_id(4), user_id(2).own_role(), Some(user_id(2)));
        assert_eq!(located, [(permission_id(1), role_id(1), None), own]);
    }

    async fn an_event_of_no_readable_id_is_an_error(mut world) {
        let mut events = world.at_next_positions(vec![user_created(1, "ada", false)]);
        events[0].aggregate_id = "ada".to_owned();
        let mut tx = world.db.begin().await.expect("a transaction should begin");
        let refused = projections::read_models::apply(&mut tx, &events).await;
        assert!(matches!(refused, Err(Error::Decode(_))), "{refused:?}");
    }

    async fn a_row_that_cannot_be_read_is_an_error(mut world) {
        world.record(vec![user_created(1, "ada", false)]).await;
        world.db.execute(sql("UPDATE user_directory SET identity_provider = 'kin'")).await.expect("an update");
        let read = user_directory::find(&world.db, user_id(1), Timestamp::from_micros(0)).await;
        assert!(matches!(read, Err(Error::Decode(_))), "{read:?}");
    }

    async fn analysts_see_what_there_is(mut world) {
        world
            .record(vec![
                role_created(1, "operators", true, false),
                user_created(1, "ada", false),
                role_granted(1, 1),
                permission_granted(1, reading(1, "plant/#")),
                token_issued(1, 1, 1),
                certificate_issued(1, 1, 1),
            ])
            .await;
        for (view, rows) in [
            ("analytics_users", 1),
            ("analytics_roles", 2),
            ("analytics_permissions", 1),
            ("analytics_grants", 2),
            ("analytics_sessions", 1),
            ("analytics_certificates", 1),
        ] {
            assert_eq!(world.count(view).await, rows, "{view}");
        }
        let time = "SELECT CAST(created_at AS TEXT) FROM analytics_users";
        let rows = world.db.all(sql(time)).await.expect("a view should be read");
        let time = rows[0].text(0).expect("a time");
        assert!(time.starts_with("2023-11-14") && time.contains("22:13:20.002"), "{time}");
    }
}
