//! How clients write permissions: each space has a name, and patterns in its own spelling.
//!
//! | context | resource | pattern |
//! |---|---|---|
//! | `http`, `mqtt` | a pattern | the same |
//! | `coiote` | `GET devices/{id}`, `GET #`, `#` | `coiote/GET/devices/{id}`, `coiote/GET/#`, `coiote/#` |
//! | `domain` | `/a/b/`, `/a/#`, `/`, `/#` | `domain/a/b`, `domain/a/#`, `domain`, `domain/#` |
//! | `nx` | `o/3/license/#`, `#` | `nx/o/3/license/#`, `nx/#` |

use std::borrow::Cow;

use super::{COIOTE, DOMAIN, ENDPOINTS, Endpoint, operation_of};
use crate::values::{Context, Invalid, NX, Operation, Permission, PermissionId, TopicFilter};

fn invalid<T>(rule: &'static str) -> Result<T, Invalid> {
    Err(Invalid {
        what: "resource",
        rule,
    })
}

/// The pattern of a right on endpoints.
fn endpoint_pattern(text: &str) -> Result<TopicFilter, Invalid> {
    if text == "#" {
        return TopicFilter::parse(&format!("{COIOTE}/#"));
    }
    let Some((method, template)) = text.split_once(' ') else {
        return invalid("must be a method and a template in context coiote, such as GET devices/{id}");
    };
    let is_known = match template {
        "#" => ENDPOINTS.iter().any(|one| one.method == method),
        _ => Endpoint::find(method, template).is_some(),
    };
    match is_known {
        true => TopicFilter::parse(&format!("{COIOTE}/{method}/{template}")),
        false => invalid("must name an endpoint of the catalogue in context coiote"),
    }
}

/// The pattern of a right in a domain, or in the tree below it.
fn domain_pattern(text: &str) -> Result<TopicFilter, Invalid> {
    const RULE: &str = "must be a domain such as /a/b/ or a tree of domains such as /a/# in context domain";
    let (domain, rest) = match text.strip_suffix('#') {
        Some(domain) => (domain, "/#"),
        None => (text, ""),
    };
    match domain_name(domain) {
        Some(name) => TopicFilter::parse(&format!("{name}{rest}")),
        None => invalid(RULE),
    }
}

/// The pattern of a right on licences.
fn licence_pattern(text: &str) -> Result<TopicFilter, Invalid> {
    match text == "#" || text.starts_with("o/") {
        true => TopicFilter::parse(&format!("{NX}/{text}")),
        false => invalid("must begin with o/ in context nx, such as o/3/license/#"),
    }
}

/// The name of a domain, to which patterns apply: `domain/a/b` for `/a/b/`. `None` if the text is no id of a domain. Two headers that a proxy
/// joins by a comma are none.
pub fn domain_name(id: &str) -> Option<String> {
    let inner = id.strip_prefix('/')?;
    if inner.is_empty() {
        return Some(DOMAIN.to_owned());
    }
    let inner = inner.strip_suffix('/')?;
    let is_level = |level: &str| {
        let odd = |c: char| c.is_control() || matches!(c, '#' | '+' | '\\' | '%' | '?' | ';' | ',');
        !level.is_empty() && level != "." && level != ".." && !level.contains(odd)
    };
    let fits = id.len() < 4096 && inner.split('/').all(is_level);
    fits.then(|| format!("{DOMAIN}/{inner}"))
}

impl Permission {
    /// Reads a permission as clients write it.
    pub fn parse(
        id: PermissionId,
        resource: &str,
        operation: Operation,
        context: &str,
    ) -> Result<Self, Invalid> {
        let (in_context, pattern) = pattern(context, resource)?;
        match context {
            COIOTE if !fits_method(resource, operation) => Err(Invalid {
                what: "operation",
                rule: "must be read for GET, and write for other methods, in context coiote",
            }),
            COIOTE | DOMAIN | NX => Ok(Self {
                id,
                resource: pattern,
                operation,
                context: in_context,
            }),
            _ => Self::new(id, pattern, operation, in_context),
        }
    }

    /// The context and the resource as clients write them.
    pub fn written(&self) -> (&'static str, Cow<'_, str>) {
        written(self.context, &self.resource)
    }

    /// Whether the permission is about paths or topics, and not in a space of another API.
    pub fn is_of_context(&self) -> bool {
        self.context == Context::Mqtt || self.resource.starts_with('/')
    }
}

/// Whether an operation is the one that the method of a right on endpoints needs.
fn fits_method(text: &str, operation: Operation) -> bool {
    let method = text.split_once(' ').map(|(method, _)| method);
    method.is_none_or(|method| operation == operation_of(method))
}

/// The context and the pattern that clients write like this.
pub fn pattern(context: &str, resource: &str) -> Result<(Context, TopicFilter), Invalid> {
    Ok(match context {
        COIOTE => (Context::Http, endpoint_pattern(resource)?),
        DOMAIN => (Context::Http, domain_pattern(resource)?),
        NX => (Context::Http, licence_pattern(resource)?),
        _ => {
            let read = Context::parse(context).map_err(|invalid| Invalid {
                rule: "must be http, mqtt, coiote, domain or nx",
                ..invalid
            });
            (read?, TopicFilter::parse(resource)?)
        }
    })
}

/// A pattern in a context as clients write it.
pub fn written(context: Context, pattern: &str) -> (&'static str, Cow<'_, str>) {
    if context == Context::Http {
        if let Some(rest) = pattern
            .strip_prefix(COIOTE)
            .and_then(|rest| rest.strip_prefix('/'))
        {
            return (COIOTE, rest.replacen('/', " ", 1).into());
        }
        if let Some(rest) = pattern.strip_prefix(DOMAIN)
            && (rest.is_empty() || rest.starts_with('/'))
        {
            let end = if rest.ends_with('#') { "" } else { "/" };
            return (DOMAIN, format!("{rest}{end}").into());
        }
        if let Some(rest) = pattern.strip_prefix(NX).and_then(|rest| rest.strip_prefix('/')) {
            return (NX, rest.into());
        }
    }
    (context.as_str(), pattern.into())
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn parse(context: &str, resource: &str, operation: Operation) -> Result<Permission, Invalid> {
        Permission::parse(PermissionId(Uuid::nil()), resource, operation, context)
    }

    #[test]
    fn permissions_are_written_as_they_are_read() {
        use Operation::{Read, ReadWrite, Write};
        for (context, resource, operation, pattern) in [
            ("http", "/api/#", ReadWrite, "/api/#"),
            ("mqtt", "coiote/GET/devices", Read, "coiote/GET/devices"),
            ("coiote", "GET devices/{id}", Read, "coiote/GET/devices/{id}"),
            ("coiote", "POST devices", Write, "coiote/POST/devices"),
            (
                "coiote",
                "POST deviceMonitoring/configuration/{group_groupId}/enable/",
                Write,
                "coiote/POST/deviceMonitoring/configuration/{group_groupId}/enable/",
            ),
            ("coiote", "GET #", Read, "coiote/GET/#"),
            ("coiote", "#", ReadWrite, "coiote/#"),
            ("domain", "/", Read, "domain"),
            ("domain", "/#", ReadWrite, "domain/#"),
            ("domain", "/a/b/", Write, "domain/a/b"),
            ("domain", "/a/b/#", Read, "domain/a/b/#"),
            ("nx", "o/3/license/#", Read, "nx/o/3/license/#"),
            ("nx", "#", ReadWrite, "nx/#"),
        ] {
            let permission = parse(context, resource, operation).unwrap();
            assert_eq!(&*permission.resource, pattern, "{resource}");
            assert_eq!(permission.written(), (context, resource.into()));
        }
        assert_eq!(written(Context::Http, "os2iot/#"), ("http", "os2iot/#".into()));
        assert_eq!(written(Context::Http, "domains/a"), ("http", "domains/a".into()));
    }

    #[test]
    fn what_is_no_right_is_refused() {
        use Operation::{Read, ReadWrite, Write};
        for (context, resource, operation) in [
            ("coiote", "", Read),
            ("coiote", "GET", Read),
            ("coiote", "devices", Read),
            ("coiote", "GET devices/7", Read),
            ("coiote", "GET devices/#", Read),
            ("coiote", "get devices", Read),
            ("coiote", "POST tasks", Write),
            ("coiote", "HEAD devices", Read),
            ("coiote", "+ devices", Read),
            ("coiote", "GET  devices", Read),
            ("coiote", "GET devices", Write),
            ("coiote", "GET devices", ReadWrite),
            ("coiote", "POST devices", Read),
            ("coiote", "/api/#", Read),
            ("domain", "", Read),
            ("domain", "a", Read),
            ("domain", "/a", Read),
            ("domain", "a/", Read),
            ("domain", "//", Read),
            ("domain", "/a//b/", Read),
            ("domain", "/a/../b/", Read),
            ("domain", "/+/", Read),
            ("domain", "/a#", Read),
            ("domain", "#", Read),
            ("http", "coiote/GET/devices", Read),
            ("http", "domain/#", Read),
            ("http", "nx/o/3/license/#", Read),
            ("nx", "", Read),
            ("nx", "+", Read),
            ("nx", "nx/o/3/license/#", Read),
            ("nx", "o/3/license#", Read),
            ("nx", "/o/3/license/#", Read),
            ("os2iot", "os2iot/#", Read),
            ("", "/a", Read),
        ] {
            assert!(
                parse(context, resource, operation).is_err(),
                "{context} {resource:?}"
            );
        }
    }
}
