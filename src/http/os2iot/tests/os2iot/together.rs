//! What several callers do at the same time: nothing is left of what somebody deletes, and nobody changes what has moved away.

use serde_json::json;

use super::*;
use crate::support::{both_engines, connectware::*};

/// How often two callers race.
const ROUNDS: usize = 12;

both_engines! {
    /// Whoever makes something in an organisation that is being deleted either comes first, and then it is deleted too, or is refused.
    async fn nothing_is_left_of_an_organisation_that_is_deleted_meanwhile(server: Server) {
        let scene = Scene::new(&server).await;
        let global = &scene.global;
        for round in 0..ROUNDS {
            let doomed = organisation(global, &format!("Doomed {round}")).await;
            let group = json!({ "name": "late", "organizationId": doomed, "levels": [{ "type": "Read" }], "userIds": [] });
            let late = json!({ "name": format!("Late {round}"), "organizationId": doomed });
            let asks = json!({ "requestedOrganizationIds": [doomed] });
            let reader = scene.caller(0, "Read");
            let (deleted, formed, made, asked) = tokio::join!(
                global.delete(format!("/api/v1/organization/{doomed}")),
                global.post("/api/v1/permission", group),
                global.post("/api/v1/application", late),
                reader.put("/api/v1/kombitCreation/updateUserOrgs", asks),
            );
            deleted.expect(200);
            for (answer, path) in [(formed, "permission"), (made, "application")] {
                match answer.status {
                    201 => {
                        let path = format!("/api/v1/{path}/{}", id(&answer.json()));
                        global.get(path).await.expect(404);
                    }
                    status => assert_eq!(status, 404, "{answer:?}"),
                }
            }
            assert!([200, 404].contains(&asked.status), "{asked:?}");
            let me = reader.get("/api/v1/auth/me").await.expect(200).json();
            assert_eq!(me["user"]["awaitingConfirmation"], false, "{me}");
        }
    }

    /// Whoever joins a group that is being dissolved either comes first, and then loses it, or is refused.
    async fn nobody_stays_in_a_group_that_is_dissolved_meanwhile(server: Server) {
        let scene = Scene::new(&server).await;
        let (global, user) = (&scene.global, scene.users[0][3]);
        for _ in 0..ROUNDS {
            let doomed = group(global, scene.organisations[0], "Read").await;
            let joins = json!({ "name": "read-0", "active": true, "permissionIds": [scene.groups[0][3], doomed] });
            let key = json!({ "name": "late", "permissionIds": [doomed] });
            let (dissolved, joined, issued) = tokio::join!(
                global.delete(format!("/api/v1/permission/{doomed}")),
                global.put(format!("/api/v1/user/{user}"), joins),
                global.post("/api/v1/api-key", key),
            );
            dissolved.expect(200);
            assert!([200, 404].contains(&joined.status), "{joined:?}");
            assert!([201, 404].contains(&issued.status), "{issued:?}");
            let shown = global.get(format!("/api/v1/user/{user}")).await.expect(200).json();
            let groups: Vec<i64> = list(&shown["permissions"]).iter().map(id).collect();
            assert_eq!(groups, [scene.groups[0][3]], "{shown}");
            let keys = global.get("/api/v1/api-key").await.expect(200).json();
            assert_eq!(keys["count"], 0, "{keys}");
        }
    }

    /// The right to change an application is judged by where it is when the change is recorded.
    async fn nobody_changes_what_has_moved_away(server: Server) {
        let scene = Scene::new(&server).await;
        let admin = scene.caller(0, "OrganizationApplicationAdmin");
        let [here, there] = scene.organisations;
        for round in 0..ROUNDS {
            let moving = application(&scene.global, here, &format!("Moving {round}"), &[scene.groups[0][2]]).await;
            let path = format!("/api/v1/application/{moving}");
            let change = json!({ "name": format!("Changed {round}"), "organizationId": here });
            let (moved, changed) = tokio::join!(
                scene.global.put(format!("/api/v1/application/updateApplicationOrganization/{moving}"),
                    json!({ "organizationId": there })),
                admin.put(&path, change.clone()),
            );
            moved.expect(200);
            // The change may have come first; the answer then shows an application that has moved since.
            assert!([200, 403].contains(&changed.status), "{changed:?}");
            admin.put(&path, change).await.expect(403);
        }
        let auditor = server.admin().await;
        let of_type = async |event: &str| {
            let found = auditor.get(format!("/api/events?eventType={event}&limit=1000")).await.expect(200).json();
            let of = |one: &Value| (text(&one["subject"]).to_owned(), one["position"].as_i64().expect("a position"));
            list(&found["events"]).iter().map(of).collect::<Vec<_>>()
        };
        let (moved, renamed) = (of_type("application.moved").await, of_type("application.renamed").await);
        assert_eq!(moved.len(), ROUNDS);
        for (subject, position) in renamed {
            let (_, gone) = moved.iter().find(|(one, _)| *one == subject).expect("each application moved");
            assert!(position < *gone, "{subject} was renamed by somebody who had no right to it any more");
        }
    }

    /// Two who make things at the same time get different numbers.
    async fn things_that_are_made_at_once_have_different_numbers(server: Server) {
        let global = &global(&server).await;
        let made = async |name: &str| organisation(global, name).await;
        let (a, b, c) = tokio::join!(made("a"), made("b"), made("c"));
        assert!(a != b && b != c && a != c, "{a} {b} {c}");
    }
}
