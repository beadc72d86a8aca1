//! Identifies a user by a username and password.

use std::time::Duration;

use aggregates::{
    Command,
    user::{User, UserCommand},
    values::{PasswordHash, UserId},
};
use authorization::Duty;
use ledger::{ExecuteError, LedgerError, Metadata, Seen, WithCauses};
use projections::sql::Boxed;
use zeroize::Zeroizing;

use super::{
    Password,
    expiry::demand_if_expired,
    passwords::{HashingError, MayHash, Verdict},
    second_factor::CodeError,
    tokens::SigningError,
};
use crate::{
    address::ClientAddress,
    app::App,
    brokers::DeviceAddress,
    caller::Caller,
    defence::{Asker, Guess, TooMany},
    evidence::Evidence,
};

/// Why no user is identified.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The username or the password is wrong, or the user may not log in this way.
    #[error("the username or the password is wrong")]
    BadCredentials,
    /// The user has a second factor, and the client can show only a password.
    #[error("this user has a second factor, so the password alone is not enough: log in and use the token")]
    SecondFactorNeeded,
    /// The user must do something else first, which this API has no place for.
    #[error(
        "this user must change the password or enrol a second factor first, which this API has no place for"
    )]
    Owes(Duty),
    /// The attempt to log in that a second factor should complete is unknown, has ended, or is of another user.
    #[error("the login cannot be completed any more: begin again with the password")]
    AttemptEnded,
    /// The refresh token is none, or has ended.
    #[error("a valid credential is required")]
    BadToken,
    /// The second factor is not proved.
    #[error(transparent)]
    Code(#[from] CodeError),
    /// The user has as many valid tokens as the settings allow.
    #[error("this user has {0} valid tokens, and may have no more: revoke some of them")]
    TooManySessions(u32),
    /// The defence refuses the attempt.
    #[error(transparent)]
    TooMany(#[from] TooMany),
    /// The password cannot be compared.
    #[error(transparent)]
    Hashing(#[from] HashingError),
    /// The token cannot be signed.
    #[error(transparent)]
    Signing(#[from] SigningError),
    /// The ledger cannot be read.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The database does not answer.
    #[error("database: {0}")]
    Database(#[from] projections::sql::Error),
    /// The token cannot be recorded.
    #[error(transparent)]
    Execute(#[from] ExecuteError),
}

/// A user who proved a password. Whether this is enough is a question that the code must answer: nothing else gives the user.
#[must_use = "a password may not be enough"]
pub struct PasswordProved {
    authenticated: Authenticated,
    has_second_factor: bool,
}

impl PasswordProved {
    /// The user, if the password alone is enough. `name` is the name that the client gave.
    pub fn alone(self, name: &str) -> Result<Authenticated, IdentityError> {
        match self.has_second_factor {
            false => Ok(self.authenticated),
            true => {
                Evidence::login(name, Some(self.authenticated.user), "second_factor_needed").leave();
                Err(IdentityError::SecondFactorNeeded)
            }
        }
    }

    /// The user, and whether they must still prove their second factor. For a login, which can ask for it.
    pub(super) fn and_perhaps_more(self) -> (Authenticated, bool) {
        (self.authenticated, self.has_second_factor)
    }
}

/// A user who proved who they are.
pub struct Authenticated {
    /// The user.
    pub user: UserId,
    /// The user's state when the password was verified. The result of the verification is valid while the user is
    /// unchanged.
    pub seen: Seen,
    /// A position that the ledger had reached before the user's state was read.
    pub position: i64,
}

/// The user of a username and password. It is `None` if the user is unknown, if the password is wrong, or if the user
/// may not log in by password. All three cases take the same time. The defence decides when the password is compared, and how long the
/// answer to a wrong one waits.
pub fn authenticate<'a>(
    app: &'a App,
    username: &'a str,
    password: Zeroizing<String>,
    address: ClientAddress,
) -> Boxed<'a, Result<Option<PasswordProved>, IdentityError>> {
    authenticated(app, username, password, (Asker::Client, address), None)
}

/// The same, if the client also shows the certificate of a user.
pub(crate) fn authenticate_beside<'a>(
    app: &'a App,
    username: &'a str,
    password: Zeroizing<String>,
    address: ClientAddress,
    of_certificate: Option<UserId>,
) -> Boxed<'a, Result<Option<PasswordProved>, IdentityError>> {
    authenticated(app, username, password, (Asker::Client, address), of_certificate)
}

/// The same for a device that connects to a broker. It waits longer for its turn.
pub(crate) fn authenticate_device<'a>(
    app: &'a App,
    username: &'a str,
    password: Zeroizing<String>,
    from: DeviceAddress,
) -> Boxed<'a, Result<Option<PasswordProved>, IdentityError>> {
    let asker = match from {
        DeviceAddress::OfDevice(_) => Asker::Broker,
        DeviceAddress::OfBroker(_) => Asker::BrokerOfMany,
    };
    authenticated(app, username, password, (asker, from.address()), None)
}

fn authenticated<'a>(
    app: &'a App,
    username: &'a str,
    password: Zeroizing<String>,
    (asker, address): (Asker, ClientAddress),
    of_certificate: Option<UserId>,
) -> Boxed<'a, Result<Option<PasswordProved>, IdentityError>> {
    Box::pin(async move {
        let guess = Guess {
            asker,
            address,
            name: username,
            user: app.ledger().authorization().user_by_name(username),
            password: &password,
        };
        let turn = app.defence().turn(guess).await;
        let mut attempt =
            turn.inspect_err(|refused| Evidence::login(username, guess.user, refused.code()).leave())?;
        let mut patience = attempt.take_patience();
        let proved = tokio::select! {
            biased;
            proved = prove(app, attempt.may_hash(), username, &password, of_certificate) => proved,
            // Nobody learns whether the password was right, so this is no guess.
            () = patience.refused() => {
                attempt.spoilt();
                Evidence::login(username, guess.user, TooMany::Waiting.code()).leave();
                return Err(TooMany::Waiting.into());
            }
        };
        let proved = match proved {
            Ok(Some(proved)) => proved,
            Ok(None) => {
                let time = attempt.failed();
                patience.until_due(hold(app, time)).await;
                return Ok(None);
            }
            Err(error) => {
                attempt.spoilt();
                return Err(error);
            }
        };
        drop(patience);
        let user = proved.proved.authenticated.user;
        let turn = attempt.succeeded(user);
        // Older versions of the server also accepted texts that are not passwords now. Such a hash is left as it is.
        if let Some(hash) = proved.old
            && let Ok(password) = Password::of(&password)
        {
            rehash(app, turn.may_hash(), user, hash, password).await;
        }
        drop(turn);
        match asker {
            Asker::Client => demand_if_expired(app, user).await?,
            // A device cannot change its password.
            Asker::Broker | Asker::BrokerOfMany => {}
        }
        Ok(Some(proved.proved))
    })
}

/// Lets the answer to a wrong password wait.
async fn hold(app: &App, time: Duration) {
    if !time.is_zero() {
        app.clock.rest(time).await;
    }
}

/// Whether callers know the password that they have.
pub enum Confirmed {
    /// It is the password with this hash. The other hashes are those of the passwords before it, newest first.
    Right(PasswordHash, Vec<PasswordHash>),
    /// It is another password.
    Wrong,
    /// The caller has no password here.
    NoPassword,
}

/// Compares a text with the caller's password. The defence treats it like a login: a stolen token must not help to guess the password.
pub fn confirm<'a>(
    app: &'a App,
    caller: &'a Caller,
    password: Zeroizing<String>,
) -> Boxed<'a, Result<Confirmed, IdentityError>> {
    Box::pin(async move {
        let guess = Guess {
            asker: Asker::Client,
            address: caller.address(),
            name: "",
            user: Some(caller.user),
            password: &password,
        };
        let leave = |reason| Evidence::password(caller.user, reason).leave();
        let turn = app.defence().turn(guess).await;
        let attempt = turn.inspect_err(|refused| leave(refused.code()))?;
        let confirmed = compare_with_own(app, attempt.may_hash(), caller, password).await;
        match &confirmed {
            Ok(Confirmed::Right(..)) => drop(attempt.succeeded(caller.user)),
            Ok(Confirmed::Wrong) => {
                leave("wrong_password");
                hold(app, attempt.failed()).await;
            }
            Ok(Confirmed::NoPassword) | Err(_) => attempt.spoilt(),
        }
        confirmed
    })
}

async fn compare_with_own(
    app: &App,
    may: MayHash<'_>,
    caller: &Caller,
    password: Zeroizing<String>,
) -> Result<Confirmed, IdentityError> {
    let (user, _) = app.executor.read::<User>(caller.user).await?;
    let Some(hash) = user.password_hash else {
        return Ok(Confirmed::NoPassword);
    };
    Ok(match app.passwords.verify(may, password, Some(&hash)).await? {
        Verdict::Right | Verdict::RightAsTyped => Confirmed::Right(hash, user.earlier_passwords),
        Verdict::Wrong => Confirmed::Wrong,
    })
}

/// A password that was right.
struct Proved {
    proved: PasswordProved,
    /// The hash, if it must be replaced.
    old: Option<PasswordHash>,
}

/// Compares a password with the hash of the user of this name. What is read and computed does not depend on the name. If it is not
/// the user's password, leaves the reason as evidence.
async fn prove(
    app: &App,
    may: MayHash<'_>,
    username: &str,
    password: &Zeroizing<String>,
    of_certificate: Option<UserId>,
) -> Result<Option<Proved>, IdentityError> {
    // Another node may have made or renamed the user a moment ago. This read takes the same time for every name.
    app.ledger().follower().catch_up().await?;
    let authorization = app.ledger().authorization();
    let (position, id) = (authorization.position(), authorization.user_by_name(username));
    let may_log_in: fn(&User) -> bool = match id.is_some() && id == of_certificate {
        true => User::may_log_in_by_password_and_certificate,
        false => User::may_log_in_by_password,
    };
    let (hash, seen) = hash_of(app, id, position, may_log_in).await?;
    let leave = |reason| Evidence::login(username, id, reason).leave();
    let verdict = app.passwords.verify(may, password.clone(), hash.as_ref()).await?;
    let (Some(user), Some(hash)) = (id, hash) else {
        leave(if id.is_some() {
            "no_password"
        } else {
            "unknown_user"
        });
        return Ok(None);
    };
    let is_old = match verdict {
        Verdict::Wrong => {
            leave("wrong_password");
            return Ok(None);
        }
        Verdict::Right => app.passwords.is_outdated(&hash),
        Verdict::RightAsTyped => true,
    };
    let (seen, has_second_factor) = match seen {
        Some(seen) => seen,
        // The time of the answer to a right password need not hide anything.
        None => match app.executor.read::<User>(user).await? {
            (now, seen) if may_log_in(&now) && now.password_hash.as_ref() == Some(&hash) => {
                (seen, now.second_factor.is_some())
            }
            _ => {
                app.hashes().forget(user);
                return Box::pin(prove(app, may, username, password, of_certificate)).await;
            }
        },
    };
    Ok(Some(Proved {
        proved: PasswordProved {
            authenticated: Authenticated { user, seen, position },
            has_second_factor,
        },
        old: is_old.then_some(hash),
    }))
}

/// The hash of a user who may log in by password. If this process does not know the hash from an earlier attempt, also where the user was
/// seen, and whether they have a second factor. All users take the same time then, and so does an unknown name: the stream of an id that
/// no user has is read instead.
async fn hash_of(
    app: &App,
    user: Option<UserId>,
    position: i64,
    may_log_in: fn(&User) -> bool,
) -> Result<(Option<PasswordHash>, Option<(Seen, bool)>), IdentityError> {
    let authorization = app.ledger().authorization();
    let kept = user.and_then(|user| app.hashes().find(authorization, user));
    let nobody = UserId(uuid::Uuid::nil());
    let read = user.filter(|_| kept.is_none());
    let (state, seen) = app.executor.read::<User>(read.unwrap_or(nobody)).await?;
    if kept.is_some() {
        return Ok((kept, None));
    }
    let by_password_alone = state.may_log_in_by_password();
    let has_second_factor = state.second_factor.is_some();
    let hash = may_log_in(&state).then_some(state.password_hash).flatten();
    if let (Some(user), Some(hash)) = (user, &hash)
        && by_password_alone
    {
        app.hashes().remember(user, hash, position);
    }
    Ok((hash, Some((seen, has_second_factor))))
}

/// Hashes a verified password again: with stronger parameters, or in the form that does not depend on how it is typed. If this fails,
/// the login succeeds all the same.
async fn rehash(app: &App, may: MayHash<'_>, user: UserId, verified: PasswordHash, password: Password) {
    let rehashed = async {
        let command = UserCommand::RehashPassword {
            verified,
            password_hash: app.passwords.hash_again(may, password).await?,
        };
        let commands = vec![Command::User(user, command)];
        app.executor.execute(commands, &Metadata::system("login")).await?;
        Ok::<_, IdentityError>(())
    };
    if let Err(error) = rehashed.await {
        // The next login hashes it.
        tracing::warn!(%user, error = %WithCauses(&error), "cannot record the password's stronger hash");
    }
}
