//! `/auth/user`, `/auth/parameters` and `/auth/cloud/status`.

use axum::http::Method;

use super::{sign_in::sign_in, *};
use crate::support::{both_engines, client::assert_keys, connectware::*};

async fn change(client: &Client, id: &str, body: Value) -> Response {
    let call = client.call(Method::PATCH, format!("/auth/user/{id}"));
    call.body("application/json", body.to_string()).await
}

both_engines! {
    async fn a_user_reads_and_changes_themselves(server: Server) {
        let admin = server.admin().await;
        let id = create_user(&admin, "ada").await;
        let tokens = sign_in(&server, "ada", PASSWORD).await;
        let ada = server.anonymous().bearer(&tokens.access);
        let path = format!("/auth/user/{id}");
        let before = ada.get(&path).await.expect(200).json();
        assert_keys(&before, &["Email", "IsSuperAdmin", "Name", "NxID", "Organisation", "UUID"]);
        assert_eq!(before, json!({
            "Email": "", "IsSuperAdmin": false, "Name": "ada", "NxID": "", "Organisation": null, "UUID": id,
        }));
        let after = change(&ada, &id, json!({ "Name": "Ada Lovelace", "Newsletter": true, "PhoneNumber": "+45 1" })).await;
        let after = after.expect(200).json();
        assert_eq!(after["Name"], "Ada Lovelace");
        assert_eq!(ada.get(&path).await.expect(200).json(), after);
        // What is left out stays, and null is no number.
        let same = change(&ada, &id, json!({ "PhoneNumber": null })).await.expect(200).json();
        assert_eq!(same["Name"], "Ada Lovelace");
        let changed = admin.get("/api/events?eventType=nx_account.phone_changed").await.expect(200).json();
        assert_eq!(list(&changed["events"]).len(), 1);
        let none = change(&ada, &id, json!({})).await.expect(200).json();
        assert_eq!(none, after);
        for (body, field) in [(json!({ "Name": "" }), "Name"), (json!({ "Name": "a\nb" }), "Name"), (json!({ "PhoneNumber": "x".repeat(201) }), "PhoneNumber")] {
            let answer = change(&ada, &id, body).await;
            refused(&answer, 400, "invalid_request");
            assert_eq!(answer.json()["Field"]["Name"], field);
        }
        for body in [json!([]), json!({ "Name": 1 }), json!({ "Newsletter": "yes" })] {
            refused(&change(&ada, &id, body).await, 400, "invalid_request");
        }
    }

    async fn others_are_hidden_from_all_but_super_administrators(server: Server) {
        let admin = server.admin().await;
        let [ada, grace] = [create_user(&admin, "ada").await, create_user(&admin, "grace").await];
        let tokens = sign_in(&server, "ada", PASSWORD).await;
        let client = server.anonymous().bearer(&tokens.access);
        for id in [&*grace, NOTHING] {
            refused(&client.get(format!("/auth/user/{id}")).await, 404, "not_found");
            refused(&change(&client, id, json!({ "Name": "x" })).await, 404, "not_found");
        }
        refused(&client.get("/auth/user/1").await, 400, "invalid_request");
        let tokens = sign_in(&server, "admin", ADMIN_PASSWORD).await;
        let root = server.anonymous().bearer(&tokens.access);
        let found = root.get(format!("/auth/user/{ada}")).await.expect(200).json();
        assert_eq!((&found["Name"], &found["IsSuperAdmin"]), (&json!("ada"), &json!(false)));
        let own = root.get(format!("/auth/user/{}", admin_id(&admin).await)).await.expect(200).json();
        assert_eq!(own["IsSuperAdmin"], true);
        let changed = change(&root, &ada, json!({ "Name": "Ada" })).await.expect(200).json();
        assert_eq!(changed["Name"], "Ada");
        refused(&root.get(format!("/auth/user/{NOTHING}")).await, 404, "not_found");
        refused(&change(&root, NOTHING, json!({ "Name": "x" })).await, 404, "not_found");
        refused(&server.anonymous().get(format!("/auth/user/{ada}")).await, 401, "unauthorized");
    }

    async fn the_account_ends_with_its_user(server: Server) {
        let admin = server.admin().await;
        let id = create_user(&admin, "ada").await;
        let tokens = sign_in(&server, "ada", PASSWORD).await;
        let ada = server.anonymous().bearer(&tokens.access);
        change(&ada, &id, json!({ "Name": "Ada" })).await.expect(200);
        admin.delete(format!("/api/users/{id}")).await.expect(204);
        let closed = admin.get("/api/events?eventType=nx_account.closed").await.expect(200).json();
        assert_eq!(list(&closed["events"]).len(), 1);
        refused(&admin.get(format!("/auth/user/{id}")).await, 404, "not_found");
    }

    async fn status_and_parameters_have_the_published_shape(server: Server) {
        let status = server.anonymous().get("/auth/cloud/status").await.expect(200).json();
        assert_eq!(status, json!({ "Online": true, "Services": { "Ledger": true } }));
        refused(&server.anonymous().get("/auth/parameters").await, 401, "unauthorized");
        let tokens = sign_in(&server, "admin", ADMIN_PASSWORD).await;
        let parameters = server.anonymous().bearer(&tokens.access).get("/auth/parameters").await.expect(200).json();
        assert_keys(&parameters, &["Features"]);
        assert_eq!(parameters["Features"]["Licenses"], true);
    }
}
