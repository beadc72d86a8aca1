//! How long the certificate authority lasts: for `muniment doctor`, and for the log when the server starts.

use aggregates::values::Timestamp;
use server::issuing::{ISSUER_LIFE, Issuers, Issuing, IssuingError};

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
    let said = format!("issuer {} expires {}", ours.key_id, moment(end));
    let now = u64::try_from(now.seconds()).unwrap_or_default();
    Ok(Some(if end.saturating_sub(now) < days.saturating_mul(DAY) {
        Err(format!(
            "{said}, in less than {days} days (CERTIFICATE_DAYS), so new certificates are shorter: run `muniment ca rollover`, or `muniment ca \
             import` for an issuer of your own"
        ))
    } else {
        Ok(said + &of_root(&issuers, now)?)
    }))
}

/// What there is to say about the newest root, if issuers below it would be shortened.
fn of_root(issuers: &Issuers, now: u64) -> Result<String, IssuingError> {
    let (root, current) = (issuers.root()?, issuers.current()?);
    let is_in_use = current
        .above
        .first()
        .is_some_and(|above| above == root.issuer.der());
    let end = root.issuer.not_after();
    if !is_in_use || end.saturating_sub(now) >= ISSUER_LIFE {
        return Ok(String::new());
    }
    Ok(format!(
        "; root {} expires {}, so new issuers are shorter: make a new root by `muniment ca rollover --root`",
        root.key_id,
        moment(end)
    ))
}

fn moment(seconds: u64) -> Timestamp {
    let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
    Timestamp::from_micros(seconds.saturating_mul(1_000_000))
}
