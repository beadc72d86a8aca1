//! `/access/forward`

use aggregates::values::coiote::{ENDPOINTS, Endpoint};
use serde_json::{Value, json};

use crate::support::{
    both_engines,
    client::{Call, Client, Response},
    connectware::*,
    server::{ADMIN_PASSWORD, Server},
};

const NGINX: &str = "/access/forward/nginx";
const TRAEFIK: &str = "/access/forward/traefik";
const BASE: &str = "/api/coiotedm/v3";

/// A path of an endpoint at the proxy, with values that need encoding for the parameters.
pub(crate) fn example(route: &[String]) -> String {
    let segments = route.iter().map(|segment| match segment.starts_with('{') {
        true => "urn:d%2F1",
        false => segment.as_str(),
    });
    format!("{BASE}/{}", segments.collect::<Vec<_>>().join("/"))
}

/// The subrequest of nginx about a request.
pub(crate) fn asks(caller: &Client, method: &str, target: &str) -> Call {
    let call = caller.get(NGINX).header("x-original-method", method);
    call.header("x-original-uri", target)
}

pub(crate) async fn nginx(caller: &Client, method: &str, target: &str) -> Response {
    asks(caller, method, target).await
}

/// A permission for one endpoint, as clients of the connectware face write it.
pub(crate) fn endpoint(one: &Endpoint) -> Value {
    json!({
        "resource": format!("{} {}", one.method, one.template), "operation": one.operation().as_str(),
        "context": "coiote",
    })
}

/// Fails unless the request is refused, and the answer says nothing about rights.
#[track_caller]
fn is_forbidden(answer: &Response, what: &str) {
    assert_eq!(answer.status, 403, "{what}");
    let expected = json!({ "code": "forbidden", "message": "the caller may not make this request" });
    assert_eq!(answer.json(), expected, "{what}");
    assert!(!answer.headers.contains_key("muniment-user"), "{what}");
}

fn devices(operation: &str, method: &str) -> Value {
    json!({ "resource": format!("{method} devices/{{id}}"), "operation": operation, "context": "coiote" })
}

/// Ways to spell a path that some server reads as another one.
pub(crate) const TRICKS: [&str; 34] = [
    "/../users/7",
    "/./devices/7",
    "/devices/..%2fusers%2f7",
    "/devices/%2e%2e/users/7",
    "/devices/%2E%2E%2Fusers",
    "/devices/..;/users/7",
    "/devices/.",
    "/devices/..",
    "/devices//7",
    "//devices/7",
    "/devices/7//",
    "/devices/7;x=1",
    "/devices;x=1/7",
    "/devices/7%3Bx",
    "/devices/a\\b",
    "/devices/..\\users",
    "/devices/a%5Cb",
    "/devices/%5c..%5cusers",
    "/devices/%00",
    "/devices/7%00.html",
    "/devices/7%0d%0aX:1",
    "/devices/7%09",
    "/devices/%252e%252e",
    "/devices/%252F",
    "/devices/%c0%ae%c0%ae",
    "/devices/%ff",
    "/devices/%",
    "/devices/%zz",
    "/devices/%2",
    "/devices/7#/../users",
    "/Devices/7",
    "/DEVICES/7",
    "/devices/7/8",
    "/devices%2F7",
];

both_engines! {
    async fn each_permission_lets_its_endpoint_pass_and_no_other(server: Server) {
        let admin = server.admin().await;
        let id = create_user(&admin, "ada").await;
        let ada = server.anonymous().login("ada", PASSWORD).await;
        let all: Vec<&Endpoint> = ENDPOINTS.iter().collect();
        for held in &all {
            let body = json!({ "permissions": [endpoint(held)] });
            let changed = admin.put(format!("/api/users/{id}"), body).await.expect(200);
            // Answers and requests spell a permission alike.
            let shown = &changed.json()["roles"][0]["permissions"][0];
            assert_eq!(shown["resource"], format!("{} {}", held.method, held.template));
            assert_eq!(shown["context"], "coiote");
            let mut passed = Vec::new();
            for asked in &all {
                let answer = nginx(&ada, asked.method, &example(&asked.route())).await;
                if answer.status == 200 {
                    assert_eq!(answer.header("muniment-user"), "ada");
                    assert_eq!(answer.header("muniment-user-id"), id);
                    passed.push(*asked);
                }
            }
            assert_eq!(passed, [*held]);
        }
    }

    async fn what_servers_read_in_different_ways_does_not_pass(server: Server) {
        let admin = server.admin().await;
        let rights = json!([devices("read", "GET"), devices("write", "PUT")]);
        let ada = caller(&admin, "ada", rights).await;
        for (method, path) in [
            ("GET", "/devices/7"), ("GET", "/devices/7/"), ("GET", "/devices/7?a=/../b#c"), ("HEAD", "/devices/7"),
            ("GET", "/devices/a%2Fb"), ("GET", "/devices/all"), ("GET", "/devices/urn:imei:1,2"), ("PUT", "/devices/7"),
            ("GET", "/devices/all%2Fcount"), ("GET", "/d%65vices/7"),
        ] {
            assert_eq!(nginx(&ada, method, &format!("{BASE}{path}")).await.status, 200, "{method} {path}");
        }
        for path in TRICKS {
            is_forbidden(&nginx(&ada, "GET", &format!("{BASE}{path}")).await, path);
        }
        for (method, target) in [
            ("GET", "/api/coiotedm/v3/devices/all/count"), ("GET", "/api/coiotedm/v3/devices"), ("DELETE", "/api/coiotedm/v3/devices/7"),
            ("get", "/api/coiotedm/v3/devices/7"), ("Get", "/api/coiotedm/v3/devices/7"), ("", "/api/coiotedm/v3/devices/7"),
            ("OPTIONS", "/api/coiotedm/v3/devices/7"), ("TRACE", "/api/coiotedm/v3/devices/7"), ("GET /x", "/api/coiotedm/v3/devices/7"),
            ("GET", "http://host/api/coiotedm/v3/devices/7"), ("GET", "api/coiotedm/v3/devices/7"), ("GET", "*"), ("GET", ""), ("GET", "/"),
            ("GET", "/api/coiotedm/v3"), ("GET", "/api/coiotedm/v3/"), ("GET", "/api/coiotedm//v3/devices/7"),
            ("GET", "/api/coiotedm/v2/devices/7"), ("GET", "/api/coiotedm/v%33/devices/7"), ("GET", "/API/coiotedm/v3/devices/7"),
            ("GET", "/x/../api/coiotedm/v3/devices/7"), ("GET", "?/api/coiotedm/v3/devices/7"),
        ] {
            is_forbidden(&nginx(&ada, method, target).await, &format!("{method} {target}"));
        }
    }

    async fn a_domain_that_is_not_encoded_hides_no_other_path(server: Server) {
        let admin = server.admin().await;
        let rights = json!([
            { "resource": "DELETE access/{domainId}", "operation": "write", "context": "coiote" },
            { "resource": "/a/#", "operation": "readWrite", "context": "domain" }
        ]);
        let ada = caller(&admin, "ada", rights).await;
        for path in ["/access//a/b/", "/access//", "/access/%2Fa%2Fb%2F"] {
            assert_eq!(nginx(&ada, "DELETE", &format!("{BASE}{path}")).await.status, 200, "{path}");
        }
        for path in [
            "/access//..;/users/bob/", "/access//..;/..;/..;/..;/x/y/", "/access//a;b/", "/access//.;/a/", "/access//a/../b/", "/access//%2e%2e/a/",
            "/access//a\\b/", "/access///a/", "/access//a//b/", "/access//a,/b/", "/access//a/b", "/access//a/#/b/",
        ] {
            is_forbidden(&nginx(&ada, "DELETE", &format!("{BASE}{path}")).await, path);
        }
        // Some proxies join two headers by a comma.
        for domain in ["/a/,/b/", "/a/, /b/", "/a/;/b/"] {
            let call = asks(&ada, "DELETE", "/api/coiotedm/v3/access/x").header("cdm-context-domain", domain);
            is_forbidden(&call.await, domain);
        }
    }

    async fn each_endpoint_reads_the_headers_of_its_proxy_alone(server: Server) {
        let admin = server.admin().await;
        let ada = caller(&admin, "ada", json!([devices("read", "GET")])).await;
        let target = "/api/coiotedm/v3/devices/7";
        let good = || asks(&ada, "GET", target);
        good().await.expect(200);
        // Behind nginx these are usual, and clients can send them.
        let ignored = good().header("x-forwarded-method", "DELETE").header("x-forwarded-uri", "/x");
        ignored.header("x-forwarded-for", "192.0.2.1").await.expect(200);
        let by_traefik = || ada.get(TRAEFIK).header("x-forwarded-method", "GET").header("x-forwarded-uri", target);
        by_traefik().await.expect(200);
        ada.get(format!("/access/forward/envoy{target}")).await.expect(200);
        for (what, call) in [
            ("no headers", ada.get(NGINX)),
            ("no method", ada.get(NGINX).header("x-original-uri", target)),
            ("no path", ada.get(NGINX).header("x-original-method", "GET")),
            ("Traefik's headers", ada.get(NGINX).header("x-forwarded-method", "GET").header("x-forwarded-uri", target)),
            ("two paths", good().one_more_header("x-original-uri", target)),
            ("two methods", good().one_more_header("x-original-method", "GET")),
            ("an underscore", good().header("x_original_uri", target)),
            ("a dot", good().header("x.original.method", "GET")),
            ("two domains", good().header("cdm-context-domain", "/a/").one_more_header("cdm-context-domain", "/a/")),
            ("an alias of the domain", good().header("cdm_context_domain", "/")),
            ("an alias of the key", good().header("x_api_key", "x")),
            ("another method", good().header("x-http-method-override", "DELETE")),
            ("another method, with an underscore", good().header("x_http_method_override", "DELETE")),
            ("another path", good().header("x-original-url", "/x")),
            ("another path", good().header("x-rewrite-url", "/x")),
            ("nginx' headers", by_traefik().header("x-original-uri", target)),
            ("nginx' headers alone", ada.get(TRAEFIK).header("x-original-method", "GET").header("x-original-uri", target)),
            ("nothing of Traefik", ada.get(TRAEFIK)),
            ("an alias", by_traefik().header("x_forwarded_uri", target)),
            ("an alias of what the server is told", by_traefik().header("muniment_user", "admin")),
            ("another alias of it", by_traefik().header("muniment.user_id", "1")),
            ("nginx' headers at Envoy's", ada.get(format!("/access/forward/envoy{target}")).header("x-original-uri", target)),
            ("Traefik's at Envoy's", ada.get(format!("/access/forward/envoy{target}")).header("x-forwarded-uri", target)),
            ("another path at Envoy's", ada.get("/access/forward/envoy/api/coiotedm/v3/devices/7/8")),
            ("two slashes at Envoy's", ada.get(format!("/access/forward/envoy/{target}"))),
        ] {
            is_forbidden(&call.await, what);
        }
        assert!([403, 404].contains(&ada.get("/access/forward/envoy").await.status));
        assert!([403, 404].contains(&ada.get("/access/forward/other").await.status));
    }

    async fn envoy_asks_with_the_method_and_the_path_of_the_client(server: Server) {
        let admin = server.admin().await;
        let id = create_user(&admin, "ada").await;
        let ada = server.anonymous().login("ada", PASSWORD).await;
        for held in ENDPOINTS.iter() {
            let body = json!({ "permissions": [endpoint(held)] });
            admin.put(format!("/api/users/{id}"), body).await.expect(200);
            let path = format!("/access/forward/envoy{}?q=1", example(&held.route()));
            for method in ["GET", "PUT", "POST", "DELETE", "PATCH"] {
                let expected = if method == held.method { 200 } else { 403 };
                let answer = ada.call(method.parse().expect("a method"), &path).await;
                assert_eq!(answer.status, expected, "{method} {path}");
            }
        }
    }

    async fn a_caller_without_a_credential_is_asked_for_one(server: Server) {
        let target = "/api/coiotedm/v3/devices/7";
        for by in [server.anonymous(), server.anonymous().bearer("a.b.c"), server.anonymous().basic("ada", "wrong")] {
            for call in [asks(&by, "GET", target), by.get(format!("/access/forward/envoy{target}")), by.get(TRAEFIK)] {
                let answer = call.await;
                assert_eq!(answer.status, 401);
                assert_eq!(answer.header("www-authenticate"), "Bearer");
            }
        }
    }

    async fn every_credential_of_the_other_faces_counts(server: Server) {
        let admin = server.admin().await;
        let more = json!({ "initialPermissions": [devices("read", "GET")] });
        create_user_with(&admin, "ada", more).await;
        let target = "/api/coiotedm/v3/devices/7";
        let ada = server.anonymous().login("ada", PASSWORD).await;
        nginx(&ada, "GET", target).await.expect(200);
        nginx(&server.anonymous().basic("ada", PASSWORD), "GET", target).await.expect(200);
        // A token in the query of the request, or of the question, is none.
        let in_query = server.anonymous().get(format!("{NGINX}?apiToken={}", ada.token()));
        let in_query = in_query.header("x-original-method", "GET").header("x-original-uri", target);
        in_query.await.expect(401);
        ada.delete("/api/session").await.expect(204);
        nginx(&ada, "GET", target).await.expect(401);
    }

    async fn a_domain_that_the_request_names_must_be_granted_too(server: Server) {
        let admin = server.admin().await;
        let domain = |resource: &str, operation: &str| json!({ "resource": resource, "operation": operation, "context": "domain" });
        let rights = json!([devices("read", "GET"), devices("write", "PUT"), domain("/a/#", "read"), domain("/b/", "readWrite")]);
        let ada = caller(&admin, "ada", rights).await;
        let target = "/api/coiotedm/v3/devices/7";
        for (method, domain, status) in [
            ("GET", "/a/", 200), ("GET", "/a/b/", 200), ("GET", "/b/", 200), ("PUT", "/b/", 200),
            ("PUT", "/a/", 403), ("GET", "/b/c/", 403), ("GET", "/", 403), ("GET", "/ab/", 403), ("GET", "/a", 403),
            ("GET", "a/", 403), ("GET", "", 403), ("GET", "/a/../c/", 403), ("GET", "//a/", 403), ("GET", "%2Fa%2F", 403),
            ("GET", "/+/", 403), ("GET", "/#/", 403),
        ] {
            let answer = asks(&ada, method, target).header("cdm-context-domain", domain).await;
            assert_eq!(answer.status, status, "{method} {domain:?}");
        }
    }

    async fn the_levels_of_os2iot_decide_below_its_base(server: Server) {
        let (global, scene) = os2iot(&server).await;
        let ask = async |by: &Client, method: &str, path: &str| nginx(by, method, &format!("/api/v1/{path}")).await.status;
        let [mine, other] = scene.applications;
        for (method, path, reader, admin_of_applications) in [
            ("GET", "application".to_owned(), 200, 200),
            ("GET", format!("application/{mine}"), 200, 200),
            ("GET", format!("application/{other}"), 403, 403),
            ("GET", "application/9999".to_owned(), 403, 403),
            ("PUT", format!("application/{mine}"), 403, 200),
            ("DELETE", format!("application/{other}"), 403, 403),
            ("POST", "application".to_owned(), 403, 200),
            ("GET", "iot-device/7".to_owned(), 200, 200),
            ("PUT", "iot-device/7".to_owned(), 403, 200),
            ("POST", "chirpstack/gateway".to_owned(), 403, 403),
            ("GET", "user".to_owned(), 403, 403),
            ("GET", "auth/me".to_owned(), 200, 200),
            ("POST", "organization".to_owned(), 403, 403),
            ("GET", "unknown".to_owned(), 403, 403),
            ("GET", format!("application//{mine}"), 403, 403),
            ("GET", format!("application/../application/{mine}"), 403, 403),
        ] {
            assert_eq!(ask(&scene.reader, method, &path).await, reader, "{method} {path}");
            assert_eq!(ask(&scene.admin, method, &path).await, admin_of_applications, "{method} {path}");
            let known = !path.contains("unknown") && !path.contains("//") && !path.contains("..");
            assert_eq!(ask(&global, method, &path).await, if known { 200 } else { 403 }, "{method} {path}");
        }
        let key = |method: &str, path: &str| {
            let call = asks(&server.anonymous(), method, &format!("/api/v1/{path}"));
            call.header("x-api-key", &scene.key)
        };
        for (path, status) in [("application", 200), ("api-key-info/organization", 200), ("user/minimal", 403), ("auth/me", 403)] {
            let answer = key("GET", path).await;
            assert_eq!(answer.status, status, "{path}");
            if status == 200 {
                assert!(answer.header("muniment-user").starts_with("os2iot-api-key:"), "{answer:?}");
            }
        }
        // A person is no key.
        assert_eq!(ask(&scene.reader, "GET", "api-key-info/organization").await, 403);
    }

    async fn no_level_reads_more_through_a_proxy_than_here(server: Server) {
        let (_, scene) = os2iot(&server).await;
        let rows = include_str!("../../../../server/forward/os2iot.txt");
        let reads = rows.lines().filter_map(|row| {
            let mut words = row.split(' ');
            let of = words.next()?;
            (matches!(of, "people" | "both") && words.next()? == "GET").then(|| words.next())?
        });
        let mut compared = 0;
        for path in reads.filter(|path| !path.contains('{')) {
            for (name, by) in [("reader", &scene.reader), ("administrator of applications", &scene.admin)] {
                let here = by.get(format!("/api/v1/{path}")).await.status;
                let there = nginx(by, "GET", &format!("/api/v1/{path}")).await.status;
                assert!(here != 403 || there == 403, "{name}: GET {path} is {here} here, and {there} there");
                compared += usize::from(here == 403);
            }
        }
        assert!(compared > 0, "nothing is refused here");
    }

    async fn questions_about_endpoints_and_domains_have_types_of_their_own(server: Server) {
        let admin = server.admin().await;
        let more = json!({ "initialPermissions": [
            devices("read", "GET"),
            { "resource": "GET devices/all/count", "operation": "read", "context": "coiote" },
            { "resource": "/a/#", "operation": "readWrite", "context": "domain" },
        ]});
        let id = create_user_with(&admin, "ada", more).await;
        let ask = async |kind: &str, of: &str, action: &str, properties: Value| {
            let body = json!({
                "subject": { "type": "user", "id": id }, "action": { "name": action },
                "resource": { "type": kind, "id": of, "properties": properties },
            });
            let answer = admin.post("/access/v1/evaluation", body).await.expect(200).json();
            (answer["decision"] == true, answer["context"]["reason"].clone())
        };
        let none = || json!({});
        assert!(ask("coiote-endpoint", "devices/d-1", "GET", none()).await.0);
        assert!(ask("coiote-endpoint", "devices/d-1", "GET", json!({ "domain": "/a/b/" })).await.0);
        assert!(ask("domain", "/a/b/", "write", none()).await.0);
        for (kind, of, action, properties, reason) in [
            ("coiote-endpoint", "devices/d-1", "PUT", none(), "no_grant"),
            ("coiote-endpoint", "devices/d-1", "GET", json!({ "domain": "/b/" }), "no_grant"),
            ("coiote-endpoint", "devices/d-1", "GET", json!({ "domain": "b" }), "not_a_domain"),
            ("coiote-endpoint", "unknown", "GET", none(), "unknown_resource"),
            ("coiote-endpoint", "devices/../x", "GET", none(), "not_a_path"),
            ("coiote-endpoint", "devices", "get", none(), "unknown_action"),
            ("domain", "/b/", "read", none(), "no_grant"),
            ("domain", "a", "read", none(), "not_a_domain"),
        ] {
            assert_eq!(ask(kind, of, action, properties).await, (false, json!(reason)), "{kind} {of} {action}");
        }
        let search = async |kind: &str, action: &str| {
            let body = json!({
                "subject": { "type": "user", "id": id }, "action": { "name": action }, "resource": { "type": kind },
            });
            let found = admin.post("/access/v1/search/resource", body).await.expect(200).json();
            let results = list(&found["results"]).iter().map(|one| text(&one["id"]).to_owned());
            results.collect::<Vec<_>>()
        };
        assert_eq!(search("coiote-endpoint", "GET").await, ["devices/all/count", "devices/{id}"]);
        assert_eq!(search("coiote-endpoint", "PUT").await, [""; 0]);
        assert_eq!(search("domain", "read").await, ["/a/#"]);
    }

    async fn nobody_gives_an_endpoint_that_they_do_not_hold(server: Server) {
        let admin = server.admin().await;
        let rights = json!([http("/api/#", "readWrite"), devices("read", "GET")]);
        let ada = caller(&admin, "ada", rights).await;
        let give = async |by: &Client, name: &str, permission: Value| {
            let body = user(name, json!({ "initialPermissions": [permission] }));
            by.post("/api/users", body).await.status
        };
        assert_eq!(give(&ada, "eve", devices("read", "GET")).await, 201);
        assert_eq!(give(&ada, "mallory", devices("write", "PUT")).await, 403);
        let everything = json!({ "resource": "#", "operation": "readWrite", "context": "coiote" });
        assert_eq!(give(&ada, "mallory", everything).await, 403);
        for (context, resource, operation) in [
            ("coiote", "GET tasks/7", "read"), ("coiote", "GET devices", "write"), ("http", "coiote/#", "read"),
            ("domain", "/a", "read"), ("nx", "x", "read"),
        ] {
            let permission = json!({ "resource": resource, "operation": operation, "context": context });
            assert_eq!(give(&admin, "mallory", permission).await, 400, "{context} {resource}");
        }
    }
}

/// Two organisations with an application each, and callers in the first one.
struct Scene {
    applications: [i64; 2],
    reader: Client,
    admin: Client,
    key: String,
}

async fn os2iot(server: &Server) -> (Client, Scene) {
    let log_in = async |name: &str, password: &str| {
        let body = json!({ "username": name, "password": password });
        let answer = server
            .anonymous()
            .post("/api/v1/auth/login", body)
            .await
            .expect(201)
            .json();
        server.anonymous().bearer(text(&answer["accessToken"]))
    };
    let global = log_in("admin", ADMIN_PASSWORD).await;
    let make = async |path: &str, body: Value| {
        let made = global.post(path, body).await.expect(201).json();
        (made["id"].as_i64().expect("a number"), made)
    };
    let (mut applications, mut groups) = ([0; 2], Vec::new());
    for (place, number) in applications.iter_mut().enumerate() {
        let (of, _) = make(
            "/api/v1/organization",
            json!({ "name": format!("Kommune {place}") }),
        )
        .await;
        let mut attached = Vec::new();
        for level in ["Read", "OrganizationApplicationAdmin"] {
            let body = json!({
                "name": level, "organizationId": of, "levels": [{ "type": level }], "userIds": [], "applicationIds": [],
            });
            attached.push(make("/api/v1/permission", body).await.0);
        }
        let body = json!({ "name": format!("App {place}"), "organizationId": of, "permissionIds": attached });
        *number = make("/api/v1/application", body).await.0;
        groups.push(attached);
    }
    let mut callers = Vec::new();
    for (name, group) in [("reader", groups[0][0]), ("fitter", groups[0][1])] {
        let body = json!({
            "name": name, "email": format!("{name}@example.org"), "password": PASSWORD, "active": true, "permissionIds": [group],
        });
        make("/api/v1/user", body).await;
        callers.push(log_in(&format!("{name}@example.org"), PASSWORD).await);
    }
    let (_, issued) = make(
        "/api/v1/api-key",
        json!({ "name": "Dashboard", "permissionIds": [groups[0][0]] }),
    )
    .await;
    let admin = callers.pop().expect("two callers");
    let reader = callers.pop().expect("two callers");
    let scene = Scene {
        applications,
        reader,
        admin,
        key: text(&issued["key"]).to_owned(),
    };
    (global, scene)
}
