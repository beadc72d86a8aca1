//! How events change the projection. A single writer applies them, one run of events of one stream at a time.

use std::{
    collections::HashMap,
    sync::{
        Arc, MutexGuard, PoisonError,
        atomic::{Ordering, fence},
    },
};

use aggregates::{
    Recorded,
    sealing::ERASED,
    user::UserEvent,
    values::{RoleId, SessionId, Timestamp, UserId},
};
use seize::LocalGuard;

use super::{
    about::{self, About},
    facts::Fact,
};
use crate::{
    Authorization,
    patterns::grants::Grants,
    principals::{
        certificates,
        roles::{self, Role, RoleIndex},
        sessions::Session,
        users::{self, RoleStep, Roles, User},
    },
};

/// State that only the writer needs.
#[derive(Debug, Default)]
pub(crate) struct WriterState {
    /// Whether the role is deleted, for each role index given so far.
    deleted: Vec<bool>,
    /// The token fingerprint of each session.
    pub(crate) fingerprints: HashMap<SessionId, [u8; 32]>,
    /// The certificates of each user.
    pub(crate) certificates: certificates::Owners,
}

impl Authorization {
    /// Applies events in the order of the ledger, without gaps. It skips events at or below
    /// [`Authorization::position`], so a caller may pass a part of the ledger twice.
    pub fn apply(&self, events: &[Recorded]) {
        let mut writer = self.writer();
        let mut applied = self.position();
        for run in events.chunk_by(same_stream) {
            let fresh = run.iter().filter(|event| {
                let fresh = event.position > applied;
                applied = applied.max(event.position);
                fresh
            });
            let fresh: Vec<&Recorded> = fresh.collect();
            if let (Some(first), Some(last)) = (fresh.first(), fresh.last()) {
                // Stored before any entry changes: a reader that sees a new entry also sees this number.
                self.begun.store(last.position, Ordering::Release);
                fence(Ordering::Release);
                self.apply_run(&mut writer, first, &fresh);
                self.applied.store(last.position, Ordering::Release);
            }
        }
        self.position.store(applied, Ordering::Release);
    }

    /// Removes sessions that have expired or are void. Returns the number of removed sessions.
    pub fn drop_expired(&self, now: Timestamp) -> usize {
        let guard = self.collector.enter();
        let is_dead = |session: &Session| session.view.expires_at <= now || !self.is_live(session, &guard);
        // A dead session stays dead, so we search without blocking the writer.
        let dead: Vec<[u8; 32]> = self
            .sessions
            .iter(&guard)
            .filter_map(|(fingerprint, session)| is_dead(session).then_some(*fingerprint))
            .collect();
        let mut dropped = 0;
        for fingerprint in dead {
            let mut writer = self.writer();
            if let Ok(Some((_, session))) =
                self.sessions
                    .remove_if(&fingerprint, |_, session| is_dead(session), &guard)
            {
                writer.fingerprints.remove(&session.view.session_id);
                dropped += 1;
            }
        }
        dropped
    }

    pub(crate) fn writer(&self) -> MutexGuard<'_, WriterState> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Applies events of one stream.
    fn apply_run(&self, writer: &mut WriterState, first: &Recorded, run: &[&Recorded]) {
        let guard = self.collector.enter();
        match About::from(first) {
            About::User(id, _) => self.apply_to_user(writer, id, run, &guard),
            About::Role(id, _) => self.apply_to_role(writer, id, run, &guard),
            About::Session(id, _) => self.apply_to_session(writer, id, run, &guard),
            About::Nobody => {}
        }
        for recorded in run {
            for fact in (self.model.facts)(&recorded.aggregate_id, &recorded.event) {
                self.apply_fact(writer, fact, &guard);
            }
        }
    }

    /// Applies a fact.
    pub(crate) fn apply_fact(&self, writer: &mut WriterState, fact: Fact, guard: &LocalGuard<'_>) {
        match fact {
            Fact::Placed { resource, parents } => self.directory.place(resource, parents, guard),
            Fact::Removed { resource } => self.directory.remove(&resource, guard),
            Fact::Machine { machine, step } => self.apply_to_machine(writer, machine, &step, guard),
        }
    }

    fn apply_to_user(&self, writer: &mut WriterState, id: UserId, run: &[&Recorded], guard: &LocalGuard<'_>) {
        let before = self.entry_of(id, guard);
        let mut user = before.cloned();
        let mut certificates = certificates::CertificateChanges::default();
        let mut recompile = false;
        for (position, event) in about::of_user(run) {
            if user.is_some() {
                certificates.take(&writer.certificates, id, event);
            }
            recompile |= users::changes_grants(event);
            let spared = self.spared(writer, id, user.as_ref(), event, guard);
            user = users::fold(self.model, user, position, event);
            if let (Some(user), Some(issued_position)) = (&mut user, spared) {
                user.ends.spare(issued_position);
            }
            if let Some(user) = &mut user {
                match RoleStep::of(event) {
                    RoleStep::Kept => {}
                    step => user.roles = self.roles_after(writer, &user.roles, step, guard),
                }
            }
        }
        if recompile && let Some(user) = &mut user {
            user.change_extra(|extra| extra.grants = Grants::of(&extra.permissions));
        }
        self.publish_user(id, before, user, guard);
        self.publish_certificates(&mut writer.certificates, id, certificates, guard);
    }

    /// The position at which the session was issued that goes on after an event of its user. A session that has ended before, and
    /// a session of another user, do not go on.
    fn spared(
        &self,
        writer: &WriterState,
        id: UserId,
        user: Option<&User>,
        event: &UserEvent,
        guard: &LocalGuard<'_>,
    ) -> Option<i64> {
        let fingerprint = writer.fingerprints.get(&users::kept_session(event)?)?;
        let session = self.sessions.get(fingerprint, guard)?;
        let goes_on = session.view.user_id == id && user?.ends.spares(session);
        goes_on.then_some(session.issued_position)
    }

    /// The roles of a holder after a step. It drops deleted roles on the way.
    pub(crate) fn roles_after(
        &self,
        writer: &mut WriterState,
        roles: &Roles,
        step: RoleStep,
        guard: &LocalGuard<'_>,
    ) -> Roles {
        let (role, granted) = match step {
            RoleStep::Granted(role) => (self.index(writer, role, guard), true),
            RoleStep::Revoked(role) => (self.role_indexes.get(&role, guard).copied(), false),
            RoleStep::Kept => return roles.clone(),
        };
        let deleted = |index: RoleIndex| writer.deleted.get(index as usize).is_none_or(|deleted| *deleted);
        let kept = roles.as_slice().iter().copied();
        let kept = kept.filter(|held| Some(*held) != role && !deleted(*held));
        kept.chain(role.filter(|_| granted)).collect()
    }

    /// The index of a role. A role may be held before it exists, within one unit; it then gets an index, too. `None`
    /// once all 2^32 indexes are used; nobody can hold later roles.
    pub(crate) fn index(
        &self,
        writer: &mut WriterState,
        id: RoleId,
        guard: &LocalGuard<'_>,
    ) -> Option<RoleIndex> {
        if let Some(index) = self.role_indexes.get(&id, guard) {
            return Some(*index);
        }
        let index = RoleIndex::try_from(writer.deleted.len()).ok()?;
        writer.deleted.push(false);
        self.role_indexes.insert(id, index, guard);
        Some(index)
    }

    /// Replaces a user. It adds the new name first and removes the old name last, so that the current name always finds
    /// the user. No name finds a user who may do nothing.
    fn publish_user(&self, id: UserId, before: Option<&User>, after: Option<User>, guard: &LocalGuard<'_>) {
        let old = before.filter(|user| user.may_act()).map(|user| &user.username);
        let new = after.as_ref().filter(|user| user.may_act());
        let new = new.map(|user| Arc::clone(&user.username));
        let renamed = old != new.as_ref();
        if let Some(name) = new.filter(|name| renamed && **name != *ERASED) {
            self.names.insert(name, id, guard);
        }
        match after {
            Some(user) => {
                self.put_user(id, user, guard);
            }
            None => {
                self.index.remove(id, guard);
                self.users.remove(&id, guard);
                self.suspended.remove(&id, guard);
            }
        }
        if let Some(name) = old.filter(|_| renamed) {
            // If another user has the name by now, that user keeps it.
            let _ = self.names.remove_if(name, |_, owner| *owner == id, guard);
        }
    }

    /// Puts a user who may act where readers look, and a user who may do nothing among the suspended. The writer and the
    /// loader have no other way to put a user anywhere. So a check, which answers from the index, and a reader, which
    /// answers from the entry, need not ask whether the user may act. Returns whether the user was there before.
    pub(crate) fn put_user(&self, id: UserId, user: User, guard: &LocalGuard<'_>) -> bool {
        if user.may_act() {
            self.index.put(id, &user, guard);
            let former = self.users.insert(id, user, guard);
            self.suspended.remove(&id, guard).or(former).is_some()
        } else {
            let former = self.suspended.insert(id, user, guard);
            self.index.remove(id, guard);
            self.users.remove(&id, guard).or(former).is_some()
        }
    }

    fn apply_to_role(&self, writer: &mut WriterState, id: RoleId, run: &[&Recorded], guard: &LocalGuard<'_>) {
        let index = self.role_indexes.get(&id, guard);
        let mut role = index.and_then(|index| self.roles.get(index, guard)).cloned();
        let mut recompile = false;
        for event in about::of_role(run) {
            recompile |= roles::changes_grants(event);
            role = roles::fold(role, id, event);
            if roles::ends(event) {
                self.remove_role(writer, id, guard);
            }
        }
        let Some(mut role) = role else { return };
        if recompile {
            role.grants = Grants::of(&role.details.permissions);
        }
        if let Some(index) = self.index(writer, id, guard) {
            self.publish_role(index, role, guard);
        }
    }

    /// Replaces a role.
    pub(crate) fn publish_role(&self, index: RoleIndex, role: Role, guard: &LocalGuard<'_>) {
        self.outlines.put(index, &role.grants);
        self.roles.insert(index, role, guard);
    }

    /// Removes a role: all its holders lose it at once.
    fn remove_role(&self, writer: &mut WriterState, id: RoleId, guard: &LocalGuard<'_>) {
        let Some(index) = self.role_indexes.remove(&id, guard) else {
            return;
        };
        self.outlines.remove(*index);
        self.roles.remove(index, guard);
        if let Some(deleted) = writer.deleted.get_mut(*index as usize) {
            *deleted = true;
        }
    }

    fn apply_to_session(
        &self,
        writer: &mut WriterState,
        id: SessionId,
        run: &[&Recorded],
        guard: &LocalGuard<'_>,
    ) {
        for (position, event) in about::of_session(run) {
            if let Some(fingerprint) = writer.fingerprints.remove(&id) {
                self.sessions.remove(&fingerprint, guard);
            }
            let Some((fingerprint, session)) = Session::issued(id, position, event) else {
                continue;
            };
            writer.fingerprints.insert(id, fingerprint);
            if let Some(former) = self.sessions.insert(fingerprint, session, guard) {
                writer.fingerprints.remove(&former.view.session_id);
            }
        }
    }
}

/// Whether two events belong to the same stream.
fn same_stream(one: &Recorded, other: &Recorded) -> bool {
    std::mem::discriminant(&one.event) == std::mem::discriminant(&other.event)
        && one.aggregate_id == other.aggregate_id
}
