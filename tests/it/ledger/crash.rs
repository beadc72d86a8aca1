//! kill -9 under load loses no acknowledged event and leaves nothing half done.

use std::{collections::HashMap, time::Duration};

use rand::{Rng, thread_rng};

use super::{
    child::{Child, Task},
    on_both_engines,
    site::{Site, stored},
};

const KILLS: usize = 20;

on_both_engines! {
    async fn twenty_kills_lose_no_acknowledged_event(site: Site) {
        let mut acknowledged: HashMap<i64, String> = HashMap::new();
        for kill in 1..=KILLS {
            let before = acknowledged.len();
            let mut child = Child::ready(&Task::AppendForEver, &site.url).await;
            child.go().await;
            // The moment of the kill is random, so this test is allowed to sleep.
            let moment = Duration::from_millis(thread_rng().gen_range(1..50));
            let mut said = vec![child.line().await.expect("a first acknowledgement")];
            let listen = async {
                while let Some(line) = child.line().await {
                    said.push(line);
                }
            };
            let _ = tokio::time::timeout(moment, listen).await;
            said.extend(child.kill().await);
            for line in said {
                let (position, aggregate_id) = line.split_once(' ').expect("a position and an id");
                let position = position.parse().expect("a position");
                let twice = acknowledged.insert(position, aggregate_id.to_owned());
                assert_eq!(twice, None, "position {position} was given twice");
            }
            assert!(acknowledged.len() > before);

            let ledger = site.ledger().await;
            site.must_be_sound(&ledger).await;
            let kept: HashMap<i64, String> =
                stored(&ledger).await.into_iter().map(|event| (event.position, event.aggregate_id)).collect();
            for (position, aggregate_id) in &acknowledged {
                assert_eq!(kept.get(position), Some(aggregate_id), "kill {kill} lost position {position}");
            }
            assert_eq!(kept.len() as i64, ledger.head().await.expect("the head").position);
            ledger.close().await;
        }
    }
}
