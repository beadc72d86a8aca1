//! Reads what a proxy says about a request, and nothing that the client could have said in its place.

use axum::http::{HeaderMap, request::Parts};
use server::{Refusal, RefusalKind, forward::Forwarded};

/// The domain in which a request to Coiote IoT DM acts.
const DOMAIN: &str = "cdm-context-domain";
/// Headers by which some servers take another method or another path than the request line has.
const OVERRIDES: [&str; 6] = [
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-original-url",
    "x-rewrite-url",
    "x-override-url",
];
/// All headers that an endpoint of this face reads.
const READ: [&str; 7] = [
    "x-original-method",
    "x-original-uri",
    "x-forwarded-method",
    "x-forwarded-uri",
    "authorization",
    "x-api-key",
    DOMAIN,
];

/// What the proxy tells the other server about the caller.
const TOLD: [&str; 2] = ["muniment-user", "muniment-user-id"];

/// The headers in which a proxy puts the method and the path.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Headers {
    pub(crate) method: &'static str,
    pub(crate) target: &'static str,
}

/// The proxy asks in a way that this endpoint does not read, or the client tries to mislead the other server.
fn misleading(message: &'static str) -> Refusal {
    Refusal::new(RefusalKind::Forbidden, "forbidden", message)
}

impl Headers {
    /// The request as these headers say it.
    pub(crate) fn read<'a>(&self, parts: &'a Parts) -> Result<Forwarded<'a>, Refusal> {
        let headers = &parts.headers;
        let missing = || misleading("the proxy does not send the headers that this endpoint reads");
        Ok(Forwarded {
            method: only(headers, self.method)?.ok_or_else(missing)?,
            target: only(headers, self.target)?.ok_or_else(missing)?,
            domain: only(headers, DOMAIN)?,
        })
    }
}

/// The request that is the request line itself, below a prefix.
pub(crate) fn below<'a>(prefix: &str, parts: &'a Parts) -> Result<Forwarded<'a>, Refusal> {
    let path = parts.uri.path().strip_prefix(prefix);
    Ok(Forwarded {
        method: parts.method.as_str(),
        target: path.ok_or_else(|| misleading("the path does not begin as this endpoint's"))?,
        domain: only(&parts.headers, DOMAIN)?,
    })
}

/// Refuses headers of other proxies, and all that a server behind the proxy could read in another way.
pub(crate) fn must_not_mislead(headers: &HeaderMap, of_others: &[&str]) -> Result<(), Refusal> {
    let has_any = |names: &[&str]| names.iter().any(|name| headers.contains_key(*name));
    if has_any(of_others) {
        return Err(misleading("this endpoint is not the one of this proxy"));
    }
    if has_any(&OVERRIDES) {
        return Err(misleading("a header asks for another method or path"));
    }
    // Some servers read an underscore or a dot in the name of a header as a hyphen.
    let is_alias = |name: &str| {
        let plain = name.replace(['_', '.'], "-");
        let is_of = |names: &[&str]| names.contains(&&*plain);
        plain != name && (is_of(&READ) || is_of(&OVERRIDES) || is_of(&TOLD))
    };
    match headers.keys().any(|name| is_alias(name.as_str())) {
        true => Err(misleading(
            "a header has another spelling of a name that matters here",
        )),
        false => Ok(()),
    }
}

/// The text of a header that a request has at most once.
fn only<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, Refusal> {
    let mut all = headers.get_all(name).iter();
    let (first, second) = (all.next(), all.next());
    let unreadable = || misleading("a header that this endpoint reads is there twice, or is not ASCII");
    match (first, second) {
        (None, _) => Ok(None),
        (Some(value), None) => value.to_str().map(Some).map_err(|_| unreadable()),
        (Some(_), Some(_)) => Err(unreadable()),
    }
}
