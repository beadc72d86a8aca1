//! Subjects: who a question is about, in the terms of the AuthZEN Authorization API 1.0; and decisions about subjects.
//!
//! | type | id |
//! |---|---|
//! | `user` | the user's id |
//! | `username` | the user's name |
//! | `role` | the role's id: what the role alone grants |
//! | `certificate` | the fingerprint (SHA-256 or SHA-1) of a certificate that a user may present |
//! | `token` | a token, or its SHA-256 in hexadecimal |
//! | `os2iot-api-key` | the number of an API key |
//! | `os2iot-user` | the number of an account: its user |
//!
//! A certificate or token counts for its user, as long as it is valid and its user may prove their identity that way.

use aggregates::values::{AccountId, Fingerprint, GrantMethod, RoleId, Timestamp, UserId};
use seize::LocalGuard;
use sha2::{Digest, Sha256};

use super::{
    certificates,
    machines::{CredentialKey, Machine, MachineKind},
    methods::Methods,
    roles, sessions,
    users::{self, Duty},
};
use crate::{
    Authorization,
    vocabularies::{Impossible, Inquiry, MODEL, Model, access::Access, os2iot},
};

/// The subject of a question.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// A user.
    User(UserId),
    /// The user with this username.
    Username(Box<str>),
    /// A role by itself.
    Role(RoleId),
    /// The user who may present this certificate.
    Certificate(Fingerprint),
    /// The holder of the token, or of another secret, with this SHA-256.
    Token([u8; 32]),
    /// A machine.
    Machine(Machine),
    /// The user of an account.
    Account(AccountId),
}

/// A type of subjects.
pub struct SubjectType {
    /// The name of the type on the wire.
    pub name: &'static str,
    /// Reads an id of the type, or returns why such a subject cannot exist.
    pub read: fn(&str) -> Result<Subject, Reason>,
    /// The things among which a search of subjects of this type looks.
    pub search: Search,
}

/// The things among which a search of subjects looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Search {
    /// Users; the search shows their ids.
    Users,
    /// Users; the search shows their names.
    Usernames,
    /// Roles.
    Roles,
    /// Certificates of users.
    Certificates,
    /// Tokens of users.
    Tokens,
    /// Machines of this kind.
    Machines(&'static MachineKind),
    /// The subjects that the entries of this type in the directory name, each by its id.
    Entries(&'static str),
}

/// The types of subjects of this server.
pub(crate) const SUBJECT_TYPES: &[SubjectType] = &[
    users::BY_ID,
    users::BY_NAME,
    roles::BY_ID,
    certificates::BY_FINGERPRINT,
    sessions::BY_TOKEN,
    os2iot::BY_NUMBER,
    os2iot::USER_BY_NUMBER,
];

/// Why a decision is a denial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The subject type does not exist.
    SubjectType,
    /// The subject does not exist.
    Unknown,
    /// The token was revoked, or never issued.
    TokenVoid,
    /// The token or the certificate has expired.
    Expired,
    /// The user may not prove their identity in this way, or not in this way alone.
    Method,
    /// The user must do this before a token of theirs is good for anything else.
    Due(Duty),
    /// No grant of the subject covers the question.
    NoGrant,
    /// Nobody can do it, as the resources are now.
    Impossible(Impossible),
}

impl Reason {
    /// The code of the reason. It never changes.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SubjectType => "unknown_subject_type",
            Self::Unknown => "unknown_subject",
            Self::TokenVoid => "token_void",
            Self::Expired => "expired",
            Self::Method => "method_not_allowed",
            Self::Due(duty) => duty.code(),
            Self::NoGrant => "no_grant",
            Self::Impossible(why) => why.as_str(),
        }
    }
}

/// A decision about a subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The decision is at least as new as this position of the ledger.
    pub position: i64,
    /// Why it is a denial; `None` if it is allowed.
    pub denied: Option<Reason>,
}

/// The principal: its grants count for a subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Principal {
    /// The grants of a user count.
    User(UserId),
    /// The grants of a role alone count.
    Role(RoleId),
    /// The grants of a machine count.
    Machine(Machine),
}

impl Subject {
    /// Reads a subject of a type that this server knows, or returns why such a subject cannot exist.
    pub fn parse(subject_type: &str, id: &str) -> Result<Self, Reason> {
        Self::of(&MODEL, subject_type, id)
    }

    /// Reads a subject of a type that a model knows.
    pub fn of(model: &Model, subject_type: &str, id: &str) -> Result<Self, Reason> {
        let known = model.subject_type(subject_type).ok_or(Reason::SubjectType)?;
        (known.read)(id)
    }
}

/// The SHA-256 of a token; a text that is a SHA-256 already stands for itself.
pub(crate) fn fingerprint_of(text: &str) -> [u8; 32] {
    let mut digest = [0; 32];
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if pairs.len() == digest.len() && rest.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        let nibble = |digit: u8| match digit {
            b'0'..=b'9' => digit - b'0',
            _ => (digit | 0x20) - b'a' + 10,
        };
        for (byte, [high, low]) in digest.iter_mut().zip(pairs) {
            *byte = nibble(*high) << 4 | nibble(*low);
        }
        return digest;
    }
    Sha256::digest(text.as_bytes()).into()
}

impl Authorization {
    /// Decides about a subject. Tokens and certificates expire by `now`.
    pub fn answer(&self, subject: &Subject, inquiry: &Inquiry<'_>, now: Timestamp) -> Answer {
        if let Subject::User(id) = subject {
            if inquiry.access().is_none() {
                return self.answer_placed(*id, inquiry);
            }
            let decision = self.check_access(*id, inquiry);
            let known = || self.users.contains_key(id, &self.collector.enter());
            return Answer {
                position: decision.position,
                denied: match decision.allowed {
                    true => None,
                    false if known() => Some(Reason::NoGrant),
                    false => Some(Reason::Unknown),
                },
            };
        }
        let guard = self.collector.enter();
        let position = self.position();
        let denied = self.settled(&guard, |guard| {
            let principal = self.principal_within(subject, now, guard)?;
            let access = inquiry.resolve(&self.places(guard)).map_err(Reason::Impossible)?;
            let allowed = self.is_allowed(principal, &access, guard);
            if allowed { Ok(()) } else { Err(Reason::NoGrant) }
        });
        Answer {
            position,
            denied: denied.err(),
        }
    }

    /// Whether the grants of a principal allow something. Call it within [`Authorization::settled`].
    fn is_allowed(&self, principal: Principal, access: &Access<'_>, guard: &LocalGuard<'_>) -> bool {
        match principal {
            Principal::User(user) => self.may(user, access, guard),
            Principal::Role(role) => self.role_grants(role, access, guard),
            Principal::Machine(machine) => self.machine_grants(machine, access, guard),
        }
    }

    /// The user of an account of the os2iot face.
    pub fn user_of_account(&self, account: AccountId) -> Option<UserId> {
        let guard = self.collector.enter();
        os2iot::user_of(account, &self.places(&guard))
    }

    /// The principal whose grants count for a subject at `now`, or why no grants count.
    pub fn principal(&self, subject: &Subject, now: Timestamp) -> Result<Principal, Reason> {
        self.settled(&self.collector.enter(), |guard| {
            self.principal_within(subject, now, guard)
        })
    }

    pub(crate) fn principal_within(
        &self,
        subject: &Subject,
        now: Timestamp,
        guard: &LocalGuard<'_>,
    ) -> Result<Principal, Reason> {
        let known = |is_known: bool, principal| match is_known {
            true => Ok(principal),
            false => Err(Reason::Unknown),
        };
        match subject {
            Subject::Role(role) => {
                let index = self.role_indexes.get(role, guard);
                let is_known = index.is_some_and(|index| self.roles.contains_key(index, guard));
                known(is_known, Principal::Role(*role))
            }
            Subject::User(user) => known(self.users.contains_key(user, guard), Principal::User(*user)),
            Subject::Machine(machine) => known(
                self.machines.contains_key(machine, guard),
                Principal::Machine(*machine),
            ),
            Subject::Username(name) => {
                let user = self.named(name, guard).ok_or(Reason::Unknown)?;
                Ok(Principal::User(user))
            }
            Subject::Account(account) => {
                let user = os2iot::user_of(*account, &self.places(guard)).ok_or(Reason::Unknown)?;
                known(self.users.contains_key(&user, guard), Principal::User(user))
            }
            Subject::Certificate(fingerprint) => self.by_certificate(fingerprint, now, guard),
            Subject::Token(fingerprint) => self.by_token(fingerprint, now, guard),
        }
    }

    fn by_token(
        &self,
        fingerprint: &[u8; 32],
        now: Timestamp,
        guard: &LocalGuard<'_>,
    ) -> Result<Principal, Reason> {
        let Some(session) = self.sessions.get(fingerprint, guard) else {
            let secret = self.machine_by(CredentialKey::Secret(*fingerprint), now, guard);
            return secret.ok_or(Reason::TokenVoid)?.map(Principal::Machine);
        };
        let live = self.is_live(session, guard).then_some(session);
        let view = live.ok_or(Reason::TokenVoid)?.view;
        if view.expires_at <= now {
            return Err(Reason::Expired);
        }
        let user = self.users.get(&view.user_id, guard).ok_or(Reason::TokenVoid)?;
        if !user.grant_types.satisfied_by(Methods::BY_TOKEN) {
            return Err(Reason::Method);
        }
        match user.duty() {
            Some(duty) => Err(Reason::Due(duty)),
            None => Ok(Principal::User(view.user_id)),
        }
    }

    fn by_certificate(
        &self,
        fingerprint: &Fingerprint,
        now: Timestamp,
        guard: &LocalGuard<'_>,
    ) -> Result<Principal, Reason> {
        let digest = certificates::Digest::of(fingerprint).ok_or(Reason::Unknown)?;
        let Some(certificate) = self.certificates.get(&digest, guard) else {
            let of_machine = self.machine_by(CredentialKey::Certificate(digest), now, guard);
            return of_machine.ok_or(Reason::Unknown)?.map(Principal::Machine);
        };
        let user = self
            .users
            .get(&certificate.user_id, guard)
            .ok_or(Reason::Unknown)?;
        if certificate.expires_at.is_some_and(|end| end <= now) {
            return Err(Reason::Expired);
        }
        user.grant_types
            .satisfied_by(GrantMethod::Certificate.into())
            .then_some(Principal::User(certificate.user_id))
            .ok_or(Reason::Method)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_and_its_fingerprint_are_the_same_subject() {
        let token = "header.payload.signature";
        let hex: String = Sha256::digest(token)
            .iter()
            .map(|byte| format!("{byte:02X}"))
            .collect();
        assert_eq!(Subject::parse("token", token), Subject::parse("token", &hex));
        assert_ne!(Subject::parse("token", token), Subject::parse("token", "another"));
    }

    #[test]
    fn an_id_that_cannot_be_is_nobodys_and_a_type_that_is_none_is_told() {
        assert_eq!(Subject::parse("user", "ada"), Err(Reason::Unknown));
        assert_eq!(Subject::parse("role", ""), Err(Reason::Unknown));
        assert_eq!(Subject::parse("certificate", "xyz"), Err(Reason::Unknown));
        assert_eq!(Subject::parse("robot", "r2"), Err(Reason::SubjectType));
    }
}
