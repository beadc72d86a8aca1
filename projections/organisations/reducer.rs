//! How events change organisations.

use aggregates::{
    Recorded,
    organisation::{Organisation, OrganisationEvent},
    values::OrganisationId,
};

use super::record::OrganisationRecord;
use crate::{
    authors::author,
    numbered::folded,
    store::{Changes, Fold, FoldOf, Needs, ReadModel, RecordType, sql::Error},
};

/// The read model.
#[derive(Debug)]
pub(crate) struct Organisations;

impl ReadModel for Organisations {
    const NAME: &'static str = "organisations";
    const VERSION: i64 = 2;
    const RECORDS: &'static [RecordType] = &[RecordType::of::<OrganisationRecord>()];
    const FOLDS: &'static [Fold] = &[Fold::of(&FoldOf::<Organisation> { needs, reduce })];
}

fn needs(needs: &mut Needs<'_>, id: OrganisationId, event: &OrganisationEvent) {
    match event {
        OrganisationEvent::Founded { .. } => needs.new_row::<OrganisationRecord>(id),
        OrganisationEvent::FoundedBySignUp { .. }
        | OrganisationEvent::MemberJoined { .. }
        | OrganisationEvent::MemberLeft { .. } => {}
        OrganisationEvent::Renamed { .. } | OrganisationEvent::Deleted {} => {
            needs.row::<OrganisationRecord>(id);
        }
    }
}

/// Folds an event of the organisation `id`.
fn reduce(
    changes: &mut Changes,
    at: &Recorded,
    id: OrganisationId,
    event: &OrganisationEvent,
) -> Result<(), Error> {
    match event {
        OrganisationEvent::Founded { name } => changes.put(OrganisationRecord {
            number: id,
            ordinal: at.position,
            name: name.to_string(),
            name_key: folded(name),
            created_at: at.recorded_at,
            created_by: author(&at.actor),
            updated_at: at.recorded_at,
            updated_by: author(&at.actor),
        }),
        // No list shows it.
        OrganisationEvent::FoundedBySignUp { .. }
        | OrganisationEvent::MemberJoined { .. }
        | OrganisationEvent::MemberLeft { .. } => Ok(()),
        OrganisationEvent::Renamed { name } => {
            if let Some(organisation) = changes.change::<OrganisationRecord>(&id)? {
                organisation.name = name.to_string();
                organisation.name_key = folded(name);
                organisation.updated_at = at.recorded_at;
                organisation.updated_by = author(&at.actor);
            }
            Ok(())
        }
        OrganisationEvent::Deleted {} => changes.remove::<OrganisationRecord>(&id).map(|_| ()),
    }
}
