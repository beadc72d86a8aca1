//! Change the given fields of an account.

use super::{Account, AccountError, AccountEvent, ChangeAccount};

pub(super) fn decide(account: &Account, command: ChangeAccount) -> Result<Vec<AccountEvent>, AccountError> {
    let user = account.must_exist()?;
    let mut events = Vec::new();
    if let Some(name) = command.name.filter(|name| **name != *account.name) {
        let name = name.to_string();
        events.push(AccountEvent::Renamed { user, name });
    }
    let address = command.email.map(|email| email.to_string());
    if address.is_some() && address != account.email {
        events.push(AccountEvent::EmailChanged { user, email: address });
    }
    match command.is_active {
        Some(true) if !account.is_active => events.push(AccountEvent::Activated {}),
        Some(false) if account.is_active => events.push(AccountEvent::Deactivated {}),
        Some(_) | None => {}
    }
    if let Some(expires_at) = command.expires_at.filter(|new| *new != account.expires_at) {
        if expires_at.is_some_and(|end| end <= command.now) {
            return Err(AccountError::ExpiresInThePast);
        }
        events.push(AccountEvent::ExpiryChanged { expires_at });
    }
    Ok(events)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        account::{
            AccountCommand,
            tests::{at, change, opened},
        },
        testing::{folded, given, user_id},
    };

    fn decided(events: &[AccountEvent], command: ChangeAccount) -> Result<Vec<AccountEvent>, AccountError> {
        given::<Account>(events)
            .when(AccountCommand::Change(command))
            .inspect_result()
    }

    #[test]
    fn what_is_given_and_differs_changes() {
        let command = ChangeAccount {
            name: "Ada Lovelace".parse().ok(),
            email: "Ada@Example.com".parse().ok(),
            is_active: Some(false),
            expires_at: Some(Some(at(9))),
            ..change()
        };
        let user = user_id(1);
        let events = vec![
            AccountEvent::Renamed {
                user,
                name: "Ada Lovelace".into(),
            },
            AccountEvent::EmailChanged {
                user,
                email: Some("Ada@Example.com".into()),
            },
            AccountEvent::Deactivated {},
            AccountEvent::ExpiryChanged {
                expires_at: Some(at(9)),
            },
        ];
        assert_eq!(decided(&[opened()], command.clone()), Ok(events.clone()));
        let after = [vec![opened()], events].concat();
        assert_eq!(decided(&after, command), Ok(vec![]));
        let account: Account = folded(after);
        assert!(!account.may_act(at(1)));
        let again = ChangeAccount {
            is_active: Some(true),
            ..change()
        };
        assert_eq!(decided(&[opened()], again), Ok(vec![]));
    }

    #[test]
    fn nothing_given_changes_nothing() {
        assert_eq!(decided(&[opened()], change()), Ok(vec![]));
    }

    #[test]
    fn an_account_is_in_use_until_it_expires() {
        let ends = AccountEvent::ExpiryChanged {
            expires_at: Some(at(9)),
        };
        let account: Account = folded([opened(), ends]);
        assert!(account.may_act(at(8)) && !account.may_act(at(9)));
        let past = ChangeAccount {
            expires_at: Some(Some(at(1))),
            ..change()
        };
        assert_eq!(decided(&[opened()], past), Err(AccountError::ExpiresInThePast));
    }

    #[test]
    fn no_account_does_not_change() {
        for events in [vec![], vec![opened(), AccountEvent::Closed {}]] {
            assert_eq!(decided(&events, change()), Err(AccountError::NotFound));
        }
    }
}
