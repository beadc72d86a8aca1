//! What the portal does (design/people.md, facts 5): `undefined` and `null` as texts, and the lists that it needs on every page.

use serde_json::json;

use super::*;
use crate::support::{both_engines, connectware::list};

both_engines! {
    async fn texts_that_stand_for_nothing_are_nothing(server: Server) {
        let scene = Scene::new(&server).await;
        for path in [
            "/api/v1/permission?orderOn=undefined&sort=undefined&userId=undefined&organisationId=undefined&limit=null&offset=undefined",
            "/api/v1/application?status=null&limit=null&offset=0&orderOn=undefined&sort=undefined&organizationId=undefined",
            "/api/v1/user?limit=null&orderOn=null&sort=null",
            "/api/v1/organization?observe=response&limit=undefined",
        ] {
            let list = scene.global.get(path).await.expect(200).json();
            assert!(list["count"].as_i64() > Some(0), "{path}: {list}");
        }
    }

    /// The requests of the portal from the login to its first pages, with its parameters as it writes them.
    async fn the_portal_shows_its_pages_to_a_global_administrator(server: Server) {
        let scene = Scene::new(&server).await;
        let global = global(&server).await;
        let me = global.get("/api/v1/auth/me").await.expect(200).json();
        assert_eq!(id(&me["user"]), 1);
        assert_eq!(list(&me["organizations"]).len(), 2, "{me}");
        let here = scene.organisations[0];
        let nothing = "orderOn=undefined&sort=undefined";
        for (path, count) in [
            ("/api/v1/organization/minimal?observe=response".to_owned(), 2),
            (format!("/api/v1/organization?limit=null&offset=null&{nothing}"), 2),
            (format!("/api/v1/permission?limit=100&offset=0&{nothing}&userId=undefined&organisationId=undefined"), 15),
            (format!("/api/v1/permission?limit=10&offset=0&orderOn=name&sort=asc&userId={}", scene.users[0][3]), 1),
            (format!("/api/v1/permission/getAllPermissionsWithoutUsers?limit=null&{nothing}&ignoreGlobalAdmin=true"), 14),
            (format!("/api/v1/application?limit=25&offset=0&sort=asc&orderOn=id&organizationId={here}&status=null&statusCheck=null&owner=null"), 1),
            (format!("/api/v1/user?limit=25&offset=0&{nothing}&observe=response"), 9),
            (format!("/api/v1/user/organizationUsers/{here}?limit=25&offset=0&{nothing}"), 4),
            (format!("/api/v1/user/awaitingUsers/{here}?limit=25&offset=0&{nothing}"), 0),
            (format!("/api/v1/api-key?limit=25&offset=0&{nothing}&organizationId={here}"), 0),
        ] {
            let shown = global.get(&path).await.expect(200).json();
            assert_eq!(shown["count"], count, "{path}: {shown}");
            assert_eq!(list(&shown["data"]).len(), usize::try_from(count).expect("a count"), "{path}: {shown}");
        }
        let users = global.get("/api/v1/user/minimal").await.expect(200).json();
        assert_eq!(list(&users["users"]).len(), 9, "{users}");
        let user = global.get(format!("/api/v1/user/{}?extendedInfo=true", scene.users[0][3])).await.expect(200).json();
        assert_eq!(list(&user["permissions"]).len(), 1, "{user}");
        // The form of a user sends every field back, those that are empty too.
        let form = json!({ "id": scene.users[0][3], "name": "read-0", "email": "read-0@example.org", "active": true,
            "globalAdmin": false, "expiresOn": null, "permissionIds": [scene.groups[0][3]] });
        global.put(format!("/api/v1/user/{}", scene.users[0][3]), form).await.expect(200);
        let form = json!({ "id": null, "name": "From the portal", "description": "", "organizationId": here, "status": "NONE",
            "startDate": null, "endDate": null, "category": "", "owner": "", "contactPerson": "", "contactEmail": "", "contactPhone": "",
            "personalData": null, "hardware": "", "controlledProperties": [], "deviceTypes": [], "permissionIds": [scene.groups[0][2]] });
        global.post("/api/v1/application", form).await.expect(201);
    }

    async fn the_lists_of_every_page_are_there_for_each_level(server: Server) {
        let scene = Scene::new(&server).await;
        for level in LEVELS {
            let caller = scene.caller(0, level);
            caller.get("/api/v1/auth/me").await.expect(200);
            let organisations = caller.get("/api/v1/kombitCreation/minimal").await.expect(200).json();
            assert_eq!(column(&organisations["data"], "name"), ["Aarhus"]);
            caller.get("/api/v1/kombitCreation/minimalUsers").await.expect(200);
            caller.get("/api/v1/organization/minimal").await.expect(200);
            let own = caller.put("/api/v1/user/1/hide-welcome", json!({})).await.expect(200).json();
            assert_eq!(own, true);
            let me = caller.get("/api/v1/auth/me").await.expect(200).json();
            assert_eq!(me["user"]["showWelcomeScreen"], false);
        }
    }

    async fn whoever_asks_is_let_in_or_not(server: Server) {
        let scene = Scene::new(&server).await;
        let reader = scene.caller(0, "Read");
        let asks = json!({ "requestedOrganizationIds": [scene.organisations[1]] });
        reader.put("/api/v1/kombitCreation/updateUserOrgs", asks.clone()).await.expect(200);
        let admin = scene.caller(1, "OrganizationUserAdmin");
        let awaiting = admin.get("/api/v1/user/awaitingUsers").await.expect(200).json();
        assert_eq!(column(&awaiting["data"], "name"), ["read-0"], "{awaiting}");
        assert_eq!(scene.caller(0, "OrganizationUserAdmin").get("/api/v1/user/awaitingUsers").await.expect(200).json()["count"], 0);
        let number = scene.users[0][3];
        let reject = json!({ "orgId": scene.organisations[1], "userIdToReject": number });
        scene.caller(0, "OrganizationUserAdmin").put("/api/v1/user/rejectUser", reject.clone()).await.expect(403);
        admin.put("/api/v1/user/rejectUser", reject.clone()).await.expect(200);
        admin.put("/api/v1/user/rejectUser", reject).await.expect(404);

        reader.put("/api/v1/kombitCreation/updateUserOrgs", asks).await.expect(200);
        let accept = json!({ "organizationId": scene.organisations[1], "userId": number, "permissionIds": [scene.groups[1][3]] });
        admin.put("/api/v1/permission/acceptUser", accept.clone()).await.expect(200);
        let refused = admin.put("/api/v1/permission/acceptUser", accept).await.expect(400).json();
        assert_eq!(message(&refused), "MESSAGE.USER-ALREADY-IN-PERMISSION");
        reader.get(format!("/api/v1/application/{}", scene.applications[1])).await.expect(200);
        let email = json!({ "email": "other@example.org", "requestedOrganizationIds": [scene.organisations[1]] });
        let refused = reader.put("/api/v1/kombitCreation/createNewKombitUser", email).await.expect(400).json();
        assert_eq!(message(&refused), "MESSAGE.USER-ALREADY-HAVE-MAIL");
        let unknown = json!({ "requestedOrganizationIds": [4711] });
        reader.put("/api/v1/kombitCreation/updateUserOrgs", unknown).await.expect(404);
    }

    async fn the_root_and_the_health_need_no_credential(server: Server) {
        let root = server.anonymous().get("/api/v1/").await.expect(200);
        assert!(root.content_type().starts_with("text/plain"), "{root:?}");
        let health = server.anonymous().get("/api/v1/healthcheck").await.expect(200);
        assert_eq!(health.text(), "OK");
        server.anonymous().get("/api/v1/nowhere").await.expect(404);
        let scene = Scene::new(&server).await;
        scene.global.get(format!("/api/v1/application/{}/iot-devices", scene.applications[0])).await.expect(404);
    }
}
