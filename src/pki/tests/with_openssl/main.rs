//! What openssl makes we read or refuse, and what we make openssl accepts.

mod answers;
mod authorities;
mod folder;
mod imports;
mod lists;
mod messages;
mod requests;
