//! A third-party client of the AuthZEN API, unchanged, against this server.
//!
//! The client uses only https. As in production, a proxy ends https before the server, and the server has the public
//! URL in its settings.

use std::time::Duration;

use openidauthzen::{
    Action, ActionSearchRequest, AuthZenClient, Error, EvaluationItem, EvaluationRequest, EvaluationSemantic,
    EvaluationsOptions, EvaluationsRequest, Page, Resource, ResourceSearchRequest, Subject,
    SubjectSearchRequest,
    http::{HttpClient, HttpResponse, Method},
};
use serde_json::json;

use crate::support::{
    client::Client,
    connectware::*,
    server::{Engine, Site},
};

const PUBLIC_URL: &str = "https://id.example.com";

/// The proxy before the server. It speaks https.
struct Proxy(Client);

#[async_trait::async_trait]
impl HttpClient for Proxy {
    async fn request(
        &self,
        method: Method,
        url: &str,
        headers: &[(&str, &str)],
        body: Option<Vec<u8>>,
    ) -> Result<HttpResponse, Error> {
        let path = url
            .strip_prefix(PUBLIC_URL)
            .expect("it should ask where it was told to");
        let method = match method {
            Method::Get => http::Method::GET,
            _ => http::Method::POST,
        };
        let mut call = self.0.call(method, path);
        if let Some(body) = body {
            call = call.body("application/json", body);
        }
        for (name, value) in headers {
            call = match *name {
                "authorization" => call.header("authorization", value),
                "x-request-id" => call.header("x-request-id", value),
                other => panic!("{other} is not expected"),
            };
        }
        let answer = call.await;
        let headers = answer.headers.iter().map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            (name.to_string(), value)
        });
        Ok(HttpResponse {
            status: answer.status,
            headers: headers.collect(),
            body: answer.body,
        })
    }
}

fn subject(kind: &str, id: Option<&str>) -> Subject {
    Subject {
        subject_type: kind.to_owned(),
        id: id.map(str::to_owned),
        properties: None,
    }
}

fn topic(id: Option<&str>) -> Resource {
    Resource {
        resource_type: "mqtt".to_owned(),
        id: id.map(str::to_owned),
        properties: None,
    }
}

fn action(name: &str) -> Action {
    Action {
        name: name.to_owned(),
        properties: None,
    }
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one conversation with the client")]
async fn somebody_elses_client_works_unchanged() {
    let server = Site::new(Engine::Sqlite)
        .with("MUNIMENT_PUBLIC_URL", PUBLIC_URL)
        .start()
        .await;
    let admin = server.admin().await;
    let permissions = json!([mqtt("a/#", "read"), mqtt("b", "readWrite")]);
    let id = create_user_with(&admin, "ada", json!({ "initialPermissions": permissions })).await;
    let ada = || subject("user", Some(&id));
    let token = admin.token();
    let client = AuthZenClient::new(Proxy(server.anonymous()), Duration::from_secs(60));

    let found = client
        .discover(PUBLIC_URL)
        .await
        .expect("the metadata should be found");
    assert_eq!(found.policy_decision_point, PUBLIC_URL);

    let question = |name: &str, id: &str| EvaluationRequest {
        subject: ada(),
        action: action(name),
        resource: topic(Some(id)),
        context: None,
    };
    for (name, id, expected) in [
        ("read", "a/1", true),
        ("publish", "b", true),
        ("publish", "a/1", false),
    ] {
        let answer = client
            .evaluate(PUBLIC_URL, token, &question(name, id))
            .await
            .expect("an answer");
        assert_eq!(answer.decision, expected, "{name} {id}");
    }

    let many = EvaluationsRequest {
        subject: Some(ada()),
        action: Some(action("read")),
        resource: None,
        context: None,
        evaluations: ["b", "c", "b"]
            .map(|id| EvaluationItem {
                subject: None,
                action: None,
                resource: Some(topic(Some(id))),
                context: None,
            })
            .to_vec(),
        options: Some(EvaluationsOptions {
            evaluations_semantic: Some(EvaluationSemantic::DenyOnFirstDeny),
            extra: None,
        }),
    };
    let answers = client
        .evaluate_batch(PUBLIC_URL, token, &many)
        .await
        .expect("answers");
    let decisions: Vec<bool> = answers.evaluations.iter().map(|one| one.decision).collect();
    assert_eq!(decisions, [true, false]);

    let mut search = SubjectSearchRequest {
        subject: subject("username", None),
        action: action("read"),
        resource: topic(Some("b")),
        context: None,
        page: Some(Page {
            token: None,
            limit: Some(1),
            properties: None,
        }),
    };
    let mut names = Vec::new();
    loop {
        let page = client
            .search_subjects(PUBLIC_URL, token, &search)
            .await
            .expect("a page");
        names.extend(page.results.into_iter().filter_map(|subject| subject.id));
        let next = page
            .page
            .and_then(|page| page.next_token)
            .filter(|next| !next.is_empty());
        let Some(next) = next else { break };
        search.page = search.page.map(|page| Page {
            token: Some(next),
            ..page
        });
    }
    names.sort();
    assert_eq!(names, ["ada", "admin"]);

    let search = ResourceSearchRequest {
        subject: ada(),
        action: action("publish"),
        resource: topic(None),
        context: None,
        page: None,
    };
    let reached = client
        .search_resources(PUBLIC_URL, token, &search)
        .await
        .expect("a page");
    assert_eq!(reached.results, [topic(Some("b"))]);

    let search = ActionSearchRequest {
        subject: ada(),
        resource: topic(Some("a/1")),
        context: None,
        page: None,
    };
    let actions = client
        .search_actions(PUBLIC_URL, token, &search)
        .await
        .expect("a page");
    assert_eq!(actions.results, [action("read"), action("subscribe")]);

    let refused = client
        .evaluate(PUBLIC_URL, "nobody's", &question("read", "b"))
        .await;
    assert!(
        matches!(refused, Err(Error::HttpStatus { status: 401, .. })),
        "{refused:?}"
    );
}
