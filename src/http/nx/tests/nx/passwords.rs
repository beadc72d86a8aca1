//! `/auth/authenticate/password-strength` and `/auth/authenticate/update-password`.

use super::{
    sign_in::{pair, refresh, sign_in, try_sign_in},
    *,
};
use crate::support::{both_engines, connectware::*};

/// A password that the rule of this API finds good.
const GOOD: &str = "Another pass-1";

async fn update(client: &Client, current: &str, new: &str) -> Response {
    let body = json!({ "CurrentPassword": current, "NewPassword": new });
    client.post("/auth/authenticate/update-password", body).await
}

both_engines! {
    async fn a_password_has_a_strength(server: Server) {
        let ask = async |password: &str| {
            let body = json!({ "Password": password });
            server.anonymous().post("/auth/authenticate/password-strength", body).await
        };
        for (password, strength) in [("abcdefg1", "fair"), ("Abcdefg1", "good")] {
            assert_eq!(ask(password).await.expect(200).json()["Message"], strength);
        }
        for (password, code) in [
            ("Ab1!", "password_policy"),
            ("abcdefgh", "password_weak"),
            (" Abcdefg1", "password_incorrect"),
            ("Pässword1", "password_incorrect"),
        ] {
            let answer = ask(password).await;
            refused(&answer, 400, code);
            let body = answer.json();
            assert_eq!(body["Field"]["Name"], "Password");
            assert_eq!(body["Field"]["Message"], body["Message"]);
            assert!(!body.to_string().contains(password));
        }
        let none = server.anonymous().post("/auth/authenticate/password-strength", json!({})).await;
        refused(&none, 400, "invalid_request");
        assert_eq!(none.json()["Field"]["Name"], "Password");
    }

    async fn a_user_takes_another_password_and_stays_signed_in(server: Server) {
        let admin = server.admin().await;
        create_user(&admin, "ada").await;
        let [own, other] = [sign_in(&server, "ada", PASSWORD).await, sign_in(&server, "ada", PASSWORD).await];
        let ada = server.anonymous().bearer(&own.access);
        let wrong = update(&ada, "wrong-password", GOOD).await;
        refused(&wrong, 400, "wrong_password");
        assert_eq!(wrong.json()["Field"]["Name"], "CurrentPassword");
        for (new, code) in [("abcdefgh", "password_weak"), ("Abc1!", "password_policy")] {
            let answer = update(&ada, PASSWORD, new).await;
            refused(&answer, 400, code);
            assert_eq!(answer.json()["Field"]["Name"], "NewPassword");
        }
        for (body, field) in [(json!({ "NewPassword": GOOD }), "CurrentPassword"), (json!({ "CurrentPassword": PASSWORD }), "NewPassword")] {
            let answer = ada.post("/auth/authenticate/update-password", body).await;
            refused(&answer, 400, "invalid_request");
            assert_eq!(answer.json()["Field"]["Name"], field);
        }
        let body = json!({ "CurrentPassword": PASSWORD, "NewPassword": GOOD });
        refused(&server.anonymous().post("/auth/authenticate/update-password", body).await, 401, "unauthorized");
        // Nothing has changed so far.
        pair(refresh(&server, &other.refresh, json!({})).await);
        let updated = update(&ada, PASSWORD, GOOD).await.expect(200).json();
        assert_eq!(updated["Message"], "Your password has been reset!");
        refused(&try_sign_in(&server, "ada", PASSWORD).await, 401, "unauthorized");
        sign_in(&server, "ada", GOOD).await;
        // The caller stays signed in, and nobody else.
        ada.get("/auth/parameters").await.expect(200);
        let again = pair(refresh(&server, &own.refresh, json!({ "GrantType": "RefreshToken" })).await);
        server.anonymous().bearer(&again.access).get("/auth/parameters").await.expect(200);
        refused(&server.anonymous().bearer(&other.access).get("/auth/parameters").await, 401, "unauthorized");
        refused(&refresh(&server, &other.refresh, json!({})).await, 401, "unauthorized");
    }

    async fn whoever_must_change_the_password_can_do_it_here(server: Server) {
        let admin = server.admin().await;
        create_user_with(&admin, "ada", json!({ "mustChangePassword": true })).await;
        let tokens = sign_in(&server, "ada", PASSWORD).await;
        let ada = server.anonymous().bearer(&tokens.access);
        assert_eq!(ada.get("/auth/parameters").await.status, 403);
        update(&ada, PASSWORD, GOOD).await.expect(200);
        ada.get("/auth/parameters").await.expect(200);
    }
}
