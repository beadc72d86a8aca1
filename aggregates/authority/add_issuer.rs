//! Add an issuer. From now on it signs what is new; the issuers before it go on signing lists and answers about their certificates.

use super::{Authority, AuthorityError, AuthorityEvent, NewIssuer};

pub(super) fn decide(
    authority: &Authority,
    issuer: NewIssuer,
) -> Result<Vec<AuthorityEvent>, AuthorityError> {
    authority.must_be_established()?;
    if authority
        .issuers
        .iter()
        .any(|known| known.key_id == issuer.key_id)
    {
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
    fn a_key_is_added_once() {
        given::<Authority>(&established())
            .when(add(2))
            .then_expect_error(AuthorityError::IssuerExists);
    }
}
