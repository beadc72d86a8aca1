//! Signing in with refresh tokens: a password begins a sign-in, and its refresh token leads to further access tokens.

mod refresh;
mod sign_out;

use std::time::Duration;

use aggregates::{
    Command,
    session::{IssueToken, SessionCommand},
    sign_in::{BeginSignIn, SignInCommand},
    values::{GrantMethod, SignInId, Timestamp, TokenFingerprint, TokenLabel, UserId},
};
use projections::sql::Boxed;
use zeroize::Zeroizing;

pub use refresh::{RefreshRequest, refresh};
pub use sign_out::{prove_again, sign_out};

use super::{
    Authenticated, IdentityError, Lifetime, authenticate_beside, is_conflict, issue::must_have_room,
};
use crate::{app::App, caller::Origin};

/// How often a password is verified again because the user changed meanwhile.
const ATTEMPTS: u32 = 4;

/// Who signs in.
pub struct SignInRequest<'a> {
    /// The username.
    pub username: &'a str,
    /// The password.
    pub password: Zeroizing<String>,
    /// For how many hours each refresh token is valid. The settings may bound this.
    pub hours: u32,
    /// How long an access token is valid.
    pub access: Duration,
}

/// The tokens of a sign-in.
pub struct SignedIn {
    /// The user.
    pub user: UserId,
    /// A new access token.
    pub access: String,
    /// The active refresh token.
    pub refresh: String,
    /// The position of the last event that this caused.
    pub position: i64,
}

/// Signs a user in by a username and password. A user who has a second factor is refused: this way has no place for a code.
pub fn sign_in<'a>(
    app: &'a App,
    request: SignInRequest<'a>,
    origin: &'a Origin,
) -> Boxed<'a, Result<SignedIn, IdentityError>> {
    Box::pin(async move {
        let mut attempt = 1;
        loop {
            let password = request.password.clone();
            let of_certificate = origin.user_of_certificate(app);
            let proved =
                authenticate_beside(app, request.username, password, origin.address(), of_certificate);
            let proved = proved.await?.ok_or(IdentityError::BadCredentials)?;
            let authenticated = proved.alone(request.username)?;
            match begin(app, &request, authenticated, origin).await {
                // The user has changed since the password was verified.
                Err(error) if is_conflict(&error) && attempt < ATTEMPTS => attempt += 1,
                begun => return begun,
            }
        }
    })
}

async fn begin(
    app: &App,
    request: &SignInRequest<'_>,
    authenticated: Authenticated,
    origin: &Origin,
) -> Result<SignedIn, IdentityError> {
    let Authenticated { user, seen, position } = authenticated;
    let (now, live) = (app.clock.now(), app.live());
    must_have_room(app, request.username, user, now).await?;
    let most = live.bounded(Lifetime::hours(request.hours.into())).as_secs() / 3600;
    let hours = u32::try_from(most).unwrap_or(request.hours);
    let (access_expires_at, expires_at) = (now.plus(request.access), now.plus_hours(hours.into()));
    let id = SignInId::of(app.entropy.uuid());
    let (access, fingerprint) = app
        .small_tokens()
        .access(id.session(1), user, access_expires_at)?;
    let refresh = app.small_tokens().refresh(id, 0, expires_at)?;
    let begin = SignInCommand::Begin(BeginSignIn {
        user_id: user,
        face: origin.audience(),
        proved_at: position,
        hours,
        now,
        access_expires_at,
        expires_at,
    });
    let commands = vec![
        Command::SignIn(id, begin),
        issue((id, 1), user, origin, fingerprint, (now, access_expires_at)),
    ];
    let metadata = origin.metadata(user);
    let unchanged = [seen];
    let executed = app
        .executor
        .execute_unless_changed(commands, &metadata, &unchanged);
    Ok(SignedIn {
        user,
        access,
        refresh,
        position: executed.await?.position,
    })
}

/// The command that records an access token of a sign-in, by its number.
fn issue(
    (id, number): (SignInId, u32),
    user: UserId,
    origin: &Origin,
    fingerprint: TokenFingerprint,
    (issued_at, expires_at): (Timestamp, Timestamp),
) -> Command {
    let issue = IssueToken {
        user_id: user,
        face: origin.audience(),
        fingerprint,
        label: TokenLabel::default(),
        methods: vec![GrantMethod::Password],
        issued_at,
        expires_at,
    };
    Command::Session(id.session(number), SessionCommand::IssueToken(issue))
}
