//! `PUT /api/users/{id}`

use serde_json::{Value, json};

use crate::support::{both_engines, connectware::*, server::Server};

both_engines! {
    async fn what_is_given_changes_and_the_rest_stays(server: Server) {
        let admin = server.admin().await;
        let operators = create_role(&admin, "operators", json!([])).await;
        let body = user(
            "ada",
            json!({
                "mqttPublishPrefix": "clients/ada",
                "roles": [operators],
                "initialPermissions": [mqtt("a/#", "read")],
                "certificates": [{ "fingerprint": "ab".repeat(32) }],
            }),
        );
        let made = admin.post("/api/users", body).await.expect(201).json();
        let path = format!("/api/users/{}", id_of(&made));

        let mut wanted = made.clone();
        let changes: [(&str, Value); 5] = [
            ("username", json!("lovelace")),
            ("mqttPublishPrefix", json!("elsewhere")),
            ("enforceMFAEnrollment", json!(true)),
            ("grantTypes", json!([{ "method": "token", "isRequired": false }])),
            ("identityProvider", json!("ldap")),
        ];
        for (field, value) in changes {
            wanted[field] = value.clone();
            if field == "username" {
                // The role of her own permissions has her username as its name.
                let own = wanted["roles"].as_array_mut().expect("a list");
                own.iter_mut()
                    .filter(|role| role["name"] == "ada")
                    .for_each(|role| role["name"] = value.clone());
            }
            let answer = admin.put(&path, json!({ field: value })).await.expect(200).json();
            assert_user(&answer);
            assert_eq!(answer, wanted, "after changing {field}");
            assert_eq!(admin.get(&path).await.expect(200).json(), wanted);
        }
    }

    async fn nothing_given_changes_nothing(server: Server) {
        let admin = server.admin().await;
        let id = create_user(&admin, "ada").await;
        let before = get_user(&admin, &id).await;
        let answer = admin.put(format!("/api/users/{id}"), json!({})).await.expect(200);
        assert_eq!(answer.json(), before);
    }

    async fn roles_are_replaced(server: Server) {
        let admin = server.admin().await;
        let one = create_role(&admin, "one", json!([])).await;
        let two = create_role(&admin, "two", json!([])).await;
        let id = create_user_with(&admin, "ada", json!({ "roles": [one] })).await;
        let path = format!("/api/users/{id}");
        let answer = admin.put(&path, json!({ "roles": [two] })).await.expect(200).json();
        assert_eq!(all(&answer["roles"], "name"), ["two"]);
        let answer = admin.put(&path, json!({ "roles": [] })).await.expect(200).json();
        assert_eq!(answer["roles"], json!([]));
        let problem = admin.put(&path, json!({ "roles": [one, NOBODY] })).await.expect_error(400);
        assert!(problem.message.contains(NOBODY), "the message should name the unknown role: {problem:?}");
        assert_eq!(get_user(&admin, &id).await["roles"], json!([]));
    }

    async fn own_permissions_are_replaced(server: Server) {
        let admin = server.admin().await;
        let id = create_user_with(&admin, "ada", json!({ "initialPermissions": [mqtt("a", "read")] })).await;
        let path = format!("/api/users/{id}");
        let wanted = json!({ "permissions": [mqtt("b", "read"), mqtt("c", "write")] });
        let answer = admin.put(&path, wanted).await.expect(200).json();
        let rights: Vec<_> = list(&answer["roles"][0]["permissions"]).iter().map(right).collect();
        assert_eq!(rights, [mqtt("b", "read"), mqtt("c", "write")]);
        let answer = admin.put(&path, json!({ "permissions": [] })).await.expect(200).json();
        let left: usize = list(&answer["roles"]).iter().map(|role| list(&role["permissions"]).len()).sum();
        assert_eq!(left, 0, "{answer}");
    }

    async fn rights_follow_at_once(server: Server) {
        let admin = server.admin().await;
        let id = create_user(&admin, "ada").await;
        let ada = server.anonymous().login("ada", PASSWORD).await;
        ada.get("/api/users/ids").await.expect_error(403);
        let path = format!("/api/users/{id}");
        let given = json!({ "permissions": [http("/api/users/#", "read")] });
        admin.put(&path, given).await.expect(200);
        ada.get("/api/users/ids").await.expect(200);
        admin.put(&path, json!({ "permissions": [] })).await.expect(200);
        ada.get("/api/users/ids").await.expect_error(403);
    }

    async fn a_new_password_takes_the_place_of_the_old(server: Server) {
        let admin = server.admin().await;
        let id = create_user(&admin, "ada").await;
        admin.put(format!("/api/users/{id}"), json!({ "password": "set by another" })).await.expect(200);
        let old = json!({ "username": "ada", "password": PASSWORD });
        server.anonymous().post("/api/login", old).await.expect_error(401);
        server.anonymous().login("ada", "set by another").await;
    }

    async fn another_name_must_be_free(server: Server) {
        let admin = server.admin().await;
        create_user(&admin, "grace").await;
        let id = create_user(&admin, "ada").await;
        let path = format!("/api/users/{id}");
        admin.put(&path, json!({ "username": "grace" })).await.expect_error(409);
        admin.put(&path, json!({ "username": "ada" })).await.expect(200);
        admin.put(&path, json!({ "username": "lovelace" })).await.expect(200);
        server.anonymous().login("lovelace", PASSWORD).await;
        let old = json!({ "username": "ada", "password": PASSWORD });
        server.anonymous().post("/api/login", old).await.expect_error(401);
        create_user(&admin, "ada").await;
    }

    async fn a_switch_for_a_second_factor_that_is_not_there_is_taken(server: Server) {
        let admin = server.admin().await;
        let id = create_user(&admin, "ada").await;
        let answer = admin.put(format!("/api/users/{id}"), json!({ "disableMfa": true })).await.expect(200);
        assert_eq!(answer.json()["mfa_is_enrolled"], false);
    }

    async fn malformed_changes_change_nothing(server: Server) {
        let admin = server.admin().await;
        let id = create_user(&admin, "ada").await;
        let before = get_user(&admin, &id).await;
        for wrong in [
            json!({ "username": "ab" }),
            json!({ "password": "four" }),
            json!({ "identityProvider": "elsewhere" }),
            json!({ "grantTypes": [{ "method": "guess", "isRequired": false }] }),
            json!({ "mqttPublishPrefix": "a/+" }),
            json!({ "roles": [1] }),
            json!({ "permissions": [mqtt("a/#/b", "read")] }),
            json!({ "enforceMFAEnrollment": 1 }),
            json!({ "disableMfa": "yes" }),
            json!({ "mqttPublishPrefix": "fine", "username": "no" }),
            json!([]),
        ] {
            let answer = admin.put(format!("/api/users/{id}"), wrong.clone()).await;
            assert_eq!(answer.status, 400, "{wrong}: {answer:?}");
            answer.expect_error(400);
        }
        assert_eq!(get_user(&admin, &id).await, before);
    }

    async fn nobody_is_changed_by_an_unknown_id(server: Server) {
        let admin = server.admin().await;
        admin.put(format!("/api/users/{NOBODY}"), json!({ "username": "ada" })).await.expect_error(404);
        admin.put("/api/users/ada", json!({ "username": "ada" })).await.expect_error(400);
    }

    async fn the_last_administrator_stays_one(server: Server) {
        let admin = server.admin().await;
        let path = format!("/api/users/{}", admin_id(&admin).await);
        for undoing in [
            json!({ "roles": [] }),
            json!({ "grantTypes": [] }),
            json!({ "grantTypes": [{ "method": "certificate", "isRequired": false }] }),
            json!({ "identityProvider": "ldap" }),
        ] {
            let answer = admin.put(&path, undoing.clone()).await;
            assert_eq!(answer.status, 409, "{undoing}: {answer:?}");
            answer.expect_error(409);
        }
        // When there is a second administrator, the first one can be removed.
        let administrators = role_named(&admin, "connectware-admin").await;
        create_user_with(&admin, "second", json!({ "roles": [administrators] })).await;
        admin.put(&path, json!({ "roles": [] })).await.expect(200);
        admin.get("/api/users/ids").await.expect_error(403);
    }
}
