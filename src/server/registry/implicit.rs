//! A device introduces itself by connecting to a broker.

use aggregates::{registration::Wishes, values::Username};
use ledger::WithCauses;
use projections::registrations;
use zeroize::Zeroizing;

use super::{
    register::{Registering, SentCredential, Way, begin, is_of_broker},
    registry,
};
use crate::{address::ClientAddress, app::App, refusal::Refusal};

/// Records a client that nobody knows as pending, if the registry is open. The broker refuses the client whatever comes of it, so nobody
/// waits for a second attempt: the client connects again by itself. While the registry is closed, a client whose name is known takes the same
/// time, so that the time does not tell which names exist.
pub(crate) async fn introduce(
    app: &App,
    (username, is_known): (&str, bool),
    password: &str,
    address: ClientAddress,
) {
    let Err(refusal) = try_to(app, (username, is_known), password, address).await else {
        return;
    };
    // Strangers cause these.
    let Some(clients) = app.not_introduced().count(refusal.code, app.clock.elapsed()) else {
        return;
    };
    let cause = refusal.cause().map(|cause| WithCauses(cause).to_string());
    tracing::warn!(
        code = refusal.code,
        clients,
        cause,
        "did not record clients that nobody knows; one line a minute for each code"
    );
}

async fn try_to(
    app: &App,
    (username, is_known): (&str, bool),
    password: &str,
    address: ClientAddress,
) -> Result<(), Refusal> {
    let now = app.clock.now();
    // A closed registry costs one read and no hash, whatever the name.
    let (window, _) = registry(app).await?;
    if !window.is_open(now) || is_known {
        return Ok(());
    }
    let username = Username::parse(username)?;
    if is_of_broker(app, &username) {
        return Ok(());
    }
    if registrations::find(app.ledger().db(), &username, now)
        .await?
        .is_some()
    {
        return Ok(());
    }
    let device = Registering {
        username,
        credential: SentCredential::Password(Zeroizing::new(password.to_owned())),
        wishes: Wishes::default(),
    };
    begin(app, &device, Way::Broker(address)).await.map(drop)
}
