//! Sign a licence.

use super::{Licence, LicenceError, LicenceEvent};
use crate::values::{Timestamp, UserId};

pub(super) fn decide(
    licence: &Licence,
    by: UserId,
    now: Timestamp,
) -> Result<Vec<LicenceEvent>, LicenceError> {
    licence.must_exist()?;
    match licence.signed_by {
        Some(user) if user == by => Ok(Vec::new()),
        Some(_) => Err(LicenceError::SignedByAnother),
        None => {
            licence.must_last(now)?;
            Ok(vec![LicenceEvent::Signed { user: by }])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        licence::{
            LicenceCommand,
            tests::{at, issued},
        },
        testing::{given, user_id},
    };

    fn sign(user: u128, second: i64) -> LicenceCommand {
        LicenceCommand::Sign {
            by: user_id(user),
            now: at(second),
        }
    }

    fn signed(user: u128) -> LicenceEvent {
        LicenceEvent::Signed { user: user_id(user) }
    }

    #[test]
    fn one_user_signs_a_licence_once() {
        given::<Licence>(&[issued()])
            .when(sign(1, 2))
            .then_expect_events(vec![signed(1)]);
        given::<Licence>(&[issued(), signed(1)])
            .when(sign(1, 99))
            .then_expect_events(vec![]);
        given::<Licence>(&[issued(), signed(1)])
            .when(sign(2, 2))
            .then_expect_error(LicenceError::SignedByAnother);
    }

    #[test]
    fn a_suspended_licence_is_signed_but_an_expired_one_is_not() {
        given::<Licence>(&[issued(), LicenceEvent::Suspended {}])
            .when(sign(1, 8))
            .then_expect_events(vec![signed(1)]);
        for second in [9, 10] {
            given::<Licence>(&[issued()])
                .when(sign(1, second))
                .then_expect_error(LicenceError::Expired);
        }
    }

    #[test]
    fn no_licence_is_not_signed() {
        given::<Licence>(&[])
            .when(sign(1, 2))
            .then_expect_error(LicenceError::NotFound);
    }
}
