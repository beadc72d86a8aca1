//! What events say about the things of OS2iot: where they are, and what API keys hold.

use aggregates::{
    Event,
    account::AccountEvent,
    api_key::ApiKeyEvent,
    application::ApplicationEvent,
    organisation::OrganisationEvent,
    role::RoleEvent,
    values::{AccountId, ApiKeyId, ApplicationId, GroupId, OrganisationId},
};

use super::{Kind, account, machine};
use crate::{
    directory::ResourceId,
    engine::facts::{Fact, MachineStep},
    principals::{machines::Credential, users},
};

fn placed_in(resource: ResourceId, organisations: &[OrganisationId], is_global: bool) -> Fact {
    let global = is_global.then(|| Kind::Group.resource(GroupId::GLOBAL_ADMIN.ordinal()));
    let parents = organisations
        .iter()
        .map(|one| Kind::Organisation.resource(one.ordinal()));
    Fact::Placed {
        resource,
        parents: parents.chain(global).collect(),
    }
}

/// The facts that the events of the things of OS2iot state. The rights of groups are the permissions of roles.
pub(crate) fn facts(stream: &str, event: &Event) -> Vec<Fact> {
    match event {
        Event::Role(event) => GroupId::parse(stream)
            .ok()
            .and_then(|id| of_group(id, event))
            .into_iter()
            .collect(),
        Event::Organisation(event) => {
            let id = OrganisationId::parse(stream).ok();
            id.and_then(|id| of_organisation(id, event)).into_iter().collect()
        }
        Event::Application(event) => {
            let id = ApplicationId::parse(stream).ok();
            id.and_then(|id| of_application(id, event)).into_iter().collect()
        }
        Event::Account(event) => {
            let id = AccountId::parse(stream).ok();
            id.map(|id| of_account(id, event)).unwrap_or_default()
        }
        Event::ApiKey(event) => ApiKeyId::parse(stream)
            .map(|id| of_api_key(id, event))
            .unwrap_or_default(),
        Event::User(_)
        | Event::Session(_)
        | Event::ClientRegistry(_)
        | Event::Registration(_)
        | Event::ServiceAccount(_)
        | Event::CertifiedKey(_)
        | Event::Authority(_)
        | Event::Agreement(_)
        | Event::Licence(_)
        | Event::Seat(_)
        | Event::SignIn(_)
        | Event::NxAccount(_) => Vec::new(),
    }
}

fn of_group(id: GroupId, event: &RoleEvent) -> Option<Fact> {
    let resource = Kind::Group.resource(id.ordinal());
    match event {
        RoleEvent::GroupFormed { organisation, .. } => {
            let organisations: Vec<OrganisationId> = organisation.iter().copied().collect();
            Some(placed_in(resource, &organisations, false))
        }
        RoleEvent::Deleted {} => Some(Fact::Removed { resource }),
        RoleEvent::Created { .. }
        | RoleEvent::Renamed { .. }
        | RoleEvent::SharingChanged { .. }
        | RoleEvent::PermissionAdded { .. }
        | RoleEvent::PermissionChanged { .. }
        | RoleEvent::PermissionRemoved { .. }
        | RoleEvent::GroupAddsNewApplicationsChanged { .. }
        | RoleEvent::ApplicationAttached { .. }
        | RoleEvent::ApplicationDetached { .. } => None,
    }
}

fn of_organisation(id: OrganisationId, event: &OrganisationEvent) -> Option<Fact> {
    let resource = Kind::Organisation.resource(id.ordinal());
    match event {
        OrganisationEvent::Founded { .. } => Some(placed_in(resource, &[], false)),
        // It is none of os2iot.
        OrganisationEvent::FoundedBySignUp { .. }
        | OrganisationEvent::MemberJoined { .. }
        | OrganisationEvent::MemberLeft { .. }
        | OrganisationEvent::Renamed { .. } => None,
        OrganisationEvent::Deleted {} => Some(Fact::Removed { resource }),
    }
}

fn of_application(id: ApplicationId, event: &ApplicationEvent) -> Option<Fact> {
    let resource = Kind::Application.resource(id.ordinal());
    match event {
        ApplicationEvent::Created { organisation, .. } | ApplicationEvent::Moved { organisation } => {
            Some(placed_in(resource, &[*organisation], false))
        }
        ApplicationEvent::Renamed { .. } | ApplicationEvent::Described { .. } => None,
        ApplicationEvent::Deleted {} => Some(Fact::Removed { resource }),
    }
}

fn of_account(id: AccountId, event: &AccountEvent) -> Vec<Fact> {
    let resource = Kind::User.resource(id.ordinal());
    match event {
        AccountEvent::Placed {
            organisations,
            is_global,
        } => vec![placed_in(resource, organisations, *is_global)],
        AccountEvent::Opened { user, .. } => vec![Fact::Placed {
            resource: account(id),
            parents: vec![ResourceId::new(users::BY_ID.name, &user.to_string())],
        }],
        AccountEvent::Closed {} => vec![
            Fact::Removed { resource },
            Fact::Removed {
                resource: account(id),
            },
        ],
        AccountEvent::Renamed { .. }
        | AccountEvent::EmailChanged { .. }
        | AccountEvent::Activated {}
        | AccountEvent::Deactivated {}
        | AccountEvent::ExpiryChanged { .. }
        | AccountEvent::GroupJoined { .. }
        | AccountEvent::GroupLeft { .. }
        | AccountEvent::OrganisationRequested { .. }
        | AccountEvent::RequestEnded { .. }
        | AccountEvent::WelcomeHidden {} => Vec::new(),
    }
}

fn of_api_key(id: ApiKeyId, event: &ApiKeyEvent) -> Vec<Fact> {
    let (machine, resource) = (machine(id), Kind::ApiKey.resource(id.ordinal()));
    let step = |step| Fact::Machine { machine, step };
    match event {
        ApiKeyEvent::Issued {
            digest, expires_at, ..
        } => vec![
            step(MachineStep::Made),
            step(MachineStep::CredentialIssued(
                Credential::Secret(digest.bytes()),
                *expires_at,
            )),
        ],
        ApiKeyEvent::GroupJoined { group } => vec![step(MachineStep::RoleGranted(group.role()))],
        ApiKeyEvent::GroupLeft { group } => vec![step(MachineStep::RoleRevoked(group.role()))],
        ApiKeyEvent::Placed {
            organisations,
            is_global,
        } => vec![placed_in(resource, organisations, *is_global)],
        ApiKeyEvent::ExpiryChanged { digest, expires_at } => {
            let credential = Credential::Secret(digest.bytes());
            vec![
                step(MachineStep::CredentialVoided(credential.clone())),
                step(MachineStep::CredentialIssued(credential, *expires_at)),
            ]
        }
        ApiKeyEvent::Revoked {} => vec![step(MachineStep::Gone), Fact::Removed { resource }],
        ApiKeyEvent::Renamed { .. } => Vec::new(),
    }
}
