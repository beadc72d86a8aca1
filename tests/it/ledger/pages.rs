//! Reading the ledger ahead, a page at a time, gives the same as reading it at once.

use aggregates::{Event, Recorded, session::SessionEvent, user::UserEvent};
use ledger::{Filter, Flaw, Ledger, LedgerError, NewEvent, OpenedPages, Pages, Stored};
use projections::sql::sql;

use super::{
    child::append_units,
    on_both_engines,
    site::{Site, new_session, new_user, stored, unit},
};

/// As many events as `verify` reads at once.
const VERIFY_PAGE: i64 = 5_000;

/// All pages up to the end.
async fn all(mut pages: Pages) -> Vec<Vec<Stored>> {
    let mut all = Vec::new();
    while let Some(page) = pages.next().await.expect("a page") {
        all.push(page);
    }
    assert_eq!(pages.next().await.expect("the end"), None);
    all
}

/// The positions of all pages up to the end or to an error.
async fn opened(pages: &mut OpenedPages) -> (Vec<Vec<i64>>, Option<LedgerError>) {
    let mut all = Vec::new();
    loop {
        match pages.next().await {
            Ok(Some(page)) => all.push(page.iter().map(|event| event.position).collect()),
            Ok(None) => return (all, None),
            Err(error) => return (all, Some(error)),
        }
    }
}

/// Appends this many events of users with sealed names, and of sessions.
async fn append(ledger: &Ledger, events: usize) {
    for _ in 0..events.div_ceil(500) {
        let (user, session) = (new_user().to_string(), new_session().to_string());
        let new = (1..=250).flat_map(|sequence| {
            let renamed = UserEvent::Renamed {
                username: format!("ada {sequence}"),
            };
            [
                NewEvent {
                    aggregate_id: user.clone(),
                    sequence,
                    event: Event::User(renamed),
                },
                NewEvent {
                    aggregate_id: session.clone(),
                    sequence,
                    event: Event::Session(SessionEvent::TokenRevoked {}),
                },
            ]
        });
        ledger
            .append(unit(new.collect()))
            .await
            .expect("a unit should be appended");
    }
}

on_both_engines! {
    async fn pages_hold_every_event_once_and_in_order(site: Site) {
        let ledger = site.ledger().await;
        assert_eq!(all(ledger.pages(0, i64::MAX, 10)).await, Vec::<Vec<Stored>>::new());
        append_units(&ledger, 30).await;
        let events = stored(&ledger).await;
        let last = events.len() as i64;
        for page in [1, 7, last - 1, last, last + 1, i64::MAX] {
            let pages = all(ledger.pages(0, i64::MAX, page)).await;
            let full = pages.iter().rev().skip(1).all(|events| events.len() as i64 == page);
            assert!(full, "only the last page may be short");
            assert_eq!(pages.concat(), events);
        }
        for (after, until) in [(0, last), (0, 20), (11, 20), (19, 20), (20, 20), (21, 20), (last, i64::MAX)] {
            let between = |event: &&Stored| after < event.position && event.position <= until;
            let expected: Vec<_> = events.iter().filter(between).cloned().collect();
            assert_eq!(all(ledger.pages(after, until, 7)).await.concat(), expected);
        }
        let mut pages = ledger.opened_pages(0, i64::MAX, 7);
        let mut opened = Vec::<Recorded>::new();
        while let Some(page) = pages.next().await.expect("a page") {
            opened.extend(page);
        }
        assert_eq!(opened, ledger.open_events(&events).await.expect("all opens"));
    }

    async fn what_is_appended_meanwhile_is_read_too(site: Site) {
        let ledger = site.ledger().await;
        append_units(&ledger, 10).await;
        let mut pages = ledger.pages(0, i64::MAX, 3);
        let mut seen = pages.next().await.expect("a page").expect("events");
        append_units(&ledger, 10).await;
        while let Some(page) = pages.next().await.expect("a page") {
            seen.extend(page);
        }
        assert_eq!(seen, stored(&ledger).await);
    }

    async fn an_event_that_does_not_open_ends_the_pages_after_those_before_it(site: Site) {
        let ledger = site.ledger().await;
        append_units(&ledger, 10).await;
        let db = site.db().await;
        let damage = "UPDATE events SET event_type = 'session.sunk' WHERE position = 8";
        db.execute(sql(damage)).await.expect("damage");
        let mut pages = ledger.opened_pages(0, i64::MAX, 3);
        let (before, error) = opened(&mut pages).await;
        assert_eq!(before, [[1, 2, 3], [4, 5, 6]]);
        assert!(matches!(error, Some(LedgerError::Unreadable { position: 8, .. })), "{error:?}");
        assert!(matches!(opened(&mut pages).await, (none, None) if none.is_empty()));
    }

    async fn a_database_that_fails_is_an_error_and_not_the_end(site: Site) {
        let ledger = site.ledger().await;
        append_units(&ledger, 10).await;
        let mut pages = ledger.pages(0, i64::MAX, 3);
        assert!(pages.next().await.expect("a page").is_some());
        // The second page may be read already, the third is not.
        let db = site.db().await;
        db.script("ALTER TABLE events RENAME TO gone").await.expect("another name");
        let mut failed = None;
        for _ in 0..2 {
            if let Err(error) = pages.next().await {
                failed = Some(error);
                break;
            }
        }
        assert!(matches!(failed, Some(LedgerError::Database(_))), "{failed:?}");
        db.script("ALTER TABLE gone RENAME TO events").await.expect("the former name");
    }

    async fn a_node_that_is_many_pages_behind_reads_to_the_head(site: Site) {
        let (reader, writer) = (site.ledger().await, site.ledger().await);
        append(&writer, 4_500).await;
        assert_eq!(reader.authorization().position(), 0);
        reader.read_to_head().await.expect("the ledger should be readable");
        assert_eq!(reader.authorization().position(), 4_500);
        let db = site.db().await;
        let damage = "UPDATE events SET event_type = 'session.sunk' WHERE position = 8000";
        append(&writer, 4_500).await;
        db.execute(sql(damage)).await.expect("damage");
        let failed = reader.read_to_head().await;
        assert!(matches!(failed, Err(LedgerError::Behind(Some(_)))), "{failed:?}");
        let reached = reader.authorization().position();
        assert!((4_500..8_000).contains(&reached), "{reached}");
    }

    async fn a_page_whose_events_no_index_finds_looks_at_so_many_and_no_more(site: Site) {
        let ledger = site.ledger().await;
        // Every second event is one of a session.
        append(&ledger, 500).await;
        let db = site.db().await;
        // As if there were many events before the last one.
        db.execute(sql("UPDATE events SET position = 120000 WHERE position = 500")).await.expect("a change");
        db.execute(sql("UPDATE ledger_head SET position = 120000")).await.expect("a change");
        let session = stored(&ledger).await.pop().expect("an event").aggregate_id;
        let some = |text: &str| Some(text.to_owned());
        let by_type = Filter { aggregate_type: some("session"), ..Filter::default() };
        let frequent = Filter { event_type: some("session.token_issued"), ..Filter::default() };
        let rare = Filter { event_type: some("session.token_revoked"), ..Filter::default() };
        let of_one = Filter { aggregate_id: some(&session), event_type: some("session.token_revoked"), ..Filter::default() };
        let mismatched = Filter { aggregate_type: some("role"), ..rare.clone() };
        let unknown = Filter { aggregate_type: some("kettle"), ..Filter::default() };
        let windows = |counts: [usize; 3]| vec![(counts[0], 50_000), (counts[1], 100_000), (counts[2], 120_000)];
        for (filter, limit, pages) in [
            (by_type.clone(), 1_000, windows([249, 0, 1])),
            (by_type, 249, vec![(249, 498), (0, 50_498), (0, 100_498), (1, 120_000)]),
            (mismatched, 1_000, vec![(0, 50_000), (0, 100_000)]),
            (unknown, 1_000, vec![(0, 50_000), (0, 100_000)]),
            (frequent, 1_000, vec![(0, 50_000), (0, 100_000)]),
            (rare, 1_000, vec![(250, 120_000)]),
            (of_one, 1_000, vec![(250, 120_000)]),
            (Filter::default(), 400, vec![(400, 400), (100, 120_000)]),
        ] {
            let (mut after, mut read) = (0, Vec::new());
            loop {
                let page = ledger.page_after(after, limit, &filter).await.expect("a page");
                if page.next == after {
                    assert_eq!(page.events, []);
                    break;
                }
                after = page.next;
                read.push((page.events.len(), page.next));
            }
            assert_eq!(read, pages, "{filter:?}");
        }
        assert_eq!(ledger.page_after(i64::MAX, 1, &Filter::default()).await.expect("a page").next, i64::MAX);
    }

    async fn changes_at_the_borders_of_pages_are_found_out(site: Site) {
        let ledger = site.ledger().await;
        append(&ledger, VERIFY_PAGE as usize + 500).await;
        let (db, last) = (site.db().await, VERIFY_PAGE + 500);
        let verified = async || ledger.verify(|_| ()).await.expect("readable");
        let whole = verified().await;
        assert_eq!((whole.events, &whole.flaw), (last, &None));
        for at in [VERIFY_PAGE - 1, VERIFY_PAGE, VERIFY_PAGE + 1, last] {
            let change = |set: String| format!("UPDATE events SET {set} WHERE position = {at}");
            let changes = [
                (change(format!("payload = {}", r#"'{"more": 1}'"#)), Flaw::Altered(at)),
                (change("event_version = '2'".to_owned()), Flaw::Altered(at)),
                (change("recorded_at = recorded_at - 1".to_owned()), Flaw::Altered(at)),
                (change("hash = (SELECT hash FROM ledger_head)".to_owned()), Flaw::Altered(at)),
                (change("position = -1".to_owned()), Flaw::Altered(-1)),
                (change(format!("position = {}", last + 7)), Flaw::Missing(at)),
                (format!("DELETE FROM events WHERE position = {at}"), Flaw::Missing(at)),
            ];
            for (change, flaw) in changes {
                if at == last && (change.contains("SELECT hash") || flaw == Flaw::Missing(at)) {
                    // At the end of the ledger, the head's hash is already there, and a missing event is another flaw.
                    continue;
                }
                let keep = format!("CREATE TABLE kept AS SELECT * FROM events WHERE position = {at}");
                db.script(&keep).await.expect("a copy");
                assert_eq!(db.execute(sql(change.as_str())).await.expect("a change"), 1, "{change}");
                let found = verified().await;
                let before = if flaw == Flaw::Altered(-1) { 0 } else { at - 1 };
                assert_eq!((found.events, found.flaw), (before, Some(flaw)), "{change}");
                let changed = format!("DELETE FROM events WHERE position IN ({at}, -1, {})", last + 7);
                let restore = "INSERT INTO events SELECT * FROM kept; DROP TABLE kept";
                db.script(&format!("{changed}; {restore}")).await.expect("the events as before");
            }
        }
        assert_eq!(verified().await, whole);
    }
}
