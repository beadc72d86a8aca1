//! The caller of a request. The credentials of the face decide who the caller is.

mod client;
mod key;
mod renewing;
mod signed;
mod token;

use aggregates::values::{GrantMethod, SessionId, Timestamp, UserId};
use authorization::{Machine, Methods, SessionView};
use axum::{
    extract::FromRequestParts,
    http::{Method, Request, Uri, request::Parts},
};
use ledger::Metadata;

use crate::{
    address::ClientAddress,
    app::App,
    browsers::is_of_another_site,
    credential::{self, Sent},
    evidence::{Evidence, caller_is},
    identity::{Authenticated, authenticate_beside, tokens::digest},
    refusal::{Refusal, RefusalKind},
    tls::ClientCertificate,
};

pub use self::key::{API_KEY_EXPIRED, API_KEY_UNKNOWN};
pub use self::renewing::Renewing;
pub(crate) use self::token::{by_token, known};
use self::token::{completes, refused, valid_session};
pub use crate::origin::Origin;
pub(crate) use crate::origin::{Arrived, REQUEST_ID};

/// A caller who has proved who they are.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The user. If a machine calls, this is the machine's id, which no user has.
    pub user: UserId,
    machine: Option<Machine>,
    /// The token's session. `None` if the caller used something else.
    pub session: Option<SessionId>,
    /// When the token expires. `None` if the caller used something else.
    pub expires_at: Option<Timestamp>,
    proof: Proof,
    /// Where the request came from.
    origin: Origin,
    /// The request, if it may have a body, change something or wait for its turn.
    request: Option<Admission>,
}

/// A request that a caller may make, and the check that said so.
#[derive(Clone, Debug)]
struct Admission {
    judge: Judge,
    method: Method,
    uri: Uri,
}

/// How callers proved who they are.
#[derive(Clone, Copy, Debug)]
enum Proof {
    /// By the token with this SHA-256.
    Token([u8; 32]),
    /// By a username and password, which were compared after the ledger had reached this position.
    Password(i64),
    /// By the secret of a machine, which has this digest.
    Key([u8; 32]),
    /// By the secret of a service account, which was compared after the ledger had reached this position.
    Client(i64),
    /// By the certificate that the client has shown on the connection.
    Certificate,
    /// By this certificate, which they may only renew: it may have expired a while ago.
    Renewal,
}

/// A caller who may make a request whose body is still to come. The request's extensions have it.
#[derive(Clone)]
pub(crate) struct Admitted(pub(crate) Caller);

/// Checks whether the caller may make the request.
pub(crate) type Judge = fn(&App, &Parts, &Caller) -> Result<(), Refusal>;

impl Caller {
    /// Refuses a change that a page of another site made the caller's browser send. A browser sends a password or a certificate by itself, so
    /// such a proof does not say that the caller meant it. A page can send a token only if it has it.
    fn must_have_meant(&self, parts: &Parts, app: &App) -> Result<(), Refusal> {
        let is_sent_by_itself = match self.proof {
            Proof::Token(_) | Proof::Key(_) => false,
            Proof::Password(_) | Proof::Client(_) | Proof::Certificate | Proof::Renewal => true,
        };
        let changes = !matches!(parts.method, Method::GET | Method::HEAD | Method::OPTIONS);
        match is_sent_by_itself && changes && is_of_another_site(app, &parts.headers) {
            true => Err(Refusal::new(
                RefusalKind::Forbidden,
                "cross_site",
                "a page of another site sent this request: list its origin in CORS_ORIGINS, or use a token",
            )),
            false => Ok(()),
        }
    }

    /// Refuses a caller who must do something else first, unless the operation is left to them. A certificate is no password: it needs no second
    /// factor, and no other password.
    fn must_owe_nothing(&self, app: &App, method: &Method, path: &str) -> Result<(), Refusal> {
        let by_password = match self.proof {
            Proof::Token(_) | Proof::Password(_) => true,
            Proof::Key(_) | Proof::Client(_) | Proof::Certificate | Proof::Renewal => false,
        };
        let duty = app.ledger().authorization().duty(self.user);
        let Some(duty) = duty.filter(|_| by_password) else {
            return Ok(());
        };
        let method = match *method {
            Method::HEAD => Method::GET.as_str(),
            _ => method.as_str(),
        };
        let form = app.form_of(path);
        match form.is_some_and(|form| app.faces.of(path).is_left(duty, method, form)) {
            true => Ok(()),
            false => Err(Refusal::owed(duty)),
        }
    }

    /// Refuses a caller whose proof has ended.
    fn must_still_be(&self, app: &App) -> Result<(), Refusal> {
        let authorization = app.ledger().authorization();
        match self.proof {
            Proof::Token(digest) => {
                let bearer = authorization.bearer(&digest).ok_or_else(|| {
                    let evidence = Evidence::credential("ended_token");
                    refused(match self.session {
                        Some(session) => evidence.of_session(self.user, session),
                        None => evidence,
                    })
                })?;
                valid_session(app, bearer, self.origin.of_tokens(), self.origin.certificate()).map(drop)
            }
            Proof::Password(position) => {
                let is_proved = authorization.still_proved(self.user, GrantMethod::Password, position)
                    && !authorization.has_second_factor(self.user)
                    && (authorization.may_prove(self.user, Methods::BY_TOKEN)
                        || completes(app, self.user, self.origin.certificate()));
                is_proved.then_some(()).ok_or_else(Refusal::unauthenticated)
            }
            Proof::Key(digest) => key::machine_with(app, digest).map(drop),
            Proof::Client(position) => client::must_still_be(app, self.user, position),
            Proof::Certificate => self.certificate()?.proves(app).map(drop),
            Proof::Renewal => self.certificate()?.renews(app).map(drop),
        }
    }

    /// The certificate by which the caller has proved who they are.
    fn certificate(&self) -> Result<&ClientCertificate, Refusal> {
        self.origin.certificate().ok_or_else(Refusal::unauthenticated)
    }

    /// Refuses a caller who may no longer make the request, since their proof or their right has ended while the request waited.
    pub(crate) fn may_still(&self, app: &App) -> Result<(), Refusal> {
        let judged = self.must_still_be(app).and_then(|()| match &self.request {
            Some(Admission { judge, method, uri }) => {
                self.must_owe_nothing(app, method, uri.path())?;
                let (mut parts, ()) = Request::new(()).into_parts();
                (parts.method, parts.uri) = (method.clone(), uri.clone());
                judge(app, &parts, self)
            }
            None => Ok(()),
        });
        app.fresh()?;
        judged
    }

    /// Notes the request that the caller may make, and the check that said so.
    pub(crate) fn admit(&mut self, parts: &Parts, judge: Judge) {
        self.request = Some(Admission {
            judge,
            method: parts.method.clone(),
            uri: parts.uri.clone(),
        });
    }

    /// The address from which the caller asks.
    pub fn address(&self) -> ClientAddress {
        self.origin.address()
    }

    /// The metadata of the events that the caller's commands cause.
    pub fn metadata(&self) -> Metadata {
        self.origin.metadata(self.user)
    }
}

impl FromRequestParts<App> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        let mut caller = caller_of(parts, app).await?;
        caller.must_be_person()?;
        app.fresh()?;
        admit(parts, &mut caller, |_, _, _| Ok(()));
        Ok(caller)
    }
}

/// Notes that the caller may make the request, so that its body may be as large as the endpoint allows. If the body or a password's
/// hash keeps the server waiting, `judge` says whether the caller still may.
pub(crate) fn admit(parts: &mut Parts, caller: &mut Caller, judge: Judge) {
    // These requests have no body that an endpoint reads, and change nothing.
    if !matches!(parts.method, Method::GET | Method::HEAD) {
        caller.admit(parts, judge);
        parts.extensions.insert(Admitted(caller.clone()));
    }
}

/// The result of a proof that came before the wait for a position. [`crate::Front`] puts it into the extensions of a request with
/// `Muniment-At-Least`: a request without a valid credential does not wait.
#[derive(Clone)]
pub(crate) struct Proved(pub(crate) Result<Caller, Refusal>);

/// The caller, according to the memory of this process. The code that calls this function must still check that the
/// memory is not too old.
pub(crate) async fn caller_of(parts: &Parts, app: &App) -> Result<Caller, Refusal> {
    let caller = match parts.extensions.get::<Proved>() {
        None => prove(parts, app).await?,
        Some(Proved(Err(refusal))) => return Err(refusal.clone()),
        // The session may have ended by the position that the request waited for.
        Some(Proved(Ok(caller))) => caller.must_still_be(app).map(|()| caller.clone())?,
    };
    caller_is(caller.user);
    caller.must_have_meant(parts, app)?;
    caller.must_owe_nothing(app, &parts.method, parts.uri.path())?;
    Ok(caller)
}

/// Finds out who the caller is.
pub(crate) async fn prove(parts: &Parts, app: &App) -> Result<Caller, Refusal> {
    by_credential(parts, app).await.map_err(Refusal::of_stranger)
}

/// A token counts before the key of a machine, and the key counts if the token does not.
async fn by_credential(parts: &Parts, app: &App) -> Result<Caller, Refusal> {
    let arrived = Arrived::of(parts)?;
    let by_other = by_other_than_key(parts, app, arrived).await;
    let unproved = |refusal: &Refusal| refusal.kind == RefusalKind::Unauthenticated;
    match (by_other, credential::key(arrived.face.credentials, parts)) {
        (Err(refusal), Ok(Some(key))) if unproved(&refusal) => {
            let (machine, digest) = key::machine_of(app, key).await?;
            key::note_use(app, machine);
            Ok(Caller {
                user: UserId(machine.id),
                machine: Some(machine),
                session: None,
                expires_at: None,
                proof: Proof::Key(digest),
                origin: Origin::new(parts, arrived),
                request: None,
            })
        }
        (Err(refusal), Err(malformed)) if unproved(&refusal) => Err(malformed),
        (by_other, _) => by_other,
    }
}

async fn by_other_than_key(parts: &Parts, app: &App, arrived: Arrived) -> Result<Caller, Refusal> {
    let face = arrived.face;
    let origin = Origin::new(parts, arrived);
    let sent = credential::read(face.credentials, parts);
    match sent.inspect_err(|_| Evidence::credential("malformed").leave())? {
        Some(Sent::Token(token)) => {
            let digest = digest(&token);
            let SessionView {
                user_id,
                session_id,
                expires_at,
                ..
            } = by_token(app, &token, digest, origin.of_tokens(), origin.certificate()).await?;
            Ok(Caller {
                user: user_id,
                machine: None,
                session: Some(session_id),
                expires_at: Some(expires_at),
                proof: Proof::Token(digest),
                origin,
                request: None,
            })
        }
        Some(Sent::Basic { username, password }) => {
            let of_certificate = origin.user_of_certificate(app);
            let authenticated =
                authenticate_beside(app, &username, password, arrived.address, of_certificate).await?;
            let proved = authenticated.ok_or_else(Refusal::unauthenticated)?;
            let Authenticated { user, position, .. } = proved.alone(&username)?;
            Ok(Caller {
                user,
                machine: None,
                session: None,
                expires_at: None,
                proof: Proof::Password(position),
                origin,
                request: None,
            })
        }
        Some(Sent::Client { id, secret }) => client::by_client(app, origin, &id, &secret).await,
        None => {
            let certificate = origin.certificate();
            let user = certificate.ok_or_else(Refusal::unauthenticated)?.proves(app)?;
            Ok(Caller {
                user,
                machine: None,
                session: None,
                expires_at: None,
                proof: Proof::Certificate,
                origin,
                request: None,
            })
        }
    }
}
