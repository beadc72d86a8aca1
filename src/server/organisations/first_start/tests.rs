//! Who becomes an administrator of the faces that are younger than a ledger.

use aggregates::{
    role::CreateRole,
    user::{CreateUser, RoleGrant},
    values::{GrantMethod, GrantType, IdentityProvider, Username},
};
use ledger::{
    Ledger, MasterKey,
    clock::SystemClock,
    ids::{Entropy, SystemEntropy},
    migrations,
};
use projections::sql::{Db, Options};
use tempfile::TempDir;

use super::*;

/// A ledger with the role of the administrators alone.
async fn old_ledger() -> (TempDir, Executor) {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("muniment.db").display());
    let db = Db::open(&url, &Options::default()).await.unwrap();
    migrations::migrate(&db).await.unwrap();
    let (key, clock, entropy) = (
        MasterKey::new([7; 32]),
        Arc::new(SystemClock),
        Arc::new(SystemEntropy),
    );
    let ledger = Ledger::open(db, &key, clock, entropy, projections::GUARDS);
    let executor = Executor::new(ledger.await.unwrap());
    let administrators = CreateRole {
        name: "connectware-admin".parse().unwrap(),
        is_shared: true,
        auto_generated: false,
        protected: true,
        permissions: Vec::new(),
    };
    run(
        &executor,
        Command::Role(RoleId::ADMINISTRATOR, RoleCommand::Create(administrators)),
    )
    .await;
    (folder, executor)
}

async fn run(executor: &Executor, command: Command) {
    let metadata = Metadata::system("test");
    executor.execute(vec![command], &metadata).await.unwrap();
}

async fn create(executor: &Executor, name: &str, is_administrator: bool) -> UserId {
    let id = UserId(SystemEntropy.uuid());
    let role = RoleGrant {
        role_id: RoleId::ADMINISTRATOR,
        is_shared: true,
    };
    let user = CreateUser {
        username: Username::parse(name).unwrap(),
        identity_provider: IdentityProvider::Local,
        auto_generated: false,
        mqtt_publish_prefix: None,
        grant_types: vec![GrantType {
            method: GrantMethod::Token,
            is_required: false,
        }],
        enforce_mfa_enrollment: false,
        password_hash: None,
        must_change_password: false,
        roles: is_administrator.then_some(role).into_iter().collect(),
        permissions: Vec::new(),
        certificates: Vec::new(),
    };
    run(executor, Command::User(id, UserCommand::Create(user))).await;
    id
}

#[tokio::test]
async fn the_administrator_with_the_name_comes_before_older_ones() {
    let (_folder, executor) = old_ledger().await;
    create(&executor, "zoe", true).await;
    let admin = create(&executor, "admin", true).await;
    assert_eq!(first_administrator(&executor).await.unwrap(), Some(admin));
}

#[tokio::test]
async fn the_name_alone_makes_nobody_an_administrator() {
    let (_folder, executor) = old_ledger().await;
    let named = create(&executor, "admin", false).await;
    assert_eq!(first_administrator(&executor).await.unwrap(), None);
    let boss = create(&executor, "boss", true).await;
    assert_eq!(first_administrator(&executor).await.unwrap(), Some(boss));

    late_start(&executor).await.unwrap();
    crate::account_kinds::keep(&executor).await.unwrap();
    let roles = |id| executor.ledger().authorization().user(id).unwrap().roles;
    assert_eq!(roles(named), []);
    assert!(roles(boss).contains(&GroupId::GLOBAL_ADMIN.role()));
}
