//! Sign-ins in the model. No list shows them: their tokens are sessions.

use aggregates::{
    Event, Recorded,
    sign_in::{SignIn, SignInEnd, SignInEvent},
    values::{Audience, SignInId},
};
use proptest::sample::Index;
use uuid::Uuid;

use super::{Model, Part};
use crate::world::NOW;

pub(super) const PART: Part = Part {
    next: |model, n, index, what| Some(vec![next(model, n, index, what)?]),
    take,
    agree: |_, _| Box::pin(async { Ok(()) }),
};

fn next(model: &Model, n: u32, index: &Index, what: u8) -> Option<(Uuid, Event)> {
    let id = match what % 5 {
        0 => SignInId::of(Uuid::from_u128(u128::from(n) << 64)),
        _ => *model.sign_ins.get(index.index(model.sign_ins.len().max(1)))?,
    };
    let event = match what % 5 {
        0 => SignInEvent::Begun {
            user_id: model.users.get(index.index(model.users.len().max(1)))?.row.id,
            face: Audience::Nx,
            proved_at: i64::from(n),
            hours: 8,
            expires_at: NOW.plus_hours(8),
        },
        1 => SignInEvent::AccessIssued {
            number: n,
            issued_at: NOW,
            expires_at: NOW.plus_hours(1),
        },
        2 => SignInEvent::Rotated {
            generation: n,
            expires_at: NOW.plus_hours(9),
        },
        3 => SignInEvent::ProvedAgain {
            proved_at: i64::from(n),
        },
        _ => SignInEvent::Ended {
            reason: SignInEnd::SignedOut,
        },
    };
    Some((id.0, Event::SignIn(event)))
}

fn take(model: &mut Model, recorded: &Recorded) {
    let Some(event) = recorded.event.of::<SignIn>() else {
        return;
    };
    match event {
        SignInEvent::Begun { .. } => {
            let id = SignInId::parse(&recorded.aggregate_id).expect("an id");
            model.sign_ins.push(id);
        }
        SignInEvent::AccessIssued { .. }
        | SignInEvent::Rotated { .. }
        | SignInEvent::ProvedAgain { .. }
        | SignInEvent::Ended { .. } => {}
    }
}
