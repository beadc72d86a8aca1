//! `GET /.well-known/authzen-configuration`: the addresses of the decision point's endpoints (AuthZEN Authorization API
//! 1.0 section 9).

use axum::{Json, extract::State, http::HeaderMap};
use serde::Serialize;
use utoipa::ToSchema;

use server::{App, Refusal, oauth::issuer};

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
    let base = issuer(&app, &headers)?;
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
