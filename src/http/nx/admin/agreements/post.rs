//! `POST /auth/admin/agreements`

use aggregates::{
    agreement::{CreateAgreement, LONGEST_TEXT},
    values::{OrganisationId, Timestamp, Title},
};
use axum::{Json, extract::State, http::StatusCode};
use serde::Deserialize;
use server::{App, ByPath, JsonBody, Permitted, Refusal, Wrote, licences::create_agreement};
use utoipa::ToSchema;

use crate::{message::Message, wire::AgreementOut};

/// An agreement to create.
#[derive(Deserialize, ToSchema)]
#[schema(as = NxNewAgreement)]
pub(crate) struct NewAgreement {
    /// The name: at most 200 characters.
    #[serde(rename = "Name")]
    #[schema(example = "Edge Professional")]
    name: String,
    /// The kind: at most 200 characters.
    #[serde(rename = "Kind")]
    #[schema(example = "subscription")]
    kind: String,
    /// What it provides: at most 100 texts.
    #[serde(rename = "Provides", default)]
    provides: Option<Vec<String>>,
    /// When it was published.
    #[serde(rename = "PublishedAt")]
    #[schema(example = "2026-01-01T00:00:00Z")]
    published_at: Option<String>,
    /// The organisation that provides what is agreed.
    #[serde(rename = "OrganisationUUID")]
    organisation: Option<String>,
}

impl NewAgreement {
    fn parsed(self) -> Result<CreateAgreement, Refusal> {
        let title = |what, text: &str| Title::parse_within(what, text, 1, LONGEST_TEXT);
        let provides = self.provides.unwrap_or_default();
        let provides = provides.iter().map(|text| title("Provides", text));
        let published_at = self.published_at.as_deref().map(Timestamp::parse);
        let provider = self.organisation.as_deref().map(OrganisationId::parse);
        Ok(CreateAgreement {
            name: title("Name", &self.name)?,
            kind: title("Kind", &self.kind)?,
            provides: provides.collect::<Result<_, _>>()?,
            published_at: published_at.transpose()?,
            provider: provider.transpose()?,
        })
    }
}

/// Creates an agreement. It never changes: other terms are another agreement.
#[utoipa::path(post, operation_id = "nx_post_agreement", path = "/auth/admin/agreements", tag = "nx", request_body = NewAgreement, responses(
    (status = 201, description = "The agreement", body = AgreementOut),
    (status = 404, description = "`unknown_organisation`", body = Message)
))]
pub(crate) async fn post_agreement(
    State(app): State<App>,
    Permitted(caller, ..): Permitted<ByPath>,
    JsonBody(body): JsonBody<NewAgreement>,
) -> Result<Wrote<(StatusCode, Json<AgreementOut>)>, Refusal> {
    let (made, appended) = create_agreement(&app, &caller, body.parsed()?).await?;
    let shown = Json(AgreementOut::from(&made));
    Ok(Wrote(appended.position, (StatusCode::CREATED, shown)))
}
