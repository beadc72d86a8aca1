//! Signing up and forgotten passwords on the face of Nx, with mails in the outbox or at an SMTP server.

use std::{path::Path, time::Duration};

use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};

use crate::http::openapi::log_in_on_os2iot;
use crate::support::{
    client::{Client, Response},
    connectware::*,
    server::{ADMIN_PASSWORD, Engine, Server, Site},
};

/// Makes each of these scenarios a test on each engine.
macro_rules! on_each_engine {
    ($(async fn $name:ident($engine:ident: Engine) $body:block)*) => {$(
        mod $name {
            use super::*;

            async fn run($engine: Engine) $body

            #[tokio::test]
            async fn sqlite() {
                Box::pin(run(Engine::Sqlite)).await;
            }

            #[tokio::test]
            async fn postgres() {
                Box::pin(run(Engine::Postgres)).await;
            }
        }
    )*};
}

const ADDRESS: &str = "ada@example.org";
const GOOD: &str = "Correct horse 1";

async fn start(engine: Engine, settings: &[(&str, &str)]) -> Server {
    let mut site = Site::new(engine).with("MUNIMENT_PUBLIC_URL", "https://id.example.org/base");
    for (name, value) in settings {
        site = site.with(name, value);
    }
    site.start().await
}

fn person(email: &str) -> Value {
    json!({
        "Email": email, "Password": GOOD, "Name": "Ada", "Company": "Analytical Engines", "PhoneNumber": "+45 1",
        "JobTitle": "Analyst", "NewsletterOptIn": false, "AcceptEULA": true,
    })
}

async fn post(server: &Server, path: &str, body: Value) -> Response {
    server.anonymous().post(format!("/auth/{path}"), body).await
}

async fn sign_in(server: &Server, password: &str) -> Response {
    let body = json!({ "Username": ADDRESS, "Password": password, "KeepLoggedIn": false });
    post(server, "authenticate/signin", body).await
}

async fn signed_in(server: &Server, password: &str) -> Client {
    let tokens = sign_in(server, password).await.expect(200).json();
    server.anonymous().bearer(text(&tokens["AccessToken"]))
}

/// The mails in the outbox, once there are so many.
async fn outbox(server: &Server, number: usize) -> Vec<String> {
    let folder = server.site().data().join("outbox");
    let read = || {
        let entries = std::fs::read_dir(&folder).into_iter().flatten();
        let paths = entries.map(|entry| entry.expect("an entry").path());
        let mails = paths.filter(|path| path.extension().is_some_and(|end| end == "eml"));
        let mut mails: Vec<_> = mails.map(|path| (written(&path), read_text(&path))).collect();
        mails.sort();
        mails.into_iter().map(|(_, mail)| mail).collect::<Vec<_>>()
    };
    for _ in 0..200 {
        let mails = read();
        if mails.len() >= number {
            assert_eq!(mails.len(), number, "{mails:?}");
            return mails;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("there are fewer than {number} mails: {:?}", read());
}

fn written(path: &Path) -> std::time::SystemTime {
    let metadata = std::fs::metadata(path).expect("a file");
    metadata.modified().expect("a time")
}

fn read_text(path: &Path) -> String {
    std::fs::read_to_string(path).expect("a text")
}

/// The token of the link in a mail.
fn token(mail: &str) -> String {
    let (_, rest) = mail.split_once("?token=").expect("a link");
    let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
    rest[..end].to_owned()
}

/// The id of the user of an access token.
fn subject(client: &Client) -> String {
    let payload = client.token().split('.').nth(1).expect("claims").to_owned();
    let base64url = &base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let claims = base64::Engine::decode(base64url, payload).expect("base64url");
    let claims: Value = serde_json::from_slice(&claims).expect("JSON");
    text(&claims["sub"]).to_owned()
}

fn code(answer: &Response) -> String {
    text(&answer.json()["BackendMessage"]).to_owned()
}

on_each_engine! {
    async fn whoever_signs_up_proves_the_address_first(engine: Engine) {
        let server = start(engine, &[]).await;
        let answer = post(&server, "user", person(ADDRESS)).await.expect(200).json();
        assert!(answer.get("RefreshToken").is_none(), "{answer}");
        assert_eq!(code(&sign_in(&server, GOOD).await.expect(401)), "unauthorized");
        let mails = outbox(&server, 1).await;
        assert!(mails[0].contains("To: ada@example.org"), "{}", mails[0]);
        assert!(mails[0].contains("https://id.example.org/base/auth/user/verify?token="), "{}", mails[0]);
        let link = format!("/auth/user/verify?token={}", token(&mails[0]));
        assert_eq!(code(&server.anonymous().get("/auth/user/verify?token=AAAA").await.expect(400)), "link_ended");
        server.anonymous().get(&link).await.expect(200);
        server.anonymous().get(&link).await.expect(200);
        let ada = signed_in(&server, GOOD).await;
        let user = ada.get(format!("/auth/user/{}", subject(&ada))).await.expect(200).json();
        assert_eq!((&user["Email"], &user["Name"]), (&json!(ADDRESS), &json!("Ada")));
        assert_eq!(user["Organisation"]["Name"], "Analytical Engines");
        assert_eq!(user["IsSuperAdmin"], false);
        // The owner reads the licences of the organisation, and no others.
        assert_eq!(ada.get("/auth/licenses").await.expect(200).json(), json!([]));
        // The organisation does not show on os2iot.
        let global = log_in_on_os2iot(&server, "admin", ADMIN_PASSWORD).await;
        let shown = global.get("/api/v1/organization").await.expect(200).json();
        assert!(!shown.to_string().contains("Analytical"), "{shown}");
        // Somebody else signs up with the address: the answer is the same, and the owner learns it.
        let again = post(&server, "user", person("Ada@Example.org")).await.expect(200).json();
        assert_eq!(again, answer);
        let mails = outbox(&server, 2).await;
        assert!(mails.iter().any(|mail| mail.contains("Subject: You have an account already")), "{mails:?}");
        signed_in(&server, GOOD).await;
        let server = server.restart().await;
        signed_in(&server, GOOD).await;
    }

    async fn nobody_squats_an_address(engine: Engine) {
        let server = start(engine, &[]).await;
        // Two sign up with one address. The first to prove it has it.
        for number in 1..3 {
            post(&server, "user", person(ADDRESS)).await.expect(200);
            outbox(&server, number).await;
        }
        let mails = outbox(&server, 2).await;
        let link = |mail: &str| format!("/auth/user/verify?token={}", token(mail));
        server.anonymous().get(link(&mails[1])).await.expect(200);
        assert_eq!(code(&server.anonymous().get(link(&mails[0])).await.expect(409)), "email_taken");
        signed_in(&server, GOOD).await;
    }

    async fn a_forgotten_password_is_set_by_a_mailed_link(engine: Engine) {
        let server = start(engine, &[("MUNIMENT_NX_SIGN_UP", "open")]).await;
        let tokens = post(&server, "user", person(ADDRESS)).await.expect(200).json();
        let before = server.anonymous().bearer(text(&tokens["AccessToken"]));
        before.get("/auth/parameters").await.expect(200);
        let forgot = async |email: &str| {
            let answer = post(&server, "authenticate/forgot-password", json!({ "Email": email })).await;
            text(&answer.expect(200).json()["Message"]).to_owned()
        };
        for email in ["nobody@example.org", "no address", "ADA@example.org", ADDRESS] {
            assert_eq!(forgot(email).await, "Password sent if user exists.");
        }
        let mails = outbox(&server, 2).await;
        assert!(mails.iter().all(|mail| mail.contains("To: ada@example.org")), "{mails:?}");
        let [first, second] = [token(&mails[0]), token(&mails[1])];
        let reset = async |token: &str, password: &str| {
            let body = json!({ "Token": token, "NewPassword": password });
            post(&server, "authenticate/reset-password", body).await
        };
        // A password that is refused uses no token up.
        assert_eq!(code(&reset(&first, "abcdefgh").await.expect(400)), "password_weak");
        for bad in ["", "AAAA", &first[1..]] {
            assert_eq!(code(&reset(bad, GOOD).await.expect(400)), "link_ended");
        }
        // One of many uses at the same time wins.
        let passwords: Vec<String> = (0..20).map(|number| format!("Another one {number}")).collect();
        let answers = join_all(passwords.iter().map(|password| reset(&first, password))).await;
        let won: Vec<usize> = (0..20).filter(|number| answers[*number].status == 200).collect();
        assert_eq!(won.len(), 1, "{answers:?}");
        assert_eq!(answers[won[0]].json()["Message"], "Your password has been reset!");
        // All sessions have ended, and all other links.
        assert_eq!(before.get("/auth/parameters").await.status, 401);
        for token in [&first, &second] {
            assert_eq!(code(&reset(token, GOOD).await.expect(400)), "link_ended");
        }
        sign_in(&server, GOOD).await.expect(401);
        signed_in(&server, &passwords[won[0]]).await;
        // A link of one purpose is none of the other.
        let link = format!("/auth/user/verify?token={second}");
        assert_eq!(code(&server.anonymous().get(link).await.expect(400)), "link_ended");
    }

    async fn the_setting_says_who_may_sign_up(engine: Engine) {
        let open = start(engine, &[("MUNIMENT_NX_SIGN_UP", "open")]).await;
        let tokens = post(&open, "user", person(ADDRESS)).await.expect(200).json();
        assert!(text(&tokens["RefreshToken"]).len() > 20);
        let taken = post(&open, "user", person("ADA@example.org")).await.expect(409);
        assert_eq!(code(&taken), "email_taken");
        assert_eq!(taken.json()["Field"]["Name"], "Email");
        // Others may have an organisation of the same name.
        post(&open, "user", person("grace@example.org")).await.expect(200);
        for field in ["Email", "Password", "Name", "Company", "AcceptEULA"] {
            let mut body = person("mary@example.org");
            body.as_object_mut().expect("an object").remove(field);
            let answer = post(&open, "user", body).await.expect(400);
            assert_eq!(answer.json()["Field"]["Name"], field);
        }
        for (field, value, code_of) in [
            ("Email", json!("no address"), "invalid_request"),
            ("Password", json!("abcdefgh"), "password_weak"),
            ("AcceptEULA", json!(false), "invalid_request"),
            ("Company", json!("x".repeat(201)), "invalid_request"),
        ] {
            let mut body = person("mary@example.org");
            body[field] = value;
            let answer = post(&open, "user", body).await.expect(400);
            assert_eq!((&*code(&answer), &answer.json()["Field"]["Name"]), (code_of, &json!(field)));
        }
        drop(open);
        let off = start(engine, &[("MUNIMENT_NX_SIGN_UP", "off")]).await;
        assert_eq!(code(&post(&off, "user", person(ADDRESS)).await.expect(409)), "sign_up_off");
    }

    async fn whoever_signs_up_with_the_name_of_a_user_takes_nothing_from_them(engine: Engine) {
        let server = start(engine, &[("MUNIMENT_NX_SIGN_UP", "open")]).await;
        let admin = server.admin().await;
        let user = create_user_with(&admin, ADDRESS, json!({})).await;
        signed_in(&server, PASSWORD).await;
        post(&server, "user", person(ADDRESS)).await.expect(200);
        let still = signed_in(&server, PASSWORD).await;
        still.get(format!("/auth/user/{user}")).await.expect(200);
        // The name counts, so the other one does not get in by it.
        sign_in(&server, GOOD).await.expect(401);
    }

    async fn the_owner_of_an_organisation_invites_lists_and_removes_members(engine: Engine) {
        let server = start(engine, &[("MUNIMENT_NX_SIGN_UP", "open")]).await;
        let admin = server.admin().await;
        let tokens = post(&server, "user", person(ADDRESS)).await.expect(200).json();
        let ada = server.anonymous().bearer(text(&tokens["AccessToken"]));
        let me = ada.get(format!("/auth/user/{}", subject(&ada))).await.expect(200).json();
        let path = format!("/auth/organisation/{}", text(&me["Organisation"]["UUID"]));
        let invite = async |by: &Client, email: &str| {
            by.post(format!("{path}/invite"), json!({ "Email": email })).await
        };
        let follow = async |token: &str, email: &str| {
            let mut body = person(email);
            body["Token"] = json!(token);
            server.anonymous().post(format!("{path}/user"), body).await
        };
        let members = async || {
            let found = ada.get(format!("{path}/members")).await.expect(200).json();
            let names = list(&found).iter().map(|one| (text(&one["Email"]).to_owned(), one["IsOwner"] == json!(true)));
            names.collect::<Vec<_>>()
        };
        let owner = (ADDRESS.to_owned(), true);
        let member = ("grace@example.org".to_owned(), false);
        assert_eq!(members().await, std::slice::from_ref(&owner));

        invite(&ada, "Grace@example.org").await.expect(200);
        let first = token(&outbox(&server, 1).await[0]);
        for (token, email) in [("AAAA", "grace@example.org"), (&*first, "mary@example.org"), (&first[1..], "grace@example.org")] {
            assert_eq!(code(&follow(token, email).await.expect(400)), "link_ended");
        }
        let elsewhere = path.replace(text(&me["Organisation"]["UUID"]), "00000063-6f73-8001-8000-696f74000000");
        let mut body = person("grace@example.org");
        body["Token"] = json!(first);
        let refused = server.anonymous().post(format!("{elsewhere}/user"), body).await;
        assert!([400, 404].contains(&refused.status), "{refused:?}");
        let tokens = follow(&first, "grace@example.org").await.expect(200).json();
        let grace = server.anonymous().bearer(text(&tokens["AccessToken"]));
        grace.get("/auth/licenses").await.expect(200);
        let both = members().await;
        assert!(both.contains(&owner) && both.contains(&member) && both.len() == 2, "{both:?}");
        assert_eq!(code(&follow(&first, "grace@example.org").await.expect(409)), "email_taken");

        // A member, a stranger and a user of another API are told that there is no such organisation; a super administrator is not.
        create_user(&admin, "mallory").await;
        let mallory = server.anonymous().login("mallory", PASSWORD).await;
        let hers = format!("{path}/members/{}", subject(&grace));
        for other in [&grace, &mallory] {
            assert_eq!(code(&other.get(format!("{path}/members")).await.expect(404)), "unknown_organisation");
            assert_eq!(code(&invite(other, "mary@example.org").await.expect(404)), "unknown_organisation");
            assert_eq!(code(&other.delete(&hers).await.expect(404)), "unknown_organisation");
        }
        server.anonymous().get(format!("{path}/members")).await.expect(401);
        assert_eq!(list(&admin.get(format!("{path}/members")).await.expect(200).json()).len(), 2);

        // Whoever is removed has no right any more, and comes back by no old link.
        let his = format!("{path}/members/{}", subject(&ada));
        assert_eq!(code(&ada.delete(&his).await.expect(409)), "owner_stays");
        invite(&ada, "grace@example.org").await.expect(200);
        let mails = outbox(&server, 2).await;
        let second = token(&mails[1]);
        ada.delete(&hers).await.expect(200);
        assert_eq!(members().await, std::slice::from_ref(&owner));
        assert_eq!(grace.get("/auth/licenses").await.status, 403);
        assert_eq!(code(&ada.delete(&hers).await.expect(404)), "not_found");
        let join = async |token: &str| grace.post(format!("{path}/join"), json!({ "Token": token })).await;
        for old in [&first, &second] {
            assert_eq!(code(&join(old).await.expect(400)), "link_ended");
        }
        invite(&ada, "grace@example.org").await.expect(200);
        let mails = outbox(&server, 3).await;
        join(&token(&mails[2])).await.expect(200);
        join(&token(&mails[2])).await.expect(200);
        grace.get("/auth/licenses").await.expect(200);
        let server = server.restart().await;
        let admin = server.admin().await;
        assert_eq!(list(&admin.get(format!("{path}/members")).await.expect(200).json()).len(), 2);
        // A deleted user is no member.
        admin.delete(format!("/api/users/{}", subject(&grace))).await.expect(204);
        assert_eq!(list(&admin.get(format!("{path}/members")).await.expect(200).json()).len(), 1);
    }

    async fn an_invitation_ends_with_the_right_of_who_sent_it(engine: Engine) {
        let server = start(engine, &[("MUNIMENT_NX_SIGN_UP", "open")]).await;
        let admin = server.admin().await;
        let tokens = post(&server, "user", person(ADDRESS)).await.expect(200).json();
        let ada = server.anonymous().bearer(text(&tokens["AccessToken"]));
        let me = ada.get(format!("/auth/user/{}", subject(&ada))).await.expect(200).json();
        let path = format!("/auth/organisation/{}", text(&me["Organisation"]["UUID"]));
        ada.post(format!("{path}/invite"), json!({ "Email": "grace@example.org" })).await.expect(200);
        let token = token(&outbox(&server, 1).await[0]);
        admin.delete(format!("/api/users/{}", subject(&ada))).await.expect(204);
        let mut body = person("grace@example.org");
        body["Token"] = json!(token);
        assert_eq!(code(&server.anonymous().post(format!("{path}/user"), body).await.expect(400)), "link_ended");
    }

    async fn mails_go_to_the_smtp_server_of_the_settings(engine: Engine) {
        let sink = Sink::start().await;
        let url = format!("smtp://127.0.0.1:{}", sink.port);
        let settings = [("MUNIMENT_SMTP_URL", &*url), ("MUNIMENT_MAIL_FROM", "Muniment <no-reply@example.org>")];
        let server = start(engine, &settings).await;
        post(&server, "user", person(ADDRESS)).await.expect(200);
        let mail = sink.next().await;
        assert!(mail.contains("MAIL FROM:<no-reply@example.org>"), "{mail}");
        assert!(mail.contains("RCPT TO:<ada@example.org>"), "{mail}");
        server.anonymous().get(format!("/auth/user/verify?token={}", token(&mail))).await.expect(200);
        signed_in(&server, GOOD).await;
        assert!(!server.site().data().join("outbox").exists());
        assert!(!server.log().contains(&token(&mail)));
    }
}

/// A small SMTP server that keeps what it is told.
struct Sink {
    port: u16,
    mails: tokio::sync::Mutex<mpsc::UnboundedReceiver<String>>,
}

impl Sink {
    async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let (keep, mails) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let keep = keep.clone();
                tokio::spawn(async move {
                    if let Ok(mail) = converse(stream).await {
                        let _ = keep.send(mail);
                    }
                });
            }
        });
        Self {
            port,
            mails: tokio::sync::Mutex::new(mails),
        }
    }

    async fn next(&self) -> String {
        let mut mails = self.mails.lock().await;
        let next = tokio::time::timeout(Duration::from_secs(20), mails.recv()).await;
        next.expect("a mail in time").expect("the sink goes on")
    }
}

/// Takes one mail (RFC 5321), and returns what the client said.
async fn converse(stream: TcpStream) -> std::io::Result<String> {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    write.write_all(b"220 sink\r\n").await?;
    let (mut said, mut is_data) = (String::new(), false);
    while let Some(line) = lines.next_line().await? {
        said.push_str(&line);
        said.push('\n');
        let answer: &[u8] = match (&*line, is_data) {
            (".", true) => {
                is_data = false;
                b"250 taken\r\n"
            }
            (_, true) => continue,
            ("DATA", false) => {
                is_data = true;
                b"354 go on\r\n"
            }
            ("QUIT", false) => {
                write.write_all(b"221 bye\r\n").await?;
                break;
            }
            _ => b"250 sink\r\n",
        };
        write.write_all(answer).await?;
        if said.ends_with("\n.\n") {
            break;
        }
    }
    Ok(said)
}
