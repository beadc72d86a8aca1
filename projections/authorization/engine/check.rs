//! Decisions, and how a reader sees a single position of the ledger without a lock.

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
    principals::{
        roles::RoleIndex,
        subject::{Answer, Reason},
        users::User,
    },
    vocabularies::{Impossible, Inquiry, access::Access},
};

/// How often a reader tries to see a single position. After that it takes each entry as it is, at some position since
/// the first try. This happens only if the writer never pauses, or if a resource has many thousand levels.
const TRIES: usize = 64;

impl Authorization {
    /// Whether a user may do something to a resource: a concrete path or topic.
    ///
    /// In context mqtt, a text with a wildcard is not a topic and is denied; use [`Authorization::check_subscription`]
    /// for filters.
    pub fn check(&self, user: UserId, context: Context, operation: Operation, resource: &str) -> Decision {
        let wanted = operations(operation);
        let question = || Question::resource(context, resource);
        self.decide(user, wanted, question, |question, guard| {
            self.is_granted(user, question, wanted, guard)
        })
    }

    /// Whether a user may subscribe to a filter: one grant must cover all topics that the filter matches.
    pub fn check_subscription(&self, user: UserId, filter: &TopicFilter) -> Decision {
        let wanted = operations(Operation::Read);
        let question = || Some(Question::filter(filter));
        self.decide(user, wanted, question, |question, guard| {
            self.is_granted(user, question, wanted, guard)
        })
    }

    /// Whether a user may do something. If the user publishes, the engine puts the publish prefix before the topic.
    pub fn check_access(&self, user: UserId, inquiry: &Inquiry<'_>) -> Decision {
        let access = inquiry.access();
        if let Some((access, (part, name))) = access.and_then(|access| Some((access, access.simple()?))) {
            // The index contains only users without a prefix.
            return self.decide(
                user,
                part.wanted(),
                || part.question_of(name),
                |_, guard| self.consistently(guard, |guard| self.may(user, access, guard)),
            );
        }
        let Answer { position, denied } = self.answer_placed(user, inquiry);
        Decision {
            allowed: denied.is_none(),
            position,
        }
    }

    /// Decides about a user if that depends on where the resource is, or needs several names.
    pub(crate) fn answer_placed(&self, user: UserId, inquiry: &Inquiry<'_>) -> Answer {
        let guard = self.collector.enter();
        let position = self.position();
        let applied = self.applied.load(Ordering::Acquire);
        let found = self.index.find(user, &guard);
        let reason =
            |access: Result<Access<'_>, Impossible>, granted: &dyn Fn(&Access<'_>) -> bool| match access {
                Err(impossible) => Some(Reason::Impossible(impossible)),
                Ok(access) if granted(&access) => None,
                Ok(_) => Some(Reason::NoGrant),
            };
        let denied = match found {
            Found::Elsewhere => None,
            Found::Nobody => Some(Some(Reason::Unknown)),
            // The index contains only users without a prefix.
            Found::Roles(..) => Some(reason(inquiry.resolve(&self.places(&guard)), &|access| {
                access.holds(None, |question, wanted| {
                    self.grants_by_index(found, question, wanted, &guard) == Some(true)
                })
            })),
        };
        fence(Ordering::Acquire);
        let denied = match denied {
            // No run began after `applied` was read, so this is the answer of that position.
            Some(denied) if self.begun.load(Ordering::Relaxed) == applied => denied,
            _ => self.settled(&guard, |guard| match self.users.contains_key(&user, guard) {
                false => Some(Reason::Unknown),
                true => reason(inquiry.resolve(&self.places(guard)), &|access| {
                    self.may(user, access, guard)
                }),
            }),
        };
        Answer { position, denied }
    }

    /// Whether the roles that the index found grant all the `wanted` operations; `None` if the user is not in the index.
    #[inline]
    fn grants_by_index(
        &self,
        found: Found,
        question: &Question<'_>,
        wanted: Operations,
        guard: &LocalGuard<'_>,
    ) -> Option<bool> {
        match found {
            Found::Nobody => Some(false),
            Found::Roles(count, roles) => {
                let roles = roles.get(..usize::from(count)).unwrap_or_default();
                Some(self.grants_all_by_outline(roles, question, wanted, guard) == 0)
            }
            Found::Elsewhere => None,
        }
    }

    /// Whether all the `wanted` operations are granted, each by any grant. `otherwise` decides by the user's own entry:
    /// for users that the index only marks, or while the writer writes.
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
        // Look the user up first: the processor then builds the question while it waits for the user's slot.
        let found = self.index.find(user, &guard);
        let Some(question) = question() else {
            return Decision {
                allowed: false,
                position,
            };
        };
        let allowed = self.grants_by_index(found, &question, wanted, &guard);
        fence(Ordering::Acquire);
        let allowed = match allowed {
            // No run began after `applied` was read, so this is the answer of that position.
            Some(allowed) if self.begun.load(Ordering::Relaxed) == applied => allowed,
            _ => otherwise(&question, &guard),
        };
        Decision { allowed, position }
    }

    /// Whether the user's own entry grants all that is wanted.
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

    /// Whether a user may do something, by their own entry. Call it within [`Authorization::consistently`].
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

    /// Whether a role alone grants the access.
    pub(crate) fn role_grants(&self, role: RoleId, access: &Access<'_>, guard: &LocalGuard<'_>) -> bool {
        self.role_indexes.get(&role, guard).is_some_and(|index| {
            access.holds(None, |question, wanted| {
                self.grants_all(&[*index], question, wanted, guard) == 0
            })
        })
    }

    /// Whether the grants of a user allow all that is wanted. Each operation may come from another grant.
    pub(crate) fn user_grants(
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

    /// The same as [`Authorization::grants_all`], provided that nobody writes meanwhile.
    #[inline]
    fn grants_all_by_outline(
        &self,
        roles: &[RoleIndex],
        question: &Question<'_>,
        wanted: Operations,
        guard: &LocalGuard<'_>,
    ) -> Operations {
        // Look at all outlines first: the processor fetches them together, and most of the time none of them matches.
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

    /// The `wanted` operations that no role grants.
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

    /// Like [`Authorization::consistently`], for reads of several entries that one run may change together: it reads
    /// while no run is in progress.
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

    /// Reads until everything that was read is of one position.
    ///
    /// The current run of events changes one entry, by one store. So if no other run began during the read, the reader
    /// saw the ledger either before the run or after it.
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
