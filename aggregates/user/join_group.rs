//! Give a user the role of a group.

use super::{User, UserError, UserEvent};
use crate::values::GroupId;

pub(super) fn decide(user: &User, group: GroupId) -> Result<Vec<UserEvent>, UserError> {
    user.must_exist()?;
    let role_id = group.role();
    if user.roles.contains_key(&role_id) {
        return Ok(Vec::new());
    }
    Ok(vec![UserEvent::RoleGranted {
        role_id,
        exclusive: false,
    }])
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

    fn join(events: &[UserEvent]) -> Result<Vec<UserEvent>, UserError> {
        given::<User>(events)
            .when(UserCommand::JoinGroup { group: GROUP })
            .inspect_result()
    }

    #[test]
    fn a_user_joins_a_group_once() {
        let granted = UserEvent::RoleGranted {
            role_id: GROUP.role(),
            exclusive: false,
        };
        assert_eq!(join(&[ada_created()]), Ok(vec![granted.clone()]));
        assert_eq!(join(&[ada_created(), granted]), Ok(vec![]));
    }

    #[test]
    fn nobody_joins_no_group() {
        for events in [vec![], ada_deleted()] {
            assert_eq!(join(&events), Err(UserError::NotFound));
        }
    }
}
