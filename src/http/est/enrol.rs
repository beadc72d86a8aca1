//! What the two ways to a certificate share.

use aggregates::values::{Fingerprint, UserId, Username};
use axum::response::Response;
use pki::Csr;
use projections::user_directory;
use server::{App, Caller, Refusal, Wrote};

/// Issues a certificate to the caller, as the body asks. The name is the one that the ledger has. It follows the certificate `held`, if the
/// caller renews one.
pub(crate) async fn enrol(
    app: &App,
    caller: &Caller,
    body: &[u8],
    held: Option<&Fingerprint>,
) -> Result<Wrote<Response>, Refusal> {
    let text = std::str::from_utf8(body).map_err(|_| Refusal::invalid("csr: must be base64"))?;
    let csr = Csr::parse(text).map_err(|error| Refusal::invalid(error.to_string()))?;
    let username = username(app, caller.user).await?;
    let url = app.live().public_url.clone();
    let (issuing, user) = (app.issuing(), (caller.user, &username));
    let (days, revokes) = (
        app.settings.certificate_days,
        app.settings.certificate_renewal_revokes,
    );
    let ready = match held {
        None => issuing.issue(&csr, user, days, url.as_deref()).await?,
        Some(held) => {
            issuing
                .renew(&csr, held, user, (days, url.as_deref()), revokes)
                .await?
        }
    };
    let response = super::certificates(&[&ready.issued.der]);
    let appended = caller.execute_while_proved(app, ready.commands).await?;
    Ok(Wrote(appended.position, response))
}

async fn username(app: &App, user: UserId) -> Result<Username, Refusal> {
    let found = user_directory::find(app.ledger().db(), user, app.clock.now()).await?;
    let user = found.ok_or_else(|| Refusal::not_found("user"))?;
    Ok(Username::parse(&user.username)?)
}
