//! Keep the same password under a hash with stronger parameters.

use super::{User, UserError, UserEvent};
use crate::values::PasswordHash;

/// The caller verified the password against a hash that may have been replaced since. The rehash of an old password
/// must not undo a new password.
pub(super) fn decide(
    user: &User,
    verified: &PasswordHash,
    password_hash: PasswordHash,
) -> Result<Vec<UserEvent>, UserError> {
    user.must_keep_password()?;
    let held = user.password_hash.as_ref().ok_or(UserError::PasswordMissing)?;
    if held != verified {
        return Ok(Vec::new());
    }
    Ok(vec![UserEvent::PasswordRehashed { password_hash }])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        testing::{given, hash},
        user::{
            UserCommand,
            fixtures::{ada_created, ada_deleted, grant, ldap_user_created},
        },
        values::{GrantMethod, IdentityProvider},
    };

    fn stronger() -> UserCommand {
        UserCommand::RehashPassword {
            verified: hash("first"),
            password_hash: hash("first, stronger"),
        }
    }

    #[test]
    fn the_verified_password_is_hashed_again() {
        given::<User>(&[ada_created()])
            .when(stronger())
            .then_expect_events(vec![UserEvent::PasswordRehashed {
                password_hash: hash("first, stronger"),
            }]);
    }

    #[test]
    fn a_password_replaced_meanwhile_stays() {
        given::<User>(&[
            ada_created(),
            UserEvent::PasswordChanged {
                password_hash: hash("second"),
            },
        ])
        .when(stronger())
        .then_expect_events(vec![]);
    }

    #[test]
    fn without_a_password_there_is_nothing_to_hash_again() {
        let without = UserEvent::Created {
            username: "ada".into(),
            identity_provider: IdentityProvider::Local,
            auto_generated: false,
            mqtt_publish_prefix: None,
            grant_types: vec![grant(GrantMethod::Certificate)],
            enforce_mfa_enrollment: false,
            password_hash: None,
        };
        given::<User>(&[without])
            .when(stronger())
            .then_expect_error(UserError::PasswordMissing);
    }

    #[test]
    fn a_password_kept_elsewhere_is_not_hashed_here() {
        given::<User>(&[ldap_user_created()])
            .when(stronger())
            .then_expect_error(UserError::PasswordNotLocal);
    }

    #[test]
    fn nobody_has_no_password() {
        for events in [vec![], ada_deleted()] {
            given::<User>(&events)
                .when(stronger())
                .then_expect_error(UserError::NotFound);
        }
    }
}
