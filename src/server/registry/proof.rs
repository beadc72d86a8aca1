//! A device proves that it made a registration: it sends the same credential again.
//!
//! A password is compared like the password of a login, through the defence and its queue. So a flood of registrations keeps nobody
//! from logging in, and each further wrong guess has to wait longer.

use aggregates::{
    registration::Registration,
    user::User,
    values::{PasswordHash, UserId},
};
use projections::registrations::RegistrationRow;
use zeroize::Zeroizing;

use crate::{
    address::ClientAddress,
    app::App,
    defence::{Asker, Guess},
    evidence::Evidence,
    identity::{
        IdentityError,
        passwords::{Verdict, rules::NewPassword},
    },
    refusal::Refusal,
};

/// A password that a device sent, and from where.
#[derive(Clone, Copy)]
pub(super) struct Proof<'a> {
    pub(super) username: &'a str,
    pub(super) password: &'a Zeroizing<String>,
    pub(super) address: ClientAddress,
}

impl Proof<'_> {
    fn guess(&self, user: Option<UserId>) -> Guess<'_> {
        Guess {
            asker: Asker::Client,
            address: self.address,
            name: self.username,
            user,
            password: self.password,
        }
    }
}

/// Whether the password is that of a registration: of the user, once there is one.
pub(super) async fn is_of(app: &App, row: &RegistrationRow, proof: Proof<'_>) -> Result<bool, IdentityError> {
    let user = row.id.user();
    let leave = |reason| Evidence::login(proof.username, Some(user), reason).leave();
    let turn = app.defence().turn(proof.guess(Some(user))).await;
    let attempt = turn.inspect_err(|refused| leave(refused.code()))?;
    let (hash, has_second_factor) = match row.granted {
        false => (
            app.executor.read::<Registration>(row.id).await?.0.password_hash,
            false,
        ),
        true => {
            let (user, _) = app.executor.read::<User>(user).await?;
            (user.password_hash, user.second_factor.is_some())
        }
    };
    let compared = app
        .passwords
        .verify(attempt.may_hash(), proof.password.clone(), hash.as_ref());
    match compared.await {
        // The device has become a user whose password alone proves nothing.
        Ok(Verdict::Right | Verdict::RightAsTyped) if has_second_factor => {
            leave("second_factor_needed");
            attempt.spoilt();
            Ok(false)
        }
        Ok(Verdict::Right | Verdict::RightAsTyped) => {
            match row.granted {
                true => drop(attempt.succeeded(user)),
                // Anybody may register. This must not make a network one from which users log in.
                false => attempt.spoilt(),
            }
            Ok(true)
        }
        Ok(Verdict::Wrong) => {
            leave("wrong_password");
            let hold = attempt.failed();
            if !hold.is_zero() {
                app.clock.rest(hold).await;
            }
            Ok(false)
        }
        Err(error) => {
            attempt.spoilt();
            Err(error.into())
        }
    }
}

/// Compares the password with nothing. A closed registry refuses a name without a registration after the same time as one that has a
/// registration with another password.
pub(super) async fn is_of_nobody(app: &App, proof: Proof<'_>) -> Result<(), IdentityError> {
    let attempt = app.defence().turn(proof.guess(None)).await?;
    let compared = app
        .passwords
        .verify(attempt.may_hash(), proof.password.clone(), None)
        .await;
    // Nobody guessed anything.
    attempt.spoilt();
    compared?;
    Ok(())
}

/// Hashes the password of a new registration, if it satisfies all rules.
pub(super) async fn hash(
    app: &App,
    proof: Proof<'_>,
    password: NewPassword,
) -> Result<PasswordHash, Refusal> {
    let attempt = app.defence().turn(proof.guess(None)).await?;
    let hash = app.passwords.hash(attempt.may_hash(), password).await;
    attempt.spoilt();
    Ok(hash?)
}
