//! Bodies that are forms (`application/x-www-form-urlencoded`), as OAuth 2.0 has them.

use axum::{
    extract::{FromRequest, Request},
    http::{HeaderMap, header},
};
use zeroize::Zeroizing;

use super::{
    SMALL_BODY,
    kinds::{essence, unsupported},
    received, text,
};
use crate::{
    app::App,
    browsers::is_of_another_site,
    query::Query,
    refusal::{Refusal, RefusalKind},
};

/// The content type of a form.
const FORM: &str = "application/x-www-form-urlencoded";

/// A form of at most [`SMALL_BODY`] bytes. A page can send a form to any site without asking first, so the form of a page of another site is
/// refused, unless the settings let that site ask.
pub struct Form(Vec<(String, Zeroizing<String>)>);

impl Form {
    /// The value of a name, which may occur once. An empty value counts as absent (RFC 6749 section 3.1).
    pub fn one(&self, name: &str) -> Result<Option<&str>, Refusal> {
        let mut values = self.0.iter().filter(|(given, _)| given == name);
        match (values.next(), values.next()) {
            (_, Some(_)) => Err(Refusal::invalid(format!("{name} is given twice"))),
            (value, None) => Ok(value
                .map(|(_, value)| value.as_str())
                .filter(|value| !value.is_empty())),
        }
    }

    /// The value of a name that must occur.
    pub fn need(&self, name: &str) -> Result<&str, Refusal> {
        self.one(name)?
            .ok_or_else(|| Refusal::invalid(format!("{name} is missing")))
    }

    fn parse(text: &str) -> Result<Self, Refusal> {
        let unreadable = |mut refusal: Refusal| {
            refusal.message = "the form is not UTF-8, or has NUL".into();
            refusal
        };
        let pairs = Query::parse(text).map_err(unreadable)?.into_pairs();
        let guarded = pairs
            .into_iter()
            .map(|(name, value)| (name, Zeroizing::new(value)));
        Ok(Self(guarded.collect()))
    }
}

impl FromRequest<App> for Form {
    type Rejection = Refusal;

    async fn from_request(request: Request, app: &App) -> Result<Self, Refusal> {
        must_be_form(request.headers())?;
        if is_of_another_site(app, request.headers()) {
            let message = "a page of another site sent this form: list its origin in CORS_ORIGINS";
            return Err(Refusal::new(RefusalKind::Forbidden, "cross_site", message));
        }
        let bytes = Zeroizing::new(received(request, app, SMALL_BODY).await?);
        Self::parse(text(&bytes)?)
    }
}

fn must_be_form(headers: &HeaderMap) -> Result<(), Refusal> {
    let mut kinds = headers.get_all(header::CONTENT_TYPE).iter();
    let is_form = match (kinds.next(), kinds.next()) {
        (Some(kind), None) => kind.to_str().is_ok_and(|kind| essence(kind) == FORM),
        (None, _) | (Some(_), Some(_)) => false,
    };
    match is_form {
        true => Ok(()),
        false => Err(unsupported("the body must be application/x-www-form-urlencoded")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_has_each_name_once_and_an_empty_value_is_none() {
        let form = Form::parse("username=ada%40example.org&password=a+b%26%C3%A4&scope=&x=1&x=2").unwrap();
        assert_eq!(form.one("username").unwrap(), Some("ada@example.org"));
        assert_eq!(form.need("password").unwrap(), "a b&ä");
        assert_eq!(form.one("scope").unwrap(), None);
        assert!(form.need("scope").is_err() && form.need("other").is_err());
        assert!(form.one("x").is_err());
        // A name with brackets is another name.
        assert_eq!(Form::parse("x[]=1").unwrap().one("x").unwrap(), None);
    }

    #[test]
    fn a_form_that_is_no_text_is_refused() {
        for text in ["password=%FF", "password=%00", "%FF=x"] {
            let refusal = Form::parse(text).err().unwrap();
            assert_eq!(refusal.kind, RefusalKind::Invalid, "{text}");
            assert!(!refusal.message.contains("FF"));
        }
    }

    #[test]
    fn only_the_content_type_of_a_form_is_one() {
        let of = |kinds: &[&str]| {
            let mut headers = HeaderMap::new();
            for kind in kinds {
                headers.append(header::CONTENT_TYPE, kind.parse().unwrap());
            }
            must_be_form(&headers).is_ok()
        };
        assert!(of(&[FORM]) && of(&["Application/X-WWW-Form-Urlencoded; charset=UTF-8"]));
        for kinds in [
            &[][..],
            &["application/json"],
            &["multipart/form-data"],
            &[FORM, FORM],
        ] {
            assert!(!of(kinds), "{kinds:?}");
        }
    }
}
