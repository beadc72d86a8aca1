//! Refusals as evidence: the front reports every refused login, credential and permission to the ledger, whichever endpoint refused.
//!
//! Each 403 is evidence, and each 401 to a login or to a request with a credential. So an endpoint cannot forget to report. Code that knows
//! more leaves an [`Evidence`] for the case that the request is refused: whom the caller claims to be, and the exact reason. The answer to the
//! client does not depend on it.

use std::cell::RefCell;

use aggregates::values::{SessionId, UserId};
use axum::http::{Method, Uri};
use ledger::{Object, Refused, RefusedKind};
use uuid::Uuid;

use crate::{
    address::ClientAddress,
    app::App,
    face::Face,
    refusal::{Refusal, RefusalKind},
};

/// The methods that are kept by name. Others are kept as `OTHER`: a client can send any text as a method.
const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"];

tokio::task_local! {
    /// What became known about the request that this task answers.
    static KNOWN: RefCell<Known>;
}

/// What became known about a request while it was answered.
#[derive(Debug, Default)]
pub(crate) struct Known {
    caller: Option<UserId>,
    evidence: Option<Evidence>,
    /// What the caller lacks the right to, where the path does not have its id.
    object: Option<Object>,
}

/// What the code that refuses a request knows, for auditors.
#[derive(Clone, Debug)]
pub struct Evidence {
    kind: RefusedKind,
    reason: &'static str,
    actor: Option<Uuid>,
    object: Option<Object>,
    name: Option<String>,
}

impl Evidence {
    /// A refused login: the name as it was typed, the user with this name, and why.
    pub fn login(name: &str, user: Option<UserId>, reason: &'static str) -> Self {
        Self {
            name: Some(name.to_owned()),
            ..Self::about(RefusedKind::Login, user, reason)
        }
    }

    /// A password that a caller had to repeat, and that was wrong.
    pub fn password(user: UserId, reason: &'static str) -> Self {
        Self::about(RefusedKind::Password, Some(user), reason)
    }

    /// A code of a user who had proved something else before, and why it was refused.
    pub fn second_factor(user: UserId, reason: &'static str) -> Self {
        Self::about(RefusedKind::SecondFactor, Some(user), reason)
    }

    /// A refused token or other credential, and why.
    pub fn credential(reason: &'static str) -> Self {
        Self::about(RefusedKind::Credential, None, reason)
    }

    /// A service account that did not prove who it is, and why. The user is the one as whom it acts, if it is known.
    pub(crate) fn client(user: Option<UserId>, reason: &'static str) -> Self {
        Self::about(RefusedKind::Credential, user, reason)
    }

    /// The same, of a session that is known.
    #[must_use]
    pub fn of_session(self, UserId(user): UserId, SessionId(id): SessionId) -> Self {
        Self {
            actor: Some(user),
            object: Some(Object {
                id,
                aggregate_type: Some("session"),
            }),
            ..self
        }
    }

    /// The same, of a token that names nothing but perhaps a user.
    #[must_use]
    pub(crate) fn of_user(self, user: Option<UserId>) -> Self {
        Self {
            actor: user.map(|UserId(id)| id),
            ..self
        }
    }

    /// The same, of a token whose claims name a user, or not.
    #[must_use]
    pub(crate) fn of_token(self, user: Option<UserId>, session: SessionId) -> Self {
        match user {
            Some(user) => self.of_session(user, session),
            None => Self {
                object: Some(Object {
                    id: session.0,
                    aggregate_type: Some("session"),
                }),
                ..self
            },
        }
    }

    fn about(kind: RefusedKind, user: Option<UserId>, reason: &'static str) -> Self {
        let user = user.map(|UserId(id)| id);
        Self {
            kind,
            reason,
            actor: user,
            object: user.map(|id| Object {
                id,
                aggregate_type: Some("user"),
            }),
            name: None,
        }
    }

    fn report(self, app: &App, asked: &Asking<'_>, told: Option<&str>) {
        let path = app.form_of(asked.uri.path()).unwrap_or("unknown");
        app.counts().kept(self.kind.as_str());
        app.ledger().refusals().note(Refused {
            kind: self.kind,
            reason: self.reason,
            actor: self.actor,
            object: self.object,
            name: self.name,
            address: Some(asked.address.ip()),
            method: Some(asked.method()),
            path: Some(path.to_owned()),
            detail: told.map(str::to_owned),
        });
    }

    /// Leaves this evidence for the case that the running request is refused.
    pub fn leave(self) {
        // Outside of the front, nobody reports it.
        let _ = KNOWN.try_with(|known| known.borrow_mut().evidence = Some(self));
    }
}

/// Notes who the caller of the running request is.
pub(crate) fn caller_is(user: UserId) {
    let _ = KNOWN.try_with(|known| known.borrow_mut().caller = Some(user));
}

/// Notes what the caller lacks the right to, for the case that the running request is refused for that.
pub(crate) fn is_about(object: Object) {
    let _ = KNOWN.try_with(|known| known.borrow_mut().object = Some(object));
}

/// Answers a request. Also returns what became known about it. If the client hangs up before that, reports the evidence that there is.
pub(crate) async fn with_known<T>(
    app: &App,
    asked: &Asking<'_>,
    answer: impl Future<Output = T>,
) -> (T, Known) {
    KNOWN
        .scope(RefCell::default(), async {
            let hung_up = HungUp { app, asked };
            let answered = answer.await;
            let known = KNOWN.with(RefCell::take);
            drop(hung_up);
            (answered, known)
        })
        .await
}

/// Reports what became known about a request, when its answer is not awaited any more.
struct HungUp<'a> {
    app: &'a App,
    asked: &'a Asking<'a>,
}

impl Drop for HungUp<'_> {
    fn drop(&mut self) {
        // The answer to a wrong password may wait for a while. A client that hangs up meanwhile was refused all the same.
        if let Ok(Some(evidence)) = KNOWN.try_with(|known| known.take().evidence) {
            evidence.report(self.app, self.asked, None);
        }
    }
}

/// A request that may be refused.
pub(crate) struct Asking<'a> {
    pub(crate) face: &'static Face,
    pub(crate) method: &'a Method,
    pub(crate) uri: &'a Uri,
    pub(crate) address: ClientAddress,
    /// Whether the request has a credential. It need not be valid.
    pub(crate) has_credential: bool,
}

impl Known {
    /// Reports what the answer refused to the ledger, if it is evidence. An answer that is no refusal may still have refused a credential.
    pub(crate) fn report(self, app: &App, refusal: Option<&Refusal>, asked: &Asking<'_>) {
        let Some(refusal) = refusal else {
            if let Some(evidence) = self.evidence {
                evidence.report(app, asked, None);
            }
            return;
        };
        if refusal.kind == RefusalKind::Unavailable {
            // The server could not decide.
            return;
        }
        if let Some(evidence) = self.evidence(app, refusal, asked) {
            evidence.report(app, asked, Some(&refusal.message));
        }
    }

    /// The caller, if one has proved who they are.
    pub(crate) fn caller(&self) -> Option<UserId> {
        self.caller
    }

    fn evidence(self, app: &App, refusal: &Refusal, asked: &Asking<'_>) -> Option<Evidence> {
        if refusal.kind == RefusalKind::Forbidden {
            return Some(Evidence {
                object: self.object.or_else(|| asked.object()),
                ..Evidence::about(RefusedKind::Permission, self.caller, refusal.code)
            });
        }
        let is_about_proof = refusal.kind == RefusalKind::Unauthenticated;
        self.evidence.or_else(|| {
            let is_login = asked.is_public(app);
            // A request without a credential means nobody: browsers and probes ask like this all the time.
            let is_evidence = is_about_proof && (is_login || asked.has_credential);
            is_evidence.then(|| match is_login {
                true => Evidence::about(RefusedKind::Login, None, refusal.code),
                false => Evidence::about(RefusedKind::Credential, self.caller, refusal.code),
            })
        })
    }
}

impl Asking<'_> {
    /// The first id in the path.
    fn object(&self) -> Option<Object> {
        let mut segments = self.uri.path().split('/');
        let id = segments.find_map(|segment| Uuid::try_parse(segment).ok())?;
        Some(Object {
            id,
            aggregate_type: None,
        })
    }

    fn method(&self) -> &'static str {
        let known = METHODS.into_iter().find(|known| *known == self.method.as_str());
        known.unwrap_or("OTHER")
    }

    /// Whether the request is for an operation that needs a credential.
    pub(crate) fn is_guarded(&self, app: &App) -> bool {
        let method = match *self.method {
            Method::HEAD => Method::GET.as_str(),
            _ => self.method.as_str(),
        };
        let form = app.form_of(self.uri.path());
        form.is_some_and(|form| !self.face.is_public(method, form))
    }

    /// Whether the operation needs no credential. If it refuses all the same, it is a login.
    fn is_public(&self, app: &App) -> bool {
        let form = app.form_of(self.uri.path());
        form.is_some_and(|form| self.face.is_public(self.method.as_str(), form))
    }
}
