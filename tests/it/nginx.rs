//! Debian's nginx in front of a server that knows nothing of rights, configured as docs/proxies.md says.

use aggregates::values::coiote::{ENDPOINTS, Endpoint};
use serde_json::{Value, json};

use crate::http::forward::{TRICKS, endpoint, example};
use crate::support::{
    client::Client,
    connectware::*,
    nginx::{Answer, Dumb, Nginx},
    server::{Engine, Server},
};

const BASE: &str = "/api/coiotedm/v3";

/// The configuration in the docs.
fn recipe() -> String {
    let docs = include_str!("../../docs/proxies.md");
    let (_, after) = docs
        .split_once("<!-- nginx -->\n```nginx\n")
        .expect("the docs have it");
    let (recipe, _) = after.split_once("```").expect("a block ends");
    recipe.to_owned()
}

struct Scene {
    server: Server,
    admin: Client,
    nginx: Nginx,
    app: Dumb,
}

impl Scene {
    async fn new() -> Self {
        let server = Server::start(Engine::Sqlite).await;
        let app = Dumb::start().await;
        let muniment = server.address().trim_start_matches("http://");
        let upstreams = format!(
            "upstream muniment {{ server {muniment}; }}\nupstream app {{ server 127.0.0.1:{}; }}",
            app.port()
        );
        let nginx = Nginx::start(&upstreams, &recipe()).await;
        Self {
            admin: server.admin().await,
            server,
            nginx,
            app,
        }
    }

    async fn user(&self, name: &str, permissions: Value) -> (String, Client) {
        let more = json!({ "initialPermissions": permissions });
        let id = create_user_with(&self.admin, name, more).await;
        (id, self.server.anonymous().login(name, PASSWORD).await)
    }

    async fn ask(&self, by: &Client, line: &str, more: &[&str]) -> Answer {
        let mut headers = vec![format!("Authorization: Bearer {}", by.token())];
        headers.extend(more.iter().map(|header| (*header).to_owned()));
        self.nginx.send(line, &headers).await
    }
}

/// The value of a header that the server behind the proxy got.
fn header<'a>(head: &'a str, name: &str) -> Vec<&'a str> {
    let lines = head.lines().filter_map(|line| line.split_once(": "));
    let named = lines.filter(|(known, _)| known.eq_ignore_ascii_case(name));
    named.map(|(_, value)| value).collect()
}

#[tokio::test]
async fn each_endpoint_passes_with_its_permission_and_not_with_all_others() {
    let scene = Scene::new().await;
    let (id, ada) = scene.user("ada", json!([])).await;
    let all: Vec<&Endpoint> = ENDPOINTS.iter().collect();
    for asked in &all {
        let target = format!("{}?q=%2e%2e/&x=a//b", example(&asked.route()));
        let line = format!("{} {target} HTTP/1.1", asked.method);
        let others = all.iter().filter(|one| one != &asked).map(|one| endpoint(one));
        for (permissions, passes) in [
            (json!([endpoint(asked)]), true),
            (others.collect::<Value>(), false),
        ] {
            let body = json!({ "permissions": permissions });
            scene
                .admin
                .put(format!("/api/users/{id}"), body)
                .await
                .expect(200);
            let answer = scene.ask(&ada, &line, &[]).await;
            let got = scene.app.take();
            if passes {
                assert_eq!(answer.status, 200, "{line}: {answer:?}\n{}", scene.nginx.log());
                // What was decided on is what the server gets, byte by byte.
                let first = got.first().and_then(|head| head.lines().next());
                assert_eq!(first, Some(&*format!("{} {target} HTTP/1.1", asked.method)));
                assert_eq!(header(&got[0], "muniment-user"), ["ada"]);
            } else {
                assert_eq!(answer.status, 403, "{line}: {answer:?}");
                assert_eq!(got, [""; 0], "{line}");
            }
        }
    }
}

/// Requests that do not pass, though their caller may read devices.
const REFUSED: [&str; 20] = [
    "GET /api/coiotedm/v3/devices/all/count HTTP/1.1",
    "GET /api/coiotedm/v3/devices HTTP/1.1",
    "DELETE /api/coiotedm/v3/devices/7 HTTP/1.1",
    "get /api/coiotedm/v3/devices/7 HTTP/1.1",
    "Get /api/coiotedm/v3/devices/7 HTTP/1.1",
    "TRACE /api/coiotedm/v3/devices/7 HTTP/1.1",
    "PROPFIND /api/coiotedm/v3/devices/7 HTTP/1.1",
    "GET //api/coiotedm/v3/devices/7 HTTP/1.1",
    "GET /api//coiotedm/v3/devices/7 HTTP/1.1",
    "GET /x/../api/coiotedm/v3/devices/7 HTTP/1.1",
    "GET /api/coiotedm/%763/devices/7 HTTP/1.1",
    "GET /API/coiotedm/v3/devices/7 HTTP/1.1",
    "GET api/coiotedm/v3/devices/7 HTTP/1.1",
    "GET /api/coiotedm/v3/devices/7\\..\\x HTTP/1.1",
    "GET /api/coiotedm/v3/devices/7\0 HTTP/1.1",
    "GET /api/coiotedm/v3/devices/7 x HTTP/1.1",
    "GET /other HTTP/1.1",
    "GET / HTTP/1.1",
    "GET /_muniment HTTP/1.1",
    "GET /access/v1/evaluation HTTP/1.1",
];

#[tokio::test]
async fn no_spelling_reaches_what_was_not_decided_on() {
    let (scene, ada) = reader().await;
    for path in [
        "/devices/7",
        "/devices/a%2Fb",
        "/devices/7/",
        "/devices/all",
        "/d%65vices/7",
    ] {
        let answer = scene.ask(&ada, &format!("GET {BASE}{path} HTTP/1.1"), &[]).await;
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        let got = scene.app.take();
        assert_eq!(
            got[0].lines().next(),
            Some(&*format!("GET {BASE}{path} HTTP/1.1"))
        );
    }
    let mut lines: Vec<String> = TRICKS
        .iter()
        .map(|path| format!("GET {BASE}{path} HTTP/1.1"))
        .collect();
    lines.extend(REFUSED.map(str::to_owned));
    lines.push(format!("GET {BASE}/devices/{} HTTP/1.1", "a".repeat(20_000)));
    for line in &lines {
        let answer = scene.ask(&ada, line, &[]).await;
        let shown: String = line.chars().take(80).collect();
        assert!(
            (400..500).contains(&answer.status),
            "{shown}: {answer:?}\n{}",
            scene.nginx.log()
        );
        assert_eq!(scene.app.take(), [""; 0], "{shown}");
    }
}

/// A scene with somebody who may read devices.
async fn reader() -> (Scene, Client) {
    let scene = Scene::new().await;
    let devices = json!([{ "resource": "GET devices/{id}", "operation": "read", "context": "coiote" }]);
    let (_, ada) = scene.user("ada", devices).await;
    (scene, ada)
}

#[tokio::test]
async fn the_absolute_form_is_decided_by_its_path() {
    let (scene, ada) = reader().await;
    // The absolute form names a host. nginx takes the path of it, decides on this, and passes this on.
    let absolute = scene
        .ask(
            &ada,
            &format!("GET http://app.example.com{BASE}/devices/7 HTTP/1.1"),
            &[],
        )
        .await;
    assert_eq!(absolute.status, 200);
    assert_eq!(
        scene.app.take()[0].lines().next(),
        Some(&*format!("GET {BASE}/devices/7 HTTP/1.1"))
    );
    let absolute = scene
        .ask(
            &ada,
            &format!("GET http://app.example.com{BASE}/devices HTTP/1.1"),
            &[],
        )
        .await;
    assert_eq!(absolute.status, 403);
}

#[tokio::test]
async fn a_client_says_nothing_in_the_place_of_the_proxy() {
    let (scene, ada) = reader().await;
    for (what, headers) in [
        ("another path", vec!["X-Original-URI: /api/coiotedm/v3/devices"]),
        ("another method", vec!["X-Original-Method: DELETE"]),
        (
            "what another proxy says",
            vec!["X-Forwarded-Uri: /x", "X-Forwarded-Method: DELETE"],
        ),
        ("an underscore, which nginx drops", vec!["X_Original_URI: /x"]),
        (
            "another name",
            vec!["Muniment-User: admin", "Muniment-User-Id: 1"],
        ),
    ] {
        let answer = scene
            .ask(&ada, &format!("GET {BASE}/devices/7 HTTP/1.1"), &headers)
            .await;
        assert_eq!(answer.status, 200, "{what}: {answer:?}");
        let got = scene.app.take();
        assert_eq!(
            got[0].lines().next(),
            Some(&*format!("GET {BASE}/devices/7 HTTP/1.1")),
            "{what}"
        );
        assert_eq!(header(&got[0], "muniment-user"), ["ada"], "{what}");
        assert_eq!(header(&got[0], "muniment-user-id").len(), 1, "{what}");
    }
    for header in [
        "X-HTTP-Method-Override: DELETE",
        "X-Original-URL: /x",
        "X-Rewrite-URL: /x",
        "X.Original.URI: /x",
    ] {
        let answer = scene
            .ask(&ada, &format!("GET {BASE}/devices/7 HTTP/1.1"), &[header])
            .await;
        assert!(
            [400, 403].contains(&answer.status) || !scene.app.take()[0].contains(header),
            "{header}: {answer:?}"
        );
    }
}

#[tokio::test]
async fn whoever_has_no_credential_is_asked_for_one() {
    let scene = Scene::new().await;
    let line = format!("GET {BASE}/devices/7 HTTP/1.1");
    for headers in [vec![], vec!["Authorization: Bearer a.b.c".to_owned()]] {
        let answer = scene.nginx.send(&line, &headers).await;
        assert_eq!(answer.status, 401, "{answer:?}");
        assert!(
            answer
                .text
                .to_ascii_lowercase()
                .contains("www-authenticate: bearer"),
            "{answer:?}"
        );
    }
    // If Muniment does not answer, nothing passes.
    let devices = json!([{ "resource": "GET devices/{id}", "operation": "read", "context": "coiote" }]);
    let (_, ada) = scene.user("ada", devices).await;
    assert_eq!(scene.ask(&ada, &line, &[]).await.status, 200);
    assert_eq!(scene.app.take().len(), 1);
    let Scene {
        server, nginx, app, ..
    } = scene;
    let _site = server.terminate().await;
    let answer = nginx
        .send(&line, &[format!("Authorization: Bearer {}", ada.token())])
        .await;
    assert_eq!(answer.status, 500, "{answer:?}");
    assert_eq!(app.take(), [""; 0]);
}

#[tokio::test]
async fn a_domain_that_the_client_names_reaches_the_server_only_if_it_is_granted() {
    let scene = Scene::new().await;
    let rights = json!([
        { "resource": "GET devices/{id}", "operation": "read", "context": "coiote" },
        { "resource": "/a/#", "operation": "read", "context": "domain" },
    ]);
    let (_, ada) = scene.user("ada", rights).await;
    let line = format!("GET {BASE}/devices/7 HTTP/1.1");
    for (domain, status) in [("/a/b/", 200), ("/b/", 403), ("/a/../b/", 403)] {
        let answer = scene
            .ask(&ada, &line, &[&format!("CDM-Context-Domain: {domain}")])
            .await;
        assert_eq!(answer.status, status, "{domain}");
        let got = scene.app.take();
        assert_eq!(got.len(), usize::from(status == 200));
        for head in got {
            assert_eq!(header(&head, "cdm-context-domain"), [domain]);
        }
    }
    let twice = ["CDM-Context-Domain: /a/", "CDM-Context-Domain: /b/"];
    assert_eq!(scene.ask(&ada, &line, &twice).await.status, 403);
    assert_eq!(scene.app.take(), [""; 0]);
}
