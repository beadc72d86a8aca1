//! How long the certificate authority lasts: for `muniment doctor`, and for the log when the server starts.

use aggregates::values::Timestamp;
use server::issuing::{Issuing, IssuingError};

const DAY: u64 = 24 * 3_600;

/// What there is to say about the issuer that signs certificates of users: an error if it expires in less than `days`, since it then
/// shortens certificates. `None` if there is no authority.
pub(super) async fn lasts(
    issuing: &Issuing,
    days: u64,
    now: Timestamp,
) -> Result<Option<Result<String, String>>, IssuingError> {
    let issuers = match issuing.established().await {
        Ok(issuers) => issuers,
        Err(IssuingError::NotEstablished) => return Ok(None),
        Err(error) => return Err(error),
    };
    let ours = issuers.current()?;
    let end = ours.issuer.not_after();
    let expires = Timestamp::from_micros(i64::try_from(end).unwrap_or(i64::MAX).saturating_mul(1_000_000));
    let said = format!("issuer {} expires {expires}", ours.key_id);
    let now = u64::try_from(now.seconds()).unwrap_or_default();
    Ok(Some(if end.saturating_sub(now) < days.saturating_mul(DAY) {
        Err(format!(
            "{said}, in less than {days} days (CERTIFICATE_DAYS), so new certificates are shorter: run `muniment ca rollover`, or `muniment ca \
             import` for an issuer of your own"
        ))
    } else {
        Ok(said)
    }))
}
