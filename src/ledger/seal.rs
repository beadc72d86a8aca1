//! Sealed fields: secret fields under the server's key, personal fields under one key per person.
//!
//! A box is an XChaCha20-Poly1305 nonce and ciphertext. Its additional data names the event and the field, so a box that is moved
//! elsewhere does not open. A person's key is random and is stored in `subject_keys`, wrapped under the server's key.
//! Erasing it leaves a tombstone, and everything sealed under it reads as [`ERASED`].

mod append;
mod blank;
mod keyring;
mod period;
mod state;

use std::{
    collections::{BTreeSet, HashMap},
    num::NonZeroUsize,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use aggregates::{
    EventForm,
    sealing::{ERASED, Seal},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chacha20poly1305::{
    XChaCha20Poly1305, XNonce,
    aead::{Aead, KeyInit, Payload},
};
use lru::LruCache;
use projections::sql::{Read, Row, Statement, Tx, filled, placeholders, rounded, sql};
use serde_json::Value;

use super::{
    LedgerError, MasterKey, Metadata,
    keys::keyed_hash,
    sealed::{Parts, SERVER, sealed, subjects_of},
};
use crate::ids::Entropy;

pub(super) use {
    append::SUBJECT_KEYS, blank::blank_payload, keyring::Keyring, period::PeriodKey, state::SnapshotName,
};

/// How many people's keys stay unwrapped in memory.
const KEYS_IN_MEMORY: NonZeroUsize = NonZeroUsize::new(100_000).unwrap();
/// How many subjects one statement names at most.
const SUBJECTS_PER_STATEMENT: usize = 1_024;
/// The length of an XChaCha20 nonce.
const NONCE_BYTES: usize = 24;
/// A box opens, but its content is not JSON.
pub(super) const NOT_JSON: LedgerError = LedgerError::Sealed("a box does not hold JSON");

/// A person's key: `None` once it is erased.
type SubjectKey = Option<Arc<XChaCha20Poly1305>>;
/// The known keys, by subject.
pub(super) type SubjectKeys = HashMap<String, SubjectKey>;

/// Seals fields on append and opens them on load.
pub struct Sealer {
    server: XChaCha20Poly1305,
    /// What sealed before, the newest first.
    older: Vec<XChaCha20Poly1305>,
    claims: zeroize::Zeroizing<[u8; 32]>,
    /// The key from which everything is derived that never changes.
    oldest: MasterKey,
    /// The key that seals now.
    newest: MasterKey,
    known: Mutex<Known>,
    entropy: Arc<dyn Entropy>,
}

/// The keys in memory. The memory also keeps that a key is erased.
struct Known {
    keys: LruCache<String, SubjectKey>,
    /// How often all keys were forgotten. A key that was read before the last time may be erased.
    forgotten: u64,
}

/// The event to which a box belongs.
pub(super) struct EventName<'a> {
    pub(super) aggregate_type: &'a str,
    pub(super) aggregate_id: &'a str,
    pub(super) sequence: i64,
    pub(super) event_type: &'a str,
}

impl EventName<'_> {
    fn additional_data(&self, field: &str) -> String {
        format!(
            "{}\0{}\0{}\0{}\0{field}",
            self.aggregate_type, self.aggregate_id, self.sequence, self.event_type
        )
    }
}

impl Sealer {
    /// A sealer with the keys that are derived from those of a ring.
    pub(super) fn new(keys: &Keyring, entropy: Arc<dyn Entropy>) -> Self {
        let (server, older) = keys.ciphers();
        Self {
            server,
            older,
            claims: keys.oldest().derive("claims"),
            oldest: keys.oldest().clone(),
            newest: keys.newest().clone(),
            known: Mutex::new(Known {
                keys: LruCache::new(KEYS_IN_MEMORY),
                forgotten: 0,
            }),
            entropy,
        }
    }

    /// The stored form of a personal claim's value.
    pub(super) fn claim_hash(&self, value: &str) -> String {
        URL_SAFE_NO_PAD.encode(keyed_hash(&self.claims, value))
    }

    /// Seals the declared fields of a payload. If there is a personal field, `keys` must contain the subject's key.
    pub(super) fn seal_payload(
        &self,
        name: &EventName<'_>,
        (form, subject): (&EventForm, &str),
        payload: &mut Value,
        keys: &SubjectKeys,
    ) -> Result<(), LedgerError> {
        for (field, seal) in form.sealed {
            let Some(value) = payload.get_mut(*field).filter(|value| !value.is_null()) else {
                continue;
            };
            let clear = value.take().to_string();
            let data = name.additional_data(field);
            *value = match seal {
                Seal::Secret => sealed(SERVER, &self.lock_box(&self.server, clear.as_bytes(), &data)?),
                Seal::Personal => match keys.get(subject) {
                    Some(Some(key)) => sealed(subject, &self.lock_box(key, clear.as_bytes(), &data)?),
                    Some(None) => Value::from(ERASED),
                    None => return Err(LedgerError::Sealed("a subject's key was not loaded")),
                },
            };
        }
        Ok(())
    }

    /// Opens every sealed field of a payload.
    pub(super) fn open_payload(
        &self,
        name: &EventName<'_>,
        payload: &mut Value,
        keys: &SubjectKeys,
    ) -> Result<(), LedgerError> {
        let Value::Object(fields) = payload else {
            return Ok(());
        };
        for (field, value) in fields.iter_mut() {
            let Some(parts) = Parts::of(value) else {
                continue;
            };
            *value = match self.open_field(name, field, parts, keys)? {
                Some(clear) => serde_json::from_slice(&clear).map_err(|_| NOT_JSON)?,
                None => Value::from(ERASED),
            };
        }
        Ok(())
    }

    /// The JSON of a sealed field; `None` if its key is erased.
    pub(super) fn open_field(
        &self,
        name: &EventName<'_>,
        field: &str,
        parts: Parts<'_>,
        keys: &SubjectKeys,
    ) -> Result<Option<Vec<u8>>, LedgerError> {
        let data = name.additional_data(field);
        match parts.subject().map(|subject| keys.get(subject)) {
            None => self.open_servers_text(parts.boxed, &data).map(Some),
            Some(Some(Some(key))) => open_text(key, parts.boxed, &data).map(Some),
            Some(Some(None) | None) => Ok(None),
        }
    }

    /// Seals the address under the actor's key.
    pub(super) fn seal_address(
        &self,
        metadata: &mut Metadata,
        keys: &SubjectKeys,
    ) -> Result<(), LedgerError> {
        if let Some(address) = metadata.address.take() {
            metadata.address = match keys.get(&metadata.actor) {
                Some(Some(key)) => {
                    let data = address_data(&metadata.actor);
                    Some(URL_SAFE_NO_PAD.encode(self.lock_box(key, address.as_bytes(), &data)?))
                }
                _ => None,
            };
        }
        Ok(())
    }

    /// The address in stored metadata; `None` if there is none, or if its key is erased.
    pub(super) fn open_address(
        &self,
        metadata: &Metadata,
        keys: &SubjectKeys,
    ) -> Result<Option<String>, LedgerError> {
        let (Some(boxed), Some(Some(key))) = (&metadata.address, keys.get(&metadata.actor)) else {
            return Ok(None);
        };
        let clear = open_text(key, boxed, &address_data(&metadata.actor))?;
        let not_text = |_| LedgerError::Sealed("an address is not a text");
        String::from_utf8(clear).map(Some).map_err(not_text)
    }

    /// Remembers the keys that an append made or read. It must be committed. If all keys were forgotten after these were read
    /// (the number is no longer `forgotten`), they are not remembered.
    pub(super) fn remember(&self, keys: SubjectKeys, forgotten: u64) {
        let mut known = self.known();
        if known.forgotten == forgotten {
            known.remember(keys);
        }
    }

    /// The keys that sealed these payloads.
    pub(super) async fn keys_to_open<'a>(
        &self,
        db: &mut dyn Read,
        payloads: impl IntoIterator<Item = &'a Value>,
    ) -> Result<SubjectKeys, LedgerError> {
        let subjects = payloads.into_iter().flat_map(subjects_of).collect();
        self.keys_of(db, subjects).await
    }

    /// The keys of these subjects.
    pub(super) async fn keys_of(
        &self,
        db: &mut dyn Read,
        subjects: BTreeSet<String>,
    ) -> Result<SubjectKeys, LedgerError> {
        let forgotten = self.known().forgotten;
        let (mut keys, unknown) = self.known_keys(subjects);
        if unknown.is_empty() {
            return Ok(keys);
        }
        for chunk in unknown.chunks(SUBJECTS_PER_STATEMENT) {
            for row in db.all(select_keys(chunk)).await? {
                let (subject, key) = self.read_key(&row)?;
                keys.insert(subject, key);
            }
        }
        let mut known = self.known();
        if known.forgotten == forgotten {
            known.remember(keys.clone());
        }
        Ok(keys)
    }

    /// Erases a subject's key inside `tx`, and leaves a tombstone so that no new key is made. Returns whether there was
    /// a key.
    pub(super) async fn erase(&self, tx: &mut Tx<'_>, subject: &str) -> Result<bool, LedgerError> {
        let erase =
            "UPDATE subject_keys SET wrapped_key = NULL WHERE subject = $1 AND wrapped_key IS NOT NULL";
        let erased = tx.execute(sql(erase).bind(subject)).await?;
        let bury = "INSERT INTO subject_keys (subject, wrapped_key) VALUES ($1, NULL) \
                    ON CONFLICT (subject) DO NOTHING";
        tx.execute(sql(bury).bind(subject)).await?;
        Ok(erased == 1)
    }

    /// Drops a subject's key from memory, since it is erased.
    pub(super) fn forget(&self, subject: &str) {
        self.known().keys.put(subject.to_owned(), None);
    }

    /// Drops all keys from memory, because some of them may be erased.
    pub(super) fn forget_all(&self) {
        let mut known = self.known();
        known.keys.clear();
        known.forgotten += 1;
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn known_keys(&self, subjects: BTreeSet<String>) -> (SubjectKeys, Vec<String>) {
        let mut known = self.known();
        let mut keys = SubjectKeys::with_capacity(subjects.len());
        let mut unknown = Vec::new();
        for subject in subjects {
            match known.keys.get(&subject) {
                Some(key) => drop(keys.insert(subject, key.clone())),
                None => unknown.push(subject),
            }
        }
        (keys, unknown)
    }

    fn read_key(&self, row: &Row) -> Result<(String, SubjectKey), LedgerError> {
        let subject = row.text(0)?;
        let key = match row.bytes_or_null(1)? {
            None => None,
            Some(wrapped) => {
                let clear = zeroize::Zeroizing::new(self.open_servers(&wrapped, &wrapping(&subject))?);
                let key = XChaCha20Poly1305::new_from_slice(&clear)
                    .map_err(|_| LedgerError::Sealed("a subject's key has the wrong length"))?;
                Some(Arc::new(key))
            }
        };
        Ok((subject, key))
    }

    fn lock_box(&self, key: &XChaCha20Poly1305, clear: &[u8], data: &str) -> Result<Vec<u8>, LedgerError> {
        lock(self.entropy.as_ref(), key, clear, data)
    }
}

impl Known {
    fn remember(&mut self, keys: SubjectKeys) {
        for (subject, key) in keys {
            // A key that was read before it was erased must not come back.
            if !matches!(self.keys.peek(&subject), Some(None)) {
                self.keys.put(subject, key);
            }
        }
    }
}

fn select_keys(subjects: &[String]) -> Statement<'_> {
    let count = rounded(subjects.len());
    let text = format!(
        "SELECT subject, wrapped_key FROM subject_keys WHERE subject IN {}",
        placeholders(1, 1, count)
    );
    sql(text).bind_all(filled(subjects, count).map(String::as_str))
}

fn wrapping(subject: &str) -> String {
    format!("subject key\0{subject}")
}

/// The additional data of an actor's address.
fn address_data(actor: &str) -> String {
    format!("address\0{actor}")
}

fn lock(
    entropy: &dyn Entropy,
    key: &XChaCha20Poly1305,
    clear: &[u8],
    data: &str,
) -> Result<Vec<u8>, LedgerError> {
    let mut boxed = vec![0; NONCE_BYTES];
    entropy.fill(&mut boxed);
    let payload = Payload {
        msg: clear,
        aad: data.as_bytes(),
    };
    let ciphertext = key
        .encrypt(XNonce::from_slice(&boxed), payload)
        .map_err(|_| LedgerError::Sealed("a field is too large to seal"))?;
    boxed.extend(ciphertext);
    Ok(boxed)
}

fn open_text(key: &XChaCha20Poly1305, boxed: &str, data: &str) -> Result<Vec<u8>, LedgerError> {
    let boxed = URL_SAFE_NO_PAD
        .decode(boxed)
        .map_err(|_| LedgerError::Sealed("a box is not base64url"))?;
    open_box(key, &boxed, data)
}

fn open_box(key: &XChaCha20Poly1305, boxed: &[u8], data: &str) -> Result<Vec<u8>, LedgerError> {
    let (nonce, ciphertext) = boxed
        .split_at_checked(NONCE_BYTES)
        .ok_or(LedgerError::Sealed("a box is too short"))?;
    key.decrypt(
        XNonce::from_slice(nonce),
        Payload {
            msg: ciphertext,
            aad: data.as_bytes(),
        },
    )
    .map_err(|_| LedgerError::Sealed("a box does not open under its key"))
}
