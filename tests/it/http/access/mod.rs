//! `/access/v1`: the AuthZEN Authorization API 1.0.

mod client;
#[path = "../../../../src/http/access/tests/access/mod.rs"]
mod scenarios;

use serde_json::{Value, json};

use self::scenarios::dry_run::{foretold, shown};
use crate::support::{
    connectware::*,
    server::{Engine, Server, Site},
};

#[tokio::test]
async fn behind_a_proxy_the_settings_say_where_it_is() {
    let site = Site::new(Engine::Sqlite).with("MUNIMENT_PUBLIC_URL", "https://id.example.com/muniment/");
    let server = site.start().await;
    let found = server
        .anonymous()
        .get("/.well-known/authzen-configuration")
        .await
        .expect(200)
        .json();
    assert_eq!(found["policy_decision_point"], "https://id.example.com/muniment");
    assert_eq!(
        found["access_evaluation_endpoint"],
        "https://id.example.com/muniment/access/v1/evaluation"
    );
}

#[tokio::test]
async fn a_rehearsal_is_of_the_ledger_whichever_node_is_asked() {
    let first = Server::start(Engine::Postgres).await;
    let second = first.site().second_node().start().await;
    let (near, far) = (first.admin().await, second.admin().await);
    for round in 0..10 {
        let role = create_role(&near, &format!("role-{round}"), json!([mqtt("a", "read")])).await;
        let told = foretold(&far, "DELETE", &format!("/api/roles/{role}"), Value::Null).await;
        assert_eq!(
            shown(&told),
            [format!("role {role}: -mqtt read a by role-{round}")]
        );
        let ada = create_user_with(&near, &format!("user-{round}"), json!({ "roles": [role] })).await;
        let told = foretold(&far, "DELETE", &format!("/api/users/{ada}"), Value::Null).await;
        assert_eq!(
            shown(&told),
            [format!("user {ada}: -mqtt read a by role-{round}")]
        );
    }
}
