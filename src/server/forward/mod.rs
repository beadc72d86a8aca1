//! Forward authentication: a proxy asks whether a request may go on to a server that knows nothing of us.
//!
//! The path of the request says which API it is for, and this API's vocabulary decides: the endpoints of Coiote IoT DM or the levels of
//! OS2iot. What is decided is what the other server gets: a path that servers read in different ways is refused, and so is every request
//! that no table knows ([decision 0049](../../../docs/decisions/0049-forward-authentication.md)).

mod os2iot;

use authorization::{Inquiry, MODEL, Property, shortened};

use crate::{
    app::App,
    caller::Caller,
    refusal::{Refusal, RefusalKind},
};

/// Where the APIs of the other servers are: the paths below which they are served.
#[derive(Clone, Copy, Debug)]
pub struct Bases<'a> {
    /// The API of Coiote IoT DM; empty if there is none.
    pub coiote: &'a str,
    /// The API of OS2iot; empty if there is none.
    pub os2iot: &'a str,
}

/// The request about which a proxy asks.
#[derive(Clone, Debug)]
pub struct Forwarded<'a> {
    /// The method, as the client sent it.
    pub method: &'a str,
    /// The path, as the client sent it; a query may follow.
    pub target: &'a str,
    /// The domain in which a request to Coiote IoT DM acts, if it names one.
    pub domain: Option<&'a str>,
}

/// An API of another server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Api {
    Coiote,
    Os2iot,
}

impl Bases<'_> {
    /// Whether a text can be the base of an API: a path without a slash at the end, or nothing.
    pub fn check(base: &str) -> Result<(), String> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
        let is_segment = |one: &str| !matches!(one, "" | "." | "..") && one.bytes().all(is_plain);
        let is_path = base
            .strip_prefix('/')
            .is_some_and(|path| path.split('/').all(is_segment));
        match base.is_empty() || is_path {
            true => Ok(()),
            false => Err("must be a path such as /api/v1, without a slash at the end, or nothing".to_owned()),
        }
    }

    /// The API that a path is for, and the path below its base. If both bases match, the longer one wins.
    fn find<'p>(&self, path: &'p str) -> Option<(Api, &'p str)> {
        let below = |api, base: &str| {
            let rest = path.strip_prefix(base).filter(|_| !base.is_empty())?;
            Some((api, rest.strip_prefix('/')?))
        };
        let both = [below(Api::Coiote, self.coiote), below(Api::Os2iot, self.os2iot)];
        both.into_iter().flatten().min_by_key(|(_, rest)| rest.len())
    }
}

/// Refuses a request that the caller may not make.
pub fn must_be_permitted(
    app: &App,
    caller: &Caller,
    bases: Bases<'_>,
    request: &Forwarded<'_>,
) -> Result<(), Refusal> {
    let (path, _) = request.target.split_once('?').unwrap_or((request.target, ""));
    let allowed = match bases.find(path) {
        Some((Api::Coiote, path)) => may_use_endpoint(app, caller, path, request),
        Some((Api::Os2iot, path)) => os2iot::may(app, caller, request.method, path),
        None => false,
    };
    match allowed {
        true => Ok(()),
        false => Err(not_permitted(request.method, path)),
    }
}

fn not_permitted(method: &str, path: &str) -> Refusal {
    let (method, path) = (shortened(method), shortened(path));
    let message = format!("{method} {path} at the proxy is not permitted");
    Refusal::new(RefusalKind::Forbidden, "forbidden", message)
}

fn may_use_endpoint(app: &App, caller: &Caller, path: &str, request: &Forwarded<'_>) -> bool {
    let domain = request
        .domain
        .map(|domain| ("domain".into(), domain.to_owned().into()));
    let properties: Vec<Property> = domain.into_iter().collect();
    let inquiry = Inquiry::of(&MODEL, "coiote-endpoint", path, request.method, &properties);
    inquiry.is_ok_and(|inquiry| may(app, caller, &inquiry))
}

fn may(app: &App, caller: &Caller, inquiry: &Inquiry<'_>) -> bool {
    let authorization = app.ledger().authorization();
    let answer = authorization.answer(&caller.subject(), inquiry, app.clock.now());
    answer.denied.is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASES: Bases<'_> = Bases {
        coiote: "/api/coiotedm/v3",
        os2iot: "/api/v1",
    };

    #[test]
    fn the_path_says_which_api_it_is_for() {
        for (path, found) in [
            ("/api/coiotedm/v3/devices", Some((Api::Coiote, "devices"))),
            ("/api/coiotedm/v3/", Some((Api::Coiote, ""))),
            ("/api/coiotedm/v3//devices", Some((Api::Coiote, "/devices"))),
            ("/api/v1/application/5", Some((Api::Os2iot, "application/5"))),
            ("/api/v1", None),
            ("/api/v10/application", None),
            ("/api/coiotedm/v3x/devices", None),
            ("/API/v1/application", None),
            ("//api/v1/application", None),
            ("/api//v1/application", None),
            ("/api/%761/application", None),
            ("/api/x/../v1/application", None),
            ("http://host/api/v1/application", None),
            ("", None),
        ] {
            assert_eq!(BASES.find(path), found, "{path}");
        }
        let nested = Bases {
            coiote: "/api/coiote",
            os2iot: "/api",
        };
        assert_eq!(nested.find("/api/coiote/devices"), Some((Api::Coiote, "devices")));
        let none = Bases {
            coiote: "",
            os2iot: "",
        };
        assert_eq!(none.find("/devices"), None);
    }

    #[test]
    fn a_base_is_a_plain_path_or_nothing() {
        for base in ["", "/api/v1", "/a", "/a.b/c-d_e~f"] {
            assert_eq!(Bases::check(base), Ok(()), "{base}");
        }
        for base in ["/", "api", "/api/", "//api", "/a/../b", "/a%20b", "/a?b", "/ä"] {
            assert!(Bases::check(base).is_err(), "{base}");
        }
    }
}
