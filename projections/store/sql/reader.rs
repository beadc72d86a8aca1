//! A separate connection for a task that reads all the time.

use super::{Db, Error, Row, Statement, Tx, is_about_data, own::Own};

/// Something that answers reading statements.
pub trait Read: Send {
    /// All rows of one statement.
    fn all(&mut self, statement: Statement<'_>) -> impl Future<Output = Result<Vec<Row>, Error>> + Send;
}

impl Read for &Db {
    async fn all(&mut self, statement: Statement<'_>) -> Result<Vec<Row>, Error> {
        Db::all(self, statement).await
    }
}

impl Read for Tx<'_> {
    async fn all(&mut self, statement: Statement<'_>) -> Result<Vec<Row>, Error> {
        Tx::all(self, statement).await
    }
}

/// One connection, kept for one reader. Its statements do not wait while others use all connections of a pool. If
/// connecting fails, the reader gets the cause, which a pool would hide.
#[derive(Debug)]
pub struct Reader {
    db: Db,
    kept: Option<Own>,
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

impl Read for Reader {
    async fn all(&mut self, statement: Statement<'_>) -> Result<Vec<Row>, Error> {
        // The reader keeps the connection again only after an answer: a connection that was abandoned during a
        // statement is closed.
        if let Some(mut own) = self.kept.take() {
            match own.all(&statement).await {
                // The connection may be broken. Try once more on a new one.
                Err(error) if !is_about_data(&error) => {}
                answered => {
                    self.kept = Some(own);
                    return answered;
                }
            }
        }
        let mut own = self.db.connect().await?;
        let rows = own.all(&statement).await?;
        self.kept = Some(own);
        Ok(rows)
    }
}

impl Reader {
    /// Closes the connection. The next statement opens a new one.
    pub async fn close(&mut self) {
        if let Some(own) = self.kept.take() {
            own.close().await;
        }
    }
}
