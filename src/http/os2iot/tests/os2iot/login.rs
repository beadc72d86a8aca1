//! `/api/v1/auth`

use serde_json::json;

use super::*;
use crate::support::{
    both_engines,
    client::assert_keys,
    connectware::*,
    second_factor::{enable, step},
};

both_engines! {
    async fn the_first_administrator_is_a_global_administrator(server: Server) {
        let global = global(&server).await;
        let profile = global.get("/api/v1/auth/profile").await.expect(200).json();
        assert_eq!(profile, json!({ "sub": 1, "username": "admin" }));
        let me = global.get("/api/v1/auth/me").await.expect(200).json();
        assert_keys(&me, &["user", "organizations"]);
        assert_eq!(me["user"]["permissions"][0]["type"][0]["type"], "GlobalAdmin", "{me}");
        assert_eq!(me["user"]["permissions"][0]["organization"], Value::Null);
    }

    async fn a_user_logs_in_by_their_address(server: Server) {
        let scene = Scene::new(&server).await;
        let reader = scene.caller(0, "Read");
        let profile = reader.get("/api/v1/auth/profile").await.expect(200).json();
        assert_eq!(profile["sub"], scene.users[0][3]);
        assert_eq!(profile["username"], "read-0@example.org");
        let me = reader.get("/api/v1/auth/me").await.expect(200).json();
        assert_eq!(list(&me["organizations"]).len(), 1, "{me}");
        // The address counts in any case.
        login(&server, "READ-0@Example.org", SECRET).await;
        // The token is no token of another face, and the other way round.
        reader.get("/api/session").await.expect_error(401);
        server.admin().await.get("/api/v1/auth/profile").await.expect(401);
    }

    async fn the_last_login_is_known_and_sorts_users(server: Server) {
        let scene = Scene::new(&server).await;
        let never = new_user(&scene.global, "never", &[scene.groups[0][3]]).await;
        let refused = json!({ "username": "never@example.org", "password": "wrong-password" });
        server.anonymous().post("/api/v1/auth/login", refused).await.expect(401);
        let user = async |number: i64| scene.global.get(format!("/api/v1/user/{number}")).await.expect(200).json();
        assert_eq!(user(never).await["lastLogin"], Value::Null);
        let reader = scene.users[0][3];
        let before = user(reader).await;
        // A login on another face is none on this one.
        server.admin().await;
        login(&server, "read-0@example.org", SECRET).await;
        let after = user(reader).await;
        assert!(text(&after["lastLogin"]) > text(&before["lastLogin"]), "{before} {after}");
        assert_eq!(after["updatedAt"], before["updatedAt"], "a login changes nothing else");
        let sorted = async |way: &str| {
            let users = scene.global.get(format!("/api/v1/user?orderOn=lastLogin&sort={way}")).await.expect(200).json();
            list(&users["data"]).iter().map(id).collect::<Vec<i64>>()
        };
        // Who never logged in comes last.
        let ascending = sorted("ASC").await;
        assert!(ascending.ends_with(&[reader, never]), "{ascending:?}");
        assert_eq!(ascending[0], 1, "the global administrator logged in first");
        let descending: Vec<i64> = ascending.iter().rev().copied().collect();
        assert_eq!(sorted("DESC").await, descending);
    }

    async fn all_refused_logins_look_alike(server: Server) {
        let scene = Scene::new(&server).await;
        let deactivated = json!({ "name": "x", "active": false, "permissionIds": [scene.groups[0][3]] });
        scene.global.put(format!("/api/v1/user/{}", scene.users[0][3]), deactivated).await.expect(200);
        create_user(&server.admin().await, "no-account").await;
        for (username, password) in [
            ("read-1@example.org", "wrong-password"),
            ("nobody@example.org", SECRET),
            ("read-0@example.org", SECRET),
            ("no-account", PASSWORD),
            ("admin", "wrong-password"),
        ] {
            let body = json!({ "username": username, "password": password });
            let answer = server.anonymous().post("/api/v1/auth/login", body).await.expect(401).json();
            assert_keys(&answer, &["statusCode", "timestamp", "path"]);
            assert_eq!(answer["path"], "/api/v1/auth/login", "{username}");
            assert_eq!(answer["statusCode"], 401);
            assert_time(&answer["timestamp"]);
        }
        for body in [json!({}), json!({ "username": "admin" }), json!({ "password": SECRET })] {
            let answer = server.anonymous().post("/api/v1/auth/login", body).await.expect(401).json();
            assert_keys(&answer, &["statusCode", "timestamp", "path"]);
        }
    }

    async fn whoever_is_deactivated_may_do_nothing_any_more(server: Server) {
        let scene = Scene::new(&server).await;
        let reader = scene.caller(0, "Read");
        let path = format!("/api/v1/application/{}", scene.applications[0]);
        reader.get(&path).await.expect(200);
        let of = |active: bool| json!({ "name": "x", "active": active, "permissionIds": [scene.groups[0][3]] });
        let user = format!("/api/v1/user/{}", scene.users[0][3]);
        scene.global.put(&user, of(false)).await.expect(200);
        reader.get(&path).await.expect(403);
        reader.get("/api/v1/auth/me").await.expect(401);
        scene.global.put(&user, of(true)).await.expect(200);
        reader.get(&path).await.expect(200);
    }

    /// This API has no place for a code, so whoever has enrolled a second factor is refused here, and not let in without it.
    async fn a_second_factor_is_not_walked_round(server: Server) {
        let global = global(&server).await;
        let admin = server.admin().await;
        let now = step(&admin).await;
        let device = enable(&admin).await;
        admin.post("/api/mfa/validate", json!({ "otp": device.code(now) })).await.expect(200);
        let body = json!({ "username": "admin", "password": ADMIN_PASSWORD });
        server.anonymous().post("/api/v1/auth/login", body).await.expect(401);
        // Whoever was logged in before stays so.
        global.get("/api/v1/auth/me").await.expect(200);
    }

    async fn nobody_squats_an_address(server: Server) {
        let admin = server.admin().await;
        create_user(&admin, "ada@example.org").await;
        let global = global(&server).await;
        let made = organisation(&global, "Aarhus").await;
        let readers = group(&global, made, "Read").await;
        let body = json!({ "name": "Ada", "email": "ada@example.org", "password": SECRET, "active": true,
            "permissionIds": [readers] });
        global.post("/api/v1/user", body.clone()).await.expect(201);
        login(&server, "ada@example.org", SECRET).await;
        let refused = server.anonymous().post("/api/v1/auth/login",
            json!({ "username": "ada@example.org", "password": PASSWORD })).await;
        refused.expect(401);
        let taken = global.post("/api/v1/user", body).await.expect(400).json();
        assert_eq!(message(&taken), "MESSAGE.USER-ALREADY-EXISTS");
    }

    /// The number of an account stands for its user, with all that the user held before.
    async fn the_rights_of_an_account_are_those_of_its_user(server: Server) {
        let admin = server.admin().await;
        let user = admin_id(&admin).await;
        let gained = async |subject: String| {
            let path = format!("/access/v1/changes?subject={subject}");
            let all = admin.get(path).await.expect(200).json();
            assert_eq!(all["next"], Value::Null, "{all}");
            let mut resources: Vec<String> =
                list(&all["gained"]).iter().map(|one| text(&one["permission"]["resource"]).to_owned()).collect();
            resources.sort_unstable();
            (resources, text(&all["changes"][0]["by"]["event"]).to_owned())
        };
        let (of_user, first) = gained(format!("user:{user}")).await;
        let (of_account, opened) = gained("os2iot-user:1".to_owned()).await;
        assert!(first != opened && opened == "os2iot_account.opened", "{first} {opened}");
        assert!(of_user.len() > 2, "{of_user:?}");
        assert_eq!(of_account, of_user);
        let search = json!({
            "subject": { "type": "os2iot-user" }, "action": { "name": "write" }, "resource": { "type": "os2iot-user", "id": "1" },
        });
        let found = admin.post("/access/v1/search/subject", search).await.expect(200).json();
        assert_eq!(found["results"], json!([{ "type": "os2iot-user", "id": "1" }]));
    }

    /// Whoever must do something else first may do nothing here until they have done it on the connectware face.
    async fn whoever_must_do_something_else_first_does_nothing_here(server: Server) {
        {
            let demand = "mustChangePassword";
            let (admin, global) = (server.admin().await, global(&server).await);
            let path = format!("/api/users/{}", admin_id(&admin).await);
            global.get("/api/v1/user").await.expect(200);
            admin.put(&path, json!({ demand: true })).await.expect(200);
            for refused in ["/api/v1/user", "/api/v1/organization", "/api/v1/application", "/api/v1/auth/me",
                "/api/v1/kombitCreation/minimal", "/api/v1/permission"] {
                global.get(refused).await.expect(403);
            }
            global.post("/api/v1/organization", json!({ "name": "Mine" })).await.expect(403);
            global.put("/api/v1/user/1/hide-welcome", json!({})).await.expect(403);
        }
    }
}
