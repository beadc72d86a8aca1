//! The registration of devices: a device asks to be let in while the registry is open, an operator decides, and the device asks again
//! to learn the answer (contracts/connectware.md section 2, "Client registry").

mod expiry;
mod implicit;
mod pending;
mod proof;
mod rate;
mod register;
mod signing;

use aggregates::client_registry::{ClientRegistry, ClientRegistryId};
use ledger::{ExecuteError, Seen};

use crate::app::App;

pub use expiry::{end_expired, keep_ending_expired};
pub(crate) use implicit::introduce;
pub use pending::pending;
pub(crate) use rate::Rate;
pub use register::{Asked, Registering, SentCredential, register};
pub use signing::commands as certificate_commands;

/// The registry as the ledger has it now, and where it was seen.
async fn registry(app: &App) -> Result<(ClientRegistry, Seen), ExecuteError> {
    app.executor
        .read::<ClientRegistry>(ClientRegistryId::THE_ONE)
        .await
}
