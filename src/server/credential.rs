//! The kinds of credentials, and how each is read from a request. A face lists the credentials that it accepts; the
//! server ignores others.

use std::borrow::Cow;

use aggregates::values::Audience;
use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, Uri, header, request::Parts},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use percent_encoding::percent_decode_str;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use zeroize::Zeroizing;

use crate::{evidence::Evidence, query::Query, refusal::Refusal};

/// How a caller can prove who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credential {
    /// A token in the header `Authorization: Bearer` (RFC 6750).
    Bearer,
    /// The same, and the token may have been issued for any audience.
    BearerOfAny,
    /// The same, but the token may have been issued for this audience instead of the face's own. It is listed beside [`Credential::Bearer`].
    BearerOf(Audience),
    /// A username and password in the header `Authorization: Basic` (RFC 7617).
    Basic,
    /// The id and the secret of a service account in the header `Authorization: Basic` (RFC 6749 section 2.3.1).
    Client,
    /// A token in this parameter of the query.
    Query(&'static str),
    /// A token in this header; its name in lower case.
    Header(&'static str),
    /// The key of a machine in this header; its name in lower case. It counts if no token is sent, or a token that is not valid.
    Key(&'static str),
}

/// A credential as it was sent.
pub(crate) enum Sent<'a> {
    Token(Cow<'a, str>),
    Basic {
        username: String,
        password: Zeroizing<String>,
    },
    Client {
        id: String,
        secret: Zeroizing<String>,
    },
}

impl Credential {
    /// Whether a request has this credential. The credential need not be valid.
    fn is_in(self, headers: &HeaderMap, uri: &Uri) -> bool {
        match self {
            Self::Bearer | Self::BearerOfAny | Self::BearerOf(_) | Self::Basic | Self::Client => {
                headers.contains_key(header::AUTHORIZATION)
            }
            Self::Query(name) => uri.query().is_some_and(|query| query.contains(name)),
            Self::Header(name) | Self::Key(name) => headers.contains_key(name),
        }
    }

    /// The name and the description of the credential in the OpenAPI document.
    pub(crate) fn scheme(self) -> (&'static str, SecurityScheme) {
        match self {
            Self::Bearer | Self::BearerOfAny | Self::BearerOf(_) => {
                let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer);
                (
                    "bearer",
                    SecurityScheme::Http(bearer.bearer_format("JWT").build()),
                )
            }
            Self::Basic | Self::Client => {
                let basic = HttpBuilder::new().scheme(HttpAuthScheme::Basic);
                ("basic", SecurityScheme::Http(basic.build()))
            }
            Self::Query(name) => {
                let key = ApiKey::Query(ApiKeyValue::new(name));
                (name, SecurityScheme::ApiKey(key))
            }
            Self::Header(name) | Self::Key(name) => {
                let key = ApiKey::Header(ApiKeyValue::new(name));
                (name, SecurityScheme::ApiKey(key))
            }
        }
    }
}

/// Whether a request has one of these credentials. The credential need not be valid.
pub(crate) fn has_any(accepted: &[Credential], headers: &HeaderMap, uri: &Uri) -> bool {
    accepted.iter().any(|credential| credential.is_in(headers, uri))
}

/// Reads the key of a machine, if a request has one.
pub(crate) fn key<'a>(accepted: &[Credential], parts: &'a Parts) -> Result<Option<&'a str>, Refusal> {
    let name = accepted.iter().find_map(|credential| match credential {
        Credential::Key(name) if parts.headers.contains_key(*name) => Some(*name),
        _ => None,
    });
    name.map(|name| only(parts, name)).transpose()
}

/// The text of a header that a request has once.
fn only<'a>(parts: &'a Parts, name: &str) -> Result<&'a str, Refusal> {
    let mut given = parts.headers.get_all(name).iter();
    let (Some(value), None) = (given.next(), given.next()) else {
        return Err(Refusal::unauthenticated());
    };
    value.to_str().map_err(|_| Refusal::unauthenticated())
}

/// Reads the first of these credentials that a request has, apart from the key of a machine. An `Authorization` header that is malformed, or of a scheme
/// that the face does not accept, is refused, even if the request has another credential.
pub(crate) fn read<'a>(accepted: &[Credential], parts: &'a Parts) -> Result<Option<Sent<'a>>, Refusal> {
    for credential in accepted {
        if !credential.is_in(&parts.headers, &parts.uri) {
            continue;
        }
        match credential {
            Credential::Bearer
            | Credential::BearerOfAny
            | Credential::BearerOf(_)
            | Credential::Basic
            | Credential::Client => {
                return authorization(accepted, parts).map(Some);
            }
            Credential::Query(name) => {
                let query = Query::parse(parts.uri.query().unwrap_or_default())?;
                if let Some(token) = query.one(name)? {
                    return Ok(Some(Sent::Token(Cow::Owned(token.to_owned()))));
                }
            }
            Credential::Header(name) => {
                return Ok(Some(Sent::Token(Cow::Borrowed(only(parts, name)?))));
            }
            Credential::Key(_) => {}
        }
    }
    Ok(None)
}

/// The token in `Authorization: Bearer` as it was sent, for an operation that takes another token than its face.
pub struct BearerToken(pub Zeroizing<String>);

impl<S: Send + Sync> FromRequestParts<S> for BearerToken {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        match read(&[Credential::Bearer], parts) {
            Ok(Some(Sent::Token(token))) => Ok(Self(Zeroizing::new(token.into_owned()))),
            Ok(_) => Err(Refusal::unauthenticated()),
            Err(refusal) => {
                Evidence::credential("malformed").leave();
                Err(refusal)
            }
        }
    }
}

/// The credential in the `Authorization` header.
fn authorization<'a>(accepted: &[Credential], parts: &'a Parts) -> Result<Sent<'a>, Refusal> {
    let mut given = parts.headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (given.next(), given.next()) else {
        return Err(Refusal::unauthenticated());
    };
    let text = value.to_str().map_err(|_| Refusal::unauthenticated())?;
    let (scheme, credential) = text.split_once(' ').ok_or_else(Refusal::unauthenticated)?;
    let credential = credential.trim();
    let is = |name: &str, kind| scheme.eq_ignore_ascii_case(name) && accepted.contains(&kind);
    if is("bearer", Credential::Bearer) || is("bearer", Credential::BearerOfAny) {
        return Ok(Sent::Token(Cow::Borrowed(credential)));
    }
    if is("basic", Credential::Basic) {
        return basic(credential).ok_or_else(Refusal::unauthenticated);
    }
    if is("basic", Credential::Client) {
        return client(credential).ok_or_else(Refusal::unauthenticated);
    }
    Err(Refusal::unauthenticated())
}

/// Both parts may be encoded as in a form. What clients get from this server needs no encoding, so it is the same without.
fn client(credential: &str) -> Option<Sent<'static>> {
    let Sent::Basic { username, password } = basic(credential)? else {
        return None;
    };
    let decoded = |text: &str| Some(percent_decode_str(text).decode_utf8().ok()?.into_owned());
    Some(Sent::Client {
        id: decoded(&username)?,
        secret: Zeroizing::new(decoded(&password)?),
    })
}

fn basic(credential: &str) -> Option<Sent<'static>> {
    let decoded = Zeroizing::new(STANDARD.decode(credential).ok()?);
    let (username, password) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
    Some(Sent::Basic {
        username: username.to_owned(),
        password: Zeroizing::new(password.to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    const ALL: [Credential; 4] = [
        Credential::Bearer,
        Credential::Basic,
        Credential::Query("apiToken"),
        Credential::Header("x-api-key"),
    ];

    /// Requests with one credential each.
    fn requests() -> [Parts; 4] {
        let of = |name: &str, value: &str, path: &str| {
            let request = Request::builder().uri(path).header(name, value).body(());
            request.unwrap().into_parts().0
        };
        [
            of("authorization", "Bearer secret", "/"),
            of("authorization", "Basic YTpzZWNyZXQ=", "/"),
            of("accept", "*/*", "/?apiToken=secret"),
            of("x-api-key", "secret", "/"),
        ]
    }

    #[test]
    fn what_is_read_is_also_seen() {
        for (kind, parts) in ALL.into_iter().zip(requests()) {
            assert!(has_any(&[kind], &parts.headers, &parts.uri), "{kind:?}");
            let secret = match read(&[kind], &parts).unwrap().unwrap() {
                Sent::Token(token) => token.into_owned(),
                Sent::Basic { password, .. } => password.to_string(),
                Sent::Client { secret, .. } => secret.to_string(),
            };
            assert_eq!(secret, "secret", "{kind:?}");
        }
    }

    #[test]
    fn what_a_face_does_not_list_is_not_looked_at() {
        let [bearer, _, query, header] = requests();
        for (kind, parts) in [
            (Credential::Header("x-api-key"), bearer),
            (Credential::Header("x-api-key"), query),
            (Credential::Bearer, header),
        ] {
            assert!(!has_any(&[kind], &parts.headers, &parts.uri));
            assert!(matches!(read(&[kind], &parts), Ok(None)));
        }
    }

    #[test]
    fn a_scheme_that_a_face_does_not_list_is_refused() {
        let [bearer, basic, ..] = requests();
        assert!(read(&[Credential::Basic], &bearer).is_err());
        assert!(read(&[Credential::Bearer], &basic).is_err());
    }
}
