//! Agreements, licences and seats in the model.

use std::{cmp::Ordering, collections::BTreeSet};

use aggregates::{
    Event, Recorded,
    agreement::{Agreement, AgreementEvent},
    licence::{Licence, LicenceEvent},
    seat::{Seat, SeatEvent},
    values::{AgreementId, DeviceId, LicenceId, OrganisationId, Timestamp},
};
use projections::{
    Sorting,
    licences::{
        self, AgreementRow, AgreementSort, LicenceFilter, LicenceRow, LicenceSort, LicencesAmong, SeatRow,
    },
};
use proptest::{prelude::*, sample::Index, test_runner::TestCaseError};
use uuid::Uuid;

use super::{
    Model, Next, Part,
    numbered::{SLICES, last, one, organisation, sorted, sortings},
    organisations::name,
};
use crate::world::{NOW, World, user_id};

pub(super) const PART: Part = Part {
    next,
    take,
    agree: |world, model| Box::pin(agree(world, model)),
};

/// More than there are.
const MOST_SORTED: i64 = 1_000_000;

/// Each list is in the order of creation.
#[derive(Clone, Debug, Default)]
pub(crate) struct ModelLicences {
    agreements: Vec<AgreementRow>,
    licences: Vec<LicenceRow>,
    seats: BTreeSet<SeatRow>,
}

fn uuid(kind: u128, n: u32) -> Uuid {
    Uuid::from_u128((kind << 64) | u128::from(n))
}

fn device(n: u32) -> DeviceId {
    DeviceId(uuid(3, n % 4))
}

fn created(n: u32) -> AgreementEvent {
    let texts = |count: u32| {
        let texts = (0..count).map(|text| name(text).parse().expect("a name"));
        texts.collect()
    };
    AgreementEvent::Created {
        name: name(n).parse().expect("a name"),
        kind: ["trial", "rent"][n as usize % 2].parse().expect("a name"),
        provides: texts(n % 3),
        published_at: n.is_multiple_of(2).then(|| NOW.plus_hours(-i64::from(n % 5))),
        provider: n.is_multiple_of(3).then(|| organisation(1 + n % 3)),
    }
}

fn issued(n: u32, agreement: AgreementId) -> LicenceEvent {
    let time = |every: u32| NOW.plus_hours(i64::from(n % every));
    LicenceEvent::Issued {
        agreement,
        organisation: organisation(1 + n % 3),
        licence_key: format!("{}{}_{n}", ["Key-", "kEY.", "lock"][n as usize % 3], n % 2)
            .parse()
            .expect("a key"),
        starts_at: time(3),
        expires_at: (!n.is_multiple_of(4)).then(|| time(5).plus_hours(10)),
        paid_until_at: n.is_multiple_of(2).then(|| time(7)),
        amount_per_month: n,
        discount_bp: n % 7,
        catalogue: (0..n % 3).map(|n| uuid(4, n)).collect(),
        seats: n % 9,
    }
}

fn next(model: &Model, n: u32, index: &Index, what: u8) -> Option<Vec<Next>> {
    let model = &model.licences;
    if what.is_multiple_of(8) {
        return Some(vec![(uuid(1, n), Event::Agreement(created(n)))]);
    }
    if what % 8 < 4 {
        let agreement = one(&model.agreements, index)?.id;
        return Some(vec![(uuid(2, n), Event::Licence(issued(n, agreement)))]);
    }
    let licence = one(&model.licences, index)?;
    let of_licence = |event| Some(vec![(licence.id.0, Event::Licence(event))]);
    match what % 8 {
        4 => of_licence(LicenceEvent::Signed { user: user_id(n) }),
        5 if licence.is_suspended => of_licence(LicenceEvent::Resumed {}),
        5 => of_licence(LicenceEvent::Suspended {}),
        6 => {
            let (licence, device) = (licence.id, device(n));
            let is_free = !model.seats.contains(&SeatRow { licence, device });
            let event = Event::Seat(SeatEvent::Assigned { licence, device });
            is_free.then(|| vec![(licence.seat(device).0, event)])
        }
        _ => {
            let SeatRow { licence, device } = *model.seats.first()?;
            let event = Event::Seat(SeatEvent::Released { licence, device });
            Some(vec![(licence.seat(device).0, event)])
        }
    }
}

fn take(model: &mut Model, recorded: &Recorded) {
    let model = &mut model.licences;
    if let Some(event) = recorded.event.of::<Agreement>() {
        match event {
            AgreementEvent::Created {
                name,
                kind,
                provides,
                published_at,
                provider,
            } => model.agreements.push(AgreementRow {
                id: AgreementId::parse(&recorded.aggregate_id).expect("an id"),
                name: name.to_string(),
                kind: kind.to_string(),
                provides: provides.iter().map(ToString::to_string).collect(),
                published_at: *published_at,
                provider: *provider,
            }),
        }
    }
    if let Some(event) = recorded.event.of::<Seat>() {
        match event {
            SeatEvent::Assigned { licence, device } => model.seats.insert(SeatRow {
                licence: *licence,
                device: *device,
            }),
            SeatEvent::Released { licence, device } => model.seats.remove(&SeatRow {
                licence: *licence,
                device: *device,
            }),
        };
    }
    if let Some(event) = recorded.event.of::<Licence>() {
        let id = LicenceId::parse(&recorded.aggregate_id).expect("an id");
        take_licence(model, recorded.recorded_at, id, event);
    }
}

fn take_licence(model: &mut ModelLicences, at: Timestamp, id: LicenceId, event: &LicenceEvent) {
    if let LicenceEvent::Issued {
        agreement,
        organisation,
        licence_key,
        starts_at,
        expires_at,
        paid_until_at,
        amount_per_month,
        discount_bp,
        catalogue,
        seats,
    } = event
    {
        let agreement = model.agreements.iter().find(|row| row.id == *agreement);
        model.licences.push(LicenceRow {
            id,
            agreement: agreement.expect("an agreement").clone(),
            organisation: *organisation,
            licence_key: licence_key.to_string(),
            starts_at: *starts_at,
            expires_at: *expires_at,
            paid_until_at: *paid_until_at,
            amount_per_month: i64::from(*amount_per_month),
            discount_bp: i64::from(*discount_bp),
            catalogue: catalogue.clone(),
            seats: i64::from(*seats),
            signed_by: None,
            signed_at: None,
            is_suspended: false,
        });
    }
    for row in model.licences.iter_mut().filter(|row| row.id == id) {
        match event {
            LicenceEvent::Issued { .. } => {}
            LicenceEvent::Signed { user } => (row.signed_by, row.signed_at) = (Some(*user), Some(at)),
            LicenceEvent::Suspended {} => row.is_suspended = true,
            LicenceEvent::Resumed {} => row.is_suspended = false,
        }
    }
}

fn compare(by: LicenceSort, one: &LicenceRow, other: &LicenceRow) -> Ordering {
    let name = |row: &LicenceRow| row.agreement.name.to_lowercase();
    match by {
        LicenceSort::AgreementName => name(one).cmp(&name(other)),
        LicenceSort::LicenceKey => one.licence_key.cmp(&other.licence_key),
        LicenceSort::StartsAt => one.starts_at.cmp(&other.starts_at),
        LicenceSort::ExpiresAt => last(one.expires_at).cmp(&last(other.expires_at)),
    }
}

/// Licences that are in the order of creation, in this order.
fn in_order(mut rows: Vec<LicenceRow>, order: &[Sorting<LicenceSort>]) -> Vec<LicenceRow> {
    if order.first().is_some_and(|first| first.descending) {
        rows.reverse();
    }
    rows.sort_by(|one, other| {
        let keys = order.iter().map(|key| {
            let compared = compare(key.by, one, other);
            if key.descending {
                compared.reverse()
            } else {
                compared
            }
        });
        keys.fold(Ordering::Equal, Ordering::then)
    });
    rows
}

/// No key, each key, and several keys, in both directions.
fn orders() -> Vec<Vec<Sorting<LicenceSort>>> {
    let each = sortings(&LicenceSort::ALL);
    let mut orders: Vec<_> = each.iter().map(|one| vec![*one]).collect();
    orders.push(vec![]);
    for (n, first) in each.iter().enumerate() {
        let further = [2, 5].map(|step| each[(n + step) % each.len()]);
        orders.push(std::iter::once(*first).chain(further).collect());
    }
    orders
}

/// Nothing, and each kind of filter.
fn filters() -> Vec<LicenceFilter> {
    let none = LicenceFilter::default;
    let part = |text: &str| Some(text.to_owned());
    vec![
        LicenceFilter {
            key_part: part("KEY-1_"),
            ..none()
        },
        LicenceFilter {
            key_part: part("%"),
            ..none()
        },
        LicenceFilter {
            device: Some(device(1)),
            ..none()
        },
        LicenceFilter {
            kind: part("trial"),
            agreement: Some(name(0)),
            key_part: part("o"),
            ..none()
        },
    ]
}

/// Whether a licence has all that a filter asks for.
fn fits(filter: &LicenceFilter, model: &ModelLicences, row: &LicenceRow) -> bool {
    let is = |wanted: &Option<String>, value: &str| wanted.as_ref().is_none_or(|wanted| wanted == value);
    let key = row.licence_key.to_lowercase();
    let has_part = |part: &String| key.contains(&part.to_lowercase());
    let has_seat = |device| {
        let licence = row.id;
        model.seats.contains(&SeatRow { licence, device })
    };
    is(&filter.kind, &row.agreement.kind)
        && is(&filter.agreement, &row.agreement.name)
        && filter.key_part.as_ref().is_none_or(has_part)
        && filter.device.is_none_or(has_seat)
}

async fn agree(world: &World, model: &Model) -> Result<(), TestCaseError> {
    let (db, model) = (&world.db, &model.licences);
    for row in &model.agreements {
        let found = licences::agreement(db, row.id).await.expect("agreements");
        prop_assert_eq!(found.as_ref(), Some(row));
    }
    for row in &model.licences {
        let found = licences::find(db, row.id).await.expect("licences");
        prop_assert_eq!(found.as_ref(), Some(row));
    }
    let nothing = licences::find(db, LicenceId(uuid(9, 9))).await;
    prop_assert_eq!(nothing.expect("licences"), None);
    for sorting in sortings(&[AgreementSort::Creation, AgreementSort::Name]) {
        let key = |row: &AgreementRow| match sorting.by {
            AgreementSort::Creation => String::new(),
            AgreementSort::Name => row.name.to_lowercase(),
        };
        for slice in SLICES {
            let found = licences::agreements(db, sorting, slice).await;
            let expected = sorted(model.agreements.clone(), sorting.descending, key, &slice);
            prop_assert_eq!(found.expect("agreements"), expected, "{:?}", sorting);
        }
    }
    for wanted in (0..4).map(device) {
        let held = model.seats.iter().filter(|seat| seat.device == wanted).copied();
        let found = licences::seats_of(db, [wanted]).await.expect("seats");
        prop_assert_eq!(found, held.collect::<Vec<_>>());
    }
    let found = licences::seats_of(db, (0..4).map(device)).await;
    prop_assert_eq!(found.expect("seats").len(), model.seats.len());
    agree_on_pages(world, model).await
}

async fn agree_on_pages(world: &World, model: &ModelLicences) -> Result<(), TestCaseError> {
    let (one, two): ([OrganisationId; 1], [OrganisationId; 2]) =
        ([organisation(2)], [organisation(1), organisation(3)]);
    let all_of = |ids: &[OrganisationId]| {
        let of = model
            .licences
            .iter()
            .filter(|row| ids.contains(&row.organisation));
        of.cloned().collect::<Vec<_>>()
    };
    let (orders, none) = (orders(), LicenceFilter::default());
    // With a filter, the database sorts: a few orders show that it does.
    let mut asked: Vec<_> = orders.iter().map(|order| (none.clone(), order)).collect();
    for (filter, order) in filters().iter().zip(orders.iter().rev()) {
        asked.push((filter.clone(), order));
    }
    for (filter, order) in asked {
        for (among, rows) in [
            (LicencesAmong::All, model.licences.clone()),
            (LicencesAmong::Organisations(&one), all_of(&one)),
            (LicencesAmong::Organisations(&two), all_of(&two)),
            (LicencesAmong::Organisations(&[]), vec![]),
        ] {
            let fitting = rows.into_iter().filter(|row| fits(&filter, model, row));
            let expected = in_order(fitting.collect(), order);
            for slice in &SLICES[1..3] {
                let found = licences::page(&world.db, among, &filter, order, *slice, MOST_SORTED).await;
                let expected = slice.of(expected.clone()).rows;
                prop_assert_eq!(found.expect("licences"), expected, "{:?} {:?}", order, &filter);
            }
        }
    }
    Ok(())
}
