//! The headers for browsers: what a page may do with an answer, and which other sites may ask (CORS).

use std::sync::LazyLock;

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header};

use crate::app::App;

/// Headers of every answer, unless the answer has its own. An answer is not a page: it loads nothing, no other page may frame it, and
/// it sends no referrer.
const FIXED: [(HeaderName, &str); 6] = [
    (header::CACHE_CONTROL, "no-store"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    ),
];

/// The same as a map. To copy it costs half as much as to insert each header into each answer.
static ALL_FIXED: LazyLock<HeaderMap> = LazyLock::new(|| {
    let headers = FIXED.map(|(name, value)| (name, HeaderValue::from_static(value)));
    headers.into_iter().collect()
});

/// The request headers that a page of another site may set.
const ALLOWED_HEADERS: &str =
    "authorization, content-type, muniment-at-least, traceparent, x-api-key, x-request-id";
/// The response headers that it may read.
const EXPOSED_HEADERS: &str = "muniment-position, retry-after, www-authenticate, x-request-id";
/// The methods that it may use. GET, HEAD and POST need no permission.
const ALLOWED_METHODS: &str = "GET, HEAD, POST, PUT, PATCH, DELETE";
/// For how many seconds a browser keeps the answer to its question.
const KEPT: &str = "600";

/// The other sites whose pages may ask.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origins {
    every: bool,
    listed: Vec<String>,
}

impl Origins {
    /// Reads origins that are separated by commas. `*` means every origin.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut origins = Self::default();
        for origin in text.split(',').map(str::trim).filter(|origin| !origin.is_empty()) {
            match origin {
                "*" => origins.every = true,
                _ if is_origin(origin) => origins.listed.push(origin.to_ascii_lowercase()),
                _ => return Err("must be origins such as https://app.example.com, or *".to_owned()),
            }
        }
        Ok(origins)
    }

    /// The value of `Access-Control-Allow-Origin` for a request's origin, if its site may ask.
    fn allow(&self, origin: &HeaderValue) -> Option<HeaderValue> {
        if self.every {
            return Some(HeaderValue::from_static("*"));
        }
        let sent = origin.to_str().ok()?;
        let is_listed = self.listed.iter().any(|listed| listed.eq_ignore_ascii_case(sent));
        is_listed.then(|| origin.clone())
    }
}

/// Whether a text is a scheme, a host and perhaps a port, and nothing else.
fn is_origin(text: &str) -> bool {
    let is_plain = text.parse::<Uri>().is_ok_and(|uri| {
        let has_scheme = matches!(uri.scheme_str(), Some("http" | "https"));
        has_scheme
            && uri.path() == "/"
            && uri.query().is_none()
            && !uri.authority().is_some_and(|a| a.as_str().contains('@'))
    });
    is_plain && !text.ends_with('/') && !text.contains('#')
}

/// What CORS says about the request of a page. Answers are not stored, so an answer to a request without `Origin` needs no such header.
pub(crate) struct Cross {
    allowed: Option<HeaderValue>,
    is_question: bool,
}

impl Cross {
    /// Judges a request. A request without `Origin` is not of another site.
    pub(crate) fn of(app: &App, method: &Method, headers: &HeaderMap) -> Option<Self> {
        let origin = headers.get(header::ORIGIN)?;
        let allowed = app.live().cors_origins.allow(origin);
        let asks = method == Method::OPTIONS && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
        Some(Self {
            is_question: asks && allowed.is_some(),
            allowed,
        })
    }

    /// Whether a browser asks what a page may do, and the page's site may ask. No handler answers this.
    pub(crate) fn is_question(&self) -> bool {
        self.is_question
    }

    fn say(self, headers: &mut HeaderMap) {
        headers.append(header::VARY, HeaderValue::from_static("origin"));
        let mut set = |name, value| headers.insert(name, HeaderValue::from_static(value));
        let Some(allowed) = self.allowed else { return };
        if self.is_question {
            set(header::ACCESS_CONTROL_ALLOW_METHODS, ALLOWED_METHODS);
            set(header::ACCESS_CONTROL_ALLOW_HEADERS, ALLOWED_HEADERS);
            set(header::ACCESS_CONTROL_MAX_AGE, KEPT);
        } else {
            set(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED_HEADERS);
        }
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
    }
}

/// Says which page's site a browser's request comes from (W3C Fetch Metadata).
pub(crate) const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Whether a page of another site made a browser send a request, and the settings do not let that site ask. A browser that does not say where
/// the page is from says its origin: it must be the host that the request names, or that of the public URL.
pub(crate) fn is_of_another_site(app: &App, headers: &HeaderMap) -> bool {
    let origin = headers.get(header::ORIGIN);
    let live = app.live();
    if origin.is_some_and(|origin| live.cors_origins.allow(origin).is_some()) {
        return false;
    }
    match (headers.get(&SEC_FETCH_SITE), origin) {
        (Some(site), _) => !matches!(site.as_bytes(), b"same-origin" | b"none"),
        (None, Some(origin)) => {
            let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
            let public = live.public_url.as_deref().and_then(authority);
            let from = origin.to_str().ok().and_then(authority);
            !from.is_some_and(|from| {
                let is = |own: &str| own.eq_ignore_ascii_case(from);
                host.is_some_and(is) || public.is_some_and(is)
            })
        }
        (None, None) => false,
    }
}

/// The host and port of a URL or an origin.
fn authority(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    rest.split('/').next()
}

/// Sets the headers of an answer that are for browsers.
pub(crate) fn instruct(headers: &mut HeaderMap, cross: Option<Cross>) {
    // A header of the answer's own replaces the fixed one.
    let own = std::mem::replace(headers, ALL_FIXED.clone());
    headers.extend(own);
    if let Some(cross) = cross {
        cross.say(headers);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_keeps_its_own_headers() {
        let mut headers = HeaderMap::new();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("max-age=60"));
        for cookie in ["a=1", "b=2"] {
            headers.append(header::SET_COOKIE, HeaderValue::from_static(cookie));
        }
        instruct(&mut headers, None);
        assert_eq!(headers.get_all(header::CACHE_CONTROL).iter().count(), 1);
        assert_eq!(headers[header::CACHE_CONTROL], "max-age=60");
        let cookies: Vec<_> = headers.get_all(header::SET_COOKIE).iter().collect();
        assert_eq!(cookies, ["a=1", "b=2"]);
        for (name, value) in FIXED.into_iter().skip(1) {
            assert_eq!(headers[name], value);
        }
    }

    #[test]
    fn origins_are_schemes_with_hosts_and_nothing_else() {
        let origins = Origins::parse("https://App.example.com, http://localhost:3000,").unwrap();
        let allow = |origin: &'static str| origins.allow(&HeaderValue::from_static(origin)).is_some();
        assert!(allow("https://app.example.com") && allow("http://localhost:3000"));
        for other in [
            "http://app.example.com",
            "https://app.example.com:444",
            "https://app.example.com.evil.example",
            "https://evil.example/https://app.example.com",
            "null",
            "*",
            "",
        ] {
            assert!(!allow(other), "{other}");
        }
        for wrong in [
            "app.example.com",
            "https://a/",
            "https://a/b",
            "https://a?b",
            "https://u@a",
            "ftp://a",
            "null",
        ] {
            assert!(Origins::parse(wrong).is_err(), "{wrong}");
        }
        assert_eq!(Origins::parse(""), Ok(Origins::default()));
        let every = Origins::parse("*").unwrap();
        assert_eq!(every.allow(&HeaderValue::from_static("null")).unwrap(), "*");
    }
}
