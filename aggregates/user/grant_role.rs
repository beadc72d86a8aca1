//! Grant a user a role.

use super::{RoleGrant, User, UserError, UserEvent, rules};

pub(super) fn decide(user: &User, grant: RoleGrant) -> Result<Vec<UserEvent>, UserError> {
    user.must_exist()?;
    rules::no_group(grant.role_id)?;
    let (role_id, exclusive) = (grant.role_id, grant.is_exclusive());
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

    fn grant(is_shared: bool) -> UserCommand {
        UserCommand::GrantRole(RoleGrant {
            role_id: role_id(1),
            is_shared,
        })
    }

    #[test]
    fn a_group_is_not_granted_as_a_role() {
        let role_id = crate::values::GroupId::GLOBAL_ADMIN.role();
        let grant = RoleGrant {
            role_id,
            is_shared: true,
        };
        given::<User>(&[ada_created()])
            .when(UserCommand::GrantRole(grant))
            .then_expect_error(UserError::RoleIsGroup(role_id));
    }

    #[test]
    fn a_role_that_is_not_shared_is_held_exclusively() {
        for is_shared in [true, false] {
            given::<User>(&[ada_created()])
                .when(grant(is_shared))
                .then_expect_events(vec![granted(!is_shared)]);
        }
    }

    #[test]
    fn a_role_that_stops_being_shared_becomes_its_holders_own_and_back() {
        for is_shared in [true, false] {
            given::<User>(&[ada_created(), granted(is_shared)])
                .when(grant(is_shared))
                .then_expect_events(vec![granted(!is_shared)]);
        }
    }

    #[test]
    fn a_role_held_is_not_granted_again() {
        for is_shared in [true, false] {
            given::<User>(&[ada_created(), granted(!is_shared)])
                .when(grant(is_shared))
                .then_expect_events(vec![]);
        }
    }

    #[test]
    fn nobody_gets_no_role() {
        for events in [vec![], ada_deleted()] {
            given::<User>(&events)
                .when(grant(true))
                .then_expect_error(UserError::NotFound);
        }
    }
}
