//! `/api/service-accounts`, and the tokens that service accounts get

use serde_json::{Value, json};

use super::{form, introspected, of_os2iot, passes, password_grant, refused, token_of};
use crate::support::{
    both_engines,
    client::{Call, Client, assert_keys},
    connectware::*,
    server::{ADMIN_PASSWORD, Server},
};

const PATH: &str = "/api/service-accounts";

/// The token endpoint of a realm.
fn of_realm(realm: &str) -> String {
    format!("/iam/realms/{realm}/protocol/openid-connect/token")
}

/// A service account: its id and its secret.
struct Account {
    id: String,
    secret: String,
}

impl Account {
    #[track_caller]
    fn of(answer: &Value) -> Self {
        assert_keys(answer, &["clientId", "clientSecret"]);
        Self {
            id: text(&answer["clientId"]).to_owned(),
            secret: text(&answer["clientSecret"]).to_owned(),
        }
    }

    async fn open(admin: &Client, body: Value) -> Self {
        Self::of(&admin.post(PATH, body).await.expect(201).json())
    }

    /// An account of the realm `plant` that has a role.
    async fn with_role(admin: &Client, role: &str) -> Self {
        Self::open(
            admin,
            json!({ "name": "importer", "realm": "plant", "roles": [role] }),
        )
        .await
    }

    /// What the official client sends.
    fn asks(&self, server: &Server, path: &str) -> Call {
        let fields = [
            ("grant_type", "client_credentials"),
            ("client_id", self.id.as_str()),
            ("client_secret", self.secret.as_str()),
        ];
        form(&server.anonymous(), path, &fields)
    }

    async fn token(&self, server: &Server) -> String {
        let answer = self.asks(server, &of_realm("plant")).await.expect(200).json();
        text(&answer["access_token"]).to_owned()
    }

    async fn secrets(&self, admin: &Client) -> Vec<Value> {
        let shown = admin.get(format!("{PATH}/{}", self.id)).await.expect(200).json();
        assert_keys(&shown, &["clientId", "name", "realm", "createdAt", "secrets"]);
        list(&shown["secrets"]).clone()
    }

    /// Another secret of the same account.
    async fn rotate(&self, admin: &Client) -> Self {
        Self::of(
            &admin
                .post(format!("{PATH}/{}/secrets", self.id), json!({}))
                .await
                .expect(201)
                .json(),
        )
    }
}

/// A role that lets its holders read devices at the proxy.
async fn readers(admin: &Client) -> &'static str {
    let reads = json!([{ "resource": "GET devices/{id}", "operation": "read", "context": "coiote" }]);
    create_role(admin, "readers", reads).await;
    "readers"
}

both_engines! {
    async fn a_service_account_gets_a_token_by_its_secret(server: Server) {
        let admin = server.admin().await;
        let account = Account::with_role(&admin, readers(&admin).await).await;
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "._~-".contains(c);
        assert!(account.secret.len() >= 40 && account.secret.chars().all(is_plain), "{}", account.secret);
        let body = account.asks(&server, &of_realm("plant")).await.expect(200).json();
        assert_keys(&body, &["access_token", "token_type", "expires_in"]);
        assert_eq!((&body["token_type"], &body["expires_in"]), (&json!("Bearer"), &json!(300)));
        let bearer = server.anonymous().bearer(text(&body["access_token"]));
        assert!(passes(&bearer, "devices/7").await && !passes(&bearer, "devices").await);
        let call = bearer.get("/access/forward/nginx").header("x-original-method", "GET");
        let answer = call.header("x-original-uri", "/api/coiotedm/v3/devices/7").await;
        assert_eq!((answer.header("muniment-user"), answer.header("muniment-user-id")), ("importer", account.id.as_str()));
        let shown = introspected(&admin, bearer.token()).await;
        assert_eq!((&shown["sub"], &shown["aud"]), (&json!(account.id), &json!("coiote")));
        assert_eq!(shown["iss"], server.address(), "the issuer of the metadata");
        // It is no token of another API.
        bearer.get("/api/session").await.expect_error(401);
        // The header does as well, and so does the endpoint without a realm.
        let basic = server.anonymous().basic(&account.id, &account.secret);
        for (caller, path, fields) in [
            (&basic, of_realm("plant"), vec![("grant_type", "client_credentials")]),
            (&basic, "/oauth/token".to_owned(), vec![("grant_type", "client_credentials"), ("client_id", account.id.as_str())]),
        ] {
            form(caller, &path, &fields).await.expect(200);
        }
        account.asks(&server, "/oauth/token").await.expect(200);
    }

    async fn a_client_that_does_not_prove_who_it_is_learns_nothing(server: Server) {
        let admin = server.admin().await;
        let account = Account::with_role(&admin, readers(&admin).await).await;
        let ada = create_user(&admin, "ada").await;
        let (plant, ask) = (of_realm("plant"), ("grant_type", "client_credentials"));
        let mut seen = Vec::new();
        for (path, id, secret) in [
            (&plant, account.id.as_str(), "wrong"),
            (&plant, NOBODY, account.secret.as_str()),
            (&plant, ada.as_str(), PASSWORD),
            (&plant, "importer", account.secret.as_str()),
            (&of_realm("other"), account.id.as_str(), account.secret.as_str()),
            (&of_realm("Plant"), account.id.as_str(), account.secret.as_str()),
        ] {
            let by_form = form(&server.anonymous(), path, &[ask, ("client_id", id), ("client_secret", secret)]).await;
            let by_header = form(&server.anonymous().basic(id, secret), path, &[ask]).await;
            for answer in [by_form, by_header] {
                seen.push(refused(&answer, 401, "invalid_client"));
                assert_eq!(answer.header("www-authenticate"), r#"Basic realm="muniment""#);
            }
        }
        seen.dedup();
        assert_eq!(seen.len(), 1, "{seen:?}");
        let client = ("client_id", account.id.as_str());
        for (caller, fields) in [
            // Neither a secret nor a certificate; nobody.
            (&server.anonymous(), vec![ask, client]),
            (&server.anonymous(), vec![ask]),
            (&server.anonymous().authorization("Basic !"), vec![ask, client]),
            (&server.anonymous().authorization("Basic"), vec![ask, client]),
            (&admin, vec![ask, client]),
        ] {
            refused(&form(caller, &plant, &fields).await, 401, "invalid_client");
        }
        // Wrong guesses keep nobody out, and the same guess is refused each time.
        for _ in 0..2 {
            refused(&form(&server.anonymous(), &plant, &[ask, client, ("client_secret", "wrong")]).await, 401, "invalid_client");
            account.token(&server).await;
        }
        // The username and password of a user are no secret of a client.
        refused(&form(&server.anonymous().basic("ada", PASSWORD), "/oauth/introspect", &[("token", "x")]).await, 401, "invalid_client");
    }

    async fn a_malformed_question_for_a_token_is_refused(server: Server) {
        let admin = server.admin().await;
        let account = Account::with_role(&admin, readers(&admin).await).await;
        let (client, secret) = (("client_id", account.id.as_str()), ("client_secret", account.secret.as_str()));
        let ask = ("grant_type", "client_credentials");
        let basic = server.anonymous().basic(&account.id, &account.secret);
        for (caller, fields, error) in [
            (&server.anonymous(), vec![client, secret], "invalid_request"),
            (&server.anonymous(), vec![("grant_type", ""), client, secret], "invalid_request"),
            (&server.anonymous(), vec![ask, ask, client, secret], "invalid_request"),
            (&server.anonymous(), vec![ask, client, client, secret], "invalid_request"),
            (&server.anonymous(), vec![("grant_type", "password"), client, secret], "unsupported_grant_type"),
            (&server.anonymous(), vec![("grant_type", "authorization_code"), client, secret], "unsupported_grant_type"),
            (&server.anonymous(), vec![ask, client, secret, ("scope", "all")], "invalid_scope"),
            // Two proofs, or two clients.
            (&basic, vec![ask, client, secret], "invalid_request"),
            (&basic, vec![ask, ("client_id", NOBODY)], "invalid_request"),
        ] {
            refused(&form(caller, &of_realm("plant"), &fields).await, 400, error);
        }
        let json = json!({ "grant_type": "client_credentials", "client_id": account.id, "client_secret": account.secret });
        refused(&server.anonymous().post(of_realm("plant"), json).await, 415, "invalid_request");
        refused(&server.anonymous().get(of_realm("plant")).await, 405, "invalid_request");
        refused(&server.anonymous().get("/iam/realms/plant").await, 404, "invalid_request");
    }

    async fn two_secrets_are_valid_and_a_third_is_refused(server: Server) {
        let admin = server.admin().await;
        let first = Account::with_role(&admin, readers(&admin).await).await;
        let by_first = server.anonymous().bearer(&first.token(&server).await);
        let second = first.rotate(&admin).await;
        assert_eq!(first.id, second.id);
        assert_ne!(first.secret, second.secret);
        first.token(&server).await;
        second.token(&server).await;
        let third = admin.post(format!("{PATH}/{}/secrets", first.id), json!({})).await;
        assert_eq!(third.expect_error(409).code, "two_secrets");
        first.token(&server).await;
        let by_second = server.anonymous().bearer(&second.token(&server).await);
        // Neither another secret nor a refused one ends a token.
        assert!(passes(&by_first, "devices/7").await);
        let secrets = first.secrets(&admin).await;
        assert_eq!(secrets.len(), 2);
        for (shown, account) in secrets.iter().zip([&first, &second]) {
            assert_keys(shown, &["id", "prefix", "issuedAt"]);
            assert!(account.secret.starts_with(text(&shown["prefix"])) && text(&shown["prefix"]).len() == 6, "{shown}");
        }
        // A secret that is withdrawn ends what was got by it, since nobody knows who has it.
        let path = |secret: &Value| format!("{PATH}/{}/secrets/{}", first.id, text(&secret["id"]));
        admin.delete(path(&secrets[0])).await.expect(204);
        refused(&first.asks(&server, &of_realm("plant")).await, 401, "invalid_client");
        assert!(!passes(&by_first, "devices/7").await && !passes(&by_second, "devices/7").await);
        second.token(&server).await;
        admin.delete(path(&secrets[0])).await.expect_error(404);
        let third = first.rotate(&admin).await;
        third.token(&server).await;
        for secret in first.secrets(&admin).await {
            admin.delete(path(&secret)).await.expect(204);
        }
        for account in [&second, &third] {
            refused(&account.asks(&server, &of_realm("plant")).await, 401, "invalid_client");
        }
        assert!(first.secrets(&admin).await.is_empty());
        first.rotate(&admin).await.token(&server).await;
    }

    async fn a_closed_account_is_good_for_nothing(server: Server) {
        let admin = server.admin().await;
        let account = Account::with_role(&admin, readers(&admin).await).await;
        let bearer = server.anonymous().bearer(&account.token(&server).await);
        admin.delete(format!("{PATH}/{}", account.id)).await.expect(204);
        assert!(!passes(&bearer, "devices/7").await);
        refused(&account.asks(&server, &of_realm("plant")).await, 401, "invalid_client");
        for path in ["", "/secrets"] {
            let path = format!("{PATH}/{}{path}", account.id);
            match path.ends_with("secrets") {
                true => admin.post(path, json!({})).await.expect_error(404),
                false => admin.delete(path).await.expect_error(404),
            };
        }
        admin.get(format!("{PATH}/{}", account.id)).await.expect_error(404);
        admin.get(format!("/api/users/{}", account.id)).await.expect_error(404);
        // The name is free again.
        let again = Account::with_role(&admin, "readers").await;
        assert_ne!(again.id, account.id);
        // Somebody deletes the user: the account ends with it.
        admin.delete(format!("/api/users/{}", again.id)).await.expect(204);
        refused(&again.asks(&server, &of_realm("plant")).await, 401, "invalid_client");
        admin.get(format!("{PATH}/{}", again.id)).await.expect_error(404);
        assert_eq!(list(&admin.get(PATH).await.expect(200).json()["serviceAccounts"]).len(), 0);
        admin.post(format!("{PATH}/{}/secrets", again.id), json!({})).await.expect_error(404);
        admin.delete(format!("{PATH}/{}", again.id)).await.expect_error(404);
    }

    async fn a_revoked_user_gets_nothing_by_the_secrets_of_the_account(server: Server) {
        let admin = server.admin().await;
        let first = Account::with_role(&admin, readers(&admin).await).await;
        let second = first.rotate(&admin).await;
        let bearer = server.anonymous().bearer(&first.token(&server).await);
        let client = server.anonymous().basic(&first.id, &first.secret);
        admin.post(format!("/api/users/{}/revoke", first.id), json!({})).await.expect(204);
        assert!(!passes(&bearer, "devices/7").await);
        for account in [&first, &second] {
            refused(&account.asks(&server, &of_realm("plant")).await, 401, "invalid_client");
        }
        refused(&form(&client, "/oauth/introspect", &[("token", bearer.token())]).await, 401, "invalid_client");
        // The account is closed for good, whatever the user gets afterwards.
        admin.get(format!("{PATH}/{}", first.id)).await.expect_error(404);
        admin.post(format!("{PATH}/{}/secrets", first.id), json!({})).await.expect_error(404);
        let events = admin.get("/api/audit?kind=service_account.closed").await.expect(200).json();
        assert!(events.to_string().contains(&first.id), "{events}");
    }

    async fn only_the_credentials_of_administrators_count_there(server: Server) {
        let admin = server.admin().await;
        let all = json!([http(PATH, "readWrite"), http("/api/service-accounts/#", "readWrite")]);
        create_role(&admin, "openers", all).await;
        let account = Account::with_role(&admin, "openers").await;
        let secrets = format!("{PATH}/{}/secrets", account.id);
        // Whoever gets a token for Coiote is a foreign server, which must not make itself a secret. Those of os2iot are for another API, too.
        let of_account = account.token(&server).await;
        let of_admin = token_of(&server.anonymous(), "admin", ADMIN_PASSWORD).await;
        for token in [of_account, of_admin, of_os2iot(&server).await] {
            let caller = server.anonymous().bearer(&token);
            caller.get(PATH).await.expect_error(401);
            caller.post(PATH, json!({ "name": "other", "realm": "plant" })).await.expect_error(401);
            caller.post(&secrets, json!({})).await.expect_error(401);
            caller.delete(format!("{PATH}/{}", account.id)).await.expect_error(401);
        }
        server.anonymous().basic(&account.id, &account.secret).get(PATH).await.expect_error(401);
        assert_eq!(account.secrets(&admin).await.len(), 1);
        server.anonymous().basic("admin", ADMIN_PASSWORD).get(PATH).await.expect(200);
    }

    async fn the_user_of_an_account_gets_no_password(server: Server) {
        let admin = server.admin().await;
        let account = Account::with_role(&admin, readers(&admin).await).await;
        let path = format!("/api/users/{}", account.id);
        let methods = json!([{ "method": "password", "isRequired": false }, { "method": "token", "isRequired": false }]);
        for body in [json!({ "password": PASSWORD }), json!({ "password": PASSWORD, "grantTypes": methods })] {
            assert_eq!(admin.put(&path, body).await.expect_error(409).code, "service_account");
        }
        refused(&password_grant(&server.anonymous(), "importer", PASSWORD).await, 401, "invalid_grant");
        // What else an administrator changes stays possible.
        admin.put(&path, json!({ "username": "loader" })).await.expect(200);
        account.token(&server).await;
        admin.delete(format!("{PATH}/{}", account.id)).await.expect(204);
        admin.put(&path, json!({ "password": PASSWORD })).await.expect_error(404);
    }

    async fn many_users_and_their_accounts_end_at_once(server: Server) {
        let admin = server.admin().await;
        readers(&admin).await;
        let mut accounts = Vec::new();
        for number in 0..3 {
            let body = json!({ "name": format!("account-{number}"), "realm": "plant", "roles": ["readers"] });
            accounts.push(Account::open(&admin, body).await);
        }
        let ada = create_user(&admin, "ada").await;
        let ids = json!([accounts[0].id, ada, accounts[1].id]);
        admin.delete_with_body("/api/users", ids).await.expect(204);
        for account in &accounts[..2] {
            refused(&account.asks(&server, &of_realm("plant")).await, 401, "invalid_client");
            admin.delete(format!("{PATH}/{}", account.id)).await.expect_error(404);
        }
        accounts[2].token(&server).await;
    }

    async fn accounts_are_listed_a_page_at_a_time(server: Server) {
        let admin = server.admin().await;
        let mut ids = Vec::new();
        for number in 0..3 {
            let body = json!({ "name": format!("account-{number}"), "realm": "a b/ü" });
            ids.push(Account::open(&admin, body).await);
        }
        let page = admin.get(format!("{PATH}?rowsPerPage=2&pageNumber=1")).await.expect(200).json();
        assert_eq!((&page["pagination"]["totalRows"], &page["pagination"]["nextPage"]), (&json!(3), &json!(2)));
        let shown = list(&page["serviceAccounts"]);
        for (row, account) in shown.iter().zip(&ids) {
            assert_keys(row, &["clientId", "name", "realm", "createdAt"]);
            assert_eq!((&row["clientId"], &row["realm"]), (&json!(account.id), &json!("a b/ü")));
        }
        assert_eq!(shown[1]["name"], "account-1");
        assert!(!page.to_string().contains(&ids[0].secret));
        for query in ["rowsPerPage=0", "pageNumber=0", "other=1"] {
            admin.get(format!("{PATH}?{query}")).await.expect_error(400);
        }
        // A realm is any text, encoded in the path.
        ids[0].asks(&server, &of_realm("a%20b%2F%C3%BC")).await.expect(200);
    }

    async fn nobody_opens_an_account_with_more_than_they_have(server: Server) {
        let admin = server.admin().await;
        readers(&admin).await;
        create_role(&admin, "writers", json!([{ "resource": "POST devices", "operation": "write", "context": "coiote" }])).await;
        let own = json!([
            http("/api/service-accounts/#", "readWrite"), http("/api/service-accounts", "readWrite"),
            { "resource": "GET devices/{id}", "operation": "read", "context": "coiote" },
            { "resource": "/a/#", "operation": "readWrite", "context": "domain" },
        ]);
        let ada = caller(&admin, "ada", own).await;
        let open = |name: &str, roles: Value, domain: Value| {
            ada.post(PATH, json!({ "name": name, "realm": "plant", "roles": roles, "domain": domain }))
        };
        for (roles, domain) in [
            (json!(["writers"]), Value::Null), (json!(["connectware-admin"]), Value::Null), (json!(["Enterprise"]), Value::Null),
            (json!(["SuperUser"]), Value::Null), (json!([]), json!("/")), (json!([]), json!("/b/")),
        ] {
            open("more", roles, domain).await.expect_error(403);
        }
        let account = Account::of(&open("same", json!(["readers"]), json!("/a/b/")).await.expect(201).json());
        let bearer = server.anonymous().bearer(&account.token(&server).await);
        let within = |domain: &str| {
            let call = bearer.get("/access/forward/nginx").header("x-original-method", "GET");
            call.header("x-original-uri", "/api/coiotedm/v3/devices/7").header("cdm-context-domain", domain)
        };
        for (domain, status) in [("/a/b/", 200), ("/a/b/c/", 200), ("/a/", 403), ("/b/", 403)] {
            assert_eq!(within(domain).await.status, status, "{domain}");
        }
        // Whoever makes a secret can act as the account.
        let rich = Account::with_role(&admin, "writers").await;
        ada.post(format!("{PATH}/{}/secrets", rich.id), json!({})).await.expect_error(403);
        ada.post(format!("{PATH}/{}/secrets", account.id), json!({})).await.expect(201);
    }

    async fn an_account_kind_is_a_role_of_an_account(server: Server) {
        let admin = server.admin().await;
        let account = Account::with_role(&admin, "Developer").await;
        let bearer = server.anonymous().bearer(&account.token(&server).await);
        assert!(passes(&bearer, "devices").await);
        for body in [
            json!({ "name": "b", "realm": "plant" }),
            json!({ "name": "other", "realm": "" }),
            json!({ "name": "other", "realm": "x".repeat(256) }),
            json!({ "name": "other", "realm": "plant", "roles": ["unknown"] }),
            json!({ "name": "other", "realm": "plant", "roles": ["Developer", "Business"] }),
            json!({ "name": "other", "realm": "plant", "roles": vec!["Developer"; 101] }),
            json!({ "name": "other", "realm": "plant", "domain": "a" }),
            json!({ "name": "other", "realm": "plant", "domain": "/a" }),
            json!({ "name": "other", "realm": "plant", "domain": "" }),
            json!({ "name": "other" }),
            json!({ "realm": "plant" }),
        ] {
            admin.post(PATH, body.clone()).await.expect_error(400);
        }
        admin.post(PATH, json!({ "name": "importer", "realm": "plant" })).await.expect_error(409);
        admin.get("/api/users/usernames").await.expect(200);
        for path in ["x", "x/secrets/y"] {
            admin.delete(format!("{PATH}/{path}")).await.expect_error(400);
        }
    }

    async fn a_service_account_asks_what_a_token_means_and_ends_its_own(server: Server) {
        let admin = server.admin().await;
        create_role(&admin, "resource.servers", json!([http("/oauth/introspect", "read")])).await;
        let account = Account::with_role(&admin, "resource.servers").await;
        let token = token_of(&server.anonymous(), "admin", ADMIN_PASSWORD).await;
        let client = server.anonymous().basic(&account.id, &account.secret);
        assert_eq!(introspected(&client, &token).await["username"], "admin");
        let other = Account::open(&admin, json!({ "name": "other", "realm": "plant" })).await;
        let without = server.anonymous().basic(&other.id, &other.secret);
        refused(&form(&without, "/oauth/introspect", &[("token", &token)]).await, 403, "insufficient_scope");
        refused(&form(&server.anonymous().basic(&account.id, "wrong"), "/oauth/introspect", &[("token", &token)]).await, 401, "invalid_client");
        let own = account.token(&server).await;
        form(&client, "/oauth/revoke", &[("token", &own)]).await.expect(200);
        assert_eq!(introspected(&client, &own).await, json!({ "active": false }));
    }
}
