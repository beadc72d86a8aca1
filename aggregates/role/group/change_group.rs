//! Change the given fields of a group. Its levels and its organisation never change.

use super::{Role, RoleError, RoleEvent};
use crate::{role::ChangeGroup, values::RoleName};

pub(in crate::role) fn decide(role: &Role, command: ChangeGroup) -> Result<Vec<RoleEvent>, RoleError> {
    let group = role.must_be_group()?;
    let mut events = Vec::new();
    if let Some(name) = command.name.filter(|name| **name != *role.name) {
        events.push(RoleEvent::Renamed {
            name: RoleName::recorded(name.to_string()),
        });
    }
    if group.takes_applications() {
        let adds = command
            .adds_new_applications
            .unwrap_or(group.adds_new_applications);
        if adds != group.adds_new_applications {
            events.push(RoleEvent::GroupAddsNewApplicationsChanged {
                adds_new_applications: adds,
            });
        }
        if let Some(wanted) = command.applications {
            let id = command.id.role();
            for application in group.applications.difference(&wanted) {
                events.extend(group.detach(id, *application)?);
            }
            for application in wanted.difference(&group.applications) {
                events.extend(group.attach(id, *application)?);
            }
        }
    }
    role.may_become(events)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::{
        role::{
            RoleCommand,
            fixtures::{
                application, change_readers, global_formed, operators_created, readers_formed,
                user_admins_formed,
            },
        },
        testing::{folded, given},
    };

    fn change(events: &[RoleEvent], command: ChangeGroup) -> Result<Vec<RoleEvent>, RoleError> {
        given::<Role>(events)
            .when(RoleCommand::ChangeGroup(command))
            .inspect_result()
    }

    #[test]
    fn the_attached_applications_are_those_that_are_wanted() {
        let command = ChangeGroup {
            name: "Readers".parse().ok(),
            adds_new_applications: Some(false),
            applications: Some(BTreeSet::from([application(6)])),
            ..change_readers()
        };
        let events = change(&readers_formed(), command.clone()).unwrap();
        let kinds: Vec<&str> = events
            .iter()
            .map(|event| crate::DeclaredEvent::form(event).event_type)
            .collect();
        assert_eq!(
            kinds,
            [
                "role.renamed",
                "role.group_adds_new_applications_changed",
                "role.application_detached",
                "role.permission_removed",
                "role.application_attached",
                "role.permission_added",
            ]
        );
        let after = [readers_formed(), events].concat();
        assert_eq!(change(&after, command), Ok(vec![]));
        let role: Role = folded(after);
        let resources: Vec<String> = role
            .permissions
            .values()
            .map(|one| one.resource.to_string())
            .collect();
        assert!(
            resources.contains(&"os2iot/o/3/application/6/#".to_owned()),
            "{resources:?}"
        );
        assert_eq!(resources.len(), 2);
    }

    #[test]
    fn nothing_given_changes_nothing() {
        assert_eq!(change(&readers_formed(), change_readers()), Ok(vec![]));
    }

    #[test]
    fn a_group_whose_levels_give_no_applications_takes_none() {
        let command = ChangeGroup {
            adds_new_applications: Some(true),
            applications: Some(BTreeSet::from([application(6)])),
            ..change_readers()
        };
        assert_eq!(change(&user_admins_formed(), command.clone()), Ok(vec![]));
        assert_eq!(change(&global_formed(), command), Ok(vec![]));
    }

    #[test]
    fn the_group_of_global_administrators_keeps_its_name() {
        let command = ChangeGroup {
            name: "Others".parse().ok(),
            ..change_readers()
        };
        assert_eq!(change(&global_formed(), command), Err(RoleError::Protected));
    }

    #[test]
    fn a_role_that_is_no_group_is_not_changed() {
        let dissolved = [readers_formed(), vec![RoleEvent::Deleted {}]].concat();
        for events in [vec![], vec![operators_created()], dissolved] {
            assert_eq!(change(&events, change_readers()), Err(RoleError::NotFound));
        }
    }
}
