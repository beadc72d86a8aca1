//! What only Postgres has: messages between processes, and a lock that makes one process the only one.

use sqlx::{Postgres, pool::PoolConnection, postgres::PgListener};

use super::{Boxed, Db, Error, Server, Tx, servers::moved};

/// Receives the messages of other processes.
pub type Listener = PgListener;

impl Db {
    /// Sends `message` to other processes on the same Postgres, on `channel`. SQLite has no other processes.
    pub fn notify<'a>(&'a self, channel: &'a str, message: &'a str) -> Boxed<'a, Result<(), Error>> {
        Box::pin(async move {
            if let Self::Postgres(servers) = self {
                // A transaction with a message waits for the disk like a transaction that writes. This is not
                // necessary: if the machine fails, nobody needs the lost message.
                let (server, pool) = servers.current();
                let sent =
                    sqlx::query("SELECT set_config('synchronous_commit', 'off', true), pg_notify($1, $2)")
                        .bind(channel)
                        .bind(message)
                        .execute(&pool);
                servers.unless_moved(server, sent).await?;
            }
            Ok(())
        })
    }

    /// Listens to the messages of other processes on `channel`; `None` on SQLite.
    pub fn listen<'a>(&'a self, channel: &'a str) -> Boxed<'a, Result<Option<Listener>, Error>> {
        Box::pin(async move {
            match self {
                Self::Postgres(servers) => {
                    let (server, pool) = servers.current();
                    let listening = async {
                        let mut listener = PgListener::connect_with(&pool).await?;
                        // If the connection is lost, the listener must get an error, not silently a new connection.
                        listener.eager_reconnect(false);
                        listener.listen(channel).await?;
                        Ok(Some(listener))
                    };
                    servers.unless_moved(server, listening).await
                }
                Self::Sqlite { .. } => Ok(None),
            }
        })
    }

    /// The right to be the only process on this Postgres that does `name`, until the right is dropped. `None` if
    /// another process has it. On SQLite also `None`, since there is no other process.
    pub fn alone<'a>(&'a self, name: &'a str) -> Boxed<'a, Result<Option<Alone>, Error>> {
        Box::pin(async move {
            let Self::Postgres(servers) = self else {
                return Ok(None);
            };
            let (server, pool) = servers.current();
            let mut connection = servers.unless_moved(server, pool.acquire()).await?;
            // The connection ends together with the right: an advisory lock lives as long as its session.
            connection.close_on_drop();
            // Postgres may need a moment to notice that an interrupted owner of the right has gone.
            let set = sqlx::query("SET lock_timeout = '2s'").execute(&mut *connection);
            servers.unless_moved(server, set).await?;
            let asked = sqlx::query("SELECT pg_advisory_lock(hashtext($1))")
                .bind(name)
                .execute(&mut *connection);
            let asked = servers.unless_moved(server, asked).await;
            match asked {
                Ok(_) => Ok(Some(Alone {
                    connection,
                    db: self.clone(),
                    server,
                    name: name.to_owned(),
                })),
                // The error is lock_not_available (Postgres, appendix A).
                Err(error)
                    if error
                        .as_database_error()
                        .is_some_and(|e| e.code().as_deref() == Some("55P03")) =>
                {
                    Ok(None)
                }
                Err(error) => Err(error),
            }
        })
    }
}

impl Tx<'_> {
    /// Sends `message` to other processes on the same Postgres, on `channel`, once this transaction is committed. SQLite
    /// has no other processes.
    pub fn notify<'a>(&'a mut self, channel: &'a str, message: &'a str) -> Boxed<'a, Result<(), Error>> {
        Box::pin(async move {
            if let Self::Postgres(tx) = self {
                let (place, connection) = tx.parts();
                let sent = sqlx::query("SELECT pg_notify($1, $2)")
                    .bind(channel)
                    .bind(message)
                    .execute(connection);
                place.unless_moved(sent).await?;
            }
            Ok(())
        })
    }
}

/// The right that [`Db::alone`] gives to its caller.
#[derive(Debug)]
pub struct Alone {
    connection: PoolConnection<Postgres>,
    db: Db,
    server: Server,
    name: String,
}

impl Alone {
    /// Checks that the session that holds the right has not ended. The session ends when Postgres stops, even for a moment.
    pub fn check(&mut self) -> Boxed<'_, Result<(), Error>> {
        Box::pin(async move {
            let asked = sqlx::query("SELECT 1").execute(&mut *self.connection);
            self.db.unless_moved(self.server, asked).await?;
            // If another server became the primary, somebody else may have the right there.
            match self.db.server() == self.server {
                true => Ok(()),
                false => Err(moved()),
            }
        })
    }

    /// Gives up the right: after this returns, another process may have it. If the right is dropped instead, it ends
    /// when the database notices.
    pub fn give_up(mut self) -> Boxed<'static, Result<(), Error>> {
        Box::pin(async move {
            sqlx::query("SELECT pg_advisory_unlock(hashtext($1))")
                .bind(&self.name)
                .execute(&mut *self.connection)
                .await?;
            Ok(())
        })
    }
}
