//! A separate connection for a task that reads all the time.

use super::{Boxed, Db, Error, Row, Server, Statement, Tx, is_about_data, own::Own};

/// Something that answers reading statements.
pub trait Read: Send {
    /// All rows of one statement.
    fn all<'a>(&'a mut self, statement: Statement<'a>) -> Boxed<'a, Result<Vec<Row>, Error>>;
}

/// Each statement has its own snapshot.
impl Read for &Db {
    fn all<'a>(&'a mut self, statement: Statement<'a>) -> Boxed<'a, Result<Vec<Row>, Error>> {
        Db::all(self, statement)
    }
}

/// Each statement reads inside the transaction.
impl Read for Tx<'_> {
    fn all<'a>(&'a mut self, statement: Statement<'a>) -> Boxed<'a, Result<Vec<Row>, Error>> {
        Tx::all(self, statement)
    }
}

/// One connection, kept for one reader. Its statements do not wait while others use all connections of a pool. If
/// connecting fails, the reader gets the cause, which a pool would hide.
#[derive(Debug)]
pub struct Reader {
    db: Db,
    /// The connection, and the server that it goes to.
    kept: Option<(Server, Own)>,
}

impl Db {
    /// A separate connection for a task that reads all the time. It opens with the first statement.
    pub fn reader(&self) -> Reader {
        Reader {
            db: self.clone(),
            kept: None,
        }
    }
}

/// Each statement has its own snapshot.
impl Read for Reader {
    fn all<'a>(&'a mut self, statement: Statement<'a>) -> Boxed<'a, Result<Vec<Row>, Error>> {
        Box::pin(self.ask(statement))
    }
}

impl Reader {
    async fn ask(&mut self, statement: Statement<'_>) -> Result<Vec<Row>, Error> {
        // The reader keeps the connection again only after an answer: a connection that was abandoned during a
        // statement is closed.
        let kept = self.kept.take();
        if let Some((server, mut own)) = kept.filter(|(server, _)| *server == self.db.server()) {
            match self.db.unless_moved(server, own.all(&statement)).await {
                // The connection may be broken. Try once more on a new one.
                Err(error) if !is_about_data(&error) => {}
                answered => {
                    self.kept = Some((server, own));
                    return answered;
                }
            }
        }
        let server = self.db.server();
        let asking = async {
            let mut own = self.db.connect().await?;
            let rows = own.all(&statement).await?;
            Ok((own, rows))
        };
        let (own, rows) = self.db.unless_moved(server, asking).await?;
        self.kept = Some((server, own));
        Ok(rows)
    }

    /// Drops the connection. The next statement opens a new one.
    pub fn abandon(&mut self) {
        self.kept = None;
    }

    /// Closes the connection. The next statement opens a new one.
    pub async fn close(&mut self) {
        if let Some((_, own)) = self.kept.take() {
            own.close().await;
        }
    }
}
