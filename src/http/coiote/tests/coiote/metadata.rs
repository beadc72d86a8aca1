//! `/.well-known/oauth-authorization-server`

use serde_json::json;

use super::{form, introspected, password_grant, refused, token_exchange};
use crate::support::{
    both_engines,
    connectware::*,
    server::{ADMIN_PASSWORD, Server},
};

const PATH: &str = "/.well-known/oauth-authorization-server";

both_engines! {
    async fn a_client_does_not_choose_the_issuer(server: Server) {
        let call = server.anonymous().get(PATH).header("host", "elsewhere.example");
        assert_eq!(call.await.expect(200).json()["issuer"], server.address());
        let admin = server.admin().await;
        let login = password_grant(&server.anonymous(), "admin", ADMIN_PASSWORD).header("host", "elsewhere.example");
        let body = login.await.expect(201).json();
        assert_eq!(introspected(&admin, text(&body["access_token"])).await["iss"], server.address());
        let exchange = token_exchange(&server.anonymous(), admin.token()).header("host", "elsewhere.example");
        let body = exchange.await.expect(200).json();
        assert_eq!(introspected(&admin, text(&body["access_token"])).await["iss"], server.address());
    }

    async fn the_metadata_leads_to_the_endpoints(server: Server) {
        let metadata = server.anonymous().get(PATH).await.expect(200).json();
        let issuer = text(&metadata["issuer"]);
        assert_eq!(issuer, server.address());
        assert_eq!(metadata["response_types_supported"], json!([]));
        let methods = ["client_secret_basic", "client_secret_post", "self_signed_tls_client_auth"];
        assert_eq!(metadata["token_endpoint_auth_methods_supported"], json!(methods));
        let path = |name: &str| text(&metadata[name]).strip_prefix(issuer).expect("an endpoint of the issuer");
        let fields = [("grant_type", "password"), ("username", "admin"), ("password", ADMIN_PASSWORD)];
        form(&server.anonymous(), "/api/auth/oauth_password", &fields).await.expect(201);
        let admin = server.admin().await;
        form(&admin, path("introspection_endpoint"), &[("token", "x")]).await.expect(200);
        form(&admin, path("revocation_endpoint"), &[("token", "x")]).await.expect(200);
        let keys = server.anonymous().get(path("jwks_uri")).await.expect(200).json();
        assert_eq!(list(&keys["keys"]).len(), 1);
        for path in [format!("{PATH}/x"), "/oauth/other".to_owned(), "/oauth".to_owned()] {
            let answer = server.anonymous().get(path).await;
            refused(&answer, 404, "invalid_request");
        }
    }
}
