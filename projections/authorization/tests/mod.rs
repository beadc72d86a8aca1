//! What the projection promises, by example, against an oracle, under threads and under strain.

mod concurrent;
mod deep;
mod exhaustive;
mod forms;
mod holding;
mod ledger;
mod moments;
pub(super) mod oracle;
mod outlines;
mod people;
mod random;
mod semantics;
mod what_if;

use aggregates::values::TopicFilter;

fn filter(text: &str) -> TopicFilter {
    TopicFilter::parse(text).unwrap()
}
