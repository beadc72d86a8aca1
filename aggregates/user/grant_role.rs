//! Grant a user a role.

use super::{RoleGrant, User, UserError, UserEvent};

pub(super) fn decide(user: &User, grant: RoleGrant) -> Result<Vec<UserEvent>, UserError> {
    user.must_exist()?;
    let RoleGrant { role_id, exclusive } = grant;
    if user.roles.get(&role_id) == Some(&exclusive) {
        return Ok(Vec::new());
    }
    Ok(vec![UserEvent::RoleGranted { role_id, exclusive }])
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

    fn granted(exclusive: bool) -> UserEvent {
        UserEvent::RoleGranted {
            role_id: role_id(1),
            exclusive,
        }
    }

    fn grant_role(exclusive: bool) -> UserCommand {
        UserCommand::GrantRole(RoleGrant {
            role_id: role_id(1),
            exclusive,
        })
    }

    #[test]
    fn a_role_is_granted() {
        given::<User>(&[ada_created()])
            .when(grant_role(true))
            .then_expect_events(vec![granted(true)]);
    }

    #[test]
    fn a_role_held_is_not_granted_again() {
        given::<User>(&[ada_created(), granted(false)])
            .when(grant_role(false))
            .then_expect_events(vec![]);
    }

    #[test]
    fn a_role_held_otherwise_is_granted_anew() {
        given::<User>(&[ada_created(), granted(false)])
            .when(grant_role(true))
            .then_expect_events(vec![granted(true)]);
    }

    #[test]
    fn nobody_gets_no_role() {
        for events in [vec![], ada_deleted()] {
            given::<User>(&events)
                .when(grant_role(false))
                .then_expect_error(UserError::NotFound);
        }
    }
}
