//! The certificate of this server itself, for its listener.

use std::net::IpAddr;

use pki::Server;
use zeroize::Zeroizing;

use super::{Issuing, IssuingError};

/// A certificate of this server, signed by its own authority.
pub struct OwnCertificate {
    /// The certificate and those above it in DER, in the order in which a server sends them.
    pub chain: Vec<Vec<u8>>,
    /// Its private key in PKCS #8. No other process has it.
    pub pkcs8: Zeroizing<Vec<u8>>,
    /// When it expires, in seconds since 1970.
    pub not_after: u64,
}

impl Issuing {
    /// Makes a new key and a certificate for these names of this server. It is valid for `days`, or as long as its issuer. The ledger
    /// does not have it: each process makes its own when it starts.
    pub async fn own_certificate(
        &self,
        hosts: &[String],
        addresses: &[IpAddr],
        days: u64,
        url: Option<&str>,
    ) -> Result<OwnCertificate, IssuingError> {
        let issuers = self.issuers(url).await?;
        let current = issuers.current()?;
        let (key, pkcs8) = self.new_key()?;
        let issued = current.issuer.issue_server(&Server {
            public_key: key.public(),
            hosts,
            addresses,
            serial: self.serial(),
            now: self.now(),
            life: days.saturating_mul(24 * 3600),
        })?;
        let mut chain = vec![issued.der, current.issuer.der().to_vec()];
        chain.extend(current.above.iter().cloned());
        Ok(OwnCertificate {
            chain,
            pkcs8,
            not_after: issued.not_after,
        })
    }
}
