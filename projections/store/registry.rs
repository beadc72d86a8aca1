//! The registration of read models, and everything that is done with each of them.

use std::{collections::BTreeSet, fmt::Debug};

use aggregates::{Listed, Recorded, Registered, values::UserId};

use super::{
    changes::{Changes, Needs, RecordType},
    lists::{MARKS, NODES},
    sql::{Error, Read, Tx},
    table::{Table, unreadable},
};

/// A read model: its tables, and how events change them.
pub trait ReadModel {
    /// The stored name.
    const NAME: &'static str;
    /// The version. Increase it by one with every change of the rows that the same events give; the next start then
    /// asks for `muniment rebuild`.
    const VERSION: i64;
    /// The tables. If rows of one table need rows of another, the former table comes first.
    const RECORDS: &'static [RecordType];
    /// The aggregates whose events the read model folds.
    const FOLDS: &'static [Fold];
}

/// A read model as a registry stores it.
#[derive(Clone, Copy, Debug)]
pub struct Model {
    /// The stored name.
    pub name: &'static str,
    /// Its version.
    pub version: i64,
    records: &'static [RecordType],
    folds: &'static [Fold],
}

impl Model {
    /// This read model.
    pub const fn of<M: ReadModel>() -> Self {
        Self {
            name: M::NAME,
            version: M::VERSION,
            records: M::RECORDS,
            folds: M::FOLDS,
        }
    }
}

/// Read models that are registered together.
#[derive(Clone, Copy, Debug)]
pub struct Registry {
    /// The read models, in the order in which they fold each event.
    models: &'static [Model],
}

/// Asks for the rows that a read model needs for an event of one aggregate.
type NeedsOf<A> = fn(&mut Needs<'_>, <A as Registered>::Id, &<A as Registered>::Event);
/// How a read model folds an event of one aggregate.
type ReduceOf<A> =
    fn(&mut Changes, &Recorded, <A as Registered>::Id, &<A as Registered>::Event) -> Result<(), Error>;

/// How a read model folds the events of aggregates of type `A`.
#[derive(Debug)]
pub struct FoldOf<A: Registered> {
    /// Asks for the rows that an event changes.
    pub needs: NeedsOf<A>,
    /// Changes the rows.
    pub reduce: ReduceOf<A>,
}

/// How a read model folds the events of one aggregate.
#[derive(Clone, Copy, Debug)]
pub struct Fold {
    /// The stored name of the aggregate's type.
    aggregate_type: &'static str,
    functions: &'static dyn Functions,
}

impl Fold {
    /// Folds the events of aggregates of type `A` by these functions.
    pub const fn of<A: Listed>(functions: &'static FoldOf<A>) -> Self {
        Self {
            aggregate_type: A::TYPE,
            functions,
        }
    }
}

/// [`FoldOf`] some aggregate. An event of another aggregate changes nothing.
trait Functions: Debug + Sync {
    fn needs(&self, wanted: &mut Needs<'_>, recorded: &Recorded) -> Result<(), Error>;

    fn reduce(&self, changes: &mut Changes, recorded: &Recorded) -> Result<(), Error>;
}

impl<A: Listed> Functions for FoldOf<A> {
    fn needs(&self, wanted: &mut Needs<'_>, recorded: &Recorded) -> Result<(), Error> {
        if let Some(event) = recorded.event.of::<A>() {
            (self.needs)(wanted, id_of::<A>(recorded)?, event);
        }
        Ok(())
    }

    fn reduce(&self, changes: &mut Changes, recorded: &Recorded) -> Result<(), Error> {
        match recorded.event.of::<A>() {
            Some(event) => (self.reduce)(changes, recorded, id_of::<A>(recorded)?, event),
            None => Ok(()),
        }
    }
}

fn id_of<A: Registered>(recorded: &Recorded) -> Result<A::Id, Error> {
    recorded.aggregate_id.parse().map_err(unreadable)
}

impl Registry {
    /// A registry of these read models.
    pub const fn of(models: &'static [Model]) -> Self {
        Self { models }
    }

    /// All read models of the registry.
    pub fn models(&self) -> &'static [Model] {
        self.models
    }

    /// The first aggregate type whose events are folded by no read model.
    pub const fn unfolded(&self, aggregate_types: &[&'static str]) -> Option<&'static str> {
        let mut types = aggregate_types;
        while let [aggregate_type, rest @ ..] = types {
            types = rest;
            if !self.folds(aggregate_type) {
                return Some(aggregate_type);
            }
        }
        None
    }

    const fn folds(&self, aggregate_type: &str) -> bool {
        let mut models = self.models;
        while let [model, rest @ ..] = models {
            models = rest;
            let mut folds = model.folds;
            while let [fold, rest @ ..] = folds {
                folds = rest;
                if same(fold.aggregate_type, aggregate_type) {
                    return true;
                }
            }
        }
        false
    }

    fn records(&self) -> impl Iterator<Item = RecordType> {
        self.models.iter().flat_map(|model| model.records).copied()
    }

    /// All tables of the read models, and those of the lists.
    pub fn tables(&self) -> Vec<Table> {
        let tables = self.records().map(|record| record.table);
        tables.chain([NODES, MARKS]).collect()
    }

    /// The name of each table with an index that it must have: the columns with which the index begins.
    pub fn indexes(&self) -> Vec<(&'static str, Vec<&'static str>)> {
        let of = |record: RecordType| {
            (record.indexes)()
                .into_iter()
                .map(move |columns| (record.table.name, columns))
        };
        self.records().flat_map(of).collect()
    }

    /// Each index that [`Registry::apply`] needs besides the primary key, with its table. The tables of a shadow need no other
    /// index.
    pub(super) fn indexes_to_write(&self) -> Vec<(Table, Vec<&'static str>)> {
        let of = |record: RecordType| {
            let beside_the_key = |columns: &Vec<_>| !record.table.key.starts_with(columns);
            (record.indexes_to_write)()
                .into_iter()
                .filter(beside_the_key)
                .map(|columns| (record.table, columns))
                .collect::<Vec<_>>()
        };
        self.records().flat_map(of).collect()
    }

    /// Applies these events, which are the next of the ledger in its order, to the read models.
    pub async fn apply(&self, tx: &mut Tx<'_>, events: &[Recorded]) -> Result<(), Error> {
        self.fold(tx, events).await?.write(tx).await
    }

    /// The changes of the read models by these events, which are the next of the ledger in its order.
    pub async fn fold(&self, db: &mut dyn Read, events: &[Recorded]) -> Result<Changes, Error> {
        let mut changes = self.asked(events)?;
        changes.load(db).await?;
        self.reduced(changes, events)
    }

    /// Like [`Registry::fold`]. But if the changes depend on rows of a table that is `in_flux`, this returns `None`.
    pub async fn fold_unless_in_flux(
        &self,
        db: &mut dyn Read,
        events: &[Recorded],
        in_flux: &BTreeSet<&'static str>,
    ) -> Result<Option<Changes>, Error> {
        let mut changes = self.asked(events)?;
        if !changes.load_unless_in_flux(db, in_flux).await? {
            return Ok(None);
        }
        self.reduced(changes, events).map(Some)
    }

    /// Changes without a row. They ask for the rows that the events need.
    fn asked(&self, events: &[Recorded]) -> Result<Changes, Error> {
        let mut changes = Changes::new(self.records());
        let mut needs = changes.needs();
        for (event, fold) in self.folded(events) {
            fold.functions.needs(&mut needs, event)?;
        }
        Ok(changes)
    }

    fn reduced(&self, mut changes: Changes, events: &[Recorded]) -> Result<Changes, Error> {
        for (event, fold) in self.folded(events) {
            fold.functions.reduce(&mut changes, event)?;
        }
        Ok(changes)
    }

    /// Each event with each fold for it, event by event.
    fn folded<'a>(&self, events: &'a [Recorded]) -> impl Iterator<Item = (&'a Recorded, &'static Fold)> {
        let models = self.models;
        events.iter().flat_map(move |event| {
            let folds = models.iter().flat_map(|model| model.folds);
            folds.map(move |fold| (event, fold))
        })
    }

    /// Blanks the personal data of a user whose key is erased. A rebuild after the erasure gives the same rows.
    pub async fn erase(&self, tx: &mut Tx<'_>, user: UserId) -> Result<(), Error> {
        let mut changes = Changes::new(self.records());
        changes.blank(tx, user).await?;
        changes.write(tx).await
    }
}

const fn same(one: &str, other: &str) -> bool {
    let (mut one, mut other) = (one.as_bytes(), other.as_bytes());
    while let ([a, rest_of_one @ ..], [b, rest_of_other @ ..]) = (one, other) {
        if *a != *b {
            return false;
        }
        (one, other) = (rest_of_one, rest_of_other);
    }
    one.is_empty() && other.is_empty()
}

/// Registers read models: makes a constant with all of them, in the order in which they fold each event. If no read
/// model folds the events of an aggregate, the build fails.
#[macro_export]
macro_rules! read_models {
    ($(#[$meta:meta])* $vis:vis const $name:ident = $($model:path),+ $(,)?;) => {
        $(#[$meta])*
        $vis const $name: $crate::store::Registry =
            $crate::store::Registry::of(&[$($crate::store::Model::of::<$model>()),+]);

        const _: () = assert!(
            $name.unfolded(aggregates::AGGREGATE_TYPES).is_none(),
            "no read model folds the events of an aggregate"
        );
    };
}

#[cfg(test)]
mod tests {
    use aggregates::role::Role;

    use super::*;

    struct Nothing;

    impl ReadModel for Nothing {
        const NAME: &'static str = "nothing";
        const VERSION: i64 = 1;
        const RECORDS: &'static [RecordType] = &[];
        const FOLDS: &'static [Fold] = &[Fold::of(&FoldOf::<Role> {
            needs: |_, _, _| {},
            reduce: |_, _, _, _| Ok(()),
        })];
    }

    #[test]
    fn an_aggregate_that_no_read_model_folds_is_found() {
        const ROLES: Registry = Registry::of(&[Model::of::<Nothing>()]);
        assert_eq!(ROLES.unfolded(&["role"]), None);
        assert_eq!(ROLES.unfolded(&["role", "roles"]), Some("roles"));
        assert_eq!(ROLES.unfolded(&["ro"]), Some("ro"));
        assert_eq!(Registry::of(&[]).unfolded(&["role"]), Some("role"));
    }
}
