//! Request bodies: what is not as the document describes it is refused, in all bodies of all faces.

use aggregates::values::Audience;
use http::Method;
use muniment::faces::FACES;
use serde_json::{Map, Value, json};

use super::openapi::log_in_on_os2iot;
use crate::support::{
    both_engines,
    client::{Client, Response},
    connectware::*,
    raw::Raw,
    server::{ADMIN_PASSWORD, Server},
};

/// The beginning of a refusal of a body that does not have the shape that the document describes.
const MALFORMED: &str = "the body is not as it should be";
/// The end of the refusal of an array in the place of an object.
const ARRAY: &str = "an array in the place of an object";

/// One step from a value to a value inside it.
#[derive(Clone, Debug)]
enum Step {
    Member(String),
    Item(usize),
}

/// A request whose body the document describes.
#[derive(Debug)]
struct Described {
    method: Method,
    path: String,
    /// A body that has every member that the document names.
    body: Value,
}

impl Described {
    /// All requests with a body to faces on which the tokens of the connectware face count.
    fn all(document: &Value) -> Vec<Self> {
        let all = Self::of(document, Audience::Connectware, NOBODY);
        assert!(all.len() > 20, "the document should describe bodies");
        all
    }

    /// All requests with a body to faces of an audience, with this id for each parameter of a path.
    fn of(document: &Value, audience: Audience, id: &str) -> Vec<Self> {
        let mut all = Vec::new();
        let paths = document["paths"].as_object().expect("paths").iter();
        let is_asked = |path: &str| FACES.of(path).audience == audience;
        for (path, item) in paths.filter(|(path, _)| is_asked(path)) {
            for (method, operation) in item.as_object().expect("a path item") {
                let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
                if !schema.is_null() {
                    all.push(Self {
                        method: method.to_uppercase().parse().expect("a method"),
                        path: with_ids(path, id),
                        body: sample(document, schema),
                    });
                }
            }
        }
        all
    }

    /// The same request with an array of its members' values in the place of the object at this place.
    fn with_array_at(&self, steps: &[Step]) -> Value {
        let mut body = self.body.clone();
        let mut place = &mut body;
        for step in steps {
            place = match step {
                Step::Member(name) => &mut place[name],
                Step::Item(index) => &mut place[index],
            };
        }
        let members = place.as_object().expect("an object").values();
        *place = members.cloned().collect();
        body
    }

    /// The message of an answer that refuses this request with 400, in the shape of its face.
    #[track_caller]
    fn refused(&self, answer: &Response) -> String {
        match FACES.of(&self.path).name {
            // A message object.
            "nx" => {
                assert_eq!(answer.status, 400, "{self:?}: {answer:?}");
                let body = answer.json();
                assert_eq!(body["BackendMessage"], "invalid_request", "{self:?}: {body}");
                text(&body["Message"]).to_owned()
            }
            _ => answer.expect_error(400).message,
        }
    }

    async fn send(&self, client: &Client, body: &Value) -> Response {
        client
            .call(self.method.clone(), &self.path)
            .body("application/json", body.to_string())
            .await
    }
}

/// The path with an id for each parameter.
fn with_ids(path: &str, id: &str) -> String {
    let segments = path.split('/');
    let segments: Vec<&str> = segments
        .map(|part| if part.starts_with('{') { id } else { part })
        .collect();
    segments.join("/")
}

/// A value of a schema, with every member that the schema names.
fn sample(document: &Value, schema: &Value) -> Value {
    if let Some(reference) = schema["$ref"].as_str() {
        let name = reference.rsplit('/').next().expect("a name");
        return sample(document, &document["components"]["schemas"][name]);
    }
    for choice in ["oneOf", "anyOf"] {
        let mut choices = schema[choice].as_array().into_iter().flatten();
        if let Some(chosen) = choices.find(|one| one["type"] != "null") {
            return sample(document, chosen);
        }
    }
    if let Some(first) = schema["enum"].as_array().and_then(|allowed| allowed.first()) {
        return first.clone();
    }
    let kind = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().find(|kind| **kind != "null").expect("a type"),
        kind => kind,
    };
    match kind
        .as_str()
        .unwrap_or_else(|| panic!("a schema without a type: {schema}"))
    {
        "object" => {
            let members = schema["properties"].as_object().into_iter().flatten();
            let members = members.map(|(name, member)| (name.clone(), sample(document, member)));
            members.collect::<Map<_, _>>().into()
        }
        "array" => json!([sample(document, &schema["items"])]),
        "string" => json!("text"),
        "integer" => json!(1),
        "boolean" => json!(true),
        other => panic!("a schema of an unknown type: {other}"),
    }
}

/// The places of all objects with members in a value.
fn objects(value: &Value, at: &[Step], found: &mut Vec<Vec<Step>>) {
    let inside = |step: Step| [at, &[step]].concat();
    match value {
        Value::Object(members) if !members.is_empty() => {
            found.push(at.to_vec());
            for (name, member) in members {
                objects(member, &inside(Step::Member(name.clone())), found);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                objects(item, &inside(Step::Item(index)), found);
            }
        }
        _ => {}
    }
}

/// Whether a place is in an item of `evaluations`.
fn is_in_evaluations(steps: &[Step]) -> bool {
    matches!(steps, [Step::Member(name), Step::Item(_), ..] if name == "evaluations")
}

both_engines! {
    async fn an_array_is_no_object_in_any_body(server: Server) {
        let admin = server.admin().await;
        let document = admin.get("/openapi.json").await.expect(200).json();
        let (mut refused, mut denied) = (0, 0);
        for request in Described::all(&document) {
            let answer = request.send(&admin, &request.body).await;
            assert!(!answer.text().contains(MALFORMED), "{}: {answer:?}", request.body);
            let mut places = Vec::new();
            objects(&request.body, &[], &mut places);
            for place in places {
                let body = request.with_array_at(&place);
                let answer = request.send(&admin, &body).await;
                let message = if is_in_evaluations(&place) {
                    denied += 1;
                    let answer = answer.expect(200).json();
                    assert_eq!(list(&answer["evaluations"]).len(), 1);
                    let decision = &answer["evaluations"][0];
                    assert_eq!(decision["decision"], false, "{body}: {decision}");
                    assert_eq!(decision["context"]["reason"], "invalid_request");
                    text(&decision["context"]["error"]["message"]).to_owned()
                } else {
                    refused += 1;
                    request.refused(&answer)
                };
                let is_named = message.ends_with(ARRAY) || message.contains("must be a JSON object");
                assert!(is_named, "{} {} {body}: {message}", request.method, request.path);
            }
        }
        assert!(refused > 40 && denied > 4, "{refused} objects were refused, {denied} denied");
    }

    /// The face of os2iot lists the fields that break a rule, and says no more under `/auth`.
    async fn a_body_of_os2iot_is_an_object_with_the_fields_of_the_document(server: Server) {
        let global = log_in_on_os2iot(&server, "admin", ADMIN_PASSWORD).await;
        let document = global.get("/openapi.json").await.expect(200).json();
        let mut refused = 0;
        for request in Described::of(&document, Audience::Os2iot, "1") {
            let array = request.with_array_at(&[]);
            let answer = request.send(&global, &array).await.expect(400).json();
            assert_eq!(answer["statusCode"], 400, "{request:?}: {answer}");
            if request.path.starts_with("/api/v1/auth/") {
                continue;
            }
            assert_eq!(answer["message"], "the body must be a JSON object", "{request:?}");
            // A field that is an object is of no type that a field has.
            for name in request.body.as_object().expect("an object").keys() {
                let mut body = request.body.clone();
                body[name] = json!({});
                let answer = request.send(&global, &body).await.expect(400).json();
                let broken = list(&answer["message"]);
                assert!(broken.iter().any(|one| one["property"] == *name), "{request:?} {name}: {answer}");
                refused += 1;
            }
        }
        assert!(refused > 40, "{refused} fields were refused");
    }

    async fn an_array_is_no_object_in_a_rehearsed_body(server: Server) {
        let admin = server.admin().await;
        let document = admin.get("/openapi.json").await.expect(200).json();
        let mut refused = 0;
        for request in Described::all(&document) {
            let rehearse = async |body: &Value| {
                let request = json!({ "method": request.method.as_str(), "path": request.path, "body": body });
                admin.post("/access/v1/dry-run", request).await
            };
            let answer = rehearse(&request.body).await;
            if answer.text().contains("these requests can be rehearsed") {
                continue;
            }
            assert!(!answer.text().contains(MALFORMED), "{}: {answer:?}", request.body);
            let mut places = Vec::new();
            objects(&request.body, &[], &mut places);
            for place in places {
                let body = request.with_array_at(&place);
                let message = rehearse(&body).await.expect_error(400).message;
                let is_named = message.ends_with(ARRAY) || message.contains("must be a JSON object");
                assert!(is_named, "{} {} {body}: {message}", request.method, request.path);
                refused += 1;
            }
        }
        assert!(refused > 10, "{refused} objects were refused");
    }

    async fn a_body_that_is_not_plain_json_is_refused(server: Server) {
        let admin = server.admin().await;
        let login = format!(r#""username": "admin", "password": "{}""#, crate::support::server::ADMIN_PASSWORD);
        for (what, body) in [
            ("a member stands twice", format!(r#"{{{login}, "password": "another"}}"#)),
            ("a member stands twice, once escaped", format!(r#"{{{login}, "pass\u0077ord": "another"}}"#)),
            ("a byte order mark", format!("\u{feff}{{{login}}}")),
            ("a number is too large", format!(r#"{{{login}, "expireTimeInHours": 1e400}}"#)),
            ("an integer is too large", format!(r#"{{{login}, "expireTimeInHours": 9223372036854775808}}"#)),
            ("a number is no integer", format!(r#"{{{login}, "expireTimeInHours": 1.5}}"#)),
            ("more than one value", format!("{{{login}}}{{{login}}}")),
            ("nested without an end", format!(r#"{{{login}, "other": {}"#, "[".repeat(4_000))),
            ("half a surrogate pair", format!(r#"{{{login}, "label": "\ud800"}}"#)),
        ] {
            let answer = server.anonymous().call(Method::POST, "/api/login").body("application/json", body).await;
            assert_eq!(answer.status, 400, "{what}: {answer:?}");
            answer.expect_error(400);
        }
        let mut invalid = format!(r#"{{{login}, "label": "#).into_bytes();
        invalid.extend(b"\"\xc0\xaf\"}");
        let answer = server.anonymous().call(Method::POST, "/api/login").body("application/json", invalid).await;
        assert!(answer.expect_error(400).message.contains("UTF-8"), "{answer:?}");
        // What is skipped may be nested and large, and members that the server does not know may stand twice.
        let other = format!(r#"{{{login}, "other": {}{}, "other": 1e400}}"#, "[".repeat(1_000), "]".repeat(1_000));
        server.anonymous().call(Method::POST, "/api/login").body("application/json", other).await.expect(200);
        let huge = format!(r#"{{"subject": {{"type": "user", "id": "a"}}, "context": {{"at": {}}}}}"#, "9".repeat(30));
        admin.call(Method::POST, "/access/v1/evaluation").body("application/json", huge).await.expect_error(400);
    }

    async fn a_large_body_needs_a_credential(server: Server) {
        let admin = server.admin().await;
        let nobody = caller(&admin, "nobody", json!([])).await;
        let login = |length: usize| {
            let login = json!({ "username": "admin", "password": "wrong" }).to_string();
            let spaces = " ".repeat(length - login.len());
            server.anonymous().call(Method::POST, "/api/login").body("application/json", login + &spaces)
        };
        login(8 << 10).await.expect_error(401);
        login((8 << 10) + 1).await.expect_error(413);
        let too_large = json!({ "name": "a".repeat((1 << 20) + 1), "isShared": true, "permissions": [] });
        admin.post("/api/roles", too_large).await.expect_error(413);
        // The credential and the right are checked before the body is read: it never arrives.
        for (path, most) in [("/api/roles", 1 << 20), ("/access/v1/evaluations", 16 << 20)] {
            for (client, length, status) in [
                (&admin.bearer("wrong"), 9 << 10, 401),
                (&admin.bearer("wrong"), most + 1, 401),
                (&nobody, 9 << 10, 403),
                (&nobody, most + 1, 403),
            ] {
                let mut raw = Raw::to(&server).await;
                raw.send(&format!(
                    "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
                     Authorization: Bearer {}\r\nContent-Length: {length}\r\nExpect: 100-continue\r\n\r\n",
                    client.token()
                ))
                .await;
                let answer = raw.answer().await;
                assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{path} {length}: {answer}");
            }
        }
    }

    async fn a_page_of_another_site_cannot_send_a_body(server: Server) {
        let admin = server.admin().await;
        let send = |name: &str, content_type: &str| {
            let body = role(name, json!([])).to_string();
            admin.call(Method::POST, "/api/roles").body(content_type, body)
        };
        // A browser sends these without a question before.
        for content_type in ["", "text/plain", "text/plain;charset=utf-8", "application/x-www-form-urlencoded", "multipart/form-data; boundary=a"] {
            for (name, value) in [("origin", "https://elsewhere.example"), ("origin", "null"), ("sec-fetch-site", "cross-site")] {
                send("never", content_type).header(name, value).await.expect_error(415);
            }
        }
        send("asked", "application/json").header("origin", "https://elsewhere.example").await.expect(201);
        send("no.browser", "").await.expect(201);
    }
}
