//! Who calls, and whether they may. Both are extractors: a handler that takes [`Permitted`] cannot run unchecked.

use std::net::SocketAddr;

use aggregates::values::{Context, Face, GrantMethod, Operation, SessionId, Timestamp, UserId, satisfied};
use axum::{
    extract::{ConnectInfo, FromRequestParts, OriginalUri},
    http::{HeaderMap, Method, header, request::Parts},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use zeroize::Zeroizing;

use super::{Problem, Query};
use crate::{app::App, identity::tokens::digest, ledger::Metadata};

/// The header by which a client names its request; answered back, and recorded with events.
pub const REQUEST_ID: &str = "x-request-id";
/// The most characters of a client's request id that are kept.
const MOST_REQUEST_ID: usize = 128;

/// A caller who has proved who they are.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Who.
    pub user: UserId,
    /// The token's session; `None` with HTTP Basic.
    pub session: Option<SessionId>,
    /// When the token ends; `None` with HTTP Basic.
    pub expires_at: Option<Timestamp>,
    /// What is recorded with what the caller does.
    pub metadata: Metadata,
}

/// A caller who has the right to this request's operation on this request's path.
#[derive(Clone, Debug)]
pub struct Permitted(pub Caller);

/// A caller who has the right to read on this request's path: for questions that are too long for a URL, and so come as
/// a POST.
#[derive(Clone, Debug)]
pub struct Asking(pub Caller);

impl FromRequestParts<App> for Permitted {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let operation = match parts.method {
            Method::GET | Method::HEAD | Method::OPTIONS => Operation::Read,
            _ => Operation::Write,
        };
        permitted(parts, app, operation).await.map(Self)
    }
}

impl FromRequestParts<App> for Asking {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        permitted(parts, app, Operation::Read).await.map(Self)
    }
}

async fn permitted(parts: &mut Parts, app: &App, operation: Operation) -> Result<Caller, Problem> {
    let caller = Caller::from_request_parts(parts, app).await?;
    let uri = parts
        .extensions
        .get::<OriginalUri>()
        .map_or(&parts.uri, |original| &original.0);
    let path = uri.path();
    let decision = app
        .ledger()
        .authorization()
        .check(caller.user, Context::Http, operation, path);
    if decision.allowed {
        Ok(caller)
    } else {
        Err(Problem::forbidden(operation.as_str(), path))
    }
}

impl FromRequestParts<App> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let address = parts
            .extensions
            .get::<ConnectInfo<SocketAddr>>()
            .map(|info| info.0.ip().to_string());
        match Credential::of(parts)? {
            Some(Credential::Token(token)) => by_token(app, &token, &parts.headers, address).await,
            Some(Credential::Basic { username, password }) => {
                let authenticated = authenticate(app, &username, password).await?;
                let user = authenticated.ok_or_else(Problem::unauthenticated)?.user;
                Ok(Self {
                    user,
                    session: None,
                    expires_at: None,
                    metadata: metadata_of(user.to_string(), &parts.headers, address),
                })
            }
            None => Err(Problem::unauthenticated()),
        }
    }
}

enum Credential {
    Token(String),
    Basic {
        username: String,
        password: Zeroizing<String>,
    },
}

impl Credential {
    /// From the `Authorization` header (RFC 6750, RFC 7617), or `?apiToken=`. A header that is neither, or a broken
    /// one, is a 401: the query does not help it.
    fn of(parts: &Parts) -> Result<Option<Self>, Problem> {
        let mut given = parts.headers.get_all(header::AUTHORIZATION).iter();
        if let Some(value) = given.next() {
            if given.next().is_some() {
                return Err(Problem::unauthenticated());
            }
            let text = value.to_str().map_err(|_| Problem::unauthenticated())?;
            let (scheme, credential) = text.split_once(' ').ok_or_else(Problem::unauthenticated)?;
            let credential = credential.trim();
            if scheme.eq_ignore_ascii_case("bearer") {
                return Ok(Some(Self::Token(credential.to_owned())));
            }
            if scheme.eq_ignore_ascii_case("basic") {
                return Self::basic(credential)
                    .map(Some)
                    .ok_or_else(Problem::unauthenticated);
            }
            return Err(Problem::unauthenticated());
        }
        if parts.uri.query().is_none_or(|query| !query.contains("apiToken")) {
            return Ok(None);
        }
        let query = Query::parse(parts.uri.query().unwrap_or_default())?;
        Ok(query.one("apiToken")?.map(|token| Self::Token(token.to_owned())))
    }

    fn basic(credential: &str) -> Option<Self> {
        let decoded = Zeroizing::new(STANDARD.decode(credential).ok()?);
        let (username, password) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
        Some(Self::Basic {
            username: username.to_owned(),
            password: Zeroizing::new(password.to_owned()),
        })
    }
}

async fn by_token(
    app: &App,
    token: &str,
    headers: &HeaderMap,
    address: Option<String>,
) -> Result<Caller, Problem> {
    let digest = digest(token);
    let authorization = app.ledger().authorization();
    let session = match authorization.session(&digest) {
        Some(session) => {
            if !app.tokens.is_verified(&digest)
                && app.tokens.verify(token, &digest, Face::Connectware).is_none()
            {
                return Err(Problem::unauthenticated());
            }
            session
        }
        None => {
            let claims = app
                .tokens
                .verify(token, &digest, Face::Connectware)
                .ok_or_else(Problem::unauthenticated)?;
            if claims.exp <= app.clock.now().seconds() {
                return Err(Problem::unauthenticated());
            }
            // Ours, but not known here: another node may have issued it a moment ago, or it is void.
            app.ledger().follower().catch_up().await?;
            authorization
                .session(&digest)
                .ok_or_else(Problem::unauthenticated)?
        }
    };
    let user = authorization
        .user(session.user_id)
        .ok_or_else(Problem::unauthenticated)?;
    let presented = [GrantMethod::Password, GrantMethod::Token];
    let good = session.face == Face::Connectware
        && session.expires_at > app.clock.now()
        && satisfied(&user.grant_types, &presented);
    if !good {
        return Err(Problem::unauthenticated());
    }
    Ok(Caller {
        user: session.user_id,
        session: Some(session.session_id),
        expires_at: Some(session.expires_at),
        metadata: metadata_of(session.user_id.to_string(), headers, address),
    })
}

/// Who proved by a username and password who they are.
pub struct Authenticated {
    /// Who.
    pub user: UserId,
    /// The sequence of the user's stream at which the password was verified: what follows from it holds while the user is
    /// so.
    pub sequence: i64,
}

/// The user of a username and password, or `None` for all that is wrong alike: unknown, another password, no password
/// login for this user. The cost is the same.
pub async fn authenticate(
    app: &App,
    username: &str,
    password: Zeroizing<String>,
) -> Result<Option<Authenticated>, Problem> {
    // Another node may have made or renamed the user a moment ago. Looking costs the same for every name.
    app.ledger().follower().catch_up().await?;
    let id = app.ledger().authorization().user_by_name(username);
    // So does loading: for a name that nobody has, a user that nobody is.
    let (user, sequence) = app.executor.user(id.unwrap_or(UserId(uuid::Uuid::nil()))).await?;
    let hash = user
        .password_hash
        .as_ref()
        .filter(|_| user.may_log_in_by_password());
    if !app.passwords.verify(password.clone(), hash).await? {
        return Ok(None);
    }
    let (Some(user), Some(hash)) = (id, hash) else {
        return Ok(None);
    };
    if app.passwords.is_outdated(hash) {
        app.rehash(user, hash.clone(), password).await;
    }
    Ok(Some(Authenticated { user, sequence }))
}

/// The metadata of what an actor does by a request.
pub fn metadata_of(actor: String, headers: &HeaderMap, address: Option<String>) -> Metadata {
    let text = |name: &str| {
        let value = headers.get(name)?.to_str().ok()?;
        let printable = value.chars().all(|c| c.is_ascii_graphic());
        (printable && !value.is_empty() && value.len() <= MOST_REQUEST_ID).then(|| value.to_owned())
    };
    Metadata {
        actor,
        onbehalfof: None,
        face: Face::Connectware.as_str().to_owned(),
        requestid: text(REQUEST_ID),
        // W3C Trace Context: version-traceid-parentid-flags.
        correlationid: text("traceparent").and_then(|parent| parent.split('-').nth(1).map(str::to_owned)),
        causationid: None,
        address,
    }
}
