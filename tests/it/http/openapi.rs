//! `GET /openapi.json`, and the rules for every operation in it.

use std::collections::BTreeMap;

use aggregates::values::Audience;
use http::Method;
use muniment::faces::FACES;
use serde_json::{Value, json};
use server::{Credential, Duty, Face, Refusal, RefusalKind};

use super::coiote::token_of;
use crate::support::{
    client::{Call, Client, Response},
    connectware::*,
    second_factor::Enrolled,
    server::{ADMIN_PASSWORD, Engine, Server},
};

/// The operations of the published API that this server has.
const PUBLISHED: [(&str, &str); 52] = [
    ("get", "/api/auth/ldap"),
    ("get", "/api/auth/mfa"),
    ("get", "/api/auth/msEntraId"),
    ("post", "/api/mfa/disable"),
    ("post", "/api/mfa/enable"),
    ("post", "/api/mfa/login"),
    ("post", "/api/mfa/regenerate/backupcodes"),
    ("post", "/api/mfa/validate"),
    ("get", "/api/certificates"),
    ("post", "/api/certificates"),
    ("get", "/api/certificates/content"),
    ("post", "/api/users"),
    ("delete", "/api/users"),
    ("get", "/api/listUsers"),
    ("post", "/api/users/batch"),
    ("put", "/api/users/change-password"),
    ("get", "/api/users/ids"),
    ("get", "/api/users/usernames"),
    ("get", "/api/users/{}"),
    ("put", "/api/users/{}"),
    ("delete", "/api/users/{}"),
    ("get", "/api/users/{}/tokens"),
    ("delete", "/api/users/{}/tokens"),
    ("post", "/api/users/{}/certificates"),
    ("delete", "/api/users/{}/certificates"),
    ("post", "/api/users/{}/roles"),
    ("delete", "/api/users/{}/roles"),
    ("post", "/api/roles"),
    ("get", "/api/roles"),
    ("delete", "/api/roles"),
    ("get", "/api/roles/page"),
    ("get", "/api/roles/{}"),
    ("put", "/api/roles/{}"),
    ("delete", "/api/roles/{}"),
    ("get", "/api/roles/{}/permissions"),
    ("post", "/api/roles/{}/permissions"),
    ("get", "/api/roles/{}/permissions/{}"),
    ("put", "/api/roles/{}/permissions/{}"),
    ("delete", "/api/roles/{}/permissions/{}"),
    ("get", "/api/client-registry"),
    ("post", "/api/client-registry/register"),
    ("post", "/api/client-registry/open"),
    ("post", "/api/client-registry/confirm"),
    ("get", "/api/permissions/page"),
    ("get", "/api/permissions/ids"),
    ("delete", "/api/permissions"),
    ("post", "/api/login"),
    ("get", "/api/session"),
    ("get", "/api/events"),
    ("get", "/healthz"),
    ("get", "/readyz"),
    ("get", "/openapi.json"),
];

/// The operations that a protocol knows and this server always refuses.
const NEVER: [(&str, &str); 1] = [("post", "/.well-known/est/serverkeygen")];

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Operation {
    pub(super) method: String,
    /// The path, with `{}` for each parameter.
    pub(super) path: String,
}

impl Operation {
    fn is_in(&self, list: &[(&str, &str)]) -> bool {
        list.contains(&(&self.method, &self.path))
    }

    /// A call of the operation without a body. Each parameter is an id that does not exist.
    pub(super) fn call(&self, caller: &Client) -> Call {
        let method = Method::from_bytes(self.method.to_uppercase().as_bytes()).expect("a method");
        caller.call(method, self.path.replace("{}", NOBODY))
    }

    pub(super) fn face(&self) -> &'static Face {
        FACES.of(&self.path)
    }

    /// The same call with the caller's token, in a form that the face accepts.
    pub(super) fn call_with_token(&self, caller: &Client) -> Call {
        let mut accepted = self.face().credentials.iter();
        let call = self.call(&caller.anonymous());
        match accepted.find(|credential| **credential != Credential::Basic) {
            Some(Credential::Header(name)) => call.header(name, caller.token()),
            Some(Credential::Query(name)) => {
                let path = format!("{}?{name}={}", self.path, caller.token());
                Self { path, ..self.clone() }.call(&caller.anonymous())
            }
            _ => call.header("authorization", format!("Bearer {}", caller.token())),
        }
    }

    /// Fails unless the answer is a refusal as the face renders it. The message may differ.
    #[track_caller]
    fn is_refused(&self, answer: &Response, refusal: &Refusal) {
        let rendered = (self.face().refuse)(refusal);
        assert!(
            rendered.status().is_client_error(),
            "{} hides its refusals",
            self.face().name
        );
        assert_eq!(answer.status, rendered.status().as_u16(), "{answer:?}");
        for (name, value) in rendered
            .headers()
            .iter()
            .filter(|(name, _)| *name != "content-length")
        {
            assert_eq!(answer.headers.get(name), Some(value), "{answer:?}");
        }
        // The clients of these faces rely on this, so it is checked again.
        if ["connectware", "access", "audit", "system"].contains(&self.face().name) {
            let unauthenticated = refusal.kind == RefusalKind::Unauthenticated;
            answer.expect_error(if unauthenticated { 401 } else { 403 });
            assert_eq!(
                answer.header("www-authenticate").contains("Bearer"),
                unauthenticated,
                "{answer:?}"
            );
        }
    }

    /// Fails unless the answer says that the caller lacks the right. A face may give such a refusal the same status as
    /// an unknown path. Then only the body shows the difference.
    async fn is_forbidden(&self, answer: &Response) {
        let path = self.path.replace("{}", NOBODY);
        self.is_refused(answer, &Refusal::forbidden("read", &path));
        let mut bodies = Vec::new();
        for operation in ["read", "write"] {
            bodies.push(self.rendered(&Refusal::forbidden(operation, &path)).await);
        }
        let no_level = Refusal::new(RefusalKind::Forbidden, "forbidden_resource", "");
        bodies.push(self.rendered(&no_level).await);
        assert!(bodies.contains(&without_place(&answer.body)), "{answer:?}");
    }

    /// The body of a refusal, as the face renders it.
    async fn rendered(&self, refusal: &Refusal) -> Vec<u8> {
        let body = (self.face().refuse)(refusal).into_body();
        let body = axum::body::to_bytes(body, usize::MAX).await;
        without_place(&body.expect("a body in memory"))
    }

    /// Whether tokens of the connectware face count here.
    pub(super) fn is_of_connectware(&self) -> bool {
        self.face().audience == Audience::Connectware
            || (self.face().credentials).contains(&Credential::BearerOf(Audience::Connectware))
    }

    /// Whether tokens of os2iot count here.
    pub(super) fn is_of_os2iot(&self) -> bool {
        self.face().audience == Audience::Os2iot
    }

    /// Whether only a machine may do it: a token is no credential.
    pub(super) fn is_for_keys(&self) -> bool {
        self.path == "/api/v1/api-key-info/organization"
    }

    /// Fails unless the answer only asks for a credential.
    async fn is_unauthenticated(&self, answer: &Response) {
        let refusal = Refusal::unauthenticated();
        self.is_refused(answer, &refusal);
        assert_eq!(
            without_place(&answer.body),
            self.rendered(&refusal).await,
            "{answer:?}"
        );
    }
}

/// A body without the time and the path, which some faces show in each refusal.
pub(crate) fn without_place(body: &[u8]) -> Vec<u8> {
    let Ok(Value::Object(mut shown)) = serde_json::from_slice(body) else {
        return body.to_vec();
    };
    shown.remove("timestamp");
    shown.remove("path");
    Value::Object(shown).to_string().into_bytes()
}

/// A caller with a token for each audience.
pub(super) struct Tokens {
    connectware: Client,
    os2iot: Client,
    coiote: Client,
}

impl Tokens {
    /// The first administrator.
    pub(super) async fn of_admin(server: &Server) -> Self {
        Self {
            connectware: server.admin().await,
            os2iot: log_in_on_os2iot(server, "admin", ADMIN_PASSWORD).await,
            coiote: log_in_on_coiote(server, "admin", ADMIN_PASSWORD).await,
        }
    }

    /// The token that counts on the face of an operation.
    pub(super) fn of(&self, operation: &Operation) -> &Client {
        match operation.face().audience {
            // Tokens of the connectware face count on the face of Nx, too.
            Audience::Connectware | Audience::Nx => &self.connectware,
            Audience::Os2iot => &self.os2iot,
            Audience::Coiote => &self.coiote,
        }
    }
}

pub(crate) async fn log_in_on_os2iot(server: &Server, username: &str, password: &str) -> Client {
    let body = json!({ "username": username, "password": password });
    let answer = server.anonymous().post("/api/v1/auth/login", body).await;
    let token = answer.expect(201).json()["accessToken"].clone();
    server.anonymous().bearer(token.as_str().expect("a token"))
}

async fn log_in_on_coiote(server: &Server, username: &str, password: &str) -> Client {
    let token = token_of(&server.anonymous(), username, password).await;
    server.anonymous().bearer(&token)
}

async fn document(server: &Server) -> Value {
    server.anonymous().get("/openapi.json").await.expect(200).json()
}

/// The path with `{}` for each parameter.
pub(super) fn without_names(path: &str) -> String {
    let segments = path.split('/');
    let segments: Vec<&str> = segments
        .map(|part| if part.starts_with('{') { "{}" } else { part })
        .collect();
    segments.join("/")
}

/// The operations that faces declare in one of their lists.
fn declared(list: fn(&Face) -> &'static [(&'static str, &'static str)]) -> Vec<Operation> {
    let all = FACES.iter().flat_map(list);
    all.map(|(method, path)| Operation {
        method: (*method).to_owned(),
        path: without_names(path),
    })
    .collect()
}

/// The operations that need no credential.
fn public() -> Vec<Operation> {
    declared(|face| face.public)
}

/// The operations on the callers' own data.
pub(super) fn own() -> Vec<Operation> {
    declared(|face| face.own)
}

fn operations(document: &Value) -> Vec<Operation> {
    let paths = document["paths"].as_object().expect("paths");
    let operations = paths.iter().flat_map(|(path, item)| {
        let methods = item.as_object().expect("a path item").keys();
        let methods = methods.filter(|key| ["get", "put", "post", "delete", "patch"].contains(&key.as_str()));
        let path = without_names(path);
        methods.map(move |method| Operation {
            method: method.clone(),
            path: path.clone(),
        })
    });
    operations.collect()
}

/// All operations except those that a face declares public.
fn guarded(document: &Value) -> Vec<Operation> {
    let (mut operations, public) = (operations(document), public());
    operations.retain(|operation| !public.contains(operation));
    operations
}

/// The guarded operations of a running server.
pub(super) async fn guarded_by(server: &Server) -> Vec<Operation> {
    let operations = guarded(&document(server).await);
    assert!(operations.len() > 30, "the document should list the operations");
    operations
}

#[test]
fn an_operation_is_guarded_under_any_path() {
    let document = json!({ "paths": {
        "/api/login": { "post": {} },
        "/auth/realms/{realm}": { "get": {} },
        "/iam/realms": { "post": {} },
        "/pki": { "delete": {} },
    }});
    let found: Vec<String> = guarded(&document).into_iter().map(|one| one.path).collect();
    assert_eq!(found, ["/auth/realms/{}", "/iam/realms", "/pki"]);
}

#[tokio::test]
async fn the_document_is_as_committed() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/http/openapi.json");
    let mut document = document(&Server::start(Engine::Sqlite).await).await;
    document.sort_all_objects();
    let now = serde_json::to_string_pretty(&document).expect("a document can be written") + "\n";
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(path, &now).expect("the document should be written");
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    let first = now
        .lines()
        .zip(committed.lines())
        .find(|(now, committed)| now != committed);
    assert!(
        now == committed,
        "what clients see has changed, first at {first:?}; if that is right: \
         UPDATE_SNAPSHOTS=1 cargo nextest run -E 'test(the_document_is_as_committed)'"
    );
}

#[tokio::test]
async fn every_published_operation_is_in_the_document() {
    let server = Server::start(Engine::Sqlite).await;
    let document = document(&server).await;
    assert!(
        text(&document["openapi"]).starts_with("3."),
        "{}",
        document["openapi"]
    );
    let operations = operations(&document);
    let is_there = |wanted: &(&str, &str)| operations.iter().any(|operation| operation.is_in(&[*wanted]));
    let missing: Vec<_> = PUBLISHED
        .iter()
        .filter(|wanted| wanted.1 != "/openapi.json" && !is_there(wanted))
        .collect();
    assert!(missing.is_empty(), "not in the document: {missing:?}");
    let stale: Vec<_> = public()
        .into_iter()
        .chain(own())
        .filter(|one| !operations.contains(one))
        .collect();
    assert!(
        stale.is_empty(),
        "declared for what is not in the document: {stale:?}"
    );
}

#[tokio::test]
async fn every_published_operation_is_served() {
    let server = Server::start(Engine::Sqlite).await;
    let admin = server.admin().await;
    for (method, path) in PUBLISHED {
        let operation = Operation {
            method: method.to_owned(),
            path: path.to_owned(),
        };
        let answer = operation.call(&admin).await;
        assert_ne!(answer.status, 405, "{answer:?}");
        // A 404 must be about the id, not about the path.
        assert!(answer.status != 404 || path.contains("{}"), "{answer:?}");
    }
}

#[tokio::test]
async fn every_operation_refuses_a_call_without_a_credential() {
    let server = Server::start(Engine::Sqlite).await;
    for operation in guarded_by(&server).await {
        let answer = operation.call(&server.anonymous()).await;
        operation.is_unauthenticated(&answer).await;
    }
}

#[tokio::test]
async fn every_operation_refuses_a_caller_without_the_right() {
    let server = Server::start(Engine::Sqlite).await;
    let admin = server.admin().await;
    let nobody = caller(&admin, "nobody", json!([])).await;
    let on_os2iot = Tokens::of_admin(&server).await.os2iot;
    let body =
        json!({ "name": "Nobody", "email": "nobody@example.org", "password": PASSWORD, "active": true });
    on_os2iot.post("/api/v1/user", body).await.expect(201);
    let log_in = async |operation: &Operation| match operation.face().audience {
        Audience::Connectware | Audience::Nx => nobody.login("nobody", PASSWORD).await,
        Audience::Os2iot => log_in_on_os2iot(&server, "nobody@example.org", PASSWORD).await,
        Audience::Coiote => log_in_on_coiote(&server, "nobody", PASSWORD).await,
    };
    let tokens = Tokens {
        os2iot: log_in_on_os2iot(&server, "nobody@example.org", PASSWORD).await,
        coiote: log_in_on_coiote(&server, "nobody", PASSWORD).await,
        connectware: nobody.clone(),
    };
    for operation in guarded_by(&server).await {
        if own().contains(&operation) {
            // One of these operations ends the session.
            let answer = operation.call_with_token(&log_in(&operation).await).await;
            assert!(![401, 403].contains(&answer.status), "{answer:?}");
            continue;
        }
        let answer = operation.call_with_token(tokens.of(&operation)).await;
        match operation.is_for_keys() {
            true => operation.is_unauthenticated(&answer).await,
            false => operation.is_forbidden(&answer).await,
        }
    }
}

/// Calls every operation as a user who must do something else first.
async fn every_operation_is_refused_because_of(duty: Duty, demand: &str, left: usize) {
    let server = Server::start(Engine::Sqlite).await;
    let admin = server.admin().await;
    let mut must = json!({ "initialPermissions": [http("/#", "readWrite")] });
    must[demand] = json!(true);
    create_user_with(&admin, "somebody", must).await;
    let somebody = admin.login("somebody", PASSWORD).await;
    let operations: Vec<_> = FACES
        .iter()
        .flat_map(|face| face.left)
        .filter(|(of, _)| *of == duty)
        .collect();
    let is_left = |operation: &Operation| {
        let mut all = operations.iter().flat_map(|(_, operations)| operations.iter());
        all.any(|(method, path)| operation.method == *method && operation.path == without_names(path))
    };
    assert_eq!(
        operations
            .iter()
            .map(|(_, operations)| operations.len())
            .sum::<usize>(),
        left
    );
    let guarded = guarded_by(&server).await.into_iter();
    // The tests of os2iot ask the same of its face.
    for operation in guarded.filter(Operation::is_of_connectware) {
        if is_left(&operation) {
            let own = somebody.login("somebody", PASSWORD).await;
            let answer = operation.call_with_token(&own).await;
            assert!(![401, 403].contains(&answer.status), "{answer:?}");
        } else {
            let answer = operation.call_with_token(&somebody).await;
            assert_eq!(answer.status, 403, "{answer:?}");
            assert!(answer.text().contains(duty.code()), "{answer:?}");
        }
    }
}

#[tokio::test]
async fn every_operation_refuses_whoever_must_enrol_a_second_factor() {
    // They read and end the session, and enrol.
    every_operation_is_refused_because_of(Duty::EnrolSecondFactor, "enforceMFAEnrollment", 5).await;
}

#[tokio::test]
async fn every_operation_refuses_whoever_must_change_the_password() {
    // They read and end the session, and change it.
    every_operation_is_refused_because_of(Duty::ChangePassword, "mustChangePassword", 5).await;
}

#[tokio::test]
async fn every_operation_refuses_a_bare_password_that_is_not_enough() {
    let server = Server::start(Engine::Sqlite).await;
    let admin = server.admin().await;
    let rights = json!({ "initialPermissions": [http("/#", "readWrite")] });
    Enrolled::user_with(&admin, "somebody", rights).await;
    let bare = server.anonymous().basic("somebody", PASSWORD);
    for operation in guarded_by(&server).await {
        if operation.face().credentials.contains(&Credential::Basic) {
            let answer = operation.call(&bare).await;
            assert_eq!(answer.status, 401, "{answer:?}");
            assert!(answer.text().contains("second_factor_needed"), "{answer:?}");
        }
    }
}

#[tokio::test]
async fn every_operation_refuses_a_revoked_token() {
    let server = Server::start(Engine::Sqlite).await;
    let admin = server.admin().await;
    let revoked = Tokens::of_admin(&server).await;
    admin
        .delete(format!("/api/users/{}/tokens", admin_id(&admin).await))
        .await
        .expect(204);
    for operation in guarded_by(&server).await {
        let answer = operation.call_with_token(revoked.of(&operation)).await;
        operation.is_unauthenticated(&answer).await;
    }
}

#[tokio::test]
async fn every_guarded_operation_says_how_it_refuses() {
    let server = Server::start(Engine::Sqlite).await;
    let document = document(&server).await;
    let mut silent = Vec::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, described) in item.as_object().expect("a path item") {
            let operation = Operation {
                method: method.clone(),
                path: without_names(path),
            };
            let has = |refusal: &Refusal| {
                let status = (operation.face().refuse)(refusal).status();
                described["responses"].get(status.as_str()).is_some()
            };
            let (unauthenticated, forbidden) = (Refusal::unauthenticated(), Refusal::forbidden("read", path));
            if described.is_object()
                && !public().contains(&operation)
                && !(has(&unauthenticated) && (has(&forbidden) || own().contains(&operation)))
            {
                silent.push(operation);
            }
        }
    }
    assert!(
        silent.is_empty(),
        "without the status of a refusal in the document: {silent:?}"
    );
}

#[tokio::test]
async fn every_operation_with_a_body_says_what_it_answers_to_another_content_type() {
    let server = Server::start(Engine::Sqlite).await;
    let admin = Tokens::of_admin(&server).await;
    let document = document(&server).await;
    let mut asked = 0;
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, described) in item.as_object().expect("a path item") {
            if described.get("requestBody").is_none() {
                continue;
            }
            let operation = Operation {
                method: method.clone(),
                path: without_names(path),
            };
            let call = match public().contains(&operation) {
                true => operation.call(&server.anonymous()),
                false => operation.call_with_token(admin.of(&operation)),
            };
            let answer = call.body("text/plain", "{}").await;
            let other = Refusal::new(RefusalKind::UnsupportedMediaType, "", "");
            let refused = (operation.face().refuse)(&other).status().as_u16();
            let says = described["responses"].get(refused.to_string()).is_some();
            let expected = if says { refused } else { 400 };
            assert_eq!(answer.status, expected, "{operation:?}: {answer:?}");
            asked += 1;
        }
    }
    assert!(asked > 20, "{asked}");
}

#[test]
fn every_operation_has_a_name_of_its_own_and_says_what_it_takes_and_answers() {
    let document = serde_json::to_value(muniment::openapi::document()).expect("a document is JSON");
    let (mut names, mut wrong) = (BTreeMap::new(), Vec::new());
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, described) in item.as_object().expect("a path item") {
            let operation = Operation {
                method: method.clone(),
                path: without_names(path),
            };
            let name = described["operationId"].as_str().expect("a name").to_owned();
            if let Some(other) = names.insert(name, operation.clone()) {
                wrong.push(format!("{operation:?} has the name of {other:?}"));
            }
            let responses = &described["responses"];
            let mut statuses = vec!["400", "503"];
            if !public().contains(&operation) {
                statuses.extend(["401", "429"]);
                let inherited = described["security"].is_null() && !document["security"].is_null();
                if !inherited && described["security"] == json!([{}]) {
                    wrong.push(format!("{operation:?} does not name its security"));
                }
            }
            if described.get("requestBody").is_some() {
                statuses.extend(["408", "413"]);
            }
            for status in statuses {
                if responses.get(status).is_none() {
                    wrong.push(format!("{operation:?} does not say {status}"));
                }
            }
            for (status, header) in [
                ("401", "WWW-Authenticate"),
                ("429", "Retry-After"),
                ("503", "Retry-After"),
            ] {
                if responses
                    .get(status)
                    .is_some_and(|it| it["headers"].get(header).is_none())
                {
                    wrong.push(format!("{operation:?} does not say {header} of {status}"));
                }
            }
            if operation.is_in(&NEVER) {
                continue;
            }
            let is_write = method != "get";
            let success = responses.as_object().expect("responses");
            let success = success.iter().find(|(status, _)| status.starts_with('2'));
            let success = success.expect("a success").1;
            if is_write && success["headers"].get("Muniment-Position").is_none() {
                wrong.push(format!("{operation:?} does not say its position"));
            }
            let parameters = described["parameters"].as_array().into_iter().flatten();
            let parameters: Vec<&str> = parameters.filter_map(|one| one["name"].as_str()).collect();
            let asks = path.starts_with("/access/v1") || (!is_write && !public().contains(&operation));
            let asks = asks && path != "/api/events";
            if parameters.contains(&"Muniment-At-Least") != asks {
                wrong.push(format!("{operation:?} should take a position: {asks}"));
            }
        }
    }
    assert!(names.len() > 40, "the document should list the operations");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn what_a_face_declares_public_is_what_its_endpoints_say() {
    let document = serde_json::to_value(muniment::openapi::document()).expect("a document is JSON");
    let mut says_so = operations(&document);
    let security = |operation: &Operation| {
        let mut paths = document["paths"].as_object().expect("paths").iter();
        let found = paths.find(|(path, _)| without_names(path) == operation.path);
        found.expect("its path").1[&operation.method]["security"].clone()
    };
    says_so.retain(|operation| security(operation) == json!([{}]));
    let key = |operation: &Operation| (operation.path.clone(), operation.method.clone());
    says_so.sort_by_key(key);
    let mut declared = public();
    declared.sort_by_key(key);
    assert_eq!(declared, says_so);
}

#[test]
fn each_face_has_its_endpoints_under_its_mounts() {
    for face in FACES.iter() {
        let document = (face.routes)().into_openapi();
        assert!(!document.paths.paths.is_empty(), "{} has no endpoint", face.name);
        for path in document.paths.paths.keys() {
            assert_eq!(FACES.of(path).name, face.name, "{path}");
        }
        for (_, path) in face.public.iter().chain(face.own) {
            assert!(
                document.paths.paths.contains_key(*path),
                "{} has no {path}",
                face.name
            );
        }
    }
}

/// The document has one list of shapes for all faces. If two shapes had the same name, it would show one of them for
/// both.
#[test]
fn a_shape_of_two_faces_is_the_same_in_both() {
    let mut seen: BTreeMap<String, (&str, Value)> = BTreeMap::new();
    for face in FACES.iter() {
        let document = serde_json::to_value((face.routes)().into_openapi()).expect("a document is JSON");
        let shapes = document["components"]["schemas"].as_object();
        for (name, shape) in shapes.into_iter().flatten() {
            let (first, known) = seen.entry(name.clone()).or_insert((face.name, shape.clone()));
            assert!(
                known == shape,
                "{name} is one thing in {first} and another in {}",
                face.name
            );
        }
    }
    assert!(seen.len() > 30, "the document should have the shapes");
}

#[test]
fn what_can_be_rehearsed_or_gives_rights_is_an_operation_of_its_face() {
    for face in FACES.iter() {
        let document = serde_json::to_value((face.routes)().into_openapi()).expect("a document is JSON");
        for rehearsal in face.rehearsals.iter().copied().flatten() {
            let (method, path) = rehearsal.operation();
            let operation = &document["paths"][path][method.to_lowercase()];
            assert!(operation.is_object(), "{} has no {method} {path}", face.name);
        }
        for (method, path) in face.giving.operations {
            assert!(
                document["paths"][path][method].is_object(),
                "{} has no {method} {path}",
                face.name
            );
        }
    }
}

#[test]
fn the_readme_has_the_settings_of_each_face() {
    let readme =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).expect("a README");
    for setting in FACES.settings() {
        assert!(
            readme.contains(&setting.row()),
            "the README should have {}",
            setting.row()
        );
    }
    let own = server::settings::SETTINGS.iter().chain(FACES.settings());
    let mut names: Vec<&str> = own.map(|setting| setting.name).collect();
    names.sort_unstable();
    assert!(
        names.windows(2).all(|pair| pair[0] != pair[1]),
        "a setting is declared twice: {names:?}"
    );
}
