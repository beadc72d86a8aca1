//! The resource types of Coiote IoT DM: an endpoint of its API, and a domain.
//!
//! A name is the template of an endpoint (`coiote/GET/devices/{id}`) or a domain (`domain/a/b`). If a question names a domain besides an
//! endpoint, both must be granted.

use std::sync::LazyLock;

use aggregates::values::{
    Context, Operation,
    coiote::{COIOTE, DOMAIN, ENDPOINTS, Endpoint, domain_name, written},
};

use super::{
    Asked, Ids, Impossible, ResourceType, Space,
    access::{Access, Names, Part},
    paths::segments,
    routes::Routes,
};
use crate::directory::Places;

/// The endpoints.
pub(crate) const SPACE: Space = Space {
    name: COIOTE,
    context: Context::Http,
    first_level: Some(COIOTE),
};

/// The domains.
pub(crate) const DOMAINS: Space = Space {
    name: DOMAIN,
    context: Context::Http,
    first_level: Some(DOMAIN),
};

/// The property of an endpoint that names the domain in which it is used.
const IN_DOMAIN: &str = "domain";
/// Where the identity API lets a domain follow without encoding (design/people.md).
const OF_DOMAIN: &str = "access/";
const ACCESS: &str = "access/{domainId}";

/// The names of the endpoints, in the order of the catalogue.
static NAMES: LazyLock<Vec<String>> = LazyLock::new(|| ENDPOINTS.iter().map(Endpoint::name).collect());

/// The places of the endpoints in the catalogue, by their routes.
static ROUTES: LazyLock<Routes<usize>> = LazyLock::new(|| {
    let mut routes = Routes::default();
    for (place, endpoint) in ENDPOINTS.iter().enumerate() {
        routes.add(endpoint.method, &endpoint.route(), place);
    }
    routes
});

/// The name of the endpoint with a method and a path.
fn endpoint(method: &str, path: &str) -> Result<&'static str, Impossible> {
    let method = if method == "HEAD" { "GET" } else { method };
    let place = match path
        .strip_prefix(OF_DOMAIN)
        .filter(|domain| domain.starts_with('/'))
    {
        Some(domain) => {
            domain_name(domain).ok_or(Impossible::Path)?;
            // A server must not read the levels of the domain in another way either.
            let levels = domain.trim_matches('/');
            if !levels.is_empty() {
                segments(levels).ok_or(Impossible::Path)?;
            }
            let mut all = ENDPOINTS.iter();
            all.position(|one| one.method == method && one.template == ACCESS)
        }
        None => {
            let segments = segments(path).ok_or(Impossible::Path)?;
            ROUTES.find(method, &segments).map(|(place, _)| place)
        }
    };
    let name = place.and_then(|place| NAMES.get(place));
    name.map(String::as_str).ok_or(Impossible::Resource)
}

/// An endpoint: the id is a path below the API's base, and the action is a method.
pub(crate) struct CoioteEndpoint;

const METHODS: &[(&str, Operation)] = &[
    ("GET", Operation::Read),
    ("HEAD", Operation::Read),
    ("POST", Operation::Write),
    ("PUT", Operation::Write),
    ("PATCH", Operation::Write),
    ("DELETE", Operation::Write),
];

impl ResourceType for CoioteEndpoint {
    fn name(&self) -> &'static str {
        "coiote-endpoint"
    }

    fn space(&self) -> &'static Space {
        &SPACE
    }

    fn actions(&self) -> &'static [(&'static str, Operation)] {
        METHODS
    }

    fn ids(&self) -> Ids {
        Ids::Listed
    }

    fn access<'a>(&self, asked: &Asked<'a>, _: &dyn Places) -> Result<Access<'a>, Impossible> {
        in_domain(asked, endpoint(asked.action, asked.id)?)
    }

    fn listed(&self, asked: &Asked<'_>) -> Result<Vec<(String, Access<'static>)>, Impossible> {
        let method = if asked.action == "HEAD" {
            "GET"
        } else {
            asked.action
        };
        let all = ENDPOINTS.iter().zip(NAMES.iter());
        let of_method = all.filter(|(endpoint, _)| endpoint.method == method);
        let listed =
            of_method.map(|(endpoint, name)| Ok((endpoint.template.to_owned(), in_domain(asked, name)?)));
        listed.collect()
    }
}

/// What must be granted to use an endpoint, and for the domain in which it is used, if one is named.
fn in_domain<'a>(asked: &Asked<'_>, endpoint: &'a str) -> Result<Access<'a>, Impossible> {
    let endpoint = Part::new(&SPACE, asked.operation, Names::One(endpoint));
    Ok(match asked.property(IN_DOMAIN) {
        Some(domain) => Access::both(endpoint, in_tree(domain, asked.operation)?),
        None => endpoint.into(),
    })
}

fn in_tree<'a>(domain: &str, operation: Operation) -> Result<Part<'a>, Impossible> {
    let name = domain_name(domain).ok_or(Impossible::Domain)?;
    Ok(Part::new(&DOMAINS, operation, Names::Own(name)))
}

/// A domain: the id is its path, such as `/a/b/`.
pub(crate) struct Domain;

impl ResourceType for Domain {
    fn space(&self) -> &'static Space {
        &DOMAINS
    }

    fn actions(&self) -> &'static [(&'static str, Operation)] {
        &[("read", Operation::Read), ("write", Operation::Write)]
    }

    fn ids(&self) -> Ids {
        Ids::Names
    }

    fn access<'a>(&self, asked: &Asked<'a>, _: &dyn Places) -> Result<Access<'a>, Impossible> {
        in_tree(asked.id, asked.operation).map(Access::from)
    }

    fn shown(&self, pattern: &str) -> String {
        written(DOMAINS.context, pattern).1.into_owned()
    }
}

#[cfg(test)]
mod tests {
    use aggregates::values::coiote::operation_of;

    use super::*;

    #[test]
    fn every_endpoint_is_found_by_its_route() {
        for (found, name) in ENDPOINTS.iter().zip(NAMES.iter()) {
            assert_eq!(
                METHODS
                    .iter()
                    .find(|(method, _)| *method == found.method)
                    .unwrap()
                    .1,
                found.operation()
            );
            assert_eq!(operation_of(found.method), found.operation());
            let route = found.route().join("/");
            for path in [route.clone(), format!("{route}/"), route.replace(['{', '}'], "x")] {
                assert_eq!(endpoint(found.method, &path), Ok(name.as_str()), "{path}");
            }
        }
    }

    #[test]
    fn the_template_of_a_path_is_the_most_literal_one() {
        for (method, path, template) in [
            ("GET", "devices/all", "GET/devices/{id}"),
            ("GET", "devices/all/count", "GET/devices/all/count"),
            ("GET", "devices/all%2Fcount", "GET/devices/{id}"),
            ("GET", "devices/find/details", "GET/devices/find/details"),
            ("HEAD", "devices", "GET/devices"),
            (
                "GET",
                "deviceMonitoring/data/7/alias/x",
                "GET/deviceMonitoring/{data_deviceId}/alias/{alias}",
            ),
            (
                "GET",
                "observations/device/7/%2F3%2F0%2F0",
                "GET/observations/device/{deviceId}/{path}",
            ),
            ("GET", "domains/%2Fa%2Fb%2F", "GET/domains/{id}"),
            ("GET", "users/search", "GET/users/{id}"),
            ("GET", "users/search/usernames", "GET/users/search/usernames"),
            ("PUT", "access//a/b/", "PUT/access/{domainId}"),
            ("PUT", "access/%2Fa%2Fb%2F", "PUT/access/{domainId}"),
            ("DELETE", "access//", "DELETE/access/{domainId}"),
            ("PATCH", "access/defaults/7", "PATCH/access/defaults/{userId}"),
        ] {
            assert_eq!(
                endpoint(method, path),
                Ok(&*format!("coiote/{template}")),
                "{method} {path}"
            );
        }
    }

    #[test]
    fn what_is_in_no_catalogue_is_no_endpoint() {
        for (method, path) in [
            ("POST", "deviceEvents/handler"),
            ("POST", "tasks"),
            ("GET", "deviceMonitoring/other/7/alias/x"),
            ("GET", "deviceMonitoring/7/alias/x"),
            ("GET", "Devices"),
            ("GET", "devices/1/2"),
            ("GET", "access/defaults/7"),
            ("GET", "access//a/"),
            ("PATCH", "devices"),
            ("OPTIONS", "devices"),
            ("get", "devices"),
        ] {
            assert_eq!(
                endpoint(method, path),
                Err(Impossible::Resource),
                "{method} {path}"
            );
        }
        for (method, path) in [
            ("GET", "devices//7"),
            ("GET", "devices/../users"),
            ("PUT", "access//a/../b/"),
            ("PUT", "access//a//b/"),
            ("PUT", "access//a"),
            ("PUT", "access//%61/"),
        ] {
            assert_eq!(endpoint(method, path), Err(Impossible::Path), "{method} {path}");
        }
    }
}
