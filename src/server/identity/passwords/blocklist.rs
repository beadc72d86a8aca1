//! The operator's list of passwords that nobody may use.
//!
//! The file has one password in each line, or one `SHA1:count`, as the ordered list of Have I Been Pwned has. Its lines are sorted by their
//! bytes. It is never loaded: each search reads a few places of it. The file is opened once, so a list that replaces it by renaming counts from
//! the next reading of the settings.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read},
    path::Path,
};

use sha1::{Digest, Sha1};

use self::lines::{LONGEST, Lines};

mod lines;

/// Files up to this size are checked line by line, larger ones at [`PLACES`] places.
const SMALL: u64 = 64 << 20;
/// At how many places a large file is checked. A list in another order has no chance to look sorted at all of them.
const PLACES: u64 = 1_024;

/// A list of passwords.
#[derive(Debug)]
pub struct Blocklist {
    lines: Lines,
    form: Form,
}

/// What a line has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// A password.
    Plain,
    /// The SHA-1 of a password in hexadecimal, perhaps with a colon and a number behind it.
    Sha1,
}

/// Why a list cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BlocklistError {
    /// The file cannot be read.
    #[error("cannot read the file: {0}")]
    Io(#[from] std::io::Error),
    /// The path is not that of a file.
    #[error("this is not a regular file")]
    NotAFile,
    /// The file is empty.
    #[error("the file is empty")]
    Empty,
    /// The first line has a hash of another kind.
    #[error(
        "the first line has a hash, but not of SHA-1: download the list of SHA-1 hashes, ordered by hash"
    )]
    OtherHash,
    /// A line is too long.
    #[error("the line at byte {0} is longer than {LONGEST} bytes")]
    LongLine(u64),
    /// A line of a list of hashes has no hash.
    #[error("the line at byte {0} is not `SHA1:count`, as the first line is")]
    NotAHash(u64),
    /// The lines are not sorted.
    #[error("the line at byte {0} is out of order: sort the list by bytes, with `LC_ALL=C sort -u`")]
    Unsorted(u64),
    /// Somebody wrote to the file.
    #[error("the file became shorter while the server used it")]
    Shorter,
}

impl Blocklist {
    /// Opens a list and checks it.
    pub fn open(path: &Path) -> Result<Self, BlocklistError> {
        // Opening a pipe could wait for ever.
        if !std::fs::metadata(path)?.is_file() {
            return Err(BlocklistError::NotAFile);
        }
        let lines = Lines::new(File::open(path)?)?;
        let first = lines.at_or_after(0)?.ok_or(BlocklistError::Empty)?;
        let list = Self {
            form: Form::of(&first.text)?,
            lines,
        };
        match list.lines.bytes() <= SMALL {
            true => list.check_all()?,
            false => list.check_places()?,
        }
        Ok(list)
    }

    /// Whether a password is on the list. Reads the file.
    pub(super) fn has(&self, password: &str) -> Result<bool, BlocklistError> {
        match self.form {
            Form::Plain => self.lines.have(|text| Ok(text.cmp(password.as_bytes()))),
            Form::Sha1 => {
                let wanted: [u8; 20] = Sha1::digest(password).into();
                self.lines.have(|text| hash(text).map(|hash| hash.cmp(&wanted)))
            }
        }
    }

    fn check_all(&self) -> Result<(), BlocklistError> {
        let mut reader = BufReader::new(self.lines.file());
        let (mut at, mut before, mut line) = (0, Vec::new(), Vec::new());
        loop {
            line.clear();
            let read = reader
                .by_ref()
                .take(LONGEST as u64 + 2)
                .read_until(b'\n', &mut line)?;
            if read == 0 {
                return Ok(());
            }
            let text = lines::text(&line);
            if text.len() > LONGEST {
                return Err(BlocklistError::LongLine(at));
            }
            let key = self.form.key(text, at)?;
            if before > key {
                return Err(BlocklistError::Unsorted(at));
            }
            before = key;
            at += read as u64;
        }
    }

    fn check_places(&self) -> Result<(), BlocklistError> {
        let mut before = Vec::new();
        for place in 0..PLACES {
            let at = self.lines.bytes() / PLACES * place;
            let Some(line) = self.lines.at_or_after(at)? else {
                return Ok(());
            };
            let key = self.form.key(&line.text, line.start)?;
            if before > key {
                return Err(BlocklistError::Unsorted(line.start));
            }
            before = key;
        }
        Ok(())
    }
}

impl Form {
    /// The form of a list whose first line this is.
    fn of(first: &[u8]) -> Result<Self, BlocklistError> {
        if hash(first).is_ok() {
            return Ok(Self::Sha1);
        }
        let (digits, count) = split(first);
        let is_hash = digits.len() >= 32 && digits.iter().all(u8::is_ascii_hexdigit);
        match is_hash && (count.is_some() || digits.len().is_multiple_of(32)) {
            true => Err(BlocklistError::OtherHash),
            false => Ok(Self::Plain),
        }
    }

    /// That by which the lines are sorted.
    fn key(self, text: &[u8], at: u64) -> Result<Vec<u8>, BlocklistError> {
        match self {
            Self::Plain => Ok(text.to_vec()),
            Self::Sha1 => hash(text)
                .map(|hash| hash.to_vec())
                .map_err(|_| BlocklistError::NotAHash(at)),
        }
    }
}

/// What is before and behind the colon.
fn split(text: &[u8]) -> (&[u8], Option<&[u8]>) {
    let mut parts = text.splitn(2, |byte| *byte == b':');
    (parts.next().unwrap_or_default(), parts.next())
}

/// The hash in a line.
fn hash(text: &[u8]) -> Result<[u8; 20], NoHash> {
    let (digits, count) = split(text);
    let is_count = |count: &[u8]| !count.is_empty() && count.iter().all(u8::is_ascii_digit);
    if digits.len() != 40 || !count.is_none_or(is_count) {
        return Err(NoHash);
    }
    let mut hash = [0; 20];
    for (to, pair) in hash.iter_mut().zip(digits.chunks(2)) {
        let pair = std::str::from_utf8(pair).map_err(|_| NoHash)?;
        let is_digits = pair.bytes().all(|digit| digit.is_ascii_hexdigit());
        *to = u8::from_str_radix(pair, 16)
            .ok()
            .filter(|_| is_digits)
            .ok_or(NoHash)?;
    }
    Ok(hash)
}

/// A line has no SHA-1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct NoHash;

#[cfg(test)]
mod tests;
