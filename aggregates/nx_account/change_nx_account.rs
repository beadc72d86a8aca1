//! Change an account.

use super::{ChangeNxAccount, NxAccount, NxAccountError, NxAccountEvent};

pub(super) fn decide(
    account: &NxAccount,
    command: ChangeNxAccount,
) -> Result<Vec<NxAccountEvent>, NxAccountError> {
    account.must_exist()?;
    let name = command.name.map(|name| name.to_string());
    let name = name.filter(|name| *name != account.name);
    let phone = command.phone.map(|phone| phone.map(|phone| phone.to_string()));
    let phone = phone.filter(|phone| *phone != account.phone);
    let newsletter = command.newsletter.filter(|wanted| *wanted != account.newsletter);
    let events = [
        name.map(|name| NxAccountEvent::Renamed { name }),
        phone.map(|phone| NxAccountEvent::PhoneChanged { phone }),
        newsletter.map(|newsletter| NxAccountEvent::NewsletterChanged { newsletter }),
    ];
    Ok(events.into_iter().flatten().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        nx_account::{NxAccountCommand, tests::opened},
        testing::given,
    };

    fn change(change: ChangeNxAccount) -> NxAccountCommand {
        NxAccountCommand::Change(change)
    }

    #[test]
    fn what_is_given_and_different_changes() {
        let all = ChangeNxAccount {
            name: Some("Grace".parse().unwrap()),
            phone: Some(None),
            newsletter: Some(true),
        };
        given::<NxAccount>(&[opened()])
            .when(change(all))
            .then_expect_events(vec![
                NxAccountEvent::Renamed { name: "Grace".into() },
                NxAccountEvent::PhoneChanged { phone: None },
                NxAccountEvent::NewsletterChanged { newsletter: true },
            ]);
        let same = ChangeNxAccount {
            name: Some("Ada".parse().unwrap()),
            phone: Some(Some("+45 1".parse().unwrap())),
            newsletter: Some(false),
        };
        for none in [same, ChangeNxAccount::default()] {
            given::<NxAccount>(&[opened()])
                .when(change(none))
                .then_expect_events(vec![]);
        }
    }

    #[test]
    fn no_account_does_not_change() {
        for events in [vec![], vec![opened(), NxAccountEvent::Closed {}]] {
            given::<NxAccount>(&events)
                .when(change(ChangeNxAccount::default()))
                .then_expect_error(NxAccountError::NotFound);
        }
    }
}
