//! The keys with which a batch seals: keys in memory, keys from the database, and new keys.

use std::{collections::BTreeSet, sync::Arc};

use chacha20poly1305::{KeyInit, XChaCha20Poly1305};
use projections::{
    sql::Read,
    store::{Kind, Merge, Table, Writes},
};

use super::{LedgerError, SUBJECTS_PER_STATEMENT, Sealer, SubjectKeys, select_keys, wrapping};

/// The keys with which a batch seals.
pub(in super::super) struct AppendKeys {
    /// All of them.
    pub(in super::super) all: SubjectKeys,
    /// Those that the batch makes.
    pub(in super::super) made: SubjectKeys,
    /// How often all keys had been forgotten before these were read.
    pub(in super::super) forgotten: u64,
}

/// The table of subject keys.
pub(in super::super) const SUBJECT_KEYS: Table = Table {
    name: "subject_keys",
    columns: &[("subject", Kind::Text), ("wrapped_key", Kind::Bytes)],
    key: &["subject"],
};

impl Sealer {
    /// Wraps the key of a person that another sealer has wrapped.
    pub(in super::super) fn wrap_again(
        &self,
        before: &Self,
        wrapped: &[u8],
        subject: &str,
    ) -> Result<Vec<u8>, LedgerError> {
        let data = wrapping(subject);
        let clear = zeroize::Zeroizing::new(before.open_servers(wrapped, &data)?);
        self.lock_box(&self.server, &clear, &data)
    }

    /// The keys of `subjects` for an append. Makes the missing keys, and adds them to what the batch writes. `made` are the
    /// keys that the batch in flight makes. Two processes cannot both write a key for the same subject: the batch is written
    /// only if no other process has moved the head.
    pub(in super::super) async fn keys_for_append(
        &self,
        db: &mut dyn Read,
        subjects: BTreeSet<String>,
        made: &SubjectKeys,
        writes: &mut Writes<'static>,
    ) -> Result<AppendKeys, LedgerError> {
        let forgotten = self.known().forgotten;
        let (mut known, unknown) = self.known_keys(subjects);
        let (mut fresh, mut rows) = (SubjectKeys::new(), Vec::new());
        let (in_flight, unknown): (Vec<_>, Vec<_>) = unknown
            .into_iter()
            .partition(|subject| made.contains_key(subject));
        for subject in in_flight {
            let key = made.get(&subject).cloned().flatten();
            known.insert(subject, key);
        }
        for chunk in unknown.chunks(SUBJECTS_PER_STATEMENT) {
            let mut missing: BTreeSet<&String> = chunk.iter().collect();
            for row in db.all(select_keys(chunk)).await? {
                let (subject, key) = self.read_key(&row)?;
                missing.remove(&subject);
                known.insert(subject, key);
            }
            for subject in missing {
                let mut clear = zeroize::Zeroizing::new([0; 32]);
                self.entropy.fill(clear.as_mut_slice());
                let wrapped = self.lock_box(&self.server, clear.as_slice(), &wrapping(subject))?;
                rows.push(vec![subject.clone().into(), wrapped.into()]);
                let key = XChaCha20Poly1305::new(clear.as_slice().into());
                fresh.insert(subject.clone(), Some(Arc::new(key)));
            }
        }
        writes.put(SUBJECT_KEYS, rows, Merge::New);
        known.extend(fresh.iter().map(|(subject, key)| (subject.clone(), key.clone())));
        Ok(AppendKeys {
            all: known,
            made: fresh,
            forgotten,
        })
    }
}
