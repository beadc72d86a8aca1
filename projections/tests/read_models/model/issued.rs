//! Certificates of this server in the model.

use aggregates::{
    Event, Recorded,
    certified_key::{CertifiedKey, CertifiedKeyEvent},
    user::{OfCertificate, User},
    values::{CertifiedKeyId, KeyId, RevocationReason, Timestamp, UserId},
};
use projections::{Page, issued_certificates};
use proptest::{prelude::*, sample::Index, test_runner::TestCaseError};
use uuid::Uuid;

use super::{Model, Part};
use crate::world::{NOW, World, certificate, issued_as, user_id};

pub(super) const PART: Part = Part {
    next: |model, n, index, what| Some(vec![next(model, n, index, what)?]),
    take,
    agree: |world, model| Box::pin(agree(world, model)),
};

fn next(model: &Model, n: u32, index: &Index, what: u8) -> Option<(Uuid, Event)> {
    if what.is_multiple_of(3) {
        let issued = model.issued.get(index.index(model.issued.len().max(1)))?;
        let reason = RevocationReason::ALL[usize::from(what) % 6];
        let fingerprint = issued.fingerprint.clone();
        let event = CertifiedKeyEvent::CertificateRevoked { fingerprint, reason };
        return Some((issued.key_id.0, Event::CertifiedKey(event)));
    }
    let user = model.users.get(index.index(model.users.len().max(1)))?;
    // Most of the time the user holds the certificate, so later events remove it.
    let is_new = |fingerprint| {
        model
            .issued
            .iter()
            .all(|issued| issued.fingerprint != fingerprint)
    };
    let mut held = user.certificates.iter().map(|held| held.fingerprint.clone());
    let found = held.rfind(|fingerprint| is_new(fingerprint.clone()));
    let fingerprint = found.unwrap_or_else(|| certificate(n).fingerprint);
    Some(issued_as(fingerprint, n, n, user.row.id))
}

fn take(model: &mut Model, recorded: &Recorded) {
    let at = recorded.recorded_at;
    if let Some(event) = recorded.event.of::<CertifiedKey>() {
        match event {
            CertifiedKeyEvent::CertificateIssued {
                user_id,
                fingerprint,
                serial,
                issuer,
                not_before,
                not_after,
                certificate,
            } => model.issued.push(issued_certificates::IssuedRow {
                fingerprint: fingerprint.clone(),
                key_id: CertifiedKeyId::parse(&recorded.aggregate_id).expect("an id"),
                user_id: *user_id,
                serial: serial.clone(),
                issuer: issuer.clone(),
                not_before: *not_before,
                not_after: *not_after,
                certificate: certificate.clone(),
                revoked_at: None,
                reason: None,
            }),
            CertifiedKeyEvent::CertificateRevoked { fingerprint, reason } => {
                for issued in model
                    .issued
                    .iter_mut()
                    .filter(|issued| issued.fingerprint == *fingerprint)
                {
                    if issued.revoked_at.is_none() {
                        (issued.revoked_at, issued.reason) = (Some(at), Some(*reason));
                    }
                }
            }
        }
    }
    let Some(event) = recorded.event.of::<User>() else {
        return;
    };
    let user = UserId::parse(&recorded.aggregate_id).expect("an id");
    let exists = model.users.iter().any(|held| held.row.id == user);
    let mut of_user: Vec<_> = model
        .issued
        .iter_mut()
        .filter(|issued| issued.user_id == user)
        .collect();
    of_user.retain(|issued| issued.revoked_at.is_none());
    for issued in of_user {
        let is_removed = event.of_certificate() == Some(OfCertificate::Removed(&issued.fingerprint));
        if !exists {
            (issued.revoked_at, issued.reason) = (Some(at), Some(RevocationReason::CessationOfOperation));
        } else if is_removed {
            (issued.revoked_at, issued.reason) = (Some(at), None);
        }
    }
}

async fn agree(world: &World, model: &Model) -> Result<(), TestCaseError> {
    let db = &world.db;
    for (number, rows) in [(1, 100), (1, 2), (2, 2), (9, 2)] {
        let page = Page { number, rows };
        let found = issued_certificates::page(db, &page).await.expect("certificates");
        prop_assert_eq!(found, page.of(model.issued.clone()));
        let mut expiring = model.issued.clone();
        let end = NOW.plus_hours(2);
        expiring.retain(|issued| {
            issued.revoked_at.is_none() && issued.not_after > NOW && issued.not_after <= end
        });
        expiring.sort_by_key(|issued| issued.not_after);
        let found = issued_certificates::expiring(db, &page, (NOW, end)).await;
        prop_assert_eq!(found.expect("certificates"), page.of(expiring));
    }
    for user in &model.users {
        let mut expected = model.issued.clone();
        expected.retain(|issued| issued.user_id == user.row.id);
        let found = issued_certificates::of_user(db, user.row.id).await;
        prop_assert_eq!(found.expect("certificates"), expected);
    }
    for issued in &model.issued {
        let found = issued_certificates::find(db, &issued.fingerprint).await;
        prop_assert_eq!(found.expect("certificates"), Some(issued.clone()));
        let serials = [issued.serial.clone()];
        let found = issued_certificates::of_issuer(db, &issued.issuer, &serials).await;
        prop_assert_eq!(found.expect("certificates"), vec![issued.clone()]);
        let other = KeyId::parse("ff").expect("an id");
        let found = issued_certificates::of_issuer(db, &other, &serials).await;
        prop_assert_eq!(found.expect("certificates"), vec![]);
    }
    for issuer in ["00", "01", "02"].map(|id| KeyId::parse(id).expect("an id")) {
        let of_issuer = || model.issued.iter().filter(|issued| issued.issuer == issuer);
        let newest = issued_certificates::newest_revocation(db, &issuer).await;
        let newest = newest.expect("a position");
        let last = of_issuer().filter_map(|issued| issued.revoked_at).max();
        prop_assert_eq!(last.unwrap_or(Timestamp::from_micros(0)), newest.revoked_at);
        let all = (0, newest.position);
        let ends = of_issuer().map(|issued| issued.not_after);
        let first = Timestamp::from_micros(i64::MIN);
        for from in ends.chain([first]) {
            let found = issued_certificates::revoked_between(db, &issuer, all, from).await;
            let found = found.expect("certificates").into_iter();
            let mut listed: Vec<_> = found
                .map(|entry| (entry.serial, entry.revoked_at, entry.reason))
                .collect();
            listed.sort_by_key(|(serial, ..)| serial.clone());
            let mut expected: Vec<_> = of_issuer()
                .filter(|issued| issued.not_after >= from)
                .filter_map(|issued| Some((issued.serial.clone(), issued.revoked_at?, issued.reason)))
                .collect();
            expected.sort_by_key(|(serial, ..)| serial.clone());
            prop_assert_eq!(listed, expected);
        }
        let after = (newest.position, i64::MAX);
        let rest = issued_certificates::revoked_between(db, &issuer, after, first).await;
        prop_assert_eq!(rest.expect("certificates"), vec![]);
    }
    let nobody = issued_certificates::of_user(db, user_id(0))
        .await
        .expect("certificates");
    prop_assert_eq!(nobody, vec![]);
    let unknown = issued_certificates::find(db, &certificate(u32::MAX).fingerprint).await;
    prop_assert_eq!(unknown.expect("certificates"), None);
    Ok(())
}
