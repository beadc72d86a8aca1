//! Revoking a certificate.

use aggregates::{
    Command,
    certified_key::CertifiedKeyCommand,
    user::{User, UserCommand},
    values::{Fingerprint, RevocationReason},
};
use projections::issued_certificates;

use super::{Issuing, IssuingError};

impl Issuing {
    /// The commands that revoke a certificate for a reason, and take it from its user; `None` if this server issued no such
    /// certificate.
    pub async fn revocation(
        &self,
        fingerprint: &Fingerprint,
        reason: RevocationReason,
    ) -> Result<Option<Vec<Command>>, IssuingError> {
        let db = self.0.executor.ledger().db();
        let Some(issued) = issued_certificates::find(db, fingerprint).await? else {
            return Ok(None);
        };
        let (user, _) = self.0.executor.read::<User>(issued.user_id).await?;
        let revoke = CertifiedKeyCommand::Revoke {
            fingerprint: fingerprint.clone(),
            reason,
        };
        let mut commands = vec![Command::CertifiedKey(issued.key_id, revoke)];
        if user.certificates.contains_key(fingerprint) {
            let fingerprint = fingerprint.clone();
            let remove = UserCommand::RemoveCertificate { fingerprint };
            commands.push(Command::User(issued.user_id, remove));
        }
        Ok(Some(commands))
    }
}
