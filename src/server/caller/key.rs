//! Callers who are machines: they send an API key.

use aggregates::values::ApiKeyId;
use authorization::{Credential, Machine, Principal, Subject};

use super::Caller;
use crate::{
    app::App,
    evidence::Evidence,
    refusal::{Refusal, RefusalKind},
};

/// The code of the refusal of a key that no machine has.
pub const API_KEY_UNKNOWN: &str = "api_key_unknown";
/// The code of the refusal of a key that has expired.
pub const API_KEY_EXPIRED: &str = "api_key_expired";

/// The machine that has a key, and the digest of the key.
pub(super) async fn machine_of(app: &App, key: &str) -> Result<(Machine, [u8; 32]), Refusal> {
    let digest = app.api_keys().digest(key).bytes();
    let known = machine_with(app, digest);
    if known.is_ok() || app.api_keys().refused().has(&digest) {
        return Ok((known?, digest));
    }
    // Another node may have issued or prolonged the key a moment ago. The server looks once for each key, and not for each request: later
    // news arrives anyway. One look serves all requests that wait for it.
    app.ledger().follower().catch_up().await?;
    let machine = machine_with(app, digest).inspect_err(|_| app.api_keys().refused().add(digest))?;
    Ok((machine, digest))
}

/// The machine that has the secret with this digest.
pub(super) fn machine_with(app: &App, digest: [u8; 32]) -> Result<Machine, Refusal> {
    let refused = |reason, code, message| {
        Evidence::credential(reason).leave();
        Refusal::new(RefusalKind::Unauthenticated, code, message)
    };
    let credential = Credential::Secret(digest);
    match app
        .ledger()
        .authorization()
        .machine_with(&credential, app.clock.now())
    {
        Some(Ok(machine)) => Ok(machine),
        Some(Err(_)) => Err(refused("expired_key", API_KEY_EXPIRED, "the API key has expired")),
        None => Err(refused(
            "unknown_key",
            API_KEY_UNKNOWN,
            "there is no such API key",
        )),
    }
}

/// Remembers when a key was used last, if the machine is an API key.
pub(super) fn note_use(app: &App, machine: Machine) {
    if let Some(key) = ApiKeyId::from_uuid(machine.id) {
        app.ledger().key_uses().note(key, app.clock.now());
    }
}

impl Caller {
    /// Whose grants count for the caller.
    pub fn principal(&self) -> Principal {
        match self.machine {
            Some(machine) => Principal::Machine(machine),
            None => Principal::User(self.user),
        }
    }

    /// The machine that calls, if it is not a user.
    pub fn machine(&self) -> Option<Machine> {
        self.machine
    }

    /// The caller as the subject of a question.
    pub fn subject(&self) -> Subject {
        match self.machine {
            Some(machine) => Subject::Machine(machine),
            None => Subject::User(self.user),
        }
    }

    /// Refuses a machine, as if it had sent no credential: the operation is for people.
    pub fn must_be_person(&self) -> Result<(), Refusal> {
        match self.machine {
            Some(_) => Err(Refusal::unauthenticated()),
            None => Ok(()),
        }
    }
}
