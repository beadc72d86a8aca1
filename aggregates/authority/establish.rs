//! Make the authority, with its first root and its first issuer. If several nodes start at once, one of them does it.

use super::{Authority, AuthorityError, AuthorityEvent, NewIssuer};

pub(super) fn decide(
    authority: &Authority,
    root: NewIssuer,
    issuing: NewIssuer,
) -> Result<Vec<AuthorityEvent>, AuthorityError> {
    if !authority.issuers.is_empty() {
        return Err(AuthorityError::AlreadyExists);
    }
    Ok(vec![root.into(), issuing.into()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        authority::{
            AuthorityCommand, IssuerKind,
            fixtures::{establish, established, issuer},
        },
        testing::{folded, given},
    };

    #[test]
    fn the_authority_is_made_once() {
        given::<Authority>(&[])
            .when(establish())
            .then_expect_events(established());
        given::<Authority>(&established())
            .when(establish())
            .then_expect_error(AuthorityError::AlreadyExists);
        let authority: Authority = folded(established());
        assert_eq!(authority.root(), Some(&issuer(IssuerKind::Root, 1)));
        assert_eq!(authority.current(), Some(&issuer(IssuerKind::Issuing, 2)));
    }

    #[test]
    fn nothing_is_added_to_an_authority_that_does_not_exist() {
        for command in [
            AuthorityCommand::AddIssuer(Box::new(issuer(IssuerKind::Issuing, 3))),
            AuthorityCommand::AddCertificates(vec![]),
        ] {
            given::<Authority>(&[])
                .when(command)
                .then_expect_error(AuthorityError::NotEstablished);
        }
    }
}
