//! What the forms of all brokers share.

use axum::response::{IntoResponse, Response};
use server::{Query, Refusal, brokers::InForm};

/// The form of a refusal.
pub(crate) type Denial = fn() -> Response;

/// The answer to a question: `granted` makes it of what was decided, `denied` is the form of a refusal.
pub(crate) fn answer<T, A: IntoResponse>(
    decided: Result<T, Refusal>,
    granted: impl FnOnce(T) -> A,
    denied: Denial,
) -> InForm {
    match decided {
        Ok(decided) => InForm::granted(granted(decided), denied),
        Err(refusal) => InForm::refused(denied(), refusal),
    }
}

/// The refusal of a question that lacks a member.
pub(crate) fn missing(name: &str) -> Refusal {
    Refusal::invalid(format!("{name} is missing"))
}

/// The value of a name of a form. A name may occur once.
pub(crate) fn field<'a>(form: &'a Query, name: &'a str) -> Result<&'a str, Refusal> {
    form.one(name)?.ok_or_else(|| missing(name))
}
