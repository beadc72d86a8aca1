//! Sealed states: a snapshot is sealed as a whole.

use super::{LedgerError, Sealer, SubjectKeys, open_box};

/// The snapshot to which a box belongs. A box that is moved to another row, or whose row is changed, does not open.
pub(in super::super) struct SnapshotName<'a> {
    pub(in super::super) aggregate_type: &'a str,
    pub(in super::super) aggregate_id: &'a str,
    pub(in super::super) version: i64,
    pub(in super::super) sequence: i64,
    pub(in super::super) position: i64,
    pub(in super::super) hash: &'a [u8],
}

impl SnapshotName<'_> {
    fn additional_data(&self) -> String {
        let hash = crate::chain::hexadecimal(self.hash);
        format!(
            "snapshot\0{}\0{}\0{}\0{}\0{}\0{hash}",
            self.aggregate_type, self.aggregate_id, self.version, self.sequence, self.position
        )
    }
}

impl Sealer {
    /// Seals a state under a person's key, or under the server's key if there is no person. Returns `None` if the person's key
    /// is erased. `keys` must contain the person's key.
    pub(in super::super) fn seal_state(
        &self,
        name: &SnapshotName<'_>,
        person: Option<&str>,
        state: &[u8],
        keys: &SubjectKeys,
    ) -> Result<Option<Vec<u8>>, LedgerError> {
        let key = match person.map(|person| keys.get(person)) {
            None => &self.server,
            Some(Some(Some(key))) => key,
            Some(Some(None)) => return Ok(None),
            Some(None) => return Err(LedgerError::Sealed("a subject's key was not loaded")),
        };
        self.lock_box(key, state, &name.additional_data()).map(Some)
    }

    /// The state that [`Sealer::seal_state`] sealed; `None` if the person's key is erased.
    pub(in super::super) fn open_state(
        &self,
        name: &SnapshotName<'_>,
        person: Option<&str>,
        sealed: &[u8],
        keys: &SubjectKeys,
    ) -> Result<Option<zeroize::Zeroizing<Vec<u8>>>, LedgerError> {
        let data = name.additional_data();
        let state = match person.map(|person| keys.get(person)) {
            None => self.open_servers(sealed, &data)?,
            Some(Some(Some(key))) => open_box(key, sealed, &data)?,
            Some(Some(None) | None) => return Ok(None),
        };
        Ok(Some(state.into()))
    }
}
