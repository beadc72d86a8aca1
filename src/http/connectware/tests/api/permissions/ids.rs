//! `GET /api/permissions/ids`

use serde_json::json;

use crate::support::{both_engines, client::assert_keys, connectware::*, server::Server};

both_engines! {
    async fn permissions_that_say_the_same_are_put_together(server: Server) {
        let admin = server.admin().await;
        let one = admin.post("/api/roles", role("one", json!([mqtt("a", "read")]))).await.expect(201).json();
        let two = admin.post("/api/roles", role("two", json!([mqtt("a", "read"), mqtt("a", "write")]))).await;
        let two = two.expect(201).json();

        let answer = admin.get("/api/permissions/ids").await.expect(200).json();

        for row in list(&answer) {
            assert_keys(row, &["resource", "operation", "context", "ids"]);
            assert!(!list(&row["ids"]).is_empty(), "{row}");
            list(&row["ids"]).iter().for_each(assert_uuid);
        }
        let rows: Vec<_> = list(&answer).iter().filter(|row| row["resource"] == "a").collect();
        assert_eq!(rows.len(), 2, "{answer}");
        let ids = |operation: &str| {
            let row = rows.iter().find(|row| row["operation"] == operation).expect("the row should be there");
            row["ids"].clone()
        };
        assert_eq!(ids("read"), json!([one["permissions"][0]["id"], two["permissions"][0]["id"]]));
        assert_eq!(ids("write"), json!([two["permissions"][1]["id"]]));
    }

    async fn own_permissions_are_there_too(server: Server) {
        let admin = server.admin().await;
        let ada =
            create_user_with(&admin, "ada", json!({ "initialPermissions": [mqtt("mine", "read")] })).await;
        let id = get_user(&admin, &ada).await["roles"][0]["permissions"][0]["id"].clone();
        let answer = admin.get("/api/permissions/ids").await.expect(200).json();
        let row =
            list(&answer).iter().find(|row| row["resource"] == "mine").expect("the row should be there");
        assert_eq!(row["ids"], json!([id]));
    }
}
