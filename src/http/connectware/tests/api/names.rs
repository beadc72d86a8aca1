//! Names and passwords: what is refused, and which spellings are the same.

use serde_json::json;

use crate::support::{both_engines, client::Client, connectware::*, server::Server};

/// Texts that cannot be names of users or of roles, and a word of the message that says why.
const NO_NAMES: [(&str, &str); 11] = [
    ("ada\u{200b}", "invisible"),
    ("a\u{ad}da", "invisible"),
    ("\u{202e}ada", "invisible"),
    ("ada\u{200d}l", "invisible"),
    ("ada☃", "letters"),
    ("ﬁtter", "letters"),
    ("אדהada", "left-to-right"),
    ("ada.", "dot"),
    ("System", "reserved"),
    ("аdmin", "scripts"),
    ("рауса", "ASCII"),
];

async fn may_log_in(caller: &Client, username: &str, password: &str) -> bool {
    let body = json!({ "username": username, "password": password });
    let answer = caller.anonymous().post("/api/login", body).await;
    answer.status == 200
}

both_engines! {
    async fn a_name_that_could_be_taken_for_another_is_refused_everywhere(server: Server) {
        let admin = server.admin().await;
        let ada = create_user(&admin, "ada").await;
        let operators = create_role(&admin, "operators", json!([])).await;
        for (name, why) in NO_NAMES {
            let (new_user, new_role, change) = (user(name, json!({})), role(name, json!([])), json!({ "username": name }));
            let rename = json!({ "name": name });
            for (method, path, body) in [
                ("POST", "/api/users".to_owned(), new_user.clone()),
                ("POST", "/api/users/batch".to_owned(), json!([new_user])),
                ("PUT", format!("/api/users/{ada}"), change),
                ("POST", "/api/roles".to_owned(), new_role),
                ("PUT", format!("/api/roles/{operators}"), rename),
            ] {
                let sent = admin.call(method.parse().expect("a method"), &path);
                let problem = sent.body("application/json", body.to_string()).await.expect_error(400);
                assert_eq!(problem.code, "invalid_request", "{method} {path} {name:?}");
                assert!(problem.message.contains(why), "{method} {path} {name:?}: {}", problem.message);
                assert!(!problem.message.contains(name), "{}", problem.message);
                if path.ends_with("batch") {
                    continue;
                }
                let foretold = json!({ "method": method, "path": path, "body": body });
                let problem = admin.post("/access/v1/dry-run", foretold).await.expect_error(400);
                assert!(problem.message.contains(why), "dry-run of {method} {path} {name:?}: {}", problem.message);
            }
        }
        for name in ["line  7", "line\u{a0}7", " line", "line ", "line\t7"] {
            admin.post("/api/roles", role(name, json!([]))).await.expect_error(400);
        }
        admin.post("/api/users", user("line 7", json!({}))).await.expect_error(400);
    }

    async fn a_name_is_kept_and_found_in_its_spelling(server: Server) {
        let admin = server.admin().await;
        let made = admin.post("/api/users", user("wa\u{308}rter", json!({}))).await.expect(201).json();
        assert_eq!(made["username"], "wärter");
        let made = admin.post("/api/roles", role("Scha\u{308}fer ７", json!([]))).await.expect(201).json();
        assert_eq!(made["name"], "Schäfer 7");

        for typed in ["wärter", "wa\u{308}rter"] {
            assert!(may_log_in(&admin, typed, PASSWORD).await, "{typed}");
            admin.anonymous().basic(typed, PASSWORD).get("/api/session").await.expect(200);
            let path = format!("/api/listUsers?username[eq]={}", percent(typed));
            let found = admin.get(path).await.expect(200).json();
            assert_eq!(all(&found["users"], "username"), ["wärter"]);
            let question = json!({
                "subject": { "type": "username", "id": typed },
                "action": { "name": "read" },
                "resource": { "type": "http", "id": "/api/users" },
                "context": { "explain": true },
            });
            let answer = admin.post("/access/v1/evaluation", question).await.expect(200).text();
            assert!(!answer.contains("unknown_subject"), "{answer}");
        }
        for typed in ["Schäfer 7", "Scha\u{308}fer 7", "Schäfer\u{3000}7"] {
            let found = admin.get(format!("/api/roles?name[eq]={}", percent(typed))).await.expect(200).json();
            assert_eq!(all(&found, "name"), ["Schäfer 7"], "{typed}");
            let found = admin.get(format!("/api/roles/page?names={}", percent(typed))).await.expect(200).json();
            assert_eq!(all(&found["roles"], "name"), ["Schäfer 7"], "{typed}");
        }
        assert!(!may_log_in(&admin, "Wärter", PASSWORD).await, "a look-up is exact");
        assert!(!may_log_in(&admin, "warter", PASSWORD).await);
    }

    async fn names_that_differ_in_case_or_form_alone_cannot_both_exist(server: Server) {
        let admin = server.admin().await;
        create_user(&admin, "Straße").await;
        let grace = create_user(&admin, "grace").await;
        create_role(&admin, "Line 7", json!([])).await;
        let fitters = create_role(&admin, "fitters", json!([])).await;
        let (name, role_name) = ("STRASSE", "ＬＩＮＥ 7");
        for (method, path, body, code) in [
            ("POST", "/api/users".to_owned(), user(name, json!({})), "username_taken"),
            ("POST", "/api/users/batch".to_owned(), json!([user(name, json!({}))]), "username_taken"),
            ("POST", "/api/users/batch".to_owned(), json!([user("one", json!({})), user("ONE", json!({}))]), "username_taken"),
            ("PUT", format!("/api/users/{grace}"), json!({ "username": name }), "username_taken"),
            ("POST", "/api/roles".to_owned(), role(role_name, json!([])), "role_name_taken"),
            ("PUT", format!("/api/roles/{fitters}"), json!({ "name": role_name }), "role_name_taken"),
        ] {
            let sent = admin.call(method.parse().expect("a method"), &path);
            let problem = sent.body("application/json", body.to_string()).await.expect_error(409);
            assert_eq!(problem.code, code, "{method} {path}");
            if !path.ends_with("batch") {
                let foretold = json!({ "method": method, "path": path, "body": body });
                assert_eq!(admin.post("/access/v1/dry-run", foretold).await.expect_error(409).code, code);
            }
        }
        assert!(!may_log_in(&admin, "strasse", PASSWORD).await, "a look-up is exact");
        admin.put(format!("/api/users/{grace}"), json!({ "username": "Grace" })).await.expect(200);
        admin.put(format!("/api/roles/{fitters}"), json!({ "name": "Fitters" })).await.expect(200);
        admin.delete(format!("/api/users/{grace}")).await.expect(204);
        create_user(&admin, "GRACE").await;
    }

    async fn a_password_is_the_same_however_it_is_typed(server: Server) {
        let admin = server.admin().await;
        let body = user("ada", json!({ "password": "pa\u{308}sswo\u{308}rd 1" }));
        let id = id_of(&admin.post("/api/users", body).await.expect(201).json());
        for typed in ["pässwörd 1", "pa\u{308}sswo\u{308}rd 1", "pässwörd\u{a0}1"] {
            assert!(may_log_in(&admin, "ada", typed).await, "{typed:?}");
        }
        assert!(!may_log_in(&admin, "ada", "passwörd 1").await);

        admin.put(format!("/api/users/{id}"), json!({ "password": "비밀번호 1" })).await.expect(200);
        let decomposed = "\u{1107}\u{1175}\u{1106}\u{1175}\u{11af}\u{1107}\u{1165}\u{11ab}\u{1112}\u{1169} 1";
        let ada = admin.anonymous().login("ada", decomposed).await;

        let change = json!({ "password": decomposed, "newPassword": "ne\u{301} à\u{3000}Brest" });
        ada.put("/api/users/change-password", change).await.expect(204);
        assert!(may_log_in(&admin, "ada", "né à Brest").await);
    }

    async fn what_no_keyboard_types_reliably_is_no_password(server: Server) {
        let admin = server.admin().await;
        let id = create_user(&admin, "ada").await;
        let ada = admin.anonymous().login("ada", PASSWORD).await;
        for password in ["tab\tulator", "zero\u{200b}width", "null\0byte", "soft\u{ad}hyphen", "not\u{378}assigned"] {
            let problem = admin.post("/api/users", user("grace", json!({ "password": password }))).await.expect_error(400);
            assert_eq!(problem.code, "password_policy", "{password:?}");
            admin.put(format!("/api/users/{id}"), json!({ "password": password })).await.expect_error(400);
            let change = json!({ "password": PASSWORD, "newPassword": password });
            ada.put("/api/users/change-password", change).await.expect_error(400);
            assert!(!may_log_in(&admin, "ada", password).await);
        }
        assert!(may_log_in(&admin, "ada", PASSWORD).await);
    }
}

/// A text as a part of a query.
fn percent(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}
