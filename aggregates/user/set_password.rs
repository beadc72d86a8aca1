//! Somebody else sets a user's password.

use super::{User, UserError, UserEvent};
use crate::values::PasswordHash;

pub(super) fn decide(user: &User, password_hash: PasswordHash) -> Result<Vec<UserEvent>, UserError> {
    user.must_keep_password()?;
    Ok(vec![UserEvent::PasswordSet { password_hash }])
}
