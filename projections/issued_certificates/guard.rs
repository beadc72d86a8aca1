//! Rules about certificates that this server issued: one that it revoked cannot be added to a user again, and a user whom a certificate
//! names is not renamed.

use aggregates::{
    Event,
    certified_key::{CertifiedKey, CertifiedKeyEvent},
    user::{OfCertificate, User},
    values::{Fingerprint, UserId},
};
use futures_util::future::BoxFuture;

use super::record::IssuedRecord;
use crate::{
    guard::{Guard, Proposal, Verdict, Veto},
    sql::{Error, Read},
    store::load,
};

/// The reason of the rejection.
pub const REVOKED: Veto = Veto {
    code: "certificate_revoked",
    message: "this server issued the certificate and revoked it",
};

/// The reason why a user is not renamed.
pub const NAMED: Veto = Veto {
    code: "certificates_name_user",
    message: "the user has certificates of this server with the present name: revoke them first",
};

/// Rejects a unit that would rename a user who has certificates of this server, unless the unit itself ends them. A broker takes the name
/// from the certificate, so the user would go on under the old name; and if somebody else got that name, under theirs.
pub(crate) struct NamesStay;

impl Guard for NamesStay {
    fn concerns(&self, proposal: Proposal<'_>) -> bool {
        renamed(&proposal).next().is_some()
    }

    fn judge<'a>(
        &'a self,
        db: &'a mut dyn Read,
        proposal: Proposal<'a>,
        accepted: &'a [Proposal<'a>],
    ) -> BoxFuture<'a, Result<Verdict, Error>> {
        Box::pin(async move {
            let users: Vec<UserId> = renamed(&proposal).collect();
            let found: Vec<IssuedRecord> = load(db, IssuedRecord::WITH_USER, &users).await?;
            let ends: Vec<&Fingerprint> = proposal
                .events
                .iter()
                .filter_map(|new| ended(&new.event))
                .collect();
            let has_one = found
                .iter()
                .any(|issued| issued.revoked_at.is_none() && !ends.contains(&&issued.fingerprint));
            let now = accepted.iter().flat_map(|unit| unit.events);
            let gets_one = now
                .filter_map(|new| issued_to(&new.event))
                .any(|user| users.contains(&user));
            Ok(if has_one || gets_one { Err(NAMED) } else { Ok(()) })
        })
    }
}

/// The users whom the unit renames: all who get a name, except new ones.
fn renamed<'a>(proposal: &Proposal<'a>) -> impl Iterator<Item = UserId> + use<'a> {
    proposal.events.iter().filter_map(|new| {
        new.event.of::<User>()?.username().filter(|_| new.sequence > 1)?;
        UserId::parse(&new.aggregate_id).ok()
    })
}

/// The user who gets a certificate that the event issues.
fn issued_to(event: &Event) -> Option<UserId> {
    match event.of::<CertifiedKey>()? {
        CertifiedKeyEvent::CertificateIssued { user_id, .. } => Some(*user_id),
        CertifiedKeyEvent::CertificateRevoked { .. } => None,
    }
}

/// Rejects a unit that would give a user a certificate that is revoked.
pub(crate) struct RevokedStaysSo;

impl Guard for RevokedStaysSo {
    fn concerns(&self, proposal: Proposal<'_>) -> bool {
        !added(&proposal).is_empty()
    }

    fn judge<'a>(
        &'a self,
        db: &'a mut dyn Read,
        proposal: Proposal<'a>,
        accepted: &'a [Proposal<'a>],
    ) -> BoxFuture<'a, Result<Verdict, Error>> {
        Box::pin(async move {
            let added = added(&proposal);
            let found: Vec<IssuedRecord> = load(db, IssuedRecord::WITH_FINGERPRINT, &added).await?;
            let is_revoked = found.iter().any(|issued| issued.revoked_at.is_some());
            let now = accepted.iter().flat_map(|unit| unit.events);
            let mut ended = now.filter_map(|new| ended(&new.event));
            let is_ended =
                ended.any(|fingerprint| found.iter().any(|issued| issued.fingerprint == *fingerprint));
            Ok(if is_revoked || is_ended {
                Err(REVOKED)
            } else {
                Ok(())
            })
        })
    }
}

/// The certificates that the unit gives to users, except those that it issues.
fn added(proposal: &Proposal<'_>) -> Vec<Fingerprint> {
    let events = || proposal.events.iter().map(|new| &new.event);
    let mut added: Vec<Fingerprint> = events().filter_map(gift).cloned().collect();
    if !added.is_empty() {
        added.retain(|fingerprint| events().all(|event| issued(event) != Some(fingerprint)));
    }
    added
}

fn gift(event: &Event) -> Option<&Fingerprint> {
    match event.of::<User>()?.of_certificate()? {
        OfCertificate::Added(fingerprint) => Some(fingerprint),
        OfCertificate::Removed(_) => None,
    }
}

fn issued(event: &Event) -> Option<&Fingerprint> {
    match event.of::<CertifiedKey>()? {
        CertifiedKeyEvent::CertificateIssued { fingerprint, .. } => Some(fingerprint),
        CertifiedKeyEvent::CertificateRevoked { .. } => None,
    }
}

/// The certificate that the event ends, if this server issued it.
fn ended(event: &Event) -> Option<&Fingerprint> {
    if let Some(user) = event.of::<User>() {
        return match user.of_certificate()? {
            OfCertificate::Removed(fingerprint) => Some(fingerprint),
            OfCertificate::Added(_) => None,
        };
    }
    match event.of::<CertifiedKey>()? {
        CertifiedKeyEvent::CertificateRevoked { fingerprint, .. } => Some(fingerprint),
        CertifiedKeyEvent::CertificateIssued { .. } => None,
    }
}
