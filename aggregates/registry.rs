//! The registration of the aggregates: what each aggregate declares, and what the program derives from it.
//!
//! `aggregates! { User, Role, Session }` in `lib.rs` is the only list of them. It makes the enums over all aggregates
//! ([`crate::Event`], [`crate::Command`], [`crate::State`], [`crate::DomainError`]), their dispatch, and the
//! implementation of `cqrs_es::Aggregate`. If an aggregate lacks a part of [`Registered`], the program does not
//! compile.

mod tagged;
#[cfg(test)]
mod tests;

use std::{
    borrow::Cow,
    fmt::{Debug, Display},
    str::FromStr,
};

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    Claims, Classified, DeclaredEvent, Event,
    claim::Scope,
    event::{UnreadableEvent, tag, untag, without_the_value},
    values::Invalid,
};

/// What an aggregate declares.
pub trait Registered:
    Claims + Clone + Debug + Default + Serialize + DeserializeOwned + Send + Sync + 'static
{
    /// The name under which the ledger stores its events. It never changes.
    const TYPE: &'static str;
    /// The scopes of claims that it declares.
    const SCOPES: &'static [&'static Scope];
    /// The version of the state, as snapshots store it. Increase it by one with every change of the state that the same events
    /// give: its fields, their JSON, or what `apply` does. This program reads only snapshots of this version.
    const STATE_VERSION: i64;
    /// Whether there is only one aggregate of this type. Its id is a constant, so none of its commands begins a stream.
    const ONLY_ONE: bool = false;
    /// The id of one aggregate of this type.
    type Id: Copy + Debug + Display + FromStr<Err = Invalid> + Send + Sync;
    /// The commands that it takes.
    type Command: Clone + Debug + Send + Sync;
    /// The events that it records.
    type Event: DeclaredEvent;
    /// Why the aggregate refuses a command.
    type Error: Classified + Clone + PartialEq + Send + Sync + 'static;

    /// The events that a command causes in this state, or why the aggregate refuses the command.
    fn decide(&self, command: Self::Command) -> Result<Vec<Self::Event>, Self::Error>;

    /// Changes the state as the event describes.
    fn apply(&mut self, event: Self::Event);

    /// Whether the command needs an id that was drawn a moment ago. Such an id has no stream yet, so nothing is loaded.
    fn begins_a_stream(command: &Self::Command) -> bool;

    /// The person whose key seals the personal fields of the event: by default the aggregate itself.
    fn subject<'a>(aggregate_id: &'a str, event: &Self::Event) -> Cow<'a, str> {
        let _ = event;
        Cow::Borrowed(aggregate_id)
    }

    /// The person whose personal data the state holds; `None` if it can hold no personal data. That person's key seals the
    /// state in a snapshot, so erasing the person erases it. Without a person, the server's key seals it.
    fn person<'a>(&self, aggregate_id: &'a str) -> Option<Cow<'a, str>>;

    /// One event of each kind, with every optional field filled. The golden files are made from these events.
    fn samples() -> Result<Vec<Self::Event>, Invalid>;
}

/// An aggregate of the list.
pub trait Listed: Registered {
    /// The event, if it happened to an aggregate of this type.
    fn own(event: &Event) -> Option<&Self::Event>;
}

/// A command or an event meets the state of an aggregate of another type. This is a fault of the program.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("something for a {given} met the state of a {state}")]
pub struct WrongAggregate {
    /// The type of the state.
    pub state: &'static str,
    /// The type that the command or event is for.
    pub given: &'static str,
}

/// Reads a stored event of one aggregate type.
pub(crate) fn read<A: Registered>(event_type: &str, payload: Value) -> Result<A::Event, UnreadableEvent> {
    serde_json::from_value(tag(event_type, payload)).map_err(|error| UnreadableEvent::Payload {
        event_type: event_type.to_owned(),
        reason: without_the_value(&error.to_string()),
    })
}

/// Reads a stored event of one aggregate type from its JSON; `None` if this fails. [`read`] then gives the reason.
pub(crate) fn read_json<A: Registered>(event_type: &str, payload: &str) -> Option<A::Event> {
    let mut data = serde_json::Deserializer::from_str(payload);
    let event = serde::Deserialize::deserialize(tagged::Tagged::new(event_type, &mut data)).ok()?;
    data.end().ok()?;
    Some(event)
}

/// The bare data of an event, as [`read`] takes it.
pub(crate) fn write(event: &impl Serialize) -> Result<Value, serde_json::Error> {
    serde_json::to_value(event).map(untag)
}

/// Makes everything that follows from the list of aggregates. Each name is a type that implements [`Registered`].
macro_rules! aggregates {
    ($($name:ident),+ $(,)?) => {
        /// The stored names of all types of aggregates.
        pub const AGGREGATE_TYPES: &[&str] = &[$(<$name as Registered>::TYPE),+];

        /// The scopes of claims that the aggregates declare.
        pub fn scopes() -> impl Iterator<Item = &'static $crate::claim::Scope> {
            [$(<$name as Registered>::SCOPES),+].into_iter().flatten().copied()
        }

        /// An event of any aggregate.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Event {
            $(#[doc = concat!("An event of a ", stringify!($name), ".")] $name(<$name as Registered>::Event),)+
        }

        impl Event {
            /// Reads a stored event: `aggregate_type` and `event_type` as stored, `payload` the bare data, already
            /// unsealed and upcast to the newest version.
            pub fn from_stored(
                aggregate_type: &str,
                event_type: &str,
                payload: serde_json::Value,
            ) -> Result<Self, $crate::event::UnreadableEvent> {
                $(if aggregate_type == <$name as Registered>::TYPE {
                    return $crate::registry::read::<$name>(event_type, payload).map(Self::$name);
                })+
                Err($crate::event::UnreadableEvent::AggregateType(aggregate_type.to_owned()))
            }

            /// Reads an event like [`Event::from_stored`], but from the JSON of the payload, without a tree of values. Returns
            /// `None` if this fails. [`Event::from_stored`] then reads the event, or gives the reason.
            pub fn from_json(aggregate_type: &str, event_type: &str, payload: &str) -> Option<Self> {
                $(if aggregate_type == <$name as Registered>::TYPE {
                    return $crate::registry::read_json::<$name>(event_type, payload).map(Self::$name);
                })+
                None
            }

            /// The stored name of the aggregate's type.
            pub const fn aggregate_type(&self) -> &'static str {
                match self { $(Self::$name(_) => <$name as Registered>::TYPE,)+ }
            }

            /// The event, if it happened to an aggregate of type `A`.
            pub fn of<A: $crate::Listed>(&self) -> Option<&A::Event> {
                A::own(self)
            }

            /// How the ledger stores events of this kind.
            pub fn form(&self) -> &'static EventForm {
                match self { $(Self::$name(event) => event.form(),)+ }
            }

            /// The stored name of the event's type.
            pub fn event_type(&self) -> &'static str {
                self.form().event_type
            }

            /// How the ledger stores every kind of event of every aggregate.
            pub fn forms() -> impl Iterator<Item = &'static EventForm> {
                let forms = [$(<<$name as Registered>::Event as DeclaredEvent>::FORMS),+];
                forms.into_iter().flatten().copied()
            }

            /// The bare data, not yet sealed, as [`Event::from_stored`] reads it.
            pub fn payload(&self) -> Result<serde_json::Value, serde_json::Error> {
                match self { $(Self::$name(event) => $crate::registry::write(event),)+ }
            }

            /// The person whose key seals the personal fields of the event.
            pub fn subject<'a>(&self, aggregate_id: &'a str) -> std::borrow::Cow<'a, str> {
                match self { $(Self::$name(event) => <$name as Registered>::subject(aggregate_id, event),)+ }
            }

            /// One event of each kind of each aggregate, with every optional field filled.
            pub fn samples() -> Result<Vec<Self>, $crate::values::Invalid> {
                let mut samples = Vec::new();
                $(samples.extend(<$name as Registered>::samples()?.into_iter().map(Self::$name));)+
                Ok(samples)
            }
        }

        /// A command to one aggregate.
        #[derive(Clone, Debug)]
        pub enum Command {
            $(
                #[doc = concat!("A command to a ", stringify!($name), ".")]
                $name(<$name as Registered>::Id, <$name as Registered>::Command),
            )+
        }

        impl Command {
            /// Type and id of the aggregate that the command is for.
            pub fn stream(&self) -> (&'static str, String) {
                match self { $(Self::$name(id, _) => (<$name as Registered>::TYPE, id.to_string()),)+ }
            }

            /// Whether the command needs an id that was drawn a moment ago.
            pub fn begins_a_stream(&self) -> bool {
                match self { $(Self::$name(_, command) => <$name as Registered>::begins_a_stream(command),)+ }
            }

            /// The state of the command's aggregate before its first event.
            pub fn first_state(&self) -> State {
                match self { $(Self::$name(..) => State::from($name::default()),)+ }
            }
        }

        /// The state of an aggregate of any type.
        #[derive(Clone, Debug)]
        pub enum State {
            $(#[doc = concat!("The state of a ", stringify!($name), ".")] $name(Box<$name>),)+
        }

        impl State {
            /// The state of an aggregate before its first event; `None` if no aggregate has this type.
            pub fn first(aggregate_type: &str) -> Option<Self> {
                $(if aggregate_type == <$name as Registered>::TYPE {
                    return Some(Self::from($name::default()));
                })+
                None
            }

            /// The version of the state, as snapshots store it.
            pub const fn version(&self) -> i64 {
                match self { $(Self::$name(_) => <$name as Registered>::STATE_VERSION,)+ }
            }

            /// The state as snapshots store it, not yet sealed: JSON.
            pub fn to_json(&self) -> Result<Vec<u8>, serde_json::Error> {
                match self { $(Self::$name(aggregate) => serde_json::to_vec(aggregate),)+ }
            }

            /// The state of an aggregate of the same type, from what [`State::to_json`] wrote.
            pub fn from_json(&self, json: &[u8]) -> Result<Self, serde_json::Error> {
                match self { $(Self::$name(_) => serde_json::from_slice(json).map(Self::$name),)+ }
            }

            /// The person whose key seals the state in a snapshot; `None` if the server's key seals it.
            pub fn person<'a>(&self, aggregate_id: &'a str) -> Option<std::borrow::Cow<'a, str>> {
                match self { $(Self::$name(aggregate) => aggregate.person(aggregate_id),)+ }
            }

            /// The stored name of the aggregate's type.
            pub const fn aggregate_type(&self) -> &'static str {
                match self { $(Self::$name(_) => <$name as Registered>::TYPE,)+ }
            }

            /// Changes the state as the event describes.
            pub fn apply(&mut self, event: Event) -> Result<(), WrongAggregate> {
                let (state, given) = (self.aggregate_type(), event.aggregate_type());
                match event {
                    $(Event::$name(event) => {
                        let Self::$name(aggregate) = self else {
                            return Err(WrongAggregate { state, given });
                        };
                        <$name as Registered>::apply(aggregate, event);
                    })+
                }
                Ok(())
            }

            /// The events that a command causes in this state, or why the aggregate refuses the command.
            pub fn decide(&self, command: &Command) -> Result<Vec<Event>, DomainError> {
                match command {
                    $(Command::$name(_, command) => {
                        let Self::$name(aggregate) = self else {
                            let given = <$name as Registered>::TYPE;
                            return Err(WrongAggregate { state: self.aggregate_type(), given }.into());
                        };
                        let events = <$name as Registered>::decide(aggregate, command.clone())?;
                        Ok(events.into_iter().map(Event::$name).collect())
                    })+
                }
            }

            /// What the aggregate of this id claims in this state.
            pub fn claimed(&self, id: &str) -> Claimed {
                match self { $(Self::$name(aggregate) => Claimed::of(&**aggregate, id),)+ }
            }

            /// What the aggregate of this id claims in the state `before`, and in this one. Of the claims that others must hold,
            /// only those that this state adds are listed.
            pub fn claimed_since(&self, before: &Self, id: &str) -> (Claimed, Claimed) {
                match (before, self) {
                    $((Self::$name(before), Self::$name(after)) => Claimed::change(&**before, &**after, id),)+
                    // The program mixed up two aggregates.
                    (before, after) => (before.claimed(id), after.claimed(id)),
                }
            }
        }

        /// An aggregate refuses a command.
        #[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
        pub enum DomainError {
            $(
                #[doc = concat!("A ", stringify!($name), " refuses the command.")]
                #[error(transparent)]
                $name(#[from] <$name as Registered>::Error),
            )+
            /// The program mixed up two aggregates.
            #[error(transparent)]
            WrongAggregate(#[from] WrongAggregate),
        }

        impl Classified for DomainError {
            fn kind(&self) -> $crate::ErrorKind {
                match self {
                    $(Self::$name(error) => error.kind(),)+
                    Self::WrongAggregate(_) => $crate::ErrorKind::Fault,
                }
            }

            fn code(&self) -> &'static str {
                match self {
                    $(Self::$name(error) => error.code(),)+
                    Self::WrongAggregate(_) => $crate::ErrorKind::Fault.code(),
                }
            }
        }

        $(
            impl $crate::Listed for $name {
                #[inline]
                fn own(event: &Event) -> Option<&Self::Event> {
                    match event {
                        Event::$name(event) => Some(event),
                        _ => None,
                    }
                }
            }

            impl From<$name> for State {
                fn from(aggregate: $name) -> Self {
                    Self::$name(Box::new(aggregate))
                }
            }

            impl TryFrom<State> for $name {
                type Error = WrongAggregate;

                fn try_from(state: State) -> Result<Self, WrongAggregate> {
                    match state {
                        State::$name(aggregate) => Ok(*aggregate),
                        other => Err(WrongAggregate {
                            state: other.aggregate_type(),
                            given: <$name as Registered>::TYPE,
                        }),
                    }
                }
            }

            impl cqrs_es::Aggregate for $name {
                const TYPE: &'static str = <Self as Registered>::TYPE;
                type Command = <Self as Registered>::Command;
                type Event = <Self as Registered>::Event;
                type Error = <Self as Registered>::Error;
                type Services = ();

                async fn handle(
                    &mut self,
                    command: Self::Command,
                    (): &Self::Services,
                    sink: &cqrs_es::event_sink::EventSink<Self>,
                ) -> Result<(), Self::Error> {
                    for event in Registered::decide(self, command)? {
                        sink.write(event, self).await;
                    }
                    Ok(())
                }

                fn apply(&mut self, event: Self::Event) {
                    Registered::apply(self, event);
                }
            }
        )+
    };
}
pub(crate) use aggregates;
