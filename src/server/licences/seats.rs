//! The seats of licences.

use aggregates::{
    Command, DomainError,
    licence::{Licence, LicenceError},
    seat::SeatCommand,
    values::{DeviceId, LicenceId},
};
use ledger::Appended;

use crate::{app::App, caller::Caller, refusal::Refusal};

/// Lets a device use a licence. The licence must not have expired; that it is not suspended, and that a seat is free, is decided with the
/// append.
pub async fn assign(
    app: &App,
    caller: &Caller,
    licence: LicenceId,
    device: DeviceId,
) -> Result<Appended, Refusal> {
    let (issued, _) = app.executor.read::<Licence>(licence).await?;
    issued.must_last(app.clock.now()).map_err(DomainError::from)?;
    let command = Command::Seat(licence.seat(device), SeatCommand::Assign { licence, device });
    caller.execute(app, vec![command]).await
}

/// Frees the seat of a device, if it has one.
pub async fn release(
    app: &App,
    caller: &Caller,
    licence: LicenceId,
    device: DeviceId,
) -> Result<Appended, Refusal> {
    let (issued, _) = app.executor.read::<Licence>(licence).await?;
    if !issued.exists() {
        return Err(DomainError::from(LicenceError::NotFound).into());
    }
    let command = Command::Seat(licence.seat(device), SeatCommand::Release);
    caller.execute(app, vec![command]).await
}
