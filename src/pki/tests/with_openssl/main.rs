//! What openssl makes we read or refuse, and what we make openssl accepts.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod answers;
mod authorities;
mod folder;
mod imports;
mod lists;
mod messages;
mod requests;
