//! Open an account.

use super::{NxAccount, NxAccountError, NxAccountEvent, OpenNxAccount, Stage};

pub(super) fn decide(
    account: &NxAccount,
    command: OpenNxAccount,
) -> Result<Vec<NxAccountEvent>, NxAccountError> {
    if account.stage != Stage::Absent {
        return Err(NxAccountError::AlreadyExists);
    }
    Ok(vec![NxAccountEvent::Opened {
        name: command.name.to_string(),
        email: command.email.map(|email| email.to_string()),
        is_verified: command.is_verified,
        phone: command.phone.map(|phone| phone.to_string()),
        job_title: command.job_title.map(|title| title.to_string()),
        newsletter: command.newsletter,
        organisation: command.organisation,
        is_owner: command.is_owner,
    }])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        nx_account::{
            NxAccountCommand,
            tests::{open, opened},
        },
        testing::given,
    };

    #[test]
    fn an_account_is_opened_once() {
        given::<NxAccount>(&[])
            .when(NxAccountCommand::Open(open()))
            .then_expect_events(vec![opened()]);
        for events in [vec![opened()], vec![opened(), NxAccountEvent::Closed {}]] {
            given::<NxAccount>(&events)
                .when(NxAccountCommand::Open(open()))
                .then_expect_error(NxAccountError::AlreadyExists);
        }
    }
}
