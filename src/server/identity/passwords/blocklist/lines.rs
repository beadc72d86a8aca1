//! The sorted lines of a large file, of which each search reads a few.

use std::{cmp::Ordering, fs::File, os::unix::fs::FileExt};

use super::{BlocklistError, NoHash};

/// The longest line, in bytes. No password is longer.
pub(super) const LONGEST: usize = 4_096;

/// The lines of a file.
#[derive(Debug)]
pub(super) struct Lines {
    file: File,
    bytes: u64,
}

/// A line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// The place of its first byte.
    pub(super) start: u64,
    /// The place of the first byte behind it and its end.
    pub(super) end: u64,
    /// The line without its end.
    pub(super) text: Vec<u8>,
}

impl Lines {
    pub(super) fn new(file: File) -> Result<Self, BlocklistError> {
        let bytes = file.metadata()?.len();
        Ok(Self { file, bytes })
    }

    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// The size of the file.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Whether one of the lines equals what is searched. `compare` says how a line compares with it.
    pub(super) fn have(
        &self,
        compare: impl Fn(&[u8]) -> Result<Ordering, NoHash>,
    ) -> Result<bool, BlocklistError> {
        // If there is such a line, one begins at or after `low` and before `high`.
        let (mut low, mut high) = (0, self.bytes);
        while low < high {
            let middle = low + (high - low) / 2;
            let line = match self.at_or_after(middle)? {
                Some(line) if line.start < high => line,
                Some(_) | None => {
                    high = middle;
                    continue;
                }
            };
            match compare(&line.text).map_err(|_| BlocklistError::NotAHash(line.start))? {
                Ordering::Equal => return Ok(true),
                Ordering::Less => low = line.end,
                Ordering::Greater => high = middle,
            }
        }
        Ok(false)
    }

    /// The first line that begins at this place or after it.
    pub(super) fn at_or_after(&self, at: u64) -> Result<Option<Line>, BlocklistError> {
        // A line begins behind the end of another one, so the byte before this place is looked at, too.
        let from = at.saturating_sub(1);
        let read = self.read(from)?;
        let start = match at {
            0 => 0,
            _ => match read.iter().take(LONGEST + 2).position(|byte| *byte == b'\n') {
                Some(end) => end + 1,
                // The last line has begun before.
                None if from + read.len() as u64 >= self.bytes => return Ok(None),
                None => return Err(BlocklistError::LongLine(from)),
            },
        };
        let line = read.get(start..).unwrap_or_default();
        let start = from + start as u64;
        if start >= self.bytes {
            return Ok(None);
        }
        let length = match line.iter().position(|byte| *byte == b'\n') {
            Some(end) => end + 1,
            None if start + line.len() as u64 >= self.bytes => line.len(),
            None => return Err(BlocklistError::LongLine(start)),
        };
        let text = text(line.get(..length).unwrap_or(line));
        if text.len() > LONGEST {
            return Err(BlocklistError::LongLine(start));
        }
        Ok(Some(Line {
            start,
            end: start + length as u64,
            text: text.to_vec(),
        }))
    }

    /// What the file has from this place on: the rest of a line and another line, or everything up to the end.
    fn read(&self, from: u64) -> Result<Vec<u8>, BlocklistError> {
        // Each may have two bytes behind it.
        let most = 2 * (LONGEST as u64 + 2);
        let wanted = most.min(self.bytes.saturating_sub(from));
        let mut read = vec![0; usize::try_from(wanted).unwrap_or_default()];
        self.file
            .read_exact_at(&mut read, from)
            .map_err(|error| match error.kind() {
                std::io::ErrorKind::UnexpectedEof => BlocklistError::Shorter,
                _ => error.into(),
            })?;
        Ok(read)
    }
}

/// A line without its end, which is that of Unix or of Windows.
pub(super) fn text(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}
