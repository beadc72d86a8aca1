//! The scenarios of this face, in process. `tests/it` runs the same scenarios against the binary, on both engines.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

mod coiote;

use std::time::Duration;

use kit as support;

use self::coiote::{introspected, passes, password_grant, token_exchange, token_of};
use crate::support::{connectware::*, server::Server};

#[tokio::test]
async fn a_token_ends_after_the_time_that_is_set_and_not_before() {
    for (settings, seconds) in [
        (&[][..], 300),
        (&[("MUNIMENT_COIOTE_TOKEN_SECONDS", "4000")], 4000),
        // The bound on all tokens is a bound on these.
        (
            &[
                ("MUNIMENT_COIOTE_TOKEN_SECONDS", "4000"),
                ("MUNIMENT_TOKEN_HOURS_MOST", "1"),
            ],
            3600,
        ),
    ] {
        let server = Server::start_set(settings).await;
        let admin = server.admin().await;
        create_user(&admin, "ada").await;
        let answer = password_grant(&server.anonymous(), "ada", PASSWORD)
            .await
            .expect(201);
        assert_eq!(answer.json()["expires_in"], seconds.to_string());
        let token = answer.json()["access_token"]
            .as_str()
            .expect("a token")
            .to_owned();
        server.pass(Duration::from_secs(seconds - 1)).await;
        let asker = server.admin().await;
        assert_eq!(introspected(&asker, &token).await["active"], true);
        // It does not slide: its use has not prolonged it.
        server.pass(Duration::from_secs(1)).await;
        assert_eq!(
            introspected(&asker, &token).await,
            serde_json::json!({ "active": false })
        );
    }
}

#[tokio::test]
async fn a_token_passes_at_the_proxy_as_long_as_it_is_valid() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let reads =
        serde_json::json!([{ "resource": "GET devices/{id}", "operation": "read", "context": "coiote" }]);
    caller(&admin, "ada", reads).await;
    let ada = server
        .anonymous()
        .bearer(&token_of(&server.anonymous(), "ada", PASSWORD).await);
    assert!(passes(&ada, "devices/7").await);
    server.pass(Duration::from_secs(300)).await;
    assert!(!passes(&ada, "devices/7").await);
}

#[tokio::test]
async fn an_exchanged_token_ends_with_the_other_one_to_the_moment() {
    let settings = [
        ("MUNIMENT_COIOTE_TOKEN_SECONDS", "86400"),
        ("MUNIMENT_TOKEN_HOURS_MOST", "1"),
    ];
    let server = Server::start_set(&settings).await;
    let ada = caller(&server.admin().await, "ada", serde_json::json!([])).await;
    // The exchange is in another part of its second than the login.
    server.pass(Duration::from_millis(1_500)).await;
    let answer = token_exchange(&server.anonymous(), ada.token())
        .await
        .expect(200)
        .json();
    assert_eq!(answer["expires_in"], 3598);
    let token = text(&answer["access_token"]).to_owned();
    server.pass(Duration::from_millis(3_597_500)).await;
    let is_active = async |token: &str| introspected(&server.admin().await, token).await["active"].clone();
    assert_eq!(is_active(&token).await, true);
    assert_eq!(is_active(ada.token()).await, true);
    server.pass(Duration::from_secs(1)).await;
    assert_eq!(is_active(&token).await, false);
    assert_eq!(is_active(ada.token()).await, false);
}

#[tokio::test]
async fn a_lifetime_that_is_too_short_or_too_long_is_no_setting() {
    use muniment::faces::FACES;
    use server::settings::Settings;

    for (text, is_good) in [
        ("60", true),
        ("86400", true),
        ("59", false),
        ("86401", false),
        ("5m", false),
        ("", false),
    ] {
        let variables = [("MUNIMENT_COIOTE_TOKEN_SECONDS".to_owned(), text.to_owned())];
        let read = Settings::from("", variables.into(), FACES.settings());
        assert_eq!(read.is_ok(), is_good, "{text}");
    }
}
