//! Who calls, and whether they may. Both are extractors: a handler that takes [`Permitted`] cannot run unchecked.

use std::{
    borrow::Cow,
    net::{IpAddr, SocketAddr},
};

use aggregates::{
    user::User,
    values::{Context, Face, Operation, SessionId, Timestamp, UserId},
};
use authorization::{Bearer, SessionView};
use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{HeaderMap, HeaderValue, Method, Request, Uri, header, request::Parts},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use zeroize::Zeroizing;

use super::{Problem, Query};
use crate::{app::App, identity::tokens::digest};
use ledger::{Metadata, Seen};

/// The header by which a client names its request; answered back, and recorded with events.
pub const REQUEST_ID: &str = "x-request-id";
/// W3C Trace Context's header.
const TRACE: &str = "traceparent";
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
    /// What the request tells of itself.
    origin: Origin,
}

impl Caller {
    /// What is recorded with what the caller does.
    pub fn metadata(&self) -> Metadata {
        self.origin.metadata(self.user)
    }
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
    let caller = caller_of(parts, app).await?;
    let path = parts.uri.path();
    let decision = app
        .ledger()
        .authorization()
        .check(caller.user, Context::Http, operation, path);
    app.fresh()?;
    if decision.allowed {
        Ok(caller)
    } else {
        Err(Problem::forbidden(operation.as_str(), path))
    }
}

impl FromRequestParts<App> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let caller = caller_of(parts, app).await?;
        app.fresh()?;
        Ok(caller)
    }
}

/// Who calls, as this process knows; whether it knows enough is still to be asked.
async fn caller_of(parts: &Parts, app: &App) -> Result<Caller, Problem> {
    let address = parts.extensions.get::<ConnectInfo<SocketAddr>>();
    let origin = Origin::of(&parts.headers, address.map(|info| info.0.ip()));
    match Credential::of(parts)? {
        Some(Credential::Token(token)) => {
            let SessionView {
                user_id,
                session_id,
                expires_at,
                ..
            } = by_token(app, &token).await?;
            Ok(Caller {
                user: user_id,
                session: Some(session_id),
                expires_at: Some(expires_at),
                origin,
            })
        }
        Some(Credential::Basic { username, password }) => {
            // Apart, as all that is rare: each request would else carry the room that this takes.
            let authenticated = Box::pin(authenticate(app, &username, password)).await?;
            Ok(Caller {
                user: authenticated.ok_or_else(Problem::unauthenticated)?.user,
                session: None,
                expires_at: None,
                origin,
            })
        }
        None => Err(Problem::unauthenticated()),
    }
}

/// Whether a request says who calls; perhaps not truly.
pub(super) fn has_credential<B>(request: &Request<B>) -> bool {
    request.headers().contains_key(header::AUTHORIZATION) || names_token(request.uri())
}

fn names_token(uri: &Uri) -> bool {
    uri.query().is_some_and(|query| query.contains("apiToken"))
}

enum Credential<'a> {
    Token(Cow<'a, str>),
    Basic {
        username: String,
        password: Zeroizing<String>,
    },
}

impl<'a> Credential<'a> {
    /// From the `Authorization` header (RFC 6750, RFC 7617), or `?apiToken=`. A header that is neither, or a broken
    /// one, is a 401: the query does not help it.
    fn of(parts: &'a Parts) -> Result<Option<Self>, Problem> {
        let mut given = parts.headers.get_all(header::AUTHORIZATION).iter();
        if let Some(value) = given.next() {
            if given.next().is_some() {
                return Err(Problem::unauthenticated());
            }
            let text = value.to_str().map_err(|_| Problem::unauthenticated())?;
            let (scheme, credential) = text.split_once(' ').ok_or_else(Problem::unauthenticated)?;
            let credential = credential.trim();
            if scheme.eq_ignore_ascii_case("bearer") {
                return Ok(Some(Self::Token(Cow::Borrowed(credential))));
            }
            if scheme.eq_ignore_ascii_case("basic") {
                return Self::basic(credential)
                    .map(Some)
                    .ok_or_else(Problem::unauthenticated);
            }
            return Err(Problem::unauthenticated());
        }
        if !names_token(&parts.uri) {
            return Ok(None);
        }
        let query = Query::parse(parts.uri.query().unwrap_or_default())?;
        Ok(query
            .one("apiToken")?
            .map(|token| Self::Token(Cow::Owned(token.to_owned()))))
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

/// The session of a token that is good now.
async fn by_token(app: &App, token: &str) -> Result<SessionView, Problem> {
    let digest = digest(token);
    let authorization = app.ledger().authorization();
    let verify = || {
        let claims = app.tokens.verify(token, &digest, Face::Connectware);
        claims.ok_or_else(Problem::unauthenticated)
    };
    let bearer = match authorization.bearer(&digest) {
        Some(bearer) => {
            if !app.tokens.is_verified(&digest) {
                verify()?;
            }
            bearer
        }
        None => {
            if verify()?.exp <= app.clock.now().seconds() {
                return Err(Problem::unauthenticated());
            }
            // Ours, but not known here: another node may have issued it a moment ago, or it is void.
            Box::pin(app.ledger().follower().catch_up()).await?;
            authorization
                .bearer(&digest)
                .ok_or_else(Problem::unauthenticated)?
        }
    };
    let Bearer { session, by_token } = bearer;
    if by_token && session.face == Face::Connectware && session.expires_at > app.clock.now() {
        Ok(session)
    } else {
        Err(Problem::unauthenticated())
    }
}

/// Who proved by a username and password who they are.
pub struct Authenticated {
    /// Who.
    pub user: UserId,
    /// The user at the moment when the password was verified. What follows from it holds while the user is unchanged.
    pub seen: Seen,
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
    let nobody = UserId(uuid::Uuid::nil());
    let (user, seen) = app.executor.read::<User>(id.unwrap_or(nobody)).await?;
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
    Ok(Some(Authenticated { user, seen }))
}

/// What a request tells of itself, for the metadata of what is done by it.
#[derive(Clone, Debug)]
pub struct Origin {
    address: Option<IpAddr>,
    request_id: Option<HeaderValue>,
    trace: Option<HeaderValue>,
}

impl Origin {
    /// Of a request with these headers, from this address.
    pub fn of(headers: &HeaderMap, address: Option<IpAddr>) -> Self {
        Self {
            address,
            request_id: headers.get(REQUEST_ID).cloned(),
            trace: headers.get(TRACE).cloned(),
        }
    }

    /// The metadata of what a user does by it.
    pub fn metadata(&self, actor: UserId) -> Metadata {
        let text = |value: &Option<HeaderValue>| {
            let value = value.as_ref()?.to_str().ok()?;
            let printable = value.chars().all(|c| c.is_ascii_graphic());
            (printable && !value.is_empty() && value.len() <= MOST_REQUEST_ID).then(|| value.to_owned())
        };
        Metadata {
            actor: actor.to_string(),
            onbehalfof: None,
            face: Face::Connectware.as_str().to_owned(),
            requestid: text(&self.request_id),
            // W3C Trace Context: version-traceid-parentid-flags.
            correlationid: text(&self.trace).and_then(|parent| parent.split('-').nth(1).map(str::to_owned)),
            causationid: None,
            address: self.address.map(|address| address.to_string()),
        }
    }
}
