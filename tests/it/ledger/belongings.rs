//! What belongs to a user or an organisation ends with them, whatever was given to them a moment before.

use aggregates::{
    Command, Event, NewEvent,
    account::{AccountCommand, AccountEvent, ChangeAccount},
    application::ApplicationEvent,
    role::RoleEvent,
    seat::{SeatCommand, SeatEvent},
    user::UserCommand,
    values::{
        AccountId, ApplicationId, DeviceId, GroupId, LicenceId, Ordinal, OrganisationId, Timestamp, UserId,
    },
};
use futures_util::future::join;
use ledger::{AppendError, ExecuteError, Executor, Ledger, Rejection};
use projections::organisations::CHANGED;
use uuid::Uuid;

use super::{
    on_both_engines,
    site::{Site, metadata, new_user, unit, user_created},
};

fn ordinal(number: i64) -> Ordinal {
    Ordinal::new(number).expect("an ordinal")
}

fn new_event(id: impl ToString, sequence: i64, event: Event) -> NewEvent {
    NewEvent {
        aggregate_id: id.to_string(),
        sequence,
        event,
    }
}

fn assigned(licence: LicenceId, device: DeviceId) -> NewEvent {
    let event = SeatEvent::Assigned { licence, device };
    new_event(licence.seat(device), 1, Event::Seat(event))
}

async fn append(ledger: &Ledger, events: Vec<NewEvent>) {
    ledger
        .append(unit(events))
        .await
        .expect("nothing stands against it");
}

async fn must_be_vetoed(ledger: &Ledger, events: Vec<NewEvent>) {
    let outcome = ledger.append(unit(events)).await;
    assert!(
        matches!(&outcome, Err(AppendError::Rejected(Rejection::Vetoed(veto))) if *veto == CHANGED),
        "{outcome:?}"
    );
}

async fn must_be_refused(executor: &Executor, commands: Vec<Command>) {
    let outcome = executor.execute(commands, &metadata()).await;
    assert!(
        matches!(&outcome, Err(ExecuteError::Rejected(Rejection::Vetoed(veto))) if *veto == CHANGED),
        "{outcome:?}"
    );
}

async fn must_be_done(executor: &Executor, commands: Vec<Command>) {
    executor
        .execute(commands, &metadata())
        .await
        .expect("nothing stays");
}

async fn user(executor: &Executor, name: &str) -> UserId {
    let user = new_user();
    must_be_done(executor, vec![user_created(user, name)]).await;
    user
}

on_both_engines! {
    async fn no_seat_stays_of_a_user(site: Site) {
        let ledger = site.ledger().await;
        let executor = Executor::new(ledger.clone());
        for (name, end) in [("ada", UserCommand::Delete), ("bob", UserCommand::Revoke)] {
            let user = user(&executor, name).await;
            let (licences, device) = ([1, 2].map(|n| LicenceId(Uuid::from_u128(n))), DeviceId(user.0));
            for licence in licences {
                append(&ledger, vec![assigned(licence, device)]).await;
            }
            let [one, two] = licences.map(|licence| Command::Seat(licence.seat(device), SeatCommand::Release));
            let end = Command::User(user, end);
            must_be_refused(&executor, vec![end.clone()]).await;
            must_be_refused(&executor, vec![end.clone(), one.clone()]).await;
            must_be_done(&executor, vec![end, one, two]).await;
        }
        // Seats of others are no matter.
        let grace = user(&executor, "grace").await;
        append(&ledger, vec![assigned(LicenceId(Uuid::from_u128(3)), DeviceId(new_user().0))]).await;
        must_be_done(&executor, vec![Command::User(grace, UserCommand::Delete)]).await;
    }

    async fn no_seat_comes_in_the_batch_of_the_end(site: Site) {
        let ledger = site.ledger().await;
        let executor = Executor::new(ledger.clone());
        let user = user(&executor, "ada").await;
        let seat = assigned(LicenceId(Uuid::from_u128(1)), DeviceId(user.0));
        let meta = metadata();
        let (given, ended) = join(
            ledger.append(unit(vec![seat])),
            executor.execute(vec![Command::User(user, UserCommand::Delete)], &meta),
        )
        .await;
        given.expect("it comes first");
        assert!(matches!(&ended, Err(ExecuteError::Rejected(Rejection::Vetoed(veto))) if *veto == CHANGED), "{ended:?}");
    }

    async fn no_account_stays_in_use_without_its_user(site: Site) {
        let ledger = site.ledger().await;
        let executor = Executor::new(ledger.clone());
        for (number, name) in [(1, "ada"), (2, "bob")] {
            let (user, account) = (user(&executor, name).await, AccountId::of(ordinal(number)));
            let opened = AccountEvent::Opened {
                user, name: name.to_owned(), email: None, is_active: true, expires_at: None,
            };
            append(&ledger, vec![new_event(account, 1, Event::Account(opened))]).await;
            let off = Command::Account(account, AccountCommand::Change(ChangeAccount {
                name: None, email: None, is_active: Some(false), now: Timestamp::from_micros(1), expires_at: None,
            }));
            let [delete, revoke] = [UserCommand::Delete, UserCommand::Revoke].map(|end| Command::User(user, end));
            must_be_refused(&executor, vec![delete.clone()]).await;
            must_be_refused(&executor, vec![revoke.clone()]).await;
            must_be_refused(&executor, vec![delete.clone(), off.clone()]).await;
            if number == 1 {
                must_be_done(&executor, vec![revoke, off]).await;
            }
            must_be_done(&executor, vec![delete, Command::Account(account, AccountCommand::Close)]).await;
        }
    }

    async fn no_application_stays_in_a_group_of_another_organisation(site: Site) {
        let ledger = site.ledger().await;
        let [here, there] = [3, 4].map(|number| OrganisationId::of(ordinal(number)));
        let group = GroupId::of(ordinal(5));
        let formed = [
            RoleEvent::Created {
                name: "readers".parse().expect("a name"), is_shared: true, auto_generated: false, protected: false,
            },
            RoleEvent::GroupFormed { organisation: Some(here), levels: Vec::new(), adds_new_applications: false },
        ];
        let of_group = |sequence: i64, event: RoleEvent| new_event(group.role(), sequence, Event::Role(event));
        append(&ledger, (1..).zip(formed).map(|(sequence, event)| of_group(sequence, event)).collect()).await;
        let mut sequence = 2;
        for (number, gone) in [(7, ApplicationEvent::Moved { organisation: there }), (8, ApplicationEvent::Deleted {})] {
            let application = ApplicationId::of(ordinal(number));
            let created = ApplicationEvent::Created { organisation: here, name: "Pump".parse().expect("a title") };
            let of_application = |sequence, event| new_event(application, sequence, Event::Application(event));
            append(&ledger, vec![of_application(1, created)]).await;
            append(&ledger, vec![of_group(sequence + 1, RoleEvent::ApplicationAttached { application })]).await;
            must_be_vetoed(&ledger, vec![of_application(2, gone.clone())]).await;
            let detached = of_group(sequence + 2, RoleEvent::ApplicationDetached { application });
            append(&ledger, vec![of_application(2, gone), detached]).await;
            sequence += 2;
        }
        // Where it goes, groups may have it.
        let application = ApplicationId::of(ordinal(9));
        let created = ApplicationEvent::Created { organisation: there, name: "Pump".parse().expect("a title") };
        append(&ledger, vec![new_event(application, 1, Event::Application(created))]).await;
        append(&ledger, vec![of_group(sequence + 1, RoleEvent::ApplicationAttached { application })]).await;
        let moved = Event::Application(ApplicationEvent::Moved { organisation: here });
        append(&ledger, vec![new_event(application, 2, moved)]).await;
    }
}
