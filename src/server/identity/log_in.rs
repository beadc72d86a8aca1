//! Logs users in: by a password, and by a second factor if the user has one.

use aggregates::{
    Command, DomainError,
    session::{Session, SessionError},
    user::{User, UserCommand},
    values::{GrantMethod, SessionId, Timestamp, TokenLabel, UserId},
};
use ledger::ExecuteError;
use projections::sql::Boxed;
use zeroize::Zeroizing;

use super::{
    authenticate::{Authenticated, IdentityError, authenticate_beside},
    issue::{Issue, Lifetime, LoggedIn, is_conflict},
    second_factor::{Attempt, Checked, Typed, check, leave, of_state},
    tokens::InToken,
};
use crate::{app::App, caller::Origin, evidence::Evidence};

/// How often a password is verified again because the user changed meanwhile.
const ATTEMPTS: u32 = 4;
/// How often a code is verified again because the user changed meanwhile. Each of these changes may be a wrong code, which others enter
/// at the same time.
const ATTEMPTS_BY_CODE: u32 = 16;

/// A login: the user, and how long the token is valid.
pub struct LogIn<'a> {
    /// The username.
    pub username: &'a str,
    /// The password.
    pub password: Zeroizing<String>,
    /// How long the token should be valid. The settings may bound this.
    pub lifetime: Lifetime,
    /// A label by which the user recognises the token.
    pub label: TokenLabel,
    /// What the token says, on some faces.
    pub in_token: InToken,
    /// What becomes of users who must do something else first.
    pub owing: Owing,
}

/// What becomes of a login of users who must do something else before a token of theirs is good for anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owing {
    /// They get a token, with which they do what they owe.
    LogIn,
    /// They are refused: they cannot do it at this API, and the token would become good once they have done it elsewhere.
    Refused,
}

/// What a right password leads to.
pub enum ByPassword {
    /// To a token.
    LoggedIn(LoggedIn),
    /// To the question for the user's second factor.
    NeedsSecondFactor(Half),
}

/// A login that waits for the second factor.
pub struct Half {
    /// The user.
    pub user: UserId,
    /// What names this attempt. The client repeats it with the second factor.
    pub handle: String,
    /// When the attempt ends.
    pub expires_at: Timestamp,
    /// A position that the ledger had reached.
    pub position: i64,
}

/// A login by a second factor, after the password was right.
pub struct Completion<'a> {
    /// The username.
    pub username: &'a str,
    /// The handle that the first half answered.
    pub handle: &'a str,
    /// The code.
    pub typed: Typed,
}

/// Issues a token, for the face that was called, to the user of a username and password, or begins a login that needs a second factor.
pub fn log_in<'a>(
    app: &'a App,
    request: LogIn<'a>,
    origin: &'a Origin,
) -> Boxed<'a, Result<ByPassword, IdentityError>> {
    Box::pin(async move {
        let mut attempt = 1;
        loop {
            let password = request.password.clone();
            let of_certificate = origin.user_of_certificate(app);
            let proved =
                authenticate_beside(app, request.username, password, origin.address(), of_certificate);
            let proved = proved.await?.ok_or(IdentityError::BadCredentials)?;
            let (Authenticated { user, seen, position }, needs_more) = proved.and_perhaps_more();
            let session = SessionId(app.entropy.uuid());
            if needs_more {
                let half = Attempt {
                    user,
                    session,
                    expires_at: Attempt::end(app.clock.now()),
                    position,
                    lifetime: request.lifetime,
                    label: request.label,
                };
                return Ok(ByPassword::NeedsSecondFactor(Half {
                    user,
                    handle: app.second_factors().handle(&half, origin.audience()),
                    expires_at: half.expires_at,
                    position,
                }));
            }
            if request.owing == Owing::Refused {
                must_owe_nothing(app, request.username, user).await?;
            }
            let issue = Issue {
                username: request.username,
                user,
                session,
                audience: origin.audience(),
                lifetime: request.lifetime,
                not_after: None,
                label: &request.label,
                in_token: &request.in_token,
                methods: vec![GrantMethod::Password],
            };
            match issue.run(app, origin, None, &[seen]).await {
                Ok(logged_in) => return Ok(ByPassword::LoggedIn(logged_in)),
                // The user has changed since the password was verified. The password may be another one now, or hashed
                // again.
                Err(error) if is_conflict(&error) && attempt < ATTEMPTS => attempt += 1,
                Err(error) => return Err(error),
            }
        }
    })
}

/// Refuses a user who has proved the password, and must do something else first. A change that was seen with the user is known by then, and a
/// later one is noticed when the token is recorded.
async fn must_owe_nothing(app: &App, username: &str, user: UserId) -> Result<(), IdentityError> {
    app.ledger().follower().catch_up().await?;
    match app.ledger().authorization().duty(user) {
        None => Ok(()),
        Some(duty) => {
            Evidence::login(username, Some(user), duty.code()).leave();
            Err(IdentityError::Owes(duty))
        }
    }
}

/// Like [`log_in`], at an API that has no place for a code: a user who has a second factor is refused.
pub fn log_in_without_code<'a>(
    app: &'a App,
    request: LogIn<'a>,
    origin: &'a Origin,
) -> Boxed<'a, Result<LoggedIn, IdentityError>> {
    Box::pin(async move {
        let username = request.username;
        match log_in(app, request, origin).await? {
            ByPassword::LoggedIn(logged_in) => Ok(logged_in),
            ByPassword::NeedsSecondFactor(half) => {
                Evidence::login(username, Some(half.user), "second_factor_needed").leave();
                Err(IdentityError::SecondFactorNeeded)
            }
        }
    })
}

/// Completes a login by the user's second factor. The attempt ends with success; a wrong code does not end it.
pub fn complete_log_in<'a>(
    app: &'a App,
    request: Completion<'a>,
    origin: &'a Origin,
) -> Boxed<'a, Result<LoggedIn, IdentityError>> {
    Box::pin(async move {
        let ended = |user, reason| {
            Evidence::login(request.username, user, reason).leave();
            IdentityError::AttemptEnded
        };
        let half = app
            .second_factors()
            .attempt(request.handle, origin.audience())
            .ok_or_else(|| ended(None, "unknown_handle"))?;
        let user = half.user;
        let mut attempt = 1;
        loop {
            let (state, seen) = app.executor.read::<User>(user).await?;
            if let Err(reason) = is_open(app, &half, request.username, &state, origin).await? {
                return Err(ended(Some(user), reason));
            }
            let metadata = origin.metadata(user);
            let Checked { proof, now } = check(app, user, &state, &request.typed, &metadata).await?;
            let issue = Issue {
                username: request.username,
                user,
                session: half.session,
                audience: origin.audience(),
                lifetime: half.lifetime,
                not_after: None,
                label: &half.label,
                in_token: &InToken::default(),
                methods: vec![GrantMethod::Password],
            };
            let used = Command::User(user, UserCommand::UseSecondFactor { proof, now });
            match issue.run(app, origin, Some(used), &[seen]).await {
                Ok(logged_in) => return Ok(logged_in),
                Err(error) if is_conflict(&error) && attempt < ATTEMPTS_BY_CODE => attempt += 1,
                Err(IdentityError::Execute(ExecuteError::Domain {
                    error: DomainError::Session(SessionError::AlreadyExists),
                    ..
                })) => return Err(ended(Some(user), "used_handle")),
                Err(IdentityError::Execute(ExecuteError::Domain {
                    error: DomainError::User(error),
                    ..
                })) => {
                    let error = of_state(error, now);
                    leave(user, &error);
                    return Err(error.into());
                }
                Err(error) => return Err(error),
            }
        }
    })
}

/// Whether an attempt may still be completed, or why not. What the password proved must not have ended: this is checked after the user was
/// read, and the token is issued only if the user is still as they were read.
async fn is_open(
    app: &App,
    half: &Attempt,
    username: &str,
    state: &User,
    origin: &Origin,
) -> Result<Result<(), &'static str>, IdentityError> {
    app.ledger().follower().catch_up().await?;
    let authorization = app.ledger().authorization();
    let may_log_in = match origin.user_of_certificate(app) {
        Some(user) if user == half.user => state.may_log_in_by_password_and_certificate(),
        Some(_) | None => state.may_log_in_by_password(),
    };
    if app.clock.now() >= half.expires_at {
        return Ok(Err("expired_handle"));
    }
    if authorization.user_by_name(username) != Some(half.user) {
        return Ok(Err("handle_of_another_user"));
    }
    if !may_log_in || !authorization.still_proved(half.user, GrantMethod::Password, half.position) {
        return Ok(Err("ended_handle"));
    }
    let (session, _) = app.executor.read::<Session>(half.session).await?;
    Ok(match session.user_id.is_some() {
        true => Err("used_handle"),
        false => Ok(()),
    })
}
