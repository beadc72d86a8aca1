//! Declaring events: `events!` states the stored name, the version and the sealed fields where the event is written.
//!
//! ```text
//! events! {
//!     /// A fact about a user.
//!     pub enum UserEvent {
//!         /// The user has another username.
//!         "user.renamed" version 1 => Renamed {
//!             /// The new username.
//!             username: String as personal,
//!         },
//!     }
//! }
//! ```
//!
//! `as personal` seals the field under the key of the person that the event is about, `as secret` under the server's
//! key. A sealed field is a text or a null at the top level of the payload. `as open` stores the field in clear text, for
//! ever. A field without one of the three does not compile. Other serde attributes are allowed.

use cqrs_es::DomainEvent;

use crate::sealing::Seal;

/// How the events of one kind are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventForm {
    /// The stored name: `aggregate.past_tense`. It never changes.
    pub event_type: &'static str,
    /// The version in which the server writes the event now.
    pub version: &'static str,
    /// The sealed fields, and how each is sealed.
    pub sealed: &'static [(&'static str, Seal)],
    /// The fields that are declared open.
    pub open: &'static [&'static str],
}

/// The events of one aggregate, as `events!` declares them.
pub trait DeclaredEvent: DomainEvent {
    /// How each kind of event is stored.
    const FORMS: &'static [&'static EventForm];

    /// How this event is stored.
    fn form(&self) -> &'static EventForm;
}

/// Declares the events of one aggregate.
macro_rules! events {
    (
        $(#[$about_all:meta])*
        pub enum $name:ident {
            $(
                $(#[$about:meta])*
                $event_type:literal version $version:literal => $variant:ident {
                    $($(#[$about_field:meta])* $field:ident: $type:ty as $seal:ident),* $(,)?
                }
            ),* $(,)?
        }
    ) => {
        $(#[$about_all])*
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(tag = "type", content = "data")]
        pub enum $name {
            $(
                $(#[$about])*
                #[serde(rename = $event_type)]
                $variant { $($(#[$about_field])* $field: $type),* },
            )*
        }

        impl $crate::declared::DeclaredEvent for $name {
            const FORMS: &'static [&'static $crate::declared::EventForm] = &[$(forms::$variant),*];

            fn form(&self) -> &'static $crate::declared::EventForm {
                match self { $(Self::$variant { .. } => forms::$variant,)* }
            }
        }

        /// How each kind of event is stored, under the name of its variant.
        #[expect(non_upper_case_globals, reason = "the constants are named like the variants")]
        mod forms {
            use $crate::declared::EventForm;

            $(pub(super) const $variant: &EventForm = &EventForm {
                event_type: $event_type,
                version: stringify!($version),
                sealed: &$crate::declared::events!(@sealed [] $($field $seal)*),
                open: &$crate::declared::events!(@open [] $($field $seal)*),
            };)*
        }

        impl cqrs_es::DomainEvent for $name {
            fn event_type(&self) -> String {
                $crate::declared::DeclaredEvent::form(self).event_type.to_owned()
            }

            fn event_version(&self) -> String {
                $crate::declared::DeclaredEvent::form(self).version.to_owned()
            }
        }
    };
    // The fields that are sealed, each with its seal.
    (@sealed [$($done:tt)*]) => { [$($done)*] };
    (@sealed [$($done:tt)*] $field:ident open $($rest:tt)*) => {
        $crate::declared::events!(@sealed [$($done)*] $($rest)*)
    };
    (@sealed [$($done:tt)*] $field:ident personal $($rest:tt)*) => {
        $crate::declared::events!(
            @sealed [$($done)* (stringify!($field), $crate::sealing::Seal::Personal),] $($rest)*
        )
    };
    (@sealed [$($done:tt)*] $field:ident secret $($rest:tt)*) => {
        $crate::declared::events!(
            @sealed [$($done)* (stringify!($field), $crate::sealing::Seal::Secret),] $($rest)*
        )
    };
    // The fields that are open.
    (@open [$($done:tt)*]) => { [$($done)*] };
    (@open [$($done:tt)*] $field:ident open $($rest:tt)*) => {
        $crate::declared::events!(@open [$($done)* stringify!($field),] $($rest)*)
    };
    (@open [$($done:tt)*] $field:ident $seal:ident $($rest:tt)*) => {
        $crate::declared::events!(@open [$($done)*] $($rest)*)
    };
}
pub(crate) use events;
