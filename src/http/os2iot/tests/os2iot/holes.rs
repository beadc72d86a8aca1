//! The holes of the published server (contracts/os2iot.md, design/people.md), each closed.

use serde_json::json;

use super::*;
use crate::support::{both_engines, connectware::*};

both_engines! {
    async fn a_user_administrator_does_not_become_global(server: Server) {
        let scene = Scene::new(&server).await;
        let admin = scene.caller(0, "OrganizationUserAdmin");
        let own = scene.users[0][0];
        let body = json!({ "name": "mine", "organizationId": scene.organisations[0],
            "levels": [{ "type": "GlobalAdmin" }], "userIds": [own], "applicationIds": [] });
        admin.post("/api/v1/permission", body).await.expect(403);
        let change = json!({ "name": "x", "active": true, "globalAdmin": true, "permissionIds": [scene.groups[0][0]] });
        admin.put(format!("/api/v1/user/{own}"), change).await.expect(403);
        let new = json!({ "name": "y", "email": "y@example.org", "password": SECRET, "active": true,
            "globalAdmin": true, "permissionIds": [] });
        admin.post("/api/v1/user", new).await.expect(403);
        let joins = json!({ "name": "x", "active": true, "permissionIds": [scene.groups[0][0], 1] });
        admin.put(format!("/api/v1/user/{own}"), joins).await.expect(403);
        admin.put("/api/v1/permission/1", json!({ "userIds": [1, own] })).await.expect(403);
        admin.delete("/api/v1/permission/1").await.expect(403);
    }

    /// Nobody but a global administrator makes one, whatever their level and wherever.
    async fn no_level_makes_a_global_administrator(server: Server) {
        let scene = Scene::new(&server).await;
        for place in 0..2 {
            for (number, level) in LEVELS.into_iter().enumerate() {
                let (caller, own) = (scene.caller(place, level), scene.users[place][number]);
                for organisation in scene.organisations {
                    let body = json!({ "name": "mine", "organizationId": organisation,
                        "levels": [{ "type": "GlobalAdmin" }], "userIds": [own], "applicationIds": [] });
                    caller.post("/api/v1/permission", body).await.expect(403);
                }
                let change = json!({ "name": "x", "active": true, "globalAdmin": true, "permissionIds": [] });
                caller.put(format!("/api/v1/user/{own}"), change).await.expect(403);
                let new = json!({ "name": "y", "email": "y@example.org", "password": SECRET, "active": true, "globalAdmin": true });
                caller.post("/api/v1/user", new).await.expect(403);
                caller.put("/api/v1/permission/1", json!({ "userIds": [1, own] })).await.expect(403);
                caller.delete("/api/v1/permission/1").await.expect(403);
                caller.post("/api/v1/api-key", json!({ "name": "key", "permissionIds": [1] })).await.expect(403);
                let accept = json!({ "organizationId": scene.organisations[place], "userId": own, "permissionIds": [1] });
                caller.put("/api/v1/permission/acceptUser", accept).await.expect(403);
            }
        }
        let members = scene.global.get("/api/v1/permission/1/users").await.expect(200).json();
        assert_eq!(members["count"], 1, "{members}");
    }

    /// Who has no right to a user learns and changes nothing about them, whatever the level and wherever.
    async fn no_level_reaches_a_user_of_another_organisation(server: Server) {
        let scene = Scene::new(&server).await;
        for place in 0..2 {
            let other = 1 - place;
            for level in LEVELS {
                let caller = scene.caller(place, level);
                for victim in scene.users[other].into_iter().chain([1]) {
                    let body = json!({ "name": "x", "active": true, "password": "another-password", "permissionIds": [] });
                    caller.put(format!("/api/v1/user/{victim}"), body).await.expect(403);
                    caller.get(format!("/api/v1/user/{victim}")).await.expect(403);
                    caller.get(format!("/api/v1/kombitCreation/{victim}")).await.expect(403);
                    let members = json!({ "userIds": [victim] });
                    caller.put(format!("/api/v1/permission/{}", scene.groups[place][3]), members).await.expect(403);
                    let accept = json!({ "organizationId": scene.organisations[place], "userId": victim,
                        "permissionIds": [scene.groups[place][3]] });
                    let accepted = caller.put("/api/v1/permission/acceptUser", accept).await;
                    assert!([403, 404].contains(&accepted.status), "{accepted:?}");
                }
                for group in scene.groups[other] {
                    caller.get(format!("/api/v1/permission/{group}")).await.expect(403);
                    caller.get(format!("/api/v1/permission/{group}/users")).await.expect(403);
                    caller.get(format!("/api/v1/permission/{group}/applications")).await.expect(403);
                    caller.put(format!("/api/v1/permission/{group}"), json!({ "name": "mine" })).await.expect(403);
                    caller.delete(format!("/api/v1/permission/{group}")).await.expect(403);
                }
                for list in ["permission", "permission/applicationAdmin", "permission/getAllPermissionsWithoutUsers"] {
                    let list = format!("/api/v1/{list}?organisationId={}", scene.organisations[other]);
                    caller.get(list).await.expect(403);
                }
            }
        }
        for place in 0..2 {
            login(&server, &format!("read-{place}@example.org"), SECRET).await;
        }
    }

    /// Applications are moved, taken and attached only by who administers them in both organisations.
    async fn no_level_takes_an_application_of_another_organisation(server: Server) {
        let scene = Scene::new(&server).await;
        for place in 0..2 {
            let other = 1 - place;
            let (own, theirs) = (scene.applications[place], scene.applications[other]);
            for level in LEVELS {
                let caller = scene.caller(place, level);
                let give = async |application: i64, to: i64| {
                    let path = format!("/api/v1/application/updateApplicationOrganization/{application}");
                    caller.put(path, json!({ "organizationId": to })).await.expect(403)
                };
                give(own, scene.organisations[other]).await;
                give(theirs, scene.organisations[place]).await;
                give(theirs, scene.organisations[other]).await;
                let path = format!("/api/v1/application/{theirs}");
                caller.get(&path).await.expect(403);
                caller.put(&path, json!({ "name": "mine", "organizationId": scene.organisations[place] })).await.expect(403);
                caller.delete(&path).await.expect(403);
                caller.get(format!("/api/v1/application?organizationId={}", scene.organisations[other])).await.expect(403);
                let attach = json!({ "applicationIds": [theirs] });
                let attached = caller.put(format!("/api/v1/permission/{}", scene.groups[place][3]), attach).await;
                assert!([403, 404].contains(&attached.status), "{attached:?}");
                let new = json!({ "name": "new", "organizationId": scene.organisations[other] });
                caller.post("/api/v1/application", new).await.expect(403);
            }
        }
        let all = scene.global.get("/api/v1/application").await.expect(200).json();
        assert_eq!(column(&all["data"], "name"), ["App 0", "App 1"]);
    }

    /// Keys are made, taken and ended only by who administers the users of all their organisations.
    async fn no_level_reaches_a_key_of_another_organisation(server: Server) {
        let scene = Scene::new(&server).await;
        let key = json!({ "name": "theirs", "permissionIds": [scene.groups[0][3], scene.groups[1][3]] });
        let theirs = id(&scene.global.post("/api/v1/api-key", key).await.expect(201).json());
        for place in 0..2 {
            for level in LEVELS {
                let caller = scene.caller(place, level);
                let path = format!("/api/v1/api-key/{theirs}");
                let take = json!({ "name": "mine", "permissionIds": [scene.groups[place][3]] });
                caller.put(&path, take).await.expect(403);
                caller.delete(&path).await.expect(403);
                let other = scene.organisations[1 - place];
                caller.get(format!("/api/v1/api-key?organizationId={other}")).await.expect(403);
                caller.get("/api/v1/api-key").await.expect(403);
                let new = json!({ "name": "new", "permissionIds": [scene.groups[1 - place][3]] });
                caller.post("/api/v1/api-key", new).await.expect(403);
            }
        }
        let keys = scene.global.get("/api/v1/api-key").await.expect(200).json();
        assert_eq!(column(&keys["data"], "name"), ["theirs"]);
    }

    /// A stranger who is drawn into an own group would be a member of a shared organisation, and then their password could be set.
    async fn a_stranger_is_not_taken_over(server: Server) {
        let scene = Scene::new(&server).await;
        let admin = scene.caller(0, "OrganizationUserAdmin");
        let (stranger, global_admin) = (scene.users[1][3], 1);
        for victim in [stranger, global_admin] {
            let members = json!({ "userIds": [victim] });
            admin.put(format!("/api/v1/permission/{}", scene.groups[0][3]), members).await.expect(403);
            let body = json!({ "name": "trap", "organizationId": scene.organisations[0],
                "levels": [{ "type": "Read" }], "userIds": [victim], "applicationIds": [] });
            admin.post("/api/v1/permission", body).await.expect(403);
            let body = json!({ "organizationId": scene.organisations[0], "userId": victim,
                "permissionIds": [scene.groups[0][3]] });
            let refused = admin.put("/api/v1/permission/acceptUser", body).await.expect(404).json();
            assert_eq!(message(&refused), "MESSAGE.USER-DOES-NOT-EXIST");
            let body = json!({ "name": "x", "active": true, "password": "another-password", "permissionIds": [] });
            admin.put(format!("/api/v1/user/{victim}"), body).await.expect(403);
        }
        login(&server, "read-1@example.org", SECRET).await;
    }

    /// Whoever is in two organisations is changed only by who administers both, but each decides about the own groups.
    async fn credentials_are_changed_by_who_administers_all_organisations(server: Server) {
        let scene = Scene::new(&server).await;
        let both = new_user(&scene.global, "both", &[scene.groups[0][3], scene.groups[1][3]]).await;
        let (here, there) = (scene.caller(0, "OrganizationUserAdmin"), scene.caller(1, "OrganizationUserAdmin"));
        let path = format!("/api/v1/user/{both}");
        let change = |more: Value| {
            let mut body = json!({ "name": "both", "active": true,
                "permissionIds": [scene.groups[0][3], scene.groups[1][3]] });
            body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
            body
        };
        for more in [json!({ "password": "another-password" }), json!({ "email": "evil@example.org" }), json!({ "active": false }),
            json!({ "name": "renamed" }), json!({ "expiresOn": "2999-01-01T00:00:00Z" })] {
            here.put(&path, change(more.clone())).await.expect(403);
            there.put(&path, change(more)).await.expect(403);
        }
        // The groups of the other organisation stay, whatever the body says. Who is not of that organisation does not see them.
        let shown = here.put(&path, change(json!({ "permissionIds": [] }))).await.expect(200).json();
        assert_eq!(shown["permissions"], json!([]), "{shown}");
        let shown = scene.global.get(&path).await.expect(200).json();
        let groups: Vec<i64> = list(&shown["permissions"]).iter().map(id).collect();
        assert_eq!(groups, [scene.groups[1][3]], "{shown}");
    }

    async fn nobody_reads_users_of_other_organisations(server: Server) {
        let scene = Scene::new(&server).await;
        let stranger = scene.users[1][3];
        for level in LEVELS {
            let caller = scene.caller(0, level);
            caller.get(format!("/api/v1/user/{stranger}")).await.expect(403);
            caller.get(format!("/api/v1/kombitCreation/{stranger}")).await.expect(403);
            caller.get(format!("/api/v1/permission/{}", scene.groups[1][3])).await.expect(403);
            caller.get(format!("/api/v1/permission/{}/users", scene.groups[1][3])).await.expect(403);
            caller.get(format!("/api/v1/user/awaitingUsers/{}", scene.organisations[1])).await.expect(403);
            caller.get(format!("/api/v1/permission?organisationId={}", scene.organisations[1])).await.expect(403);
            let users = caller.get("/api/v1/kombitCreation/minimalUsers").await.expect(200).json();
            assert!(list(&users["users"]).iter().all(|user| id(user) != stranger), "{users}");
            let organisations = caller.get("/api/v1/organization/minimal").await.expect(200).json();
            assert_eq!(column(&organisations["data"], "name"), ["Aarhus"]);
        }
        let admin = scene.caller(0, "OrganizationUserAdmin");
        let users = admin.get("/api/v1/user").await.expect(200).json();
        assert_eq!(users["count"], 4, "{users}");
        admin.get(format!("/api/v1/user/organizationUsers/{}", scene.organisations[1])).await.expect(404);
        admin.get(format!("/api/v1/organization/{}", scene.organisations[1])).await.expect(404);
    }

    async fn an_application_does_not_move_into_a_foreign_organisation(server: Server) {
        let scene = Scene::new(&server).await;
        let admin = scene.caller(0, "OrganizationApplicationAdmin");
        let path = format!("/api/v1/application/updateApplicationOrganization/{}", scene.applications[0]);
        admin.put(&path, json!({ "organizationId": scene.organisations[1] })).await.expect(403);
        let other = format!("/api/v1/application/updateApplicationOrganization/{}", scene.applications[1]);
        admin.put(&other, json!({ "organizationId": scene.organisations[0] })).await.expect(403);
        // A group of another organisation takes no application either.
        let attach = json!({ "applicationIds": [scene.applications[1]] });
        let group = format!("/api/v1/permission/{}", scene.groups[0][3]);
        scene.caller(0, "OrganizationUserAdmin").put(&group, attach).await.expect(404);
        scene.global.put(&path, json!({ "organizationId": scene.organisations[1] })).await.expect(200);
        let reader = scene.caller(0, "Read");
        reader.get(format!("/api/v1/application/{}", scene.applications[0])).await.expect(403);
    }

    async fn another_organisations_key_is_not_taken_over(server: Server) {
        let scene = Scene::new(&server).await;
        let key = json!({ "name": "theirs", "permissionIds": [scene.groups[1][3]] });
        let theirs = id(&scene.global.post("/api/v1/api-key", key).await.expect(201).json());
        let admin = scene.caller(0, "OrganizationUserAdmin");
        let take = json!({ "name": "mine", "permissionIds": [scene.groups[0][3]] });
        admin.put(format!("/api/v1/api-key/{theirs}"), take).await.expect(403);
        admin.get(format!("/api/v1/api-key/{theirs}")).await.expect(403);
        admin.delete(format!("/api/v1/api-key/{theirs}")).await.expect(403);
        admin.get(format!("/api/v1/api-key?organizationId={}", scene.organisations[1])).await.expect(403);
        admin.get("/api/v1/api-key").await.expect(403);
        for groups in [json!([1]), json!([scene.groups[0][3], 1]), json!([scene.groups[0][3], scene.groups[1][3]])] {
            let body = json!({ "name": "too much", "permissionIds": groups });
            admin.post("/api/v1/api-key", body).await.expect(403);
        }
        admin.post("/api/v1/api-key", json!({ "name": "none", "permissionIds": [] })).await.expect(400);
        // A number that nobody has is not there for global administrators, and a refusal for others.
        scene.global.get("/api/v1/api-key/4711").await.expect(404);
        admin.get("/api/v1/api-key/4711").await.expect(403);
        // The key of a global administrator is in the list.
        let key = json!({ "name": "global", "permissionIds": [1] });
        scene.global.post("/api/v1/api-key", key).await.expect(201);
        let keys = scene.global.get("/api/v1/api-key").await.expect(200).json();
        assert_eq!(column(&keys["data"], "name"), ["theirs", "global"]);
    }

    async fn an_expiry_in_the_past_is_refused(server: Server) {
        let scene = Scene::new(&server).await;
        let past = json!({ "name": "p", "email": "p@example.org", "password": SECRET, "active": true,
            "permissionIds": [scene.groups[0][3]], "expiresOn": "2001-01-01" });
        scene.global.post("/api/v1/user", past).await.expect(400);
    }

    /// Whoever deletes the last global administrator on another face need not know that there is such a group.
    async fn an_administrator_follows_the_last_global_administrator(server: Server) {
        let admin = server.admin().await;
        let first = admin_id(&admin).await;
        let administrators = role_named(&admin, "connectware-admin").await;
        let heir = create_user_with(&admin, "second", json!({ "roles": [administrators] })).await;
        let second = server.anonymous().login("second", PASSWORD).await;
        let body = json!({ "username": "second", "password": PASSWORD });
        server.anonymous().post("/api/v1/auth/login", body).await.expect(401);
        // A refused deletion makes nobody a global administrator, and neither does a rehearsal.
        second.delete_with_body("/api/users", json!([first, NOBODY])).await.expect_error_in(&[400, 404]);
        second.delete_with_body("/api/users", json!([first, heir])).await.expect_error(409);
        let rehearsed = json!({ "method": "DELETE", "path": format!("/api/users/{first}") });
        second.post("/access/v1/dry-run", rehearsed).await.expect(200);
        let rights = json!({ "initialPermissions": [http("/api/users/#", "readWrite")] });
        create_user_with(&admin, "helper", rights).await;
        let helper = server.anonymous().login("helper", PASSWORD).await;
        helper.delete(format!("/api/users/{first}")).await.expect_error(403);
        let body = json!({ "username": "second", "password": PASSWORD });
        server.anonymous().post("/api/v1/auth/login", body).await.expect(401);
        second.delete(format!("/api/users/{first}")).await.expect(204);
        let global = login(&server, "second", PASSWORD).await;
        organisation(&global, "after").await;
        // Nobody is left who could follow.
        second.delete(format!("/api/users/{heir}")).await.expect_error(409);
        organisation(&global, "still").await;
    }

    /// An administrator who works on this face already comes before one who has been an administrator for longer.
    async fn an_heir_with_an_account_comes_first(server: Server) {
        let admin = server.admin().await;
        let first = admin_id(&admin).await;
        let administrators = role_named(&admin, "connectware-admin").await;
        let as_administrator = json!({ "roles": [administrators] });
        create_user_with(&admin, "second", as_administrator.clone()).await;
        let global = global(&server).await;
        let made = organisation(&global, "Aarhus").await;
        let readers = group(&global, made, "Read").await;
        let before = admin.get("/api/users/ids").await.expect(200).json();
        new_user(&global, "third", &[readers]).await;
        let after = admin.get("/api/users/ids").await.expect(200).json();
        let third = list(&after).iter().find(|id| !list(&before).contains(id)).expect("a new user");
        let third = text(third).to_owned();
        admin.post(format!("/api/users/{third}/roles"), json!({ "roleId": administrators })).await.expect(204);
        let second = server.anonymous().login("second", PASSWORD).await;
        second.delete(format!("/api/users/{first}")).await.expect(204);
        let heir = login(&server, "third@example.org", SECRET).await;
        organisation(&heir, "after").await;
        let body = json!({ "username": "second", "password": PASSWORD });
        server.anonymous().post("/api/v1/auth/login", body).await.expect(401);
    }

    /// Groups, requests and keys of another organisation do not show in what somebody shares with it.
    async fn what_another_organisation_gives_is_not_shown(server: Server) {
        let scene = Scene::new(&server).await;
        let [own, other] = [scene.groups[0][3], scene.groups[1][3]];
        let both = new_user(&scene.global, "both", &[own, other]).await;
        let third = organisation(&scene.global, "third").await;
        let person = login(&server, "both@example.org", SECRET).await;
        let asked = json!({ "requestedOrganizationIds": [third] });
        let shown = person.put("/api/v1/kombitCreation/updateUserOrgs", asked).await.expect(200).json();
        // The person sees everything of their own.
        assert_eq!(list(&shown["permissions"]).len(), 2, "{shown}");
        assert_eq!(list(&shown["requestedOrganizations"]).len(), 1, "{shown}");
        let key = json!({ "name": "of both", "permissionIds": [own, other] });
        let key = id(&scene.global.post("/api/v1/api-key", key).await.expect(201).json());
        let admin = scene.caller(0, "OrganizationUserAdmin");
        let here = scene.organisations[0];
        let seen = |one: &Value| list(&one["permissions"]).iter().map(id).collect::<Vec<i64>>();
        for path in [format!("/api/v1/user/{both}"), format!("/api/v1/kombitCreation/{both}")] {
            let shown = admin.get(path).await.expect(200).json();
            assert_eq!(seen(&shown), [own], "{shown}");
            assert_eq!(shown["requestedOrganizations"], json!([]), "{shown}");
            assert_eq!(shown["awaitingConfirmation"], false, "{shown}");
        }
        for path in ["/api/v1/user".to_owned(), format!("/api/v1/user/organizationUsers/{here}"),
            format!("/api/v1/permission?userId={both}")] {
            let shown = admin.get(&path).await.expect(200).text();
            assert!(!shown.contains("Read of 2") && shown.contains(&format!("Read of {here}")), "{path}: {shown}");
        }
        for path in [format!("/api/v1/api-key/{key}"), format!("/api/v1/api-key?organizationId={here}")] {
            let shown = admin.get(&path).await.expect(200).text();
            assert!(!shown.contains("Read of 2") && shown.contains(&format!("Read of {here}")), "{path}: {shown}");
        }
        let shown = scene.global.get(format!("/api/v1/api-key/{key}")).await.expect(200).json();
        assert_eq!(seen(&shown), [own, other], "{shown}");
    }

    /// Who is not global does not learn which numbers of groups and users there are.
    async fn numbers_of_others_are_like_numbers_of_nobody(server: Server) {
        let scene = Scene::new(&server).await;
        let admin = scene.caller(0, "OrganizationUserAdmin");
        let (group, stranger) = (scene.groups[1][3], scene.users[1][0]);
        let user = |groups: Value| json!({ "name": "n", "email": "n@example.org", "password": SECRET, "active": true,
            "permissionIds": groups });
        let members = |users: Value| json!({ "name": "m", "organizationId": scene.organisations[0],
            "levels": [{ "type": "Read" }], "userIds": users });
        for (path, theirs, nobodys) in [
            ("/api/v1/api-key", json!({ "name": "key", "permissionIds": [group] }), json!({ "name": "key", "permissionIds": [4_711] })),
            ("/api/v1/user", user(json!([group])), user(json!([4_711]))),
            ("/api/v1/permission", members(json!([stranger])), members(json!([4_711]))),
        ] {
            let theirs = admin.post(path, theirs).await.expect(403).text();
            let nobodys = admin.post(path, nobodys).await.expect(403).text();
            assert_eq!(theirs, nobodys, "{path}");
        }
    }

    /// A refusal repeats the body for each broken field, so a body is small.
    async fn a_refusal_is_not_many_times_a_large_body(server: Server) {
        let scene = Scene::new(&server).await;
        let body = json!({ "x": vec![0; 100_000], "name": 1, "organizationId": "a", "permissionIds": 1, "status": 1 });
        scene.global.post("/api/v1/application", body).await.expect(413);
        let numbers: Vec<i64> = (1..=1_001).collect();
        let many = json!({ "requestedOrganizationIds": numbers });
        let refused = scene.global.put("/api/v1/kombitCreation/updateUserOrgs", many).await.expect(400).text();
        assert!(refused.contains("arrayMaxSize"), "{refused}");
    }
}
