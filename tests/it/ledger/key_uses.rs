//! When API keys were used last: stored apart from the chain, at most once for each key, and never moved back.

use std::time::Duration;

use aggregates::values::{ApiKeyId, Ordinal, Timestamp};
use projections::sql::sql;

use super::{
    on_both_engines,
    site::{Site, TestClock, new_role, number, role_unit, unique},
};

fn api_key(n: i64) -> ApiKeyId {
    ApiKeyId::of(Ordinal::new(n).expect("a number"))
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_micros(1_800_000_000_000_000 + second * 1_000_000)
}

on_both_engines! {
    async fn a_key_that_is_used_often_is_one_row(site: Site) {
        let ledger = site.ledger().await;
        let uses = ledger.key_uses();
        for second in 0..1_000 {
            uses.note(api_key(1 + second % 2), at(second));
        }
        uses.note(api_key(1), at(7));
        let both = [api_key(1), api_key(2), api_key(3)];
        let expected = [(api_key(1), at(998)), (api_key(2), at(999))].into();
        assert_eq!(uses.of(&both).await.expect("uses"), expected, "a use is known before it is stored");
        let rows = "SELECT COUNT(*) FROM api_key_uses";
        assert_eq!(number(ledger.db(), rows).await, 0, "no use is written by the request");
        uses.store().await.expect("a store");
        assert_eq!(number(ledger.db(), rows).await, 2);
        assert_eq!(uses.of(&both).await.expect("uses"), expected);
        assert_eq!(uses.of(&[]).await.expect("uses").len(), 0);
        assert_eq!(number(ledger.db(), "SELECT COUNT(*) FROM events").await, 0, "a use is no event");
        site.must_be_sound(&ledger).await;
    }

    async fn nodes_never_move_a_use_back(site: Site) {
        let (one, other) = (site.ledger().await, site.ledger().await);
        one.key_uses().note(api_key(1), at(20));
        other.key_uses().note(api_key(1), at(10));
        other.key_uses().note(api_key(2), at(30));
        for ledger in [&one, &other] {
            ledger.key_uses().store().await.expect("a store");
        }
        let keys = [api_key(1), api_key(2)];
        let expected = [(api_key(1), at(20)), (api_key(2), at(30))].into();
        for ledger in [&one, &other] {
            assert_eq!(ledger.key_uses().of(&keys).await.expect("uses"), expected);
        }
    }

    async fn a_use_by_a_clock_that_cannot_be_right_is_not_noted(site: Site) {
        let newest = 2_000_000_000;
        let ahead = site.ledger_at(&TestClock::at(newest)).await;
        ahead.append(role_unit(new_role(), &unique("role"))).await.expect("a role");
        let clock = TestClock::at(1_000_000_000);
        let ledger = site.ledger_at(&clock).await;
        ledger.clocks().bound_by(Duration::from_secs(60));
        ledger.key_uses().note(api_key(1), at(1));
        assert_eq!(ledger.key_uses().of(&[api_key(1)]).await.expect("uses").len(), 0);
        clock.set(newest);
        ledger.key_uses().note(api_key(1), at(2));
        let expected = [(api_key(1), at(2))].into();
        assert_eq!(ledger.key_uses().of(&[api_key(1)]).await.expect("uses"), expected);
    }

    async fn many_keys_are_stored_when_the_ledger_is_closed(site: Site) {
        let ledger = site.ledger().await;
        let keys: Vec<ApiKeyId> = (1..=700).map(api_key).collect();
        for (key, second) in keys.iter().zip(0..) {
            ledger.key_uses().note(*key, at(second));
        }
        ledger.close().await;
        let ledger = site.ledger().await;
        let found = ledger.key_uses().of(&keys).await.expect("uses");
        assert_eq!(found, keys.iter().copied().zip((0..).map(at)).collect());
    }

    async fn the_uses_of_keys_that_are_gone_are_deleted(site: Site) {
        let ledger = site.ledger().await;
        let row = sql("INSERT INTO api_keys (number, ordinal, name, name_key, prefix, digest, system_user, is_global, created_at, updated_at) \
            VALUES (2, 1, 'a', 'a', 'a', $1, 1, FALSE, 0, 0)");
        ledger.db().execute(row.bind(vec![7; 32])).await.expect("a key");
        let keys = [api_key(1), api_key(2)];
        for key in keys {
            ledger.key_uses().note(key, at(1));
        }
        ledger.key_uses().store().await.expect("a store");
        ledger.key_uses().tidy().await.expect("a deletion");
        let found = ledger.key_uses().of(&keys).await.expect("uses");
        assert_eq!(found, [(api_key(2), at(1))].into());
    }

    async fn what_the_database_does_not_take_is_stored_later(site: Site) {
        let ledger = site.ledger().await;
        ledger.db().execute(sql("ALTER TABLE api_key_uses RENAME TO hidden")).await.expect("another name");
        ledger.key_uses().note(api_key(1), at(1));
        ledger.key_uses().store().await.expect_err("there is no table");
        ledger.db().execute(sql("ALTER TABLE hidden RENAME TO api_key_uses")).await.expect("the name");
        ledger.key_uses().store().await.expect("a store");
        assert_eq!(number(ledger.db(), "SELECT last_used_at FROM api_key_uses").await, at(1).micros());
    }
}
