//! A user replaces their own password.

use super::{User, UserError, UserEvent};
use crate::values::PasswordHash;

/// The caller verified the old password against a hash that may have been replaced since. If an administrator resets a
/// stolen password, the thief must not be able to change it afterwards.
pub(super) fn decide(
    user: &User,
    verified: &PasswordHash,
    password_hash: PasswordHash,
) -> Result<Vec<UserEvent>, UserError> {
    user.must_keep_password()?;
    if user.password_hash.as_ref() != Some(verified) {
        return Err(UserError::PasswordNotCurrent);
    }
    Ok(vec![UserEvent::PasswordChanged { password_hash }])
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
        UserCommand::ChangePassword {
            verified: hash("first"),
            password_hash: hash("second"),
            session: None,
        }
    }

    #[test]
    fn the_verified_password_is_replaced() {
        given::<User>(&[ada_created()])
            .when(to_second())
            .then_expect_events(vec![
                UserEvent::PasswordChanged {
                    password_hash: hash("second"),
                },
                UserEvent::SessionsEnded { kept: None },
            ]);
    }

    #[test]
    fn a_password_reset_meanwhile_stays() {
        given::<User>(&[
            ada_created(),
            UserEvent::PasswordSet {
                password_hash: hash("reset"),
            },
        ])
        .when(to_second())
        .then_expect_error(UserError::PasswordNotCurrent);
    }

    #[test]
    fn a_password_kept_elsewhere_is_not_changed_here() {
        given::<User>(&[ldap_user_created()])
            .when(to_second())
            .then_expect_error(UserError::PasswordNotLocal);
    }

    #[test]
    fn nobody_has_no_password() {
        for events in [vec![], ada_deleted()] {
            given::<User>(&events)
                .when(to_second())
                .then_expect_error(UserError::NotFound);
        }
    }
}
