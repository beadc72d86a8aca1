//! The resource type `http`: the action on a path is a method, or the operation that the method needs.

use aggregates::values::Operation;

use super::{
    Asked, Ids, Impossible, ResourceType, Space,
    access::{Access, LONGEST, Names, Part},
};
use crate::directory::Places;

/// Paths: the first level of each path is the empty level before its slash.
pub(crate) const SPACE: Space = Space {
    name: "http",
    context: aggregates::values::Context::Http,
    first_level: Some(""),
};

const ACTIONS: &[(&str, Operation)] = &[
    ("read", Operation::Read),
    ("write", Operation::Write),
    ("GET", Operation::Read),
    ("HEAD", Operation::Read),
    ("OPTIONS", Operation::Read),
    ("POST", Operation::Write),
    ("PUT", Operation::Write),
    ("PATCH", Operation::Write),
    ("DELETE", Operation::Write),
];

/// Paths of HTTP requests.
pub(crate) struct Http;

impl ResourceType for Http {
    fn space(&self) -> &'static Space {
        &SPACE
    }

    fn actions(&self) -> &'static [(&'static str, Operation)] {
        ACTIONS
    }

    fn ids(&self) -> Ids {
        Ids::Names
    }

    fn access<'a>(&self, asked: &Asked<'a>, _: &dyn Places) -> Result<Access<'a>, Impossible> {
        if !is_path(asked.id) {
            return Err(Impossible::Path);
        }
        Ok(Part::new(&SPACE, asked.operation, Names::One(asked.id)).into())
    }
}

/// Whether a text is the path of a request in its normal form.
fn is_path(text: &str) -> bool {
    let unheard_of = |byte: u8| byte.is_ascii_control() || matches!(byte, b'?' | b'#' | b'\\');
    if !text.starts_with('/') || text.len() > LONGEST || text.bytes().any(unheard_of) {
        return false;
    }
    // Most paths contain no dot; a dot can also be percent-encoded.
    if !text.contains(['.', '%']) {
        return true;
    }
    is_well_encoded(text) && !text.split('/').any(is_dot_segment)
}

/// Whether each `%` begins an encoded octet, and no such octet is a separator or an end for some servers.
fn is_well_encoded(text: &str) -> bool {
    text.split('%').skip(1).all(|after| {
        let digits = after.as_bytes().first_chunk::<2>();
        let octet = digits.and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        octet.is_some_and(|octet| !octet.is_ascii_control() && !matches!(octet, b'/' | b'\\'))
            && !after.starts_with('+')
    })
}

/// Whether a segment is `.` or `..`, in any encoding.
fn is_dot_segment(segment: &str) -> bool {
    // Some servers read the text after a semicolon as parameters of the segment.
    let mut rest = segment.split(';').next().unwrap_or_default();
    let mut dots = 0;
    while !rest.is_empty() {
        let after = rest
            .strip_prefix('.')
            .or_else(|| rest.strip_prefix("%2e"))
            .or_else(|| rest.strip_prefix("%2E"));
        let Some(after) = after else { return false };
        rest = after;
        dots += 1;
    }
    dots == 1 || dots == 2
}
