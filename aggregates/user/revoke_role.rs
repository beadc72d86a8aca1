//! Revoke a role of a user.

use super::{User, UserError, UserEvent};
use crate::values::RoleId;

pub(super) fn decide(user: &User, role_id: RoleId) -> Result<Vec<UserEvent>, UserError> {
    user.must_exist()?;
    if !user.roles.contains_key(&role_id) || !role_id.is_plain() {
        return Err(UserError::RoleNotHeld(role_id));
    }
    Ok(vec![UserEvent::RoleRevoked { role_id }])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        testing::{given, role_id},
        user::{
            UserCommand,
            fixtures::{ada_created, ada_deleted},
        },
    };

    fn revoke_role() -> UserCommand {
        UserCommand::RevokeRole { role_id: role_id(1) }
    }

    fn granted() -> UserEvent {
        UserEvent::RoleGranted {
            role_id: role_id(1),
            exclusive: false,
        }
    }

    #[test]
    fn a_role_held_is_revoked() {
        given::<User>(&[ada_created(), granted()])
            .when(revoke_role())
            .then_expect_events(vec![UserEvent::RoleRevoked { role_id: role_id(1) }]);
    }

    #[test]
    fn a_role_not_held_is_not_revoked() {
        let revoked = UserEvent::RoleRevoked { role_id: role_id(1) };
        for events in [vec![ada_created()], vec![ada_created(), granted(), revoked]] {
            given::<User>(&events)
                .when(revoke_role())
                .then_expect_error(UserError::RoleNotHeld(role_id(1)));
        }
    }

    #[test]
    fn nobody_has_no_role() {
        for events in [vec![], ada_deleted()] {
            given::<User>(&events)
                .when(revoke_role())
                .then_expect_error(UserError::NotFound);
        }
    }
}
