//! The certificate authority: its events change no row.

use aggregates::{
    Event,
    authority::{AuthorityEvent, IssuerKind},
    values::{AuthorityId, KeyId, PrivateKey},
};
use proptest::{prelude::*, sample::Index, test_runner::TestCaseError};
use uuid::Uuid;

use super::{Model, Part};
use crate::world::{NOW, World, certificate};

pub(super) const PART: Part = Part {
    next: |model, n, index, what| Some(vec![next(model, n, index, what)?]),
    take: |_, _| {},
    agree: |world, _| Box::pin(agree(world)),
};

fn next(_: &Model, n: u32, _: &Index, what: u8) -> Option<(Uuid, Event)> {
    let fingerprint = certificate(n).fingerprint;
    let event = match what % 3 {
        0 => AuthorityEvent::IssuerAdded {
            key_id: KeyId::parse(&format!("{n:08x}")).ok()?,
            kind: IssuerKind::Root,
            fingerprint,
            certificate: "certificate".into(),
            above: vec![],
            private_key: PrivateKey::new("key"),
            url: None,
            not_after: NOW,
        },
        1 => AuthorityEvent::CertificateAdded {
            fingerprint,
            certificate: "certificate".into(),
        },
        _ => AuthorityEvent::CertificateRemoved { fingerprint },
    };
    Some((AuthorityId::ONE.0, Event::Authority(event)))
}

/// Private keys are sealed in the events, and no table has them.
async fn agree(world: &World) -> Result<(), TestCaseError> {
    let issuer = KeyId::parse("ff").expect("an id");
    let newest = projections::issued_certificates::newest_revocation(&world.db, &issuer).await;
    prop_assert_eq!(newest.expect("a position").position, 0);
    Ok(())
}
