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

    /// The published server filters after it has cut the list into parts, so that `count` and `data` disagree.
    async fn a_filter_chooses_before_the_list_is_cut(server: Server) {
        let scene = Scene::new(&server).await;
        let [here, there] = scene.organisations;
        for (organisation, name, status, owner) in [
            (here, "a", "PROTOTYPE", "Ada"), (here, "b", "IN-OPERATION", "ada"), (here, "c", "PROTOTYPE", "Ada & Grace"),
            (here, "d", "PROTOTYPE", "Ada"), (there, "e", "PROTOTYPE", "Ada"),
        ] {
            let attached = [scene.groups[usize::from(organisation == there)][3]];
            let body = json!({ "name": name, "organizationId": organisation, "permissionIds": attached, "status": status, "owner": owner });
            scene.global.post("/api/v1/application", body).await.expect(201);
        }
        let reader = scene.caller(0, "Read");
        let users = scene.caller(0, "OrganizationUserAdmin");
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let of_here = format!("organizationId={here}&");
        for (caller, query, expected, count) in [
            (&scene.global, "status=PROTOTYPE", names(&["a", "c", "d", "e"]), 4),
            (&scene.global, "status=PROTOTYPE&owner=Ada&limit=1&offset=1", names(&["d"]), 3),
            (&scene.global, "status=PROTOTYPE&orderOn=name&sort=DESC&limit=2", names(&["e", "d"]), 4),
            (&scene.global, "owner=ada", names(&["b"]), 1),
            (&scene.global, "owner=Ada+%26+Grace", names(&["c"]), 1),
            (&scene.global, "owner=nobody", names(&[]), 0),
            (&scene.global, "status=NONE", names(&["App 0", "App 1"]), 2),
            (&scene.global, "statusCheck=alert", names(&[]), 0),
            (&scene.global, "statusCheck=stable&owner=ada", names(&["b"]), 1),
            (&scene.global, "status=null&statusCheck=undefined&owner=undefined&limit=1", names(&["App 0"]), 7),
            (reader, "status=PROTOTYPE&limit=2", names(&["a", "c"]), 3),
            (reader, "owner=Ada", names(&["a", "d"]), 2),
            (users, "owner=Ada", names(&["a", "d"]), 2),
        ] {
            for within in ["", &of_here] {
                let list = caller.get(format!("/api/v1/application?{within}{query}")).await.expect(200).json();
                if within.is_empty() {
                    assert_eq!((column(&list["data"], "name"), list["count"].as_i64()), (expected.clone(), Some(count)), "{query}");
                }
                assert!(!within.is_empty() || list["data"].as_array().is_some_and(|all| all.iter().all(|one| one["statusCheck"] == "stable")));
                let elsewhere = ["e", "App 1"].iter().filter(|name| column(&list["data"], "name").contains(&(**name).to_owned())).count();
                assert!(within.is_empty() || elsewhere == 0, "{list}");
            }
        }
        let list = scene.global.get(format!("/api/v1/application?{of_here}status=PROTOTYPE&orderOn=owner")).await.expect(200).json();
        assert_eq!((column(&list["data"], "name"), &list["count"]), (names(&["a", "d", "c"]), &json!(3)), "{list}");
        for wrong in ["status=prototype", "status=All", "statusCheck=red", "statusCheck=STABLE", "owner=%00", "owner=%FF",
            "status=NONE&status=OTHER", &format!("owner={}", "a".repeat(101))] {
            scene.global.get(format!("/api/v1/application?{wrong}")).await.expect(400);
        }
        // A filter opens nothing.
        reader.get(format!("/api/v1/application?organizationId={there}&statusCheck=alert")).await.expect(403);
    }

    async fn what_the_portal_shows_of_an_organisation_is_what_the_caller_reads_there(server: Server) {
        let scene = Scene::new(&server).await;
        let [here, there] = scene.organisations;
        for (organisation, name, owner, groups) in [
            (here, "a", Some("Grace"), vec![scene.groups[0][3]]), (here, "b", Some("ada"), vec![]), (here, "c", Some("Grace"), vec![]),
            (here, "d", None, vec![scene.groups[0][3]]), (there, "e", Some("Elsewhere"), vec![scene.groups[1][3]]),
        ] {
            let body = json!({ "name": name, "organizationId": organisation, "permissionIds": groups, "owner": owner });
            scene.global.post("/api/v1/application", body).await.expect(201);
        }
        let counts = |total: i64| json!({ "total": total, "withError": 0, "totalDevices": 0 });
        let key = json!({ "name": "reads", "permissionIds": [scene.groups[0][3]] });
        let key = text(&scene.global.post("/api/v1/api-key", key).await.expect(201).json()["key"]).to_owned();
        for (caller, owners, total) in [
            (&scene.global, json!(["ada", "Grace"]), 5),
            (scene.caller(0, "OrganizationUserAdmin"), json!(["ada", "Grace"]), 5),
            (scene.caller(0, "Read"), json!(["Grace"]), 3),
            (scene.caller(0, "OrganizationApplicationAdmin"), json!([]), 1),
            // No application is attached to a group of this caller, which is not the same as all of them.
            (scene.caller(0, "OrganizationGatewayAdmin"), json!([]), 0),
        ] {
            let found = caller.get(format!("/api/v1/application/{here}/filter-information")).await.expect(200).json();
            assert_eq!(found, owners);
            let found = caller.get(format!("/api/v1/application/{here}/application-dashboard-data")).await.expect(200).json();
            assert_eq!(found, counts(total));
        }
        for what in ["filter-information", "application-dashboard-data"] {
            let path = format!("/api/v1/application/{here}/{what}");
            server.anonymous().get(&path).header("x-api-key", &key).await.expect(200);
            server.anonymous().get(&path).await.expect(401);
            for level in LEVELS {
                scene.caller(1, level).get(&path).await.expect(403);
            }
            scene.global.get(format!("/api/v1/application/x/{what}")).await.expect(400);
            let nowhere = format!("/api/v1/application/4711/{what}");
            scene.caller(0, "Read").get(&nowhere).await.expect(403);
            scene.global.get(&nowhere).await.expect(200);
        }
        let nothing = scene.global.get("/api/v1/application/4711/application-dashboard-data").await.expect(200).json();
        assert_eq!(nothing, counts(0));
    }

    async fn everything_says_who_made_and_who_changed_it(server: Server) {
        let scene = Scene::new(&server).await;
        let by = |shown: &Value| (shown["createdBy"].clone(), shown["updatedBy"].clone());
        let get = async |path: String| scene.global.get(path).await.expect(200).json();
        let (here, group) = (scene.organisations[0], scene.groups[0][3]);
        let (users, applications) = (scene.caller(0, "OrganizationUserAdmin"), scene.caller(0, "OrganizationApplicationAdmin"));
        let (user_admin, application_admin) = (json!(scene.users[0][0]), json!(scene.users[0][2]));
        let global = json!(1);
        // The server itself has no number.
        assert_eq!(by(&get("/api/v1/permission/1".to_owned()).await), (Value::Null, Value::Null));
        assert_eq!(by(&get(format!("/api/v1/organization/{here}")).await), (global.clone(), global.clone()));
        assert_eq!(by(&get(format!("/api/v1/permission/{group}")).await), (global.clone(), global.clone()));
        users.put(format!("/api/v1/permission/{group}"), json!({ "name": "Renamed" })).await.expect(200);
        assert_eq!(by(&get(format!("/api/v1/permission/{group}")).await), (global.clone(), user_admin.clone()));

        let reader = format!("/api/v1/user/{}", scene.users[0][3]);
        assert_eq!(by(&get(reader.clone()).await), (global.clone(), global.clone()));
        let change = json!({ "name": "Renamed", "active": true, "permissionIds": [group] });
        users.put(&reader, change).await.expect(200);
        assert_eq!(by(&get(reader).await), (global.clone(), user_admin.clone()));

        let application = format!("/api/v1/application/{}", scene.applications[0]);
        let change = json!({ "name": "Renamed", "organizationId": here });
        let changed = applications.put(&application, change).await.expect(200).json();
        assert_eq!(by(&changed), (global.clone(), application_admin));

        let key = json!({ "name": "Dashboard", "permissionIds": [scene.groups[0][2]] });
        let key = users.post("/api/v1/api-key", key).await.expect(201).json();
        assert_eq!(by(&key), (user_admin.clone(), user_admin));
        let made = json!({ "name": "By key", "organizationId": here });
        let made = server.anonymous().post("/api/v1/application", made).header("x-api-key", text(&key["key"]));
        let made = made.await.expect(201).json();
        let system_user = key["systemUser"]["id"].clone();
        assert_eq!(by(&made), (system_user.clone(), system_user.clone()));
        // Who it was stays known when the key is revoked.
        users.delete(format!("/api/v1/api-key/{}", id(&key))).await.expect(200);
        let listed = get(format!("/api/v1/application?organizationId={here}&orderOn=name")).await;
        assert_eq!(by(&listed["data"][0]), (system_user.clone(), system_user), "{listed}");
        // An organisation within another answer says it, too.
        assert_eq!(by(&listed["data"][0]["belongsTo"]), (global.clone(), global));
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
