//! Issuing the certificate of a user.

use aggregates::{
    Command,
    certified_key::{CertifiedKey, CertifiedKeyCommand, IssueCertificate},
    user::{MOST_CERTIFICATES, User, UserCommand},
    values::{Certificate, CertifiedKeyId, Fingerprint, Invalid, SerialNumber, Timestamp, UserId, Username},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use pki::{Csr, Issued, Leaf};

use super::{Issuing, IssuingError};

/// A certificate that is signed, but not yet issued: nobody has it until its commands are executed.
#[derive(Debug)]
pub struct Ready {
    /// The certificate.
    pub issued: Issued,
    /// The certificates above it in PEM.
    pub chain: String,
    /// The commands that record the certificate and let the user hold it. Execute them as one unit, after the command that creates the
    /// user, if there is one.
    pub commands: Vec<Command>,
}

impl Ready {
    /// The SHA-256 of the certificate in hexadecimal digits.
    pub fn fingerprint(&self) -> String {
        self.issued
            .sha256
            .iter()
            .map(|octet| format!("{octet:02x}"))
            .collect()
    }

    /// The certificate in PEM.
    pub fn pem(&self) -> String {
        pki::pem("CERTIFICATE", &self.issued.der)
    }
}

impl Issuing {
    /// Signs a certificate for a user, as the request asks. It is valid for `days`, or as long as its issuer.
    pub async fn issue(
        &self,
        csr: &Csr,
        user: (UserId, &Username),
        days: u64,
        url: Option<&str>,
    ) -> Result<Ready, IssuingError> {
        self.issue_held(csr, user, (days, url), None).await
    }

    /// The same, if the certificate follows another one, which the user keeps.
    pub(super) async fn issue_held(
        &self,
        csr: &Csr,
        (user_id, username): (UserId, &Username),
        (days, url): (u64, Option<&str>),
        follows: Option<&Fingerprint>,
    ) -> Result<Ready, IssuingError> {
        csr.must_name(username)?;
        let issuers = self.issuers(url).await?;
        let current = issuers.current()?;
        let id = user_id.to_string();
        let issued = current.issuer.issue(&Leaf {
            public_key: csr.public_key(),
            username,
            user_id: &id,
            serial: self.serial(),
            now: self.now(),
            life: days.saturating_mul(24 * 3600),
        })?;
        let key = CertifiedKeyId::of_sha256(&issued.key_sha256);
        let invalid = |error: Invalid| IssuingError::Stored(error.to_string());
        let fingerprint = Fingerprint::from_octets(&issued.sha256).map_err(invalid)?;
        let record = IssueCertificate {
            user_id,
            gone: self.former_user(key).await?,
            fingerprint: fingerprint.clone(),
            serial: SerialNumber::parse(&issued.serial.to_string()).map_err(invalid)?,
            issuer: current.key_id.clone(),
            not_before: moment(issued.not_before),
            not_after: moment(issued.not_after),
            certificate: STANDARD.encode(&issued.der),
        };
        let held = Certificate {
            fingerprint,
            created_at: moment(issued.not_before),
            expires_at: Some(moment(issued.not_after)),
        };
        let mut commands = self.room_for_one_more(user_id, follows).await?;
        commands.push(Command::CertifiedKey(
            key,
            CertifiedKeyCommand::Issue(Box::new(record)),
        ));
        let hold = UserCommand::HoldCertificate {
            certificate: held,
            username: username.clone(),
            follows: follows.cloned(),
        };
        commands.push(Command::User(user_id, hold));
        Ok(Ready {
            issued,
            chain: current.chain_pem(),
            commands,
        })
    }

    /// The commands that take the expired certificates from a user who may hold no more. A device that renews its certificate for years
    /// is then not refused.
    async fn room_for_one_more(
        &self,
        user: UserId,
        follows: Option<&Fingerprint>,
    ) -> Result<Vec<Command>, IssuingError> {
        if !self.0.executor.ledger().authorization().has_user(user) {
            return Ok(Vec::new());
        }
        let (state, _) = self.0.executor.read::<User>(user).await?;
        if state.certificates.len() < MOST_CERTIFICATES {
            return Ok(Vec::new());
        }
        let now = moment(self.now());
        let expired = state.certificates.into_values().filter(|certificate| {
            let is_over = certificate.expires_at.is_some_and(|end| end <= now);
            is_over && Some(&certificate.fingerprint) != follows
        });
        Ok(expired
            .map(|Certificate { fingerprint, .. }| {
                Command::User(user, UserCommand::RemoveCertificate { fingerprint })
            })
            .collect())
    }

    /// The user who had certificates for the key, if that user no longer exists. Ids are never used again, so the user stays gone.
    async fn former_user(&self, key: CertifiedKeyId) -> Result<Option<UserId>, IssuingError> {
        let (key, _) = self.0.executor.read::<CertifiedKey>(key).await?;
        let Some(user) = key.user_id else {
            return Ok(None);
        };
        let (user_state, _) = self.0.executor.read::<User>(user).await?;
        Ok((!user_state.exists()).then_some(user))
    }
}

pub(super) fn moment(seconds: u64) -> Timestamp {
    let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
    Timestamp::from_micros(seconds.saturating_mul(1_000_000))
}
