//! The password has become too old: the user must change it before anything else.

use super::{User, UserError, UserEvent};
use crate::values::PasswordHash;

/// The caller verified the password against a hash that may have been replaced since. A new password is not too old.
pub(super) fn decide(user: &User, verified: &PasswordHash) -> Result<Vec<UserEvent>, UserError> {
    user.must_keep_password()?;
    match user.password_hash.as_ref() == Some(verified) && !user.must_change_password {
        true => Ok(vec![UserEvent::PasswordChangeDemanded { demanded: true }]),
        false => Ok(Vec::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        testing::{given, hash},
        user::{
            UserCommand,
            fixtures::{ada_created, ada_deleted, ldap_user_created},
        },
    };

    fn demand() -> UserCommand {
        UserCommand::DemandPasswordChange {
            verified: hash("first"),
        }
    }

    #[test]
    fn a_password_that_is_too_old_must_be_changed() {
        given::<User>(&[ada_created()])
            .when(demand())
            .then_expect_events(vec![UserEvent::PasswordChangeDemanded { demanded: true }]);
    }

    #[test]
    fn a_demand_is_made_once() {
        given::<User>(&[
            ada_created(),
            UserEvent::PasswordChangeDemanded { demanded: true },
        ])
        .when(demand())
        .then_expect_events(vec![]);
    }

    #[test]
    fn a_password_replaced_meanwhile_is_not_too_old() {
        given::<User>(&[
            ada_created(),
            UserEvent::PasswordSet {
                password_hash: hash("second"),
            },
        ])
        .when(demand())
        .then_expect_events(vec![]);
    }

    #[test]
    fn a_password_kept_elsewhere_is_not_changed_here() {
        given::<User>(&[ldap_user_created()])
            .when(demand())
            .then_expect_error(UserError::PasswordNotLocal);
    }

    #[test]
    fn nobody_has_no_password() {
        for events in [vec![], ada_deleted()] {
            given::<User>(&events)
                .when(demand())
                .then_expect_error(UserError::NotFound);
        }
    }
}
