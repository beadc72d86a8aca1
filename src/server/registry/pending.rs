//! The pending registration about which somebody decides.

use aggregates::{registration::Registration, text::spelling, values::RegistrationId};
use projections::registrations;

use crate::{app::App, refusal::Refusal};

/// The registration with this username that is pending now.
pub async fn pending(app: &App, username: &str) -> Result<(RegistrationId, Registration), Refusal> {
    let missing = || Refusal::not_found("pending registration");
    let now = app.clock.now();
    let found = registrations::find(app.ledger().db(), &spelling(username), now).await?;
    let id = found.filter(|row| !row.granted).ok_or_else(missing)?.id;
    let (registration, _) = app.executor.read::<Registration>(id).await?;
    // Somebody may have decided meanwhile.
    match registration.is_pending(now) {
        true => Ok((id, registration)),
        false => Err(missing()),
    }
}
