//! `/api/mfa`, and the second factor of named users.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{
    both_engines,
    client::{Client, assert_keys},
    connectware::*,
    second_factor::*,
    server::Server,
};

const KEYS: [&str; 6] = [
    "token",
    "expiresAt",
    "permissions",
    "needsMfa",
    "secret",
    "enforceMFAEnrollment",
];

async fn mfa_of(session: &Client) -> Value {
    session.get("/api/session").await.expect(200).json()["mfa"].clone()
}

/// How often each status occurs.
fn count(statuses: &[u16], wanted: u16) -> usize {
    statuses.iter().filter(|status| **status == wanted).count()
}

both_engines! {
    async fn a_user_enrols_and_logs_in_with_both_factors(server: Server) {
        let admin = server.admin().await;
        let id = create_user(&admin, "ada").await;
        let session = admin.login("ada", PASSWORD).await;

        let answer = session.post("/api/mfa/enable", json!({})).await.expect(200);
        assert!(answer.position() > 0);
        let answer = answer.json();
        assert_keys(&answer, &["uri"]);
        let uri = text(&answer["uri"]);
        assert!(uri.starts_with("otpauth://totp/Muniment:ada?issuer=Muniment&secret="), "{uri}");
        assert!(uri.ends_with("&algorithm=SHA1&digits=6&period=30"), "{uri}");
        let device = Device::of(uri);

        // Nothing has changed yet.
        admin.login("ada", PASSWORD).await;
        assert_eq!(get_user(&admin, &id).await["mfa_is_enrolled"], false);
        assert_eq!(mfa_of(&session).await, json!({ "enabled": false, "enforced": false }));

        let step = step(&admin).await;
        let wrong = session.post("/api/mfa/validate", json!({ "otp": device.wrong(step) })).await;
        assert_eq!(wrong.expect_error(400).code, "wrong_code");
        let answer = session.post("/api/mfa/validate", json!({ "otp": device.code(step) })).await.expect(200).json();
        assert_keys(&answer, &["backupCodes"]);
        assert_eq!(list(&answer["backupCodes"]).len(), 10);

        assert_eq!(get_user(&admin, &id).await["mfa_is_enrolled"], true);
        let listed = admin.get("/api/listUsers?username[eq]=ada").await.expect(200).json();
        assert_eq!(listed["users"][0]["mfa_is_enrolled"], true);
        assert_user(&listed["users"][0]);
        // The session in which the user enrolled goes on.
        assert_eq!(mfa_of(&session).await, json!({ "enabled": true, "enforced": false }));

        let login = json!({ "username": "ada", "password": PASSWORD, "expireTimeInHours": 2, "label": "my laptop" });
        let half = server.anonymous().post("/api/login", login).await.expect(200).json();
        assert_keys(&half, &KEYS);
        assert_eq!((&half["token"], &half["expiresAt"], &half["needsMfa"]), (&Value::Null, &Value::Null, &json!(true)));
        assert_eq!(half["permissions"], json!([]));

        let body = json!({ "username": "ada", "otp": device.code(step + 1), "secret": half["secret"] });
        let answer = server.anonymous().post("/api/mfa/login", body).await.expect(200);
        assert!(answer.position() > 0);
        let answer = answer.json();
        assert_keys(&answer, &KEYS);
        assert_eq!((&answer["needsMfa"], &answer["secret"]), (&json!(false), &Value::Null));
        let token = server.anonymous().bearer(text(&answer["token"]));
        let shown = token.get("/api/session").await.expect(200).json();
        assert_eq!(shown["expiresAt"], answer["expiresAt"]);
        // What the first request wished for holds.
        let tokens = get_user(&admin, &id).await["tokens"].clone();
        let labelled: Vec<_> = list(&tokens).iter().filter(|token| token["label"] == "my laptop").collect();
        assert_eq!(labelled.len(), 1, "{tokens}");
        assert_eq!(labelled[0]["expiresAt"], answer["expiresAt"]);
    }

    async fn the_newest_secret_counts_and_only_once(server: Server) {
        let admin = server.admin().await;
        create_user(&admin, "ada").await;
        let session = admin.login("ada", PASSWORD).await;
        let none = session.post("/api/mfa/validate", json!({ "otp": "123456" })).await;
        assert_eq!(none.expect_error(409).code, "mfa_not_begun");
        let first = enable(&session).await;
        let second = enable(&session).await;
        let step = step(&admin).await;
        let (old, new) = (first.code(step), second.code(step));
        let validate = async |otp: &str| session.post("/api/mfa/validate", json!({ "otp": otp })).await;
        validate(&old).await.expect_error(400);
        validate(&new).await.expect(200);
        assert_eq!(validate(&new).await.expect_error(409).code, "mfa_enrolled");
        let again = session.post("/api/mfa/enable", json!({})).await;
        assert_eq!(again.expect_error(409).code, "mfa_enrolled");
    }

    async fn the_qr_code_comes_as_png_and_svg(server: Server) {
        let admin = server.admin().await;
        for (query, accept, kind, begins) in [
            ("?format=png", "*/*", "image/png", &b"\x89PNG\r\n"[..]),
            ("?format=svg", "*/*", "image/svg+xml", b"<?xml"),
            ("", "image/png", "image/png", b"\x89PNG\r\n"),
            ("", "image/svg+xml", "image/svg+xml", b"<?xml"),
            ("?format=json", "image/png", "application/json", b"{\"uri\""),
        ] {
            let call = admin.post(format!("/api/mfa/enable{query}"), json!({})).header("accept", accept);
            let answer = call.await.expect(200);
            assert_eq!(answer.content_type(), kind, "{query} {accept}");
            assert!(answer.body.starts_with(begins), "{query} {accept}");
        }
        admin.post("/api/mfa/enable?format=gif", json!({})).await.expect_error(400);
        admin.post("/api/mfa/enable?size=7", json!({})).await.expect_error(400);
    }

    async fn a_wrong_code_ends_no_login_and_success_ends_it(server: Server) {
        let admin = server.admin().await;
        let ada = Enrolled::user(&admin, "ada").await;
        let handle = ada.begin().await;
        for _ in 0..2 {
            let wrong = ada.complete(&handle, &ada.device.wrong(ada.step)).await;
            assert_eq!(wrong.expect_error(401).code, "wrong_code");
        }
        let wrong = ada.complete_by_backup_code(&handle, "aaaa-aaaa-aaaa-aaaa").await;
        assert_eq!(wrong.expect_error(401).code, "wrong_code");
        ada.complete(&handle, &ada.next_code()).await.expect(200);
        // A code that was not used before does not help.
        let again = ada.complete_by_backup_code(&handle, &ada.backup_codes[0]).await;
        assert_eq!(again.expect_error(401).code, "login_ended");
        // The code is still good: the ended login did not use it up.
        ada.log_in(0).await.get("/api/session").await.expect(200);
    }

    async fn a_login_is_completed_only_by_who_began_it(server: Server) {
        let admin = server.admin().await;
        let ada = Enrolled::user(&admin, "ada").await;
        let grace = Enrolled::user(&admin, "grace").await;
        let handle = ada.begin().await;
        let call = |username: &str, secret: &str, otp: String| {
            let body = json!({ "username": username, "secret": secret, "otp": otp });
            server.anonymous().post("/api/mfa/login", body)
        };
        for (name, secret) in [
            ("grace", handle.as_str()),
            ("nobody", &handle),
            ("", &handle),
            ("ada", ""),
            ("ada", "AAAA"),
            ("ada", &handle[1..]),
            ("ada", &format!("{handle}AAAA")),
            ("ada", &grace.begin().await),
            ("ada", ada.session.token()),
        ] {
            for device in [&ada.device, &grace.device] {
                let answer = call(name, secret, device.code(ada.step + 1)).await;
                assert_eq!(answer.expect_error(401).code, "login_ended", "{name} {secret}");
            }
        }
        // None of this was counted as a wrong code, or used one up.
        call("ada", &handle, ada.next_code()).await.expect(200);
    }

    async fn a_malformed_code_is_refused_and_not_counted(server: Server) {
        let admin = server.admin().await;
        let ada = Enrolled::user(&admin, "ada").await;
        let handle = ada.begin().await;
        for _ in 0..2 {
            for code in [
                json!({}),
                json!({ "otp": "123456", "backupCode": ada.backup_codes[0] }),
                json!({ "otp": "12345" }),
                json!({ "otp": "1234567" }),
                json!({ "otp": "abcdef" }),
                json!({ "otp": 123_456 }),
                json!({ "backupCode": "" }),
                json!({ "backupCode": "aaaa" }),
                json!({ "backupCode": null }),
            ] {
                let mut body = json!({ "username": "ada", "secret": handle });
                body.as_object_mut().expect("members").extend(code.as_object().expect("members").clone());
                server.anonymous().post("/api/mfa/login", body).await.expect_error(400);
                for path in ["/api/mfa/disable", "/api/mfa/regenerate/backupcodes"] {
                    ada.session.post(path, code.clone()).await.expect_error(400);
                }
            }
        }
        for body in [json!([]), json!(null), json!({ "username": "ada", "otp": "123456" }), json!({ "secret": "x", "otp": "123456" })] {
            server.anonymous().post("/api/mfa/login", body).await.expect_error(400);
        }
        ada.complete(&handle, &ada.next_code()).await.expect(200);
    }

    async fn a_code_is_used_once_by_whatever_path(server: Server) {
        let admin = server.admin().await;
        let ada = Enrolled::user(&admin, "ada").await;
        let enrolment = ada.device.code(ada.step);
        let next = ada.next_code();
        // The code that enrolled the device, and after the login the code of the login.
        for (code, is_new) in [(&enrolment, false), (&next, true), (&next, false)] {
            if is_new {
                ada.complete(&ada.begin().await, code).await.expect(200);
                continue;
            }
            let used = ada.complete(&ada.begin().await, code).await;
            assert_eq!(used.expect_error(401).code, "wrong_code");
            for path in ["/api/mfa/disable", "/api/mfa/regenerate/backupcodes"] {
                let used = ada.session.post(path, json!({ "otp": code })).await;
                assert_eq!(used.expect_error(400).code, "wrong_code", "{path}");
            }
        }
        // Six codes that were used before are no six guesses: nobody is banned.
        ada.log_in(0).await;
    }

    async fn twenty_uses_of_a_code_at_once_are_one_use(server: Server) {
        let admin = server.admin().await;
        let ada = Enrolled::user(&admin, "ada").await;
        let mut handles = Vec::new();
        for _ in 0..20 {
            handles.push(ada.begin().await);
        }
        let code = ada.next_code();
        let uses = handles.iter().map(|handle| ada.complete(handle, &code));
        let statuses: Vec<u16> = join_all(uses).await.iter().map(|answer| answer.status).collect();
        assert_eq!((count(&statuses, 200), count(&statuses, 401)), (1, 19), "{statuses:?}");

        // The same login many times.
        let handle = ada.begin().await;
        let uses = ada.backup_codes.iter().map(|code| ada.complete_by_backup_code(&handle, code));
        let statuses: Vec<u16> = join_all(uses).await.iter().map(|answer| answer.status).collect();
        assert_eq!(count(&statuses, 200), 1, "{statuses:?}");
        assert_eq!(count(&statuses, 401), 9, "{statuses:?}");
    }

    async fn twenty_uses_of_a_code_by_different_paths_are_one_use(server: Server) {
        let admin = server.admin().await;
        let ada = Enrolled::user(&admin, "ada").await;
        let code = json!({ "otp": ada.next_code() });
        let regenerate = (0..20).map(|_| async { ada.session.post("/api/mfa/regenerate/backupcodes", code.clone()).await });
        let statuses: Vec<u16> = join_all(regenerate).await.iter().map(|answer| answer.status).collect();
        assert_eq!((count(&statuses, 200), count(&statuses, 400)), (1, 19), "{statuses:?}");
        ada.session.post("/api/mfa/disable", code.clone()).await.expect_error(400);
        ada.complete(&ada.begin().await, text(&code["otp"])).await.expect_error(401);
    }

    async fn a_back_up_code_is_used_once_and_dies_when_codes_are_replaced(server: Server) {
        let admin = server.admin().await;
        let ada = Enrolled::user(&admin, "ada").await;
        let [first, second, third, ..] = &ada.backup_codes[..] else { panic!("ten codes") };
        ada.log_in(0).await;
        ada.complete_by_backup_code(&ada.begin().await, first).await.expect_error(401);
        ada.session.post("/api/mfa/disable", json!({ "backupCode": first })).await.expect_error(400);
        // As somebody types it.
        let typed = second.replace('-', " ").to_uppercase();
        let answer = ada.session.post("/api/mfa/regenerate/backupcodes", json!({ "backupCode": typed })).await;
        let answer = answer.expect(200).json();
        assert_keys(&answer, &["backupCodes"]);
        let fresh = list(&answer["backupCodes"]);
        assert_eq!(fresh.len(), 10);
        ada.complete_by_backup_code(&ada.begin().await, third).await.expect_error(401);
        ada.complete_by_backup_code(&ada.begin().await, text(&fresh[0])).await.expect(200);
    }

    async fn wrong_codes_lead_to_a_ban_that_an_administrator_lifts(server: Server) {
        let admin = server.admin().await;
        let ada = Enrolled::user(&admin, "ada").await;
        let handle = ada.begin().await;
        let wrong = ada.device.wrong(ada.step);
        // Half of them at the login, half of them by the session.
        for number in 0..5 {
            let (status, answer) = match number % 2 {
                0 => (401, ada.complete(&handle, &wrong).await),
                _ => (400, ada.session.post("/api/mfa/disable", json!({ "otp": wrong })).await),
            };
            assert_eq!(answer.expect_error(status).code, "wrong_code", "{number}");
        }
        let code = json!({ "otp": ada.next_code() });
        for answer in [
            ada.complete(&handle, &ada.next_code()).await,
            ada.complete_by_backup_code(&handle, &ada.backup_codes[0]).await,
            ada.complete(&handle, &wrong).await,
            ada.session.post("/api/mfa/disable", code.clone()).await,
            ada.session.post("/api/mfa/regenerate/backupcodes", code).await,
        ] {
            assert_eq!(answer.expect_error(429).code, "too_many_wrong_codes");
            let seconds: u64 = answer.header("retry-after").parse().expect("a number");
            assert!((1..=301).contains(&seconds), "{seconds}");
        }
        // The password is still right, and says nothing about the ban.
        ada.begin().await;

        admin.put(format!("/api/users/{}", ada.id), json!({ "disableMfa": true })).await.expect(200);
        admin.login("ada", PASSWORD).await;
        let again = admin.login("ada", PASSWORD).await;
        let device = enable(&again).await;
        let step = step(&admin).await;
        again.post("/api/mfa/validate", json!({ "otp": device.code(step) })).await.expect(200);
        let ada = Enrolled { device, step, ..ada };
        ada.complete(&ada.begin().await, &ada.next_code()).await.expect(200);
    }

    async fn many_guesses_at_once_are_no_more_than_one_after_the_other(server: Server) {
        let admin = server.admin().await;
        let ada = Enrolled::user(&admin, "ada").await;
        let handle = ada.begin().await;
        let wrong = ada.device.wrong(ada.step);
        let guesses = (0..30).map(|_| ada.complete(&handle, &wrong));
        let statuses: Vec<u16> = join_all(guesses).await.iter().map(|answer| answer.status).collect();
        assert_eq!((count(&statuses, 401), count(&statuses, 429)), (5, 25), "{statuses:?}");
    }

    async fn a_stranger_without_the_password_bans_nobody(server: Server) {
        let admin = server.admin().await;
        let ada = Enrolled::user(&admin, "ada").await;
        for _ in 0..6 {
            let login = json!({ "username": "ada", "password": "a guess" });
            server.anonymous().post("/api/login", login).await.expect_error_in(&[401, 429]);
            ada.complete("AAAA", &ada.device.wrong(ada.step)).await.expect_error(401);
        }
        ada.complete(&ada.begin().await, &ada.next_code()).await.expect(200);
    }

    async fn a_login_dies_with_a_change_of_the_password(server: Server) {
        let admin = server.admin().await;
        let ada = Enrolled::user(&admin, "ada").await;
        let handle = ada.begin().await;
        let change = json!({ "password": PASSWORD, "newPassword": "the next one" });
        ada.session.put("/api/users/change-password", change).await.expect(204);
        let ended = ada.complete(&handle, &ada.next_code()).await;
        assert_eq!(ended.expect_error(401).code, "login_ended");
        ada.session.get("/api/session").await.expect(200);

        // Even if somebody sets the same password.
        admin.put(format!("/api/users/{}", ada.id), json!({ "password": PASSWORD })).await.expect(200);
        let handle = ada.begin().await;
        admin.put(format!("/api/users/{}", ada.id), json!({ "password": PASSWORD })).await.expect(200);
        ada.complete(&handle, &ada.next_code()).await.expect_error(401);
        let handle = ada.begin().await;
        admin.put(format!("/api/users/{}", ada.id), json!({ "grantTypes": [{ "method": "token", "isRequired": false }] }))
            .await
            .expect(200);
        ada.complete(&handle, &ada.next_code()).await.expect_error(401);
    }

    async fn a_login_dies_with_its_user(server: Server) {
        let admin = server.admin().await;
        let ada = Enrolled::user(&admin, "ada").await;
        let handle = ada.begin().await;
        admin.delete(format!("/api/users/{}", ada.id)).await.expect(204);
        ada.complete(&handle, &ada.next_code()).await.expect_error(401);
    }

    async fn a_user_disables_the_second_factor(server: Server) {
        let admin = server.admin().await;
        let ada = Enrolled::user(&admin, "ada").await;
        let handle = ada.begin().await;
        let none = admin.post("/api/mfa/disable", json!({ "otp": "123456" })).await;
        assert_eq!(none.expect_error(409).code, "mfa_not_enrolled");
        let none = admin.post("/api/mfa/regenerate/backupcodes", json!({ "otp": "123456" })).await;
        assert_eq!(none.expect_error(409).code, "mfa_not_enrolled");
        let answer = ada.session.post("/api/mfa/disable", json!({ "otp": ada.next_code() })).await.expect(204);
        assert!(answer.position() > 0);
        assert_eq!(answer.text(), "");
        // The user's own sessions go on, and the password is enough.
        assert_eq!(mfa_of(&ada.session).await, json!({ "enabled": false, "enforced": false }));
        admin.login("ada", PASSWORD).await;
        assert_eq!(get_user(&admin, &ada.id).await["mfa_is_enrolled"], false);
        let missing = ada.complete(&handle, &ada.device.code(ada.step + 2)).await;
        assert_eq!(missing.expect_error(409).code, "mfa_not_enrolled");
    }

    async fn somebody_else_disables_a_second_factor_and_ends_the_sessions(server: Server) {
        let admin = server.admin().await;
        for by_put in [true, false] {
            let name = format!("user.{by_put}");
            let ada = Enrolled::user(&admin, &name).await;
            let path = format!("/api/users/{}", ada.id);
            if by_put {
                let answer = admin.put(path, json!({ "disableMfa": true })).await.expect(200).json();
                assert_eq!(answer["mfa_is_enrolled"], false);
            } else {
                let answer = admin.post(format!("{path}/mfa/disable"), json!({})).await.expect(204);
                assert!(answer.position() > 0);
            }
            ada.session.get("/api/session").await.expect_error(401);
            let session = admin.login(&name, PASSWORD).await;
            // A second time changes nothing.
            admin.post(format!("/api/users/{}/mfa/disable", ada.id), json!({})).await.expect(204);
            session.get("/api/session").await.expect(200);
        }
    }

    async fn an_administrator_gives_a_user_new_back_up_codes(server: Server) {
        let admin = server.admin().await;
        let ada = Enrolled::user(&admin, "ada").await;
        let path = |id: &str| format!("/api/users/{id}/mfa/regenerate/backupcodes");
        let answer = admin.post(path(&ada.id), json!({})).await.expect(200);
        assert!(answer.position() > 0);
        let answer = answer.json();
        assert_keys(&answer, &["backupCodes"]);
        ada.complete_by_backup_code(&ada.begin().await, &ada.backup_codes[0]).await.expect_error(401);
        ada.complete_by_backup_code(&ada.begin().await, text(&answer["backupCodes"][0])).await.expect(200);
        // The sessions go on.
        ada.session.get("/api/session").await.expect(200);

        let plain = create_user(&admin, "grace").await;
        assert_eq!(admin.post(path(&plain), json!({})).await.expect_error(409).code, "mfa_not_enrolled");
        for path in [path(NOBODY), format!("/api/users/{NOBODY}/mfa/disable")] {
            admin.post(path, json!({})).await.expect_error(404);
        }
        for path in [path("x"), "/api/users/x/mfa/disable".to_owned()] {
            admin.post(path, json!({})).await.expect_error(400);
        }
        // One's own name gives no right.
        ada.session.post(path(&ada.id), json!({})).await.expect_error(403);
    }

    async fn nobody_weakens_a_user_who_holds_more(server: Server) {
        let admin = server.admin().await;
        let powers = json!({ "initialPermissions": [http("/api/roles/#", "write")] });
        let boss = Enrolled::user_with(&admin, "boss", powers).await;
        let helper = caller(&admin, "helper", json!([http("/api/users/#", "write")])).await;
        let path = format!("/api/users/{}", boss.id);
        for answer in [
            helper.post(format!("{path}/mfa/disable"), json!({})).await,
            helper.post(format!("{path}/mfa/regenerate/backupcodes"), json!({})).await,
            helper.put(path, json!({ "disableMfa": true })).await,
        ] {
            assert_eq!(answer.expect_error(403).code, "not_held");
        }
        boss.log_in(0).await;
    }

    async fn what_may_prove_users_is_public(server: Server) {
        let anybody = server.anonymous();
        for (path, answer) in [
            ("mfa", json!({ "enabled": true })),
            ("ldap", json!({ "enabled": false, "mode": null })),
            ("msEntraId", json!({ "enabled": false })),
        ] {
            assert_eq!(anybody.get(format!("/api/auth/{path}")).await.expect(200).json(), answer);
        }
    }
}
