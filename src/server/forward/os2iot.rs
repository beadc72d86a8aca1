//! What a request to a server of OS2iot needs, by its table.
//!
//! If the path names a thing that this server knows, the right to this thing decides. Otherwise the level in at least one organisation
//! decides, and the other server must check in which organisation its thing is, as OS2iot does.

use std::sync::LazyLock;

use aggregates::values::Level;
use authorization::{Inquiry, Routes, segments};

use super::may as may_do;
use crate::{app::App, caller::Caller, organisations::reach};

/// A row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Row {
    callers: Callers,
    needs: Needs,
}

/// Who may call at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Callers {
    People,
    Keys,
    Both,
}

/// What the caller needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Needs {
    Nothing,
    /// A level in at least one organisation.
    Level(Level),
    /// An action on the thing of this type whose number is the first parameter.
    Thing(&'static str, &'static str),
}

static TABLE: LazyLock<Routes<Row>> = LazyLock::new(|| {
    let mut routes = Routes::default();
    for (method, template, row) in rows() {
        let template: Vec<String> = template.split('/').map(str::to_owned).collect();
        routes.add(method, &template, row);
    }
    routes
});

fn rows() -> impl Iterator<Item = (&'static str, &'static str, Row)> {
    include_str!("os2iot.txt").lines().filter_map(read)
}

fn read(line: &'static str) -> Option<(&'static str, &'static str, Row)> {
    let mut words = line.split_whitespace();
    let callers = match words.next()? {
        "people" => Callers::People,
        "keys" => Callers::Keys,
        "both" => Callers::Both,
        _ => return None,
    };
    let (method, template) = (words.next()?, words.next()?);
    let needs = match (words.next()?, words.next()) {
        ("nothing", None) => Needs::Nothing,
        (level, None) => Needs::Level(Level::parse(level).ok()?),
        (action, Some(thing)) => Needs::Thing(thing, action),
    };
    Some((method, template, Row { callers, needs }))
}

/// Whether the caller may make a request to a path below the base of the API.
pub(super) fn may(app: &App, caller: &Caller, method: &str, path: &str) -> bool {
    let method = if method == "HEAD" { "GET" } else { method };
    let found = segments(path).and_then(|segments| TABLE.find(method, &segments));
    let Some((row, parameters)) = found else {
        return false;
    };
    let counts = match row.callers {
        Callers::People => caller.machine().is_none(),
        Callers::Keys => caller.machine().is_some(),
        Callers::Both => true,
    };
    counts
        && match row.needs {
            Needs::Nothing => true,
            Needs::Level(level) => reach(app, caller).has(level),
            Needs::Thing(kind, action) => {
                let id = parameters.first().map(String::as_str).unwrap_or_default();
                let inquiry = Inquiry::parse(kind, id, action);
                // The other server may have things that this one does not know.
                inquiry.is_ok_and(|inquiry| may_do(app, caller, &inquiry)) || reach(app, caller).is_global
            }
        }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use authorization::MODEL;

    use super::*;

    #[test]
    fn every_row_of_the_table_is_read_and_has_a_path_of_its_own() {
        let lines = include_str!("os2iot.txt").lines();
        let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
        assert_eq!(rows().count(), lines.count());
        let mut routes = Routes::default();
        for (method, template, row) in rows() {
            let segments: Vec<String> = template.split('/').map(str::to_owned).collect();
            assert!(routes.add(method, &segments, row), "{method} {template}");
            if let Needs::Thing(kind, action) = row.needs {
                let kind = MODEL.resource_type(kind).expect(template);
                assert!(
                    kind.actions().iter().any(|(name, _)| *name == action),
                    "{template}"
                );
                assert!(template.contains('{'), "{template}");
            }
        }
        let methods: BTreeSet<&str> = rows().map(|(method, ..)| method).collect();
        assert_eq!(methods, BTreeSet::from(["DELETE", "GET", "PATCH", "POST", "PUT"]));
    }

    #[test]
    fn the_most_literal_row_counts() {
        let find = |method: &str, path: &str| {
            let segments = segments(path).unwrap();
            TABLE.find(method, &segments).map(|(row, _)| row.needs)
        };
        for (method, path, needs) in [
            ("GET", "application", Some(Needs::Level(Level::Read))),
            (
                "GET",
                "application/5",
                Some(Needs::Thing("os2iot-application", "read")),
            ),
            (
                "PUT",
                "application/updateApplicationOrganization/5",
                Some(Needs::Thing("os2iot-application", "write")),
            ),
            (
                "GET",
                "user/minimal",
                Some(Needs::Level(Level::OrganizationUserAdmin)),
            ),
            ("GET", "user/7", Some(Needs::Thing("os2iot-user", "read"))),
            ("DELETE", "user/7", None),
            ("GET", "iot-device/7", Some(Needs::Level(Level::Read))),
            ("GET", "iot-device/7/stats", Some(Needs::Level(Level::Read))),
            (
                "DELETE",
                "iot-device/7",
                Some(Needs::Level(Level::OrganizationApplicationAdmin)),
            ),
            (
                "PUT",
                "chirpstack/gateway/x",
                Some(Needs::Level(Level::OrganizationGatewayAdmin)),
            ),
            (
                "GET",
                "application/5%2F6",
                Some(Needs::Thing("os2iot-application", "read")),
            ),
            ("GET", "unknown", None),
            ("get", "application", None),
        ] {
            assert_eq!(find(method, path), needs, "{method} {path}");
        }
    }
}
