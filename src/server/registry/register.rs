//! A device asks to be let in, or asks again whether it was.

use aggregates::{
    Claim, Command,
    client_registry::claims::PENDING,
    registration::{DeviceCredential, RegistrationCommand, Request, Wishes, claims::REGISTERING},
    user::claims::USERNAME,
    values::{RegistrationId, Timestamp, UserId, Username},
};
use ledger::{ExecuteError, Metadata, Rejection};
use pki::Csr;
use projections::registrations::{self, RegistrationRow};
use zeroize::Zeroizing;

use super::{
    expiry::end_expired,
    proof::{self, Proof},
    registry, signing,
};
use crate::{
    address::ClientAddress,
    app::App,
    caller::Origin,
    refusal::{Refusal, RefusalKind},
};

/// How often a request is tried again because something changed meanwhile.
const ATTEMPTS: u32 = 4;

/// The request of a device.
pub struct Registering {
    /// The username that the device wants.
    pub username: Username,
    /// The credential that the device sent.
    pub credential: SentCredential,
    /// What the device wants to do.
    pub wishes: Wishes,
}

/// The credential that a device sends.
pub enum SentCredential {
    /// A password.
    Password(Zeroizing<String>),
    /// A signing request, which names the username.
    Csr(Box<Csr>),
}

/// The way by which a request came.
#[derive(Clone, Copy)]
pub(super) enum Way<'a> {
    /// The device itself asked.
    Device(&'a Origin),
    /// The device wanted to connect to a broker, from this address.
    Broker(ClientAddress),
}

impl Way<'_> {
    fn address(self) -> ClientAddress {
        match self {
            Self::Device(origin) => origin.address(),
            Self::Broker(address) => address,
        }
    }

    fn metadata(self, user: UserId) -> Metadata {
        match self {
            Self::Device(origin) => origin.metadata(user),
            Self::Broker(address) => Metadata {
                actor: user.to_string(),
                address: Some(address.ip().to_string()),
                ..Metadata::system("broker")
            },
        }
    }
}

/// The answer to a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Nobody has decided yet.
    Pending,
    /// The device was let in. If it sent a signing request, this is its certificate, as base64 of its PEM.
    Granted(Option<String>),
}

impl Registering {
    fn proof<'a>(&'a self, password: &'a Zeroizing<String>, way: Way<'_>) -> Proof<'a> {
        Proof {
            username: &self.username,
            password,
            address: way.address(),
        }
    }

    /// What became of a registration, if this device made it.
    async fn learn(&self, app: &App, row: &RegistrationRow, way: Way<'_>) -> Result<Option<Asked>, Refusal> {
        let asked = match (&self.credential, row.granted) {
            (SentCredential::Password(password), granted) => {
                let is_same = proof::is_of(app, row, self.proof(password, way)).await?;
                is_same.then_some(match granted {
                    true => Asked::Granted(None),
                    false => Asked::Pending,
                })
            }
            (SentCredential::Csr(csr), false) => {
                signing::is_of(app, row, csr).await?.then_some(Asked::Pending)
            }
            (SentCredential::Csr(csr), true) => {
                let certificate = signing::certificate(app, row.id.user(), csr).await?;
                certificate.map(|certificate| Asked::Granted(Some(certificate)))
            }
        };
        Ok(asked)
    }

    /// The credential of a new registration.
    async fn to_store(&self, app: &App, way: Way<'_>) -> Result<DeviceCredential, Refusal> {
        match &self.credential {
            SentCredential::Password(sent) => {
                let password = app.live().password_rules.propose(sent, &[&*self.username])?;
                let hash = proof::hash(app, self.proof(sent, way), password).await?;
                Ok(DeviceCredential::Password(hash))
            }
            SentCredential::Csr(csr) => Ok(DeviceCredential::Csr(signing::written(csr))),
        }
    }
}

/// Answers a device: begins a registration while the registry is open; the device that began it learns at any time what became of it.
pub async fn register(app: &App, device: &Registering, origin: &Origin) -> Result<Asked, Refusal> {
    app.registry_rate()
        .admit(origin.address().network(), app.clock.now())?;
    for _ in 0..ATTEMPTS {
        let now = app.clock.now();
        let known = registrations::find(app.ledger().db(), &device.username, now).await?;
        if let Some(row) = known {
            return again(app, device, &row, Way::Device(origin)).await;
        }
        if begin(app, device, Way::Device(origin)).await? {
            return Ok(Asked::Pending);
        }
    }
    Err(Refusal::unavailable())
}

/// The device has registered before, or it asks for the name of another one.
async fn again(
    app: &App,
    device: &Registering,
    row: &RegistrationRow,
    way: Way<'_>,
) -> Result<Asked, Refusal> {
    if let Some(asked) = device.learn(app, row, way).await? {
        return Ok(asked);
    }
    let (window, _) = registry(app).await?;
    match window.is_open(app.clock.now()) {
        true => Err(taken()),
        false => Err(locked()),
    }
}

/// Begins a registration. Returns false if something changed meanwhile, so that the request must be looked at once more.
pub(super) async fn begin(app: &App, device: &Registering, way: Way<'_>) -> Result<bool, Refusal> {
    let (window, seen) = registry(app).await?;
    if !window.is_open(app.clock.now()) {
        if let SentCredential::Password(password) = &device.credential {
            proof::is_of_nobody(app, device.proof(password, way)).await?;
        }
        return Err(locked());
    }
    let name = Claim::new(USERNAME, &*device.username);
    if is_of_broker(app, &device.username) || app.ledger().is_taken(&name).await? {
        return Err(taken());
    }
    let credential = device.to_store(app, way).await?;
    let now = app.clock.now();
    // The password may have waited to be hashed.
    if !window.is_open(now) {
        return Err(locked());
    }
    let id = RegistrationId(app.entropy.uuid());
    let request = Request {
        username: device.username.clone(),
        credential,
        wishes: device.wishes.clone(),
        now,
        expires_at: end_of(app, now),
    };
    let commands = vec![Command::Registration(id, RegistrationCommand::Request(request))];
    // If the device is let in, it is the user with this id.
    let metadata = way.metadata(id.user());
    let seen = [seen];
    let executed = app.executor.execute_unless_changed(commands, &metadata, &seen);
    match executed.await {
        Ok(_) => Ok(true),
        // Somebody opened or closed the registry meanwhile.
        Err(ExecuteError::Rejected(Rejection::Conflict { .. })) => Ok(false),
        // Another request of the device came first, a registration with this name has expired, or one with a name like it is pending.
        Err(ExecuteError::Rejected(Rejection::ClaimTaken(claim))) if claim.scope == REGISTERING => {
            let ended = end_expired(app).await?;
            let came = registrations::find(app.ledger().db(), &device.username, app.clock.now()).await?;
            match ended > 0 || came.is_some() {
                true => Ok(false),
                false => Err(taken()),
            }
        }
        Err(ExecuteError::Rejected(Rejection::TooManyClaims(scope))) if scope == PENDING => {
            match end_expired(app).await? {
                0 => Err(full()),
                _ => Ok(false),
            }
        }
        Err(error) => Err(error.into()),
    }
}

/// When a registration that begins now expires.
fn end_of(app: &App, now: Timestamp) -> Timestamp {
    let minutes = app.settings.registry_pending_minutes;
    Timestamp::from_micros(now.micros().saturating_add(minutes.saturating_mul(60_000_000)))
}

/// Whether the server itself has this username at a broker. A device with it could manage the broker.
pub(super) fn is_of_broker(app: &App, username: &str) -> bool {
    let brokers = app.settings.brokers.as_ref();
    brokers.is_some_and(|brokers| brokers.have_user(username))
}

fn locked() -> Refusal {
    let message = "the registry is closed: an operator must open it first";
    Refusal::new(RefusalKind::Locked, "registry_locked", message)
}

fn taken() -> Refusal {
    let message = "the username is taken, or a device with another credential registered it";
    Refusal::conflict("username_taken", message)
}

fn full() -> Refusal {
    let message = "as many registrations are pending as the server allows; try again later";
    Refusal::later(RefusalKind::Unavailable, "registry_full", message)
}
