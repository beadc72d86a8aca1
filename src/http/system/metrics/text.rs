//! The text format of Prometheus, version 0.0.4. The crates that we found write the format of OpenMetrics instead.

use std::fmt::{Display, Write};

/// The beginning of all names.
const PREFIX: &str = "muniment_";

/// The kinds of metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// It only grows, until the process ends.
    Counter,
    /// It goes up and down.
    Gauge,
}

/// Metrics, as text.
#[derive(Debug, Default)]
pub(super) struct Metrics {
    text: String,
    /// The name of the family that was begun last.
    name: String,
}

impl Metrics {
    /// A metric without labels.
    pub(super) fn one(&mut self, kind: Kind, name: &str, help: &str, value: impl Display) {
        self.family(kind, name, help);
        self.sample(&[], value);
    }

    /// Begins a family of metrics, which differ by their labels.
    pub(super) fn family(&mut self, kind: Kind, name: &str, help: &str) {
        self.name = format!("{PREFIX}{name}");
        let name = &self.name;
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
        };
        // A text takes everything.
        let _ = writeln!(self.text, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    /// A metric of the family.
    pub(super) fn sample(&mut self, labels: &[(&str, &str)], value: impl Display) {
        let labels: Vec<String> = labels
            .iter()
            .map(|(name, value)| format!("{name}=\"{}\"", escaped(value)))
            .collect();
        let name = &self.name;
        let _ = match labels.is_empty() {
            true => writeln!(self.text, "{name} {value}"),
            false => writeln!(self.text, "{name}{{{}}} {value}", labels.join(",")),
        };
    }

    pub(super) fn text(self) -> String {
        self.text
    }
}

fn escaped(value: &str) -> String {
    value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_family_has_its_help_its_kind_and_its_samples() {
        let mut metrics = Metrics::default();
        metrics.one(Kind::Gauge, "position", "The last event.", 7);
        metrics.family(Kind::Counter, "hooks_total", "Questions.");
        metrics.sample(&[("hook", "/a"), ("answer", "x\\y\"z\n")], 1);
        metrics.sample(&[("hook", "/b"), ("answer", "allowed")], 2);
        let wanted = "# HELP muniment_position The last event.\n# TYPE muniment_position gauge\nmuniment_position 7\n\
            # HELP muniment_hooks_total Questions.\n# TYPE muniment_hooks_total counter\n\
            muniment_hooks_total{hook=\"/a\",answer=\"x\\\\y\\\"z\\n\"} 1\n\
            muniment_hooks_total{hook=\"/b\",answer=\"allowed\"} 2\n";
        assert_eq!(metrics.text(), wanted);
    }
}
