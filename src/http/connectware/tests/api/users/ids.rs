//! `GET /api/users/ids` and `GET /api/users/usernames`

use serde_json::json;

use crate::support::{both_engines, connectware::*, server::Server};

both_engines! {
    async fn all_ids_and_names_are_listed(server: Server) {
        let admin = server.admin().await;
        let first = admin_id(&admin).await;
        let (ada, grace) = (create_user(&admin, "ada").await, create_user(&admin, "grace").await);
        let ids = admin.get("/api/users/ids").await.expect(200).json();
        assert_eq!(ids, json!([first, ada, grace]));
        let names = admin.get("/api/users/usernames").await.expect(200).json();
        assert_eq!(names, json!(["admin", "ada", "grace"]));
        admin.delete(format!("/api/users/{ada}")).await.expect(204);
        assert_eq!(admin.get("/api/users/ids").await.expect(200).json(), json!([first, grace]));
        assert_eq!(admin.get("/api/users/usernames").await.expect(200).json(), json!(["admin", "grace"]));
    }
}
