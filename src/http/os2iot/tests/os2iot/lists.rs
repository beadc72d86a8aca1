//! Organisations, groups and applications: making, changing, listing.

use serde_json::json;

use super::*;
use crate::support::{both_engines, client::assert_keys, connectware::*};

both_engines! {
    async fn an_organisation_comes_with_three_groups(server: Server) {
        let global = global(&server).await;
        let made = organisation(&global, "Aarhus").await;
        let groups = global.get(format!("/api/v1/permission?organisationId={made}")).await.expect(200).json();
        assert_keys(&groups, &["data", "count"]);
        assert_eq!(column(&groups["data"], "name"),
            ["Aarhus - Organisationsadministrator", "Aarhus - Applikationsadministrator", "Aarhus - Læserettigheder"]);
        let levels = |group: &Value| column(&group["type"], "type");
        let shown = list(&groups["data"]);
        assert_eq!(levels(&shown[2]), ["Read"]);
        assert_eq!(levels(&shown[0]).len(), 4);
        assert_eq!(shown[1]["automaticallyAddNewApplications"], true);
        assert_eq!(shown[0]["organization"]["name"], "Aarhus");

        let taken = global.post("/api/v1/organization", json!({ "name": "Aarhus" })).await.expect(400).json();
        assert_eq!(message(&taken), "MESSAGE.ORGANIZATION-ALREADY-EXISTS");
        let renamed = global.put(format!("/api/v1/organization/{made}"), json!({ "name": "Odense" })).await;
        assert_eq!(renamed.expect(200).json()["name"], "Odense");
        global.delete(format!("/api/v1/organization/{made}")).await.expect(200);
        global.get(format!("/api/v1/organization/{made}")).await.expect(404);
        global.delete(format!("/api/v1/organization/{made}")).await.expect(404);
        // A number is never used again.
        assert_ne!(organisation(&global, "Aarhus").await, made);
    }

    async fn a_new_application_joins_the_groups_that_take_each(server: Server) {
        let scene = Scene::new(&server).await;
        let made = application(scene.caller(0, "OrganizationApplicationAdmin"), scene.organisations[0], "New", &[]).await;
        let shown = scene.global.get(format!("/api/v1/application/{made}")).await.expect(200).json();
        assert_eq!(column(&shown["permissions"], "name"), ["Aarhus - Applikationsadministrator", "Aarhus - Læserettigheder"]);
        assert_eq!(id(&shown["belongsTo"]), scene.organisations[0]);
    }

    async fn a_list_has_the_part_that_is_asked_for(server: Server) {
        let scene = Scene::new(&server).await;
        for name in ["b", "a", "C"] {
            application(&scene.global, scene.organisations[0], name, &[]).await;
        }
        let get = async |query: &str| {
            let list = scene.global.get(format!("/api/v1/application?{query}")).await.expect(200).json();
            (column(&list["data"], "name"), list["count"].as_i64())
        };
        assert_eq!(get("orderOn=name&sort=ASC").await.0, ["a", "App 0", "App 1", "b", "C"]);
        assert_eq!(get("orderOn=name&sort=DESC&limit=2").await.0, ["C", "b"]);
        assert_eq!(get("limit=2&offset=1").await, (vec!["App 1".to_owned(), "b".to_owned()], Some(5)));
        let of_one = format!("organizationId={}", scene.organisations[1]);
        assert_eq!(get(&of_one).await, (vec!["App 1".to_owned()], Some(1)));
        assert_eq!(get("limit=0").await, (vec![], Some(5)));
        for wrong in ["limit=-1", "offset=-1", "limit=1.5", "offset=x", "organizationId=x"] {
            scene.global.get(format!("/api/v1/application?{wrong}")).await.expect(400);
        }
        // Whoever may read nothing there is refused, and sees no empty list.
        scene.caller(0, "Read").get(format!("/api/v1/application?{of_one}")).await.expect(403);
        let gateways = scene.caller(0, "OrganizationGatewayAdmin").get("/api/v1/application").await.expect(200).json();
        assert_eq!(gateways["count"], 0, "whoever administers gateways reads no applications");
        let users = scene.caller(0, "OrganizationUserAdmin").get("/api/v1/application").await.expect(200).json();
        assert_eq!(users["count"], 4, "whoever administers users reads all applications of the organisation");
    }

    async fn fields_that_break_rules_are_listed(server: Server) {
        let global = global(&server).await;
        let body = json!({ "name": " ", "email": "nobody", "password": "short", "active": "yes" });
        let refused = global.post("/api/v1/user", body).await.expect(400);
        assert!(!refused.text().contains("short"), "a password never comes back");
        let refused = refused.json();
        assert_eq!((&refused["statusCode"], &refused["error"]), (&json!(400), &json!("Bad Request")));
        assert_eq!(column(&refused["message"], "property"), ["name", "email", "password", "active"]);
        for error in list(&refused["message"]) {
            assert!(error["constraints"].is_object() && error["children"] == json!([]), "{error}");
        }
        let refused = global.get("/api/v1/user/x").await.expect(400).json();
        assert_eq!(message(&refused), "Validation failed (numeric string is expected)");
        let twice = json!({ "name": "twice", "organizationId": 1, "levels": [{ "type": "Read" }, { "type": "Read" }] });
        organisation(&global, "Aarhus").await;
        let refused = global.post("/api/v1/permission", twice).await.expect(400).json();
        assert_eq!(message(&refused), "MESSAGE.DUPLICATE-PERMISSION-TYPES");
    }

    async fn a_level_is_refused_where_it_is_not_enough(server: Server) {
        let scene = Scene::new(&server).await;
        let reader = scene.caller(0, "Read");
        let refused = reader.post("/api/v1/organization", json!({ "name": "Mine" })).await.expect(403).json();
        assert_eq!(message(&refused), "Forbidden resource");
        let refused = reader.get(format!("/api/v1/application/{}", scene.applications[1])).await.expect(403).json();
        assert_eq!(refused, json!({ "statusCode": 403, "message": "Forbidden" }));
        for organisation in scene.organisations {
            let body = json!({ "name": "Another", "organizationId": organisation });
            reader.post("/api/v1/application", body).await.expect(403);
        }
        let unknown = scene.global.get("/api/v1/application/4711").await.expect(404).json();
        assert_eq!(message(&unknown), "MESSAGE.ID-DOES-NOT-EXIST");
        reader.get("/api/v1/application/4711").await.expect(403);
    }

    /// Groups do not show in the roles of the connectware face, and are not granted there.
    async fn groups_are_no_roles_to_connectware(server: Server) {
        let scene = Scene::new(&server).await;
        let admin = server.admin().await;
        let roles = admin.get("/api/roles").await.expect(200).text();
        assert!(!roles.contains("Organisationsadministrator") && !roles.contains("GlobalAdmin"), "{roles}");
        let own = get_user(&admin, &admin_id(&admin).await).await;
        assert_eq!(list(&own["roles"]).len(), 1, "{own}");
        let role = format!("{:08x}-6f73-8002-8000-696f74000000", scene.groups[0][3]);
        admin.get(format!("/api/roles/{role}")).await.expect_error(404);
        admin.delete(format!("/api/roles/{role}")).await.expect_error(404);
        let ada = create_user(&admin, "ada").await;
        admin.put(format!("/api/users/{ada}/roles/{role}"), json!({})).await.expect_error_in(&[400, 404, 405]);
        let permissions = admin.get("/api/permissions/page").await.expect(200).text();
        assert!(!permissions.contains("os2iot"), "{permissions}");
    }

    /// `ignoreGlobalAdmin` leaves the group out of the pages and out of the count.
    async fn pages_without_the_global_group_are_full(server: Server) {
        let scene = Scene::new(&server).await;
        let path = "/api/v1/permission/getAllPermissionsWithoutUsers";
        let all = scene.global.get(format!("{path}?limit=null")).await.expect(200).json();
        let expected: Vec<i64> = list(&all["data"]).iter().map(id).filter(|id| *id != 1).collect();
        assert_eq!(all["count"], expected.len() + 1);
        let mut found = Vec::new();
        for offset in (0..expected.len()).step_by(2) {
            let page = format!("{path}?ignoreGlobalAdmin=true&limit=2&offset={offset}");
            let page = scene.global.get(page).await.expect(200).json();
            assert_eq!(page["count"], expected.len(), "{page}");
            found.extend(list(&page["data"]).iter().map(id));
        }
        assert_eq!(found, expected);
    }
}
