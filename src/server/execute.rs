//! Executes what a caller asks for. A face has no other way to execute the commands of a caller.

use std::fmt::Display;

use aggregates::{
    Classified, Command,
    user::{User, UserCommand},
    values::{Operation, UserId},
};
use authorization::{Lacking, Principal};
use ledger::{Appended, Attempted, Attempts, Change, ExecuteError, Rehearsed, Rejection, Seen};

use crate::{
    app::App,
    caller::Caller,
    granting::Granting,
    licences::for_seats,
    nx::for_nx_accounts,
    oauth::{for_service_accounts, must_give_no_password},
    organisations::{Belonging, Right, came_second, for_accounts},
    refusal::{Refusal, RefusalKind},
};

/// How often commands are tried whose caller changes meanwhile.
const ATTEMPTS: u32 = 5;

impl Caller {
    /// Executes commands as one unit. The caller must still be allowed to make the request, and must hold what the commands give.
    pub async fn execute(&self, app: &App, commands: Vec<Command>) -> Result<Appended, Refusal> {
        self.execute_about(app, commands, |_| None::<&str>).await
    }

    /// Like [`Caller::execute`], for commands that give the caller another credential. What proved the caller must not have ended before:
    /// else a credential made while the caller is revoked would outlive the revocation.
    pub async fn execute_while_proved(&self, app: &App, commands: Vec<Command>) -> Result<Appended, Refusal> {
        must_give_no_password(app, &commands).await?;
        let mut attempt = 1;
        loop {
            // What ended the proof changed the user. So it is either seen here, and then the memory knows it, or the append notices it.
            let (_, seen) = app.executor.read::<User>(self.user).await?;
            app.ledger().follower().catch_up().await?;
            self.may_still(app)?;
            let (metadata, seen) = (self.metadata(), [seen]);
            let executed = app
                .executor
                .execute_for_unless_changed(self.giver(app), commands.clone(), &metadata, &seen)
                .await;
            match executed {
                Err(ExecuteError::Rejected(Rejection::Conflict { .. })) if attempt < ATTEMPTS => attempt += 1,
                executed => return executed.map_err(|error| self.refused(app, error, |_| None::<&str>)),
            }
        }
    }

    /// Makes one attempt at a change of the caller, who had this right to it. If `is_own`, the commands give rights on nothing but what the
    /// caller makes with them.
    pub(crate) async fn attempt(
        &self,
        app: &App,
        attempts: &mut Attempts<'_>,
        commands: Vec<Command>,
        right: &Right,
        is_own: bool,
    ) -> Result<Attempted, Refusal> {
        must_give_no_password(app, &commands).await?;
        self.may_still(app)?;
        let change = Change {
            giver: self.giver(app).filter(|_| !is_own),
            commands,
            metadata: &self.metadata(),
            unchanged: &right.seen,
            grounds: &right.grounds,
            caller: Some(&right.caller),
        };
        match attempts.make(change).await {
            Err(error) if came_second(&error) => Ok(Attempted::Outdated),
            attempted => attempted.map_err(|error| self.refused(app, error, |_| None::<&str>)),
        }
    }

    /// Like [`Caller::execute`]. If one of several commands is refused, the refusal begins with what `name` says for its number.
    pub async fn execute_about<T: Display>(
        &self,
        app: &App,
        commands: Vec<Command>,
        name: impl FnOnce(usize) -> Option<T>,
    ) -> Result<Appended, Refusal> {
        must_give_no_password(app, &commands).await?;
        let attempts = app.executor.attempts();
        let executed = loop {
            // Since the request was permitted, its passwords may have waited to be hashed.
            self.may_still(app)?;
            if !end_somebody(&commands) {
                break self.execute_once(app, commands, &[]).await;
            }
            let also = belonging(app, &commands).await?;
            let all = commands.iter().chain(&also.commands).cloned().collect();
            match self.execute_once(app, all, &also.seen).await {
                Err(error) if also.is_outdated(&error, commands.len()) => attempts.again().await?,
                executed => break executed,
            }
        };
        executed.map_err(|error| self.refused(app, error, name))
    }

    async fn execute_once(
        &self,
        app: &App,
        commands: Vec<Command>,
        unchanged: &[Seen],
    ) -> Result<Appended, ExecuteError> {
        let (giver, metadata) = (self.giver(app), self.metadata());
        let executed = app
            .executor
            .execute_for_unless_changed(giver, commands, &metadata, unchanged);
        executed.await
    }

    /// Decides what the commands would record, or how [`Caller::execute_about`] would refuse them.
    pub async fn rehearse<T: Display>(
        &self,
        app: &App,
        commands: &[Command],
        name: impl FnOnce(usize) -> Option<T>,
    ) -> Result<Rehearsed, Refusal> {
        must_give_no_password(app, commands).await?;
        let also = belonging(app, commands).await?.commands;
        let commands: Vec<Command> = commands.iter().cloned().chain(also).collect();
        let rehearsed = app.executor.rehearse_for(self.giver(app), &commands).await;
        rehearsed.map_err(|error| self.refused(app, error, name))
    }

    /// The principal whose rights limit what the caller gives, if the settings limit it.
    fn giver(&self, app: &App) -> Option<Principal> {
        match app.live().granting {
            Granting::Held => Some(self.principal()),
            Granting::Any => None,
        }
    }

    fn refused<T: Display>(
        &self,
        app: &App,
        error: ExecuteError,
        name: impl FnOnce(usize) -> Option<T>,
    ) -> Refusal {
        match error {
            ExecuteError::Domain { index, error } => named(error.into(), name(index)),
            ExecuteError::NotHeld { index, lacking } => named(self.not_held(app, &lacking), name(index)),
            other => other.into(),
        }
    }

    /// The refusal of a gift. It names a right of another user only if the caller may see what that user holds.
    fn not_held(&self, app: &App, lacking: &Lacking) -> Refusal {
        let message = match lacking.shows() {
            Some(user) if !self.may_see(app, user) => Lacking::without_rights(user),
            Some(_) | None => lacking.to_string(),
        };
        Refusal::new(RefusalKind::Forbidden, lacking.code(), message)
    }

    /// Whether the caller may read or write a page that shows what a user holds. An answer to a write shows it, too.
    fn may_see(&self, app: &App, user: UserId) -> bool {
        let mut pages = app
            .faces
            .iter()
            .filter_map(|face| Some((face.giving.shows?)(user)));
        pages.any(|page| self.may(app, Operation::Read, &page) || self.may(app, Operation::Write, &page))
    }
}

/// Whether commands delete or revoke users.
fn end_somebody(commands: &[Command]) -> bool {
    let ends = |command: &Command| {
        matches!(
            command,
            Command::User(_, UserCommand::Delete | UserCommand::Revoke)
        )
    };
    commands.iter().any(ends)
}

/// What belongs to these commands, in the same unit: what the accounts, the seats and the service accounts of users need when the users end.
async fn belonging(app: &App, commands: &[Command]) -> Result<Belonging, Refusal> {
    let mut belonging = for_accounts(app, commands).await?;
    belonging.commands.extend(for_seats(app, commands).await?);
    belonging
        .commands
        .extend(for_service_accounts(app, commands).await?);
    belonging.commands.extend(for_nx_accounts(app, commands).await?);
    Ok(belonging)
}

/// The refusal of one of several commands.
fn named<T: Display>(refusal: Refusal, name: Option<T>) -> Refusal {
    match name {
        Some(name) => refusal.about(name),
        None => refusal,
    }
}
