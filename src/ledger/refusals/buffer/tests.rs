//! Tests of the buffer: every refusal is counted once, and the memory is bounded.

use std::{cell::Cell, net::IpAddr};

use proptest::prelude::*;

use super::{
    super::refused::{Object, RefusedKind},
    key::NAME,
    *,
};

const SMALL: Limits = Limits {
    of_source: 3,
    exact: 5,
    sources: 2,
    all: 12,
};

fn login(name: &str, address: u8) -> Refused {
    Refused {
        kind: RefusedKind::Login,
        reason: "wrong_password",
        actor: None,
        object: None,
        name: Some(name.to_owned()),
        address: Some(IpAddr::from([192, 0, 2, address])),
        method: Some("POST"),
        path: Some("/api/login".to_owned()),
        detail: Some("wrong".to_owned()),
    }
}

/// A forbidden request of this user, from an address.
fn forbidden(user: u128, object: u128, address: u8) -> Refused {
    Refused {
        kind: RefusedKind::Permission,
        reason: "forbidden",
        actor: Some(Uuid::from_u128(user)),
        object: Some(Object {
            id: Uuid::from_u128(object),
            aggregate_type: None,
        }),
        name: None,
        path: Some("/api/users/{id}".to_owned()),
        ..login("", address)
    }
}

/// A token that nobody signed, or one of this user that has ended.
fn token(user: Option<u128>, path: &str, address: IpAddr) -> Refused {
    Refused {
        kind: RefusedKind::Credential,
        reason: if user.is_some() {
            "ended_token"
        } else {
            "invalid_token"
        },
        actor: user.map(Uuid::from_u128),
        name: None,
        address: Some(address),
        path: Some(path.to_owned()),
        ..login("", 1)
    }
}

/// Ids in order.
fn ids() -> impl Fn() -> Uuid {
    let next = Cell::new(0);
    move || {
        next.set(next.get() + 1);
        Uuid::from_u128(next.get())
    }
}

/// Everything in memory, by minute.
fn all(buffer: &Buffer) -> Vec<&Row> {
    buffer
        .minutes
        .values()
        .flat_map(|minute| minute.rows.values())
        .collect()
}

fn sum<'a>(rows: impl IntoIterator<Item = &'a Row>) -> u64 {
    rows.into_iter().map(|row| row.times).sum()
}

#[test]
fn refusals_that_do_not_differ_are_one_row_a_minute() {
    let (mut buffer, id) = (Buffer::new(Limits::SERVER), ids());
    for at in [5, MINUTE - 1, 7, MINUTE] {
        buffer.note(login("ada", 1), at, &id);
    }
    buffer.note(login("grace", 1), 8, &id);
    buffer.note(login("ada", 2), 9, &id);
    let mut rows = buffer.take(100);
    rows.sort_by_key(|row| row.id);
    let seen: Vec<_> = rows.iter().map(|row| (row.first, row.last, row.times)).collect();
    assert_eq!(
        seen,
        [(5, MINUTE - 1, 3), (MINUTE, MINUTE, 1), (8, 8, 1), (9, 9, 1)]
    );
}

#[test]
fn a_row_that_grows_after_it_was_stored_is_stored_again_with_its_whole_count() {
    let (mut buffer, id) = (Buffer::new(Limits::SERVER), ids());
    buffer.note(login("ada", 1), 1, &id);
    let first = buffer.take(10);
    buffer.note(login("ada", 1), 2, &id);
    buffer.stored(3, &id);
    buffer.queue(Grown::All, 3);
    let second = buffer.take(10);
    assert_eq!((first[0].id, first[0].times), (second[0].id, 1));
    assert_eq!(second[0].times, 2);
    buffer.stored(4, &id);
    assert!(buffer.take(10).is_empty());
    buffer.stored(2 * MINUTE, &id);
    assert!(
        all(&buffer).is_empty(),
        "a minute that is over and stored is forgotten"
    );
}

#[test]
fn new_rows_are_stored_next_and_those_that_grow_later_together() {
    let (mut buffer, id) = (Buffer::new(Limits::SERVER), ids());
    let note = |buffer: &mut Buffer, name: &str, at: i64| buffer.note(login(name, 1), at, &id);
    let stored = |buffer: &mut Buffer, grown: Grown, now: i64| -> Vec<(bool, u64)> {
        buffer.queue(grown, now);
        let rows = buffer.take(10);
        buffer.stored(now, &id);
        rows.iter().map(|row| (row.is_new, row.times)).collect()
    };
    note(&mut buffer, "ada", 1);
    note(&mut buffer, "ada", 2);
    assert_eq!(stored(&mut buffer, Grown::OfOtherMinutes, 3), [(true, 2)]);
    note(&mut buffer, "ada", 4);
    note(&mut buffer, "grace", 5);
    assert_eq!(buffer.waiting(), 2);
    assert_eq!(stored(&mut buffer, Grown::OfOtherMinutes, 6), [(true, 1)]);
    note(&mut buffer, "ada", 7);
    assert_eq!(stored(&mut buffer, Grown::All, 8), [(false, 4)]);
    assert_eq!(stored(&mut buffer, Grown::All, 9), []);
    note(&mut buffer, "ada", 10);
    // The minute is over.
    assert_eq!(stored(&mut buffer, Grown::OfOtherMinutes, MINUTE), [(false, 5)]);
    assert!(all(&buffer).is_empty() && buffer.waiting() == 0);
}

#[test]
fn a_minute_in_the_future_does_not_stay_in_memory() {
    let (mut buffer, id) = (Buffer::new(SMALL), ids());
    let future = 1_000 * MINUTE;
    for name in 0..3 {
        buffer.note(login(&name.to_string(), 1), future, &id);
    }
    // The clock goes back.
    assert_eq!(buffer.take(10).len(), 3);
    buffer.stored(MINUTE, &id);
    assert!(all(&buffer).is_empty());
    buffer.note(login("0", 1), future, &id);
    let again = buffer.take(10);
    assert_eq!((again.len(), again[0].times, again[0].is_new), (1, 1, true));
}

#[test]
fn rows_that_could_not_be_stored_wait_again() {
    let (mut buffer, id) = (Buffer::new(Limits::SERVER), ids());
    buffer.note(login("ada", 1), 1, &id);
    buffer.note(login("grace", 1), 1, &id);
    let rows = buffer.take(10);
    buffer.note(login("ada", 1), 2, &id);
    buffer.unstored(rows);
    buffer.queue(Grown::All, 3);
    let again = buffer.take(10);
    assert_eq!((again.len(), sum(&again)), (2, 3), "each row waits once");
    assert!(again.iter().all(|row| row.is_new), "the database has neither");
    assert_eq!(buffer.waiting(), 0);
}

#[test]
fn what_is_too_much_counts_for_its_address_and_then_for_all() {
    let (mut buffer, id) = (Buffer::new(SMALL), ids());
    for (number, address) in [1, 1, 1, 1, 1, 2, 2, 2, 3, 4].into_iter().enumerate() {
        buffer.note(login(&number.to_string(), address), 1, &id);
    }
    let rows = all(&buffer);
    assert_eq!(sum(rows.iter().copied()), 10);
    let of = |address: Option<u8>, is_exact: bool| {
        let address = address.map(|last| IpAddr::from([192, 0, 2, last]));
        let of_it = rows
            .iter()
            .filter(|row| row.key.address == address && row.key.path.is_some() == is_exact);
        of_it.map(|row| row.times).collect::<Vec<_>>()
    };
    assert_eq!((of(Some(1), true), of(Some(1), false)), (vec![1; 3], vec![2]));
    assert_eq!((of(Some(2), true), of(Some(2), false)), (vec![1; 2], vec![1]));
    assert_eq!(of(None, false), [2], "no place for more addresses");
    assert_eq!(buffer.excess(), (5, 0));
}

#[test]
fn what_finds_no_place_is_counted_as_lost_and_reported() {
    let (mut buffer, id) = (
        Buffer::new(Limits {
            all: 1,
            sources: 0,
            ..SMALL
        }),
        ids(),
    );
    for name in ["ada", "grace", "edith"] {
        buffer.note(login(name, 1), 1, &id);
    }
    assert_eq!(buffer.excess(), (2, 2));
    let stored = buffer.take(10);
    assert_eq!(sum(&stored), 1);
    // The minute is over, so there is a place.
    buffer.stored(MINUTE, &id);
    let lost = buffer.take(10);
    assert_eq!((lost[0].key.kind, lost[0].times), (RefusedKind::Lost, 2));
}

#[test]
fn strangers_of_many_addresses_take_no_row_of_a_user() {
    let (mut buffer, id) = (Buffer::new(Limits::SERVER), ids());
    for number in 0..20_000_u32 {
        let [_, a, b, c] = number.to_be_bytes();
        let address = IpAddr::from([10, a, b, c]);
        buffer.note(token(None, "/api/roles", address), 1, &id);
        // Also those who type the name of a user.
        let claimed = Refused {
            actor: Some(Uuid::from_u128(7)),
            ..login(&number.to_string(), 1)
        };
        buffer.note(
            Refused {
                address: Some(address),
                ..claimed
            },
            1,
            &id,
        );
    }
    let of_user = |buffer: &Buffer| -> Vec<Key> {
        let of_it =
            |row: &&Row| row.key.actor == Some(Uuid::from_u128(7)) && row.key.kind != RefusedKind::Login;
        let of_it = all(buffer).into_iter().filter(of_it);
        of_it.map(|row| Key::clone(&row.key)).collect()
    };
    assert!(of_user(&buffer).is_empty());
    let (_, lost) = buffer.excess();
    let refused = [
        forbidden(7, 1, 1),
        forbidden(7, 2, 1),
        forbidden(7, 3, 1),
        token(Some(7), "/api/roles", IpAddr::from([192, 0, 2, 1])),
        Refused {
            kind: RefusedKind::Password,
            object: None,
            ..forbidden(7, 1, 1)
        },
    ];
    for refused in &refused {
        buffer.note(refused.clone(), 2, &id);
    }
    let kept = of_user(&buffer);
    assert_eq!(kept.len(), refused.len());
    for refused in refused {
        let key = Key::of(refused);
        assert!(key.path.is_some() && kept.contains(&key), "{key:?}");
    }
    assert_eq!((buffer.excess().1, sum(all(&buffer))), (lost, 40_005 - lost));
}

#[test]
fn a_user_of_many_addresses_takes_no_row_of_another() {
    let (mut buffer, id) = (Buffer::new(SMALL), ids());
    for number in 0..200 {
        buffer.note(forbidden(7, number.into(), number), 1, &id);
    }
    buffer.note(forbidden(8, 1, 1), 1, &id);
    buffer.note(login("ada", 1), 1, &id);
    let mut rows: Vec<_> = all(&buffer)
        .iter()
        .map(|row| (row.key.actor, row.key.path.is_some(), row.times))
        .collect();
    rows.sort();
    let (one, other) = (Some(Uuid::from_u128(7)), Some(Uuid::from_u128(8)));
    let expected = [
        (None, true, 1),
        (one, false, 197),
        (one, true, 1),
        (one, true, 1),
        (one, true, 1),
        (other, true, 1),
    ];
    assert_eq!(rows, expected);
}

#[test]
fn credentials_of_nobody_are_one_row_of_their_address() {
    let (mut buffer, id) = (Buffer::new(Limits::SERVER), ids());
    for number in 0..100_u16 {
        let path = format!("/api/{number}");
        buffer.note(token(None, &path, IpAddr::from([192, 0, 2, 1])), 1, &id);
        let malformed = token(None, &path, IpAddr::from([0x2001, 0xdb8, 0, 7, number, 0, 0, 1]));
        buffer.note(
            Refused {
                reason: "malformed",
                ..malformed
            },
            1,
            &id,
        );
        buffer.note(token(Some(7), &path, IpAddr::from([192, 0, 2, 1])), 1, &id);
    }
    let nobodys: Vec<_> = all(&buffer)
        .into_iter()
        .filter(|row| row.key.actor.is_none())
        .collect();
    let mut seen: Vec<_> = nobodys
        .iter()
        .map(|row| (row.key.reason, row.times, row.key.path.clone(), row.key.method))
        .collect();
    seen.sort();
    assert_eq!(
        seen,
        [("invalid_token", 100, None, None), ("malformed", 100, None, None)]
    );
    assert!(nobodys.iter().all(|row| row.detail.is_some()));
    assert_eq!((all(&buffer).len(), buffer.excess()), (102, (0, 0)));
}

#[test]
fn a_network_of_ipv6_counts_as_one_address() {
    let (mut buffer, id) = (Buffer::new(SMALL), ids());
    for host in 0..10_u16 {
        let address = IpAddr::from([0x2001, 0xdb8, 0, 7, host, 0, 0, 1]);
        let refused = Refused {
            address: Some(address),
            ..login("ada", 1)
        };
        buffer.note(refused, 1, &id);
    }
    assert_eq!((all(&buffer).len(), sum(all(&buffer))), (4, 10));
}

#[test]
fn names_are_bounded_and_can_be_seen() {
    let key = Key::of(login(&"å".repeat(1_000), 1));
    assert_eq!(key.name.map(|name| name.chars().count()), Some(NAME + 1));
    let key = Key::of(login("a\u{0}\u{202e}\n\"'\\\u{e9}", 1));
    assert_eq!(key.name.as_deref(), Some("a\\0\\u{202e}\\n\"'\\\u{e9}"));
}

proptest! {
    #[test]
    fn each_refusal_is_in_one_row_or_lost(
        notes in prop::collection::vec((0_u8..6, 0_u8..6, 0_i64..3, 0_u8..4), 0..300),
    ) {
        let (mut buffer, id) = (Buffer::new(SMALL), ids());
        let mut stored: HashMap<Uuid, u64> = HashMap::new();
        let mut now = 0;
        for (number, (name, address, later, then)) in notes.iter().enumerate() {
            now += later * MINUTE / 4;
            let refused = match number % 3 {
                0 => forbidden((*address).into(), (*name).into(), *address),
                1 => token((*name < 3).then_some((*address).into()), &name.to_string(), IpAddr::from([192, 0, 2, *address])),
                _ => login(&name.to_string(), *address),
            };
            buffer.note(refused, now, &id);
            let most = 2 * SMALL.all + SMALL.sources + 1;
            prop_assert!(all(&buffer).len() <= most && buffer.waiting() <= most);
            if *then == 0 {
                let grown = if number % 2 == 0 { Grown::All } else { Grown::OfOtherMinutes };
                buffer.queue(grown, now);
                loop {
                    let rows = buffer.take(2);
                    if rows.is_empty() {
                        buffer.stored(now, &id);
                        break;
                    }
                    if number % 5 == 0 {
                        buffer.unstored(rows);
                        break;
                    }
                    stored.extend(rows.iter().map(|row| (row.id, row.times)));
                }
            }
        }
        buffer.queue(Grown::All, now);
        while let Some(rows) = Some(buffer.take(3)).filter(|rows| !rows.is_empty()) {
            stored.extend(rows.iter().map(|row| (row.id, row.times)));
        }
        let counted: u64 = stored.values().sum();
        prop_assert_eq!(counted + buffer.unplaced, notes.len() as u64);
    }
}
