//! How events change the highest numbers.

use aggregates::{
    Recorded,
    account::{Account, AccountEvent},
    api_key::{ApiKey, ApiKeyEvent},
    application::{Application, ApplicationEvent},
    organisation::{Organisation, OrganisationEvent},
    role::{Role, RoleEvent},
    values::{AccountId, ApiKeyId, ApplicationId, GroupId, Ordinal, OrganisationId, RoleId},
};

use super::{Numbered, record::OrdinalRecord};
use crate::store::{Changes, Fold, FoldOf, Needs, ReadModel, RecordType, sql::Error};

/// The read model.
#[derive(Debug)]
pub(crate) struct Ordinals;

impl ReadModel for Ordinals {
    const NAME: &'static str = "ordinals";
    const VERSION: i64 = 1;
    const RECORDS: &'static [RecordType] = &[RecordType::of::<OrdinalRecord>()];
    const FOLDS: &'static [Fold] = &[
        Fold::of(&FoldOf::<Organisation> {
            needs: |wanted, id, event| needs(wanted, &of_organisation(id, event)),
            reduce: |changes, _: &Recorded, id, event| reduce(changes, &of_organisation(id, event)),
        }),
        Fold::of(&FoldOf::<Role> {
            needs: |wanted, id, event| needs(wanted, &of_role(id, event)),
            reduce: |changes, _: &Recorded, id, event| reduce(changes, &of_role(id, event)),
        }),
        Fold::of(&FoldOf::<Application> {
            needs: |wanted, id, event| needs(wanted, &of_application(id, event)),
            reduce: |changes, _: &Recorded, id, event| reduce(changes, &of_application(id, event)),
        }),
        Fold::of(&FoldOf::<ApiKey> {
            needs: |wanted, id, event| needs(wanted, &of_api_key(id, event)),
            reduce: |changes, _: &Recorded, id, event| reduce(changes, &of_api_key(id, event)),
        }),
        Fold::of(&FoldOf::<Account> {
            needs: |wanted, id, event| needs(wanted, &of_account(id, event)),
            reduce: |changes, _: &Recorded, id, event| reduce(changes, &of_account(id, event)),
        }),
    ];
}

/// The numbers that an event uses for the first time.
type Used = Vec<(Numbered, Ordinal)>;

fn of_organisation(id: OrganisationId, event: &OrganisationEvent) -> Used {
    match event {
        OrganisationEvent::Founded { .. } | OrganisationEvent::FoundedBySignUp { .. } => {
            vec![(Numbered::Organisation, id.ordinal())]
        }
        OrganisationEvent::MemberJoined { .. }
        | OrganisationEvent::MemberLeft { .. }
        | OrganisationEvent::Renamed { .. }
        | OrganisationEvent::Deleted {} => Vec::new(),
    }
}

fn of_role(id: RoleId, event: &RoleEvent) -> Used {
    let Some(number) = id.group().map(GroupId::ordinal) else {
        return Vec::new();
    };
    match event {
        RoleEvent::Created { .. } => vec![(Numbered::Group, number)],
        RoleEvent::Renamed { .. }
        | RoleEvent::SharingChanged { .. }
        | RoleEvent::PermissionAdded { .. }
        | RoleEvent::PermissionChanged { .. }
        | RoleEvent::PermissionRemoved { .. }
        | RoleEvent::GroupFormed { .. }
        | RoleEvent::GroupAddsNewApplicationsChanged { .. }
        | RoleEvent::ApplicationAttached { .. }
        | RoleEvent::ApplicationDetached { .. }
        | RoleEvent::Deleted {} => Vec::new(),
    }
}

fn of_application(id: ApplicationId, event: &ApplicationEvent) -> Used {
    match event {
        ApplicationEvent::Created { .. } => vec![(Numbered::Application, id.ordinal())],
        ApplicationEvent::Renamed { .. }
        | ApplicationEvent::Described { .. }
        | ApplicationEvent::Moved { .. }
        | ApplicationEvent::Deleted {} => Vec::new(),
    }
}

fn of_api_key(id: ApiKeyId, event: &ApiKeyEvent) -> Used {
    match event {
        ApiKeyEvent::Issued { system_user, .. } => {
            vec![
                (Numbered::ApiKey, id.ordinal()),
                (Numbered::Account, system_user.ordinal()),
            ]
        }
        ApiKeyEvent::Renamed { .. }
        | ApiKeyEvent::GroupJoined { .. }
        | ApiKeyEvent::GroupLeft { .. }
        | ApiKeyEvent::Placed { .. }
        | ApiKeyEvent::ExpiryChanged { .. }
        | ApiKeyEvent::Revoked {} => Vec::new(),
    }
}

fn of_account(id: AccountId, event: &AccountEvent) -> Used {
    match event {
        AccountEvent::Opened { .. } => vec![(Numbered::Account, id.ordinal())],
        AccountEvent::Renamed { .. }
        | AccountEvent::EmailChanged { .. }
        | AccountEvent::Activated {}
        | AccountEvent::Deactivated {}
        | AccountEvent::ExpiryChanged { .. }
        | AccountEvent::GroupJoined { .. }
        | AccountEvent::GroupLeft { .. }
        | AccountEvent::Placed { .. }
        | AccountEvent::OrganisationRequested { .. }
        | AccountEvent::RequestEnded { .. }
        | AccountEvent::WelcomeHidden {}
        | AccountEvent::Closed {} => Vec::new(),
    }
}

fn needs(needs: &mut Needs<'_>, used: &Used) {
    for (kind, _) in used {
        needs.row::<OrdinalRecord>(*kind);
    }
}

fn reduce(changes: &mut Changes, used: &Used) -> Result<(), Error> {
    for (kind, number) in used {
        let number = i64::from(number.get());
        if let Some(record) = changes.change::<OrdinalRecord>(kind)? {
            record.last = record.last.max(number);
        } else {
            changes.put(OrdinalRecord {
                kind: *kind,
                last: number,
            })?;
        }
    }
    Ok(())
}
