//! Trust authorities. What is trusted already stays so.

use std::collections::BTreeSet;

use super::{Authority, AuthorityError, AuthorityEvent, MOST_CERTIFICATES, TrustedCertificate};

pub(super) fn decide(
    authority: &Authority,
    certificates: Vec<TrustedCertificate>,
) -> Result<Vec<AuthorityEvent>, AuthorityError> {
    authority.must_be_established()?;
    let mut seen = BTreeSet::new();
    let mut events = Vec::new();
    for TrustedCertificate {
        fingerprint,
        certificate,
    } in certificates
    {
        let is_built_in = authority
            .issuers
            .iter()
            .any(|issuer| issuer.fingerprint == fingerprint);
        let is_known = is_built_in || authority.certificates.contains_key(&fingerprint);
        if !is_known && seen.insert(fingerprint.clone()) {
            events.push(AuthorityEvent::CertificateAdded {
                fingerprint,
                certificate,
            });
        }
    }
    if authority.certificates.len() + events.len() > MOST_CERTIFICATES {
        return Err(AuthorityError::TooMany);
    }
    Ok(events)
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
    fn each_certificate_is_added_once() {
        given::<Authority>(&established())
            .when(AuthorityCommand::AddCertificates(vec![
                trusted(7),
                trusted(8),
                trusted(7),
            ]))
            .then_expect_events(vec![trusts(7), trusts(8)]);
        given::<Authority>(&[established(), vec![trusts(7)]].concat())
            .when(AuthorityCommand::AddCertificates(vec![trusted(7)]))
            .then_expect_events(vec![]);
    }

    #[test]
    fn an_issuer_of_this_server_is_not_added() {
        let own = TrustedCertificate {
            fingerprint: issuer(IssuerKind::Root, 1).fingerprint,
            ..trusted(7)
        };
        given::<Authority>(&established())
            .when(AuthorityCommand::AddCertificates(vec![own]))
            .then_expect_events(vec![]);
    }

    #[test]
    fn there_may_be_a_thousand() {
        let all = (0..1_000).map(trusted).collect::<Vec<_>>();
        let events: Vec<_> = (0..1_000).map(trusts).collect();
        given::<Authority>(&established())
            .when(AuthorityCommand::AddCertificates(all))
            .then_expect_events(events.clone());
        given::<Authority>(&[established(), events].concat())
            .when(AuthorityCommand::AddCertificates(vec![trusted(1_000)]))
            .then_expect_error(AuthorityError::TooMany);
    }
}
