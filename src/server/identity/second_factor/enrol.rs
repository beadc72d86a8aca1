//! Users enrol, disable and repair their second factors.

use aggregates::{
    Command, DomainError,
    user::{User, UserCommand, UserError},
    values::UserId,
};
use zeroize::Zeroizing;

use super::{
    BackupCodes, CodeError, Typed,
    check::{Checked, check},
    codes::{new_secret, step_of},
    uri::uri,
};
use crate::{app::App, caller::Caller, position::Wrote, refusal::Refusal};

/// A TOTP that was offered to a user.
pub struct Offer {
    /// The URI for the device.
    pub uri: Zeroizing<String>,
}

/// Offers a TOTP to the caller. It becomes their second factor when they confirm it.
pub async fn offer(app: &App, caller: &Caller) -> Result<Wrote<Offer>, Refusal> {
    let secret = new_secret(app.entropy.as_ref());
    let (state, _) = app.executor.read::<User>(caller.user).await?;
    let uri = uri(&app.settings.mfa_issuer, &state.username, &secret);
    let position = execute(app, caller, UserCommand::OfferTotp { secret }).await?;
    Ok(Wrote(position, Offer { uri }))
}

/// Makes the TOTP that was offered last the caller's second factor. A wrong code is not counted: the caller knows the secret.
pub async fn enrol(app: &App, caller: &Caller, code: &str) -> Result<Wrote<BackupCodes>, Refusal> {
    let (state, _) = app.executor.read::<User>(caller.user).await?;
    if state.second_factor.is_some() {
        return Err(refused(UserError::SecondFactorEnrolled));
    }
    let offered = state.offered_totp;
    let verified = offered.ok_or_else(|| refused(UserError::SecondFactorNotOffered))?;
    let step = step_of(&verified, code, app.clock.now()).ok_or_else(|| refused(UserError::WrongCode))?;
    let codes = BackupCodes::new(app.entropy.as_ref());
    let command = UserCommand::EnrolTotp {
        verified,
        step,
        backup_codes: codes.hashes(app, caller.user),
    };
    Ok(Wrote(execute(app, caller, command).await?, codes))
}

/// Disables the caller's second factor.
pub async fn disable(app: &App, caller: &Caller, typed: &Typed) -> Result<i64, Refusal> {
    let Checked { proof, now } = proved(app, caller, typed).await?;
    execute(app, caller, UserCommand::DisableSecondFactor { proof, now }).await
}

/// Replaces the caller's back-up codes.
pub async fn replace_backup_codes(
    app: &App,
    caller: &Caller,
    typed: &Typed,
) -> Result<Wrote<BackupCodes>, Refusal> {
    let Checked { proof, now } = proved(app, caller, typed).await?;
    replace(app, caller, caller.user, |backup_codes| {
        UserCommand::ReplaceBackupCodes {
            proof: Some(proof),
            now,
            backup_codes,
        }
    })
    .await
}

/// Replaces the back-up codes of a user, for somebody else.
pub async fn replace_backup_codes_of(
    app: &App,
    caller: &Caller,
    user: UserId,
) -> Result<Wrote<BackupCodes>, Refusal> {
    let now = app.clock.now();
    replace(app, caller, user, |backup_codes| {
        UserCommand::ReplaceBackupCodes {
            proof: None,
            now,
            backup_codes,
        }
    })
    .await
}

async fn replace(
    app: &App,
    caller: &Caller,
    user: UserId,
    command: impl FnOnce(Vec<aggregates::values::BackupCodeHash>) -> UserCommand,
) -> Result<Wrote<BackupCodes>, Refusal> {
    let codes = BackupCodes::new(app.entropy.as_ref());
    let command = command(codes.hashes(app, user));
    let appended = caller.execute(app, vec![Command::User(user, command)]).await?;
    Ok(Wrote(appended.position, codes))
}

/// Checks a code of the caller.
async fn proved(app: &App, caller: &Caller, typed: &Typed) -> Result<Checked, Refusal> {
    let (state, _) = app.executor.read::<User>(caller.user).await?;
    let checked = check(app, caller.user, &state, typed, &caller.metadata()).await;
    checked.map_err(|error| match error {
        CodeError::Wrong => refused(UserError::WrongCode),
        error => error.into(),
    })
}

/// Executes a command of the caller about themselves.
async fn execute(app: &App, caller: &Caller, command: UserCommand) -> Result<i64, Refusal> {
    let appended = caller
        .execute(app, vec![Command::User(caller.user, command)])
        .await?;
    Ok(appended.position)
}

fn refused(error: UserError) -> Refusal {
    DomainError::from(error).into()
}
