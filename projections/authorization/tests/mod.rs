//! The promises of the projection: by example, against an oracle, with several threads and under load.

mod changing;
mod coiote;
mod concurrent;
mod deep;
mod forms;
mod giving;
mod holding;
mod ledger;
mod library;
mod moments;
mod nx;
pub(super) mod oracle;
mod os2iot;
mod outlines;
mod pages;
mod people;
mod questions;
mod random;
mod semantics;
mod suspending;
mod what_if;

use aggregates::{Recorded, values::TopicFilter};

use super::past::Streams;

fn filter(text: &str) -> TopicFilter {
    TopicFilter::parse(text).unwrap()
}

/// The events of all streams that matter, read as the ledger reads them.
fn read(mut streams: Streams, events: &[Recorded]) -> Vec<Recorded> {
    let mut all: Vec<Recorded> = Vec::new();
    loop {
        let wanted = streams.unread();
        if wanted.is_empty() {
            all.sort_by_key(|event| event.position);
            return all;
        }
        let is_wanted = |event: &&Recorded| {
            let ids = wanted.get(event.event.aggregate_type());
            ids.is_some_and(|ids| ids.contains(&event.aggregate_id))
        };
        let found: Vec<Recorded> = events.iter().filter(is_wanted).cloned().collect();
        found.iter().for_each(|event| streams.take(event));
        all.extend(found);
    }
}
