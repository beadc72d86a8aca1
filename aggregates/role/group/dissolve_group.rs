//! Delete a group. Its members lose it.

use super::{Role, RoleError, RoleEvent};

pub(in crate::role) fn decide(role: &Role) -> Result<Vec<RoleEvent>, RoleError> {
    role.must_be_group()?;
    role.may_become(vec![RoleEvent::Deleted {}])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        role::{
            RoleCommand,
            fixtures::{global_formed, operators_created, readers_formed},
        },
        testing::given,
    };

    fn dissolve(events: &[RoleEvent]) -> Result<Vec<RoleEvent>, RoleError> {
        given::<Role>(events)
            .when(RoleCommand::DissolveGroup)
            .inspect_result()
    }

    #[test]
    fn a_group_is_dissolved_once() {
        assert_eq!(dissolve(&readers_formed()), Ok(vec![RoleEvent::Deleted {}]));
        let dissolved = [readers_formed(), vec![RoleEvent::Deleted {}]].concat();
        assert_eq!(dissolve(&dissolved), Err(RoleError::NotFound));
    }

    #[test]
    fn global_administrators_stay() {
        assert_eq!(dissolve(&global_formed()), Err(RoleError::Protected));
    }

    #[test]
    fn a_role_that_is_no_group_is_not_dissolved() {
        assert_eq!(dissolve(&[operators_created()]), Err(RoleError::NotFound));
    }
}
