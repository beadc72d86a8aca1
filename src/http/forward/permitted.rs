//! The policy of each endpoint, and the answer that lets a request pass.

use axum::{
    http::{HeaderValue, StatusCode, request::Parts},
    response::{IntoResponse, Response},
};
use server::{
    App, Caller, Policy, Present, Refusal, RefusalKind,
    forward::{Forwarded, must_be_permitted},
};

use crate::settings::bases;

/// How a proxy asks.
pub(crate) trait Proxy {
    /// The request about which the proxy asks.
    fn asked(parts: &Parts) -> Result<Forwarded<'_>, Refusal>;
}

/// The caller may make the request about which the proxy asks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MayPass<P>(std::marker::PhantomData<P>);

impl<P: Proxy> Policy for MayPass<P> {
    type Scope = ();

    fn judge(app: &App, parts: &Parts, caller: &Caller) -> Result<(), Refusal> {
        let asked = P::asked(parts)?;
        must_be_permitted(app, caller, bases(app), &asked)
    }
}

/// Lets the request pass, and says who makes it.
pub(crate) fn pass(app: &App, caller: &Caller) -> Result<Response, Refusal> {
    let id = caller.user.to_string();
    // No username has a colon.
    let name = match caller.machine() {
        Some(machine) => format!("{}:{id}", machine.kind.subject_type),
        None => {
            let user = app.ledger().authorization().user(caller.user);
            user.ok_or_else(Refusal::unauthenticated)?.username.to_string()
        }
    };
    let header = |text: &str| {
        let unnameable = |_| {
            Refusal::new(
                RefusalKind::Forbidden,
                "forbidden",
                "the username fits into no header",
            )
        };
        HeaderValue::from_bytes(text.as_bytes()).map_err(unnameable)
    };
    let headers = [
        ("muniment-user", header(&name)?),
        ("muniment-user-id", header(&id)?),
    ];
    Ok(Present((StatusCode::OK, headers)).into_response())
}
