//! Lists of licences: parts, orders and filters.

use serde_json::json;

use super::*;
use crate::support::both_engines;

/// Licences of two agreements and two organisations, made by an administrator; and somebody who reads all.
async fn some(server: &Server) -> (Client, Client, [String; 2]) {
    let admin = server.admin().await;
    let reader = reader(&admin).await;
    let owners = [
        organisation(server, "Aarhus").await,
        organisation(server, "Odense").await,
    ];
    let agreements = [
        agreement(&admin, "beta", "trial").await,
        agreement(&admin, "Alpha", "rent").await,
    ];
    for (key, agreement, owner, starts, ends) in [
        ("KEY-1", 0, 0, 2020, Some(2190)),
        ("key-2", 1, 1, 2021, None),
        ("OTHER_3", 0, 0, 2020, Some(2180)),
        ("KEY-4", 1, 0, 2022, Some(2190)),
    ] {
        let rest = json!({
            "LicenseKey": key, "StartsAt": format!("{starts}-01-01T00:00:00Z"),
            "ExpiresAt": ends.map(|year| format!("{year}-01-01T00:00:00Z")),
        });
        license(&admin, &agreements[agreement], &owners[owner], rest).await;
    }
    (admin, reader, owners)
}

async fn keys(client: &Client, query: &str) -> Vec<String> {
    let list = client
        .get(format!("/auth/licenses?{query}"))
        .await
        .expect(200)
        .json();
    column(&list, "LicenseKey")
}

both_engines! {
    async fn a_list_has_orders_parts_and_filters(server: Server) {
        let (admin, reader, owners) = some(&server).await;
        for (query, expected) in [
            ("", vec!["KEY-1", "key-2", "OTHER_3", "KEY-4"]),
            ("Offset=1&Limit=2", vec!["key-2", "OTHER_3"]),
            ("Offset=4", vec![]),
            ("Limit=0", vec![]),
            ("OrderBy=LicenseKey", vec!["KEY-1", "KEY-4", "OTHER_3", "key-2"]),
            ("OrderBy=-LicenseKey&Limit=1", vec!["key-2"]),
            ("OrderBy=AgreementName", vec!["key-2", "KEY-4", "KEY-1", "OTHER_3"]),
            ("OrderBy=AgreementName,-LicenseKey", vec!["key-2", "KEY-4", "OTHER_3", "KEY-1"]),
            ("OrderBy=AgreementName,-LicenseKey&Offset=1&Limit=2", vec!["KEY-4", "OTHER_3"]),
            ("OrderBy=StartsAt,ExpiresAt", vec!["OTHER_3", "KEY-1", "key-2", "KEY-4"]),
            // What never expires comes last.
            ("OrderBy=ExpiresAt", vec!["OTHER_3", "KEY-1", "KEY-4", "key-2"]),
            ("OrderBy=-ExpiresAt,LicenseKey", vec!["key-2", "KEY-1", "KEY-4", "OTHER_3"]),
            ("q=KEY-", vec!["KEY-1", "key-2", "KEY-4"]),
            ("q=key-&OrderBy=-StartsAt", vec!["KEY-4", "key-2", "KEY-1"]),
            ("q=r_3", vec!["OTHER_3"]),
            ("q=_", vec!["OTHER_3"]),
            ("q=%25", vec![]),
            ("q=%C3%86", vec![]),
            (&format!("q={}", "_".repeat(60_000)), vec![]),
            ("Kind=trial", vec!["KEY-1", "OTHER_3"]),
            ("Agreement=Alpha", vec!["key-2", "KEY-4"]),
            ("Agreement=Alpha&Kind=trial", vec![]),
            ("Agreement=Alpha&q=4", vec!["KEY-4"]),
            (&format!("Device={NOTHING}"), vec![]),
        ] {
            assert_eq!(keys(&reader, query).await, expected, "{query}");
        }
        for (owner, expected) in [(&owners[0], vec!["OTHER_3", "KEY-4", "KEY-1"]), (&owners[1], vec!["key-2"])] {
            let path = format!("/auth/admin/licenses?Organisation={owner}&OrderBy=-LicenseKey");
            let list = admin.get(path).await.expect(200).json();
            assert_eq!(column(&list, "LicenseKey"), expected);
        }
        let agreements = admin.get("/auth/admin/agreements").await.expect(200).json();
        assert_eq!(column(&agreements, "Name"), ["Alpha", "beta"]);
    }

    async fn a_list_shows_the_licences_that_a_device_uses(server: Server) {
        let (admin, reader, _) = some(&server).await;
        let list = reader.get("/auth/licenses").await.expect(200).json();
        let assign = format!("/auth/admin/licenses/{}/assign", uuid(&list[2]));
        admin.post(assign, json!({ "DeviceUUID": NOTHING })).await.expect(204);
        assert_eq!(keys(&reader, &format!("Device={}", NOTHING.to_uppercase())).await, ["OTHER_3"]);
        assert_eq!(keys(&reader, &format!("Device={NOTHING}&Kind=rent")).await, [""; 0]);
    }

    async fn a_parameter_that_breaks_a_rule_is_refused(server: Server) {
        let admin = server.admin().await;
        let reader = reader(&admin).await;
        for query in [
            "Limit=-1", "Limit=a", "Limit=", "Limit=1.5", "Limit=99999999999999999999", "Offset=-1", "Offset=x",
            "Offset=1&Offset=2", "Device=1", "Device=x", "Device=", "OrderBy=Name", "OrderBy=LicenseKey,", "OrderBy=--StartsAt", "q=%00",
            "q=%ff",
        ] {
            for (by, path) in [(&reader, "/auth/licenses"), (&admin, "/auth/admin/licenses")] {
                refused(&by.get(format!("{path}?{query}")).await, 400, "invalid_request");
            }
        }
        for query in ["Organisation=1", "Organisation=", "Organisation=0a0b0c0d-0000-4000-8000-000000000001"] {
            refused(&admin.get(format!("/auth/admin/licenses?{query}")).await, 400, "invalid_request");
        }
        refused(&admin.get("/auth/admin/agreements?Limit=-1").await, 400, "invalid_request");
    }
}
