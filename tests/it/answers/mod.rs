//! Recorded answers: each file beside this one is a transcript of requests and of the server's answers, byte by byte.
//! The test sends the requests again and compares the answers. `UPDATE_SNAPSHOTS=1` writes the present answers into the
//! files.
//!
//! A line of a transcript is one of these:
//!
//! ```text
//! # A comment.
//! ! setting NAME=VALUE          the server is started with this setting
//! ! later +25h                  the server is started again with a clock that is ahead
//! > METHOD PATH as CALLER       a request; `as CALLER` sends the saved value {CALLER-token} as its bearer token
//! > basic USER:PASSWORD         the request's credential
//! > header NAME: VALUE
//! > type TEXT                   the content type of the body; the default is application/json
//! > body TEXT                   the body; {{3 * x}} in it means xxx
//! > hex DIGITS                  a body that is not a text
//! > save NAME POINTER           saves the value at the JSON pointer of the answer; {NAME} stands for it from here on
//! > sorted POINTER              the order of the list at the JSON pointer is not recorded
//! > brief                       the answer's body is not recorded
//! ```
//!
//! All other lines are the answer to the request above them.

mod failures;
mod redact;

use std::{collections::BTreeMap, path::PathBuf};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::Method;

use self::redact::Redactor;
use crate::support::{
    client::Response,
    connectware::admin_id,
    server::{ADMIN_PASSWORD, Engine, Server, Site},
};

/// Headers that say nothing about the face: the time of the answer, its length before redaction, and what every answer
/// tells browsers.
const UNRECORDED: [&str; 6] = [
    "date",
    "content-length",
    "content-security-policy",
    "permissions-policy",
    "referrer-policy",
    "x-frame-options",
];

/// Makes a test per engine from each of these transcripts.
macro_rules! transcripts {
    ($($name:ident)*) => {$(
        mod $name {
            use super::*;

            #[tokio::test]
            async fn sqlite() {
                compare(stringify!($name), Engine::Sqlite).await;
            }

            #[tokio::test]
            async fn postgres() {
                compare(stringify!($name), Engine::Postgres).await;
            }
        }
    )*};
}

transcripts! { access credentials permissions refusals rehearsal roles system users }

/// Sends the requests of a transcript, and fails unless the answers are the recorded ones.
async fn compare(name: &str, engine: Engine) {
    let recorded = std::fs::read_to_string(file(name)).expect("a transcript should be readable");
    let now = replay(&recorded, engine).await;
    // Both engines must give the same answers, so one of them writes the file.
    compare_with(name, &now, engine == Engine::Sqlite);
}

fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/it/answers/{name}.txt"))
}

/// Compares a transcript with the answers of now, or writes it, if it is to be written.
fn compare_with(name: &str, now: &str, may_write: bool) {
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() && may_write {
        std::fs::write(file(name), now).expect("a transcript should be writable");
        return;
    }
    let recorded = std::fs::read_to_string(file(name)).expect("a transcript should be readable");
    let mut request = "";
    for (line, (recorded, now)) in recorded.lines().zip(now.lines()).enumerate() {
        if recorded.starts_with("> ") {
            request = recorded;
        }
        assert!(
            recorded == now,
            "{name}.txt:{}: the answer to {request}\n  was {recorded}\n  is  {now}",
            line + 1
        );
    }
    assert!(
        recorded == now,
        "{name}.txt and the answers of now differ in their length"
    );
}

/// The transcript with the present answers.
async fn replay(transcript: &str, engine: Engine) -> String {
    let mut replay = Replay::start(transcript, engine).await;
    let mut lines = transcript.lines().peekable();
    while let Some(line) = lines.next() {
        if let Some(offset) = line.strip_prefix("! later ") {
            replay.restart_later(offset).await;
        }
        let Some(head) = line.strip_prefix("> ") else {
            // Lines of an answer are not empty and do not begin with a sign.
            if line.is_empty() || line.starts_with(['#', '!']) {
                replay.say(line);
            }
            continue;
        };
        replay.say(line);
        let mut request = Request::new(head, &replay.values);
        while let Some(more) = lines.peek().and_then(|next| next.strip_prefix("> ")) {
            let (key, value) = more.split_once(' ').unwrap_or((more, ""));
            request.add(key, &replay.values.filled(value));
            replay.say(&format!("> {more}"));
            lines.next();
        }
        replay.send(request).await;
    }
    replay.said
}

/// The values that a transcript saved, by name.
#[derive(Default)]
struct Values(BTreeMap<String, String>);

impl Values {
    /// Replaces values by their names.
    fn named(&self, mut text: String) -> String {
        for (name, value) in &self.0 {
            text = text.replace(value, &format!("{{{name}}}"));
        }
        text
    }

    /// Replaces names by their values, and expands repetitions.
    fn filled(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (name, value) in &self.0 {
            text = text.replace(&format!("{{{name}}}"), value);
        }
        while let Some((before, rest)) = text.split_once("{{") {
            let (repeat, after) = rest.split_once("}}").expect("a repetition should end");
            let (count, unit) = repeat
                .split_once(" * ")
                .expect("a repetition should have a count");
            let count = count.parse().expect("a count should be a number");
            text = format!("{before}{}{after}", unit.repeat(count));
        }
        text
    }
}

/// A request of a transcript.
struct Request {
    method: Method,
    path: String,
    headers: Vec<(&'static str, String)>,
    content_type: String,
    body: Option<Vec<u8>>,
    save: Vec<(String, String)>,
    sorted: Vec<String>,
    is_brief: bool,
}

impl Request {
    fn new(head: &str, values: &Values) -> Self {
        let (method, rest) = head.split_once(' ').expect("a request should have a path");
        let (path, caller) = match rest.rsplit_once(" as ") {
            Some((path, caller)) => (path, Some(caller)),
            None => (rest, None),
        };
        let method = Method::from_bytes(method.as_bytes());
        let mut request = Self {
            method: method.expect("a request should begin with its method"),
            path: values.filled(path),
            headers: Vec::new(),
            content_type: "application/json".to_owned(),
            body: None,
            save: Vec::new(),
            sorted: Vec::new(),
            is_brief: false,
        };
        if let Some(caller) = caller {
            let token = values.filled(&format!("Bearer {{{caller}-token}}"));
            request.headers.push(("authorization", token));
        }
        request
    }

    fn add(&mut self, key: &str, value: &str) {
        match key {
            "basic" => {
                let credential = format!("Basic {}", STANDARD.encode(value));
                self.headers.push(("authorization", credential));
            }
            "header" => {
                let (name, value) = value
                    .split_once(": ")
                    .unwrap_or((value.trim_end_matches(':'), ""));
                self.headers.push((name.to_owned().leak(), value.to_owned()));
            }
            "type" => self.content_type = value.to_owned(),
            "body" => self.body = Some(value.as_bytes().to_vec()),
            "hex" => self.body = Some(bytes(value)),
            "save" => {
                let (name, pointer) = value.split_once(' ').expect("save needs a name and a pointer");
                self.save.push((name.to_owned(), pointer.to_owned()));
            }
            "sorted" => self.sorted.push(value.to_owned()),
            "brief" => self.is_brief = true,
            other => panic!("{other} is not a line of a request"),
        }
    }
}

fn bytes(digits: &str) -> Vec<u8> {
    let pairs = digits
        .as_bytes()
        .chunks(2)
        .map(|pair| String::from_utf8_lossy(pair).into_owned());
    pairs
        .map(|pair| u8::from_str_radix(&pair, 16).expect("hexadecimal digits"))
        .collect()
}

/// The status and the headers of an answer, line by line.
fn head_of(answer: &Response) -> String {
    let mut headers: Vec<_> = answer.headers.iter().collect();
    headers.retain(|(name, _)| !UNRECORDED.contains(&name.as_str()));
    headers.sort_by_key(|(name, _)| name.as_str());
    let mut text = format!("{}\n", answer.status);
    for (name, value) in headers {
        let value = String::from_utf8_lossy(value.as_bytes());
        text.push_str(&format!("{name}: {value}\n"));
    }
    text
}

/// A whole answer, line by line.
fn recorded_text(answer: &Response) -> String {
    format!("{}{}\n", head_of(answer), answer.text())
}

/// A transcript that is being replayed.
struct Replay {
    /// `None` only while the server starts again.
    server: Option<Server>,
    values: Values,
    redactor: Redactor,
    said: String,
}

impl Replay {
    async fn start(transcript: &str, engine: Engine) -> Self {
        let mut site = Site::new(engine);
        for setting in transcript
            .lines()
            .filter_map(|line| line.strip_prefix("! setting "))
        {
            let (name, value) = setting.split_once('=').expect("a setting should have a value");
            site = site.with(name, value);
        }
        let server = site.start().await;
        let admin = server.admin().await;
        let mut values = Values::default();
        values.0.insert("admin".to_owned(), admin_id(&admin).await);
        values
            .0
            .insert("admin-token".to_owned(), admin.token().to_owned());
        values
            .0
            .insert("admin-password".to_owned(), ADMIN_PASSWORD.to_owned());
        Self {
            server: Some(server),
            values,
            redactor: Redactor::default(),
            said: String::new(),
        }
    }

    async fn restart_later(&mut self, offset: &str) {
        let server = self.server.take().expect("a server should run");
        self.server = Some(server.terminate().await.at(offset).start().await);
    }

    fn say(&mut self, line: &str) {
        self.said.push_str(line);
        self.said.push('\n');
    }

    async fn send(&mut self, request: Request) {
        let server = self.server.as_ref().expect("a server should run");
        let mut call = server.anonymous().call(request.method, request.path);
        if let Some(body) = request.body {
            call = call.body(&request.content_type, body);
        }
        for (name, value) in request.headers {
            call = call.header(name, value);
        }
        let answer = call.await;
        for (name, pointer) in request.save {
            let json = answer.json();
            let value = json.pointer(&pointer).and_then(|value| value.as_str());
            let value = value.unwrap_or_else(|| panic!("there is no text at {pointer} in {answer:?}"));
            self.values.0.insert(name, value.to_owned());
        }
        self.record(&answer, &request.sorted, request.is_brief);
    }

    fn record(&mut self, answer: &Response, sorted: &[String], is_brief: bool) {
        let mut text = head_of(answer);
        if !answer.body.is_empty() && !is_brief {
            let body = self.values.named(answer.text());
            let body = sorted
                .iter()
                .fold(body, |body, pointer| redact::sorted(&body, pointer));
            text.push_str(&body);
            text.push('\n');
        }
        let address = self.server.as_ref().expect("a server should run").address();
        let host = address.trim_start_matches("http://");
        let text = self.values.named(text).replace(host, "{host}");
        let text = self.redactor.redacted(&text);
        // An answer ends with the first empty line.
        self.said.push_str(&text.replace("\n\n", "\n"));
    }
}
