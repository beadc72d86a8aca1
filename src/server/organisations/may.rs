//! Whether a caller may do something with one thing.

use authorization::{Impossible, Inquiry, Reach, Reason};

use crate::{app::App, caller::Caller, refusal::Refusal};

/// How far the levels of the caller reach.
pub fn reach(app: &App, caller: &Caller) -> Reach {
    app.ledger().authorization().reach(caller.principal())
}

/// Refuses unless the caller may do `action` on the thing. Only global administrators learn that it does not exist.
pub fn must(
    app: &App,
    caller: &Caller,
    kind: &'static str,
    id: &str,
    action: &'static str,
) -> Result<(), Refusal> {
    let forbidden = || Refusal::forbidden(action, &format!("{kind} {id}"));
    let inquiry = Inquiry::parse(kind, id, action).map_err(|_| forbidden())?;
    let authorization = app.ledger().authorization();
    match authorization
        .answer(&caller.subject(), &inquiry, app.clock.now())
        .denied
    {
        None => Ok(()),
        Some(Reason::Impossible(Impossible::Resource)) if reach(app, caller).is_global => {
            Err(Refusal::not_found("thing"))
        }
        Some(_) => Err(forbidden()),
    }
}
