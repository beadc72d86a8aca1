//! All read models in SQL, written in the transaction that appends the events.
//!
//! A batch is folded in memory, event by event, over the rows it touches; then each table is written with one
//! statement for the rows there are and one for those that are gone. So how many statements a batch costs depends
//! on which tables it touches, not on how many events it has; and the outcome is the same whatever the
//! boundaries between batches, which is what lets a rebuild be compared with the live tables.

mod changes;
mod needs;
mod pending;

use aggregates::{
    Event, Recorded,
    sealing::ERASED,
    values::{RoleId, SessionId, UserId},
};

pub(crate) use changes::Changes;

use crate::{
    role_directory, sessions,
    sql::{Error, Tx, sql},
    tables::unreadable,
    user_directory,
};

/// Takes these events, the next of the ledger in its order, into the read models.
pub async fn apply(tx: &mut Tx<'_>, events: &[Recorded]) -> Result<(), Error> {
    let subjects = events.iter().map(subject).collect::<Result<Vec<_>, _>>()?;
    let mut changes = Changes::default();
    needs::load(tx, &mut changes, &subjects).await?;
    for (at, subject) in events.iter().zip(&subjects) {
        match *subject {
            Subject::User(id, event) => user_directory::reducer::reduce(&mut changes, at, id, event)?,
            Subject::Role(id, event) => role_directory::reducer::reduce(&mut changes, at, id, event)?,
            Subject::Session(id, event) => sessions::reducer::reduce(&mut changes, at, id, event),
        }
    }
    changes.write(tx).await
}

/// Blanks what is personal about somebody whose key is erased, as a rebuild from then on would.
pub async fn erase(tx: &mut Tx<'_>, subject: &str) -> Result<(), Error> {
    // Read models know of nobody else.
    let Ok(user) = UserId::parse(subject) else {
        return Ok(());
    };
    for (statement, id) in [
        (
            "UPDATE user_directory SET username = $1 WHERE user_id = $2",
            user.to_string(),
        ),
        (
            "UPDATE role_directory SET name = $1 WHERE role_id = $2",
            user.own_role().to_string(),
        ),
        (
            "UPDATE sessions SET label = $1 WHERE user_id = $2",
            user.to_string(),
        ),
    ] {
        tx.execute(sql(statement).bind(ERASED).bind(id)).await?;
    }
    Ok(())
}

/// An event with the id of what it is about.
#[derive(Clone, Copy, Debug)]
enum Subject<'a> {
    User(UserId, &'a aggregates::user::UserEvent),
    Role(RoleId, &'a aggregates::role::RoleEvent),
    Session(SessionId, &'a aggregates::session::SessionEvent),
}

fn subject(recorded: &Recorded) -> Result<Subject<'_>, Error> {
    let id = recorded.aggregate_id.as_str();
    Ok(match &recorded.event {
        Event::User(event) => Subject::User(UserId::parse(id).map_err(unreadable)?, event),
        Event::Role(event) => Subject::Role(RoleId::parse(id).map_err(unreadable)?, event),
        Event::Session(event) => Subject::Session(SessionId::parse(id).map_err(unreadable)?, event),
    })
}
