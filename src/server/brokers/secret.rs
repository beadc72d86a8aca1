//! The secret that proves that a broker asks.

use axum::http::{HeaderMap, header, request::Parts};
use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::query::Query;

/// The parameter of the query that has the secret, for brokers that cannot set headers.
pub(super) const PARAMETER: &str = "secret";

/// The secret of the hooks. Only its digest is kept.
pub(crate) struct Secret([u8; 32]);

impl Secret {
    /// The secret with this text.
    pub(crate) fn new(text: &str) -> Self {
        Self(digest(text))
    }

    /// Whether a request has the secret: as the password of Basic, as the token of Bearer, or in the query. If it has several of them,
    /// all must be right.
    pub(super) fn is_in(&self, parts: &Parts) -> bool {
        let query = parts.uri.query().map_or(Ok(Query::default()), Query::parse);
        let Ok(query) = query else {
            return false;
        };
        let (headers, parameters) = (in_headers(&parts.headers), query.all(PARAMETER));
        let all: Vec<Option<Zeroizing<String>>> = headers
            .chain(parameters.map(|text| Some(Zeroizing::new(text.to_owned()))))
            .collect();
        // Each text is compared, so the time does not say which one is wrong.
        let is_right = all.iter().fold(true, |right, text| {
            let text = text.as_ref().map_or("", |text| text.as_str());
            right & bool::from(digest(text).ct_eq(&self.0))
        });
        !all.is_empty() && is_right
    }
}

fn digest(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

/// The texts in the `Authorization` headers; `None` for a header that is malformed.
fn in_headers(headers: &HeaderMap) -> impl Iterator<Item = Option<Zeroizing<String>>> {
    headers.get_all(header::AUTHORIZATION).iter().map(|value| {
        let (scheme, credential) = value.to_str().ok()?.split_once(' ')?;
        let credential = credential.trim();
        if scheme.eq_ignore_ascii_case("bearer") {
            return Some(Zeroizing::new(credential.to_owned()));
        }
        if !scheme.eq_ignore_ascii_case("basic") {
            return None;
        }
        let decoded = Zeroizing::new(STANDARD.decode(credential).ok()?);
        let (_, password) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
        Some(Zeroizing::new(password.to_owned()))
    })
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    fn is_in(uri: &str, headers: &[&str]) -> bool {
        let mut request = Request::builder().uri(uri);
        for value in headers {
            request = request.header("authorization", *value);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        Secret::new("a secret of brokers").is_in(&parts)
    }

    #[test]
    fn the_secret_arrives_in_three_ways() {
        let basic = |text: &str| format!("Basic {}", STANDARD.encode(text));
        assert!(is_in("/", &["Bearer a secret of brokers"]));
        assert!(is_in("/", &[&basic("anybody:a secret of brokers")]));
        assert!(is_in("/", &[&basic(":a secret of brokers")]));
        assert!(is_in("/?secret=a%20secret+of%20brokers", &[]));
        assert!(is_in(
            "/?secret=a%20secret+of%20brokers",
            &["bearer a secret of brokers"]
        ));
        for (uri, headers) in [
            ("/", &[][..]),
            ("/?secret=", &[]),
            ("/?secret=other", &[]),
            ("/?secret=a%20secret%20of%20brokers&secret=other", &[]),
            ("/?secret=%ff", &["Bearer a secret of brokers"]),
            ("/?secret=other", &["Bearer a secret of brokers"]),
            ("/?secret=a%20secret%20of%20brokers", &["Bearer other"]),
            ("/?secret=a%20secret%20of%20brokers", &["Digest a"]),
            ("/", &["Bearer a secret of brokers", "Bearer other"]),
            ("/", &["Bearer"]),
            ("/", &["Basic a secret of brokers"]),
            ("/", &["a secret of brokers"]),
        ] {
            assert!(!is_in(uri, headers), "{uri} {headers:?}");
        }
        assert!(!is_in("/", &[&basic("a secret of brokers:")]));
        assert!(!is_in("/", &[&basic("a secret of brokers")]));
    }
}
