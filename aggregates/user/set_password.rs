//! Somebody else sets a user's password.

use super::{User, UserError, UserEvent};
use crate::values::PasswordHash;

pub(super) fn decide(user: &User, password_hash: PasswordHash) -> Result<Vec<UserEvent>, UserError> {
    user.must_keep_password()?;
    Ok(vec![UserEvent::PasswordSet { password_hash }])
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

    fn to_second() -> UserCommand {
        UserCommand::SetPassword {
            password_hash: hash("second"),
        }
    }

    #[test]
    fn a_password_is_set() {
        given::<User>(&[ada_created()])
            .when(to_second())
            .then_expect_events(vec![
                UserEvent::PasswordSet {
                    password_hash: hash("second"),
                },
                UserEvent::SessionsEnded { kept: None },
            ]);
    }

    #[test]
    fn a_password_kept_elsewhere_is_not_set_here() {
        given::<User>(&[ldap_user_created()])
            .when(to_second())
            .then_expect_error(UserError::PasswordNotLocal);
    }

    #[test]
    fn nobody_gets_no_password() {
        for events in [vec![], ada_deleted()] {
            given::<User>(&events)
                .when(to_second())
                .then_expect_error(UserError::NotFound);
        }
    }
}
