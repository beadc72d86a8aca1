//! Questions of brokers, asked of a whole server in process. Whatever the question, the answer has the form of the broker. It is never a
//! failure of the server, and it is a yes only about a user whom the question names.
//!
//! The first line of an input has the letter of a path, the letter of a form of the body, and the header `vernemq-hook`. The form is `f` or
//! `j` if the other lines are `name=value`, for a form or for JSON; it is `F` or `J` if the rest is the body as it is.

use std::sync::{
    LazyLock,
    atomic::{AtomicU64, Ordering},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::Method;
use kit::{
    client::Client,
    connectware::{PASSWORD, create_user_with, mqtt},
    server::Server,
};
use serde_json::{Map, Value, json};
use server::{App, identity::Password};
use tokio::runtime::Runtime;

const PATHS: [&str; 11] = [
    "/hooks/rabbitmq/user",
    "/hooks/rabbitmq/vhost",
    "/hooks/rabbitmq/resource",
    "/hooks/rabbitmq/topic",
    "/hooks/vernemq",
    "/hooks/emqx/authn",
    "/hooks/emqx/authz",
    "/hooks/mosquitto/user",
    "/hooks/mosquitto/superuser",
    "/hooks/mosquitto/acl",
    "/api/broker/auth/enhanced",
];
/// The paths where a client without a certificate must know the password.
const BY_PASSWORD: [&str; 2] = ["/hooks/mosquitto/user", "/api/broker/auth/enhanced"];
/// After so many questions, the memory of the server is made fresh: its clock ticks with each read.
const FRESH_FOR: u64 = 64;

struct Asked {
    runtime: Runtime,
    server: Server,
    broker: Client,
}

static ASKED: LazyLock<Asked> = LazyLock::new(|| {
    let runtime = Runtime::new().unwrap();
    let server = runtime.block_on(async {
        let server =
            Server::start_set(&[("MUNIMENT_HOOKS_CERTIFICATES", "true"), ("MUNIMENT_LOG", "error")]).await;
        let admin = server.admin().await;
        let rights = json!([mqtt("a/#", "readWrite"), mqtt("b.c/+", "write")]);
        create_user_with(&admin, "ada", json!({ "initialPermissions": rights })).await;
        let by_certificate = json!({
            "grantTypes": [{ "method": "certificate", "isRequired": false }],
            "certificates": [{ "fingerprint": "ab".repeat(32) }],
            "password": null, "mqttPublishPrefix": "a",
        });
        create_user_with(&admin, "press", by_certificate).await;
        server
    });
    let broker = server.broker();
    Asked {
        runtime,
        server,
        broker,
    }
});
static NUMBER: AtomicU64 = AtomicU64::new(0);

/// Asks the input as a question.
pub fn run(data: &[u8]) {
    let at = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let (first, rest) = (&data[..at], data.get(at + 1..).unwrap_or_default());
    let [path, form, hook @ ..] = first else { return };
    let path = PATHS[usize::from(path.wrapping_sub(b'a')) % PATHS.len()];
    let hook: String = hook
        .iter()
        .filter(|byte| byte.is_ascii_graphic())
        .map(|byte| char::from(*byte))
        .collect();
    let (kind, body) = match form {
        b'f' => (FORM, as_form(rest)),
        b'j' => (JSON, as_json(rest)),
        b'F' => (FORM, rest.to_vec()),
        _ => (JSON, rest.to_vec()),
    };
    let Asked {
        runtime,
        server,
        broker,
    } = &*ASKED;
    runtime.block_on(async {
        if NUMBER.fetch_add(1, Ordering::Relaxed) % FRESH_FOR == 0 {
            server.app().ledger().read_to_head().await.unwrap();
        }
        let call = broker.call(Method::POST, path).header("vernemq-hook", &hook);
        let answer = call.body(kind, body.clone()).await;
        if is_yes(path, answer.status, &answer.text()) {
            let texts = texts_of(&body);
            let app = server.app();
            assert!(texts.iter().any(|text| is_user(app, text)), "a yes about nobody");
            let has_password = |text: &String| Password::of(text) == Password::of(PASSWORD);
            assert!(
                !BY_PASSWORD.contains(&path) || texts.iter().any(has_password),
                "a yes without the password"
            );
        }
    });
}

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

fn is_user(app: &App, name: &str) -> bool {
    app.ledger().authorization().user_by_name(name).is_some()
}

/// Whether the answer is a yes. It must have the form of the broker.
fn is_yes(path: &str, status: u16, text: &str) -> bool {
    let json = || serde_json::from_str::<Value>(text).unwrap();
    let wrong = || panic!("{path} answers {status} {text}");
    if path.starts_with("/hooks/rabbitmq/") {
        match (status, text) {
            (200, "deny") => false,
            (200, yes) if yes.starts_with("allow") => true,
            _ => wrong(),
        }
    } else if path.starts_with("/hooks/mosquitto/") {
        match (status, text) {
            (200, "ok") => true,
            (200, _) => json()["ok"] == true || wrong(),
            (403, _) => json()["ok"] != false && wrong(),
            _ => wrong(),
        }
    } else if path.starts_with("/hooks/emqx/") {
        match (status, json()["result"].as_str()) {
            (200, Some("allow")) => true,
            (200, Some("deny")) => false,
            _ => wrong(),
        }
    } else {
        match (status, &json()["result"]) {
            (200, result) if result == "ok" => true,
            (200, result) if *result == json!({ "error": "not_allowed" }) => false,
            _ => wrong(),
        }
    }
}

/// The lines as names and values.
fn pairs(lines: &[u8]) -> Vec<(String, String)> {
    let text = String::from_utf8_lossy(lines);
    let pair = |line: &str| {
        line.split_once('=')
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
    };
    text.lines().filter_map(pair).collect()
}

fn as_form(lines: &[u8]) -> Vec<u8> {
    let encoded = |text: &str| {
        text.bytes()
            .map(|byte| format!("%{byte:02x}"))
            .collect::<String>()
    };
    let pair = |(name, value): &(String, String)| format!("{name}={}", encoded(value));
    pairs(lines)
        .iter()
        .map(pair)
        .collect::<Vec<_>>()
        .join("&")
        .into_bytes()
}

/// A value that is JSON itself stays as it is. A value after `=` is encoded in Base64, and `|` stands for NUL in it.
fn as_json(lines: &[u8]) -> Vec<u8> {
    let value = |text: String| match text.strip_prefix('=') {
        Some(text) => Value::String(STANDARD.encode(text.replace('|', "\0"))),
        None if text.starts_with(['[', '{']) => serde_json::from_str(&text).unwrap_or(Value::String(text)),
        None => Value::String(text),
    };
    let mut object = Map::new();
    for (name, text) in pairs(lines) {
        match name.split_once('.') {
            Some((outer, inner)) => {
                let outer = object.entry(outer).or_insert_with(|| json!({}));
                if let Some(outer) = outer.as_object_mut() {
                    outer.insert(inner.to_owned(), value(text));
                }
            }
            None => drop(object.insert(name, value(text))),
        }
    }
    Value::Object(object).to_string().into_bytes()
}

/// All texts in a body, read as a form and as JSON, also those in Base64 and between NULs. Some hooks do not ask what the body says that it is.
fn texts_of(body: &[u8]) -> Vec<String> {
    let parts = body.split(|byte| [b'&', b'='].contains(byte));
    let mut texts: Vec<String> = parts.map(decoded).collect();
    if let Ok(value) = serde_json::from_slice(body) {
        add_texts(&value, &mut texts);
    }
    texts
}

fn add_texts(value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::String(text) => {
            texts.push(text.clone());
            if let Ok(bytes) = STANDARD.decode(text) {
                let inner = String::from_utf8_lossy(&bytes).into_owned();
                texts.extend(inner.split('\0').map(str::to_owned));
            }
        }
        Value::Array(all) => all.iter().for_each(|one| add_texts(one, texts)),
        Value::Object(all) => all.values().for_each(|one| add_texts(one, texts)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// A part of a form: `+` is a space, and `%` begins a byte in hexadecimal digits.
fn decoded(part: &[u8]) -> String {
    let mut bytes = Vec::new();
    let mut rest = part;
    while let [first, others @ ..] = rest {
        let digits = others.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        let byte = digits.and_then(|two| u8::from_str_radix(two, 16).ok());
        rest = others;
        match (first, byte) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = others.get(2..).unwrap_or_default();
            }
            (b'+', _) => bytes.push(b' '),
            (byte, _) => bytes.push(*byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
