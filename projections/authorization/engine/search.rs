//! Who may do something, and what somebody may do: complete answers, in pages.
//!
//! Each of the results of a page was allowed at some position since the page was begun. Who or what is allowed all
//! the while is found, though others come and go between the pages.

use std::{collections::HashSet, ops::ControlFlow, sync::atomic::Ordering};

use aggregates::{
    sealing::ERASED,
    values::{Context, Fingerprint, Operation, Permission, RoleId, Timestamp, TopicFilter, UserId},
};
use seize::LocalGuard;

use super::index::{Found, UserIndex};
use crate::{
    Access, Authorization, Principal, Reason, Subject, patterns::hash::IdHash, principals::roles::RoleIndex,
};

/// After how many users it is looked afresh which roles grant something.
const AFRESH: usize = 256;

pub(crate) type RoleIndexes = HashSet<RoleIndex, IdHash>;

impl Authorization {
    /// Users who may do something, at most `limit`, in an order of their own that never changes: those after `after`.
    /// There are no more if there are fewer than `limit`.
    pub fn users_who_may(&self, access: &Access<'_>, after: Option<UserId>, limit: usize) -> Vec<UserId> {
        let (mut as_of, mut granting, mut looked_at) = (i64::MIN, RoleIndexes::default(), 0usize);
        let mut users = Vec::new();
        if limit == 0 {
            return users;
        }
        self.each_user(after, |id, found| {
            let begun = self.begun.load(Ordering::Acquire);
            if looked_at.is_multiple_of(AFRESH) && begun != as_of {
                // Those that granted it before stay: who holds one of them is asked about. So nobody is passed over who
                // goes meanwhile from a role that granted it to one that does by now.
                granting.extend(self.roles_that_grant(access));
                as_of = begun;
            }
            looked_at += 1;
            if may_be_granted(&found, &granting) && self.check_access(id, access).allowed {
                users.push(id);
            }
            match users.len() < limit {
                true => ControlFlow::Continue(()),
                false => ControlFlow::Break(()),
            }
        });
        users
    }

    /// Visits users in an order of their own that never changes, those after `after`, until a visit breaks it off. What
    /// is found of them is as of one position for a few hundred of them, and may be past when they are visited.
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

    /// Roles that alone allow something, at most `limit`, in the order of their ids: those after `after`.
    pub fn roles_that_may(&self, access: &Access<'_>, after: Option<RoleId>, limit: usize) -> Vec<RoleId> {
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
            .filter(|role| self.consistently(&guard, |guard| self.role_grants(*role, access, guard)));
        allowed.take(limit).collect()
    }

    /// Tokens, by their SHA-256, that are good at `now` and whose users may do something, at most `limit`, in order:
    /// those after `after`.
    pub fn tokens_that_may(
        &self,
        access: &Access<'_>,
        now: Timestamp,
        after: Option<[u8; 32]>,
        limit: usize,
    ) -> Vec<[u8; 32]> {
        let guard = self.collector.enter();
        let mut tokens: Vec<[u8; 32]> = self
            .sessions
            .iter(&guard)
            .map(|(fingerprint, _)| *fingerprint)
            .filter(|fingerprint| after.is_none_or(|after| *fingerprint > after))
            .collect();
        tokens.sort_unstable();
        let allowed = |token: &[u8; 32]| self.answer(&Subject::Token(*token), access, now).denied.is_none();
        tokens.into_iter().filter(allowed).take(limit).collect()
    }

    /// Certificates, by their fingerprints, that are good at `now` and whose users may do something, at most `limit`, in
    /// order: those after `after`.
    pub fn certificates_that_may(
        &self,
        access: &Access<'_>,
        now: Timestamp,
        after: Option<&str>,
        limit: usize,
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
            self.answer(&subject, access, now).denied.is_none()
        };
        certificates.into_iter().filter(allowed).take(limit).collect()
    }

    /// The patterns of all that a subject may do by an operation, in order, each once. For `publish` they are of
    /// topics as the client names them, before the publish prefix; a topic that starts with `$` may be allowed
    /// besides.
    pub fn resources(
        &self,
        subject: &Subject,
        context: Context,
        operation: Operation,
        publish: bool,
        now: Timestamp,
    ) -> Result<Vec<TopicFilter>, Reason> {
        let (permissions, prefix) = self.settled(&self.collector.enter(), |guard| {
            let principal = self.principal_within(subject, now, guard)?;
            Ok((
                self.permissions_of(principal, guard),
                self.prefix_of(principal, guard),
            ))
        })?;
        let fitting = permissions
            .into_iter()
            .filter(|permission| permission.context == context && permission.operation.covers(operation));
        let mut resources: Vec<TopicFilter> = match prefix.filter(|_| publish) {
            None => fitting.map(|permission| permission.resource).collect(),
            Some(prefix) => fitting
                .filter_map(|permission| after_prefix(&permission.resource, &prefix))
                .collect(),
        };
        resources.sort_unstable();
        resources.dedup();
        Ok(resources)
    }

    /// The username, unless it is erased.
    pub fn username(&self, id: UserId) -> Option<String> {
        let guard = self.collector.enter();
        let user = self.users.get(&id, &guard)?;
        (*user.username != *ERASED).then(|| user.username.to_string())
    }

    fn permissions_of(&self, principal: Principal, guard: &LocalGuard<'_>) -> Vec<Permission> {
        let of_role = |index: &RoleIndex| {
            let role = self.roles.get(index, guard);
            role.map_or_else(Vec::new, |role| role.details.permissions.as_slice().to_vec())
        };
        match principal {
            Principal::Role(role) => self.role_indexes.get(&role, guard).map_or_else(Vec::new, of_role),
            Principal::User(user) => {
                let Some(user) = self.users.get(&user, guard) else {
                    return Vec::new();
                };
                let own = user.extra.iter().flat_map(|extra| extra.permissions.as_slice());
                let of_roles = user.roles.as_slice().iter().flat_map(of_role);
                of_roles.chain(own.cloned()).collect()
            }
        }
    }

    fn prefix_of(&self, principal: Principal, guard: &LocalGuard<'_>) -> Option<std::sync::Arc<str>> {
        let Principal::User(user) = principal else {
            return None;
        };
        self.users
            .get(&user, guard)?
            .extra
            .as_ref()?
            .mqtt_publish_prefix
            .clone()
    }

    fn roles_that_grant(&self, access: &Access<'_>) -> RoleIndexes {
        let guard = self.collector.enter();
        let Some(question) = access.question() else {
            return RoleIndexes::default();
        };
        self.roles
            .iter(&guard)
            .filter(|(_, role)| role.grants.granted(&question, access.wanted()) == access.wanted())
            .map(|(index, _)| *index)
            .collect()
    }
}

/// Whether a user may be granted it: what the roles of the index say, unless the user's own entry must tell.
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

/// The pattern of what may come after a prefix so that the whole matches a pattern; none if nothing may.
fn after_prefix(pattern: &str, prefix: &str) -> Option<TopicFilter> {
    if prefix.starts_with('$') && pattern.starts_with(['+', '#']) {
        return None;
    }
    let mut levels = pattern.split('/');
    let mut parts = prefix.split('/').peekable();
    while let Some(part) = parts.next() {
        let is_last = parts.peek().is_none();
        let rest = match levels.next()? {
            "#" => return TopicFilter::parse("#").ok(),
            "+" if is_last => "+",
            "+" => continue,
            level if is_last => level.strip_prefix(part)?,
            level if level == part => continue,
            _ => return None,
        };
        let rest: Vec<&str> = std::iter::once(rest).chain(levels).collect();
        return TopicFilter::parse(&rest.join("/")).ok();
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*, sample::select};

    use super::*;
    use crate::tests::oracle::matches;

    #[test]
    fn what_may_come_after_a_prefix() {
        for (pattern, prefix, rest) in [
            ("plant/7/#", "plant/7/", Some("#")),
            ("plant/7/state", "plant/7/", Some("state")),
            ("plant/+/state", "plant/", Some("+/state")),
            ("plant/+/state", "plant/7", Some("+/state")),
            ("plant/7/state", "plant/7", Some("/state")),
            ("plant/77/state", "plant/7", Some("7/state")),
            ("plant/7/#", "plant/7", Some("/#")),
            ("plant/7", "plant/7", None),
            ("plant", "plant/7/", None),
            ("plant/8/#", "plant/7/", None),
            ("#", "$SYS/", None),
            ("$SYS/#", "$SYS/", Some("#")),
        ] {
            assert_eq!(
                after_prefix(pattern, prefix).as_deref(),
                rest,
                "{pattern} {prefix}"
            );
        }
    }

    proptest! {
        #[test]
        fn what_comes_after_a_prefix_matches_if_the_whole_does(
            pattern in vec(select(vec!["", "a", "b", "ab", "+", "$s"]), 1..5),
            rest in any::<bool>(),
            prefix in vec(select(vec!["", "a", "b", "$s"]), 1..4),
            topic in vec(select(vec!["", "a", "b", "ab"]), 1..4),
        ) {
            let pattern = pattern.join("/") + if rest { "/#" } else { "" };
            let (prefix, topic) = (prefix.join("/"), topic.join("/"));
            prop_assume!(TopicFilter::parse(&pattern).is_ok() && !prefix.is_empty() && !topic.is_empty());
            let whole = matches(Context::Mqtt, &pattern, &format!("{prefix}{topic}"));
            let after = after_prefix(&pattern, &prefix);
            prop_assert_eq!(after.is_some_and(|after| matches(Context::Mqtt, &after, &topic)), whole);
        }
    }
}
