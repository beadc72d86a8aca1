//! A user replaces their own password.

use super::{User, UserError, UserEvent};
use crate::values::PasswordHash;

/// The old password was verified outside, against a hash that may have been replaced since: an administrator who
/// resets a stolen password must not be overtaken by the thief.
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
