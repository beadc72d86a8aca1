//! Decisions, and how a reader gets to see one position of the ledger without a lock.

use std::sync::atomic::{Ordering, fence};

use aggregates::values::{Context, Operation, RoleId, TopicFilter, UserId};
use seize::LocalGuard;

use super::index::{FEW, Found};
use crate::{
    Authorization, Decision,
    patterns::{
        outline::Hint,
        question::{Operations, Question, operations},
    },
    principals::{roles::RoleIndex, users::User},
    vocabularies::{Inquiry, access::Access},
};

/// How often a reader tries to see all of one position before it takes what it has: each entry as of some position
/// since it began. It takes a writer without pauses to get there, or a resource of many thousand levels.
const TRIES: usize = 64;

impl Authorization {
    /// Whether a user may do something to a resource: a concrete path or topic.
    ///
    /// In context mqtt, a text with a wildcard is no topic and is denied; filters go to
    /// [`Authorization::check_subscription`].
    pub fn check(&self, user: UserId, context: Context, operation: Operation, resource: &str) -> Decision {
        let wanted = operations(operation);
        let question = || Question::resource(context, resource);
        self.decide(user, wanted, question, |question, guard| {
            self.is_granted(user, question, wanted, guard)
        })
    }

    /// Whether a user may subscribe to a filter: one grant must cover all that it matches.
    pub fn check_subscription(&self, user: UserId, filter: &TopicFilter) -> Decision {
        let wanted = operations(Operation::Read);
        let question = || Some(Question::filter(filter));
        self.decide(user, wanted, question, |question, guard| {
            self.is_granted(user, question, wanted, guard)
        })
    }

    /// Whether a user may do something. The user's publish prefix is put before a topic that they publish to.
    pub fn check_access(&self, user: UserId, inquiry: &Inquiry<'_>) -> Decision {
        let access = inquiry.access();
        if let Some((access, (part, name))) = access.and_then(|access| Some((access, access.simple()?))) {
            // A user whom the index knows has no prefix.
            return self.decide(
                user,
                part.wanted(),
                || part.question_of(name),
                |_, guard| self.consistently(guard, |guard| self.may(user, access, guard)),
            );
        }
        let guard = self.collector.enter();
        let position = self.position();
        let allowed = self.settled(&guard, |guard| {
            let access = inquiry.resolve(&self.places(guard));
            access.is_ok_and(|access| self.may(user, &access, guard))
        });
        Decision { allowed, position }
    }

    /// Whether all the `wanted` operations are granted, each by any grant. `otherwise` decides by the user's own entry:
    /// for those whom the index only marks, or while the writer writes.
    #[inline]
    fn decide<'a>(
        &self,
        user: UserId,
        wanted: Operations,
        question: impl FnOnce() -> Option<Question<'a>>,
        otherwise: impl FnOnce(&Question<'a>, &LocalGuard<'_>) -> bool,
    ) -> Decision {
        let guard = self.collector.enter();
        let position = self.position();
        let applied = self.applied.load(Ordering::Acquire);
        // Before the question is made, which the processor then does while it waits for the user's slot.
        let found = self.index.find(user, &guard);
        let Some(question) = question() else {
            return Decision {
                allowed: false,
                position,
            };
        };
        let allowed = match found {
            Found::Nobody => Some(false),
            Found::Roles(count, roles) => {
                let roles = roles.get(..usize::from(count)).unwrap_or_default();
                Some(self.grants_all_by_outline(roles, &question, wanted, &guard) == 0)
            }
            Found::Elsewhere => None,
        };
        fence(Ordering::Acquire);
        let allowed = match allowed {
            // Nothing began since `applied` was all there was: this is the answer as of then.
            Some(allowed) if self.begun.load(Ordering::Relaxed) == applied => allowed,
            _ => otherwise(&question, &guard),
        };
        Decision { allowed, position }
    }

    /// Whether the user's own entry grants it.
    #[cold]
    fn is_granted(
        &self,
        user: UserId,
        question: &Question<'_>,
        wanted: Operations,
        guard: &LocalGuard<'_>,
    ) -> bool {
        self.consistently(guard, |guard| {
            let user = self.users.get(&user, guard);
            user.is_some_and(|user| self.user_grants(user, question, wanted, guard))
        })
    }

    /// Whether a user may do something, by their own entry. For within [`Authorization::consistently`].
    pub(crate) fn may(&self, user: UserId, access: &Access<'_>, guard: &LocalGuard<'_>) -> bool {
        let Some(user) = self.users.get(&user, guard) else {
            return false;
        };
        let extra = user.extra.as_ref();
        let prefix = extra.and_then(|extra| extra.mqtt_publish_prefix.as_deref());
        access.holds(prefix, |question, wanted| {
            self.user_grants(user, question, wanted, guard)
        })
    }

    /// Whether a role alone grants it.
    pub(crate) fn role_grants(&self, role: RoleId, access: &Access<'_>, guard: &LocalGuard<'_>) -> bool {
        self.role_indexes.get(&role, guard).is_some_and(|index| {
            access.holds(None, |question, wanted| {
                self.grants_all(&[*index], question, wanted, guard) == 0
            })
        })
    }

    fn user_grants(
        &self,
        user: &User,
        question: &Question<'_>,
        wanted: Operations,
        guard: &LocalGuard<'_>,
    ) -> bool {
        let missing = self.grants_all(user.roles.as_slice(), question, wanted, guard);
        match &user.extra {
            Some(extra) if missing != 0 => missing & !extra.grants.granted(question, missing) == 0,
            _ => missing == 0,
        }
    }

    /// The same as [`Authorization::grants_all`], if nothing is written meanwhile.
    #[inline]
    fn grants_all_by_outline(
        &self,
        roles: &[RoleIndex],
        question: &Question<'_>,
        wanted: Operations,
        guard: &LocalGuard<'_>,
    ) -> Operations {
        // All of them first: they are waited for together, and most of the time there is nothing to go on with.
        let mut hints = [Hint::default(); FEW];
        let mut any = false;
        for (hint, index) in hints.iter_mut().zip(roles) {
            *hint = self.outlines.look(*index, question);
            any |= hint.is_any();
        }
        let mut missing = wanted;
        if !any {
            return missing;
        }
        for (hint, index) in hints.into_iter().zip(roles).filter(|(hint, _)| hint.is_any()) {
            let Some(role) = self.roles.get(index, guard) else {
                continue;
            };
            let at = self.outlines.resolve(*index, question, hint);
            missing &= !role.grants.granted_by(at, question, missing);
            if missing == 0 {
                break;
            }
        }
        missing
    }

    /// Which of the `wanted` operations none of the roles grants.
    #[inline]
    pub(crate) fn grants_all(
        &self,
        roles: &[RoleIndex],
        question: &Question<'_>,
        wanted: Operations,
        guard: &LocalGuard<'_>,
    ) -> Operations {
        let mut missing = wanted;
        for index in roles {
            let Some(role) = self.roles.get(index, guard) else {
                continue;
            };
            missing &= !role.grants.granted(question, missing);
            if missing == 0 {
                break;
            }
        }
        missing
    }

    /// Like [`Authorization::consistently`], for what reads entries that one run may change together: it reads while none
    /// is under way.
    pub(crate) fn settled<T>(&self, guard: &LocalGuard<'_>, read: impl Fn(&LocalGuard<'_>) -> T) -> T {
        for _ in 1..TRIES {
            let applied = self.applied.load(Ordering::Acquire);
            if self.begun.load(Ordering::Acquire) != applied {
                std::thread::yield_now();
                continue;
            }
            let found = read(guard);
            fence(Ordering::Acquire);
            if self.begun.load(Ordering::Relaxed) == applied {
                return found;
            }
        }
        read(guard)
    }

    /// Reads until all that was read is of one position.
    ///
    /// The run of events that is begun changes one entry, by one store: so if no other began while reading, the
    /// reader saw the ledger either before it or after it.
    #[inline]
    pub(crate) fn consistently<T>(&self, guard: &LocalGuard<'_>, read: impl Fn(&LocalGuard<'_>) -> T) -> T {
        for _ in 1..TRIES {
            let begun = self.begun.load(Ordering::Acquire);
            let found = read(guard);
            fence(Ordering::Acquire);
            if self.begun.load(Ordering::Relaxed) == begun {
                return found;
            }
        }
        read(guard)
    }
}
