//! Query strings as the published APIs write them: repeated names, and names with `[eq]`.

use axum::{extract::FromRequestParts, http::request::Parts};
use percent_encoding::percent_decode_str;

use crate::refusal::Refusal;

/// The decoded pairs of a query string, in order (`application/x-www-form-urlencoded`).
#[derive(Clone, Debug, Default)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Reads a query string; refuses one that is not UTF-8.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let decode = |part: &str| {
            let spaced = part.replace('+', " ");
            percent_decode_str(&spaced)
                .decode_utf8()
                .map_err(|_| Refusal::invalid("the query string is not UTF-8"))
                .and_then(|decoded| match decoded.contains('\0') {
                    // Postgres cannot store such a text.
                    true => Err(Refusal::invalid("the query string must not contain NUL")),
                    false => Ok(decoded.into_owned()),
                })
        };
        text.split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                Ok((decode(name)?, decode(value)?))
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// The pairs.
    pub(crate) fn into_pairs(self) -> Vec<(String, String)> {
        self.0
    }

    /// Refuses all other names. `apiToken` is allowed everywhere.
    pub fn only(&self, names: &[&str]) -> Result<(), Refusal> {
        match self
            .0
            .iter()
            .find(|(name, _)| name != "apiToken" && !names.contains(&name.as_str()))
        {
            Some(_) => Err(Refusal::invalid(format!(
                "only {} may be named here",
                names.join(", ")
            ))),
            None => Ok(()),
        }
    }

    /// The values of a name, in order. `name[]` is the same name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(move |(given, _)| given == name || given.strip_suffix("[]") == Some(name))
            .map(|(_, value)| value.as_str())
    }

    /// The value of a name that may occur only once.
    pub fn one<'a>(&'a self, name: &'a str) -> Result<Option<&'a str>, Refusal> {
        let mut values = self.all(name);
        match (values.next(), values.next()) {
            (_, Some(_)) => Err(Refusal::invalid(format!("{name} is given twice"))),
            (value, None) => Ok(value),
        }
    }

    /// A whole number.
    pub fn int(&self, name: &str) -> Result<Option<i64>, Refusal> {
        self.one(name)?
            .map(|text| {
                text.parse()
                    .map_err(|_| Refusal::invalid(format!("{name} must be a whole number")))
            })
            .transpose()
    }

    /// `true` or `false`.
    pub fn bool(&self, name: &str) -> Result<Option<bool>, Refusal> {
        self.one(name)?
            .map(|text| {
                text.parse()
                    .map_err(|_| Refusal::invalid(format!("{name} must be true or false")))
            })
            .transpose()
    }
}

impl<S: Sync> FromRequestParts<S> for Query {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        Self::parse(parts.uri.query().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_may_repeat_and_be_written_as_arrays() {
        let query = Query::parse("username%5Beq%5D=a&username[eq]=b+c&username[eq][]=%C3%A4").unwrap();
        assert_eq!(query.all("username[eq]").collect::<Vec<_>>(), ["a", "b c", "ä"]);
        assert!(query.one("username[eq]").is_err());
    }

    #[test]
    fn what_is_not_utf8_or_not_a_number_is_refused() {
        assert!(Query::parse("a=%FF").is_err());
        assert!(Query::parse("a=1x").unwrap().int("a").is_err());
        assert!(Query::parse("a=99999999999999999999").unwrap().int("a").is_err());
        assert!(Query::parse("a=1").unwrap().bool("a").is_err());
        assert_eq!(Query::parse("a=-7").unwrap().int("a").unwrap(), Some(-7));
        assert_eq!(Query::parse("").unwrap().int("a").unwrap(), None);
    }
}
