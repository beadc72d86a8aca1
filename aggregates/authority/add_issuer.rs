//! Add an issuer. From now on it signs what is new; the issuers before it go on signing lists and answers about their certificates.
//!
//! An issuer that the authority has already may be added again, with the same certificate or a new one for its key. So an issuer is
//! renewed without a new key, and one that was left signs again.

use super::{Authority, AuthorityError, AuthorityEvent, NewIssuer};

pub(super) fn decide(
    authority: &Authority,
    issuer: NewIssuer,
) -> Result<Vec<AuthorityEvent>, AuthorityError> {
    authority.must_be_established()?;
    let has_key = |known: &&NewIssuer| known.key_id == issuer.key_id;
    if authority
        .issuers
        .iter()
        .filter(has_key)
        .any(|known| known.kind != issuer.kind)
    {
        return Err(AuthorityError::OtherKind);
    }
    let newest = authority.newest(issuer.kind);
    if newest.is_some_and(|newest| newest.fingerprint == issuer.fingerprint) {
        return Err(AuthorityError::IssuerExists);
    }
    Ok(vec![issuer.into()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        authority::{
            AuthorityCommand, IssuerKind,
            fixtures::{established, issuer},
        },
        testing::{folded, given},
    };

    fn add(number: u8) -> AuthorityCommand {
        AuthorityCommand::AddIssuer(Box::new(issuer(IssuerKind::Issuing, number)))
    }

    #[test]
    fn the_newest_issuer_signs() {
        let added: AuthorityEvent = issuer(IssuerKind::Issuing, 3).into();
        given::<Authority>(&established())
            .when(add(3))
            .then_expect_events(vec![added.clone()]);
        let authority: Authority = folded([established(), vec![added]].concat());
        assert_eq!(authority.current(), Some(&issuer(IssuerKind::Issuing, 3)));
        assert_eq!(authority.root(), Some(&issuer(IssuerKind::Root, 1)));
        assert_eq!(authority.issuers.len(), 3);
    }

    #[test]
    fn the_newest_issuer_is_not_added_again() {
        given::<Authority>(&established())
            .when(add(2))
            .then_expect_error(AuthorityError::IssuerExists);
    }

    #[test]
    fn an_issuer_that_was_left_signs_again() {
        let third: AuthorityEvent = issuer(IssuerKind::Issuing, 3).into();
        let again: AuthorityEvent = issuer(IssuerKind::Issuing, 2).into();
        let history = [established(), vec![third]].concat();
        given::<Authority>(&history)
            .when(add(2))
            .then_expect_events(vec![again.clone()]);
        let authority: Authority = folded([history, vec![again]].concat());
        assert_eq!(authority.current(), Some(&issuer(IssuerKind::Issuing, 2)));
    }

    #[test]
    fn a_key_gets_another_certificate() {
        let renewed = NewIssuer {
            fingerprint: issuer(IssuerKind::Issuing, 9).fingerprint,
            ..issuer(IssuerKind::Issuing, 2)
        };
        let command = AuthorityCommand::AddIssuer(Box::new(renewed.clone()));
        given::<Authority>(&established())
            .when(command)
            .then_expect_events(vec![renewed.into()]);
    }

    #[test]
    fn a_root_does_not_become_an_issuer_of_certificates() {
        given::<Authority>(&established())
            .when(add(1))
            .then_expect_error(AuthorityError::OtherKind);
    }
}
