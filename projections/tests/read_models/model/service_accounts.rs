//! Service accounts in the model.

use aggregates::{
    Event, Recorded,
    service_account::{ClientSecretId, ServiceAccount, ServiceAccountEvent, ServiceAccountId},
    user::{User, UserEvent},
    values::{KeyDigest, UserId},
};
use projections::service_accounts::{self, ServiceAccountRow};
use proptest::{prelude::*, sample::Index, test_runner::TestCaseError};
use uuid::Uuid;

use super::{Model, Part};
use crate::{
    histories::pages,
    world::{NOW, World, user_id},
};

pub(super) const PART: Part = Part {
    next: |model, n, index, what| Some(vec![next(model, n, index, what)?]),
    take,
    agree: |world, model| Box::pin(agree(world, model)),
};

/// Every second account acts as a user that exists.
fn next(model: &Model, n: u32, index: &Index, what: u8) -> Option<(Uuid, Event)> {
    let accounts = &model.service_accounts;
    let chosen = accounts.get(index.index(accounts.len().max(1)));
    let secret = ClientSecretId(Uuid::from_u128(n.into()));
    let event = match what % 5 {
        0..2 => {
            let user = model.users.get(index.index(model.users.len().max(1)));
            let user = user.map(|user| user.row.id).filter(|_| n.is_multiple_of(2));
            let user_id = user.unwrap_or_else(|| user_id(n));
            let id = user_id.service_account();
            let is_new =
                accounts.iter().all(|account| account.id != id) && !model.closed_accounts.contains(&id);
            let realm = format!("realm {n}").parse().expect("a realm");
            let opened = ServiceAccountEvent::Opened { user_id, realm };
            return is_new.then_some((id.0, Event::ServiceAccount(opened)));
        }
        2 => ServiceAccountEvent::SecretIssued {
            id: secret,
            prefix: "prefix".to_owned(),
            digest: KeyDigest::new([7; 32]),
            issued_at: NOW,
        },
        3 => ServiceAccountEvent::SecretWithdrawn { id: secret },
        _ => ServiceAccountEvent::Closed {},
    };
    Some((chosen?.id.0, Event::ServiceAccount(event)))
}

fn take(model: &mut Model, recorded: &Recorded) {
    if let Some(event) = recorded.event.of::<ServiceAccount>() {
        let id = ServiceAccountId::parse(&recorded.aggregate_id).expect("an id");
        match event {
            ServiceAccountEvent::Opened { user_id: _, realm } => {
                model.service_accounts.push(ServiceAccountRow {
                    id,
                    realm: realm.to_string(),
                    opened_at: recorded.recorded_at,
                })
            }
            ServiceAccountEvent::Closed {} => close(model, id),
            ServiceAccountEvent::SecretIssued { .. } | ServiceAccountEvent::SecretWithdrawn { .. } => {}
        }
    }
    if let Some(event) = recorded.event.of::<User>() {
        let user = UserId::parse(&recorded.aggregate_id).expect("an id");
        take_of_user(model, user, event);
    }
}

fn take_of_user(model: &mut Model, user: UserId, event: &UserEvent) {
    match event {
        UserEvent::Revoked {} | UserEvent::Deleted {} => close(model, user.service_account()),
        UserEvent::Renamed { .. }
        | UserEvent::Created { .. }
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

fn close(model: &mut Model, id: ServiceAccountId) {
    model.service_accounts.retain(|account| account.id != id);
    model.closed_accounts.push(id);
}

async fn agree(world: &World, model: &Model) -> Result<(), TestCaseError> {
    for page in pages(model.service_accounts.len()) {
        let found = service_accounts::page(&world.db, &page).await;
        let expected = page.of(model.service_accounts.clone());
        prop_assert_eq!(found.expect("service accounts"), expected);
    }
    let known = model.service_accounts.iter().map(|account| account.id);
    let ids: Vec<_> = known.chain(model.closed_accounts.iter().copied()).collect();
    let mut found = service_accounts::find_all(&world.db, ids)
        .await
        .expect("service accounts");
    let mut expected = model.service_accounts.clone();
    found.sort_by_key(|account| account.id);
    expected.sort_by_key(|account| account.id);
    prop_assert_eq!(found, expected);
    for account in &model.service_accounts {
        let found = service_accounts::find(&world.db, account.id).await;
        prop_assert_eq!(found.expect("service accounts"), Some(account.clone()));
    }
    for id in &model.closed_accounts {
        let found = service_accounts::find(&world.db, *id).await;
        prop_assert_eq!(found.expect("service accounts"), None);
    }
    Ok(())
}
