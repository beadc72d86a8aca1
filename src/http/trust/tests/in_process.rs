//! The scenarios of this face, in process. `tests/it` runs the same scenarios against the binary, on both engines.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

mod trust;

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use kit::{self as support, client::Response, openssl::Openssl, server::Server};

use self::trust::number_of;

const HOUR: Duration = Duration::from_secs(3600);

#[tokio::test]
async fn a_list_is_signed_again_in_time_and_its_number_never_decreases() {
    let (server, openssl) = (Server::start().await, Openssl::default());
    trust::issue(&openssl, &server.admin().await, "iot.device.x1").await;
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

#[tokio::test]
async fn a_clock_that_was_wrong_for_a_while_takes_nothing_from_the_list() {
    let (server, openssl) = (Server::start().await, Openssl::default());
    let admin = server.admin().await;
    for name in ["iot.device.x1", "iot.device.x2"] {
        let issued = trust::issue(&openssl, &admin, name).await;
        let path = format!("/api/certificates/issued/{}", issued.fingerprint);
        admin.delete(path).await.expect(204);
    }
    let anonymous = server.anonymous();
    let authorities = anonymous.get("/pki/ca.pem").await.expect(200);
    openssl.write("ca.pem", authorities.body);
    // The number of the list, and how many certificates it names.
    let list = async || {
        let number = number_of(&openssl, &server.anonymous()).await;
        openssl.run("crl -inform DER -in ca.crl -CAfile ca.pem -verify -noout");
        let text = openssl.run("crl -inform DER -in ca.crl -noout -text");
        (number, text.matches("Serial Number:").count())
    };
    let (before, entries) = list().await;
    assert_eq!(entries, 2);
    let wrong = 2 * 365 * 24 * HOUR;
    server.advance(wrong);
    let (during, entries) = list().await;
    assert_eq!(entries, 0, "both certificates have expired");
    assert!(during > before, "{during} follows {before}");
    server.set_back(wrong);
    let (after, entries) = list().await;
    assert_eq!(entries, 2);
    assert!(after > during, "{after} follows {during}");
    assert_eq!(list().await, (after, 2), "the same list has the same number");
}

#[tokio::test]
async fn a_list_of_an_hour_does_not_depend_on_when_it_is_signed() {
    let (server, openssl) = (Server::start().await, Openssl::default());
    let admin = server.admin().await;
    let issued = trust::issue(&openssl, &admin, "iot.device.x1").await;
    server.advance(HOUR / 2);
    let path = format!("/api/certificates/issued/{}", issued.fingerprint);
    admin.delete(path).await.expect(204);
    let terms = async |list: &str| {
        let list = server.anonymous().get(list).await.expect(200);
        openssl.write("list.crl", list.body);
        openssl.run("crl -inform DER -in list.crl -noout -crlnumber -lastupdate -nextupdate")
    };
    let key = openssl.run("x509 -in device.pem -noout -ext authorityKeyIdentifier");
    let key = key
        .lines()
        .last()
        .expect("a line")
        .trim()
        .trim_start_matches("keyid:");
    let key = key.replace(':', "").to_lowercase();
    let first = terms("/pki/ca.crl").await;
    server.advance(HOUR / 4);
    assert_eq!(terms(&format!("/pki/{key}/7.crl")).await, first);
    // A node whose clock is late, too.
    server.set_back(HOUR / 2);
    assert_eq!(terms(&format!("/pki/{key}/8.crl")).await, first);
}

/// The answer to the request in `request.der`, by GET.
async fn answer(server: &Server, openssl: &Openssl, options: &str) -> Response {
    openssl.run(&format!("ocsp -issuer chain.pem {options} -reqout request.der"));
    let base64 = STANDARD.encode(openssl.read("request.der"));
    let answer = server.anonymous().get(format!("/pki/ocsp/{base64}")).await;
    answer.expect(200)
}

/// Whether an answer has this word for the certificate.
fn says(openssl: &Openssl, answer: &Response, word: &str) -> bool {
    openssl.write("answer.der", &answer.body);
    let line = "ocsp -noverify -no_nonce -issuer chain.pem -cert device.pem -respin answer.der";
    openssl.run(line).contains(word)
}

const CERTIFICATE: &str = "-no_nonce -cert device.pem";

#[tokio::test]
async fn an_ocsp_answer_is_used_again_until_the_certificate_is_revoked() {
    let (server, openssl) = (
        Server::start_set(&[("MUNIMENT_OCSP_MAX_AGE", "600")]).await,
        Openssl::default(),
    );
    let admin = server.admin().await;
    let issued = trust::issue(&openssl, &admin, "iot.device.x1").await;
    let first = answer(&server, &openssl, CERTIFICATE).await;
    assert_eq!(
        first.header("cache-control"),
        "max-age=600, public, no-transform, must-revalidate"
    );
    assert!(says(&openssl, &first, "good"));
    // Each signature differs, so the same bytes are the same answer.
    let again = answer(&server, &openssl, CERTIFICATE).await;
    assert!(again.body == first.body);
    for options in [
        "-nonce -cert device.pem",
        "-no_nonce -serial 7",
        "-no_nonce -cert device.pem -serial 7",
    ] {
        let one = answer(&server, &openssl, options).await;
        assert!(one.header("cache-control").starts_with("max-age=0"), "{options}");
        assert!(
            one.body != answer(&server, &openssl, options).await.body,
            "{options}"
        );
    }

    let path = format!("/api/certificates/issued/{}", issued.fingerprint);
    admin.delete(path).await.expect(204);
    let revoked = answer(&server, &openssl, CERTIFICATE).await;
    assert!(says(&openssl, &revoked, "revoked"));
    let again = answer(&server, &openssl, CERTIFICATE).await;
    assert!(again.body == revoked.body);
    server.advance(HOUR / 2);
    let later = answer(&server, &openssl, CERTIFICATE).await;
    assert!(later.body != revoked.body, "an answer ends");
    assert!(says(&openssl, &later, "revoked"));
}

#[tokio::test]
async fn by_default_each_ocsp_answer_is_made_for_its_request() {
    let (server, openssl) = (Server::start().await, Openssl::default());
    let admin = server.admin().await;
    trust::issue(&openssl, &admin, "iot.device.x1").await;
    let first = answer(&server, &openssl, CERTIFICATE).await;
    assert_eq!(first.header("cache-control"), "max-age=0, must-revalidate");
    assert!(first.body != answer(&server, &openssl, CERTIFICATE).await.body);
}
