//! `POST /api/mfa/enable`

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use server::{App, Caller, Conflicts, Query, Refusal, Refusals, Wrote, identity::second_factor::offer};
use utoipa::ToSchema;

use super::qr::{self, Format};

/// A new secret for the device of the user.
#[derive(Serialize, ToSchema)]
pub(crate) struct TotpOffer {
    /// What an app for one-time codes reads, usually from a QR code.
    #[schema(
        example = "otpauth://totp/Muniment:ada?issuer=Muniment&secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&algorithm=SHA1&digits=6&period=30"
    )]
    uri: String,
}

/// Begins the enrolment of a second factor (TOTP). It becomes active only when the caller confirms a code of it at `/api/mfa/validate`; a new
/// call makes the secret of an earlier one void. It needs no permission. With `format=png` or `format=svg`, or an `Accept` that
/// prefers `image/png` or `image/svg+xml`, the answer is the QR code.
#[utoipa::path(post, path = "/api/mfa/enable", tag = "mfa",
    params(("format" = Option<String>, Query, description = "`json`, `png` or `svg`. Absent: as `Accept` says")),
    responses((status = 200, description = "The secret", content(
        (TotpOffer = "application/json"), (Vec<u8> = "image/png"), (String = "image/svg+xml")
    )), Refusals, Conflicts))]
pub(crate) async fn post_enable(
    State(app): State<App>,
    caller: Caller,
    query: Query,
    headers: HeaderMap,
) -> Result<Wrote<Response>, Refusal> {
    query.only(&["format"])?;
    let format = match query.one("format")? {
        Some(name) => Format::named(name)?,
        None => Format::accepted(&headers),
    };
    let Wrote(position, offer) = offer(&app, &caller).await?;
    let answer = match format {
        Format::Json => Json(TotpOffer {
            uri: offer.uri.to_string(),
        })
        .into_response(),
        Format::Png => ([(header::CONTENT_TYPE, "image/png")], qr::png(&offer.uri)?).into_response(),
        Format::Svg => ([(header::CONTENT_TYPE, "image/svg+xml")], qr::svg(&offer.uri)?).into_response(),
    };
    Ok(Wrote(position, answer))
}
