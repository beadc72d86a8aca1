//! Tokens for other tokens (RFC 8693)

use serde_json::json;

use super::{
    ACCESS_TOKEN, TOKEN_EXCHANGE, form, introspected, of_os2iot, passes, refused, token_exchange, token_of,
};
use crate::support::{
    both_engines,
    client::{Client, assert_keys},
    connectware::*,
    server::Server,
};

const PATH: &str = "/oauth/token";
const GRANT: (&str, &str) = ("grant_type", TOKEN_EXCHANGE);
const OF_TOKEN: (&str, &str) = ("subject_token_type", ACCESS_TOKEN);

both_engines! {
    async fn a_token_of_another_api_is_exchanged(server: Server) {
        let admin = server.admin().await;
        let reads = json!([{ "resource": "GET devices/{id}", "operation": "read", "context": "coiote" }]);
        let ada = caller(&admin, "ada", reads).await;
        let body = token_exchange(&server.anonymous(), ada.token()).await.expect(200).json();
        assert_keys(&body, &["access_token", "token_type", "expires_in", "issued_token_type"]);
        assert_eq!((&body["expires_in"], &body["issued_token_type"]), (&json!(300), &json!(ACCESS_TOKEN)));
        let bearer = server.anonymous().bearer(text(&body["access_token"]));
        assert!(passes(&bearer, "devices/7").await && !passes(&bearer, "devices").await);
        bearer.get("/api/session").await.expect_error(401);
        assert_eq!(introspected(&admin, bearer.token()).await["username"], "ada");
        // What ends the sessions of the user ends this one.
        let id = introspected(&admin, bearer.token()).await["sub"].clone();
        admin.put(format!("/api/users/{}", text(&id)), json!({ "password": "another password" })).await.expect(200);
        assert!(!passes(&bearer, "devices/7").await);
    }

    async fn a_token_that_is_not_good_is_not_exchanged(server: Server) {
        let admin = server.admin().await;
        let ada = caller(&admin, "ada", json!([])).await;
        ada.delete("/api/session").await.expect(204);
        for token in [ada.token(), "x", "a.b.c"] {
            refused(&token_exchange(&server.anonymous(), token).await, 400, "invalid_request");
        }
        // Somebody who must do something else first.
        create_user_with(&admin, "bob", json!({ "mustChangePassword": true })).await;
        let bob = server.anonymous().login("bob", PASSWORD).await;
        refused(&token_exchange(&server.anonymous(), bob.token()).await, 400, "invalid_request");
        let token = ("subject_token", admin.token());
        for (fields, error) in [
            (vec![GRANT, token], "invalid_request"),
            (vec![GRANT, OF_TOKEN], "invalid_request"),
            (vec![GRANT, token, ("subject_token_type", "urn:ietf:params:oauth:token-type:saml2")], "invalid_request"),
            (vec![GRANT, OF_TOKEN, token, ("actor_token", admin.token())], "invalid_request"),
            (vec![GRANT, OF_TOKEN, token, ("requested_token_type", "urn:ietf:params:oauth:token-type:refresh_token")], "invalid_request"),
            (vec![GRANT, OF_TOKEN, token, ("audience", "connectware")], "invalid_target"),
            (vec![GRANT, OF_TOKEN, token, ("resource", "https://example.com")], "invalid_target"),
            (vec![GRANT, OF_TOKEN, token, ("scope", "all")], "invalid_scope"),
            (vec![GRANT, OF_TOKEN, token, token], "invalid_request"),
        ] {
            refused(&form(&server.anonymous(), PATH, &fields).await, 400, error);
        }
        // A client need not say who it is, and must prove it if it does.
        let liar = server.anonymous().basic(NOBODY, "wrong");
        refused(&form(&liar, PATH, &[GRANT, OF_TOKEN, token]).await, 401, "invalid_client");
        form(&server.anonymous(), PATH, &[GRANT, OF_TOKEN, token, ("audience", "coiote"), ("requested_token_type", ACCESS_TOKEN)]).await.expect(200);
    }

    async fn a_client_that_says_who_it_is_must_prove_it(server: Server) {
        let admin = server.admin().await;
        let opened = admin.post("/api/service-accounts", json!({ "name": "importer", "realm": "plant" })).await.expect(201).json();
        let (id, secret) = (text(&opened["clientId"]), text(&opened["clientSecret"]));
        let client = server.anonymous().basic(id, secret);
        let of_realm = |realm: &str| format!("/iam/realms/{realm}/protocol/openid-connect/token");
        let (token, anybody) = (("subject_token", admin.token()), server.anonymous());
        let fields = [GRANT, OF_TOKEN, token];
        let with = |more: &[(&'static str, &str)]| -> Vec<(String, String)> {
            let all = fields.iter().chain(more);
            all.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        let ask = |caller: &Client, path: &str, fields: &[(String, String)]| {
            let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            form(caller, path, &fields)
        };
        for (caller, path, fields) in [
            // The id alone says who it is, and proves nothing.
            (&anybody, PATH.to_owned(), with(&[("client_id", id)])),
            (&anybody, PATH.to_owned(), with(&[("client_id", NOBODY)])),
            (&anybody, PATH.to_owned(), with(&[("client_secret", secret)])),
            (&anybody, PATH.to_owned(), with(&[("client_id", id), ("client_secret", "wrong")])),
            // A realm answers its clients only.
            (&anybody, of_realm("plant"), with(&[])),
            (&anybody, of_realm("other"), with(&[])),
            (&client, of_realm("other"), with(&[])),
        ] {
            refused(&ask(caller, &path, &fields).await, 401, "invalid_client");
        }
        for (caller, path, fields) in [
            (&anybody, PATH.to_owned(), with(&[])),
            (&anybody, PATH.to_owned(), with(&[("client_id", id), ("client_secret", secret)])),
            (&client, of_realm("plant"), with(&[])),
        ] {
            ask(caller, &path, &fields).await.expect(200);
        }
    }

    async fn a_token_of_os2iot_is_exchanged(server: Server) {
        let admin = server.admin().await;
        let body = token_exchange(&server.anonymous(), &of_os2iot(&server).await).await.expect(200).json();
        let shown = introspected(&admin, text(&body["access_token"])).await;
        assert_eq!((&shown["aud"], &shown["username"]), (&json!("coiote"), &json!("admin")));
        // The number by which os2iot names the user is no name here.
        assert_eq!(shown["sub"], introspected(&admin, admin.token()).await["sub"]);
    }

    async fn a_token_for_coiote_is_not_copied(server: Server) {
        let admin = server.admin().await;
        let ada = caller(&admin, "ada", json!([])).await;
        let by_password = token_of(&server.anonymous(), "ada", PASSWORD).await;
        let body = token_exchange(&server.anonymous(), ada.token()).await.expect(200).json();
        for token in [by_password.as_str(), text(&body["access_token"])] {
            refused(&token_exchange(&server.anonymous(), token).await, 400, "invalid_request");
            assert_eq!(introspected(&admin, token).await["active"], true, "it stays as it is");
        }
    }
}
