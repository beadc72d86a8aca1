//! What an account holds, and what it needs.

use std::collections::BTreeSet;

use super::Account;
use crate::{
    claim::{Claim, Claims, Scope, scopes},
    organisation::claims::ORGANISATION,
    role::claims::GROUP,
    user::claims::USER,
    values::{AccountId, GroupId, NUMBER_TAKEN},
};

scopes! {
    /// The numbers of accounts and of the system users of API keys. A number is never given up.
    ACCOUNT_NUMBER = Scope::new("os2iot_number").taken(NUMBER_TAKEN, "the number is taken");

    /// The users who have an account, by user id.
    ACCOUNT = Scope::new("os2iot_account").taken("account_taken", "the user has an account already");

    /// The e-mail addresses of accounts.
    EMAIL = Scope::new("os2iot_email").personal().taken("email_taken", "another account has this e-mail address");

    /// The accounts that may do everything on the face, by account id. At least one must stay.
    GLOBAL_ADMIN = Scope::new("os2iot_global_admin").at_least(
        1,
        "last_global_admin",
        "this would leave no active account in the group of global administrators",
    );
}

impl Claims for Account {
    fn claims(&self, aggregate_id: &str) -> BTreeSet<Claim> {
        let number = aggregate_id.parse::<AccountId>().ok();
        let number = number.filter(|_| self.user.is_some());
        let mut claims: BTreeSet<Claim> = number
            .map(|id| Claim::new(ACCOUNT_NUMBER, id.ordinal().to_string()))
            .into_iter()
            .collect();
        if let Some(user) = self.user.filter(|_| self.exists()) {
            claims.insert(Claim::new(ACCOUNT, user.to_string()));
            let email = self
                .email
                .as_deref()
                .map(|email| Claim::new(EMAIL, email.to_lowercase()));
            claims.extend(email);
            // An account that expires does not count, since nobody would be left then.
            if self.is_active && self.expires_at.is_none() && self.groups.contains_key(&GroupId::GLOBAL_ADMIN)
            {
                claims.insert(Claim::new(GLOBAL_ADMIN, aggregate_id));
            }
        }
        claims
    }

    fn requires(&self) -> BTreeSet<Claim> {
        let user = self.user.filter(|_| self.exists());
        let user = user.map(|user| Claim::new(USER, user.to_string()));
        let groups = self
            .groups
            .keys()
            .map(|group| Claim::new(GROUP, group.to_string()));
        let requested = self
            .requested
            .iter()
            .map(|one| Claim::new(ORGANISATION, one.to_string()));
        user.into_iter().chain(groups).chain(requested).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        account::{
            AccountEvent,
            tests::{account_id, at, group, opened, organisation},
        },
        testing::{folded, user_id},
    };

    fn claims(events: &[AccountEvent]) -> BTreeSet<Claim> {
        let account: Account = folded([vec![opened()], events.to_vec()].concat());
        account.claims(&account_id(7).to_string())
    }

    fn number() -> Claim {
        Claim::new(ACCOUNT_NUMBER, "7")
    }

    #[test]
    fn an_account_claims_its_number_its_user_and_its_address() {
        let of_user = Claim::new(ACCOUNT, user_id(1).to_string());
        let email = Claim::new(EMAIL, "ada@example.org");
        assert_eq!(claims(&[]), BTreeSet::from([number(), of_user, email]));
        assert_eq!(AccountId::parse(&account_id(7).to_string()), Ok(account_id(7)));
    }

    #[test]
    fn a_closed_account_keeps_its_number_only() {
        assert_eq!(claims(&[AccountEvent::Closed {}]), BTreeSet::from([number()]));
        assert_eq!(Account::default().claims("7"), BTreeSet::new());
    }

    #[test]
    fn an_active_account_of_the_global_group_administers() {
        let joined = AccountEvent::GroupJoined {
            group: GroupId::GLOBAL_ADMIN,
            organisation: None,
        };
        let administers = |events: &[AccountEvent]| {
            claims(events).contains(&Claim::new(GLOBAL_ADMIN, account_id(7).to_string()))
        };
        assert!(administers(std::slice::from_ref(&joined)));
        assert!(!administers(&[]));
        for end in [
            AccountEvent::Deactivated {},
            AccountEvent::ExpiryChanged {
                expires_at: Some(at(9)),
            },
            AccountEvent::GroupLeft {
                group: GroupId::GLOBAL_ADMIN,
            },
            AccountEvent::Closed {},
        ] {
            assert!(!administers(&[joined.clone(), end]));
        }
    }

    #[test]
    fn an_account_requires_its_user_its_groups_and_what_it_requests() {
        let group = group(2);
        let account: Account = folded([
            opened(),
            AccountEvent::GroupJoined {
                group: group.group,
                organisation: group.organisation,
            },
            AccountEvent::OrganisationRequested {
                organisation: organisation(4),
            },
        ]);
        let required = BTreeSet::from([
            Claim::new(USER, user_id(1).to_string()),
            Claim::new(GROUP, group.group.to_string()),
            Claim::new(ORGANISATION, organisation(4).to_string()),
        ]);
        assert_eq!(account.requires(), required);
    }
}
