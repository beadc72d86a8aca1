//! What brokers ask: who may connect, publish and subscribe. The wire shapes of each broker are in the face `hooks`.
//!
//! Everything is decided from memory, except a password that this process has not compared lately and a certificate for which
//! the broker vouches. A node whose memory may be out of date refuses. What a broker asks about is a *user*: devices are users.

mod answer;
mod asked;
mod connect;
mod dots;
mod keys;
mod rights;
mod secret;

pub(crate) use self::{answer::Formed, secret::Secret};
pub use self::{
    answer::InForm,
    asked::FromBroker,
    connect::{Connect, Connected, DeviceAddress, Proof, connect},
    dots::{may_bind, may_route},
    rights::{known, may_read, may_subscribe, may_write, publish_rewritten},
};
