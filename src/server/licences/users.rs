//! What becomes of the seats of a device when its user is deleted or revoked.

use aggregates::{Command, seat::SeatCommand, user::UserCommand, values::DeviceId};
use projections::licences;

use crate::{app::App, refusal::Refusal};

/// The commands that free the seats of the devices whose users these commands delete or revoke.
pub(crate) async fn for_seats(app: &App, commands: &[Command]) -> Result<Vec<Command>, Refusal> {
    let ended = commands.iter().filter_map(|command| match command {
        Command::User(id, UserCommand::Delete | UserCommand::Revoke) => Some(DeviceId(id.0)),
        _ => None,
    });
    let ended: Vec<DeviceId> = ended.collect();
    if ended.is_empty() {
        return Ok(Vec::new());
    }
    let seats = licences::seats_of(app.ledger().db(), ended).await?;
    let released = seats
        .iter()
        .map(|seat| Command::Seat(seat.licence.seat(seat.device), SeatCommand::Release));
    Ok(released.collect())
}
