//! Revoke every token issued to a user so far.

use super::{User, UserError, UserEvent};

pub(super) fn decide(user: &User) -> Result<Vec<UserEvent>, UserError> {
    user.must_exist()?;
    Ok(vec![UserEvent::TokensRevoked {}])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        testing::given,
        user::{
            UserCommand,
            fixtures::{ada_created, ada_deleted},
        },
    };

    #[test]
    fn tokens_are_revoked_each_time() {
        for events in [
            vec![ada_created()],
            vec![ada_created(), UserEvent::TokensRevoked {}],
        ] {
            given::<User>(&events)
                .when(UserCommand::RevokeAllTokens)
                .then_expect_events(vec![UserEvent::TokensRevoked {}]);
        }
    }

    #[test]
    fn nobody_has_no_tokens() {
        for events in [vec![], ada_deleted()] {
            given::<User>(&events)
                .when(UserCommand::RevokeAllTokens)
                .then_expect_error(UserError::NotFound);
        }
    }
}
