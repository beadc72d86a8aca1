//! Finds the template of a path: literal segments win over parameters.

use std::collections::BTreeMap;

use matchit::Router;

/// The templates of an API by method, each with what belongs to it. The routers keep what is percent-decoded apart from what separates.
pub struct Routes<T>(BTreeMap<&'static str, Router<T>>);

impl<T> std::fmt::Debug for Routes<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.keys()).finish()
    }
}

impl<T> Default for Routes<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T: Copy> Routes<T> {
    /// Adds a template: its segments, with parameters in braces. A template that contradicts another one is left out; a test of each table
    /// checks that there is none.
    pub fn add(&mut self, method: &'static str, segments: &[String], what: T) -> bool {
        let router = self.0.entry(method).or_default();
        router.insert(segments.join("/"), what).is_ok()
    }

    /// What belongs to the template of these decoded segments, and the values of its parameters.
    pub fn find(&self, method: &str, segments: &[String]) -> Option<(T, Vec<String>)> {
        let path: Vec<String> = segments.iter().map(|segment| as_segment(segment)).collect();
        let path = path.join("/");
        let found = self.0.get(method)?.at(&path).ok()?;
        let parameters = found.params.iter().map(|(_, value)| as_text(value));
        Some((*found.value, parameters.collect()))
    }
}

/// A decoded segment without slashes, so that the router does not split it.
fn as_segment(decoded: &str) -> String {
    decoded.replace('%', "%25").replace('/', "%2F")
}

fn as_text(segment: &str) -> String {
    segment.replace("%2F", "/").replace("%25", "%")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literal_segments_win_and_slashes_stay_in_their_segment() {
        let mut routes = Routes::default();
        let owned = |path: &str| -> Vec<String> { path.split('|').map(str::to_owned).collect() };
        for (template, name) in [
            ("devices|{id}", "one"),
            ("devices|all|count", "count"),
            ("devices", "all"),
        ] {
            assert!(routes.add("GET", &owned(template), name));
        }
        assert!(!routes.add("GET", &owned("devices|{other}"), "twice"));
        for (path, found) in [
            ("devices", Some(("all", vec![]))),
            ("devices|7", Some(("one", vec!["7"]))),
            ("devices|all", Some(("one", vec!["all"]))),
            ("devices|all|count", Some(("count", vec![]))),
            ("devices|all/count", Some(("one", vec!["all/count"]))),
            ("devices|%2F", Some(("one", vec!["%2F"]))),
            ("devices/7", None),
            ("devices|{id}", Some(("one", vec!["{id}"]))),
            ("devices|7|8", None),
        ] {
            let found = found.map(|(name, values)| (name, values.into_iter().map(String::from).collect()));
            assert_eq!(routes.find("GET", &owned(path)), found, "{path}");
        }
        assert_eq!(routes.find("POST", &owned("devices")), None);
    }
}
