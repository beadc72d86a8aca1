//! The end of a sign-in.

use aggregates::{
    Command,
    session::SessionCommand,
    sign_in::{SignIn, SignInCommand, SignInEnd},
    values::{SessionId, SignInId, Timestamp},
};

use crate::{
    app::App,
    caller::Caller,
    identity::{IdentityError, is_conflict},
};

/// How often an end is decided again because others used the same sign-in meanwhile.
const ATTEMPTS: u32 = 32;

/// Ends the sign-in of the caller's access token, with all its tokens, or the caller's session if it belongs to no sign-in. Returns the position;
/// `None` if the caller has no session.
pub async fn sign_out(app: &App, caller: &Caller) -> Result<Option<i64>, IdentityError> {
    let Some(session) = caller.session else {
        return Ok(None);
    };
    let mut attempt = 1;
    loop {
        match end(app, caller, session).await {
            Err(error) if is_conflict(&error) && attempt < ATTEMPTS => attempt += 1,
            ended => return ended.map(Some),
        }
    }
}

async fn end(app: &App, caller: &Caller, session: SessionId) -> Result<i64, IdentityError> {
    let (id, now) = (SignInId::of_session(session), app.clock.now());
    let (state, seen) = app.executor.read::<SignIn>(id).await?;
    let is_of_caller = state.is_live() && state.user_id == Some(caller.user);
    let mut commands = match is_of_caller {
        true => endings(id, &state, SignInEnd::SignedOut, now),
        false => Vec::new(),
    };
    // Beside those that the sign-in knows: the caller's session may belong to no sign-in.
    if !state.sessions(id, now).contains(&session) {
        commands.push(Command::Session(session, SessionCommand::EndToken));
    }
    let metadata = caller.metadata();
    let unchanged = [seen];
    let executed = app
        .executor
        .execute_unless_changed(commands, &metadata, &unchanged);
    Ok(executed.await?.position)
}

/// The commands that end a sign-in and its access tokens.
pub(super) fn endings(id: SignInId, state: &SignIn, reason: SignInEnd, now: Timestamp) -> Vec<Command> {
    let sessions = state.sessions(id, now).into_iter();
    let ended = sessions.map(|session| Command::Session(session, SessionCommand::EndToken));
    let end = Command::SignIn(id, SignInCommand::End { reason });
    std::iter::once(end).chain(ended).collect()
}

/// Lets the sign-in of the caller's access token go on, though the caller has changed the password at this position.
pub async fn prove_again(app: &App, caller: &Caller, position: i64) -> Result<i64, IdentityError> {
    let Some(id) = caller.session.map(SignInId::of_session) else {
        return Ok(position);
    };
    let (state, _) = app.executor.read::<SignIn>(id).await?;
    if !state.is_live() || state.user_id != Some(caller.user) {
        return Ok(position);
    }
    let command = Command::SignIn(id, SignInCommand::ProveAgain { position });
    let executed = app.executor.execute(vec![command], &caller.metadata()).await?;
    Ok(executed.position)
}
