//! The certificate authority of this server: it issues certificates, and says which of them are revoked.
//!
//! The issuers and their sealed keys are one aggregate, so all nodes have the same. `pki` has the formats and the cryptography.
//! [Decision 0030](../../../docs/decisions/0030-our-own-authority.md) gives the reasons.

mod answers;
mod error;
mod establish;
mod issue;
mod issuers;
mod lists;
mod own;
mod renew;
mod reused;
mod revoke;
mod statuses;

use std::sync::{Arc, PoisonError, RwLock};

use aggregates::{authority::Authority, values::AuthorityId};
use ledger::{Executor, clock::Clock, ids::Entropy};
use pki::{Key, Serial};
use zeroize::Zeroizing;

pub use self::{
    answers::OcspAnswer,
    error::IssuingError,
    establish::ISSUER_LIFE,
    issue::Ready,
    issuers::{Issuers, OurIssuer},
    own::OwnCertificate,
};
use self::{lists::Lists, reused::Reused, statuses::Statuses};

/// The certificate authority, as one process uses it. Cloning it is cheap.
#[derive(Clone)]
pub struct Issuing(Arc<Inner>);

struct Inner {
    executor: Executor,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    /// The issuers as they were read last. No issuer ever goes, so an issuer in here is one for ever.
    known: RwLock<Arc<Issuers>>,
    lists: Lists,
    reused: Reused,
    statuses: Statuses,
}

impl Issuing {
    /// The authority of the executor's ledger.
    pub fn new(executor: Executor, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Self {
        Self(Arc::new(Inner {
            executor,
            clock,
            entropy,
            known: RwLock::default(),
            lists: Lists::default(),
            reused: Reused::default(),
            statuses: Statuses::default(),
        }))
    }

    /// The issuers as this process knows them. Another node may have added one since.
    pub fn known(&self) -> Arc<Issuers> {
        Arc::clone(&self.0.known.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the issuers. If there are none yet, this makes them; the certificates of users then name `url` as the place of
    /// revocation lists.
    pub async fn issuers(&self, url: Option<&str>) -> Result<Arc<Issuers>, IssuingError> {
        let issuers = self.read().await?;
        if issuers.is_established() {
            return Ok(issuers);
        }
        self.establish(url).await?;
        self.established().await
    }

    /// Reads the issuers, and makes none. There must be some.
    pub async fn established(&self) -> Result<Arc<Issuers>, IssuingError> {
        let issuers = self.read().await?;
        match issuers.is_established() {
            true => Ok(issuers),
            false => Err(IssuingError::NotEstablished),
        }
    }

    /// Reads the issuers from the ledger; there may be none. Only new keys are parsed.
    pub async fn read(&self) -> Result<Arc<Issuers>, IssuingError> {
        let (authority, _) = self.0.executor.read::<Authority>(AuthorityId::ONE).await?;
        let issuers = Arc::new(self.known().with(authority)?);
        let mut known = self.0.known.write().unwrap_or_else(PoisonError::into_inner);
        // Two requests may have read at the same time.
        if known.count() <= issuers.count() {
            *known = Arc::clone(&issuers);
        }
        Ok(issuers)
    }

    /// The current time, in seconds since 1970.
    fn now(&self) -> u64 {
        u64::try_from(self.0.clock.now().seconds()).unwrap_or_default()
    }

    fn serial(&self) -> Serial {
        let mut octets = [0; 20];
        self.0.entropy.fill(&mut octets);
        Serial::from_random(octets)
    }

    /// A new private key, and its PKCS #8.
    fn new_key(&self) -> Result<(Key, Zeroizing<Vec<u8>>), IssuingError> {
        loop {
            let mut octets = Zeroizing::new([0; 32]);
            self.0.entropy.fill(octets.as_mut());
            if let Some(pkcs8) = Key::new_pkcs8(&octets) {
                return Ok((Key::from_pkcs8(&pkcs8)?, pkcs8));
            }
        }
    }
}
