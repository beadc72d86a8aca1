//! The course of a subject: which roles counted for it when, and which permissions of its own.

use std::ops::RangeInclusive;

use aggregates::{
    Recorded,
    role::RoleEvent,
    user::UserEvent,
    values::{PermissionId, RoleId, Timestamp},
};

use super::{
    super::{Cause, Grant, holdings::Holdings},
    Span,
    held::{Held, Moves, Own, differing},
};
use crate::{
    Authorization, Interest, MODEL, Model, Principal, Subject,
    engine::{about::About, facts::Fact},
    principals::{standing::Standing, users::RoleStep},
    vocabularies::os2iot::ACCOUNT,
};

/// A role that counts for a subject.
#[derive(Clone, Debug, PartialEq)]
pub struct HeldRole {
    /// The role.
    pub role: RoleId,
    /// The event that granted it; `None` if the role itself is the subject.
    pub granted: Option<Cause>,
}

/// A time during which a role counts for a subject, by one grant.
#[derive(Clone, Debug, PartialEq)]
pub struct Tenure {
    /// The role.
    pub held: HeldRole,
    /// The position of the event from which on it counts, or of the start of the page.
    pub after: i64,
    /// The position of the event from which on it no longer counts; `None` if it counts at the end.
    pub until: Option<i64>,
}

/// What an event of the subject itself changes.
#[derive(Clone, Debug)]
pub struct Step {
    /// The event.
    pub(super) cause: Cause,
    /// The roles that no longer count.
    pub lost: Vec<HeldRole>,
    /// The roles that count from this event on.
    pub gained: Vec<HeldRole>,
    /// The own permissions, each as it was before and as it is now.
    pub(super) own: Vec<[Option<Grant>; 2]>,
    pub(super) prefix: Option<[Option<String>; 2]>,
}

/// What counts for a subject, and how that changes within a page.
#[derive(Debug)]
pub struct Course {
    pub(super) from: i64,
    pub(super) to: i64,
    /// The own permissions at the start.
    pub(super) own: Own,
    /// The times of roles within the page. The times of one role are in order.
    pub tenures: Vec<Tenure>,
    /// The changes, in order.
    pub steps: Vec<Step>,
}

impl HeldRole {
    /// The position since which a grant through this role counts: the later of the two events that it needs.
    pub fn since(&self, span: &Span) -> i64 {
        let granted = self.granted.as_ref().map_or(0, |granted| granted.position);
        granted.max(span.since)
    }
}

impl Tenure {
    /// Whether the role counts right after the event at a position.
    pub(super) fn counts_at(&self, position: i64) -> bool {
        self.after <= position && self.until.is_none_or(|until| position < until)
    }
}

impl Step {
    /// The position of the event.
    pub fn position(&self) -> i64 {
        self.cause.position
    }
}

impl Course {
    /// Takes the events of all streams that matter except those of roles, and of each role that was ever granted the events that created
    /// and deleted it, all in order. The page begins after `from` and ends with `to`. The end of a token or a certificate is not an event:
    /// they count throughout, until they are revoked. It ends early when the interest is lost.
    pub fn of(
        subject: &Subject,
        span: RangeInclusive<i64>,
        events: &[Recorded],
        interest: &Interest,
    ) -> Self {
        Self::within(&MODEL, subject, span, events, interest)
    }

    /// The same, with the kinds of a model.
    pub fn within(
        model: &'static Model,
        subject: &Subject,
        span: RangeInclusive<i64>,
        events: &[Recorded],
        interest: &Interest,
    ) -> Self {
        let (from, to) = span.into_inner();
        let mut state = State::within(model, subject);
        let start = events.partition_point(|event| event.position <= from);
        let end = events.partition_point(|event| event.position <= to);
        let (before, during) = events.get(..end.max(start)).unwrap_or_default().split_at(start);
        for event in before.iter().take_while(|_| !interest.is_lost()) {
            state.apply(event);
        }
        let mut held = state.held();
        let mut course = Self {
            from,
            to,
            own: held.own.clone(),
            tenures: held.tenures(from),
            steps: Vec::new(),
        };
        for event in during.iter().take_while(|_| !interest.is_lost()) {
            state.apply(event);
            let moves = state.moves(event, &held);
            course.take(Cause::from(event), &moves);
            held.take(moves);
        }
        course
    }

    /// The positions between which the page is.
    pub fn ends(&self) -> (i64, i64) {
        (self.from, self.to)
    }

    fn take(&mut self, cause: Cause, moves: &Moves) {
        let mut step = Step {
            lost: Vec::new(),
            gained: Vec::new(),
            own: moves.own.values().cloned().collect(),
            prefix: moves.prefix.clone(),
            cause,
        };
        for (role, [before, now]) in &moves.roles {
            let held = |granted: &Option<Cause>| HeldRole {
                role: *role,
                granted: granted.clone(),
            };
            if before.is_some() {
                self.end(*role, step.cause.position);
            }
            if let Some(now) = now {
                self.tenures.push(Tenure {
                    held: held(now),
                    after: step.cause.position,
                    until: None,
                });
            }
            // If the role counted before and counts now, only the event that granted it is another one.
            match (before, now) {
                (Some(before), None) => step.lost.push(held(before)),
                (None, Some(now)) => step.gained.push(held(now)),
                (Some(_), Some(_)) | (None, None) => {}
            }
        }
        let changes_roles = !step.lost.is_empty() || !step.gained.is_empty();
        if changes_roles || !step.own.is_empty() || step.prefix.is_some() {
            self.steps.push(step);
        }
    }

    fn end(&mut self, role: RoleId, position: i64) {
        let mut latest_first = self.tenures.iter_mut().rev();
        if let Some(tenure) = latest_first.find(|tenure| tenure.held.role == role) {
            tenure.until = Some(position);
        }
    }
}

/// The part of what counts that an event can change.
enum Scope {
    Nothing,
    Own(PermissionId),
    Role(RoleId),
    All,
}

/// The state of the subject after the events so far.
struct State<'a> {
    model: &'static Model,
    subject: &'a Subject,
    engine: Authorization,
    holdings: Holdings,
}

impl<'a> State<'a> {
    fn within(model: &'static Model, subject: &'a Subject) -> Self {
        Self {
            model,
            subject,
            engine: Authorization::within(model),
            holdings: Holdings::within(model),
        }
    }

    fn apply(&mut self, event: &Recorded) {
        self.engine.apply(std::slice::from_ref(event));
        self.holdings.apply(event);
    }

    /// What an event changed that has been applied.
    fn moves(&self, event: &Recorded, held: &Held) -> Moves {
        let principal = self.principal();
        let mut moves = Moves::default();
        match self.scope(event) {
            Scope::Nothing => {}
            Scope::Own(id) => {
                let now = principal.and_then(|principal| self.holdings.own(principal, id));
                let both = [held.own.get(&id).cloned(), now];
                if both[0] != both[1] {
                    moves.own.insert(id, both);
                }
            }
            Scope::Role(id) => {
                let now = principal.and_then(|principal| self.holdings.held_role(principal, id));
                let both = [held.roles.get(&id).cloned(), now];
                if both[0] != both[1] {
                    moves.roles.insert(id, both);
                }
            }
            Scope::All => {
                let now = self.held();
                moves.roles = differing(&held.roles, &now.roles);
                moves.own = differing(&held.own, &now.own);
            }
        }
        let prefix = self.prefix();
        moves.prefix = (held.prefix != prefix).then(|| [held.prefix.clone(), prefix]);
        moves
    }

    fn scope(&self, event: &Recorded) -> Scope {
        let facts = (self.model.facts)(&event.aggregate_id, &event.event);
        let of_subject = |fact: &Fact| match fact {
            Fact::Machine { .. } => true,
            // The user of an account: the number stands for the user from then on, or no longer.
            Fact::Placed { resource, .. } | Fact::Removed { resource } => resource.resource_type == ACCOUNT,
        };
        match self.changes_standing(event) || facts.iter().any(of_subject) {
            true => Scope::All,
            false => scope(event),
        }
    }

    /// Whether an event changes whether a user may do anything at all. Such an event is about everything that the user
    /// holds.
    fn changes_standing(&self, event: &Recorded) -> bool {
        match About::from(event) {
            About::User(_, event) => (self.model.standing)(event) != Standing::Kept,
            About::Role(..) | About::Session(..) | About::Nobody => false,
        }
    }

    fn principal(&self) -> Option<Principal> {
        self.engine
            .principal(self.subject, Timestamp::from_micros(0))
            .ok()
    }

    fn held(&self) -> Held {
        let Some(principal) = self.principal() else {
            return Held::default();
        };
        Held {
            roles: self.holdings.held_roles(principal),
            own: self.holdings.all_own(principal),
            prefix: self.prefix(),
        }
    }

    fn prefix(&self) -> Option<String> {
        let (prefix, _) = self.holdings.prefix(self.principal()?)?;
        Some(prefix.to_owned())
    }
}

/// What an event can change that says nothing about machines, and nothing about the standing of its user.
fn scope(event: &Recorded) -> Scope {
    match About::from(event) {
        About::User(_, event) => match RoleStep::of(event) {
            RoleStep::Granted(role) | RoleStep::Revoked(role) => Scope::Role(role),
            RoleStep::Kept => scope_of_user(event),
        },
        About::Role(_, event) => match event {
            RoleEvent::Created { .. } | RoleEvent::Deleted {} => Scope::All,
            // Those who read the role know what they change.
            RoleEvent::Renamed { .. }
            | RoleEvent::SharingChanged { .. }
            | RoleEvent::GroupFormed { .. }
            | RoleEvent::GroupAddsNewApplicationsChanged { .. }
            | RoleEvent::ApplicationAttached { .. }
            | RoleEvent::ApplicationDetached { .. }
            | RoleEvent::PermissionAdded { .. }
            | RoleEvent::PermissionChanged { .. }
            | RoleEvent::PermissionRemoved { .. } => Scope::Nothing,
        },
        About::Session(..) => Scope::All,
        About::Nobody => Scope::Nothing,
    }
}

fn scope_of_user(event: &UserEvent) -> Scope {
    match event {
        UserEvent::PermissionGranted { permission } => Scope::Own(permission.id),
        UserEvent::PermissionRevoked { id } => Scope::Own(*id),
        // A token of a user may count or not, whatever the event is about.
        UserEvent::PasswordChanged { .. }
        | UserEvent::PasswordSet { .. }
        | UserEvent::PasswordRehashed { .. }
        | UserEvent::PasswordChangeDemanded { .. }
        | UserEvent::Created { .. }
        | UserEvent::Renamed { .. }
        | UserEvent::PublishPrefixChanged { .. }
        | UserEvent::IdentityProviderChanged { .. }
        | UserEvent::GrantTypesChanged { .. }
        | UserEvent::MfaEnforcementChanged { .. }
        | UserEvent::TotpOffered { .. }
        | UserEvent::TotpEnrolled { .. }
        | UserEvent::SecondFactorUsed { .. }
        | UserEvent::SecondFactorRefused { .. }
        | UserEvent::BackupCodesReplaced { .. }
        | UserEvent::SecondFactorDisabled { .. }
        | UserEvent::RoleGranted { .. }
        | UserEvent::RoleRevoked { .. }
        | UserEvent::CertificateAdded { .. }
        | UserEvent::CertificateRemoved { .. }
        | UserEvent::TokensRevoked {}
        | UserEvent::SessionsEnded { .. }
        | UserEvent::SessionsByMethodEnded { .. }
        | UserEvent::Revoked {}
        | UserEvent::Deleted {} => Scope::All,
    }
}
