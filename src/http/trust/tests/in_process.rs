//! The scenarios of this face, in process. `tests/it` runs the same scenarios against the binary, on both engines.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

mod trust;

use std::time::Duration;

use kit::{self as support, openssl::Openssl, server::Server};

use self::trust::number_of;

const HOUR: Duration = Duration::from_secs(3600);

#[tokio::test]
async fn a_list_is_signed_again_in_time_and_its_number_never_decreases() {
    let (server, openssl) = (Server::start().await, Openssl::default());
    let mut last = 0;
    for _ in 0..30 {
        let number = number_of(&openssl, &server.anonymous()).await;
        assert!(number >= last, "{number} follows {last}");
        last = number;
        server.advance(HOUR / 2);
    }
    let first = number_of(&openssl, &server.anonymous()).await;
    server.advance(12 * HOUR);
    assert!(number_of(&openssl, &server.anonymous()).await > first);
    let text = openssl.run("crl -inform DER -in ca.crl -noout -lastupdate -nextupdate");
    assert!(text.contains("Feb  2 15:00:00 2026"), "{text}");
}

#[tokio::test]
async fn an_expired_certificate_leaves_the_list() {
    let (server, openssl) = (Server::start().await, Openssl::default());
    let admin = server.admin().await;
    let issued = trust::issue(&openssl, &admin, "iot.device.x1").await;
    let path = format!("/api/certificates/issued/{}", issued.fingerprint);
    admin.delete(path).await.expect(204);
    let entries = async || {
        number_of(&openssl, &server.anonymous()).await;
        openssl
            .run("crl -inform DER -in ca.crl -noout -text")
            .matches("Serial Number:")
            .count()
    };
    assert_eq!(entries().await, 1);
    server.advance(364 * 24 * HOUR);
    assert_eq!(entries().await, 1);
    server.advance(25 * HOUR);
    assert_eq!(entries().await, 0);
}
