//! No longer trust an authority.

use super::{Authority, AuthorityError, AuthorityEvent};
use crate::values::Fingerprint;

pub(super) fn decide(
    authority: &Authority,
    fingerprint: Fingerprint,
) -> Result<Vec<AuthorityEvent>, AuthorityError> {
    if authority
        .issuers
        .iter()
        .any(|issuer| issuer.fingerprint == fingerprint)
    {
        return Err(AuthorityError::BuiltIn);
    }
    if !authority.certificates.contains_key(&fingerprint) {
        return Err(AuthorityError::NotFound);
    }
    Ok(vec![AuthorityEvent::CertificateRemoved { fingerprint }])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        authority::{
            AuthorityCommand, IssuerKind,
            fixtures::{established, issuer, trusted, trusts},
        },
        testing::given,
    };

    #[test]
    fn an_issuer_of_this_server_stays() {
        given::<Authority>(&established())
            .when(AuthorityCommand::RemoveCertificate {
                fingerprint: issuer(IssuerKind::Issuing, 2).fingerprint,
            })
            .then_expect_error(AuthorityError::BuiltIn);
    }

    #[test]
    fn a_certificate_is_removed_once() {
        let fingerprint = trusted(7).fingerprint;
        let remove = || AuthorityCommand::RemoveCertificate {
            fingerprint: fingerprint.clone(),
        };
        let removed = AuthorityEvent::CertificateRemoved {
            fingerprint: fingerprint.clone(),
        };
        given::<Authority>(&[established(), vec![trusts(7)]].concat())
            .when(remove())
            .then_expect_events(vec![removed.clone()]);
        for events in [
            vec![],
            established(),
            [established(), vec![trusts(7), removed]].concat(),
        ] {
            given::<Authority>(&events)
                .when(remove())
                .then_expect_error(AuthorityError::NotFound);
        }
    }
}
