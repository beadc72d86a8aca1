//! Revoke one of a user's own permissions.

use super::{User, UserError, UserEvent};
use crate::values::PermissionId;

pub(super) fn decide(user: &User, id: PermissionId) -> Result<Vec<UserEvent>, UserError> {
    user.must_exist()?;
    if !user.permissions.contains_key(&id) {
        return Err(UserError::PermissionNotHeld);
    }
    Ok(vec![UserEvent::PermissionRevoked { id }])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        testing::{given, permission, permission_id},
        user::{
            UserCommand,
            fixtures::{ada_created, ada_deleted},
        },
    };

    fn revoke(id: u128) -> UserCommand {
        UserCommand::RevokePermission {
            id: permission_id(id),
        }
    }

    #[test]
    fn a_permission_held_is_revoked() {
        given::<User>(&[
            ada_created(),
            UserEvent::PermissionGranted {
                permission: permission(1, "a"),
            },
        ])
        .when(revoke(1))
        .then_expect_events(vec![UserEvent::PermissionRevoked { id: permission_id(1) }]);
    }

    #[test]
    fn a_permission_not_held_is_not_revoked() {
        given::<User>(&[
            ada_created(),
            UserEvent::PermissionGranted {
                permission: permission(1, "a"),
            },
        ])
        .when(revoke(2))
        .then_expect_error(UserError::PermissionNotHeld);
    }

    #[test]
    fn nobody_has_no_permission() {
        for events in [vec![], ada_deleted()] {
            given::<User>(&events)
                .when(revoke(1))
                .then_expect_error(UserError::NotFound);
        }
    }
}
