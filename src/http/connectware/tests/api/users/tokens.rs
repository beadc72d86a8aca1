//! `/api/users/{id}/tokens`

use serde_json::{Value, json};

use crate::support::{both_engines, client::Client, connectware::*, server::Server};

async fn labelled(server: &Server, label: &str) -> Client {
    let body = json!({ "username": "ada", "password": PASSWORD, "label": label });
    let answer = server
        .anonymous()
        .post("/api/login", body)
        .await
        .expect(200)
        .json();
    server.anonymous().bearer(text(&answer["token"]))
}

/// The fingerprint of the token with this label.
fn fingerprint(tokens: &Value, label: &str) -> String {
    let token = list(tokens)
        .iter()
        .find(|token| token["label"] == label)
        .expect("the token should be listed");
    text(&token["fingerprint"]).to_owned()
}

both_engines! {
    async fn tokens_are_listed_by_fingerprint(server: Server) {
        let admin = server.admin().await;
        let id = create_user(&admin, "ada").await;
        let path = format!("/api/users/{id}/tokens");
        assert_eq!(admin.get(&path).await.expect(200).json(), json!([]));
        let laptop = labelled(&server, "laptop").await;
        labelled(&server, "phone").await;
        labelled(&server, "").await;

        let answer = admin.get(&path).await.expect(200);

        let tokens = answer.json();
        list(&tokens).iter().for_each(assert_token);
        assert_eq!(all(&tokens, "label"), ["", "laptop", "phone"]);
        let fingerprints = all(&tokens, "fingerprint");
        assert!(fingerprints.windows(2).all(|pair| pair[0] != pair[1]), "{tokens}");
        assert!(
            list(&tokens).iter().all(|token| text(&token["createdAt"]) < text(&token["expiresAt"])),
            "{tokens}"
        );
        assert!(!answer.text().contains(laptop.token()), "a token should not be shown again");
    }

    async fn one_token_is_revoked_by_its_fingerprint(server: Server) {
        let admin = server.admin().await;
        let id = create_user(&admin, "ada").await;
        let path = format!("/api/users/{id}/tokens");
        let (laptop, phone) = (labelled(&server, "laptop").await, labelled(&server, "phone").await);
        let tokens = admin.get(&path).await.expect(200).json();

        let which = fingerprint(&tokens, "laptop");
        admin.delete(format!("{path}?tokenId={which}")).await.expect(204);
        laptop.get("/api/session").await.expect_error(401);
        phone.get("/api/session").await.expect(200);
        assert_eq!(all(&admin.get(&path).await.expect(200).json(), "label"), ["phone"]);

        let which = fingerprint(&tokens, "phone");
        admin.delete(format!("{path}?fingerprint={which}")).await.expect(204);
        phone.get("/api/session").await.expect_error(401);
    }

    async fn all_tokens_are_revoked_when_none_is_named(server: Server) {
        let admin = server.admin().await;
        let id = create_user(&admin, "ada").await;
        let path = format!("/api/users/{id}/tokens");
        let (laptop, phone) = (labelled(&server, "laptop").await, labelled(&server, "phone").await);
        admin.delete(&path).await.expect(204);
        laptop.get("/api/session").await.expect_error(401);
        phone.get("/api/session").await.expect_error(401);
        assert_eq!(admin.get(&path).await.expect(200).json(), json!([]));
        admin.get("/api/session").await.expect(200);
        labelled(&server, "next").await.get("/api/session").await.expect(200);
    }

    async fn everybody_lists_and_revokes_their_own(server: Server) {
        let admin = server.admin().await;
        let id = create_user(&admin, "ada").await;
        let path = format!("/api/users/{id}/tokens");
        let (laptop, phone) = (labelled(&server, "laptop").await, labelled(&server, "phone").await);
        let tokens = laptop.get(&path).await.expect(200).json();
        list(&tokens).iter().for_each(assert_token);
        assert_eq!(tokens, admin.get(&path).await.expect(200).json());
        laptop.get(path.to_uppercase().replace("/API/USERS", "/api/users").replace("TOKENS", "tokens"))
            .await.expect(200);

        let which = fingerprint(&tokens, "phone");
        let position = laptop.delete(format!("{path}?tokenId={which}")).await.expect(204).position();
        assert!(position > 0);
        phone.get("/api/session").await.expect_error(401);
        laptop.delete(format!("{path}?tokenId={which}")).await.expect_error(404);
        let basic = server.anonymous().basic("ada", PASSWORD);
        assert_eq!(all(&basic.get(&path).await.expect(200).json(), "label"), ["laptop"]);
        laptop.delete(&path).await.expect(204);
        laptop.get(&path).await.expect_error(401);
        labelled(&server, "next").await;
        basic.delete(&path).await.expect(204);
        assert_eq!(basic.get(&path).await.expect(200).json(), json!([]));
    }

    async fn nobody_sees_the_tokens_of_others_without_the_right(server: Server) {
        let admin = server.admin().await;
        let ada = create_user(&admin, "ada").await;
        let grace = create_user(&admin, "grace").await;
        let own = labelled(&server, "laptop").await;
        let graces = server.anonymous().login("grace", PASSWORD).await;
        let theirs = graces.get(format!("/api/users/{grace}/tokens")).await.expect(200).json();
        let theirs = text(&theirs[0]["fingerprint"]).to_owned();
        let refusal = own.get(format!("/api/users/{NOBODY}/tokens")).await.expect_error(403);
        for id in [grace.as_str(), "ada", "grace", "../users", &format!("{ada}x"), &format!("{NOBODY}/{ada}")] {
            for query in ["", "?tokenId=", &format!("?tokenId={theirs}")] {
                let path = format!("/api/users/{id}/tokens");
                let answer = own.get(format!("{path}{query}")).await;
                assert!([400, 403, 404].contains(&answer.status), "{answer:?}");
                let answer = own.delete(format!("{path}{query}")).await;
                assert!([400, 403, 404].contains(&answer.status), "{answer:?}");
            }
        }
        let of_grace = own.get(format!("/api/users/{grace}/tokens")).await.expect_error(403);
        assert_eq!(of_grace.code, refusal.code);
        // On their own path, the tokens of others do not exist.
        let unknown = own.delete(format!("/api/users/{ada}/tokens?tokenId={}", "0".repeat(64))).await;
        let others = own.delete(format!("/api/users/{ada}/tokens?tokenId={theirs}")).await;
        assert_eq!(others.expect_error(404), unknown.expect_error(404));
        graces.get("/api/session").await.expect(200);
        own.get("/api/session").await.expect(200);
        // Nothing else about the own user is open.
        own.get(format!("/api/users/{ada}")).await.expect_error(403);
        own.delete(format!("/api/users/{ada}")).await.expect_error(403);
        own.post(format!("/api/users/{ada}/tokens"), json!({})).await.expect_error(405);
    }

    async fn a_token_of_another_user_is_not_revoked(server: Server) {
        let admin = server.admin().await;
        create_user(&admin, "ada").await;
        let grace = create_user(&admin, "grace").await;
        let ada = labelled(&server, "laptop").await;
        let adas = admin.get("/api/listUsers?username[eq]=ada").await.expect(200).json();
        let which = fingerprint(&adas["users"][0]["tokens"], "laptop");
        admin.delete(format!("/api/users/{grace}/tokens?tokenId={which}")).await.expect_error(404);
        ada.get("/api/session").await.expect(200);
    }

    async fn what_is_not_there_is_not_revoked(server: Server) {
        let admin = server.admin().await;
        let id = create_user(&admin, "ada").await;
        let ada = labelled(&server, "laptop").await;
        let path = format!("/api/users/{id}/tokens");
        admin.delete(format!("{path}?tokenId={}", "0".repeat(64))).await.expect_error(404);
        // An empty or misspelt name must not count as a missing name. Without a name, the request would be about all
        // tokens.
        admin.delete(format!("{path}?tokenID=laptop")).await.expect_error(400);
        admin.delete(format!("{path}?tokenId=")).await.expect_error_in(&[400, 404]);
        admin.delete(format!("{path}?tokenId=laptop")).await.expect_error_in(&[400, 404]);
        ada.get("/api/session").await.expect(200);
        admin.get(format!("/api/users/{NOBODY}/tokens")).await.expect_error(404);
        admin.delete(format!("/api/users/{NOBODY}/tokens")).await.expect_error(404);
        admin.get("/api/users/ada/tokens").await.expect_error(400);
    }
}
