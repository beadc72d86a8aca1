//! A face: one published API. Everything that is particular to it is in one value, and the binary lists these values.

use aggregates::{
    Command,
    values::{Audience, Invalid},
};
use axum::response::Response;
use ledger::ids::Entropy;
use utoipa_axum::router::OpenApiRouter;

use crate::{app::App, credential::Credential, refusal::Refusal, rehearsal::Rehearsal, settings::Setting};

/// An operation: its method in lower case, and its path with the parameters in braces.
pub type Operation = (&'static str, &'static str);

/// A published API. There are no defaults: a face that does not say how it refuses does not build.
pub struct Face {
    /// Its name; unique.
    pub name: &'static str,
    /// The paths that are this face's, with everything below them. The longest mount of any face wins; the empty mount
    /// has what no other face has, and exactly one face has that.
    pub mounts: &'static [&'static str],
    /// Its endpoints.
    pub routes: fn() -> OpenApiRouter<App>,
    /// The tags of its operations in the OpenAPI document, with their descriptions.
    pub tags: &'static [(&'static str, &'static str)],
    /// How its callers prove who they are. Other credentials are not looked at.
    pub credentials: &'static [Credential],
    /// Tokens must have been issued for this audience.
    pub audience: Audience,
    /// Renders a refusal as this API does.
    pub refuse: fn(&Refusal) -> Response,
    /// The operations that need no credential.
    pub public: &'static [Operation],
    /// The operations on the caller's own things: they need a credential and no right.
    pub own: &'static [Operation],
    /// The requests that can be rehearsed, as each folder lists its own.
    pub rehearsals: &'static [&'static [Rehearsal]],
    /// Its settings, besides those that all faces share.
    pub settings: &'static [Setting],
    /// The commands that an empty ledger starts with.
    pub first_start: fn(&dyn Entropy) -> Result<Vec<Command>, Invalid>,
}

/// All faces.
#[derive(Clone, Copy)]
pub struct Faces {
    all: &'static [Face],
    root: &'static Face,
}

impl Faces {
    /// These faces. In a constant, a contradiction between them is an error of the compiler.
    ///
    /// # Panics
    ///
    /// If two faces have one name or one mount, a mount is malformed, or it is not exactly one face that has the empty
    /// mount.
    #[expect(clippy::panic, reason = "in a constant this is an error of the compiler")]
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

    /// Each of them.
    pub fn iter(self) -> impl Iterator<Item = &'static Face> {
        self.all.iter()
    }

    /// The settings that faces declare.
    pub fn settings(self) -> impl Iterator<Item = &'static Setting> {
        self.iter().flat_map(|face| face.settings)
    }

    /// The face of a path.
    pub fn of(self, path: &str) -> &'static Face {
        let longest = |face: &'static Face| {
            let mounts = face.mounts.iter().filter(|mount| covers(mount, path));
            Some((mounts.map(|mount| mount.len()).max()?, face))
        };
        let found = self
            .all
            .iter()
            .filter_map(longest)
            .max_by_key(|(length, _)| *length);
        found.map_or(self.root, |(_, face)| face)
    }

    /// The face that has what no other face has.
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
