//! What events change about what is in organisations and groups, and about what belongs to users.

use std::collections::BTreeSet;

use aggregates::{
    Event, NewEvent,
    account::AccountEvent,
    api_key::ApiKeyEvent,
    application::ApplicationEvent,
    organisation::OrganisationEvent,
    role::RoleEvent,
    seat::SeatEvent,
    user::Ending,
    values::{ApplicationId, DeviceId, GroupId, LicenceId, OrganisationId, UserId},
};

/// What an event changes about what is in organisations and groups, and about what belongs to users.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    OrganisationDeleted,
    GroupDissolved,
    ApplicationDeleted,
    KeyRevoked,
    /// A group is formed, an application is made, or somebody asks to be let in.
    Into(OrganisationId),
    ApplicationMoved(OrganisationId),
    /// An application is attached to the group of the event.
    Attached(ApplicationId),
    Detached(ApplicationId),
    UserEnded(Ending),
    /// The user has an account from now on.
    AccountOpened(UserId),
    AccountActivated,
    AccountDeactivated,
    AccountClosed,
    SeatAssigned(DeviceId),
    SeatReleased(LicenceId, DeviceId),
    /// Somebody asks no longer to be let in.
    NotAwaiting(OrganisationId),
    Joined(GroupId),
    Left(GroupId),
    Other,
}

impl Step {
    pub(super) fn of(event: &Event) -> Self {
        match event {
            Event::Organisation(OrganisationEvent::Deleted {}) => Self::OrganisationDeleted,
            Event::Role(RoleEvent::Deleted {}) => Self::GroupDissolved,
            Event::Application(ApplicationEvent::Deleted {}) => Self::ApplicationDeleted,
            Event::ApiKey(ApiKeyEvent::Revoked {}) => Self::KeyRevoked,
            Event::Role(RoleEvent::GroupFormed { organisation, .. }) => {
                organisation.map_or(Self::Other, Self::Into)
            }
            Event::Application(ApplicationEvent::Moved { organisation }) => Self::ApplicationMoved(*organisation),
            Event::Role(RoleEvent::ApplicationAttached { application }) => Self::Attached(*application),
            Event::Role(RoleEvent::ApplicationDetached { application }) => Self::Detached(*application),
            Event::User(event) => event.ending().map_or(Self::Other, Self::UserEnded),
            Event::Account(AccountEvent::Opened { user, .. }) => Self::AccountOpened(*user),
            Event::Account(AccountEvent::Activated {}) => Self::AccountActivated,
            Event::Account(AccountEvent::Deactivated {}) => Self::AccountDeactivated,
            Event::Account(AccountEvent::Closed {}) => Self::AccountClosed,
            Event::Seat(SeatEvent::Assigned { device, .. }) => Self::SeatAssigned(*device),
            Event::Seat(SeatEvent::Released { licence, device }) => Self::SeatReleased(*licence, *device),
            Event::Application(ApplicationEvent::Created { organisation, .. })
            | Event::Account(AccountEvent::OrganisationRequested { organisation }) => {
                Self::Into(*organisation)
            }
            Event::Account(AccountEvent::RequestEnded { organisation }) => Self::NotAwaiting(*organisation),
            Event::Account(AccountEvent::GroupJoined { group, .. })
            | Event::ApiKey(ApiKeyEvent::GroupJoined { group }) => Self::Joined(*group),
            Event::Account(AccountEvent::GroupLeft { group })
            | Event::ApiKey(ApiKeyEvent::GroupLeft { group }) => Self::Left(*group),
            Event::Organisation(
                OrganisationEvent::Founded { .. }
                | OrganisationEvent::FoundedBySignUp { .. }
                | OrganisationEvent::MemberJoined { .. }
                | OrganisationEvent::MemberLeft { .. }
                | OrganisationEvent::Renamed { .. },
            )
            | Event::Role(
                RoleEvent::Created { .. }
                | RoleEvent::Renamed { .. }
                | RoleEvent::SharingChanged { .. }
                | RoleEvent::PermissionAdded { .. }
                | RoleEvent::PermissionChanged { .. }
                | RoleEvent::PermissionRemoved { .. }
                | RoleEvent::GroupAddsNewApplicationsChanged { .. },
            )
            | Event::Application(ApplicationEvent::Renamed { .. } | ApplicationEvent::Described { .. })
            | Event::Account(
                AccountEvent::Renamed { .. }
                | AccountEvent::EmailChanged { .. }
                | AccountEvent::ExpiryChanged { .. }
                | AccountEvent::Placed { .. }
                | AccountEvent::WelcomeHidden {},
            )
            | Event::ApiKey(
                ApiKeyEvent::Issued { .. }
                | ApiKeyEvent::Renamed { .. }
                | ApiKeyEvent::Placed { .. }
                | ApiKeyEvent::ExpiryChanged { .. },
            )
            | Event::Session(_)
            | Event::ClientRegistry(_)
            | Event::Registration(_)
            | Event::ServiceAccount(_)
            | Event::SignIn(_)
            | Event::NxAccount(_)
            | Event::CertifiedKey(_)
            | Event::Authority(_)
            // They outlive an organisation: what was agreed and paid does not end with it.
            | Event::Agreement(_)
            | Event::Licence(_) => Self::Other,
        }
    }

    /// The organisation into which something comes.
    pub(super) fn comes_into(self) -> Option<OrganisationId> {
        match self {
            Self::Into(organisation) | Self::ApplicationMoved(organisation) => Some(organisation),
            _ => None,
        }
    }
}

/// The aggregates that take one of these steps.
pub(super) fn with<'a>(events: &'a [NewEvent], steps: &[Step]) -> BTreeSet<&'a str> {
    let found = events.iter().filter(|new| steps.contains(&Step::of(&new.event)));
    found.map(|new| new.aggregate_id.as_str()).collect()
}
