//! How events change applications.

use aggregates::{
    Recorded,
    application::{Application, ApplicationDetails, ApplicationEvent, ApplicationStatus},
    values::ApplicationId,
};

use super::record::{Answer, ApplicationRecord, Moment, TextKey};
use crate::{
    authors::author,
    numbered::folded,
    store::{Changes, Fold, FoldOf, Needs, ReadModel, RecordType, sql::Error},
};

/// The read model.
#[derive(Debug)]
pub(crate) struct Applications;

impl ReadModel for Applications {
    const NAME: &'static str = "applications";
    const VERSION: i64 = 2;
    const RECORDS: &'static [RecordType] = &[RecordType::of::<ApplicationRecord>()];
    const FOLDS: &'static [Fold] = &[Fold::of(&FoldOf::<Application> { needs, reduce })];
}

fn needs(needs: &mut Needs<'_>, id: ApplicationId, event: &ApplicationEvent) {
    match event {
        ApplicationEvent::Created { .. } => needs.new_row::<ApplicationRecord>(id),
        ApplicationEvent::Renamed { .. }
        | ApplicationEvent::Described { .. }
        | ApplicationEvent::Moved { .. }
        | ApplicationEvent::Deleted {} => needs.row::<ApplicationRecord>(id),
    }
}

/// Folds an event of the application `id`.
fn reduce(
    changes: &mut Changes,
    at: &Recorded,
    id: ApplicationId,
    event: &ApplicationEvent,
) -> Result<(), Error> {
    match event {
        ApplicationEvent::Created { organisation, name } => changes.put(ApplicationRecord {
            number: id,
            ordinal: at.position,
            organisation: *organisation,
            name: name.to_string(),
            name_key: folded(name),
            description: None,
            status: ApplicationStatus::default(),
            start_date: Moment(None),
            end_date: Moment(None),
            category: None,
            owner: None,
            owner_key: TextKey::of(None),
            contact_person: None,
            contact_person_key: TextKey::of(None),
            contact_email: None,
            contact_phone: None,
            personal_data: Answer(None),
            hardware: None,
            controlled_properties: Vec::new(),
            device_types: Vec::new(),
            created_at: at.recorded_at,
            created_by: author(&at.actor),
            updated_at: at.recorded_at,
            updated_by: author(&at.actor),
        }),
        ApplicationEvent::Renamed { name } => change(changes, at, id, |application| {
            application.name = name.to_string();
            application.name_key = folded(name);
        }),
        ApplicationEvent::Moved { organisation } => change(changes, at, id, |application| {
            application.organisation = *organisation;
        }),
        described @ ApplicationEvent::Described { .. } => match ApplicationDetails::of(described) {
            Some(details) => change(changes, at, id, |application| application.describe(details)),
            None => Ok(()),
        },
        ApplicationEvent::Deleted {} => changes.remove::<ApplicationRecord>(&id).map(|_| ()),
    }
}

fn change(
    changes: &mut Changes,
    at: &Recorded,
    id: ApplicationId,
    change: impl FnOnce(&mut ApplicationRecord),
) -> Result<(), Error> {
    if let Some(application) = changes.change::<ApplicationRecord>(&id)? {
        application.updated_at = at.recorded_at;
        application.updated_by = author(&at.actor);
        change(application);
    }
    Ok(())
}
