//! Loads aggregates for decisions that need IO first.

use std::sync::Arc;

use aggregates::{Registered, State, WrongAggregate};

use super::{
    super::{ExecuteError, Seen, error::Obstacle, loader::Wanted},
    Executor, Loaded,
};

impl Executor {
    /// Loads an aggregate from the ledger, for decisions that need IO first, such as verifying a password. Also returns
    /// where it was seen: either the command checks the decision again, or the caller passes this to
    /// [`Executor::execute_unless_changed`].
    pub async fn read<A>(&self, id: A::Id) -> Result<(A, Seen), ExecuteError>
    where
        A: Registered + Into<State> + TryFrom<State, Error = WrongAggregate>,
    {
        let mut found = self.read_many(&[id]).await?;
        found.pop().ok_or_else(|| Obstacle::NoAnswer.into())
    }

    /// Like [`Executor::read`], for several aggregates of a type, in their order. One request loads them all.
    pub async fn read_many<A>(&self, ids: &[A::Id]) -> Result<Vec<(A, Seen)>, ExecuteError>
    where
        A: Registered + Into<State> + TryFrom<State, Error = WrongAggregate>,
    {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let wanted = ids.iter().map(|id| Wanted {
            stream: (A::TYPE, id.to_string()),
            first: A::default().into(),
        });
        let found = self.ledger.loader().load(wanted.collect()).await;
        let mut read = Vec::with_capacity(ids.len());
        for (id, found) in ids.iter().zip(found) {
            let stream @ (aggregate_type, _) = (A::TYPE, id.to_string());
            let loaded = Loaded::from(found.map_err(ExecuteError::Unavailable)?);
            self.remember_loaded(&stream, &loaded);
            let Loaded { state, sequence, .. } = loaded;
            let aggregate =
                A::try_from(Arc::unwrap_or_clone(state)).map_err(|error| ExecuteError::Domain {
                    index: 0,
                    error: error.into(),
                })?;
            let aggregate_id = stream.1;
            read.push((
                aggregate,
                Seen {
                    aggregate_type,
                    aggregate_id,
                    sequence,
                },
            ));
        }
        Ok(read)
    }
}
