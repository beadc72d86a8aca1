//! Issuers for the tests of decisions about them.

use super::{AuthorityCommand, AuthorityEvent, IssuerKind, NewIssuer, TrustedCertificate};
use crate::values::{Fingerprint, KeyId, PrivateKey, Timestamp};

pub(super) fn issuer(kind: IssuerKind, number: u8) -> NewIssuer {
    NewIssuer {
        key_id: KeyId::parse(&format!("{number:02x}")).unwrap(),
        kind,
        fingerprint: Fingerprint::parse(&format!("{number:040x}")).unwrap(),
        certificate: format!("certificate {number}"),
        above: vec![],
        private_key: PrivateKey::new("c2VjcmV0"),
        url: None,
        not_after: Timestamp::from_micros(1),
    }
}

/// Makes an authority of the root 1 and the issuer 2.
pub(super) fn establish() -> AuthorityCommand {
    AuthorityCommand::Establish {
        root: Box::new(issuer(IssuerKind::Root, 1)),
        issuing: Box::new(issuer(IssuerKind::Issuing, 2)),
    }
}

/// The events that [`establish`] leads to.
pub(super) fn established() -> Vec<AuthorityEvent> {
    vec![
        issuer(IssuerKind::Root, 1).into(),
        issuer(IssuerKind::Issuing, 2).into(),
    ]
}

pub(super) fn trusted(number: u16) -> TrustedCertificate {
    TrustedCertificate {
        fingerprint: Fingerprint::parse(&format!("{number:064x}")).unwrap(),
        certificate: format!("trusted {number}"),
    }
}

/// The event that adding [`trusted`] leads to.
pub(super) fn trusts(number: u16) -> AuthorityEvent {
    let TrustedCertificate {
        fingerprint,
        certificate,
    } = trusted(number);
    AuthorityEvent::CertificateAdded {
        fingerprint,
        certificate,
    }
}
