//! Who sees which licences.

use serde_json::json;

use super::*;
use crate::support::{both_engines, client::assert_keys, connectware::*};

/// The keys of a licence as the published API shows it.
const KEYS: [&str; 12] = [
    "Agreement",
    "AmountPerMonth",
    "CatalogueUUIDs",
    "DiscountBP",
    "ExpiresAt",
    "LicenseKey",
    "PaidUntilAt",
    "ProviderOrganisation",
    "SignedUser",
    "SignedUserAt",
    "StartsAt",
    "UUID",
];

/// A permission to read the licences of an organisation, named by its UUID.
fn reads(organisation: &str) -> Value {
    let number = u32::from_str_radix(&organisation[..8], 16).expect("a number");
    json!({ "resource": format!("o/{number}/license/#"), "operation": "read", "context": "nx" })
}

both_engines! {
    async fn a_caller_sees_the_licences_of_the_own_organisations(server: Server) {
        let admin = server.admin().await;
        let owners = [organisation(&server, "Aarhus").await, organisation(&server, "Odense").await];
        let agreement = agreement(&admin, "Edge", "trial").await;
        let mut licenses = Vec::new();
        for (owner, key) in [(&owners[0], "ONE-1"), (&owners[1], "TWO-1"), (&owners[0], "ONE-2")] {
            licenses.push(license(&admin, &agreement, owner, json!({ "LicenseKey": key })).await);
        }
        let ada = caller(&admin, "ada", json!([reads(&owners[0])])).await;
        let list = ada.get("/auth/licenses?OrderBy=-LicenseKey").await.expect(200).json();
        assert_eq!(column(&list, "LicenseKey"), ["ONE-2", "ONE-1"]);
        assert_keys(&list[0], &KEYS);
        assert_keys(&list[0]["Agreement"], &["UUID", "Name", "Kind", "Provides", "PublishedAt"]);
        let shown = ada.get(format!("/auth/license/{}", licenses[0])).await.expect(200).json();
        assert_eq!(shown, list[1]);
        for unseen in [licenses[1].as_str(), NOTHING] {
            refused(&ada.get(format!("/auth/license/{unseen}")).await, 404, "not_found");
        }
        refused(&ada.get("/auth/license/1").await, 400, "invalid_request");
        refused(&ada.get("/auth/admin/licenses").await, 403, "forbidden");

        let both = caller(&admin, "both", json!([reads(&owners[0]), reads(&owners[1])])).await;
        let list = both.get("/auth/licenses?OrderBy=LicenseKey&Offset=1").await.expect(200).json();
        assert_eq!(column(&list, "LicenseKey"), ["ONE-2", "TWO-1"]);
        let all = reader(&admin).await;
        assert_eq!(column(&all.get("/auth/licenses").await.expect(200).json(), "LicenseKey"), ["ONE-1", "TWO-1", "ONE-2"]);
    }

    async fn a_right_on_paths_opens_no_licence(server: Server) {
        let admin = server.admin().await;
        let owner = organisation(&server, "Aarhus").await;
        let agreement = agreement(&admin, "Edge", "trial").await;
        let id = license(&admin, &agreement, &owner, json!({})).await;
        let ada = caller(&admin, "ada", json!([http("/#", "readWrite")])).await;
        for path in ["/auth/licenses", &format!("/auth/license/{id}"), &format!("/auth/license/{id}/file"), &format!("/auth/license/{NOTHING}")] {
            refused(&ada.get(path).await, 403, "forbidden");
            refused(&server.anonymous().get(path).await, 401, "unauthorized");
        }
    }

    async fn a_right_on_one_licence_opens_this_one(server: Server) {
        let admin = server.admin().await;
        let owner = organisation(&server, "Aarhus").await;
        let agreement = agreement(&admin, "Edge", "trial").await;
        let [own, other] = [license(&admin, &agreement, &owner, json!({})).await, license(&admin, &agreement, &owner, json!({})).await];
        let resource = reads(&owner)["resource"].as_str().expect("a text").replace('#', &own);
        let ada = caller(&admin, "ada", json!([{ "resource": resource, "operation": "read", "context": "nx" }])).await;
        for end in ["", "/file"] {
            ada.get(format!("/auth/license/{own}{end}")).await.expect(200);
            refused(&ada.get(format!("/auth/license/{other}{end}")).await, 403, "forbidden");
        }
        refused(&ada.get("/auth/licenses").await, 403, "forbidden");
    }

    async fn questions_about_licences_are_answered(server: Server) {
        let admin = server.admin().await;
        let owner = organisation(&server, "Aarhus").await;
        let agreement = agreement(&admin, "Edge", "trial").await;
        let id = license(&admin, &agreement, &owner, json!({})).await;
        caller(&admin, "ada", json!([reads(&owner)])).await;
        let decision = async |id: &str, action: &str| {
            let question = json!({
                "subject": { "type": "username", "id": "ada" }, "action": { "name": action },
                "resource": { "type": "nx-license", "id": id },
            });
            admin.post("/access/v1/evaluation", question).await.expect(200).json()["decision"].clone()
        };
        assert_eq!(decision(&id, "read").await, true);
        assert_eq!(decision(&id, "write").await, false);
        assert_eq!(decision(NOTHING, "read").await, false);
        let question = json!({
            "subject": { "type": "username", "id": "ada" }, "action": { "name": "read" }, "resource": { "type": "nx-license" },
        });
        let found = admin.post("/access/v1/search/resource", question).await.expect(200).json();
        assert_eq!(found["results"][0]["id"], json!(id), "{found}");
    }

    async fn only_administrators_of_licences_give_the_right_to_read_them(server: Server) {
        let admin = server.admin().await;
        let owner = organisation(&server, "Aarhus").await;
        let maker = json!([http("/api/users/#", "readWrite"), http("/api/users", "readWrite")]);
        let ada = caller(&admin, "ada", maker.clone()).await;
        let body = user("eve", json!({ "initialPermissions": [reads(&owner)] }));
        ada.post("/api/users", body.clone()).await.expect_error(403);
        let mut rights = maker;
        rights.as_array_mut().expect("a list").push(http("/auth/admin/#", "readWrite"));
        let grace = caller(&admin, "grace", rights).await;
        grace.post("/api/users", body).await.expect(201);
    }
}
