//! Work that needs the type of an aggregate, for a caller that knows its state only.

use crate::State;

/// Work that is the same for all aggregates, but needs the type of one of them.
pub trait ForAggregate {
    /// The result of the work.
    type Output;

    /// Does the work for aggregates of type `A`.
    fn run<A>(self) -> impl Future<Output = Self::Output> + Send
    where
        A: cqrs_es::Aggregate<Services = ()> + Into<State> + 'static;
}
