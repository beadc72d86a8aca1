//! Which sessions end with a change of their user: those that were proved by what changed.
//!
//! An event of the change itself says so. So the end of a session is a fact of its own: events that were recorded before this rule
//! existed end nothing, and a method that comes back brings no session back (docs/decisions/0019-what-ends-a-session.md).

use super::{User, UserCommand, UserEvent};
use crate::values::{GrantMethod, GrantType, SessionId, opens_sessions};

/// The only method by which older versions of the server gave sessions. When it was no longer granted, these versions did not
/// end the sessions.
const OF_OLDER_VERSIONS: GrantMethod = GrantMethod::Password;

/// What an event means for the sessions of its user.
enum Effect<'a> {
    /// Nothing that proved a session changed.
    Nothing,
    /// It ends all sessions itself, or another event of the same unit does.
    All,
    /// A credential changed: all sessions end.
    Credential,
    /// A certificate was taken: the sessions end that were got by one. They do not know by which.
    Certificate,
    /// These are the granted methods from now on.
    Methods(&'a [GrantType]),
}

impl<'a> Effect<'a> {
    /// The effect of each event.
    fn of(event: &'a UserEvent) -> Self {
        match event {
            UserEvent::PasswordChanged { .. }
            | UserEvent::PasswordSet { .. }
            | UserEvent::IdentityProviderChanged { .. } => Self::Credential,
            // Somebody else took what proved the sessions. Users who prove their second factor keep theirs, as after its enrolment.
            UserEvent::SecondFactorDisabled { by_owner: false } => Self::Credential,
            UserEvent::GrantTypesChanged { grant_types } => Self::Methods(grant_types),
            UserEvent::CertificateRemoved { .. } => Self::Certificate,
            // Sessions of a deleted user end with the user, and those of a revoked user by another event of the same unit.
            UserEvent::TokensRevoked {} | UserEvent::Revoked {} | UserEvent::Deleted {} => Self::All,
            // Keys are not sessions. The same password under another hash is the same password.
            UserEvent::Created { .. }
            | UserEvent::Renamed { .. }
            | UserEvent::PasswordRehashed { .. }
            | UserEvent::PublishPrefixChanged { .. }
            | UserEvent::MfaEnforcementChanged { .. }
            | UserEvent::PasswordChangeDemanded { .. }
            | UserEvent::TotpOffered { .. }
            | UserEvent::TotpEnrolled { .. }
            | UserEvent::SecondFactorUsed { .. }
            | UserEvent::SecondFactorRefused { .. }
            | UserEvent::BackupCodesReplaced { .. }
            | UserEvent::SecondFactorDisabled { by_owner: true }
            | UserEvent::RoleGranted { .. }
            | UserEvent::RoleRevoked { .. }
            | UserEvent::PermissionGranted { .. }
            | UserEvent::PermissionRevoked { .. }
            | UserEvent::CertificateAdded { .. }
            | UserEvent::SessionsEnded { .. }
            | UserEvent::SessionsByMethodEnded { .. } => Self::Nothing,
        }
    }
}

/// The session that a command keeps: the one in which users change a credential of their own.
pub(super) fn kept_by(command: &UserCommand) -> Option<SessionId> {
    match command {
        UserCommand::ChangePassword { session, .. } => *session,
        UserCommand::Create(_)
        | UserCommand::SetPassword { .. }
        | UserCommand::RehashPassword { .. }
        | UserCommand::DemandPasswordChange { .. }
        | UserCommand::OfferTotp { .. }
        | UserCommand::EnrolTotp { .. }
        | UserCommand::UseSecondFactor { .. }
        | UserCommand::CountWrongCode { .. }
        | UserCommand::ReplaceBackupCodes { .. }
        | UserCommand::DisableSecondFactor { .. }
        | UserCommand::Update(_)
        | UserCommand::GrantRole(_)
        | UserCommand::RevokeRole { .. }
        | UserCommand::JoinGroup { .. }
        | UserCommand::LeaveGroup { .. }
        | UserCommand::ChangeAccountKind { .. }
        | UserCommand::GrantPermission(_)
        | UserCommand::RevokePermission { .. }
        | UserCommand::AddCertificate(_)
        | UserCommand::HoldCertificate { .. }
        | UserCommand::RemoveCertificate { .. }
        | UserCommand::RevokeAllTokens
        | UserCommand::Revoke
        | UserCommand::Delete => None,
    }
}

/// The events by which sessions of `user` end when `events` happen. The session `kept` goes on after a change of a credential.
pub(super) fn ended_by(user: &User, events: &[UserEvent], kept: Option<SessionId>) -> Vec<UserEvent> {
    let (mut methods, mut is_taken) = (None, false);
    for event in events {
        match Effect::of(event) {
            Effect::Nothing => {}
            Effect::All => return Vec::new(),
            Effect::Credential => return vec![UserEvent::SessionsEnded { kept }],
            Effect::Certificate => is_taken = gives_sessions_by_certificate(&user.grant_types),
            Effect::Methods(after) => methods = Some(after),
        }
    }
    let closed = GrantMethod::ALL.into_iter().filter(|method| {
        let is_closed = methods.is_some_and(|after| closes(&user.grant_types, after, *method));
        is_closed || is_taken && *method == GrantMethod::Certificate
    });
    closed
        .map(|method| UserEvent::SessionsByMethodEnded { method })
        .collect()
}

/// Whether sessions that were obtained by this method end when the user gets these grants instead of those.
fn closes(before: &[GrantType], after: &[GrantType], method: GrantMethod) -> bool {
    match (opens_sessions(before, method), opens_sessions(after, method)) {
        (true, false) => true,
        // Tokens from before this rule may have been useless, because the password was not a granted method. They end now.
        (false, true) => method == OF_OLDER_VERSIONS,
        (true, true) | (false, false) => false,
    }
}

/// Whether a user with these grants can have sessions that a certificate proved. A token counts for nobody who has no other method than
/// certificates, as most devices.
fn gives_sessions_by_certificate(grants: &[GrantType]) -> bool {
    opens_sessions(grants, GrantMethod::Certificate)
        && grants
            .iter()
            .any(|grant| grant.method != GrantMethod::Certificate)
}

#[cfg(test)]
mod tests;
