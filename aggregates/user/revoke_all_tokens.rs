//! Void every token issued to a user so far.

use super::{User, UserError, UserEvent};

pub(super) fn decide(user: &User) -> Result<Vec<UserEvent>, UserError> {
    user.must_exist()?;
    Ok(vec![UserEvent::TokensRevoked {}])
}
