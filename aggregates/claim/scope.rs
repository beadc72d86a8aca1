//! Scopes: the kinds of values that aggregates claim, and how the ledger words a refusal about each.

use std::{
    cmp::Ordering,
    hash::{Hash, Hasher},
};

use crate::ErrorKind;

/// A kind of value that aggregates claim. Two scopes are the same if they have the same name.
#[derive(Debug)]
pub struct Scope {
    name: &'static str,
    personal: bool,
    bounds: Bounds,
    taken: Option<Wording>,
    missing: Option<Wording>,
    too_few: Option<Wording>,
    too_many: Option<Wording>,
    alike: Option<Alike>,
}

/// Which values of a scope are alike: two aggregates must not claim two of them. Values that were claimed before the scope had this
/// rule may be alike. They stay, and count when somebody claims another value. An aggregate claims at most one value of such a
/// scope.
#[derive(Debug)]
pub struct Alike {
    /// The stored name of the scope in which the ledger keeps, for each key, an aggregate that has a value with this key.
    pub name: &'static str,
    /// The stored name of the scope in which it keeps the other aggregates that have such a value.
    pub others: &'static str,
    /// The key of a value. Values with the same key are alike.
    pub key: fn(&str) -> String,
}

/// How many claims a scope may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bounds {
    /// Any number: the ledger does not count them.
    Uncounted,
    /// Always the same limits.
    Fixed(Limits),
    /// Each claim is made within an aggregate, and the state of that aggregate sets the limits
    /// ([`crate::Claims::limits`]). If it sets no limits, nobody can make a claim.
    OfOwner,
}

/// The lowest and the highest number of claims.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Limits {
    /// No aggregate may give up a claim if fewer than these would stay.
    pub at_least: i64,
    /// No aggregate may take a claim if there would be more than these.
    pub at_most: i64,
}

impl Limits {
    /// No limits: any number of claims.
    pub const NONE: Self = Self {
        at_least: 0,
        at_most: i64::MAX,
    };
    /// Not a single claim.
    pub const NO_CLAIM: Self = Self {
        at_least: 0,
        at_most: 0,
    };
}

/// The wording of a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wording {
    /// The kind of the error.
    pub kind: ErrorKind,
    /// The code, for programs. It never changes.
    pub code: &'static str,
    /// The message, for people. `{}` stands for the claimed value, `{scope}` for the name of the scope.
    pub message: &'static str,
}

impl Scope {
    /// A scope that is neither personal nor counted. The ledger stores `name`, so it can never change.
    pub const fn new(name: &'static str) -> Self {
        Self {
            name,
            personal: false,
            bounds: Bounds::Uncounted,
            taken: None,
            missing: None,
            too_few: None,
            too_many: None,
            alike: None,
        }
    }

    /// Two aggregates must not claim values that are alike. The ledger stores the names in `alike`, so they can never change.
    pub const fn no_two_alike(mut self, alike: Alike) -> Self {
        self.alike = Some(alike);
        self
    }

    /// The values are personal data: the ledger stores only a keyed hash of them, and erasing a person deletes it.
    pub const fn personal(mut self) -> Self {
        self.personal = true;
        self.checked()
    }

    /// Once there have been `number` claims, at least as many must stay. Else the refusal has this code.
    pub const fn at_least(self, number: i64, code: &'static str, message: &'static str) -> Self {
        let limits = Limits {
            at_least: number,
            ..self.fixed()
        };
        self.bounded(Bounds::Fixed(limits)).too_few(code, message)
    }

    /// There may be at most `number` claims. Else the refusal has this code.
    pub const fn at_most(self, number: i64, code: &'static str, message: &'static str) -> Self {
        let limits = Limits {
            at_most: number,
            ..self.fixed()
        };
        self.bounded(Bounds::Fixed(limits)).too_many(code, message)
    }

    /// The aggregate within which the claims are made limits their number.
    pub const fn limited_by_owner(self) -> Self {
        self.bounded(Bounds::OfOwner)
    }

    /// If another aggregate holds the value, the refusal is a conflict with this code.
    pub const fn taken(mut self, code: &'static str, message: &'static str) -> Self {
        self.taken = Some(conflict(code, message));
        self
    }

    /// If an aggregate requires a value that nobody holds, the refusal has this kind and code.
    pub const fn missing(mut self, kind: ErrorKind, code: &'static str, message: &'static str) -> Self {
        self.missing = Some(Wording { kind, code, message });
        self
    }

    /// If too few claims would stay, the refusal is a conflict with this code.
    pub const fn too_few(mut self, code: &'static str, message: &'static str) -> Self {
        self.too_few = Some(conflict(code, message));
        self
    }

    /// If there would be too many claims, the refusal is a conflict with this code.
    pub const fn too_many(mut self, code: &'static str, message: &'static str) -> Self {
        self.too_many = Some(conflict(code, message));
        self
    }

    const fn fixed(&self) -> Limits {
        match self.bounds {
            Bounds::Fixed(limits) => limits,
            Bounds::Uncounted | Bounds::OfOwner => Limits::NONE,
        }
    }

    const fn bounded(mut self, bounds: Bounds) -> Self {
        self.bounds = bounds;
        self.checked()
    }

    /// Erasing a person deletes personal claims without counting them.
    const fn checked(self) -> Self {
        assert!(
            !self.personal || matches!(self.bounds, Bounds::Uncounted),
            "a personal scope is not counted"
        );
        self
    }

    /// The stored name.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Whether the ledger counts the claims.
    pub const fn is_counted(&self) -> bool {
        !matches!(self.bounds, Bounds::Uncounted)
    }

    /// Whether the values are personal data.
    pub const fn is_personal(&self) -> bool {
        self.personal
    }

    /// Which values are alike, if the scope has such a rule.
    pub const fn alike(&self) -> Option<&Alike> {
        self.alike.as_ref()
    }

    /// How many claims there may be.
    pub const fn bounds(&self) -> Bounds {
        self.bounds
    }

    /// The wording of the refusal if another aggregate holds the value.
    pub fn when_taken(&self) -> Wording {
        self.taken
            .unwrap_or(conflict(ErrorKind::Conflict.code(), "the {scope} is taken"))
    }

    /// The wording of the refusal if a required claim is missing.
    pub fn when_missing(&self) -> Wording {
        self.missing.unwrap_or(Wording {
            kind: ErrorKind::Invalid,
            code: ErrorKind::Invalid.code(),
            message: "there is no such {scope}",
        })
    }

    /// The wording of the refusal if too few claims would stay.
    pub fn when_too_few(&self) -> Wording {
        self.too_few
            .unwrap_or(conflict(ErrorKind::Conflict.code(), "the last {scope} must stay"))
    }

    /// The wording of the refusal if there would be too many claims.
    pub fn when_too_many(&self) -> Wording {
        self.too_many.unwrap_or(conflict(
            ErrorKind::Conflict.code(),
            "there may not be more of {scope}",
        ))
    }
}

const fn conflict(code: &'static str, message: &'static str) -> Wording {
    Wording {
        kind: ErrorKind::Conflict,
        code,
        message,
    }
}

impl Wording {
    /// The message about a value of a scope.
    pub fn about(&self, scope: &Scope, value: &str) -> String {
        self.message.replace("{scope}", scope.name).replace("{}", value)
    }
}

impl PartialEq for Scope {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Scope {}

impl PartialOrd for Scope {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Scope {
    fn cmp(&self, other: &Self) -> Ordering {
        self.name.cmp(other.name)
    }
}

impl Hash for Scope {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

/// Declares the scopes of an aggregate: a constant for each, and `SCOPES` with all of them.
macro_rules! scopes {
    ($($(#[$doc:meta])* $name:ident = $scope:expr;)*) => {
        $($(#[$doc])* pub const $name: &$crate::claim::Scope = &$scope;)*

        /// All scopes that this aggregate declares.
        pub(super) const SCOPES: &[&$crate::claim::Scope] = &[$($name),*];
    };
}
pub(crate) use scopes;

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &Scope = &Scope::new("name")
        .personal()
        .taken("name_taken", "the name is taken");
    const ROOM: &Scope = &Scope::new("room").missing(
        ErrorKind::NotFound,
        "room_missing",
        "there is no room {} in this house",
    );
    const KEEPER: &Scope = &Scope::new("keeper").at_least(1, "last_keeper", "a keeper must stay");
    const BED: &Scope = &Scope::new("bed").at_most(2, "full", "both beds are taken");

    const WATCH: &Scope = &Scope::new("watch")
        .at_least(1, "unwatched", "")
        .at_most(3, "crowded", "");

    #[test]
    fn a_scope_says_what_its_refusals_are_called() {
        assert_eq!(NAME.when_taken(), conflict("name_taken", "the name is taken"));
        assert_eq!(
            ROOM.when_missing().about(ROOM, "7"),
            "there is no room 7 in this house"
        );
        assert_eq!(ROOM.when_missing().kind, ErrorKind::NotFound);
        assert_eq!(KEEPER.when_too_few().code, "last_keeper");
        assert_eq!(BED.when_too_many().code, "full");
        assert_eq!(ROOM.when_taken().code, "conflict");
        assert_eq!(ROOM.when_taken().about(ROOM, "7"), "the room is taken");
        assert_eq!(NAME.when_missing().code, "invalid_request");
        assert_eq!(NAME.when_missing().about(NAME, "7"), "there is no such name");
    }

    #[test]
    fn only_a_scope_with_limits_is_counted() {
        assert_eq!(NAME.bounds(), Bounds::Uncounted);
        let (at_least, at_most) = (1, i64::MAX);
        assert_eq!(KEEPER.bounds(), Bounds::Fixed(Limits { at_least, at_most }));
        let (at_least, at_most) = (0, 2);
        assert_eq!(BED.bounds(), Bounds::Fixed(Limits { at_least, at_most }));
        let (at_least, at_most) = (1, 3);
        assert_eq!(WATCH.bounds(), Bounds::Fixed(Limits { at_least, at_most }));
    }

    #[test]
    fn the_scopes_of_all_aggregates_have_different_names() {
        let alike = crate::scopes().filter_map(Scope::alike);
        let alike = alike.flat_map(|alike| [alike.name, alike.others]);
        let names: Vec<&str> = crate::scopes().map(Scope::name).chain(alike).collect();
        let different: std::collections::BTreeSet<&str> = names.iter().copied().collect();
        assert_eq!(names.len(), different.len(), "{names:?}");
        assert!(different.contains("username") && different.contains("username_alike"));
    }
}
