//! Attach an application to a group.

use super::{Role, RoleError, RoleEvent};
use crate::values::{ApplicationId, GroupId};

pub(in crate::role) fn decide(
    role: &Role,
    id: GroupId,
    application: ApplicationId,
) -> Result<Vec<RoleEvent>, RoleError> {
    let group = role.must_be_group()?;
    if !group.takes_applications() || group.applications.contains(&application) {
        return Ok(Vec::new());
    }
    Ok(group.attach(id.role(), application)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        role::{
            RoleCommand,
            fixtures::{application, group_id, operators_created, readers_formed, user_admins_formed},
        },
        testing::given,
    };

    fn attach(events: &[RoleEvent], number: i64) -> Result<Vec<RoleEvent>, RoleError> {
        let command = RoleCommand::AttachApplication {
            id: group_id(2),
            application: application(number),
        };
        given::<Role>(events).when(command).inspect_result()
    }

    #[test]
    fn an_application_is_attached_once() {
        let events = attach(&readers_formed(), 6).unwrap();
        assert_eq!(
            events.first(),
            Some(&RoleEvent::ApplicationAttached {
                application: application(6)
            })
        );
        assert_eq!(events.len(), 2);
        assert_eq!(attach(&[readers_formed(), events].concat(), 6), Ok(vec![]));
        assert_eq!(attach(&readers_formed(), 5), Ok(vec![]));
    }

    #[test]
    fn only_groups_that_give_applications_take_one() {
        assert_eq!(attach(&user_admins_formed(), 6), Ok(vec![]));
        for events in [vec![], vec![operators_created()]] {
            assert_eq!(attach(&events, 6), Err(RoleError::NotFound));
        }
    }
}
