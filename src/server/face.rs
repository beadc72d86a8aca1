//! A face: one published API. One value holds everything that is particular to it, and the binary lists these values.

use aggregates::{
    Command,
    values::{Audience, Invalid, UserId},
};
use authorization::Duty;
use axum::response::Response;
use ledger::ids::Entropy;
use utoipa_axum::router::OpenApiRouter;

use crate::{
    app::App, credential::Credential, identity::Audiences, refusal::Refusal, rehearsal::Rehearsal,
    settings::Setting,
};

/// An operation: its method in lower case, and its path with the parameters in braces.
pub type Operation = (&'static str, &'static str);

/// A listener of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listener {
    /// The listener of all clients.
    Clients,
    /// The listener of brokers, if the settings have one.
    Brokers,
}

/// A published API. No field has a default: a face that does not say how it refuses does not build.
pub struct Face {
    /// The name of the face. It is unique.
    pub name: &'static str,
    /// The face serves these paths and everything below them. If several mounts match, the longest wins. Exactly one
    /// face has the empty mount; it serves all other paths.
    pub mounts: &'static [&'static str],
    /// The listener on which the face answers. On other listeners its paths are unknown.
    pub listener: Listener,
    /// Its endpoints.
    pub routes: fn() -> OpenApiRouter<App>,
    /// The tags of its operations in the OpenAPI document, with their descriptions.
    pub tags: &'static [(&'static str, &'static str)],
    /// The credentials that the face accepts. The server ignores others.
    pub credentials: &'static [Credential],
    /// Tokens must have been issued for this audience.
    pub audience: Audience,
    /// Renders a refusal in the shape of this API.
    pub refuse: fn(&Refusal) -> Response,
    /// Whether the name of a request (`X-Request-ID`) comes back whatever text it is. Otherwise only a name that the log can take comes
    /// back.
    pub any_request_id: bool,
    /// Whether proxies ask here about what their clients sent. The certificate of such a connection is the proxy's, so it proves nobody.
    pub asked_by_proxies: bool,
    /// The operations that need no credential.
    pub public: &'static [Operation],
    /// The operations on the caller's own data. They need a credential, but no right.
    pub own: &'static [Operation],
    /// The operations that are left to callers who must do something before all others: they read and end their session, and do it.
    pub left: &'static [(Duty, &'static [Operation])],
    /// How users of this API give rights.
    pub giving: Giving,
    /// The requests that can be rehearsed. Each folder lists its own.
    pub rehearsals: &'static [&'static [Rehearsal]],
    /// The settings of this face, besides those that all faces share.
    pub settings: &'static [Setting],
    /// The commands that run when the ledger is empty.
    pub first_start: fn(&dyn Entropy) -> Result<Vec<Command>, Invalid>,
}

impl Face {
    /// The audiences for one of which a token must have been issued.
    pub(crate) fn of_tokens(&self) -> Audiences {
        let others = self.credentials.iter().find_map(|credential| match credential {
            Credential::BearerOfAny => Some(Audiences::Any),
            Credential::BearerOf(other) => Some(Audiences::Two(self.audience, *other)),
            _ => None,
        });
        others.unwrap_or(Audiences::One(self.audience))
    }

    /// Whether an operation needs no credential. The method may be in upper case.
    pub(crate) fn is_public(&self, method: &str, path: &str) -> bool {
        is_among(self.public, method, path)
    }

    /// Whether the certificate of a connection proves who makes its requests.
    pub(crate) fn counts_certificates(&self) -> bool {
        !self.asked_by_proxies
    }

    /// Whether an operation is left to callers who must do something else first. The method may be in upper case.
    pub(crate) fn is_left(&self, duty: Duty, method: &str, path: &str) -> bool {
        let mut left = self.left.iter().filter(|(of, _)| *of == duty);
        left.any(|(_, operations)| is_among(operations, method, path))
    }
}

fn is_among(operations: &[Operation], method: &str, path: &str) -> bool {
    let is_it = |(name, form): &Operation| *form == path && method.eq_ignore_ascii_case(name);
    operations.iter().any(is_it)
}

/// How users of an API give rights to others.
#[derive(Clone, Copy, Debug)]
pub struct Giving {
    /// The path that shows what a user holds. A refusal names rights of another user only to callers who may read or write there.
    pub shows: Option<fn(UserId) -> String>,
    /// The operations that can give rights, or ways to act as somebody else.
    pub operations: &'static [Operation],
}

impl Giving {
    /// Nobody gives rights by this API.
    pub const NOTHING: Self = Self {
        shows: None,
        operations: &[],
    };
}

/// All faces.
#[derive(Clone, Copy)]
pub struct Faces {
    all: &'static [Face],
    root: &'static Face,
}

impl Faces {
    /// Makes the list of faces. In a constant, a contradiction between faces is a compile error.
    ///
    /// # Panics
    ///
    /// If two faces have the same name or the same mount, if a mount is malformed, or if the number of faces with the
    /// empty mount is not one.
    #[expect(clippy::panic, reason = "in a constant this is a compile error")]
    pub const fn new(all: &'static [Face]) -> Self {
        let mut root = None;
        let mut left = all;
        while let [face, rest @ ..] = left {
            assert!(!face.name.is_empty(), "a face has no name");
            let mut mounts = face.mounts;
            assert!(!mounts.is_empty(), "a face has no mount");
            while let [mount, others @ ..] = mounts {
                if mount.is_empty() {
                    assert!(root.is_none(), "two faces have the empty mount");
                    root = Some(face);
                } else {
                    assert!(
                        is_mount(mount),
                        "a mount must begin with a slash and not end with one"
                    );
                }
                assert!(!has(others, mount), "a face has a mount twice");
                let mut later = rest;
                while let [other, after @ ..] = later {
                    assert!(!has(other.mounts, mount), "two faces have the same mount");
                    later = after;
                }
                mounts = others;
            }
            let mut later = rest;
            while let [other, after @ ..] = later {
                assert!(!same(face.name, other.name), "two faces have the same name");
                later = after;
            }
            left = rest;
        }
        match root {
            Some(root) => Self { all, root },
            None => panic!("no face has the empty mount"),
        }
    }

    /// Iterates over the faces.
    pub fn iter(self) -> impl Iterator<Item = &'static Face> {
        self.all.iter()
    }

    /// The settings that faces declare.
    pub fn settings(self) -> impl Iterator<Item = &'static Setting> {
        self.iter().flat_map(|face| face.settings)
    }

    /// The faces on a listener.
    pub fn on(self, listener: Listener) -> impl Iterator<Item = &'static Face> {
        self.iter().filter(move |face| face.listener == listener)
    }

    /// The face that serves a path, on the listener of that face.
    pub fn of(self, path: &str) -> &'static Face {
        self.longest(path, |_| true)
    }

    /// The face that serves a path on a listener.
    pub fn at(self, listener: Listener, path: &str) -> &'static Face {
        self.longest(path, |face| face.listener == listener)
    }

    fn longest(self, path: &str, is_there: impl Fn(&Face) -> bool) -> &'static Face {
        let longest = |face: &'static Face| {
            let mounts = face.mounts.iter().filter(|mount| covers(mount, path));
            Some((mounts.map(|mount| mount.len()).max()?, face))
        };
        let found = self
            .all
            .iter()
            .filter(|face| is_there(face))
            .filter_map(longest)
            .max_by_key(|(length, _)| *length);
        found.map_or(self.root, |(_, face)| face)
    }

    /// The face with the empty mount.
    pub fn root(self) -> &'static Face {
        self.root
    }
}

/// Whether a path is the mount or below it.
fn covers(mount: &str, path: &str) -> bool {
    path.strip_prefix(mount)
        .is_some_and(|rest| mount.is_empty() || rest.is_empty() || rest.starts_with('/'))
}

const fn is_mount(mount: &str) -> bool {
    matches!(mount.as_bytes(), [b'/', .., last] if *last != b'/')
}

const fn has(mut mounts: &[&str], wanted: &str) -> bool {
    while let [mount, rest @ ..] = mounts {
        if same(mount, wanted) {
            return true;
        }
        mounts = rest;
    }
    false
}

const fn same(one: &str, other: &str) -> bool {
    let (mut one, mut other) = (one.as_bytes(), other.as_bytes());
    while let ([a, more @ ..], [b, others @ ..]) = (one, other) {
        if *a != *b {
            return false;
        }
        (one, other) = (more, others);
    }
    one.is_empty() && other.is_empty()
}
