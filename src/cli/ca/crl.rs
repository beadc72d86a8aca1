//! `muniment ca crl`

use server::issuing::Issuing;

use crate::cli::{CliError, say};

/// Prints the revocation lists of all issuers.
pub(super) async fn run(issuing: &Issuing, url: Option<&str>) -> Result<(), CliError> {
    let issuers = issuing.issuers(url).await?;
    for ours in issuers.signers() {
        let list = issuing.crl(&ours.key_id, None).await?;
        say(pki::pem("X509 CRL", &list.der).trim_end());
    }
    Ok(())
}
