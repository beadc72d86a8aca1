//! Questions about subjects and actions, now and at any moment of a random history, compared with the oracle.

use std::collections::{BTreeMap, BTreeSet};

use aggregates::{
    Event, Recorded,
    session::SessionEvent,
    user::UserEvent,
    values::{Context, GrantMethod, Operation, Permission, RoleId, Timestamp, TopicFilter, satisfied},
};
use proptest::{collection::vec, prelude::*};

use super::{
    super::{
        Authorization, Inquiry, Interest, Subject, Wanted,
        past::{Grant, Moment, Past, Streams},
    },
    changing::{changes, sensible},
    ledger::{Ledger, certificate_fingerprint, fingerprint, role_id, user_id},
    oracle::{Oracle, covers, matches},
    random::{CERTIFICATES, ROLES, TOKENS, USERS, a_filter, a_history, a_topic, write},
    read,
    suspending::{self, loaded},
};

/// Whose permissions count for a subject, with the publish prefix.
fn permissions(
    oracle: &Oracle,
    subject: &Subject,
    now: Timestamp,
) -> Option<(Vec<Permission>, Option<String>)> {
    let user = match subject {
        Subject::Role(role) => {
            let role = oracle.roles.get(role)?;
            return Some((role.permissions.values().cloned().collect(), None));
        }
        Subject::Machine(_) | Subject::Account(_) => return None,
        Subject::User(user) => *user,
        Subject::Username(name) => oracle.user_by_name(name)?,
        Subject::Certificate(fingerprint) => {
            let (user, end) = *oracle.certificates.get(fingerprint)?;
            let may = satisfied(&oracle.acting(user)?.grant_types, &[GrantMethod::Certificate]);
            (may && end.is_none_or(|end| end > now)).then_some(user)?
        }
        Subject::Token(token) => {
            let session = oracle.session(token)?;
            let presented = [GrantMethod::Password, GrantMethod::Token];
            let user = oracle.acting(session.user)?;
            let is_due = user.must_change_password || user.enforce_mfa && !user.has_second_factor;
            let may = satisfied(&user.grant_types, &presented) && !is_due;
            (may && session.expires_at > now).then_some(session.user)?
        }
    };
    let prefix = oracle.acting(user)?.prefix.clone();
    Some((oracle.permissions(user), prefix))
}

/// A question: resource type, resource, action.
type Question = (&'static str, String, &'static str);

fn granted(permission: &Permission, prefix: Option<&str>, (kind, resource, action): &Question) -> bool {
    let operation = match *action {
        "read" | "subscribe" | "GET" | "HEAD" => Operation::Read,
        _ => Operation::Write,
    };
    let fits = match (*kind, *action) {
        ("http", _) => {
            permission.context == Context::Http && matches(Context::Http, &permission.resource, resource)
        }
        (_, "read" | "subscribe") => {
            permission.context == Context::Mqtt && covers(&permission.resource, resource)
        }
        (_, action) => {
            let prefix = prefix.filter(|_| action == "publish").unwrap_or_default();
            let topic = format!("{prefix}{resource}");
            permission.context == Context::Mqtt && matches(Context::Mqtt, &permission.resource, &topic)
        }
    };
    fits && permission.operation.covers(operation)
}

fn allowed(oracle: &Oracle, subject: &Subject, question: &Question, now: Timestamp) -> bool {
    permissions(oracle, subject, now).is_some_and(|(permissions, prefix)| {
        permissions
            .iter()
            .any(|permission| granted(permission, prefix.as_deref(), question))
    })
}

fn questions(topics: &[String], filters: &[TopicFilter]) -> Vec<Question> {
    let plain = topics
        .iter()
        .filter(|topic| !topic.is_empty() && !topic.contains('+'));
    let topics =
        plain.flat_map(|topic| ["read", "write", "publish"].map(|action| ("mqtt", topic.clone(), action)));
    let paths = filters.iter().filter(|filter| !filter.contains('#'));
    let paths = paths.flat_map(|path| ["GET", "PUT"].map(|action| ("http", format!("/{path}"), action)));
    let filters = filters
        .iter()
        .map(|filter| ("mqtt", filter.to_string(), "subscribe"));
    topics.chain(paths).chain(filters).collect()
}

pub(super) fn subjects(name: &str) -> Vec<Subject> {
    let users = (0..USERS).map(|user| Subject::User(user_id(user)));
    let roles = (0..ROLES).map(|role| Subject::Role(role_id(role)));
    let certificates = (0..CERTIFICATES).map(|one| Subject::Certificate(certificate_fingerprint(one)));
    let tokens = (0..TOKENS).map(|token| Subject::Token(fingerprint(token)));
    let named = std::iter::once(Subject::Username(name.into()));
    users
        .chain(roles)
        .chain(certificates)
        .chain(tokens)
        .chain(named)
        .collect()
}

/// The events of the streams that matter to a subject, selected like in the real ledger.
pub(super) fn about(subject: &Subject, events: &[Recorded]) -> Vec<Recorded> {
    let mut streams = Streams::default();
    streams.add_subject(subject);
    for event in events {
        // The ledger finds these streams by the fingerprint.
        match (subject, &event.event) {
            (Subject::Certificate(wanted), Event::User(UserEvent::CertificateAdded { certificate }))
                if certificate.fingerprint == *wanted =>
            {
                streams.add_user(&event.aggregate_id);
            }
            (Subject::Token(wanted), Event::Session(SessionEvent::TokenIssued { fingerprint, .. }))
                if fingerprint.digest() == *wanted =>
            {
                streams.add_session(&event.aggregate_id);
            }
            _ => {}
        }
    }
    read(streams, events)
}

/// Rights by their source: a role, or the user.
type Rights = BTreeMap<(Option<RoleId>, aggregates::values::PermissionId), Permission>;

fn rights(grants: &[Grant]) -> Rights {
    let key = |grant: &Grant| {
        (
            grant.through.as_ref().map(|through| through.role),
            grant.permission.id,
        )
    };
    grants
        .iter()
        .map(|grant| (key(grant), grant.permission.clone()))
        .collect()
}

/// Each grant names the events that granted it.
fn is_told_by_its_events(grant: &Grant, ledger: &Ledger) {
    let event = &ledger.0[grant.given.position as usize - 1];
    assert_eq!(event.event.event_type(), grant.given.event_type);
    let gives = match &event.event {
        Event::User(UserEvent::PermissionGranted { permission }) => permission.id,
        Event::Role(aggregates::role::RoleEvent::PermissionAdded { permission }) => permission.id,
        Event::Role(aggregates::role::RoleEvent::PermissionChanged { id, .. }) => *id,
        other => panic!("{other:?} gives nothing"),
    };
    assert_eq!(gives, grant.permission.id);
    if let Some(granted) = grant
        .through
        .as_ref()
        .and_then(|through| through.granted.as_ref())
    {
        let role = grant.through.as_ref().map(|through| through.role);
        let event = &ledger.0[granted.position as usize - 1].event;
        assert!(
            matches!(event, Event::User(UserEvent::RoleGranted { role_id, .. }) if Some(*role_id) == role)
        );
    }
}

fn explained(past: &Past, inquiry: &Inquiry<'_>, question: &Question, ledger: &Ledger) {
    let why = past.why(inquiry);
    let why = why.deciding().unwrap();
    let prefix = past.publish_prefix();
    let all = past.grants();
    let allowing: Vec<&Grant> = all
        .iter()
        .filter(|grant| granted(&grant.permission, prefix, question))
        .collect();
    assert!(why.grants.iter().eq(allowing), "{question:?}");
    // Every denial names the nearest grants.
    assert_eq!(
        why.nearest.is_empty(),
        !why.grants.is_empty() || all.is_empty(),
        "{question:?}"
    );
    for near in &why.nearest {
        assert!(!near.lacks.is_empty());
        assert!(all.contains(&near.grant));
    }
    all.iter().for_each(|grant| is_told_by_its_events(grant, ledger));
}

/// Every search finds exactly those who are allowed.
fn searched(
    engine: &Authorization,
    oracle: &Oracle,
    inquiry: &Inquiry<'_>,
    question: &Question,
    now: Timestamp,
) {
    let is_allowed = |subject: Subject| allowed(oracle, &subject, question, now);
    let mut users = engine.users_who_may(inquiry, None, usize::MAX, &Interest::default());
    users.sort_unstable();
    let all = (0..USERS).map(user_id);
    assert!(
        users
            .into_iter()
            .eq(all.filter(|id| is_allowed(Subject::User(*id)))),
        "{question:?}"
    );
    let roles = engine.roles_that_may(inquiry, None, usize::MAX, &Interest::default());
    let all = (0..ROLES).map(role_id);
    assert!(
        roles
            .into_iter()
            .eq(all.filter(|id| is_allowed(Subject::Role(*id)))),
        "{question:?}"
    );
    let tokens = engine.tokens_that_may(inquiry, now, None, usize::MAX, &Interest::default());
    let all = (0..TOKENS).map(fingerprint);
    assert!(
        tokens
            .into_iter()
            .eq(all.filter(|token| is_allowed(Subject::Token(*token)))),
        "{question:?}"
    );
    let certificates = engine.certificates_that_may(inquiry, now, None, usize::MAX, &Interest::default());
    let mut all: Vec<_> = (0..CERTIFICATES).map(certificate_fingerprint).collect();
    all.sort_unstable();
    let all = all
        .into_iter()
        .filter(|one| is_allowed(Subject::Certificate(one.clone())));
    assert!(certificates.into_iter().eq(all), "{question:?}");
}

/// A search of topics that a subject may write to finds the patterns of all grants that count for the subject.
fn reached(engine: &Authorization, oracle: &Oracle, subject: &Subject, now: Timestamp) {
    let wanted = Wanted::parse("mqtt", "write").unwrap();
    let found = engine.resources(subject, &wanted, now, None, usize::MAX, &Interest::default());
    let expected = permissions(oracle, subject, now).map(|(permissions, _)| {
        let fits = |permission: &&Permission| {
            permission.context == Context::Mqtt && permission.operation.covers(Operation::Write)
        };
        let patterns = permissions.iter().filter(fits);
        let patterns: BTreeSet<String> = patterns
            .map(|permission| permission.resource.to_string())
            .collect();
        patterns.into_iter().collect::<Vec<_>>()
    });
    assert_eq!(found.ok(), expected, "{subject:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn any_subject_is_answered_as_the_oracle_answers_at_any_moment(
        suspending in any::<bool>(),
        steps in a_history(70),
        moments in vec(any::<prop::sample::Index>(), 3),
        now in 0..20i64,
        topics in vec(a_topic(), 4),
        filters in vec(a_filter(), 4),
    ) {
        let model = suspending::model(suspending);
        let now = Timestamp::from_micros(now);
        let (mut ledger, mut oracle) = (Ledger::default(), suspending::oracle(suspending));
        for step in steps {
            write(step, &mut ledger, &mut oracle);
        }
        let questions = questions(&topics, &filters);
        let live = Authorization::within(model);
        live.apply(&ledger.0);
        let started = loaded(model, &oracle);
        for engine in [&live, &started] {
            for question in &questions {
                let (kind, resource, action) = question;
                let Ok(inquiry) = Inquiry::parse(kind, resource, action) else { continue };
                for subject in subjects("ann") {
                    let answer = engine.answer(&subject, &inquiry, now);
                    prop_assert_eq!(answer.denied.is_none(), allowed(&oracle, &subject, question, now), "{:?} {:?}", subject, question);
                }
                searched(engine, &oracle, &inquiry, question, now);
            }
            for subject in subjects("ann") {
                reached(engine, &oracle, &subject, now);
            }
        }
        for moment in moments {
            let position = moment.index(ledger.0.len() + 1);
            let mut then = suspending::oracle(suspending);
            ledger.0[..position].iter().for_each(|event| then.apply(event));
            let moment = Moment { position: position as i64, time: now };
            for subject in subjects("") {
                // The events that came later do not matter, though they are of the same streams.
                let past = Past::within(model, subject.clone(), moment, &about(&subject, &ledger.0), &Interest::default());
                for question in &questions {
                    let (kind, resource, action) = question;
                    let Ok(inquiry) = Inquiry::parse(kind, resource, action) else { continue };
                    let answer = past.answer(&inquiry);
                    prop_assert_eq!(answer.position, moment.position);
                    prop_assert_eq!(answer.denied.is_none(), allowed(&then, &subject, question, now), "{:?} {:?}", subject, question);
                    explained(&past, &inquiry, question, &ledger);
                    // All that is told counted then, and nothing that did is left out.
                    let mut told: Vec<Permission> = past.grants().into_iter().map(|grant| grant.permission).collect();
                    let mut held = permissions(&then, &subject, now).map_or_else(Vec::new, |(held, _)| held);
                    told.sort();
                    held.sort();
                    prop_assert_eq!(told, held);
                }
                reached(past.engine(), &then, &subject, now);
            }
        }
    }

    #[test]
    fn what_was_gained_and_lost_leads_from_one_moment_to_the_other(
        suspending in any::<bool>(),
        steps in a_history(70),
        from in any::<prop::sample::Index>(),
        to in any::<prop::sample::Index>(),
    ) {
        let model = suspending::model(suspending);
        let (mut ledger, mut oracle) = (Ledger::default(), suspending::oracle(suspending));
        for step in steps {
            write(step, &mut ledger, &mut oracle);
        }
        let events = sensible(ledger.0);
        let (from, to) = (from.index(events.len() + 1), to.index(events.len() + 1));
        let (from, to) = (from.min(to) as i64, from.max(to) as i64);
        // At this time nothing has expired yet.
        let time = Timestamp::from_micros(0);
        for subject in subjects("") {
            let events = about(&subject, &events);
            let held = |position| rights(&Past::within(model, subject.clone(), Moment { position, time }, &events, &Interest::default()).grants());
            let (before, after) = (held(from), held(to));
            let changes = changes(model, &subject, from..=to, &events, usize::MAX, &Interest::default());
            let mut now = before.clone();
            let mut last = from;
            for change in &changes.changes {
                prop_assert!(last < change.cause.position && change.cause.position <= to);
                last = change.cause.position;
                for (source, permission) in rights(&change.lost.listed) {
                    prop_assert_eq!(now.remove(&source), Some(permission));
                }
                for (source, permission) in rights(&change.gained.listed) {
                    prop_assert_eq!(now.insert(source, permission), None);
                }
                prop_assert_eq!(&now, &held(last));
            }
            prop_assert_eq!(&now, &after);
            let only = |one: &Rights, other: &Rights| -> Rights {
                let differs = |(source, permission): &(&_, &Permission)| other.get(source) != Some(permission);
                one.iter().filter(differs).map(|(source, permission)| (*source, permission.clone())).collect()
            };
            prop_assert_eq!(rights(&changes.gained.listed), only(&after, &before));
            prop_assert_eq!(rights(&changes.lost.listed), only(&before, &after));
        }
    }
}
