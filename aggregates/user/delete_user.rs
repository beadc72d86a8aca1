//! Delete a user.

use super::{User, UserError, UserEvent};

pub(super) fn decide(user: &User) -> Result<Vec<UserEvent>, UserError> {
    user.must_exist()?;
    Ok(vec![UserEvent::Deleted {}])
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
    fn a_user_is_deleted() {
        given::<User>(&[ada_created()])
            .when(UserCommand::Delete)
            .then_expect_events(vec![UserEvent::Deleted {}]);
    }

    #[test]
    fn a_user_is_deleted_once() {
        for events in [vec![], ada_deleted()] {
            given::<User>(&events)
                .when(UserCommand::Delete)
                .then_expect_error(UserError::NotFound);
        }
    }
}
