//! Unmodified cqrs-es over the ledger's repository.

use std::collections::HashMap;

use aggregates::{
    user::{RoleGrant, User, UserCommand, UserError, UserEvent},
    values::{RoleId, UserId},
};
use cqrs_es::{
    AggregateError, CqrsFramework, EventStore,
    persist::{EventStoreAggregateContext, PersistedEventStore},
};
use ledger::{Ledger, Metadata, Repository};

use super::{
    on_both_engines,
    site::{Site, create_user, new_role, new_user, number, role_unit, stored},
};

type Store = PersistedEventStore<Repository, User>;

fn store(ledger: &Ledger) -> Store {
    PersistedEventStore::new_event_store(ledger.repository())
}

fn framework(ledger: &Ledger) -> CqrsFramework<User, Store> {
    CqrsFramework::new(store(ledger), vec![], ())
}

fn create(username: &str) -> UserCommand {
    UserCommand::Create(create_user(username))
}

fn grant(role_id: RoleId) -> UserCommand {
    UserCommand::GrantRole(RoleGrant {
        role_id,
        is_shared: true,
    })
}

on_both_engines! {
    async fn commands_are_executed_with_their_metadata(site: Site) {
        let ledger = site.ledger().await;
        let users = framework(&ledger);
        let (id, role) = (new_user(), new_role());
        ledger.append(role_unit(role, "operators")).await.expect("a role");
        users.execute(&id.to_string(), create("ada")).await.expect("a user");
        let given: HashMap<String, String> = [
            ("actor", "somebody"),
            ("onbehalfof", "somebody else"),
            ("face", "connectware"),
            ("requestid", "r-1"),
            ("correlationid", "c-1"),
            ("causationid", "1"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        users.execute_with_metadata(&id.to_string(), grant(role), given.clone()).await.expect("a grant");

        let loaded: EventStoreAggregateContext<User> = store(&ledger).load_aggregate(&id.to_string()).await.expect("a user");
        assert_eq!(loaded.current_sequence, 2);
        assert_eq!(loaded.aggregate.username, "ada");
        assert_eq!(loaded.aggregate.password_hash, create_user("ada").password_hash);
        assert!(loaded.aggregate.roles.contains_key(&role));
        let events = store(&ledger).load_events(&id.to_string()).await.expect("events");
        assert!(matches!(events[1].payload, UserEvent::RoleGranted { .. }));

        let stored = stored(&ledger).await;
        let first: Metadata = serde_json::from_str(&stored[1].metadata).expect("metadata");
        assert_eq!(first, Metadata::system("start"));
        let second: HashMap<String, String> = serde_json::from_str(&stored[2].metadata).expect("metadata");
        assert_eq!(second, given);
        site.must_be_sound(&ledger).await;
    }

    async fn a_lost_race_is_a_conflict(site: Site) {
        let ledger = site.ledger().await;
        let id = new_user().to_string();
        framework(&ledger).execute(&id, create("ada")).await.expect("a user");
        let (one, other) = (store(&ledger), store(&ledger));
        let first: EventStoreAggregateContext<User> = one.load_aggregate(&id).await.expect("a user");
        let second: EventStoreAggregateContext<User> = other.load_aggregate(&id).await.expect("a user");
        let event = || vec![UserEvent::TokensRevoked {}];
        one.commit(event(), first, HashMap::new()).await.expect("the first wins");
        let lost = other.commit(event(), second, HashMap::new()).await;
        assert!(matches!(lost, Err(AggregateError::AggregateConflict)), "{:?}", lost.err());
        assert_eq!(number(ledger.db(), "SELECT COUNT(*) FROM events").await, 2);
    }

    async fn the_domain_and_the_ledger_say_no(site: Site) {
        let ledger = site.ledger().await;
        let users = framework(&ledger);
        let id = new_user().to_string();
        let nobody = users.execute(&id, UserCommand::Delete).await;
        assert!(matches!(nobody, Err(AggregateError::UserError(UserError::NotFound))));
        users.execute(&id, create("ada")).await.expect("a user");
        let taken = users.execute(&new_user().to_string(), create("ada")).await;
        assert!(taken.expect_err("the name is taken").to_string().contains("username is taken"));
        let no_role = users.execute(&id, grant(new_role())).await;
        assert!(no_role.expect_err("there is no such role").to_string().contains("there is no role"));
        let _: UserId = UserId::parse(&id).expect("an id");
        assert_eq!(number(ledger.db(), "SELECT COUNT(*) FROM events").await, 1);
    }
}
