//! Path parameters, and the forms of paths.

use std::collections::BTreeSet;

use axum::{
    extract::{FromRequestParts, Path},
    http::request::Parts,
};
use serde::de::DeserializeOwned;

use crate::refusal::Refusal;

/// Like axum's `Path`, but it refuses with a [`Refusal`].
pub struct PathOf<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for PathOf<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        match Path::<T>::from_request_parts(parts, state).await {
            Ok(Path(value)) => Ok(Self(value)),
            Err(_) => Err(Refusal::invalid("the path is not as it should be")),
        }
    }
}

/// The paths of all operations, with their parameters in braces. Each question of a broker looks its path up, so those without parameters are
/// found by a search.
pub(crate) struct Forms {
    /// The forms without parameters, in order. They win over all others.
    fixed: BTreeSet<String>,
    with_parameters: Vec<String>,
}

impl Forms {
    /// Makes the list of these forms.
    pub(crate) fn new(forms: Vec<String>) -> Self {
        let (mut with_parameters, fixed): (Vec<_>, Vec<_>) =
            forms.into_iter().partition(|form| form.contains('{'));
        // Fixed segments win over parameters, as they do in the router.
        with_parameters.sort_by_cached_key(|form| {
            let segments = form.split('/').map(|segment| segment.starts_with('{'));
            segments.collect::<Vec<_>>()
        });
        Self {
            fixed: fixed.into_iter().collect(),
            with_parameters,
        }
    }

    /// The form of a path.
    pub(crate) fn of(&self, path: &str) -> Option<&str> {
        let mut others = self.with_parameters.iter();
        let form = self
            .fixed
            .get(path)
            .or_else(|| others.find(|form| fits(form, path)));
        form.map(String::as_str)
    }
}

/// Whether a path has this form. A segment in braces matches any text except the empty one, and with a star all that follows.
fn fits(form: &str, path: &str) -> bool {
    let (mut wanted, mut given) = (form.split('/'), path.split('/'));
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return true,
            (Some(wanted), Some(given)) if wanted.starts_with("{*") => return !given.is_empty(),
            (Some(wanted), Some(given))
                if wanted == given || (wanted.starts_with('{') && !given.is_empty()) => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_the_form_that_the_router_finds() {
        let forms = [
            "/api/users/{id}",
            "/api/users/{id}/roles",
            "/api/users/ids",
            "/api/users",
            "/healthz",
            "/pki/{*rest}",
        ];
        let forms = Forms::new(forms.map(str::to_owned).to_vec());
        for (path, form) in [
            ("/api/users/7/roles", Some("/api/users/{id}/roles")),
            ("/api/users/7", Some("/api/users/{id}")),
            ("/api/users/ids", Some("/api/users/ids")),
            ("/healthz", Some("/healthz")),
            ("/pki/a", Some("/pki/{*rest}")),
            ("/pki/a//b/", Some("/pki/{*rest}")),
            ("/pki/", None),
            ("/api/users", Some("/api/users")),
            ("/api/users/", None),
            ("/api/users/7/", None),
            ("/api", None),
        ] {
            assert_eq!(forms.of(path), form, "{path}");
        }
    }
}
