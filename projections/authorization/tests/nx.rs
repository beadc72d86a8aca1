//! Licences: who may read and write them, compared with a table.

use std::collections::BTreeMap;

use aggregates::{
    Event,
    licence::LicenceEvent,
    user::UserEvent,
    values::{
        AgreementId, Context, LicenceId, Operation, Ordinal, OrganisationId, Permission, PermissionId,
        Timestamp,
    },
};
use proptest::{collection::vec, prelude::*, sample::select};
use uuid::Uuid;

use super::{
    super::{Authorization, Impossible, Inquiry, Interest, Reason, Subject, Wanted},
    ledger::{Ledger, user_created, user_id},
};

fn licence(number: u128) -> LicenceId {
    LicenceId(Uuid::from_u128(0xa0_0000 + number))
}

fn issued(organisation: i64) -> LicenceEvent {
    LicenceEvent::Issued {
        agreement: AgreementId(Uuid::nil()),
        organisation: OrganisationId::of(Ordinal::new(organisation).unwrap()),
        licence_key: "KEY-1".parse().unwrap(),
        starts_at: Timestamp::default(),
        expires_at: None,
        paid_until_at: None,
        amount_per_month: 0,
        discount_bp: 0,
        catalogue: vec![],
        seats: 1,
    }
}

fn permission(id: u128, resource: &str, operation: Operation) -> Permission {
    Permission {
        id: PermissionId(Uuid::from_u128(id)),
        resource: resource.parse().unwrap(),
        operation,
        context: Context::Http,
    }
}

#[derive(Clone, Debug)]
enum Step {
    Issue(i64),
    /// What the user gets: the organisation, if it is one, and whether they may read and write.
    Give(Option<i64>, Operation),
    Take(u128),
}

fn a_step() -> impl Strategy<Value = Step> {
    let organisation = 1..4_i64;
    let operation = select(vec![Operation::Read, Operation::Write, Operation::ReadWrite]);
    prop_oneof![
        organisation.clone().prop_map(Step::Issue),
        (proptest::option::weighted(0.8, organisation), operation)
            .prop_map(|(of, operation)| Step::Give(of, operation)),
        (0..20_u128).prop_map(Step::Take),
    ]
}

proptest! {
    #[test]
    fn a_licence_is_of_those_who_have_its_organisation(steps in vec(a_step(), 1..30)) {
        let mut ledger = Ledger::default();
        ledger.user(1, user_created("ada"));
        let (mut owners, mut held) = (BTreeMap::new(), BTreeMap::new());
        for (number, step) in (0_u128..).zip(steps) {
            match step {
                Step::Issue(organisation) => {
                    owners.insert(licence(number), organisation);
                    ledger.record(licence(number).to_string(), Event::Licence(issued(organisation)));
                }
                Step::Give(organisation, operation) => {
                    let pattern = match organisation {
                        Some(number) => format!("nx/o/{number}/license/#"),
                        None => "nx/#".to_owned(),
                    };
                    held.insert(number, (organisation, operation));
                    let permission = permission(number, &pattern, operation);
                    ledger.user(1, UserEvent::PermissionGranted { permission });
                }
                Step::Take(number) => {
                    if held.remove(&number).is_some() {
                        let id = PermissionId(Uuid::from_u128(number));
                        ledger.user(1, UserEvent::PermissionRevoked { id });
                    }
                }
            }
        }
        let engine = Authorization::new();
        engine.apply(&ledger.0);
        let may = |organisation: i64, wanted: Operation| held.values().any(|(of, operation)| {
            of.is_none_or(|of| of == organisation) && operation.covers(wanted)
        });
        let (subject, now) = (Subject::User(user_id(1)), Timestamp::default());
        let mut readable = Vec::new();
        for (id, organisation) in &owners {
            let id = id.to_string();
            for (action, operation) in [("read", Operation::Read), ("write", Operation::Write)] {
                let inquiry = Inquiry::parse("nx-license", &id, action).unwrap();
                let allowed = engine.answer(&subject, &inquiry, now).denied.is_none();
                prop_assert_eq!(allowed, may(*organisation, operation));
            }
            if may(*organisation, Operation::Read) {
                readable.push(id);
            }
        }
        readable.sort();
        let wanted = Wanted::parse("nx-license", "read").unwrap();
        let found = engine.resources(&subject, &wanted, now, None, 100, &Interest::new()).unwrap();
        prop_assert_eq!(found, readable);
        let all = engine.readable_licences(super::super::Principal::User(user_id(1)));
        let everywhere = held.values().any(|(of, operation)| of.is_none() && operation.covers(Operation::Read));
        prop_assert_eq!(all.all, everywhere);
        for organisation in 1..4_i64 {
            let of = OrganisationId::of(Ordinal::new(organisation).unwrap());
            prop_assert_eq!(all.all || all.of.contains(&of), may(organisation, Operation::Read));
        }
    }
}

#[test]
fn a_licence_that_was_not_issued_is_of_nobody() {
    let mut ledger = Ledger::default();
    ledger.user(1, user_created("ada"));
    let permission = permission(1, "nx/#", Operation::ReadWrite);
    ledger.user(1, UserEvent::PermissionGranted { permission });
    ledger.record(licence(1).to_string(), Event::Licence(issued(3)));
    let engine = Authorization::new();
    engine.apply(&ledger.0);
    let denied = |id: &str| {
        let inquiry = Inquiry::parse("nx-license", id, "read").unwrap();
        engine
            .answer(&Subject::User(user_id(1)), &inquiry, Timestamp::default())
            .denied
    };
    assert_eq!(denied(&licence(1).to_string()), None);
    for id in [licence(2).to_string(), "3".to_owned(), String::new()] {
        let unknown = Some(Reason::Impossible(Impossible::Resource));
        assert_eq!(denied(&id), unknown, "{id:?}");
    }
}
