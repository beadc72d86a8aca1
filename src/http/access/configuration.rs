//! `GET /.well-known/authzen-configuration`: the addresses of the decision point's endpoints (AuthZEN Authorization API
//! 1.0 section 9).

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, header},
};
use serde::Serialize;
use utoipa::ToSchema;

use server::{App, Refusal};

/// Where the decision point's endpoints are.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Configuration {
    /// The decision point: the setting `public_url`, or else what the request called this server.
    #[schema(example = "https://muniment.example.com")]
    policy_decision_point: String,
    #[schema(example = "https://muniment.example.com/access/v1/evaluation")]
    access_evaluation_endpoint: String,
    access_evaluations_endpoint: String,
    search_subject_endpoint: String,
    search_resource_endpoint: String,
    search_action_endpoint: String,
}

/// Where the decision point's endpoints are.
#[utoipa::path(get, path = "/.well-known/authzen-configuration", tag = "access", security(()),
    responses(
        (status = 200, description = "The metadata", body = Configuration)
    ))]
pub(crate) async fn get_configuration(
    State(app): State<App>,
    headers: HeaderMap,
) -> Result<Json<Configuration>, Refusal> {
    let base = match &app.live().public_url {
        Some(url) => url.clone(),
        None => {
            let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
            let host = host.filter(|host| is_authority(host));
            format!(
                "http://{}",
                host.ok_or_else(|| Refusal::invalid("Host is missing or wrong"))?
            )
        }
    };
    let endpoint = |path: &str| format!("{base}/access/v1/{path}");
    Ok(Json(Configuration {
        access_evaluation_endpoint: endpoint("evaluation"),
        access_evaluations_endpoint: endpoint("evaluations"),
        search_subject_endpoint: endpoint("search/subject"),
        search_resource_endpoint: endpoint("search/resource"),
        search_action_endpoint: endpoint("search/action"),
        policy_decision_point: base,
    }))
}

/// Whether a text is a host with or without a port, and has no part that would change the meaning of the URL.
fn is_authority(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
    !text.is_empty() && text.bytes().all(allowed)
}
