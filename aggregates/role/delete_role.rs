//! Delete a role.

use super::{Role, RoleError, RoleEvent};

pub(super) fn decide(role: &Role) -> Result<Vec<RoleEvent>, RoleError> {
    role.must_exist()?;
    role.may_become(vec![RoleEvent::Deleted {}])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        role::{
            RoleCommand,
            fixtures::{operators_created, operators_deleted, protected_created},
        },
        testing::given,
    };

    #[test]
    fn a_role_is_deleted() {
        given::<Role>(&[operators_created()])
            .when(RoleCommand::Delete)
            .then_expect_events(vec![RoleEvent::Deleted {}]);
    }

    #[test]
    fn a_protected_role_stays() {
        given::<Role>(&[protected_created()])
            .when(RoleCommand::Delete)
            .then_expect_error(RoleError::Protected);
    }

    #[test]
    fn a_role_is_deleted_once() {
        for events in [vec![], operators_deleted()] {
            given::<Role>(&events)
                .when(RoleCommand::Delete)
                .then_expect_error(RoleError::NotFound);
        }
    }
}
