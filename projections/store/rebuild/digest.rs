//! One digest for the whole content of a table, the same on both engines.

use sha2::{Digest as _, Sha256};

use super::copy::Pages;
use crate::store::{
    sql::{Argument, Error, Tx},
    table::Table,
};

/// The SHA-256 over a table's name, its columns, and all its rows in the order of the key. It reads a page at a time.
pub async fn digest(tx: &mut Tx<'_>, table: &Table) -> Result<[u8; 32], Error> {
    let mut hash = Sha256::new();
    text(&mut hash, table.name);
    for (name, _) in table.columns {
        text(&mut hash, name);
    }
    let mut pages = Pages::new(table);
    loop {
        let rows = pages.next(tx).await?;
        if rows.is_empty() {
            return Ok(hash.finalize().into());
        }
        rows.iter().flatten().for_each(|value| put(&mut hash, value));
    }
}

/// Hashes a tag for the kind, so that two different rows never give the same bytes; then the value, with its length
/// before it if the length varies.
fn put(hash: &mut Sha256, value: &Argument<'_>) {
    match value {
        Argument::Text(None) | Argument::Id(None) | Argument::Int(None) | Argument::Bool(None) => {
            hash.update([0]);
        }
        Argument::Text(Some(value)) => {
            hash.update([1]);
            text(hash, value);
        }
        Argument::Int(Some(value)) => {
            hash.update([2]);
            hash.update(value.to_be_bytes());
        }
        Argument::Bool(Some(value)) => hash.update([3, u8::from(*value)]),
        Argument::Bytes(value) => {
            hash.update([4]);
            bytes(hash, value);
        }
        Argument::Json(value) => {
            hash.update([5]);
            text(hash, value.get());
        }
        Argument::Id(Some(value)) => {
            hash.update([6]);
            hash.update(value.as_bytes());
        }
    }
}

fn text(hash: &mut Sha256, text: &str) {
    bytes(hash, text.as_bytes());
}

fn bytes(hash: &mut Sha256, bytes: &[u8]) {
    hash.update((bytes.len() as u64).to_be_bytes());
    hash.update(bytes);
}
