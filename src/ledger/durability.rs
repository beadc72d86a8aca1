//! What the settings of the database mean for acknowledged writes.

use projections::sql::{Db, sql};

use super::LedgerError;

/// The settings of a Postgres database on which it depends what a commit is worth. A setting that the database does not know is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Durability {
    commit: Option<String>,
    standbys: Option<String>,
    encoding: Option<String>,
}

/// Something that an operator should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Concern {
    /// Acknowledged writes can be lost although the machine of the database goes on.
    Loses(&'static str),
    /// Acknowledged writes can be lost if the machine of the database does not come back.
    Lacks(&'static str),
}

impl Durability {
    /// Reads the settings. `None` on SQLite.
    pub async fn of(db: &Db) -> Result<Option<Self>, LedgerError> {
        if !matches!(db, Db::Postgres(_)) {
            return Ok(None);
        }
        let settings = "SELECT current_setting('synchronous_commit', true), current_setting('synchronous_standby_names', true), \
                        current_setting('server_encoding', true)";
        let Some(row) = db.optional(sql(settings)).await? else {
            return Ok(None);
        };
        Ok(Some(Self {
            commit: row.text_or_null(0)?,
            standbys: row.text_or_null(1)?,
            encoding: row.text_or_null(2)?,
        }))
    }

    /// The encoding of the database, if it cannot store every name.
    pub fn narrow_encoding(&self) -> Option<&str> {
        self.encoding.as_deref().filter(|encoding| *encoding != "UTF8")
    }

    /// What an operator should know.
    pub fn concerns(&self) -> Vec<Concern> {
        let commit = self.commit.as_deref();
        let mut concerns = Vec::new();
        let has_standby = self
            .standbys
            .as_deref()
            .is_some_and(|names| !names.trim().is_empty());
        if commit == Some("off") {
            concerns.push(Concern::Loses(
                "synchronous_commit is off: if the database crashes, acknowledged writes of the last moments are lost",
            ));
        }
        if has_standby && commit == Some("local") {
            concerns.push(Concern::Loses(
                "synchronous_commit is local: commits do not wait for the standby, so a fail-over loses acknowledged writes",
            ));
        }
        if self.standbys.is_some() && !has_standby {
            concerns.push(Concern::Lacks(
                "there is no synchronous standby (synchronous_standby_names): a fail-over to a standby loses acknowledged writes, and a node \
                 that is left on the old primary goes on answering",
            ));
        }
        concerns
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(commit: &str, standbys: &str, encoding: &str) -> Durability {
        Durability {
            commit: Some(commit.to_owned()),
            standbys: Some(standbys.to_owned()),
            encoding: Some(encoding.to_owned()),
        }
    }

    #[test]
    fn what_can_be_lost_is_said() {
        assert_eq!(of("on", "ANY 1 (a, b)", "UTF8").concerns(), []);
        assert_eq!(of("remote_apply", "*", "UTF8").concerns(), []);
        assert!(matches!(
            of("on", " ", "UTF8").concerns()[..],
            [Concern::Lacks(_)]
        ));
        assert!(matches!(
            of("off", "*", "UTF8").concerns()[..],
            [Concern::Loses(_)]
        ));
        assert!(matches!(
            of("local", "*", "UTF8").concerns()[..],
            [Concern::Loses(_)]
        ));
        assert!(matches!(
            of("off", "", "UTF8").concerns()[..],
            [Concern::Loses(_), Concern::Lacks(_)]
        ));
        assert_eq!(Durability::default().concerns(), []);
    }

    #[test]
    fn an_encoding_that_is_not_utf8_is_too_narrow() {
        assert_eq!(of("on", "*", "UTF8").narrow_encoding(), None);
        assert_eq!(of("on", "*", "LATIN1").narrow_encoding(), Some("LATIN1"));
        assert_eq!(Durability::default().narrow_encoding(), None);
    }
}
