//! The highest numbers, as the table stores them.

use crate::store::{columns, unreadable};

/// A kind of thing that has numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Numbered {
    /// Organisations.
    Organisation,
    /// Groups.
    Group,
    /// Applications.
    Application,
    /// API keys.
    ApiKey,
    /// Accounts, and the system users of API keys.
    Account,
}

impl Numbered {
    /// All kinds.
    pub const ALL: [Self; 5] = [
        Self::Organisation,
        Self::Group,
        Self::Application,
        Self::ApiKey,
        Self::Account,
    ];

    /// As stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Organisation => "organisation",
            Self::Group => "group",
            Self::Application => "application",
            Self::ApiKey => "api_key",
            Self::Account => "account",
        }
    }
}

columns! {
    Numbered: Text, |value| value.as_str(),
        |row, n| {
            let text = row.str(n)?;
            let found = Self::ALL.into_iter().find(|kind| kind.as_str() == text);
            found.ok_or_else(|| unreadable("nothing of this kind has numbers"))
        };
}

crate::record! {
    /// A row of `ordinals`.
    pub(crate) struct OrdinalRecord in "ordinals" {
        pub(crate) kind: Numbered,
        pub(crate) last: i64,
    }
    key(kind: Numbered)
    finds { OF_KIND = kind: Numbered; }
}
