//! `GET /api/roles`

use serde_json::json;

use crate::support::{both_engines, connectware::*, server::Server};

both_engines! {
    async fn every_server_has_two_roles(server: Server) {
        let admin = server.admin().await;
        let roles = admin.get("/api/roles").await.expect(200).json();
        list(&roles).iter().for_each(assert_role);
        assert_eq!(all(&roles, "name"), ["connectware-admin", "minimum-access"]);
    }

    async fn all_roles_are_listed_oldest_first(server: Server) {
        let admin = server.admin().await;
        for name in ["zebra", "Antelope", "lion"] {
            create_role(&admin, name, json!([])).await;
        }
        let roles = admin.get("/api/roles").await.expect(200).json();
        let names: Vec<_> = list(&roles).iter().skip(2).map(|role| text(&role["name"])).collect();
        assert_eq!(names, ["zebra", "Antelope", "lion"]);
    }

    async fn roles_are_found_by_name(server: Server) {
        let admin = server.admin().await;
        create_role(&admin, "the operators", json!([])).await;
        for (query, wanted) in [
            ("name[eq]=connectware-admin", vec!["connectware-admin"]),
            ("name%5Beq%5D=connectware-admin", vec!["connectware-admin"]),
            ("name[eq]=the%20operators", vec!["the operators"]),
            ("name[eq]=the+operators", vec!["the operators"]),
            ("name[eq]=connectware", vec![]),
            ("name[eq]=%25", vec![]),
        ] {
            let roles = admin.get(format!("/api/roles?{query}")).await.expect(200).json();
            assert_eq!(all(&roles, "name"), wanted, "{query}");
        }
    }

    async fn minimum_access_lets_a_user_in_and_no_further(server: Server) {
        let admin = server.admin().await;
        let role = role_named(&admin, "minimum-access").await;
        create_user_with(&admin, "ada", json!({ "roles": [role] })).await;
        let ada = server.anonymous().login("ada", PASSWORD).await;
        ada.get("/api/session").await.expect(200);
        ada.get("/api/listUsers").await.expect_error(403);
        ada.get("/api/roles").await.expect_error(403);
        ada.get("/api/events").await.expect_error(403);
        ada.post("/api/users", user("grace", json!({}))).await.expect_error(403);
    }
}
