//! Detach an application from a group.

use super::{Role, RoleError, RoleEvent};
use crate::values::{ApplicationId, GroupId};

pub(in crate::role) fn decide(
    role: &Role,
    id: GroupId,
    application: ApplicationId,
) -> Result<Vec<RoleEvent>, RoleError> {
    let group = role.must_be_group()?;
    if !group.applications.contains(&application) {
        return Ok(Vec::new());
    }
    Ok(group.detach(id.role(), application)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        role::{
            RoleCommand,
            fixtures::{application, group_id, operators_created, readers_formed},
        },
        testing::{folded, given},
    };

    fn detach(events: &[RoleEvent], number: i64) -> Result<Vec<RoleEvent>, RoleError> {
        let command = RoleCommand::DetachApplication {
            id: group_id(2),
            application: application(number),
        };
        given::<Role>(events).when(command).inspect_result()
    }

    #[test]
    fn a_detached_application_gives_nothing() {
        let events = detach(&readers_formed(), 5).unwrap();
        let role: Role = folded([readers_formed(), events.clone()].concat());
        assert_eq!(role.permissions.len(), 1);
        assert_eq!(detach(&[readers_formed(), events].concat(), 5), Ok(vec![]));
        assert_eq!(detach(&readers_formed(), 6), Ok(vec![]));
    }

    #[test]
    fn no_group_has_no_applications() {
        for events in [vec![], vec![operators_created()]] {
            assert_eq!(detach(&events, 5), Err(RoleError::NotFound));
        }
    }
}
