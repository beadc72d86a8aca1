//! What the refusals of a row have in common, and on whom the limits of a row depend.

use std::net::IpAddr;

use uuid::Uuid;

use super::super::{
    network_of,
    refused::{Object, Refused, RefusedKind},
};

/// How many characters of a typed name are kept.
pub(super) const NAME: usize = 128;
/// How many characters of a detail or a path are kept.
pub(super) const TEXT: usize = 256;

/// What the refusals of a row have in common, besides the minute.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in super::super) struct Key {
    pub(in super::super) kind: RefusedKind,
    pub(in super::super) reason: &'static str,
    pub(in super::super) actor: Option<Uuid>,
    pub(in super::super) object: Option<Object>,
    pub(in super::super) name: Option<String>,
    pub(in super::super) address: Option<IpAddr>,
    pub(in super::super) method: Option<&'static str>,
    pub(in super::super) path: Option<String>,
}

/// On whom the limits of a row depend. Those of strangers and those of proven callers are apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Source {
    /// An address that proved nothing. An IPv6 address stands for its /64.
    Stranger(Option<IpAddr>),
    /// A caller who proved to be this actor.
    Proven(Uuid),
}

impl Key {
    pub(super) fn of(refused: Refused) -> Self {
        let address = refused.address.map(|address| address.to_canonical());
        let key = Self {
            kind: refused.kind,
            reason: refused.reason,
            actor: refused.actor,
            object: refused.object,
            name: refused.name.map(|name| readable(&name, NAME)),
            address,
            method: refused.method,
            path: refused.path.map(|path| readable(&path, TEXT)),
        };
        match key.is_junk() {
            true => key.of_its_source(Source::Stranger(address.map(network_of))),
            false => key,
        }
    }

    /// Whether the refused credential says nothing about anybody. Such credentials cost nothing, so an address has one row of them, whatever
    /// the paths.
    fn is_junk(&self) -> bool {
        self.kind == RefusedKind::Credential && self.actor.is_none()
    }

    pub(super) fn source(&self) -> Source {
        match self.actor {
            Some(actor) if self.kind.is_proven() => Source::Proven(actor),
            _ => Source::Stranger(self.address.map(network_of)),
        }
    }

    /// The key of the row that stands for a source.
    pub(super) fn of_its_source(self, source: Source) -> Self {
        let (actor, address) = match source {
            Source::Stranger(address) => (None, address),
            Source::Proven(actor) => (Some(actor), None),
        };
        Self {
            actor,
            object: None,
            name: None,
            address,
            method: None,
            path: None,
            ..self
        }
    }

    /// The key of the row that stands for all sources.
    pub(super) fn of_all_sources(self) -> Self {
        Self {
            actor: None,
            address: None,
            ..self
        }
    }

    pub(super) fn lost() -> Self {
        Self {
            kind: RefusedKind::Lost,
            reason: "memory_full",
            actor: None,
            object: None,
            name: None,
            address: None,
            method: None,
            path: None,
        }
    }
}

/// At most `most` characters of a text, with escapes for characters that cannot be seen.
pub(super) fn readable(text: &str, most: usize) -> String {
    let mut readable = String::new();
    for (number, char) in text.chars().enumerate() {
        if number == most {
            readable.push('…');
            break;
        }
        match char {
            '"' | '\'' | '\\' => readable.push(char),
            char => readable.extend(char.escape_debug()),
        }
    }
    readable
}
