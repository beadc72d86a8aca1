//! Groups in the model.

use std::collections::BTreeSet;

use aggregates::{
    Event, Recorded,
    role::{Group, Role, RoleEvent},
    user::UserEvent,
    values::{GroupId, Level, Permission, RoleId, RoleName, UserId},
};
use projections::{
    groups::{self, GroupRow, GroupSort},
    numbered::Among,
    ordinals::Numbered,
    role_directory,
    sql::Db,
    user_directory,
};
use proptest::{prelude::*, sample::Index, test_runner::TestCaseError};

use super::{
    Model, Next, Part,
    numbered::{ModelGroup, SLICES, application, group, last, one, organisation, sorted, sortings},
    organisations::name,
};
use crate::world::{NOW, World};

pub(super) const PART: Part = Part {
    next,
    take,
    agree: |world, model| Box::pin(agree(world, model)),
};

fn role_name(n: u32) -> RoleName {
    RoleName::recorded(name(n))
}

fn of(id: GroupId, events: Vec<RoleEvent>) -> Vec<Next> {
    let events = events.into_iter();
    events.map(|event| (id.uuid(), Event::Role(event))).collect()
}

/// The group as its aggregate has it.
fn state(held: &ModelGroup) -> Group {
    Group {
        organisation: held.row.organisation,
        levels: held.row.levels.iter().copied().collect(),
        adds_new_applications: held.row.adds_new_applications,
        applications: held.applications.clone(),
    }
}

fn permissions(id: GroupId, group: &Group) -> Vec<Permission> {
    group.permissions(id).expect("permissions")
}

/// The permissions that only the first group gives.
fn only(id: GroupId, group: &Group, other: &Group) -> Vec<Permission> {
    let mut permissions_of = permissions(id, group);
    let others = permissions(id, other);
    permissions_of.retain(|one| others.iter().all(|other| other.id != one.id));
    permissions_of
}

fn formed(id: GroupId, n: u32, what: u8) -> Vec<Next> {
    let organisation = (what != 0).then(|| organisation(1 + n % 4));
    let levels = match what {
        0 => vec![Level::GlobalAdmin],
        1 => vec![Level::OrganizationUserAdmin, Level::Read],
        2 => vec![Level::OrganizationApplicationAdmin, Level::Read],
        _ => vec![Level::Read],
    };
    let group = Group {
        organisation,
        levels: levels.iter().copied().collect(),
        adds_new_applications: n.is_multiple_of(2),
        applications: BTreeSet::new(),
    };
    let made = [
        RoleEvent::Created {
            name: role_name(n),
            is_shared: true,
            auto_generated: false,
            protected: what == 0,
        },
        RoleEvent::GroupFormed {
            organisation,
            levels,
            adds_new_applications: group.adds_new_applications,
        },
    ];
    let given = permissions(id, &group).into_iter();
    let given = given.map(|permission| RoleEvent::PermissionAdded { permission });
    of(id, made.into_iter().chain(given).collect())
}

fn next(model: &Model, n: u32, index: &Index, what: u8) -> Option<Vec<Next>> {
    let existing = &model.numbered.groups;
    if what % 12 < 4 {
        return Some(formed(group(n), n, what % 12));
    }
    let held = one(existing, index)?;
    let (id, before) = (held.row.id, state(held));
    let mut after = before.clone();
    let events = match what % 12 {
        4 => vec![RoleEvent::Renamed { name: role_name(n) }],
        5 => vec![RoleEvent::GroupAddsNewApplicationsChanged {
            adds_new_applications: n.is_multiple_of(2),
        }],
        6 | 7 => {
            let known = one(&model.numbered.applications, index);
            let application = known.map_or(application(n), |row| row.id);
            if !after.applications.insert(application) || !before.takes_applications() {
                return None;
            }
            let added = only(id, &after, &before).into_iter();
            let added = added.map(|permission| RoleEvent::PermissionAdded { permission });
            std::iter::once(RoleEvent::ApplicationAttached { application })
                .chain(added)
                .collect()
        }
        8 => {
            let application = *before.applications.first()?;
            after.applications.remove(&application);
            let removed = only(id, &before, &after).into_iter();
            let removed = removed.map(|permission| RoleEvent::PermissionRemoved { id: permission.id });
            std::iter::once(RoleEvent::ApplicationDetached { application })
                .chain(removed)
                .collect()
        }
        9 => vec![RoleEvent::Deleted {}],
        10 => {
            let user = one(&model.users, index)?.row.id;
            let role_id = id.role();
            let event = UserEvent::RoleGranted {
                role_id,
                exclusive: false,
            };
            return Some(vec![(user.0, Event::User(event))]);
        }
        _ => {
            let user = one(&model.users, index)?.row.id;
            let event = UserEvent::RoleRevoked { role_id: id.role() };
            return Some(vec![(user.0, Event::User(event))]);
        }
    };
    Some(of(id, events))
}

fn take(model: &mut Model, recorded: &Recorded) {
    let Some(event) = recorded.event.of::<Role>() else {
        return;
    };
    let Some(id) = RoleId::parse(&recorded.aggregate_id).expect("an id").group() else {
        return;
    };
    let at = recorded.recorded_at;
    let by = UserId::parse(&recorded.actor).ok();
    let model = &mut model.numbered;
    if let RoleEvent::Created { name, .. } = event {
        model.uses(Numbered::Group, id.ordinal());
        model.groups.push(ModelGroup {
            row: GroupRow {
                id,
                name: name.to_string(),
                organisation: None,
                levels: vec![],
                adds_new_applications: false,
                created_at: at,
                created_by: by,
                updated_at: at,
                updated_by: by,
            },
            applications: BTreeSet::new(),
        });
    }
    let Some(held) = model.groups.iter_mut().find(|held| held.row.id == id) else {
        return;
    };
    let before = held.row.updated_at;
    match event {
        RoleEvent::GroupFormed {
            organisation,
            levels,
            adds_new_applications,
        } => {
            held.row.organisation = *organisation;
            held.row.levels.clone_from(levels);
            held.row.adds_new_applications = *adds_new_applications;
        }
        RoleEvent::Renamed { name } => (held.row.name, held.row.updated_at) = (name.to_string(), at),
        RoleEvent::GroupAddsNewApplicationsChanged {
            adds_new_applications,
        } => (held.row.adds_new_applications, held.row.updated_at) = (*adds_new_applications, at),
        RoleEvent::ApplicationAttached { application } => {
            held.applications.insert(*application);
            held.row.updated_at = at;
        }
        RoleEvent::ApplicationDetached { application } => {
            held.applications.remove(application);
            held.row.updated_at = at;
        }
        RoleEvent::Deleted {} => model.groups.retain(|held| held.row.id != id),
        RoleEvent::Created { .. }
        | RoleEvent::SharingChanged { .. }
        | RoleEvent::PermissionAdded { .. }
        | RoleEvent::PermissionChanged { .. }
        | RoleEvent::PermissionRemoved { .. } => {}
    }
    if let Some(held) = model.groups.iter_mut().find(|held| held.row.id == id)
        && held.row.updated_at != before
    {
        held.row.updated_by = by;
    }
}

async fn agree_on_all_but_one(db: &Db, rows: &[GroupRow]) -> Result<(), TestCaseError> {
    let by_id = projections::Sorting {
        by: GroupSort::Id,
        descending: false,
    };
    let all = projections::Part {
        offset: 0,
        limit: 1_000,
    };
    for row in rows {
        let mut others: Vec<_> = rows.iter().filter(|other| other.id != row.id).cloned().collect();
        others.sort_by_key(|row| row.id);
        let found = groups::page_without(db, row.id, by_id, all)
            .await
            .expect("groups");
        prop_assert_eq!(found.total, i64::try_from(others.len()).expect("a few"));
        prop_assert_eq!(found.rows, others);
    }
    Ok(())
}

async fn agree(world: &World, model: &Model) -> Result<(), TestCaseError> {
    let (db, held) = (&world.db, &model.numbered.groups);
    let rows: Vec<GroupRow> = held.iter().map(|held| held.row.clone()).collect();
    for held in held {
        let id = held.row.id;
        let found = groups::find(db, id).await.expect("groups");
        prop_assert_eq!(found.as_ref(), Some(&held.row));
        let as_role = role_directory::find(db, id.role()).await.expect("roles");
        prop_assert_eq!(as_role, None, "a group is in no list of roles");
        let existing = role_directory::existing(db, &[id.role()]).await.expect("roles");
        prop_assert_eq!(existing.len(), 0);
    }
    let users: Vec<_> = model.users.iter().map(|user| user.row.id).collect();
    for user in user_directory::find_many(db, &users, NOW).await.expect("users") {
        prop_assert!(user.roles.iter().all(|role| role.id.group().is_none()));
    }
    prop_assert_eq!(groups::find(db, group(9_999)).await.expect("groups"), None);
    let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
    let attached = groups::applications_of(db, &ids).await.expect("applications");
    for held in held {
        let found: BTreeSet<_> = attached
            .get(&held.row.id)
            .into_iter()
            .flatten()
            .copied()
            .collect();
        prop_assert_eq!(&found, &held.applications);
        for application in &held.applications {
            let found = groups::of_applications(db, &[*application])
                .await
                .expect("groups");
            prop_assert!(
                found
                    .get(application)
                    .is_some_and(|groups| groups.contains(&held.row.id))
            );
        }
    }
    let chosen: Vec<_> = rows.iter().step_by(2).cloned().collect();
    let some: Vec<_> = chosen.iter().map(|row| row.id).chain([group(9_999)]).collect();
    let mut by_number = chosen.clone();
    by_number.sort_by_key(|row| row.id);
    prop_assert_eq!(groups::find_many(db, &some).await.expect("groups"), by_number);
    agree_on_all_but_one(db, &rows).await?;
    let organisations = [organisation(1), organisation(3)];
    let within: Vec<_> = rows
        .iter()
        .filter(|row| row.organisation.is_some_and(|one| organisations.contains(&one)))
        .cloned()
        .collect();
    for sorting in sortings(&[
        GroupSort::Id,
        GroupSort::Name,
        GroupSort::Levels,
        GroupSort::Organisation,
        GroupSort::UpdatedAt,
    ]) {
        let key = |row: &GroupRow| match sorting.by {
            GroupSort::Id => (String::new(), (false, None), None),
            GroupSort::Name => (row.name.to_lowercase(), (false, None), None),
            GroupSort::Levels => (serde_json::json!(row.levels).to_string(), (false, None), None),
            GroupSort::Organisation => (String::new(), last(row.organisation), None),
            GroupSort::UpdatedAt => (String::new(), (false, None), Some(row.updated_at)),
        };
        for slice in SLICES {
            for (among, expected) in [
                (Among::All, rows.clone()),
                (Among::These(&some), chosen.clone()),
                (Among::Organisations(&organisations), within.clone()),
                (Among::Organisations(&[]), vec![]),
                (Among::These(&[]), vec![]),
            ] {
                let found = groups::page(db, among, sorting, slice).await.expect("groups");
                let expected = sorted(expected, sorting.descending, key, &slice);
                prop_assert_eq!(found, expected, "{:?}", sorting);
            }
        }
    }
    Ok(())
}
