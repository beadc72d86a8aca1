//! `/oauth/introspect` and `/oauth/revoke`

use serde_json::json;

use super::{form, introspected, of_os2iot, refused, token_of};
use crate::support::{both_engines, client::assert_keys, connectware::*, server::Server};

const INTROSPECT: &str = "/oauth/introspect";
const REVOKE: &str = "/oauth/revoke";

both_engines! {
    async fn the_meaning_of_a_token_is_told(server: Server) {
        let admin = server.admin().await;
        let ada = caller(&admin, "ada", json!([])).await;
        let token = token_of(&server.anonymous(), "ada", PASSWORD).await;
        let shown = introspected(&admin, &token).await;
        assert_keys(&shown, &["active", "sub", "username", "token_type", "aud", "iss", "iat", "exp", "jti"]);
        assert_eq!((&shown["active"], &shown["username"], &shown["aud"]), (&json!(true), &json!("ada"), &json!("coiote")));
        let times = |name: &str| shown[name].as_i64().expect("seconds");
        assert_eq!(times("exp") - times("iat"), 300);
        // The tokens of other APIs have meanings, too.
        assert_eq!(introspected(&admin, ada.token()).await["aud"], "connectware");
        // A token that is not good says nothing, whatever is wrong with it.
        let (signed, _) = token.rsplit_once('.').expect("a signature");
        let changed = format!("{signed}.{}", "A".repeat(86));
        for token in ["x", "a.b.c", &changed, &"a".repeat(2000)] {
            assert_eq!(introspected(&admin, token).await, json!({ "active": false }));
        }
        let twice = form(&admin, INTROSPECT, &[("token", &token), ("token", &token)]).await;
        refused(&twice, 400, "invalid_request");
        refused(&form(&admin, INTROSPECT, &[]).await, 400, "invalid_request");
    }

    async fn only_whoever_may_read_there_asks_what_a_token_means(server: Server) {
        let admin = server.admin().await;
        let token = token_of(&server.anonymous(), "admin", crate::support::server::ADMIN_PASSWORD).await;
        let ask = [("token", token.as_str())];
        let answer = form(&server.anonymous(), INTROSPECT, &ask).await;
        refused(&answer, 401, "invalid_token");
        let challenge = r#"Bearer realm="muniment", error="invalid_token""#;
        assert_eq!(answer.header("www-authenticate"), challenge);
        let answer = form(&server.anonymous().bearer("x"), INTROSPECT, &ask).await;
        refused(&answer, 401, "invalid_token");
        assert_eq!(answer.header("www-authenticate"), challenge);
        let nobody = caller(&admin, "nobody", json!([])).await;
        let answer = form(&nobody, INTROSPECT, &ask).await;
        refused(&answer, 403, "insufficient_scope");
        assert_eq!(answer.header("www-authenticate"), r#"Bearer realm="muniment", error="insufficient_scope""#);
        let reader = caller(&admin, "reader", json!([http(INTROSPECT, "read")])).await;
        assert_eq!(introspected(&reader, &token).await["active"], true);
        // A token of any API proves who asks.
        let on_coiote = reader.bearer(&token_of(&reader, "reader", PASSWORD).await);
        assert_eq!(introspected(&on_coiote, &token).await["active"], true);
        let on_os2iot = reader.bearer(&of_os2iot(&server).await);
        assert_eq!(introspected(&on_os2iot, &token).await["active"], true);
    }

    async fn a_token_that_is_not_enough_alone_is_not_active(server: Server) {
        let admin = server.admin().await;
        let id = create_user(&admin, "ada").await;
        let token = token_of(&server.anonymous(), "ada", PASSWORD).await;
        assert_eq!(introspected(&admin, &token).await["active"], true);
        let methods = json!([
            { "method": "password", "isRequired": false }, { "method": "token", "isRequired": false },
            { "method": "certificate", "isRequired": true },
        ]);
        admin.put(format!("/api/users/{id}"), json!({ "grantTypes": methods })).await.expect(200);
        assert_eq!(introspected(&admin, &token).await, json!({ "active": false }));
    }

    async fn a_token_of_any_api_is_revoked_by_its_bearer(server: Server) {
        let admin = server.admin().await;
        let ada = caller(&admin, "ada", json!([])).await;
        let token = token_of(&server.anonymous(), "ada", PASSWORD).await;
        let revoke = |fields: Vec<(&'static str, String)>| {
            let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
            form(&server.anonymous(), REVOKE, &fields)
        };
        for token in [token.clone(), ada.token().to_owned()] {
            assert_eq!(introspected(&admin, &token).await["active"], true);
            // A hint that is wrong or unknown is no error (section 2.1).
            let answer = revoke(vec![("token", token.clone()), ("token_type_hint", "refresh_token".to_owned())]).await.expect(200);
            assert!(answer.body.is_empty());
            assert_eq!(introspected(&admin, &token).await, json!({ "active": false }));
            revoke(vec![("token", token)]).await.expect(200);
        }
        ada.get("/api/session").await.expect_error(401);
        revoke(vec![("token", "x".to_owned())]).await.expect(200);
        refused(&revoke(vec![]).await, 400, "invalid_request");
        refused(&server.anonymous().post(REVOKE, json!({ "token": "x" })).await, 415, "invalid_request");
    }
}
