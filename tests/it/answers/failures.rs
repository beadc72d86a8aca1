//! Recorded answers of a server that cannot answer now: its database is gone, its knowledge is old, too many clients ask at
//! once, or a body does not arrive. The server runs in this process, where a test can bring this about.

use std::{future::IntoFuture, sync::Arc, time::Duration};

use futures_util::future::join_all;
use http::Method;
use kit::{client::Call, server::Server as InProcess};
use muniment::faces::FACES;
use serde_json::json;
use server::connections::{Doors, serve};
use tokio::net::TcpListener;

use super::{compare_with, recorded_text, redact::Redactor};
use crate::support::{
    client::{Client, Response},
    server::ADMIN_PASSWORD,
};

/// Requests to each face: one that reads and one that writes, where the face has both. All need the database.
const ASKED: &[(Method, &str, &str)] = &[
    (Method::GET, "/api/users/ids", ""),
    (
        Method::POST,
        "/api/roles",
        r#"{"name":"any","isShared":true,"permissions":[]}"#,
    ),
    (
        Method::POST,
        "/access/v1/dry-run",
        r#"{"method":"POST","path":"/api/users/batch","body":[]}"#,
    ),
    (Method::GET, "/api/events", ""),
    (Method::GET, "/readyz", ""),
];

/// Requests with a body, on each face that has such.
const WITH_A_BODY: &[&str] = &["/api/roles", "/access/v1/evaluation"];

/// The transcript of this process.
#[derive(Default)]
struct Transcript {
    text: String,
    redactor: Redactor,
}

impl Transcript {
    /// What is the matter with the server from here on.
    fn chapter(&mut self, about: &str) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str(&format!("# {about}\n"));
    }

    /// Makes a call and records its answer.
    async fn ask(&mut self, request: &str, call: Call) {
        self.record(request, &call.await);
    }

    fn record(&mut self, request: &str, answer: &Response) {
        assert!(answer.status >= 400, "{answer:?}");
        let answer = self.redactor.redacted(&recorded_text(answer));
        self.text.push_str(&format!("\n> {request}\n{answer}"));
    }

    /// Records what each face answers.
    async fn ask_all(&mut self, caller: &Client) {
        for (method, path, body) in ASKED {
            let call = caller.call(method.clone(), *path);
            let call = if body.is_empty() {
                call
            } else {
                call.body("application/json", *body)
            };
            self.ask(&format!("{method} {path}"), call).await;
        }
    }
}

async fn start(settings: &[(&str, &str)]) -> (InProcess, Client) {
    let server = InProcess::start_with(FACES, settings).await;
    let admin = server.admin().await;
    (server, admin)
}

/// Takes the database away, also from the connection that reads the ledger all the time.
async fn lose_the_database(server: &InProcess) {
    let db = server.app().ledger().db();
    let renamed = db.script("ALTER TABLE events RENAME TO gone").await;
    renamed.expect("a table can be renamed");
    db.close().await;
}

/// Long enough for three logins to begin, and shorter than the hash of a password.
const A_MOMENT: Duration = Duration::from_millis(30);

/// A node that has stood still.
async fn stale(transcript: &mut Transcript) {
    let (server, admin) = start(&[]).await;
    transcript.chapter("This node has not read the ledger for too long.");
    server.stand_still(Duration::from_secs(60));
    // A look would make it fresh again.
    lose_the_database(&server).await;
    transcript.ask_all(&admin).await;
}

/// A node without its database.
async fn unavailable(transcript: &mut Transcript) {
    let (server, admin) = start(&[]).await;
    transcript.chapter("The database is gone.");
    lose_the_database(&server).await;
    transcript.ask_all(&admin).await;
    let login = json!({ "username": "admin", "password": ADMIN_PASSWORD });
    let call = server.anonymous().post("/api/login", login);
    transcript.ask("POST /api/login", call).await;
}

/// A node on which two logins have a turn and another waits.
async fn hashing(transcript: &mut Transcript) {
    let (server, _admin) = start(&[
        ("MUNIMENT_PASSWORD_WORKERS", "1"),
        ("MUNIMENT_PASSWORD_QUEUE", "1"),
        ("MUNIMENT_PASSWORD_MEMORY_KIB", "4096"),
        ("MUNIMENT_PASSWORD_ITERATIONS", "32"),
    ])
    .await;
    transcript.chapter("Too many passwords are being hashed.");
    // From this address, logins have failed. So if one login too many waits, it is the one from here.
    let failing = server.anonymous().at("192.0.2.1");
    for name in ["ada", "grace", "robot", "emil", "otto", "paul"] {
        failing
            .basic(name, "wrong")
            .get("/api/session")
            .await
            .expect_error(401);
    }
    for path in ["/api/users/ids", "/access/v1/changes", "/api/events"] {
        let others = join_all((0..3).map(|_| log_in(&server)));
        let asked = async {
            // The others have begun by now, and none has ended.
            tokio::time::sleep(A_MOMENT).await;
            let call = failing.basic("admin", "wrong").get(path);
            transcript.ask(&format!("GET {path} with a password"), call).await;
        };
        tokio::join!(others, asked);
    }
}

/// Logs in where logins have succeeded.
async fn log_in(server: &InProcess) {
    server.anonymous().login("admin", ADMIN_PASSWORD).await;
}

/// A node that replays the ledger for another question.
async fn replaying(transcript: &mut Transcript) {
    let (_server, admin) = start(&[("MUNIMENT_HEAVY_WORKERS", "2")]).await;
    transcript.chapter("A moment of the past is being read for somebody else.");
    let users: Vec<_> = (0..200)
        .map(|number| json!({ "username": format!("user.{number}"), "identityProvider": "local", "grantTypes": [] }))
        .collect();
    admin.post("/api/users/batch", json!(users)).await.expect(200);
    let search = |position: i64| {
        let body = json!({
            "subject": { "type": "user" }, "action": { "name": "read" },
            "resource": { "type": "mqtt", "id": "a" }, "context": { "at": position }
        });
        admin.post("/access/v1/search/subject", body)
    };
    // One of the two begins to replay; the other finds it at work, or comes too late for that.
    for last in (20..200).step_by(20) {
        let (one, other) = tokio::join!(search(last).into_future(), search(last + 1).into_future());
        if let Some(refused) = [one, other].iter().find(|answer| answer.status != 200) {
            transcript.record("POST /access/v1/search/subject about the past", refused);
            return;
        }
    }
    panic!("no question should be answered while another moment is replayed");
}

/// A client that announces a body and does not send it.
async fn timeout(transcript: &mut Transcript) {
    let (_server, admin) = start(&[]).await;
    transcript.chapter("The body does not come.");
    let calls = WITH_A_BODY.iter().map(|path| {
        let call = admin.call(Method::POST, *path).body("application/json", "");
        call.unfinished().into_future()
    });
    let answers = join_all(calls).await;
    for (path, answer) in WITH_A_BODY.iter().zip(&answers) {
        transcript.record(&format!("POST {path}"), answer);
    }
}

/// A server that takes no further connection.
async fn full(transcript: &mut Transcript) {
    let (server, _admin) = start(&[]).await;
    transcript.chapter("There are too many connections.");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    let doors = Doors {
        connections: 0,
        patience: Duration::from_secs(10),
    };
    let serving = tokio::spawn(serve(
        listener,
        Arc::clone(server.front()),
        doors,
        std::future::pending(),
    ));
    let client = Client::new(address);
    for (method, path, _) in ASKED {
        let call = client.call(method.clone(), *path);
        transcript.ask(&format!("{method} {path}"), call).await;
    }
    serving.abort();
}

#[tokio::test]
async fn each_face_refuses_as_recorded_what_it_cannot_answer_now() {
    let (mut transcript, mut slow) = (Transcript::default(), Transcript::default());
    // A body is waited for half a minute; meanwhile the others are asked.
    let others = async {
        stale(&mut transcript).await;
        unavailable(&mut transcript).await;
        hashing(&mut transcript).await;
        replaying(&mut transcript).await;
        full(&mut transcript).await;
    };
    tokio::join!(timeout(&mut slow), others);
    compare_with("failures", &format!("{}\n{}", transcript.text, slow.text), true);
}
