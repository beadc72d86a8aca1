//! Registrations in the model.

use aggregates::{
    Event, Recorded,
    client_registry::{ClientRegistry, ClientRegistryEvent, ClientRegistryId},
    registration::{CredentialType, Registration, RegistrationEvent, Wishes},
    user::{User, UserEvent},
    values::{PasswordHash, RegistrationId, Timestamp, UserId},
};
use projections::registrations::{self, RegistrationRow};
use proptest::{prelude::*, sample::Index, test_runner::TestCaseError};
use uuid::Uuid;

use super::{Model, Part};
use crate::world::{NOW, World, user_created, user_id};

pub(super) const PART: Part = Part {
    next: |model, n, index, what| Some(vec![next(model, n, index, what)?]),
    take,
    agree: |world, model| Box::pin(agree(world, model)),
};

/// Every third registration has expired when the tests ask, and every second one has the name of an earlier one that may have ended.
fn next(model: &Model, n: u32, index: &Index, what: u8) -> Option<(Uuid, Event)> {
    let chosen = model
        .registrations
        .get(index.index(model.registrations.len().max(1)));
    match what % 8 {
        0..3 => {
            let username = match chosen {
                Some(row) if n.is_multiple_of(2) => row.username.clone(),
                _ => format!("user.{n}"),
            };
            let wishes = Wishes {
                context: Some(format!("device {n}")),
                ..Wishes::default()
            };
            let hours = i64::from(what % 3) - 1;
            let requested = RegistrationEvent::Requested {
                username,
                credential: match what % 2 {
                    0 => CredentialType::Password,
                    _ => CredentialType::Certificate,
                },
                password_hash: Some(PasswordHash::new("$argon2id$")),
                csr: None,
                wishes: wishes.to_text().expect("short"),
                expires_at: NOW.plus_hours(hours),
            };
            Some((user_id(n).0, Event::Registration(requested)))
        }
        3 => Some((chosen?.id.0, Event::Registration(RegistrationEvent::Confirmed {}))),
        4 => Some((chosen?.id.0, Event::Registration(RegistrationEvent::Rejected {}))),
        5 => Some((chosen?.id.0, Event::Registration(RegistrationEvent::Expired {}))),
        6 => {
            let id = chosen?.id.user();
            let is_new = model.users.iter().all(|user| user.row.id != id);
            let (_, created) = user_created(n, &format!("user.{n}"), false);
            is_new.then_some((id.0, created))
        }
        _ => {
            let event = match n % 2 {
                0 => ClientRegistryEvent::Closed {},
                _ => ClientRegistryEvent::Opened {
                    until: NOW,
                    most_pending: 7,
                },
            };
            Some((ClientRegistryId::THE_ONE.0, Event::ClientRegistry(event)))
        }
    }
}

fn take(model: &mut Model, recorded: &Recorded) {
    if let Some(event) = recorded.event.of::<Registration>() {
        let id = RegistrationId::parse(&recorded.aggregate_id).expect("an id");
        take_own(model, recorded.recorded_at, id, event);
    }
    if let Some(event) = recorded.event.of::<User>() {
        let id = UserId::parse(&recorded.aggregate_id)
            .expect("an id")
            .registration();
        take_of_user(model, id, event);
    }
    // The window is no row.
    assert!(recorded.event.of::<ClientRegistry>().is_none() || recorded.event.of::<User>().is_none());
}

fn take_own(model: &mut Model, at: Timestamp, id: RegistrationId, event: &RegistrationEvent) {
    match event {
        RegistrationEvent::Requested {
            username,
            credential,
            password_hash: _,
            csr: _,
            wishes,
            expires_at,
        } => model.registrations.push(RegistrationRow {
            id,
            username: username.clone(),
            credential: *credential,
            wishes: Wishes::from_text(wishes),
            requested_at: at,
            expires_at: *expires_at,
            granted: false,
        }),
        RegistrationEvent::Confirmed {} => {
            let held = model.registrations.iter_mut().filter(|row| row.id == id);
            held.for_each(|row| row.granted = true);
        }
        RegistrationEvent::Rejected {} | RegistrationEvent::Expired {} => {
            model.registrations.retain(|row| row.id != id);
        }
    }
}

fn take_of_user(model: &mut Model, id: RegistrationId, event: &UserEvent) {
    match event {
        UserEvent::Renamed { username } => {
            let held = model.registrations.iter_mut().filter(|row| row.id == id);
            held.for_each(|row| row.username.clone_from(username));
        }
        UserEvent::Revoked {} | UserEvent::Deleted {} => model.registrations.retain(|row| row.id != id),
        UserEvent::Created { .. }
        | UserEvent::PasswordChanged { .. }
        | UserEvent::PasswordSet { .. }
        | UserEvent::PasswordRehashed { .. }
        | UserEvent::PublishPrefixChanged { .. }
        | UserEvent::IdentityProviderChanged { .. }
        | UserEvent::GrantTypesChanged { .. }
        | UserEvent::MfaEnforcementChanged { .. }
        | UserEvent::PasswordChangeDemanded { .. }
        | UserEvent::TotpOffered { .. }
        | UserEvent::TotpEnrolled { .. }
        | UserEvent::SecondFactorUsed { .. }
        | UserEvent::SecondFactorRefused { .. }
        | UserEvent::BackupCodesReplaced { .. }
        | UserEvent::SecondFactorDisabled { .. }
        | UserEvent::RoleGranted { .. }
        | UserEvent::RoleRevoked { .. }
        | UserEvent::PermissionGranted { .. }
        | UserEvent::PermissionRevoked { .. }
        | UserEvent::CertificateAdded { .. }
        | UserEvent::CertificateRemoved { .. }
        | UserEvent::TokensRevoked {}
        | UserEvent::SessionsEnded { .. }
        | UserEvent::SessionsByMethodEnded { .. } => {}
    }
}

async fn agree(world: &World, model: &Model) -> Result<(), TestCaseError> {
    let db = &world.db;
    let alive = |row: &&RegistrationRow| row.expires_at > NOW;
    let listed: Vec<_> = model.registrations.iter().filter(alive).cloned().collect();
    prop_assert_eq!(registrations::list(db, NOW).await.expect("registrations"), listed);
    let mut expired: Vec<_> = model
        .registrations
        .iter()
        .filter(|row| !row.granted && !alive(row))
        .map(|row| row.id)
        .collect();
    let mut found = registrations::expired(db, NOW, 1_000)
        .await
        .expect("registrations");
    expired.sort();
    found.sort();
    prop_assert_eq!(found, expired);
    for row in &model.registrations {
        let found = registrations::find(db, &row.username, NOW)
            .await
            .expect("registrations");
        let same_name = model
            .registrations
            .iter()
            .filter(|one| one.username == row.username);
        let candidates: Vec<_> = same_name.filter(|one| one.granted || alive(one)).collect();
        match found {
            Some(found) => {
                prop_assert!(candidates.contains(&&found));
                prop_assert_eq!(found.granted, candidates.iter().any(|one| one.granted));
            }
            None => prop_assert!(candidates.is_empty()),
        }
    }
    let nobody = registrations::find(db, "nobody", NOW).await;
    prop_assert_eq!(nobody.expect("registrations"), None);
    Ok(())
}
