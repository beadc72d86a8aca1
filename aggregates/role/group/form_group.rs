//! Make a group.

use std::collections::BTreeSet;

use super::{Group, Role, RoleError, RoleEvent};
use crate::{
    role::{FormGroup, Stage},
    values::{Level, RoleName},
};

pub(in crate::role) fn decide(role: &Role, command: FormGroup) -> Result<Vec<RoleEvent>, RoleError> {
    if role.stage != Stage::Absent {
        return Err(RoleError::NumberTaken);
    }
    let levels: BTreeSet<Level> = command.levels.iter().copied().collect();
    if levels.len() != command.levels.len() {
        return Err(RoleError::LevelTwice);
    }
    let is_global = command.organisation.is_none();
    let fit = match is_global {
        true => levels == BTreeSet::from([Level::GlobalAdmin]),
        false => !levels.is_empty() && !levels.contains(&Level::GlobalAdmin),
    };
    if !fit {
        return Err(RoleError::LevelsOfGroup);
    }
    let mut group = Group {
        organisation: command.organisation,
        levels,
        adds_new_applications: false,
        applications: BTreeSet::new(),
    };
    group.adds_new_applications = command.adds_new_applications && group.takes_applications();

    let role = command.id.role();
    let mut events = vec![
        RoleEvent::Created {
            name: RoleName::recorded(command.name.to_string()),
            is_shared: true,
            auto_generated: false,
            protected: is_global,
        },
        RoleEvent::GroupFormed {
            organisation: group.organisation,
            levels: group.levels.iter().copied().collect(),
            adds_new_applications: group.adds_new_applications,
        },
    ];
    let permissions = group.of_levels(role)?;
    events.extend(
        permissions
            .into_iter()
            .map(|permission| RoleEvent::PermissionAdded { permission }),
    );
    if group.takes_applications() {
        for application in command.applications {
            events.extend(group.attach(role, application)?);
        }
    }
    Ok(events)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        role::{
            RoleCommand,
            fixtures::{
                application, form_readers, group_id, operators_created, organisation, readers_formed,
            },
        },
        testing::{folded, given},
        values::{GroupId, Operation},
    };

    fn form(command: FormGroup) -> Result<Vec<RoleEvent>, RoleError> {
        given::<Role>(&[])
            .when(RoleCommand::FormGroup(command))
            .inspect_result()
    }

    fn rights(events: &[RoleEvent]) -> Vec<(String, Operation)> {
        let role: Role = folded(events.to_vec());
        let mut rights: Vec<_> = role
            .permissions
            .into_values()
            .map(|permission| (permission.resource.to_string(), permission.operation))
            .collect();
        rights.sort_unstable();
        rights
    }

    #[test]
    fn a_group_is_a_role_with_the_permissions_of_its_levels() {
        let events = form(form_readers()).unwrap();
        assert_eq!(events, readers_formed());
        assert_eq!(
            rights(&events),
            [
                ("os2iot/o/3".to_owned(), Operation::Read),
                ("os2iot/o/3/application/5/#".to_owned(), Operation::Read),
            ]
        );
        let role: Role = folded(events);
        let group = role.group.unwrap();
        let permissions = group.permissions(group_id(2)).unwrap().into_iter();
        let permissions = permissions.map(|permission| (permission.id, permission));
        assert_eq!(
            permissions.collect::<std::collections::BTreeMap<_, _>>(),
            role.permissions
        );
        assert_eq!(group.applications, BTreeSet::from([application(5)]));
        assert!(group.adds_new_applications);
    }

    #[test]
    fn two_levels_give_both() {
        let levels = vec![Level::Read, Level::OrganizationApplicationAdmin];
        let events = form(FormGroup {
            levels,
            ..form_readers()
        })
        .unwrap();
        let on_application = rights(&events);
        let on_application = on_application
            .iter()
            .filter(|(resource, _)| resource.ends_with("/5/#"));
        assert_eq!(on_application.count(), 2);
    }

    #[test]
    fn a_group_without_an_organisation_has_one_level() {
        let global = FormGroup {
            id: GroupId::GLOBAL_ADMIN,
            organisation: None,
            levels: vec![Level::GlobalAdmin],
            ..form_readers()
        };
        let events = form(global.clone()).unwrap();
        assert_eq!(rights(&events), [("os2iot/#".to_owned(), Operation::ReadWrite)]);
        let role: Role = folded(events);
        assert!(role.protected);
        let group = role.group.unwrap();
        assert!(group.applications.is_empty() && !group.adds_new_applications);

        for levels in [vec![], vec![Level::Read], vec![Level::GlobalAdmin, Level::Read]] {
            assert_eq!(
                form(FormGroup {
                    levels,
                    ..global.clone()
                }),
                Err(RoleError::LevelsOfGroup)
            );
        }
    }

    /// A user administrator must not make themselves a global administrator (contracts/os2iot.md, "Privilege escalation").
    #[test]
    fn a_group_of_an_organisation_is_never_global() {
        for levels in [
            vec![],
            vec![Level::GlobalAdmin],
            vec![Level::GlobalAdmin, Level::Read],
        ] {
            assert_eq!(
                form(FormGroup {
                    levels,
                    ..form_readers()
                }),
                Err(RoleError::LevelsOfGroup)
            );
        }
        let levels = vec![Level::Read, Level::Read];
        assert_eq!(
            form(FormGroup {
                levels,
                ..form_readers()
            }),
            Err(RoleError::LevelTwice)
        );
    }

    #[test]
    fn a_group_whose_levels_give_no_applications_has_none() {
        let levels = vec![Level::OrganizationUserAdmin];
        let role: Role = folded(
            form(FormGroup {
                levels,
                ..form_readers()
            })
            .unwrap(),
        );
        let group = role.group.unwrap();
        assert!(group.applications.is_empty() && !group.adds_new_applications);
        assert_eq!(group.organisation, Some(organisation(3)));
    }

    #[test]
    fn an_id_is_used_once() {
        let dissolved = [readers_formed(), vec![RoleEvent::Deleted {}]].concat();
        for events in [readers_formed(), dissolved, vec![operators_created()]] {
            given::<Role>(&events)
                .when(RoleCommand::FormGroup(form_readers()))
                .then_expect_error(RoleError::NumberTaken);
        }
        assert_eq!(form_readers().id, group_id(2));
    }
}
