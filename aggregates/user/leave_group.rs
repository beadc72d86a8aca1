//! Take the role of a group from a user.

use super::{User, UserError, UserEvent};
use crate::values::GroupId;

pub(super) fn decide(user: &User, group: GroupId) -> Result<Vec<UserEvent>, UserError> {
    user.must_exist()?;
    let role_id = group.role();
    let held = user.roles.contains_key(&role_id);
    Ok(held
        .then_some(UserEvent::RoleRevoked { role_id })
        .into_iter()
        .collect())
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

    const GROUP: GroupId = GroupId::GLOBAL_ADMIN;

    fn leave(events: &[UserEvent]) -> Result<Vec<UserEvent>, UserError> {
        given::<User>(events)
            .when(UserCommand::LeaveGroup { group: GROUP })
            .inspect_result()
    }

    #[test]
    fn a_user_leaves_a_group_once() {
        let role_id = GROUP.role();
        let granted = UserEvent::RoleGranted {
            role_id,
            exclusive: false,
        };
        let revoked = UserEvent::RoleRevoked { role_id };
        assert_eq!(
            leave(&[ada_created(), granted.clone()]),
            Ok(vec![revoked.clone()])
        );
        assert_eq!(leave(&[ada_created(), granted, revoked]), Ok(vec![]));
    }

    #[test]
    fn nobody_leaves_no_group() {
        for events in [vec![], ada_deleted()] {
            assert_eq!(leave(&events), Err(UserError::NotFound));
        }
    }
}
