//! The issuers: the first ones, a new one, and one that the operator brings.

use aggregates::{
    Command,
    authority::{AuthorityCommand, IssuerKind, NewIssuer},
    values::{AuthorityId, Fingerprint, KeyId, PrivateKey, Timestamp},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use ledger::{ExecuteError, Metadata};
use pki::{Issuer, Key, NewAuthority};

use super::{Issuing, IssuingError, issuers::OurIssuer};

const DAY: u64 = 24 * 3600;
/// The common name of the first root. Later ones have a number, too.
const ROOT_NAME: &str = "Muniment Root CA";
/// For how long a root is valid.
const ROOT_LIFE: u64 = 20 * 365 * DAY;
/// For how many seconds an issuer is valid.
pub const ISSUER_LIFE: u64 = 5 * 365 * DAY;

/// A certificate and a private key that become an issuer.
struct Made<'a> {
    kind: IssuerKind,
    certificate: &'a [u8],
    above: Vec<String>,
    pkcs8: &'a [u8],
    url: Option<&'a str>,
}

impl Made<'_> {
    fn stored(self) -> Result<NewIssuer, IssuingError> {
        let issuer = Issuer::new(self.certificate, Key::from_pkcs8(self.pkcs8)?, None)?;
        let unreadable = |error: aggregates::values::Invalid| IssuingError::Stored(error.to_string());
        let not_after = i64::try_from(issuer.not_after()).unwrap_or(i64::MAX);
        Ok(NewIssuer {
            key_id: KeyId::parse(&issuer.key_id()).map_err(unreadable)?,
            kind: self.kind,
            fingerprint: Fingerprint::from_octets(&pki::sha256(self.certificate)).map_err(unreadable)?,
            certificate: STANDARD.encode(self.certificate),
            above: self.above,
            private_key: PrivateKey::new(STANDARD.encode(self.pkcs8)),
            url: self.url.map(str::to_owned),
            not_after: Timestamp::from_micros(not_after.saturating_mul(1_000_000)),
        })
    }
}

impl Issuing {
    /// Makes the first root and the first issuer. If several nodes do this at the same time, one of them wins.
    pub(super) async fn establish(&self, url: Option<&str>) -> Result<(), IssuingError> {
        let (key, pkcs8) = self.new_key()?;
        let certificate = pki::root_certificate(&key, &self.new_authority(ROOT_NAME, ROOT_LIFE))?;
        let root = Issuer::new(&certificate, key, None)?;
        let issuing = self.issuer_below(&root, Vec::new(), url)?;
        let made = Made {
            kind: IssuerKind::Root,
            certificate: &certificate,
            above: Vec::new(),
            pkcs8: &pkcs8,
            url,
        };
        let command = AuthorityCommand::Establish {
            root: Box::new(made.stored()?),
            issuing: Box::new(issuing),
        };
        match self.execute(command).await {
            Ok(()) => {
                if url.is_none() {
                    tracing::warn!(
                        "the certificate authority was made without PUBLIC_URL, so certificates name no place of revocation lists and \
                         OCSP: set it, then run `muniment ca rollover`"
                    );
                }
                Ok(())
            }
            // Another node did it first.
            Err(ExecuteError::Domain { .. } | ExecuteError::Rejected(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Makes a new issuer below the newest root. From now on it signs certificates of users. If the current issuer was imported, its chain is left
    /// only if the caller says so.
    pub async fn roll_over(&self, url: Option<&str>, leaves_imported: bool) -> Result<KeyId, IssuingError> {
        let issuers = self.issuers(url).await?;
        let root = issuers.root()?;
        let is_below = |issuer: &OurIssuer| {
            let next = issuer.above.first();
            issuers
                .roots()
                .any(|root| next.is_some_and(|above| above == root.issuer.der()))
        };
        if !leaves_imported && !is_below(issuers.current()?) {
            return Err(IssuingError::Imported);
        }
        let above = root.above.iter().map(|der| STANDARD.encode(der)).collect();
        self.add(self.issuer_below(&root.issuer, above, url)?).await
    }

    /// Makes a new root beside those that there are. It signs the issuers of later rollovers.
    pub async fn add_root(&self, url: Option<&str>) -> Result<KeyId, IssuingError> {
        let issuers = self.issuers(url).await?;
        // Another name, so that nobody takes one root for another.
        let name = format!("{ROOT_NAME} {}", issuers.roots().count() + 1);
        let (key, pkcs8) = self.new_key()?;
        let certificate = pki::root_certificate(&key, &self.new_authority(&name, ROOT_LIFE))?;
        let made = Made {
            kind: IssuerKind::Root,
            certificate: &certificate,
            above: Vec::new(),
            pkcs8: &pkcs8,
            url,
        };
        self.add(made.stored()?).await
    }

    /// Lets an issuer sign certificates of users again. For example, one that was imported, and then left by a rollover.
    pub async fn use_again(&self, key_id: &KeyId) -> Result<KeyId, IssuingError> {
        let issuers = self.established().await?;
        let stored = issuers.stored(key_id).ok_or(IssuingError::UnknownIssuer)?;
        let now = super::issue::moment(self.now());
        if stored.kind != IssuerKind::Issuing || stored.not_after <= now {
            return Err(IssuingError::CannotSign);
        }
        self.add(stored.clone()).await
    }

    /// Takes an issuer that the operator brings: its certificate with those above it, and its private key in PKCS #8, both in
    /// PEM. From now on it signs certificates of users. The key may be one that the authority has: then its certificate is renewed.
    pub async fn import(
        &self,
        certificates: &str,
        key: &str,
        url: Option<&str>,
    ) -> Result<KeyId, IssuingError> {
        let imported = pki::import(certificates, key, self.now())?;
        let issuers = self.issuers(url).await?;
        let new = Issuer::new(&imported.certificate, Key::from_pkcs8(&imported.pkcs8)?, None)?;
        let mut with_key = issuers.all().filter(|ours| ours.issuer.has_key_of(&new));
        if with_key.any(|ours| !ours.issuer.has_name_of(&new)) {
            return Err(IssuingError::OtherName);
        }
        let key_id = KeyId::parse(&new.key_id()).map_err(|error| IssuingError::Stored(error.to_string()))?;
        // Certificates that the key has signed name this place. Its lists must repeat it.
        let known = issuers.stored(&key_id).and_then(|stored| stored.url.as_deref());
        let made = Made {
            kind: IssuerKind::Issuing,
            certificate: &imported.certificate,
            above: imported.above.iter().map(|der| STANDARD.encode(der)).collect(),
            pkcs8: &imported.pkcs8,
            url: known.or(url),
        };
        self.add(made.stored()?).await
    }

    async fn add(&self, new: NewIssuer) -> Result<KeyId, IssuingError> {
        let key_id = new.key_id.clone();
        self.execute(AuthorityCommand::AddIssuer(Box::new(new))).await?;
        Ok(key_id)
    }

    /// A new issuer, signed by the root. `above` are the certificates above the root.
    fn issuer_below(
        &self,
        root: &Issuer,
        above: Vec<String>,
        url: Option<&str>,
    ) -> Result<NewIssuer, IssuingError> {
        let (key, pkcs8) = self.new_key()?;
        let new = self.new_authority("Muniment Issuing CA", ISSUER_LIFE);
        let certificate = pki::issuing_certificate(root, key.public(), &new)?;
        let root = STANDARD.encode(root.der());
        Made {
            kind: IssuerKind::Issuing,
            certificate: &certificate,
            above: std::iter::once(root).chain(above).collect(),
            pkcs8: &pkcs8,
            url,
        }
        .stored()
    }

    fn new_authority<'a>(&self, common_name: &'a str, life: u64) -> NewAuthority<'a> {
        NewAuthority {
            common_name,
            serial: self.serial(),
            now: self.now(),
            life,
        }
    }

    async fn execute(&self, command: AuthorityCommand) -> Result<(), ExecuteError> {
        let commands = vec![Command::Authority(AuthorityId::ONE, command)];
        let executed = self.0.executor.execute(commands, &Metadata::system("ca")).await;
        executed.map(drop)
    }
}
