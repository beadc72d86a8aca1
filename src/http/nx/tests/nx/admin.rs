//! Making agreements and licences, and changing licences.

use serde_json::json;

use super::*;
use crate::support::{both_engines, client::assert_keys, connectware::*};

both_engines! {
    async fn an_administrator_issues_a_licence_under_an_agreement(server: Server) {
        let admin = server.admin().await;
        let (owner, provider) = (organisation(&server, "Aarhus").await, organisation(&server, "Network").await);
        let body = json!({
            "Name": "Edge Professional", "Kind": "subscription", "Provides": ["recording", "analytics"],
            "PublishedAt": "2026-01-01T00:00:00Z", "OrganisationUUID": provider,
        });
        let made = admin.post("/auth/admin/agreements", body).await.expect(201);
        assert!(made.position() > 0);
        let agreement = made.json();
        assert_keys(&agreement, &["UUID", "Name", "Kind", "Provides", "PublishedAt"]);
        assert_eq!(agreement["PublishedAt"], "2026-01-01T00:00:00.000Z");
        let listed = admin.get("/auth/admin/agreements?Limit=1").await.expect(200).json();
        assert_eq!(listed, json!([agreement]));

        let body = json!({
            "AgreementUUID": agreement["UUID"], "OrganisationUUID": owner, "LicenseKey": "EDGE-1",
            "StartsAt": "2026-01-01T00:00:00Z", "ExpiresAt": "2199-01-01T01:00:00+01:00", "PaidUntilAt": "2026-02-01T00:00:00Z",
            "AmountPerMonth": 1250, "DiscountBP": 500, "CatalogueUUIDs": [NOTHING], "Seats": 100,
        });
        let made = admin.post("/auth/admin/licenses", body).await.expect(201);
        assert!(made.position() > 0);
        let license = made.json();
        assert_eq!(license, json!({
            "UUID": license["UUID"], "Agreement": agreement, "AmountPerMonth": 1250, "CatalogueUUIDs": [NOTHING],
            "DiscountBP": 500, "ExpiresAt": "2199-01-01T00:00:00.000Z", "LicenseKey": "EDGE-1",
            "PaidUntilAt": "2026-02-01T00:00:00.000Z", "ProviderOrganisation": { "UUID": provider, "Name": "Network" },
            "SignedUser": null, "SignedUserAt": null, "StartsAt": "2026-01-01T00:00:00.000Z",
            "OrganisationUUID": owner, "Seats": 100, "Status": "Active",
        }));
        let path = format!("/auth/admin/licenses/{}", uuid(&license));
        assert_eq!(admin.get(&path).await.expect(200).json(), license);
        assert_eq!(admin.get("/auth/admin/licenses").await.expect(200).json(), json!([license]));
    }

    async fn what_a_licence_does_not_say_has_a_default(server: Server) {
        let admin = server.admin().await;
        let owner = organisation(&server, "Aarhus").await;
        let agreement = agreement(&admin, "Edge", "trial").await;
        let mut keys = Vec::new();
        for _ in 0..2 {
            let body = json!({ "AgreementUUID": agreement, "OrganisationUUID": owner });
            let made = admin.post("/auth/admin/licenses", body).await.expect(201).json();
            let shown = admin.get(format!("/auth/admin/licenses/{}", uuid(&made))).await.expect(200).json();
            assert_eq!(made, shown);
            assert_eq!((&shown["Seats"], &shown["AmountPerMonth"], &shown["ExpiresAt"]), (&json!(1), &json!(0), &json!(null)));
            assert_eq!(shown["Status"], "Active");
            keys.push(text(&shown["LicenseKey"]).to_owned());
        }
        assert!(keys.iter().all(|key| key.len() == 29), "{keys:?}");
        assert_ne!(keys[0], keys[1]);
    }

    async fn a_licence_key_is_unique_in_any_case(server: Server) {
        let admin = server.admin().await;
        let owner = organisation(&server, "Aarhus").await;
        let agreement = agreement(&admin, "Edge", "trial").await;
        license(&admin, &agreement, &owner, json!({ "LicenseKey": "Edge-1" })).await;
        for key in ["Edge-1", "EDGE-1"] {
            let body = json!({ "AgreementUUID": agreement, "OrganisationUUID": owner, "LicenseKey": key });
            refused(&admin.post("/auth/admin/licenses", body).await, 409, "licence_key_taken");
        }
    }

    async fn a_body_that_breaks_a_rule_makes_nothing(server: Server) {
        let admin = server.admin().await;
        let owner = organisation(&server, "Aarhus").await;
        let agreement = agreement(&admin, "Edge", "trial").await;
        let with = |name: &str, value: Value| {
            let mut body = json!({ "AgreementUUID": agreement, "OrganisationUUID": owner });
            body[name] = value;
            admin.post("/auth/admin/licenses", body)
        };
        for (name, value) in [
            ("AgreementUUID", json!("1")),
            ("AgreementUUID", json!(null)),
            ("OrganisationUUID", json!(NOTHING)),
            ("OrganisationUUID", json!(3)),
            ("LicenseKey", json!("a b")),
            ("LicenseKey", json!("")),
            ("StartsAt", json!("yesterday")),
            ("ExpiresAt", json!("1970-01-01T00:00:00Z")),
            ("PaidUntilAt", json!(1)),
            ("AmountPerMonth", json!(-1)),
            ("AmountPerMonth", json!(1.5)),
            ("DiscountBP", json!(10_001)),
            ("Seats", json!(1_000_001)),
            ("Seats", json!(-1)),
            ("CatalogueUUIDs", json!(["1"])),
            ("CatalogueUUIDs", json!(NOTHING)),
            ("CatalogueUUIDs", json!(vec![NOTHING; 1_001])),
        ] {
            let answer = with(name, value.clone()).await;
            assert_eq!(answer.status, 400, "{name} {value}: {answer:?}");
            refused(&answer, 400, "invalid_request");
        }
        refused(&with("AgreementUUID", json!(NOTHING)).await, 404, "unknown_agreement");
        let unknown = "7fffffff-6f73-8001-8000-696f74000000";
        refused(&with("OrganisationUUID", json!(unknown)).await, 404, "unknown_organisation");
        assert_eq!(admin.get("/auth/admin/licenses").await.expect(200).json(), json!([]));
        for body in [
            json!({}),
            json!({ "Name": "", "Kind": "trial" }),
            json!({ "Name": "Edge", "Kind": "a\nb" }),
            json!({ "Name": "x".repeat(201), "Kind": "trial" }),
            json!({ "Name": "Edge", "Kind": "trial", "Provides": vec!["x"; 101] }),
            json!({ "Name": "Edge", "Kind": "trial", "PublishedAt": "now" }),
            json!({ "Name": "Edge", "Kind": "trial", "OrganisationUUID": NOTHING }),
        ] {
            refused(&admin.post("/auth/admin/agreements", body).await, 400, "invalid_request");
        }
        let body = json!({ "Name": "Edge", "Kind": "trial", "OrganisationUUID": unknown });
        refused(&admin.post("/auth/admin/agreements", body).await, 404, "unknown_organisation");
        let answer = admin.post("/auth/admin/agreements", json!([1])).await;
        refused(&answer, 400, "invalid_request");
        assert_eq!(admin.get("/auth/admin/agreements").await.expect(200).json().as_array().map(Vec::len), Some(1));
    }

    async fn one_user_signs_a_licence(server: Server) {
        let admin = server.admin().await;
        let owner = organisation(&server, "Aarhus").await;
        let agreement = agreement(&admin, "Edge", "trial").await;
        let id = license(&admin, &agreement, &owner, json!({})).await;
        let path = format!("/auth/admin/licenses/{id}/sign");
        let writer = json!({ "initialPermissions": [http("/auth/admin/#", "write")] });
        let user = create_user_with(&admin, "ada", writer).await;
        let ada = admin.login("ada", PASSWORD).await;
        let signed = ada.post(&path, json!({})).await.expect(204);
        assert!(signed.position() > 0);
        let shown = admin.get(format!("/auth/admin/licenses/{id}")).await.expect(200).json();
        assert_eq!(shown["SignedUser"], json!({ "UUID": user }));
        assert!(shown["SignedUserAt"].is_string(), "{shown}");
        ada.post(&path, json!({})).await.expect(204);
        let other = caller(&admin, "grace", json!([http("/auth/admin/#", "write")])).await;
        refused(&other.post(&path, json!({})).await, 409, "licence_signed");
        refused(&admin.post(format!("/auth/admin/licenses/{NOTHING}/sign"), json!({})).await, 404, "unknown_licence");
        refused(&admin.post("/auth/admin/licenses/1/sign", json!({})).await, 400, "invalid_request");
    }

    async fn a_licence_is_suspended_and_resumed(server: Server) {
        let admin = server.admin().await;
        let owner = organisation(&server, "Aarhus").await;
        let agreement = agreement(&admin, "Edge", "trial").await;
        let id = license(&admin, &agreement, &owner, json!({ "Seats": 2 })).await;
        let path = |what: &str| format!("/auth/admin/licenses/{id}{what}");
        let device = json!({ "DeviceUUID": NOTHING });
        admin.post(path("/suspend"), json!({})).await.expect(204);
        admin.post(path("/suspend"), json!({})).await.expect(204);
        assert_eq!(admin.get(path("")).await.expect(200).json()["Status"], "Suspended");
        refused(&admin.post(path("/assign"), device.clone()).await, 409, "licence_suspended");
        admin.post(path("/resume"), json!({})).await.expect(204);
        assert_eq!(admin.get(path("")).await.expect(200).json()["Status"], "Active");
        admin.post(path("/assign"), device.clone()).await.expect(204);
        // A device keeps its seat while the licence is suspended, and may give it up.
        admin.post(path("/suspend"), json!({})).await.expect(204);
        admin.post(path("/assign"), device.clone()).await.expect(204);
        admin.post(path("/release"), device).await.expect(204);
        for what in ["suspend", "resume"] {
            let answer = admin.post(format!("/auth/admin/licenses/{NOTHING}/{what}"), json!({})).await;
            refused(&answer, 404, "unknown_licence");
        }
    }

    async fn a_licence_is_pending_before_its_start_and_expired_from_its_end(server: Server) {
        let admin = server.admin().await;
        let owner = organisation(&server, "Aarhus").await;
        let agreement = agreement(&admin, "Edge", "trial").await;
        let path = |id: &str, what: &str| format!("/auth/admin/licenses/{id}{what}");
        let status = async |id: &str| admin.get(path(id, "")).await.expect(200).json()["Status"].clone();
        let device = json!({ "DeviceUUID": NOTHING });

        let pending = license(&admin, &agreement, &owner, json!({ "StartsAt": "2199-01-01T00:00:00Z" })).await;
        assert_eq!(status(&pending).await, "Pending");
        let reader = reader(&admin).await;
        refused(&reader.get(format!("/auth/license/{pending}/file")).await, 409, "licence_pending");
        // A device may have its seat before the licence starts.
        admin.post(path(&pending, "/assign"), device.clone()).await.expect(204);
        admin.post(path(&pending, "/suspend"), json!({})).await.expect(204);
        assert_eq!(status(&pending).await, "Suspended");

        let times = json!({ "StartsAt": "2020-01-01T00:00:00Z", "ExpiresAt": "2021-01-01T00:00:00Z" });
        let expired = license(&admin, &agreement, &owner, times).await;
        assert_eq!(status(&expired).await, "Expired");
        refused(&admin.post(path(&expired, "/assign"), device.clone()).await, 409, "licence_expired");
        refused(&admin.post(path(&expired, "/sign"), json!({})).await, 409, "licence_expired");
        refused(&reader.get(format!("/auth/license/{expired}/file")).await, 409, "licence_expired");
        admin.post(path(&expired, "/release"), device.clone()).await.expect(204);
        // Its end counts, whether it is suspended or not.
        admin.post(path(&expired, "/suspend"), json!({})).await.expect(204);
        assert_eq!(status(&expired).await, "Expired");
        refused(&admin.post(path(&expired, "/assign"), device).await, 409, "licence_expired");
    }

    async fn only_who_may_write_below_the_administration_changes_anything(server: Server) {
        let admin = server.admin().await;
        let owner = organisation(&server, "Aarhus").await;
        let body = json!({ "Name": "Edge", "Kind": "trial" });
        let reader = caller(&admin, "reader", json!([http("/auth/admin/#", "read")])).await;
        refused(&reader.post("/auth/admin/agreements", body.clone()).await, 403, "forbidden");
        reader.get("/auth/admin/agreements").await.expect(200);
        let other = caller(&admin, "other", json!([http("/api/#", "readWrite")])).await;
        refused(&other.get("/auth/admin/licenses").await, 403, "forbidden");
        let writer = caller(&admin, "writer", json!([http("/auth/admin/#", "write")])).await;
        let made = writer.post("/auth/admin/agreements", body).await.expect(201).json();
        license(&writer, &uuid(&made), &owner, json!({})).await;
        refused(&writer.get("/auth/admin/licenses").await, 403, "forbidden");
        refused(&server.anonymous().get("/auth/admin/licenses").await, 401, "unauthorized");
        refused(&admin.get("/auth/nowhere").await, 404, "not_found");
        refused(&admin.delete("/auth/admin/licenses").await, 405, "method_not_allowed");
    }
}
