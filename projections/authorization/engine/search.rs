//! Searches: who may do something, and what a subject may do. The answers are complete and come in pages.
//!
//! Each result of a page was allowed at some position since the search of the page began. The pages contain all that
//! stays allowed meanwhile, even if other results come and go between pages.

use std::{collections::HashSet, ops::ControlFlow, sync::atomic::Ordering};

use aggregates::{
    sealing::ERASED,
    values::{Fingerprint, Permission, RoleId, Timestamp, TopicFilter, UserId},
};
use seize::LocalGuard;

use super::{
    index::{Found, UserIndex},
    prefix::after_prefix,
};
use crate::{
    Authorization, Interest, Principal, Reason, Search, Subject, SubjectType,
    patterns::hash::IdHash,
    principals::roles::RoleIndex,
    vocabularies::{Ids, Inquiry, Wanted},
};

/// After this many users, the search looks again which roles grant the access.
const AFRESH: usize = 256;

pub(crate) type RoleIndexes = HashSet<RoleIndex, IdHash>;

impl Authorization {
    /// The users after `after` who may do something, at most `limit`, in an order of its own that never changes. Fewer
    /// than `limit` means that there are no more. Each search ends early when the interest is lost.
    pub fn users_who_may(
        &self,
        inquiry: &Inquiry<'_>,
        after: Option<UserId>,
        limit: usize,
        interest: &Interest,
    ) -> Vec<UserId> {
        let (mut as_of, mut granting, mut looked_at) = (i64::MIN, RoleIndexes::default(), 0usize);
        let mut users = Vec::new();
        if limit == 0 {
            return users;
        }
        self.each_user(after, |id, found| {
            let begun = self.begun.load(Ordering::Acquire);
            if looked_at.is_multiple_of(AFRESH) && begun != as_of {
                // Roles found earlier stay, and every holder of one of them is checked. So the search cannot miss a
                // user who changes meanwhile from a role that granted the access to a role that grants it now.
                granting.extend(self.roles_that_grant(inquiry));
                as_of = begun;
            }
            looked_at += 1;
            if may_be_granted(&found, &granting) && self.check_access(id, inquiry).allowed {
                users.push(id);
            }
            match users.len() < limit && !interest.is_lost() {
                true => ControlFlow::Continue(()),
                false => ControlFlow::Break(()),
            }
        });
        users
    }

    /// Visits the users after `after`, in an order of its own that never changes, until a visit ends it. It reads a few
    /// hundred users at one position; when it visits them, their data may be out of date.
    pub(crate) fn each_user(
        &self,
        after: Option<UserId>,
        mut visit: impl FnMut(UserId, Found) -> ControlFlow<()>,
    ) {
        let (mut shard, mut from) = after.map_or((0, 0), UserIndex::place);
        let mut passed = after.map(|id| (UserIndex::place(id), id));
        while shard < UserIndex::SHARDS {
            let guard = self.collector.enter();
            let (segment, next) = self.consistently(&guard, |guard| self.index.segment(shard, from, guard));
            for (id, found) in segment {
                let is_passed = passed.is_some_and(|passed| (UserIndex::place(id), id) <= passed);
                if !is_passed && visit(id, found).is_break() {
                    return;
                }
            }
            (shard, from) = next.map_or((shard + 1, 0), |next| (shard, next));
            passed = passed.filter(|((of, _), _)| *of == shard);
        }
    }

    /// The roles after `after` that alone allow something, at most `limit`, in the order of their ids.
    pub fn roles_that_may(
        &self,
        inquiry: &Inquiry<'_>,
        after: Option<RoleId>,
        limit: usize,
        interest: &Interest,
    ) -> Vec<RoleId> {
        let guard = self.collector.enter();
        let mut roles: Vec<RoleId> = self
            .role_indexes
            .iter(&guard)
            .map(|(id, _)| *id)
            .filter(|id| after.is_none_or(|after| *id > after))
            .collect();
        roles.sort_unstable();
        let allowed = roles
            .into_iter()
            .take_while(|_| !interest.is_lost())
            .filter(|role| self.role_may(*role, inquiry, &guard));
        allowed.take(limit).collect()
    }

    /// The tokens after `after`, by their SHA-256, that are valid at `now` and whose users may do something: at most
    /// `limit`, in order.
    pub fn tokens_that_may(
        &self,
        inquiry: &Inquiry<'_>,
        now: Timestamp,
        after: Option<[u8; 32]>,
        limit: usize,
        interest: &Interest,
    ) -> Vec<[u8; 32]> {
        let guard = self.collector.enter();
        let mut tokens: Vec<[u8; 32]> = self
            .sessions
            .iter(&guard)
            .map(|(fingerprint, _)| *fingerprint)
            .filter(|fingerprint| after.is_none_or(|after| *fingerprint > after))
            .collect();
        tokens.sort_unstable();
        let allowed = |token: &[u8; 32]| {
            self.answer(&Subject::Token(*token), inquiry, now)
                .denied
                .is_none()
        };
        let tokens = tokens.into_iter().take_while(|_| !interest.is_lost());
        tokens.filter(allowed).take(limit).collect()
    }

    /// The certificates after `after`, by their fingerprints, that are valid at `now` and whose users may do something:
    /// at most `limit`, in order.
    pub fn certificates_that_may(
        &self,
        inquiry: &Inquiry<'_>,
        now: Timestamp,
        after: Option<&str>,
        limit: usize,
        interest: &Interest,
    ) -> Vec<Fingerprint> {
        let guard = self.collector.enter();
        let known = self
            .certificates
            .iter(&guard)
            .map(|(digest, _)| digest.fingerprint());
        let mut certificates: Vec<Fingerprint> = known
            .flatten()
            .filter(|fingerprint| after.is_none_or(|after| **fingerprint > *after))
            .collect();
        certificates.sort_unstable();
        let allowed = |fingerprint: &Fingerprint| {
            let subject = Subject::Certificate(fingerprint.clone());
            self.answer(&subject, inquiry, now).denied.is_none()
        };
        let certificates = certificates.into_iter().take_while(|_| !interest.is_lost());
        certificates.filter(allowed).take(limit).collect()
    }

    /// The subjects of a type that entries in the directory name, by their ids, and that may do something at `now`: those after `after`, at
    /// most `limit`, in the order of the ids as texts. None, if no entries name subjects of this type.
    pub fn entries_that_may(
        &self,
        of: &SubjectType,
        inquiry: &Inquiry<'_>,
        now: Timestamp,
        after: Option<&str>,
        limit: usize,
        interest: &Interest,
    ) -> Vec<String> {
        let Search::Entries(entries) = of.search else {
            return Vec::new();
        };
        let ids = self.directory.ids(entries, after);
        let may = |id: &str| {
            let subject = (of.read)(id);
            subject.is_ok_and(|subject| self.answer(&subject, inquiry, now).denied.is_none())
        };
        let ids = ids.take_while(|_| !interest.is_lost());
        ids.filter(|id| may(id)).take(limit).map(String::from).collect()
    }

    fn role_may(&self, role: RoleId, inquiry: &Inquiry<'_>, guard: &LocalGuard<'_>) -> bool {
        self.settled(guard, |guard| {
            let access = inquiry.resolve(&self.places(guard));
            access.is_ok_and(|access| self.role_grants(role, &access, guard))
        })
    }

    /// All resources of the type after `after` on which a subject may do an action, in order, at most `limit`. The id
    /// in the question does not matter.
    ///
    /// If the ids of the type are names, the results are patterns. For `publish` they are patterns of topics as the
    /// client names them, before the publish prefix; topics that start with `$` may be allowed in addition.
    pub fn resources(
        &self,
        subject: &Subject,
        wanted: &Wanted<'_>,
        now: Timestamp,
        after: Option<&str>,
        limit: usize,
        interest: &Interest,
    ) -> Result<Vec<String>, Reason> {
        match wanted.resource_type.ids() {
            Ids::Names => {
                let patterns = self.patterns(subject, wanted, now)?.into_iter();
                let shown = patterns.map(|pattern| wanted.resource_type.shown(&pattern));
                Ok(page_of(shown.collect(), after, limit))
            }
            Ids::Listed => {
                self.principal(subject, now)?;
                let listed = wanted.listed().into_iter();
                let may = |(_, inquiry): &(String, Inquiry<'_>)| {
                    self.answer(subject, inquiry, now).denied.is_none()
                };
                let allowed = listed.filter(may).map(|(id, _)| id);
                Ok(page_of(allowed.collect(), after, limit))
            }
            Ids::Placed => {
                self.principal(subject, now)?;
                let ids = self.directory.ids(wanted.resource_type.name(), after);
                let may = |id: &str| {
                    let answer = self.answer(subject, &wanted.inquiry(id), now);
                    answer.denied.is_none()
                };
                Ok(ids
                    .take_while(|_| !interest.is_lost())
                    .filter(|id| may(id))
                    .take(limit)
                    .map(String::from)
                    .collect())
            }
        }
    }

    /// The patterns of everything that a subject may do, in order and without duplicates.
    fn patterns(
        &self,
        subject: &Subject,
        wanted: &Wanted<'_>,
        now: Timestamp,
    ) -> Result<Vec<TopicFilter>, Reason> {
        let (permissions, prefix) = self.settled(&self.collector.enter(), |guard| {
            let principal = self.principal_within(subject, now, guard)?;
            Ok((
                self.permissions_of(principal, guard),
                self.prefix_of(principal, guard),
            ))
        })?;
        let space = wanted.resource_type.space();
        let fitting = permissions.into_iter().filter(|permission| {
            space.has(permission.context, &permission.resource)
                && permission.operation.covers(wanted.operation)
        });
        let publish = wanted.resource_type.takes_publish_prefix(wanted.action);
        let mut patterns: Vec<TopicFilter> = match prefix.filter(|_| publish) {
            None => fitting.map(|permission| permission.resource).collect(),
            Some(prefix) => fitting
                .filter_map(|permission| after_prefix(&permission.resource, &prefix))
                .collect(),
        };
        patterns.sort_unstable();
        patterns.dedup();
        Ok(patterns)
    }

    /// The username, unless it is erased.
    pub fn username(&self, id: UserId) -> Option<String> {
        let guard = self.collector.enter();
        let user = self.users.get(&id, &guard)?;
        (*user.username != *ERASED).then(|| user.username.to_string())
    }

    /// All permissions of a principal: its own, and those of its roles.
    pub(crate) fn permissions_of(&self, principal: Principal, guard: &LocalGuard<'_>) -> Vec<Permission> {
        let mut all = Vec::new();
        self.each_permission_of(principal, guard, &mut |one| all.push(one.clone()));
        all
    }

    /// Calls `take` with each permission of a principal: those of its roles, then its own.
    pub(crate) fn each_permission_of(
        &self,
        principal: Principal,
        guard: &LocalGuard<'_>,
        take: &mut dyn FnMut(&Permission),
    ) {
        match principal {
            Principal::Role(role) => {
                if let Some(index) = self.role_indexes.get(&role, guard) {
                    self.each_permission_of_role(*index, guard, take);
                }
            }
            Principal::User(user) => {
                let Some(user) = self.users.get(&user, guard) else {
                    return;
                };
                for index in user.roles.as_slice() {
                    self.each_permission_of_role(*index, guard, take);
                }
                let own = user.extra.iter().flat_map(|extra| extra.permissions.as_slice());
                own.for_each(take);
            }
            Principal::Machine(machine) => self.each_permission_of_machine(machine, guard, take),
        }
    }

    /// Calls `take` with each permission that a role gives.
    pub(crate) fn each_permission_of_role(
        &self,
        index: RoleIndex,
        guard: &LocalGuard<'_>,
        take: &mut dyn FnMut(&Permission),
    ) {
        if let Some(role) = self.roles.get(&index, guard) {
            role.details.permissions.as_slice().iter().for_each(take);
        }
    }

    fn prefix_of(&self, principal: Principal, guard: &LocalGuard<'_>) -> Option<std::sync::Arc<str>> {
        match principal {
            Principal::User(user) => {
                let user = self.users.get(&user, guard)?;
                user.extra.as_ref()?.mqtt_publish_prefix.clone()
            }
            Principal::Role(_) | Principal::Machine(_) => None,
        }
    }

    /// The roles that grant a name of the first part: a user who has the access by roles alone holds one of them.
    fn roles_that_grant(&self, inquiry: &Inquiry<'_>) -> RoleIndexes {
        let guard = self.collector.enter();
        let access = self.settled(&guard, |guard| inquiry.resolve(&self.places(guard)));
        let Ok(access) = access else {
            return RoleIndexes::default();
        };
        let part = access.first();
        let questions: Vec<_> = part.names().filter_map(|name| part.question_of(name)).collect();
        let wanted = part.wanted();
        self.roles
            .iter(&guard)
            .filter(|(_, role)| {
                let grants = |question| role.grants.granted(question, wanted) & wanted != 0;
                questions.iter().any(grants)
            })
            .map(|(index, _)| *index)
            .collect()
    }
}

/// The first of these ids after `after`, in order.
fn page_of(mut ids: Vec<String>, after: Option<&str>, limit: usize) -> Vec<String> {
    ids.sort_unstable();
    let ids = ids.into_iter();
    let ids = ids.filter(|id| after.is_none_or(|after| **id > *after));
    ids.take(limit).collect()
}

/// Whether a user may have the access, by the roles in the index. It also returns true if only the user's own entry can
/// decide.
pub(crate) fn may_be_granted(found: &Found, granting: &RoleIndexes) -> bool {
    match found {
        Found::Nobody => false,
        Found::Elsewhere => true,
        Found::Roles(count, roles) => roles
            .iter()
            .take(usize::from(*count))
            .any(|role| granting.contains(role)),
    }
}
