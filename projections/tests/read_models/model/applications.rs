//! Applications in the model.

use std::collections::BTreeSet;

use aggregates::{
    Event, Recorded,
    application::{Application, ApplicationDetails, ApplicationEvent, ApplicationStatus},
    values::{ApplicationId, Timestamp, UserId},
};
use projections::{
    applications::{self, ApplicationFilter, ApplicationRow, ApplicationSort, ApplicationsAmong},
    ordinals::Numbered,
};
use proptest::{prelude::*, sample::Index, test_runner::TestCaseError};

use super::{
    Model, Next, Part,
    numbered::{SLICES, application, group, last, one, organisation, sorted, sortings},
    organisations::name,
};
use crate::world::World;

pub(super) const PART: Part = Part {
    next,
    take,
    agree: |world, model| Box::pin(agree(world, model)),
};

fn described(n: u32) -> ApplicationEvent {
    let text = |what: &str, every: u32| (!n.is_multiple_of(every)).then(|| format!("{what} {}", name(n)));
    let time = |every: u32| {
        (!n.is_multiple_of(every)).then(|| Timestamp::from_micros(1_800_000_000_000_000 - i64::from(n % 6)))
    };
    ApplicationEvent::Described {
        description: text("What", 2),
        status: ApplicationStatus::ALL[n as usize % 4],
        start_date: time(3),
        end_date: time(4),
        category: text("Of", 3),
        owner: text("Ada", 4),
        contact_person: text("grace", 5),
        contact_email: text("grace@", 2),
        contact_phone: text("7", 2),
        personal_data: [None, Some(true), Some(false)][n as usize % 3],
        hardware: text("Box", 2),
        controlled_properties: vec![format!("property {n}")],
        device_types: vec![],
    }
}

fn next(model: &Model, n: u32, index: &Index, what: u8) -> Option<Vec<Next>> {
    let of = |id: ApplicationId, event| Some(vec![(id.uuid(), Event::Application(event))]);
    let name = name(n).parse().expect("a name");
    if what % 10 < 5 {
        let created = ApplicationEvent::Created {
            organisation: organisation(1 + n % 3),
            name,
        };
        let mut unit = of(application(n), created)?;
        if what.is_multiple_of(2) {
            unit.extend(of(application(n), described(n))?);
        }
        return Some(unit);
    }
    let id = one(&model.numbered.applications, index)?.id;
    match what % 10 {
        5 | 6 => of(id, described(n)),
        7 => of(id, ApplicationEvent::Renamed { name }),
        8 => {
            let organisation = organisation(1 + n % 3);
            of(id, ApplicationEvent::Moved { organisation })
        }
        _ => of(id, ApplicationEvent::Deleted {}),
    }
}

fn take(model: &mut Model, recorded: &Recorded) {
    let Some(event) = recorded.event.of::<Application>() else {
        return;
    };
    let id = ApplicationId::parse(&recorded.aggregate_id).expect("an id");
    let (model, at) = (&mut model.numbered, recorded.recorded_at);
    let by = UserId::parse(&recorded.actor).ok();
    if let ApplicationEvent::Created { organisation, name } = event {
        model.uses(Numbered::Application, id.ordinal());
        model.applications.push(ApplicationRow {
            id,
            organisation: *organisation,
            name: name.to_string(),
            details: ApplicationDetails::default(),
            created_at: at,
            created_by: by,
            updated_at: at,
            updated_by: by,
        });
    }
    let Some(row) = model.applications.iter_mut().find(|row| row.id == id) else {
        return;
    };
    (row.updated_at, row.updated_by) = (at, by);
    match event {
        ApplicationEvent::Created { .. } => {}
        ApplicationEvent::Renamed { name } => row.name = name.to_string(),
        ApplicationEvent::Moved { organisation } => row.organisation = *organisation,
        ApplicationEvent::Described { .. } => row.details = ApplicationDetails::of(event).expect("details"),
        ApplicationEvent::Deleted {} => model.applications.retain(|row| row.id != id),
    }
}

/// What the rows are sorted by: a text that may be missing, and a number that may be missing.
type Compared = (bool, Option<String>, (bool, Option<i64>));

fn key(by: ApplicationSort, row: &ApplicationRow) -> Compared {
    let details = &row.details;
    let text = |text: Option<&str>| (text.is_none(), text.map(str::to_lowercase), (false, None));
    let number = |number: Option<i64>| (false, None, last(number));
    match by {
        ApplicationSort::Id => number(Some(0)),
        ApplicationSort::Name => text(Some(&row.name)),
        ApplicationSort::UpdatedAt => number(Some(row.updated_at.micros())),
        ApplicationSort::Status => number(Some(details.status as i64)),
        ApplicationSort::StartDate => number(details.start_date.map(Timestamp::micros)),
        ApplicationSort::EndDate => number(details.end_date.map(Timestamp::micros)),
        ApplicationSort::Owner => text(details.owner.as_deref()),
        ApplicationSort::ContactPerson => text(details.contact_person.as_deref()),
        ApplicationSort::PersonalData => number(details.personal_data.map(i64::from)),
    }
}

async fn agree(world: &World, model: &Model) -> Result<(), TestCaseError> {
    let (db, rows) = (&world.db, &model.numbered.applications);
    for row in rows {
        let found = applications::find(db, row.id).await.expect("applications");
        prop_assert_eq!(found.as_ref(), Some(row));
    }
    let nothing = applications::find(db, application(9_999)).await;
    prop_assert_eq!(nothing.expect("applications"), None);
    let chosen: Vec<_> = rows.iter().step_by(2).cloned().collect();
    let some: Vec<_> = chosen
        .iter()
        .map(|row| row.id)
        .chain([application(9_999)])
        .collect();
    let mut by_number = chosen.clone();
    by_number.sort_by_key(|row| row.id);
    prop_assert_eq!(
        applications::find_many(db, &some).await.expect("applications"),
        by_number
    );

    agree_on_pages(world, model, (&some, chosen)).await
}

async fn agree_on_pages(
    world: &World,
    model: &Model,
    (some, chosen): (&[ApplicationId], Vec<ApplicationRow>),
) -> Result<(), TestCaseError> {
    let (db, rows) = (&world.db, &model.numbered.applications);
    let groups: Vec<_> = model.numbered.groups.iter().step_by(2).collect();
    let attached: BTreeSet<_> = groups
        .iter()
        .flat_map(|held| &held.applications)
        .copied()
        .collect();
    let groups: Vec<_> = groups
        .iter()
        .map(|held| held.row.id)
        .chain([group(9_999)])
        .collect();
    let (first, second) = (organisation(1), organisation(2));
    let of = |wanted: &dyn Fn(&ApplicationRow) -> bool| -> Vec<_> {
        rows.iter().filter(|row| wanted(row)).cloned().collect()
    };
    let reached = |organisations, within| ApplicationsAmong::Reached {
        organisations,
        groups: &groups,
        within,
    };
    let nothing = ApplicationsAmong::Reached {
        organisations: &[],
        groups: &[],
        within: None,
    };
    let firsts = [first];
    let all = [
        (ApplicationsAmong::All, rows.clone()),
        (
            ApplicationsAmong::Organisation(first),
            of(&|row| row.organisation == first),
        ),
        (ApplicationsAmong::Organisation(organisation(9_999)), vec![]),
        (ApplicationsAmong::These(some), chosen),
        (ApplicationsAmong::These(&[]), vec![]),
        (nothing, vec![]),
        (
            reached(&firsts, None),
            of(&|row| row.organisation == first || attached.contains(&row.id)),
        ),
        (
            reached(&firsts, Some(first)),
            of(&|row| row.organisation == first),
        ),
        (
            reached(&firsts, Some(second)),
            of(&|row| row.organisation == second && attached.contains(&row.id)),
        ),
    ];
    for (among, chosen) in &all {
        agree_on_filters(world, *among, chosen).await?;
    }
    for sorting in sortings(&ApplicationSort::ALL) {
        for slice in SLICES.iter().skip(1).step_by(2).chain(SLICES.last()) {
            for (among, expected) in &all {
                let found = applications::page(db, *among, sorting, *slice).await;
                let key = |row: &ApplicationRow| key(sorting.by, row);
                let expected = sorted(expected.clone(), sorting.descending, key, slice);
                prop_assert_eq!(
                    found.expect("applications"),
                    expected,
                    "{:?} {:?}",
                    among,
                    sorting
                );
            }
        }
    }
    Ok(())
}

/// The applications that a filter leaves, and the owners of all of them.
async fn agree_on_filters(
    world: &World,
    among: ApplicationsAmong<'_>,
    chosen: &[ApplicationRow],
) -> Result<(), TestCaseError> {
    let owners: BTreeSet<(String, String)> = chosen
        .iter()
        .filter_map(|row| row.details.owner.clone())
        .map(|owner| (owner.to_lowercase(), owner))
        .collect();
    let expected: Vec<_> = owners.iter().map(|(_, owner)| owner.clone()).collect();
    for most in [0, 1, 1_000] {
        let found = applications::owners(&world.db, among, most)
            .await
            .expect("owners");
        let first = &expected[..expected.len().min(usize::try_from(most).expect("small"))];
        prop_assert_eq!(&found, first, "{:?}", among);
    }
    let owner = expected.last().cloned();
    let other_case = owner.as_ref().map(|owner| owner.to_uppercase());
    let filter = |status, owner: &Option<String>| ApplicationFilter {
        status,
        owner: owner.clone(),
    };
    let status = Some(ApplicationStatus::Prototype);
    let sorting = sortings(&[ApplicationSort::Id, ApplicationSort::Name]);
    for filter in [
        filter(None, &None),
        filter(status, &None),
        filter(None, &owner),
        filter(None, &other_case),
        filter(Some(ApplicationStatus::Other), &owner),
    ] {
        let meets = |row: &&ApplicationRow| {
            filter.status.is_none_or(|status| status == row.details.status)
                && filter
                    .owner
                    .as_ref()
                    .is_none_or(|owner| Some(owner) == row.details.owner.as_ref())
        };
        let left: Vec<_> = chosen.iter().filter(meets).cloned().collect();
        for sorting in sorting.clone() {
            for slice in SLICES.iter().skip(1).step_by(2) {
                let found = applications::filtered(&world.db, among, &filter, sorting, *slice).await;
                let key = |row: &ApplicationRow| key(sorting.by, row);
                let expected = sorted(left.clone(), sorting.descending, key, slice);
                prop_assert_eq!(found.expect("applications"), expected, "{:?} {:?}", among, filter);
            }
        }
    }
    Ok(())
}
