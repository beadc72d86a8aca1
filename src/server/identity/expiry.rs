//! Passwords that have become too old.

use aggregates::{
    Command,
    registration::Registration,
    user::{User, UserCommand},
    values::{RegistrationId, UserId},
};
use authorization::Duty;
use ledger::Metadata;
use projections::user_directory;

use super::IdentityError;
use crate::app::App;

const MICROS_PER_DAY: i64 = 24 * 60 * 60 * 1_000_000;

/// If a password that was right just now is older than the settings allow, demands another one of its user. Machines cannot choose one, so
/// nothing is demanded of them.
pub(super) async fn demand_if_expired(app: &App, user: UserId) -> Result<(), IdentityError> {
    let Some(days) = app.live().password_days_most else {
        return Ok(());
    };
    if app.ledger().authorization().duty(user) == Some(Duty::ChangePassword) {
        return Ok(());
    }
    // The password is read before its age, so an age that is too high is not that of a newer password.
    let (state, _) = app.executor.read::<User>(user).await?;
    let set_at = app.ledger().password_set_at(user).await?;
    let (Some(verified), Some(set_at)) = (state.password_hash, set_at) else {
        return Ok(());
    };
    let age = app.clock.now().micros().saturating_sub(set_at.micros());
    if age < days.saturating_mul(MICROS_PER_DAY) || is_machine(app, user).await? {
        return Ok(());
    }
    let demand = Command::User(user, UserCommand::DemandPasswordChange { verified });
    app.executor
        .execute(vec![demand], &Metadata::system("login"))
        .await?;
    Ok(())
}

/// Whether a service made the user, or the user is a device that registered.
async fn is_machine(app: &App, user: UserId) -> Result<bool, IdentityError> {
    let db = app.ledger().db();
    let auto_generated = user_directory::is_auto_generated(db, user).await;
    if auto_generated.map_err(ledger::LedgerError::from)? {
        return Ok(true);
    }
    let (registration, _) = app.executor.read::<Registration>(RegistrationId(user.0)).await?;
    Ok(registration.is_granted())
}
