//! Hashes that older versions of the server made of what was typed.

#![expect(clippy::expect_used, reason = "a test that cannot go on fails")]

use aggregates::{
    Command,
    user::UserCommand,
    values::{PasswordHash, UserId},
};
use argon2::{Algorithm, Argon2, Params, Version};
use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use kit::{connectware::create_user, server::Server};
use ledger::Metadata;
use serde_json::json;

/// The hash of a text as it was typed.
fn hash_of(typed: &str) -> PasswordHash {
    let (salt, mut output) = ([7; 16], [0; 32]);
    let params = Params::new(8, 1, 1, None).expect("parameters");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(typed.as_bytes(), &salt, &mut output)
        .expect("a hash");
    let [salt, output] = [STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(output)];
    PasswordHash::new(format!("$argon2id$v=19$m=8,t=1,p=1${salt}${output}"))
}

/// A server with a user `ada` whose hash is that of this text.
async fn server_with(typed: &str) -> Server {
    let server = Server::start().await;
    let ada = create_user(&server.admin().await, "ada").await;
    let command = UserCommand::SetPassword {
        password_hash: hash_of(typed),
    };
    let command = Command::User(UserId::parse(&ada).expect("an id"), command);
    let executor = &server.app().executor;
    let set = executor.execute(vec![command], &Metadata::system("test")).await;
    set.expect("a password");
    server
}

async fn may_log_in(server: &Server, password: &str) -> bool {
    let body = json!({ "username": "ada", "password": password });
    let answer = server.anonymous().post("/api/login", body).await;
    answer.status == 200
}

#[tokio::test]
async fn an_old_hash_opens_as_typed_and_is_replaced() {
    let server = server_with("pa\u{308}sswo\u{308}rd").await;
    assert!(
        !may_log_in(&server, "pässwörd").await,
        "the old hash is of the decomposed text"
    );
    assert!(may_log_in(&server, "pa\u{308}sswo\u{308}rd").await);
    assert!(
        may_log_in(&server, "pässwörd").await,
        "the login replaced the hash"
    );
    assert!(may_log_in(&server, "pa\u{308}sswo\u{308}rd").await);
    assert!(!may_log_in(&server, "passwörd").await);
}

#[tokio::test]
async fn an_old_hash_of_a_text_that_is_no_password_opens_as_typed() {
    for typed in ["tab\tulator", "zero\u{200b}width"] {
        let server = server_with(typed).await;
        for _ in 0..2 {
            assert!(may_log_in(&server, typed).await, "{typed:?}");
        }
        server
            .anonymous()
            .basic("ada", typed)
            .get("/api/session")
            .await
            .expect(200);
        let body = json!({ "password": typed, "newPassword": "a better one" });
        let ada = server.anonymous().login("ada", typed).await;
        ada.put("/api/users/change-password", body).await.expect(204);
        assert!(may_log_in(&server, "a better one").await);
        assert!(!may_log_in(&server, typed).await);
    }
}
