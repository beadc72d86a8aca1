//! Issues a token, when somebody has proved who they are.

use std::time::Duration;

use aggregates::{
    Command,
    session::{IssueToken, SessionCommand},
    values::{Audience, GrantMethod, SessionId, Timestamp, TokenLabel, UserId},
};
use ledger::{ExecuteError, Rejection, Seen};
use projections::sessions;

use super::{authenticate::IdentityError, tokens::InToken};
use crate::{app::App, caller::Origin, evidence::Evidence};

/// How long a token is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lifetime(Duration);

impl Lifetime {
    /// So many hours.
    pub const fn hours(hours: u64) -> Self {
        Self::seconds(hours.saturating_mul(3600))
    }

    /// So many seconds.
    pub const fn seconds(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }

    /// The time.
    pub const fn time(self) -> Duration {
        self.0
    }
}

/// A token that was issued.
pub struct LoggedIn {
    /// The user.
    pub user: UserId,
    /// The token.
    pub token: String,
    /// When the token expires.
    pub expires_at: Timestamp,
    /// How long it is valid.
    pub lifetime: Duration,
    /// The position of the event that issued the token.
    pub position: i64,
}

/// A token to issue.
pub(crate) struct Issue<'a> {
    /// The name that the client gave.
    pub(crate) username: &'a str,
    pub(crate) user: UserId,
    pub(crate) session: SessionId,
    /// The API for which it is.
    pub(crate) audience: Audience,
    pub(crate) lifetime: Lifetime,
    /// When what it rests on ends, if that has an end: the token does not outlive it.
    pub(crate) not_after: Option<Timestamp>,
    pub(crate) label: &'a TokenLabel,
    /// What the token says, on some faces.
    pub(crate) in_token: &'a InToken,
    /// How the user has proved who they are.
    pub(crate) methods: Vec<GrantMethod>,
}

impl Issue<'_> {
    /// Signs and records the token, after another command in the same unit, unless one of the aggregates has changed since it was seen.
    pub(crate) async fn run(
        &self,
        app: &App,
        origin: &Origin,
        before: Option<Command>,
        seen: &[Seen],
    ) -> Result<LoggedIn, IdentityError> {
        let (face, issued_at) = (self.audience, app.clock.now());
        must_have_room(app, self.username, self.user, issued_at).await?;
        let wanted = issued_at.plus(app.live().bounded(self.lifetime));
        let expires_at = self.not_after.map_or(wanted, |end| wanted.min(end));
        let (token, fingerprint) = app.tokens.sign(
            self.session,
            self.user,
            self.in_token,
            face,
            issued_at,
            expires_at,
        )?;
        let issue = IssueToken {
            user_id: self.user,
            face,
            fingerprint,
            label: self.label.clone(),
            methods: self.methods.clone(),
            issued_at,
            expires_at,
        };
        let issue = Command::Session(self.session, SessionCommand::IssueToken(issue));
        let commands = before.into_iter().chain([issue]).collect();
        let appended = app
            .executor
            .execute_unless_changed(commands, &origin.metadata(self.user), seen)
            .await?;
        Ok(LoggedIn {
            user: self.user,
            token,
            expires_at,
            lifetime: issued_at.until(expires_at),
            position: appended.position,
        })
    }
}

/// Refuses a user who has as many valid tokens as the settings allow. Logins at the same time may be a few too many.
pub(super) async fn must_have_room(
    app: &App,
    username: &str,
    user: UserId,
    now: Timestamp,
) -> Result<(), IdentityError> {
    let most = app.settings.sessions_most;
    let db = app.ledger().db();
    if most > 0 && sessions::number_of_user(db, user, now, most.into()).await? >= most.into() {
        Evidence::login(username, Some(user), "too_many_sessions").leave();
        return Err(IdentityError::TooManySessions(most));
    }
    Ok(())
}

/// Whether something has changed since it was seen.
pub(crate) fn is_conflict(error: &IdentityError) -> bool {
    matches!(
        error,
        IdentityError::Execute(ExecuteError::Rejected(Rejection::Conflict { .. }))
    )
}
