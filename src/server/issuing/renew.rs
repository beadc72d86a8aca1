//! Renewing the certificate of a user, and what cannot be renewed any more.

use aggregates::{
    Command,
    user::UserCommand,
    values::{Fingerprint, RevocationReason, UserId, Username},
};
use pki::Csr;
use projections::issued_certificates;

use super::{Issuing, IssuingError, Ready, issue::moment};

impl Issuing {
    /// Signs a certificate that follows one of the user's, as the request asks. The commands are refused if the user does not hold that one
    /// any more. If `revokes`, they also revoke it.
    pub async fn renew(
        &self,
        csr: &Csr,
        held: &Fingerprint,
        (user_id, username): (UserId, &Username),
        (days, url): (u64, Option<&str>),
        revokes: bool,
    ) -> Result<Ready, IssuingError> {
        let db = self.0.executor.ledger().db();
        // The database is at the head, also if the memory of this process is not.
        match issued_certificates::find(db, held).await? {
            Some(row) if row.revoked_at.is_some() => return Err(IssuingError::Revoked),
            Some(row) if row.user_id == user_id => {}
            Some(_) | None => return Err(IssuingError::NotIssued),
        }
        let user = (user_id, username);
        let mut ready = self.issue_held(csr, user, (days, url), Some(held)).await?;
        if revokes {
            let revocation = self.revocation(held, RevocationReason::Superseded).await?;
            ready.commands.extend(revocation.unwrap_or_default());
        }
        Ok(ready)
    }

    /// The commands that take from a user the certificates of this server that expired so many days ago: they cannot be renewed any more. So
    /// their name keeps nobody from renaming the user.
    pub async fn ends_of_expired(&self, user: UserId, grace_days: u64) -> Result<Vec<Command>, IssuingError> {
        let renewable = moment(self.now().saturating_sub(grace_days.saturating_mul(24 * 3600)));
        let rows = issued_certificates::of_user(self.0.executor.ledger().db(), user).await?;
        let expired = rows
            .into_iter()
            .filter(|row| row.revoked_at.is_none() && row.not_after < renewable);
        let end = |fingerprint| Command::User(user, UserCommand::RemoveCertificate { fingerprint });
        Ok(expired.map(|row| end(row.fingerprint)).collect())
    }
}
