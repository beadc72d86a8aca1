//! `muniment ca issue`

use std::path::Path;

use aggregates::values::Username;
use ledger::{
    Executor, Metadata,
    clock::{Clock, SystemClock},
};
use pki::Csr;
use projections::{page::Page, user_directory};
use server::{issuing::Issuing, settings::Settings};

use super::issuers::read;
use crate::cli::{CliError, say};

/// Issues a certificate to a user, and prints it with the certificates above it.
pub(super) async fn run(
    settings: &Settings,
    (executor, issuing): (&Executor, &Issuing),
    name: &str,
    csr: &Path,
) -> Result<(), CliError> {
    let csr = Csr::parse(&read(csr)?).map_err(|error| CliError::Other(error.to_string()))?;
    let page = Page { number: 1, rows: 1 };
    let db = executor.ledger().db();
    let found = user_directory::by_usernames(db, &[name], &page, false, SystemClock.now()).await?;
    let user = found
        .rows
        .first()
        .ok_or_else(|| CliError::Other(format!("there is no user {name}")))?;
    let username = Username::parse(&user.username).map_err(|error| CliError::Other(error.to_string()))?;
    let url = settings.public_url.as_deref();
    let days = settings.certificate_days;
    let ready = issuing.issue(&csr, (user.id, &username), days, url).await?;
    let (pem, chain) = (ready.pem(), ready.chain);
    let executed = executor.execute(ready.commands, &Metadata::system("ca")).await;
    executed.map_err(server::issuing::IssuingError::from)?;
    say(format!("{pem}{chain}").trim_end());
    Ok(())
}
