//! Rows before they are written.

use super::*;

crate::record! {
    /// A ship.
    struct Ship in "ships" {
        number: i64,
        name: String,
    }
    key(number: i64)
    sets { OF_NAME = name: String; }
}

fn ship(number: i64, name: &str) -> Ship {
    let name = name.to_owned();
    Ship { number, name }
}

fn written(ships: &Pending<Ship>) -> (usize, usize) {
    let writes = ships.writes();
    (writes.rows.len(), writes.gone.len())
}

#[test]
fn a_row_that_was_not_loaded_is_unknown() {
    let mut ships = Pending::<Ship>::default();
    assert!(matches!(ships.get(&1), Err(Error::Decode(_))));
    assert!(matches!(ships.change(&1), Err(Error::Decode(_))));
    assert!(matches!(ships.remove(&1), Err(Error::Decode(_))));
    let all = ships.remove_all(Ship::OF_NAME, &"Vasa".to_owned());
    assert!(matches!(all, Err(Error::Decode(_))));
    assert_eq!(written(&ships), (0, 0));
}

#[test]
fn a_row_that_the_table_does_not_have_is_absent() {
    let mut ships = Pending::<Ship>::default();
    ships.absent(1);
    assert!(matches!(ships.get(&1), Ok(None)));
    assert!(matches!(ships.change(&1), Ok(None)));
    assert!(matches!(ships.remove(&1), Ok(None)));
    assert_eq!(written(&ships), (0, 0));
    ships.put(ship(1, "Vasa")).unwrap();
    assert!(matches!(ships.change(&1), Ok(Some(_))));
    assert_eq!(written(&ships), (1, 0));
    assert!(matches!(ships.remove(&1), Ok(Some(_))));
    assert_eq!(written(&ships), (0, 1));
}

#[test]
fn only_rows_that_are_certainly_new_are_written_as_new() {
    let merge = |ships: &Pending<Ship>| ships.writes().merge;
    let mut ships = Pending::<Ship>::default();
    ships.absent(1);
    ships.put(ship(1, "Vasa")).unwrap();
    ships.put_new(ship(2, "Mars"));
    ships.change(&2).unwrap();
    assert_eq!(merge(&ships), Merge::Expected);
    // No event and no look-up says whether the table has the third ship.
    ships.put(ship(3, "Elefanten")).unwrap();
    assert_eq!(merge(&ships), Merge::Replace);
    // The table may have a ship that the batch deletes and makes again.
    let mut again = Pending::<Ship>::default();
    again.delete(1);
    again.put_new(ship(1, "Vasa"));
    assert_eq!(merge(&again), Merge::Replace);
    // The same if the batch makes the ship first.
    let mut gone = Pending::<Ship>::default();
    gone.put_new(ship(1, "Vasa"));
    gone.delete(1);
    gone.put_new(ship(1, "Vasa"));
    assert_eq!(merge(&gone), Merge::Replace);
}

#[test]
fn what_is_purged_is_neither_written_nor_deleted_one_by_one() {
    let mut ships = Pending::<Ship>::default();
    ships.put(ship(1, "Vasa")).unwrap();
    ships.put(ship(2, "Mars")).unwrap();
    assert_eq!(ships.purge(Ship::OF_NAME, &"Vasa".to_owned()).len(), 1);
    ships.put(ship(3, "Vasa")).unwrap();
    assert_eq!(written(&ships), (2, 0));
    assert_eq!(ships.writes().purged.len(), 1);
}
