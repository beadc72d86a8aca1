//! How events change groups.

use aggregates::{
    Recorded,
    role::{Role, RoleEvent},
    values::{GroupId, RoleId},
};

use super::record::{GroupApplicationRecord, GroupRecord};
use crate::{
    authors::author,
    numbered::folded,
    store::{Changes, Fold, FoldOf, Needs, ReadModel, RecordType, sql::Error},
};

/// The read model.
#[derive(Debug)]
pub(crate) struct Groups;

impl ReadModel for Groups {
    const NAME: &'static str = "groups";
    const VERSION: i64 = 2;
    const RECORDS: &'static [RecordType] = &[
        RecordType::of::<GroupRecord>(),
        RecordType::of::<GroupApplicationRecord>(),
    ];
    const FOLDS: &'static [Fold] = &[Fold::of(&FoldOf::<Role> {
        needs: |wanted, id, event| {
            if let Some(group) = id.group() {
                needs(wanted, group, event);
            }
        },
        reduce: reduce_role,
    })];
}

fn needs(needs: &mut Needs<'_>, id: GroupId, event: &RoleEvent) {
    match event {
        RoleEvent::Created { .. } => needs.new_row::<GroupRecord>(id),
        RoleEvent::GroupFormed { .. }
        | RoleEvent::Renamed { .. }
        | RoleEvent::GroupAddsNewApplicationsChanged { .. }
        | RoleEvent::ApplicationAttached { .. }
        | RoleEvent::ApplicationDetached { .. }
        | RoleEvent::Deleted {} => needs.row::<GroupRecord>(id),
        RoleEvent::SharingChanged { .. }
        | RoleEvent::PermissionAdded { .. }
        | RoleEvent::PermissionChanged { .. }
        | RoleEvent::PermissionRemoved { .. } => {}
    }
}

fn reduce_role(changes: &mut Changes, at: &Recorded, id: RoleId, event: &RoleEvent) -> Result<(), Error> {
    match id.group() {
        Some(group) => reduce(changes, at, group, event),
        None => Ok(()),
    }
}

/// Folds an event of the group `id`. Its permissions follow from the levels and the applications.
fn reduce(changes: &mut Changes, at: &Recorded, id: GroupId, event: &RoleEvent) -> Result<(), Error> {
    match event {
        RoleEvent::Created { name, .. } => changes.put(GroupRecord {
            number: id,
            ordinal: at.position,
            name: name.to_string(),
            name_key: folded(name),
            organisation: None,
            levels: Vec::new(),
            adds_new_applications: false,
            created_at: at.recorded_at,
            created_by: author(&at.actor),
            updated_at: at.recorded_at,
            updated_by: author(&at.actor),
        }),
        RoleEvent::GroupFormed {
            organisation,
            levels,
            adds_new_applications,
        } => {
            if let Some(group) = changes.change::<GroupRecord>(&id)? {
                group.organisation = *organisation;
                group.levels.clone_from(levels);
                group.adds_new_applications = *adds_new_applications;
            }
            Ok(())
        }
        RoleEvent::Renamed { name } => {
            if let Some(group) = changed(changes, at, id)? {
                group.name = name.to_string();
                group.name_key = folded(name);
            }
            Ok(())
        }
        RoleEvent::GroupAddsNewApplicationsChanged {
            adds_new_applications,
        } => {
            if let Some(group) = changed(changes, at, id)? {
                group.adds_new_applications = *adds_new_applications;
            }
            Ok(())
        }
        RoleEvent::ApplicationAttached { application } => {
            if changed(changes, at, id)?.is_none() {
                return Ok(());
            }
            changes.put_new(GroupApplicationRecord {
                group_number: id,
                application: *application,
            })
        }
        RoleEvent::ApplicationDetached { application } => {
            changed(changes, at, id)?;
            changes.delete::<GroupApplicationRecord>((id, *application))
        }
        RoleEvent::Deleted {} => {
            changes.remove::<GroupRecord>(&id)?;
            changes.delete_all(GroupApplicationRecord::OF_GROUP, &id)
        }
        RoleEvent::SharingChanged { .. }
        | RoleEvent::PermissionAdded { .. }
        | RoleEvent::PermissionChanged { .. }
        | RoleEvent::PermissionRemoved { .. } => Ok(()),
    }
}

fn changed<'a>(
    changes: &'a mut Changes,
    at: &Recorded,
    id: GroupId,
) -> Result<Option<&'a mut GroupRecord>, Error> {
    let Some(group) = changes.change::<GroupRecord>(&id)? else {
        return Ok(None);
    };
    group.updated_at = at.recorded_at;
    group.updated_by = author(&at.actor);
    Ok(Some(group))
}
