//! `context.explain`

use serde_json::{Value, json};

use super::{ask, entity, question, with_context};
use crate::support::{
    both_engines,
    client::{Client, assert_keys},
    connectware::*,
    server::Server,
};

async fn explained(caller: &Client, subject: &Value, action: &str, resource: &Value) -> Value {
    let question = with_context(question(subject, action, resource), json!({ "explain": true }));
    ask(caller, question).await.expect(200).json()
}

/// The event at a position, as auditors read it.
async fn event(admin: &Client, cause: &Value) -> Value {
    let position = cause["position"].as_i64().expect("a position");
    let path = format!("/api/events?after={}&limit=1", position - 1);
    let event = admin.get(path).await.expect(200).json()["events"][0].clone();
    assert_eq!(event["type"], cause["event"]);
    assert_eq!(event["actor"], cause["actor"]);
    assert_eq!(event["time"], cause["time"]);
    event
}

both_engines! {
    async fn an_allowance_names_every_grant_and_the_events_that_gave_it(server: Server) {
        let admin = server.admin().await;
        let me = admin_id(&admin).await;
        let valves = create_role(&admin, "valves", json!([mqtt("plant/+/valve", "write"), mqtt("other", "read")])).await;
        let id = create_user_with(&admin, "ada", json!({ "initialPermissions": [mqtt("plant/7/#", "readWrite")] })).await;
        admin.post(format!("/api/users/{id}/roles"), json!({ "roleId": valves })).await.expect(204);

        let answer = explained(&admin, &entity("user", &id), "publish", &entity("mqtt", "plant/7/valve")).await;

        assert_eq!(answer["decision"], true);
        let context = &answer["context"];
        assert_keys(context, &["position", "resource", "grants", "nearest"]);
        assert_eq!(context["resource"], "plant/7/valve");
        assert_eq!(context["nearest"], json!([]));
        let grants = list(&context["grants"]);
        assert_eq!(grants.len(), 2, "{context}");
        let (own, through) = (&grants[0], &grants[1]);
        assert_keys(own, &["permission", "given_by"]);
        assert_eq!(own["permission"]["resource"], "plant/7/#");
        assert_eq!(own["permission"]["operation"], "readWrite");
        let given = event(&admin, &own["given_by"]).await;
        assert_eq!((&given["type"], &given["subject"]), (&json!("user.permission_granted"), &json!(format!("user/{id}"))));
        assert_keys(through, &["permission", "given_by", "role"]);
        assert_eq!(through["permission"]["resource"], "plant/+/valve");
        assert_eq!((&through["role"]["id"], &through["role"]["name"]), (&json!(valves), &json!("valves")));
        let given = event(&admin, &through["given_by"]).await;
        assert_eq!((&given["type"], &given["subject"]), (&json!("role.permission_added"), &json!(format!("role/{valves}"))));
        let granted = event(&admin, &through["role"]["granted_by"]).await;
        assert_eq!((&granted["type"], &granted["data"]["role_id"]), (&json!("user.role_granted"), &json!(valves)));
        assert_eq!(granted["actor"], me);
    }

    async fn a_changed_permission_is_told_by_its_last_change(server: Server) {
        let admin = server.admin().await;
        let role = create_role(&admin, "readers", json!([mqtt("a", "read")])).await;
        let permission = &list(&admin.get(format!("/api/roles/{role}/permissions")).await.expect(200).json())[0].clone();
        let path = format!("/api/roles/{role}/permissions/{}", text(&permission["id"]));
        let changed = admin.put(path, json!({ "resource": "b", "operation": "read", "context": "mqtt" })).await;
        let answer = explained(&admin, &entity("role", &role), "read", &entity("mqtt", "b")).await;
        let grant = &answer["context"]["grants"][0];
        assert_eq!(grant["given_by"]["position"], changed.position(), "{answer}");
        assert_keys(&grant["role"], &["id", "name"]);
    }

    async fn a_denial_names_what_came_nearest_and_what_it_lacks(server: Server) {
        let admin = server.admin().await;
        let permissions = json!([
            mqtt("plant/7/valve/3", "read"),
            mqtt("plant/7/pump/+", "write"),
            mqtt("plant/8/#", "write"),
            mqtt("office/#", "write"),
            http("/plant/7/valve/3", "write"),
        ]);
        let ada = entity("user", &create_user_with(&admin, "ada", json!({ "initialPermissions": permissions })).await);
        let answer = explained(&admin, &ada, "publish", &entity("mqtt", "plant/7/valve/3")).await;
        assert_eq!(answer["decision"], false);
        assert_eq!(answer["context"]["reason"], "no_grant");
        assert_eq!(answer["context"]["grants"], json!([]));
        let nearest = list(&answer["context"]["nearest"]);
        let told: Vec<(&str, &Value)> = nearest.iter().map(|near| (text(&near["permission"]["resource"]), &near["lacks"])).collect();
        assert_eq!(told, [
            ("plant/7/valve/3", &json!([{ "what": "operation", "wanted": "write", "granted": "read" }])),
            ("plant/7/pump/+", &json!([{ "what": "level", "level": 3, "wanted": "valve", "granted": "pump" }])),
            ("plant/8/#", &json!([{ "what": "level", "level": 2, "wanted": "7", "granted": "8" }])),
        ]);
    }

    async fn a_denial_names_grants_that_are_far_if_no_grant_is_near(server: Server) {
        let admin = server.admin().await;
        let far = json!([http("/plant/7", "read"), mqtt("office/#", "write"), mqtt("yard/+", "read")]);
        let ada = entity("user", &create_user_with(&admin, "ada", json!({ "initialPermissions": far })).await);
        let told = async |action: &str, resource: &Value| -> Value {
            let answer = explained(&admin, &ada, action, resource).await;
            assert_eq!((&answer["decision"], &answer["context"]["reason"]), (&json!(false), &json!("no_grant")));
            let nearest = list(&answer["context"]["nearest"]);
            nearest.iter().map(|near| json!([near["permission"]["resource"], near["lacks"]])).collect()
        };
        assert_eq!(told("read", &entity("mqtt", "plant/7")).await, json!([
            ["yard/+", [{ "what": "level", "level": 1, "wanted": "plant", "granted": "yard" }]],
            ["office/#", [
                { "what": "operation", "wanted": "read", "granted": "write" },
                { "what": "level", "level": 1, "wanted": "plant", "granted": "office" },
            ]],
        ]));
        assert_eq!(told("POST", &entity("http", "/api")).await, json!([["/plant/7", [
            { "what": "operation", "wanted": "write", "granted": "read" },
            { "what": "level", "level": 1, "wanted": "api", "granted": "plant" },
        ]]]));

        let elsewhere = json!([http("/plant/7", "read")]);
        let grace = entity("user", &create_user_with(&admin, "grace", json!({ "initialPermissions": elsewhere })).await);
        let answer = explained(&admin, &grace, "subscribe", &entity("mqtt", "/plant/7")).await;
        assert_eq!(answer["context"]["nearest"][0]["lacks"], json!([{ "what": "context", "wanted": "mqtt", "granted": "http" }]));

        let nobody = entity("user", &create_user_with(&admin, "joan", json!({})).await);
        let answer = explained(&admin, &nobody, "subscribe", &entity("mqtt", "plant/7")).await;
        assert_eq!(answer["context"]["nearest"], json!([]));
    }

    async fn the_prefix_is_told_with_the_event_that_gave_it(server: Server) {
        let admin = server.admin().await;
        let more = json!({ "mqttPublishPrefix": "plant/7/", "initialPermissions": [mqtt("plant/7/#", "write")] });
        let id = create_user_with(&admin, "ada", more).await;
        let ada = entity("user", &id);
        let answer = explained(&admin, &ada, "publish", &entity("mqtt", "state")).await;
        assert_eq!((&answer["decision"], &answer["context"]["resource"]), (&json!(true), &json!("plant/7/state")));
        assert_eq!(event(&admin, &answer["context"]["prefixed_by"]).await["type"], "user.created");
        let answer = explained(&admin, &ada, "write", &entity("mqtt", "state")).await;
        assert_eq!((&answer["decision"], &answer["context"]["resource"]), (&json!(false), &json!("state")));
        assert_eq!(answer["context"]["prefixed_by"], json!(null));
    }

    async fn what_is_too_long_with_its_prefix_is_explained_as_it_is_decided(server: Server) {
        let admin = server.admin().await;
        let more = json!({ "mqttPublishPrefix": "p/", "initialPermissions": [mqtt("#", "write")] });
        let ada = entity("user", &create_user_with(&admin, "ada", more).await);
        for (length, allowed) in [(65_533, true), (65_534, false)] {
            let answer = explained(&admin, &ada, "publish", &entity("mqtt", &"a".repeat(length))).await;
            assert_eq!(answer["decision"], allowed);
            assert_eq!(list(&answer["context"]["grants"]).len(), usize::from(allowed));
        }
    }

    async fn a_hundred_grants_are_told_and_how_many_more_there_are(server: Server) {
        let admin = server.admin().await;
        let permissions: Vec<Value> = (0..103).map(|number| mqtt(&format!("a/{}#", "+/".repeat(number)), "read")).collect();
        let deep = format!("a{}", "/x".repeat(110));
        let ada = entity("user", &create_user_with(&admin, "ada", json!({ "initialPermissions": permissions })).await);
        let answer = explained(&admin, &ada, "read", &entity("mqtt", &deep)).await;
        assert_eq!(list(&answer["context"]["grants"]).len(), 100);
        assert_eq!(answer["context"]["grants_left_out"], 3);
    }

    async fn tokens_certificates_and_names_are_explained_by_their_user(server: Server) {
        let admin = server.admin().await;
        let grants = ["password", "certificate", "token"].map(|method| json!({ "method": method }));
        let more = json!({ "grantTypes": grants, "initialPermissions": [mqtt("a", "read")] });
        let id = create_user_with(&admin, "ada", more).await;
        let fingerprint = "ab".repeat(20);
        admin.post(format!("/api/users/{id}/certificates"), json!({ "fingerprint": fingerprint })).await.expect(204);
        let ada = server.anonymous().login("ada", PASSWORD).await;
        for (kind, subject) in [("token", ada.token()), ("certificate", &fingerprint), ("username", "ada")] {
            let question = with_context(question(&entity(kind, subject), "read", &entity("mqtt", "a")), json!({ "explain": true }));
            let answer = ask(&admin, question).await.expect(200);
            assert_eq!(answer.json()["decision"], true, "{kind}: {answer:?}");
            assert_eq!(answer.json()["context"]["grants"].as_array().map(Vec::len), Some(1), "{kind}");
            assert!(!answer.text().contains(ada.token()));
        }
        let unknown = explained(&admin, &entity("username", "nobody"), "read", &entity("mqtt", "a")).await;
        assert_eq!((&unknown["decision"], &unknown["context"]["reason"]), (&json!(false), &json!("unknown_subject")));
        let impossible = explained(&admin, &entity("username", "ada"), "publish", &entity("mqtt", "#")).await;
        assert_eq!(impossible["context"]["reason"], "not_a_topic");
    }
}
