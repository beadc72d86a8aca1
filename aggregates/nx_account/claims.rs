//! What an account holds, and what it needs.

use std::collections::BTreeSet;

use super::NxAccount;
use crate::{
    claim::{Claim, Claims, Scope, scopes},
    organisation::claims::ORGANISATION,
};

scopes! {
    /// The verified e-mail addresses of accounts, in lower case.
    NX_EMAIL = Scope::new("nx_email").personal().taken("email_taken", "another account has this e-mail address");
}

/// The claim of a verified address.
pub fn of_email(email: &str) -> Claim {
    Claim::new(NX_EMAIL, email.to_lowercase())
}

impl Claims for NxAccount {
    /// An address that nobody has proved counts for nothing: whoever types the address of somebody else takes nothing away.
    fn claims(&self, _: &str) -> BTreeSet<Claim> {
        let email = self
            .email
            .as_deref()
            .filter(|_| self.exists() && self.is_verified);
        email.map(of_email).into_iter().collect()
    }

    fn requires(&self) -> BTreeSet<Claim> {
        let organisation = self.organisation.filter(|_| self.exists());
        let organisation = organisation.map(|id| Claim::new(ORGANISATION, id.to_string()));
        organisation.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        nx_account::{
            NxAccountEvent,
            tests::{opened, organisation},
        },
        testing::folded,
    };

    #[test]
    fn only_a_verified_address_is_claimed() {
        let claims = |events: &[NxAccountEvent]| {
            let account: NxAccount = folded([vec![opened()], events.to_vec()].concat());
            account.claims("7")
        };
        let verified = NxAccountEvent::EmailVerified {};
        assert_eq!(claims(&[]), BTreeSet::new());
        let address = Claim::new(NX_EMAIL, "ada@example.org");
        assert_eq!(claims(std::slice::from_ref(&verified)), BTreeSet::from([address]));
        assert_eq!(claims(&[verified, NxAccountEvent::Closed {}]), BTreeSet::new());
    }

    #[test]
    fn an_open_account_needs_its_organisation() {
        let open: NxAccount = folded([opened()]);
        let claim = Claim::new(ORGANISATION, organisation().to_string());
        assert_eq!(open.requires(), BTreeSet::from([claim]));
        let closed: NxAccount = folded([opened(), NxAccountEvent::Closed {}]);
        assert_eq!(closed.requires(), BTreeSet::new());
    }
}
