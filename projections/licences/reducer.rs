//! How events change agreements, licences and seats.

use aggregates::{
    Recorded,
    agreement::{Agreement, AgreementEvent},
    licence::{Licence, LicenceEvent},
    seat::{Seat, SeatEvent},
    values::{AgreementId, LicenceId, SeatId},
};

use super::record::{AgreementRecord, Catalogue, LicenceRecord, SeatRecord};
use crate::{
    applications::record::Moment,
    numbered::folded,
    store::{Changes, Fold, FoldOf, Needs, ReadModel, RecordType, sql::Error},
};

/// The read model.
#[derive(Debug)]
pub(crate) struct Licences;

impl ReadModel for Licences {
    const NAME: &'static str = "licences";
    const VERSION: i64 = 1;
    const RECORDS: &'static [RecordType] = &[
        RecordType::of::<AgreementRecord>(),
        RecordType::of::<LicenceRecord>(),
        RecordType::of::<SeatRecord>(),
    ];
    const FOLDS: &'static [Fold] = &[
        Fold::of(&FoldOf::<Agreement> {
            needs: needs_of_agreement,
            reduce: reduce_agreement,
        }),
        Fold::of(&FoldOf::<Licence> {
            needs: needs_of_licence,
            reduce: reduce_licence,
        }),
        Fold::of(&FoldOf::<Seat> {
            needs: needs_of_seat,
            reduce: reduce_seat,
        }),
    ];
}

fn needs_of_agreement(needs: &mut Needs<'_>, id: AgreementId, event: &AgreementEvent) {
    match event {
        AgreementEvent::Created { .. } => needs.new_row::<AgreementRecord>(id),
    }
}

fn reduce_agreement(
    changes: &mut Changes,
    at: &Recorded,
    id: AgreementId,
    event: &AgreementEvent,
) -> Result<(), Error> {
    match event {
        AgreementEvent::Created {
            name,
            kind,
            provides,
            published_at,
            provider,
        } => changes.put(AgreementRecord {
            agreement_id: id,
            ordinal: at.position,
            name: name.to_string(),
            name_key: folded(name),
            kind: kind.to_string(),
            provides: provides.iter().map(ToString::to_string).collect(),
            published_at: *published_at,
            provider: *provider,
        }),
    }
}

fn needs_of_licence(needs: &mut Needs<'_>, id: LicenceId, event: &LicenceEvent) {
    match event {
        LicenceEvent::Issued { agreement, .. } => {
            needs.row::<AgreementRecord>(*agreement);
            needs.new_row::<LicenceRecord>(id);
        }
        LicenceEvent::Signed { .. } | LicenceEvent::Suspended {} | LicenceEvent::Resumed {} => {
            needs.row::<LicenceRecord>(id);
        }
    }
}

/// Folds an event of the licence `id`.
fn reduce_licence(
    changes: &mut Changes,
    at: &Recorded,
    id: LicenceId,
    event: &LicenceEvent,
) -> Result<(), Error> {
    match event {
        LicenceEvent::Issued {
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
        } => {
            let agreed = changes.get::<AgreementRecord>(agreement)?;
            let agreement_key = agreed.map(|agreed| agreed.name_key.clone());
            changes.put(LicenceRecord {
                licence_id: id,
                ordinal: at.position,
                agreement: *agreement,
                agreement_key: agreement_key.unwrap_or_default(),
                organisation: *organisation,
                licence_key: licence_key.to_string(),
                starts_at: *starts_at,
                expires_at: Moment(*expires_at),
                paid_until_at: *paid_until_at,
                amount_per_month: i64::from(*amount_per_month),
                discount_bp: i64::from(*discount_bp),
                catalogue: Catalogue(catalogue.clone()),
                seats: i64::from(*seats),
                signed_by: None,
                signed_at: None,
                is_suspended: false,
            })
        }
        LicenceEvent::Signed { user } => change(changes, id, |licence| {
            (licence.signed_by, licence.signed_at) = (Some(*user), Some(at.recorded_at));
        }),
        LicenceEvent::Suspended {} => change(changes, id, |licence| licence.is_suspended = true),
        LicenceEvent::Resumed {} => change(changes, id, |licence| licence.is_suspended = false),
    }
}

fn change(
    changes: &mut Changes,
    id: LicenceId,
    change: impl FnOnce(&mut LicenceRecord),
) -> Result<(), Error> {
    if let Some(licence) = changes.change::<LicenceRecord>(&id)? {
        change(licence);
    }
    Ok(())
}

/// Seats are written and deleted as a whole.
fn needs_of_seat(_: &mut Needs<'_>, _: SeatId, event: &SeatEvent) {
    match event {
        SeatEvent::Assigned { .. } | SeatEvent::Released { .. } => {}
    }
}

fn reduce_seat(changes: &mut Changes, _: &Recorded, _: SeatId, event: &SeatEvent) -> Result<(), Error> {
    match event {
        SeatEvent::Assigned { licence, device } => changes.put_new(SeatRecord {
            licence: *licence,
            device: *device,
        }),
        SeatEvent::Released { licence, device } => changes.delete::<SeatRecord>((*licence, *device)),
    }
}
