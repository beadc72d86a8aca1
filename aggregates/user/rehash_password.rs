//! Keep the same password under stronger parameters.

use super::{User, UserError, UserEvent};
use crate::values::PasswordHash;

/// The password was verified outside, against a hash that may have been replaced since: a new password must not
/// be undone by the rehash of an old one.
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
