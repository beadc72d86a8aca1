//! Organisations in the model.

use aggregates::{
    Event, Recorded,
    organisation::{Organisation, OrganisationEvent},
    values::{OrganisationId, UserId},
};
use projections::{
    numbered::Among,
    ordinals::Numbered,
    organisations::{self, OrganisationRow, OrganisationSort},
};
use proptest::{prelude::*, sample::Index, test_runner::TestCaseError};

use super::{
    Model, Next, Part,
    numbered::{self, SLICES, one, organisation, sorted, sortings},
};
use crate::world::World;

pub(super) const PART: Part = Part {
    next,
    take,
    agree: |world, model| Box::pin(agree(world, model)),
};

/// Every third name occurs several times, and differs from others only in case.
pub(super) fn name(n: u32) -> String {
    match n % 3 {
        0 => format!("Thing {}", n % 4),
        1 => format!("thing {}", n % 5),
        _ => format!("\u{c6}r\u{f8} {n}"),
    }
}

fn next(model: &Model, n: u32, index: &Index, what: u8) -> Option<Vec<Next>> {
    let organisations = &model.numbered.organisations;
    let name = name(n).parse().expect("a name");
    let (id, event) = match what % 9 {
        0..3 => (organisation(n), OrganisationEvent::Founded { name }),
        3 => (organisation(n), OrganisationEvent::FoundedBySignUp { name }),
        4 => (organisation(n), OrganisationEvent::Renamed { name }),
        8 => {
            let user = aggregates::values::UserId(organisation(n).uuid());
            let event = match n % 2 {
                0 => OrganisationEvent::MemberJoined { user },
                _ => OrganisationEvent::MemberLeft { user },
            };
            (organisation(n), event)
        }
        5 | 6 => (one(organisations, index)?.id, OrganisationEvent::Renamed { name }),
        _ => (one(organisations, index)?.id, OrganisationEvent::Deleted {}),
    };
    Some(vec![(id.uuid(), Event::Organisation(event))])
}

fn take(model: &mut Model, recorded: &Recorded) {
    let Some(event) = recorded.event.of::<Organisation>() else {
        return;
    };
    let id = OrganisationId::parse(&recorded.aggregate_id).expect("an id");
    let model = &mut model.numbered;
    let by = UserId::parse(&recorded.actor).ok();
    match event {
        OrganisationEvent::Founded { name } => {
            model.uses(Numbered::Organisation, id.ordinal());
            model.organisations.push(OrganisationRow {
                id,
                name: name.to_string(),
                created_at: recorded.recorded_at,
                created_by: by,
                updated_at: recorded.recorded_at,
                updated_by: by,
            });
        }
        OrganisationEvent::FoundedBySignUp { .. } => model.uses(Numbered::Organisation, id.ordinal()),
        OrganisationEvent::MemberJoined { .. } | OrganisationEvent::MemberLeft { .. } => {}
        OrganisationEvent::Renamed { name } => {
            for row in model.organisations.iter_mut().filter(|row| row.id == id) {
                (row.name, row.updated_at) = (name.to_string(), recorded.recorded_at);
                row.updated_by = by;
            }
        }
        OrganisationEvent::Deleted {} => {
            model.organisations.retain(|row| row.id != id);
            for account in &mut model.accounts {
                account.requests.remove(&id);
            }
        }
    }
}

async fn agree(world: &World, model: &Model) -> Result<(), TestCaseError> {
    numbered::agree(world, &model.numbered).await?;
    let (db, rows) = (&world.db, &model.numbered.organisations);
    for row in rows {
        let found = organisations::find(db, row.id).await.expect("organisations");
        prop_assert_eq!(found.as_ref(), Some(row));
    }
    let nobody = organisation(9_999);
    prop_assert_eq!(
        organisations::find(db, nobody).await.expect("organisations"),
        None
    );
    let some: Vec<_> = rows.iter().step_by(2).map(|row| row.id).chain([nobody]).collect();
    let chosen: Vec<_> = rows.iter().step_by(2).cloned().collect();
    let mut by_number = chosen.clone();
    by_number.sort_by_key(|row| row.id);
    prop_assert_eq!(
        organisations::find_many(db, &some).await.expect("organisations"),
        by_number
    );
    for sorting in sortings(&[OrganisationSort::Id, OrganisationSort::Name]) {
        let key = |row: &OrganisationRow| match sorting.by {
            OrganisationSort::Id => String::new(),
            OrganisationSort::Name => row.name.to_lowercase(),
        };
        for slice in SLICES {
            for (among, expected) in [
                (Among::All, rows.clone()),
                (Among::These(&some), chosen.clone()),
                (Among::Organisations(&some), chosen.clone()),
                (Among::These(&[]), vec![]),
            ] {
                let found = organisations::page(db, among, sorting, slice).await;
                let expected = sorted(expected, sorting.descending, key, &slice);
                prop_assert_eq!(found.expect("organisations"), expected, "{:?}", sorting);
            }
        }
    }
    Ok(())
}
