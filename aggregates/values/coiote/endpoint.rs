//! The catalogue of endpoints, in `endpoints.txt`.

use std::sync::LazyLock;

use super::{AccountKind, COIOTE, operation_of};
use crate::values::Operation;

/// All endpoints, in the order of the source document.
pub static ENDPOINTS: LazyLock<Vec<Endpoint>> = LazyLock::new(|| {
    include_str!("endpoints.txt")
        .lines()
        .filter_map(Endpoint::read)
        .collect()
});

/// An endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The method.
    pub method: &'static str,
    /// The path below the API's base, with parameters in braces, as the source document writes it.
    pub template: &'static str,
    /// The letters of the account kinds that have it.
    kinds: &'static str,
}

impl Endpoint {
    fn read(line: &'static str) -> Option<Self> {
        let (kinds, rest) = line.split_once(' ').filter(|_| !line.starts_with('#'))?;
        let (method, template) = rest.split_once(' ')?;
        Some(Self {
            method,
            template,
            kinds,
        })
    }

    /// The endpoint with this method and template.
    pub fn find(method: &str, template: &str) -> Option<&'static Self> {
        let mut all = ENDPOINTS.iter();
        all.find(|one| one.method == method && one.template == template)
    }

    /// Whether accounts of a kind may use it.
    pub fn is_of(&self, kind: AccountKind) -> bool {
        kind.letter().is_none_or(|letter| self.kinds.contains(letter))
    }

    /// The name of the endpoint, to which patterns apply.
    pub fn name(&self) -> String {
        format!("{COIOTE}/{}/{}", self.method, self.template)
    }

    /// The operation that its method needs.
    pub fn operation(&self) -> Operation {
        operation_of(self.method)
    }

    /// The segments of the real route. In the source document, an underscore in a parameter stands for a slash: `{data_deviceId}` is
    /// `data/{deviceId}`. A slash at the end is optional.
    pub fn route(&self) -> Vec<String> {
        let template = self.template.strip_suffix('/').unwrap_or(self.template);
        let segments = template.split('/').map(|segment| {
            let parameter = segment.strip_prefix('{').and_then(|name| name.split_once('_'));
            match parameter {
                Some((word, name)) => vec![word.to_owned(), format!("{{{name}")],
                None => vec![segment.to_owned()],
            }
        });
        segments.flatten().collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// The list of the source document, as it writes it.
    const SOURCE: &str = "
        GET cachedDataModels/{deviceId}
        DELETE deviceEvents/handler/{id}
        GET deviceEvents/handler
        GET deviceEvents/handler/{id}
        POST deviceMonitoring/configuration/{group_groupId}/enable/
        GET deviceMonitoring/{data_deviceId}/alias/{alias}
        GET deviceMonitoring/{data_deviceId}/resourceUrl/{lwm2mUrl}
        DELETE devices/{id}
        GET devices
        GET devices/{id}
        POST devices
        PUT devices/{id}
        GET devices/all/count
        POST dialects/addObject
        GET domains
        GET domains/{id}
        DELETE groups/{id}
        GET groups
        GET groups/{id}
        POST groups
        PUT groups/{id}
        GET instantiatedResources/dataModelDefinition/{deviceId}
        GET instantiatedResources/resourcesData/{deviceId}
        DELETE monitoring/{monitoringName}
        GET monitoring
        GET monitoring/{monitoringName}
        POST monitoring
        PUT monitoring/{monitoringName}
        GET monitoringData/aggregates/numerical/{monitoringName}/{groupId}/{resourceName}
        GET monitoringData/aggregates/textual/{monitoringName}/{groupId}/{resourceName}
        GET monitoringData/moreSamples
        GET monitoringData/samples/{monitoringName}/{deviceId}
        GET observations
        DELETE observations/device/{deviceId}/{path}
        GET observations/device/{deviceId}/{path}
        POST observations/device/{deviceId}/{path}
        POST sessions/{deviceId}
        GET settingValues
        PUT settingValues
        GET settingValues/deviceProfile/{deviceId}
        GET settingValues/groupProfile/{groupId}
        GET taskReports
        GET taskReports/{taskId}/{deviceId}
        GET tasks
        GET tasks/{id}
        DELETE tasks/callback/{taskId}/{callbackName}
        GET users/{id}";

    fn of(kind: AccountKind) -> Vec<String> {
        let all = ENDPOINTS.iter().filter(|one| one.is_of(kind));
        all.map(|one| format!("{} {}", one.method, one.template))
            .collect()
    }

    #[test]
    fn developers_and_businesses_have_the_47_of_the_source_document() {
        let source: Vec<&str> = SOURCE.trim().lines().map(str::trim).collect();
        assert_eq!(source.len(), 47);
        assert_eq!(of(AccountKind::Developer), source);
        assert_eq!(of(AccountKind::Business), source);
        assert!(of(AccountKind::Enterprise).starts_with(&of(AccountKind::Developer)));
    }

    /// contracts/coiote.md section 4: users, domains, access, groups, devices.
    #[test]
    fn enterprises_also_have_the_identity_endpoints() {
        let has = of(AccountKind::Enterprise);
        for endpoint in [
            "GET users",
            "POST users",
            "GET users/search/usernames",
            "GET users/{id}",
            "PATCH users/{username}",
            "DELETE users/{username}",
            "GET domains",
            "POST domains",
            "GET domains/{id}",
            "PUT domains/{id}",
            "DELETE domains/{id}",
            "GET access",
            "PATCH access/defaults/{userId}",
            "PUT access/{domainId}",
            "DELETE access/{domainId}",
            "GET groups",
            "POST groups",
            "GET groups/{id}",
            "PUT groups/{id}",
            "DELETE groups/{id}",
            "GET devices",
            "POST devices",
            "POST devices/batch",
            "GET devices/find/details",
        ] {
            assert!(has.iter().any(|one| one == endpoint), "{endpoint}");
        }
        assert_eq!(has.len(), 61);
    }

    #[test]
    fn the_traps_of_the_source_document_are_as_they_are() {
        let developer = of(AccountKind::Developer);
        for missing in ["POST deviceEvents/handler", "POST tasks", "POST domains"] {
            assert!(!developer.iter().any(|one| one == missing), "{missing}");
        }
        let route = |method, template| Endpoint::find(method, template).unwrap().route().join("/");
        assert_eq!(
            route("POST", "deviceMonitoring/configuration/{group_groupId}/enable/"),
            "deviceMonitoring/configuration/group/{groupId}/enable"
        );
        assert_eq!(
            route("GET", "deviceMonitoring/{data_deviceId}/alias/{alias}"),
            "deviceMonitoring/data/{deviceId}/alias/{alias}"
        );
        assert_eq!(route("GET", "devices/{id}"), "devices/{id}");
    }

    #[test]
    fn each_endpoint_has_a_name_of_its_own() {
        let names: BTreeSet<String> = ENDPOINTS.iter().map(Endpoint::name).collect();
        assert_eq!(names.len(), ENDPOINTS.len());
        assert!(names.contains("coiote/GET/devices/{id}"));
        let lines = include_str!("endpoints.txt").lines();
        assert_eq!(
            ENDPOINTS.len(),
            lines.filter(|line| !line.starts_with('#')).count()
        );
    }
}
