//! `GET /pki/{key id}/{partition}.crl`

use axum::{extract::State, response::Response};
use server::{App, ErrorBody, PathOf, Refusal};

/// One of 256 partitions of an issuer's revocation list in DER. Certificates name their partition, so relying parties need not
/// load the whole list.
#[utoipa::path(get, path = "/pki/{key}/{file}", tag = "pki", security(()),
    params(
        ("key" = String, Path, description = "The identifier of the issuer's key in hexadecimal digits"),
        ("file" = String, Path, description = "The number of the partition, 0 to 255, and `.crl`", example = "7.crl")
    ),
    responses(
        (status = 200, description = "A revocation list in DER", body = crate::Der, content_type = "application/pkix-crl"),
        (status = 404, description = "There is no such issuer or partition", body = ErrorBody)
    ))]
pub(crate) async fn get_partition(
    State(app): State<App>,
    PathOf((key, file)): PathOf<(String, String)>,
) -> Result<Response, Refusal> {
    let number = file.strip_suffix(".crl").and_then(|number| number.parse().ok());
    let number = number.ok_or_else(|| Refusal::not_found("partition"))?;
    let list = app.issuing().crl(&super::key_of(&key)?, Some(number)).await?;
    Ok(super::bytes(super::CRL, list.der))
}
