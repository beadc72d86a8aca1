//! The credentials of callers: bearer tokens, HTTP Basic and `?apiToken=`.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use serde_json::{Value, json};

use crate::support::{
    both_engines,
    connectware::*,
    server::{ADMIN_PASSWORD, Engine, Server, Site},
};

/// The two JSON parts of a token.
fn parts(token: &str) -> [Value; 2] {
    let mut parts = token
        .split('.')
        .map(|part| BASE64.decode(part).expect("parts are base64url"));
    let mut next = || serde_json::from_slice(&parts.next().expect("a part")).expect("parts are JSON");
    [next(), next()]
}

fn joined(header: &Value, claims: &Value, signature: &str) -> String {
    format!(
        "{}.{}.{signature}",
        BASE64.encode(header.to_string()),
        BASE64.encode(claims.to_string())
    )
}

both_engines! {
    async fn every_kind_of_credential_says_the_same_caller(server: Server) {
        let admin = server.admin().await;
        create_user(&admin, "ada").await;
        let ada = server.anonymous().login("ada", PASSWORD).await;
        let token = ada.token();
        let nobody = server.anonymous();
        for answer in [
            ada.get("/api/session").await,
            nobody.authorization(format!("bearer {token}")).get("/api/session").await,
            nobody.authorization(format!("BEARER {token}")).get("/api/session").await,
            nobody.get(format!("/api/session?apiToken={token}")).await,
            nobody.basic("ada", PASSWORD).get("/api/session").await,
            nobody.basic("ada", PASSWORD).get("/api/session").await,
        ] {
            assert_eq!(answer.expect(200).json()["username"], "ada");
        }
        let query = format!("/api/roles?name[eq]=minimum-access&apiToken={}", admin.token());
        assert_eq!(list(&nobody.get(query).await.expect(200).json()).len(), 1);
    }

    async fn without_a_valid_credential_nobody_is_served(server: Server) {
        let admin = server.admin().await;
        let nobody = server.anonymous();
        let [header, claims] = parts(admin.token());
        let signature = admin.token().rsplit('.').next().expect("a signature");
        let mut later = claims.clone();
        later["exp"] = json!(99_999_999_999_i64);
        let mut none = header.clone();
        none["alg"] = json!("none");
        let mut symmetric = header.clone();
        symmetric["alg"] = json!("HS256");
        let flipped: String = signature.chars().rev().collect();
        for (what, authorization) in [
            ("an empty header", String::new()),
            ("a scheme alone", "Bearer".to_owned()),
            ("an empty token", "Bearer ".to_owned()),
            ("an unknown scheme", format!("Digest {}", admin.token())),
            ("a token without its scheme", admin.token().to_owned()),
            ("no token at all", "Bearer a.b.c".to_owned()),
            ("another signature", format!("Bearer {}", joined(&header, &claims, &flipped))),
            ("no signature", format!("Bearer {}", joined(&header, &claims, ""))),
            ("algorithm none", format!("Bearer {}", joined(&none, &claims, ""))),
            ("algorithm none with the signature", format!("Bearer {}", joined(&none, &claims, signature))),
            ("another algorithm", format!("Bearer {}", joined(&symmetric, &claims, signature))),
            ("a longer life", format!("Bearer {}", joined(&header, &later, signature))),
            ("more than a token", format!("Bearer {} {}", admin.token(), admin.token())),
            ("a huge token", format!("Bearer {}", "x".repeat(6_000))),
            ("Basic without a colon", format!("Basic {}", BASE64.encode("admin"))),
            ("Basic that is not base64", "Basic ???".to_owned()),
            ("Basic that is not UTF-8", format!("Basic {}", BASE64.encode([0xff, b':', 0xff]))),
        ] {
            let answer = nobody.authorization(authorization).get("/api/users/ids").await;
            assert_eq!(answer.status, 401, "{what}: {answer:?}");
            answer.expect_error(401);
            assert!(answer.header("www-authenticate").contains("Bearer"), "{what}: {answer:?}");
        }
        for (username, password) in
            [("admin", "a guess"), ("nobody", ADMIN_PASSWORD), ("admin", ""), ("", "")]
        {
            nobody.basic(username, password).get("/api/users/ids").await.expect_error(401);
        }
        for token in ["", "a.b.c", "x"] {
            nobody.get(format!("/api/users/ids?apiToken={token}")).await.expect_error(401);
        }
        nobody.get("/api/users/ids").await.expect_error(401);
    }

    async fn a_token_of_another_server_is_worth_nothing(server: Server) {
        let other = Server::start(Engine::Sqlite).await;
        let stranger = other.admin().await;
        server.anonymous().bearer(stranger.token()).get("/api/session").await.expect_error(401);
        server.admin().await.get("/api/session").await.expect(200);
    }

    async fn a_token_ends_when_it_says(server: Server) {
        let admin = server.admin().await;
        create_user(&admin, "ada").await;
        let login = async |hours: i64| {
            let body = json!({ "username": "ada", "password": PASSWORD, "expireTimeInHours": hours });
            server.anonymous().post("/api/login", body).await.expect(200).json()["token"].clone()
        };
        let (short, long) = (login(1).await, login(3).await);
        let path = format!("/api/users/{}/tokens", {
            let found = admin.get("/api/listUsers?username[eq]=ada").await.expect(200).json();
            id_of(&found["users"][0])
        });
        assert_eq!(list(&admin.get(&path).await.expect(200).json()).len(), 2);

        let later = server.terminate().await.at("+2h").start().await;

        later.anonymous().bearer(text(&short)).get("/api/session").await.expect_error(401);
        later.anonymous().bearer(text(&long)).get("/api/session").await.expect(200);
        let admin = later.admin().await;
        assert_eq!(
            list(&admin.get(&path).await.expect(200).json()).len(),
            1,
            "ended tokens should not be listed"
        );
    }

    async fn tokens_live_on_through_a_restart_and_revoked_ones_stay_revoked(server: Server) {
        let admin = server.admin().await;
        let ada = create_user(&admin, "ada").await;
        let revoked = server.anonymous().login("ada", PASSWORD).await;
        let revoked = revoked.token();
        admin.delete(format!("/api/users/{ada}/tokens")).await.expect(204);
        let kept = server.anonymous().login("ada", PASSWORD).await;
        let kept = kept.token();

        let server = server.restart().await;

        server.anonymous().bearer(kept).get("/api/session").await.expect(200);
        server.anonymous().bearer(revoked).get("/api/session").await.expect_error(401);
    }

    async fn basic_follows_the_methods_a_user_has(server: Server) {
        let admin = server.admin().await;
        let body = json!({ "grantTypes": [{ "method": "certificate", "isRequired": false }] });
        create_user_with(&admin, "robot", body).await;
        server.anonymous().basic("robot", PASSWORD).get("/api/session").await.expect_error(401);
    }

    async fn a_changed_password_ends_basic_at_once(server: Server) {
        let admin = server.admin().await;
        let id = create_user(&admin, "ada").await;
        let old = server.anonymous().basic("ada", PASSWORD);
        old.get("/api/session").await.expect(200);
        admin.put(format!("/api/users/{id}"), json!({ "password": "another one" })).await.expect(200);
        old.get("/api/session").await.expect_error(401);
        server.anonymous().basic("ada", "another one").get("/api/session").await.expect(200);
        admin.delete(format!("/api/users/{id}")).await.expect(204);
        server.anonymous().basic("ada", "another one").get("/api/session").await.expect_error(401);
    }
}

#[tokio::test]
async fn logs_hold_no_credentials_and_no_names() {
    let site = Site::new(Engine::Sqlite).with("MUNIMENT_LOG", "debug");
    let server = site.start().await;
    let admin = server.admin().await;
    create_user(&admin, "ada.lovelace").await;
    let ada = server.anonymous().login("ada.lovelace", PASSWORD).await;
    ada.get("/api/session").await.expect(200);
    server
        .anonymous()
        .get(format!("/api/session?apiToken={}", ada.token()))
        .await
        .expect(200);
    server
        .anonymous()
        .basic("ada.lovelace", PASSWORD)
        .get("/api/session")
        .await
        .expect(200);
    let guess = json!({ "username": "ada.lovelace", "password": "a wrong guess" });
    server
        .anonymous()
        .post("/api/login", guess)
        .await
        .expect_error(401);
    admin
        .post("/api/users", user("ada.lovelace", json!({})))
        .await
        .expect_error(409);
    admin
        .get("/api/listUsers?username[eq]=ada.lovelace")
        .await
        .expect(200);
    let basic = BASE64.encode(format!("ada.lovelace:{PASSWORD}"));
    let secrets = [ada.token().to_owned(), admin.token().to_owned(), basic];

    server.ask_to_end();
    let ended = server.ended().await;

    let said = ended.log + &ended.stdout;
    for secret in
        secrets
            .iter()
            .map(String::as_str)
            .chain([PASSWORD, ADMIN_PASSWORD, "a wrong guess", "ada.lovelace"])
    {
        assert!(
            !said.contains(secret),
            "{secret} should not be in the log:\n{said}"
        );
    }
}
