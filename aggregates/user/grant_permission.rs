//! Grant a user a permission of their own.

use super::{User, UserError, UserEvent};
use crate::{permission_set, values::Permission};

pub(super) fn decide(user: &User, permission: Permission) -> Result<Vec<UserEvent>, UserError> {
    user.must_exist()?;
    let added = permission_set::add(&user.permissions, permission)?;
    Ok(added
        .into_iter()
        .map(|permission| UserEvent::PermissionGranted { permission })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        testing::{given, permission},
        user::{
            UserCommand,
            fixtures::{ada_created, ada_deleted},
        },
    };

    fn granted(permission: Permission) -> UserEvent {
        UserEvent::PermissionGranted { permission }
    }

    #[test]
    fn a_permission_is_granted() {
        given::<User>(&[ada_created(), granted(permission(1, "a"))])
            .when(UserCommand::GrantPermission(permission(2, "b")))
            .then_expect_events(vec![granted(permission(2, "b"))]);
    }

    #[test]
    fn a_right_held_is_not_granted_again() {
        for id in [1, 2] {
            given::<User>(&[ada_created(), granted(permission(1, "a"))])
                .when(UserCommand::GrantPermission(permission(id, "a")))
                .then_expect_events(vec![]);
        }
    }

    #[test]
    fn an_id_names_one_right() {
        given::<User>(&[ada_created(), granted(permission(1, "a"))])
            .when(UserCommand::GrantPermission(permission(1, "b")))
            .then_expect_error(UserError::PermissionIdTaken);
    }

    #[test]
    fn nobody_gets_no_permission() {
        for events in [vec![], ada_deleted()] {
            given::<User>(&events)
                .when(UserCommand::GrantPermission(permission(1, "a")))
                .then_expect_error(UserError::NotFound);
        }
    }
}
