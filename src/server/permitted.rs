//! Checks whether the caller has the right. A handler that takes [`Permitted`] cannot run without the check.

use aggregates::values::{Context, Operation};
use axum::{
    extract::FromRequestParts,
    http::{Method, request::Parts},
};

use crate::{
    app::App,
    caller::{Caller, admit, caller_of},
    refusal::Refusal,
};

/// Decides whether the caller of a request has the right to make it.
pub trait Policy {
    /// The data that the handler may work with, for instance the organisations that the caller may see.
    type Scope: Send;

    /// Returns the scope or the refusal. It decides from memory; the kit then checks that the memory is not too old. Before a change is
    /// executed, it decides again, by the method and the URI alone.
    fn judge(app: &App, parts: &Parts, caller: &Caller) -> Result<Self::Scope, Refusal>;
}

/// A caller that the policy permits, and the scope.
#[derive(Clone, Debug)]
pub struct Permitted<P: Policy>(pub Caller, pub P::Scope);

/// The caller needs the right to read (GET, HEAD, OPTIONS) or to write (all other methods) on the request's path, in context
/// `http`.
#[derive(Clone, Copy, Debug)]
pub struct ByPath;

/// The caller needs the right to read on the request's path, whatever the method. It is for questions that are too long for a URL and
/// are sent as a POST.
#[derive(Clone, Copy, Debug)]
pub struct ReadOnPath;

impl<P: Policy> FromRequestParts<App> for Permitted<P> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        let mut caller = caller_of(parts, app).await?;
        let judged = P::judge(app, parts, &caller);
        app.fresh()?;
        let scope = judged?;
        admit(parts, &mut caller, judge::<P>);
        Ok(Self(caller, scope))
    }
}

/// The refusal of a policy, if it refuses the request.
pub(crate) fn judge<P: Policy>(app: &App, parts: &Parts, caller: &Caller) -> Result<(), Refusal> {
    P::judge(app, parts, caller).map(drop)
}

impl Caller {
    /// Whether the caller may read or write on a path in context `http`.
    pub fn may(&self, app: &App, operation: Operation, path: &str) -> bool {
        let authorization = app.ledger().authorization();
        authorization
            .check(self.user, Context::Http, operation, path)
            .allowed
    }
}

impl Policy for ByPath {
    type Scope = ();

    fn judge(app: &App, parts: &Parts, caller: &Caller) -> Result<(), Refusal> {
        let operation = match parts.method {
            Method::GET | Method::HEAD | Method::OPTIONS => Operation::Read,
            _ => Operation::Write,
        };
        on_path(app, parts, caller, operation)
    }
}

impl Policy for ReadOnPath {
    type Scope = ();

    fn judge(app: &App, parts: &Parts, caller: &Caller) -> Result<(), Refusal> {
        on_path(app, parts, caller, Operation::Read)
    }
}

fn on_path(app: &App, parts: &Parts, caller: &Caller, operation: Operation) -> Result<(), Refusal> {
    let path = parts.uri.path();
    match caller.may(app, operation, path) {
        true => Ok(()),
        false => Err(Refusal::forbidden(operation.as_str(), path)),
    }
}
