//! Who may connect to a broker.

use std::{net::IpAddr, sync::Arc};

use aggregates::{
    user::User,
    values::{Audience, GrantMethod, Timestamp, UserId},
};
use zeroize::Zeroizing;

use crate::{
    address::ClientAddress,
    app::App,
    caller::by_token,
    evidence::Evidence,
    identity::{Audiences, Authenticated, authenticate_device, tokens::digest},
    refusal::Refusal,
    registry::introduce,
};

/// A client that wants to connect.
pub struct Connect<'a> {
    /// The name that the client gives.
    pub username: &'a str,
    /// What proves that the client is this user.
    pub proof: Proof<'a>,
    /// From where it connects.
    pub address: DeviceAddress,
}

/// From where a client of a broker connects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceAddress {
    /// The address of the client.
    OfDevice(ClientAddress),
    /// The address of the broker, which does not say the client's. All its clients share it.
    OfBroker(ClientAddress),
}

impl DeviceAddress {
    /// The client's address as a broker writes it, or else the broker's.
    pub fn of(written: Option<&str>, broker: ClientAddress) -> Self {
        let address = written.and_then(|text| text.parse::<IpAddr>().ok());
        let of_device = |address| Self::OfDevice(ClientAddress::of(address));
        address.map_or(Self::OfBroker(broker), of_device)
    }

    /// The address that counts as the client's.
    pub(crate) fn address(self) -> ClientAddress {
        match self {
            Self::OfDevice(address) | Self::OfBroker(address) => address,
        }
    }
}

/// What proves who a client is.
#[derive(Clone, Copy)]
pub enum Proof<'a> {
    /// A password, or a token in the place of the password.
    Password(&'a str),
    /// The broker has verified a certificate with this username.
    Certificate,
}

/// A client that may connect.
pub struct Connected {
    /// The user.
    pub user: UserId,
    /// When the proof ends, if it does: the connection must not last longer.
    pub until: Option<Timestamp>,
    /// The prefix that is put before every topic to which the user publishes.
    pub publish_prefix: Option<Arc<str>>,
}

/// Decides whether a client may connect. A user for whom several methods are required may not: a broker shows only one.
pub async fn connect(app: &App, asked: Connect<'_>) -> Result<Connected, Refusal> {
    let Connect {
        username,
        proof,
        address,
    } = asked;
    let (user, until) = match proof {
        Proof::Certificate => by_certificate(app, username).await?,
        Proof::Password(token) if is_own_token(app, token) => by_own_token(app, username, token).await?,
        Proof::Password(password) => (by_password(app, username, password, address).await?, None),
    };
    let authorization = app.ledger().authorization();
    let by_password = matches!(proof, Proof::Password(_));
    if by_password && let Some(duty) = authorization.duty(user) {
        return Err(refused(username, Some(user), duty.code()));
    }
    // The broker keeps the session under the name that the client gave, and ends it under the name that the user has.
    if authorization.user_by_exact_name(username) != Some(user) {
        return Err(refused(username, Some(user), "name_in_another_spelling"));
    }
    let publish_prefix = authorization.publish_prefix(user);
    app.fresh()?;
    Ok(Connected {
        user,
        until,
        publish_prefix,
    })
}

/// The user of this name, if this is their password and it is enough.
async fn by_password(
    app: &App,
    username: &str,
    password: &str,
    address: DeviceAddress,
) -> Result<UserId, Refusal> {
    let authorization = app.ledger().authorization();
    let lately = authorization
        .user_by_name(username)
        .filter(|user| app.proved().has(authorization, *user, password));
    let user = match lately {
        Some(user) => user,
        None => {
            let typed = Zeroizing::new(password.to_owned());
            let authenticated = authenticate_device(app, username, typed, address).await?;
            let Some(proved) = authenticated else {
                let is_known = authorization.user_by_name(username).is_some();
                introduce(app, (username, is_known), password, address.address()).await;
                return Err(Refusal::bad_credentials());
            };
            let Authenticated { user, position, .. } = proved.alone(username)?;
            app.proved().remember(user, password, position);
            // The user may have changed while the password was compared.
            if !authorization.still_proved(user, GrantMethod::Password, position)
                || authorization.has_second_factor(user)
            {
                return Err(refused(username, Some(user), "changed_meanwhile"));
            }
            user
        }
    };
    if !authorization.may_prove(user, GrantMethod::Password.into()) {
        return Err(refused(username, Some(user), "method_not_allowed"));
    }
    Ok(user)
}

/// Whether a text is a token that this server signed.
fn is_own_token(app: &App, text: &str) -> bool {
    let is_in_form = || text.starts_with("eyJ") && text.bytes().filter(|byte| *byte == b'.').count() == 2;
    is_in_form() && {
        let digest = digest(text);
        app.tokens.is_verified(&digest)
            || app
                .tokens
                .verify(text, &digest, Audiences::One(Audience::Connectware))
                .is_some()
    }
}

/// The user of a token, if they have this name and a token alone is enough, and when the token ends.
async fn by_own_token(
    app: &App,
    username: &str,
    token: &str,
) -> Result<(UserId, Option<Timestamp>), Refusal> {
    let session = by_token(
        app,
        token,
        digest(token),
        Audiences::One(Audience::Connectware),
        None,
    )
    .await?;
    let named = app.ledger().authorization().user_by_name(username);
    if named != Some(session.user_id) {
        return Err(refused(username, named, "token_of_another_user"));
    }
    if !app
        .ledger()
        .authorization()
        .may_prove(session.user_id, GrantMethod::Token.into())
    {
        return Err(refused(username, named, "method_not_allowed"));
    }
    Ok((session.user_id, Some(session.expires_at)))
}

/// The user of this name, if the settings let brokers vouch for certificates and the user has one that is valid, and when the
/// last of these ends.
async fn by_certificate(app: &App, username: &str) -> Result<(UserId, Option<Timestamp>), Refusal> {
    let authorization = app.ledger().authorization();
    let Some(user) = authorization.user_by_name(username) else {
        return Err(refused(username, None, "unknown_user"));
    };
    if !app.settings.hooks_certificates || !authorization.may_prove(user, GrantMethod::Certificate.into()) {
        return Err(refused(username, Some(user), "method_not_allowed"));
    }
    let (state, _) = app.executor.read::<User>(user).await?;
    let now = app.clock.now();
    let ends = state
        .certificates
        .values()
        .map(|certificate| certificate.expires_at);
    let live = ends.filter(|end| end.is_none_or(|end| end > now));
    // A certificate whose end is not known counts as the last one.
    let last = live.max_by_key(|end| (end.is_none(), *end));
    match last {
        Some(until) => Ok((user, until)),
        None => Err(refused(username, Some(user), "no_certificate")),
    }
}

/// The refusal of a client. The broker does not learn the reason, but auditors do.
fn refused(username: &str, user: Option<UserId>, reason: &'static str) -> Refusal {
    Evidence::login(username, user, reason).leave();
    Refusal::bad_credentials()
}
