//! `GET /api/audit`: what was done and what was refused.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{
    both_engines,
    client::{Client, assert_keys},
    connectware::*,
    server::Server,
};

/// How long a new item may take until it can be read.
const SOON: Duration = Duration::from_secs(5);
/// How long the count of an item may take.
const LATER: Duration = Duration::from_secs(20);

const KEYS: [&str; 15] = [
    "time",
    "lastTime",
    "outcome",
    "kind",
    "reason",
    "actor",
    "object",
    "objectType",
    "name",
    "address",
    "method",
    "path",
    "detail",
    "count",
    "position",
];

async fn page(auditor: &Client, query: &str) -> Value {
    auditor
        .get(format!("/api/audit?{query}"))
        .await
        .expect(200)
        .json()
}

/// The items that match a query, in pages of `limit`.
async fn walk(auditor: &Client, query: &str, limit: usize) -> Vec<Value> {
    let (mut items, mut after) = (Vec::new(), String::new());
    for _ in 0..1_000 {
        let page = page(auditor, &format!("{query}&limit={limit}{after}")).await;
        assert!(list(&page["items"]).len() <= limit, "{page}");
        items.extend(list(&page["items"]).iter().cloned());
        let Some(next) = page["next"].as_str() else {
            assert_keys(&page, &["items"]);
            return items;
        };
        after = format!("&after={next}");
    }
    panic!("the list has no end");
}

/// The items that match a query, once they count `refusals`. The first item must be there soon.
pub(crate) async fn refused(auditor: &Client, query: &str, refusals: i64) -> Vec<Value> {
    let begun = Instant::now();
    let counted = async {
        loop {
            let items = walk(auditor, &format!("outcome=refused&{query}"), 100).await;
            let count: i64 = items
                .iter()
                .map(|item| item["count"].as_i64().expect("a count"))
                .sum();
            assert!(count <= refusals, "more than {refusals} in {items:?}");
            if count == refusals {
                return items;
            }
            let is_soon = !items.is_empty() || begun.elapsed() < SOON;
            assert!(is_soon, "{query}: an item should be there soon");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let counted = tokio::time::timeout(LATER, counted).await;
    counted.unwrap_or_else(|_| panic!("{query}: {refusals} should be there soon"))
}

async fn wrong_login(server: &Server, username: &str) {
    let body = json!({ "username": username, "password": "a guess of mine" });
    server
        .anonymous()
        .post("/api/login", body)
        .await
        .expect_error(401);
}

both_engines! {
    async fn a_refused_login_says_whom_from_where_and_why(server: Server) {
        let admin = server.admin().await;
        let ada = create_user(&admin, "ada").await;
        wrong_login(&server, "ada").await;
        wrong_login(&server, "ada").await;
        wrong_login(&server, "eve\u{202e}\u{7}").await;
        let items = refused(&admin, "kind=login.refused", 3).await;
        let of = |name: &str| items.iter().find(|item| item["name"] == name).expect("an item").clone();
        let known = of("ada");
        assert_keys(&known, &KEYS);
        for (key, value) in [
            ("outcome", json!("refused")),
            ("kind", json!("login.refused")),
            ("reason", json!("wrong_password")),
            ("actor", json!(ada)),
            ("object", json!(ada)),
            ("objectType", json!("user")),
            ("address", json!("127.0.0.1")),
            ("method", json!("POST")),
            ("path", json!("/api/login")),
            ("detail", json!("the username or the password is wrong")),
            ("position", Value::Null),
        ] {
            assert_eq!(known[key], value, "{known}");
        }
        let stranger = of("eve\\u{202e}\\u{7}");
        assert_eq!((&stranger["reason"], &stranger["actor"]), (&json!("unknown_user"), &Value::Null));
        assert!(!Value::from(items).to_string().contains("guess"), "a password is never kept");
    }

    async fn a_user_without_a_password_is_told_apart_for_the_auditor_only(server: Server) {
        let admin = server.admin().await;
        let more = json!({ "grantTypes": [{ "method": "token", "isRequired": false }] });
        let machine = create_user_with(&admin, "machine", more).await;
        wrong_login(&server, "machine").await;
        let items = refused(&admin, &format!("actor={machine}"), 1).await;
        assert_eq!(items[0]["reason"], "no_password");
    }

    async fn basic_and_bearer_count_like_a_login(server: Server) {
        let admin = server.admin().await;
        let ada = create_user(&admin, "ada").await;
        let anonymous = server.anonymous();
        anonymous.basic("ada", "a guess").get("/api/roles").await.expect_error(401);
        let items = refused(&admin, "kind=login.refused", 1).await;
        assert_eq!(
            (&items[0]["actor"], &items[0]["name"], &items[0]["method"], &items[0]["path"]),
            (&json!(ada), &json!("ada"), &json!("GET"), &json!("/api/roles"))
        );
        let session = anonymous.login("ada", PASSWORD).await;
        session.delete("/api/session").await.expect(204);
        session.get("/api/session").await.expect_error(401);
        anonymous.bearer("no.token.ofours").get("/api/session").await.expect_error(401);
        anonymous.authorization("Bearer").get("/api/session").await.expect_error(401);
        let items = refused(&admin, "kind=credential.refused", 3).await;
        let of = |reason: &str| items.iter().find(|item| item["reason"] == reason).expect("an item");
        assert_eq!(of("ended_token")["actor"], ada);
        assert_eq!(of("ended_token")["objectType"], "session");
        assert_eq!(of("invalid_token")["actor"], Value::Null);
        assert_eq!(of("malformed")["address"], "127.0.0.1");
        assert!(!Value::from(items).to_string().contains("ofours"));
    }

    async fn a_wrong_old_password_is_kept(server: Server) {
        let admin = server.admin().await;
        create_user(&admin, "ada").await;
        let ada = server.anonymous().login("ada", PASSWORD).await;
        let body = json!({ "password": "a guess of mine", "newPassword": "another password" });
        ada.put("/api/users/change-password", body).await.expect_error(400);
        let items = refused(&admin, "kind=password.refused", 1).await;
        assert_eq!((&items[0]["reason"], &items[0]["objectType"]), (&json!("wrong_password"), &json!("user")));
    }

    async fn a_refused_permission_says_who_wanted_what(server: Server) {
        let admin = server.admin().await;
        let somebody = create_user(&admin, "somebody").await;
        let ada = caller(&admin, "ada", json!([http("/api/users/+", "read")])).await;
        ada.get(format!("/api/users/{somebody}")).await.expect(200);
        ada.put(format!("/api/users/{somebody}"), json!({})).await.expect_error(403);
        ada.get("/api/audit").await.expect_error(403);
        let items = refused(&admin, "kind=permission.refused", 2).await;
        let item = items.iter().find(|item| item["method"] == "PUT").expect("an item");
        assert_eq!(item["object"], somebody);
        assert_eq!((&item["path"], &item["reason"]), (&json!("/api/users/{id}"), &json!("forbidden")));
        assert_eq!(item["detail"], format!("write on /api/users/{somebody} is not permitted"));
        let actor = text(&item["actor"]);
        assert_eq!(get_user(&admin, actor).await["username"], "ada");
        assert_eq!(refused(&admin, &format!("actor={actor}"), 2).await.len(), 2);
        assert_eq!(refused(&admin, &format!("object={somebody}"), 1).await.len(), 1);
    }

    async fn what_means_nobody_is_not_kept(server: Server) {
        let admin = server.admin().await;
        let anonymous = server.anonymous();
        anonymous.get("/api/roles").await.expect_error(401);
        anonymous.post("/api/roles", json!({})).await.expect_error(401);
        admin.get("/api/nothing").await.expect_error(404);
        admin.get("/api/users/nobody").await.expect_error(400);
        admin.get(format!("/api/users/{NOBODY}")).await.expect_error(404);
        wrong_login(&server, "ada").await;
        assert_eq!(refused(&admin, "", 1).await[0]["kind"], "login.refused");
    }

    async fn successes_and_refusals_are_one_list(server: Server) {
        let admin = server.admin().await;
        let administrator = admin_id(&admin).await;
        let ada = create_user(&admin, "ada").await;
        wrong_login(&server, "ada").await;
        refused(&admin, "", 1).await;
        let role = create_role(&admin, "operators", json!([mqtt("a", "read")])).await;
        let all = walk(&admin, "", 1_000).await;
        let times: Vec<&str> = all.iter().map(|item| text(&item["time"])).collect();
        assert!(times.is_sorted_by(|one, other| one >= other), "{times:?}");
        let of = |kind: &str| all.iter().position(|item| item["kind"] == kind).expect("an item");
        let kinds = ["role.permission_added", "role.created", "login.refused", "user.created"];
        assert!(kinds.map(of).is_sorted(), "the newest should come first: {all:?}");
        let created = &all[of("role.created")];
        assert_keys(created, &KEYS);
        assert_eq!(
            (&created["actor"], &created["object"], &created["objectType"], &created["outcome"]),
            (&json!(administrator), &json!(role), &json!("role"), &json!("success"))
        );
        let event = admin
            .get(format!("/api/events?after={}&limit=1", created["position"].as_i64().expect("a position") - 1))
            .await
            .expect(200)
            .json();
        assert_eq!(event["events"][0]["time"], created["time"]);
        assert_eq!(event["events"][0]["subject"], format!("role/{role}"));
        assert!(all.iter().any(|item| item["actor"] == "system"));
        assert_eq!(walk(&admin, &format!("object={ada}"), 1_000).await.len(), 2);
        let before: Vec<Value> = all.iter().filter(|item| item["time"] != times[0]).cloned().collect();
        for limit in [1, 2, 3, 7] {
            assert_eq!(walk(&admin, &format!("to={}", times[0]), limit).await, before, "in pages of {limit}");
        }
    }

    async fn each_filter_and_all_together_select_what_they_say(server: Server) {
        let admin = server.admin().await;
        let administrator = admin_id(&admin).await;
        let ada = create_user_with(&admin, "ada", json!({ "initialPermissions": [http("/api/roles", "read")] })).await;
        let session = server.anonymous().login("ada", PASSWORD).await;
        session.get("/api/users/ids").await.expect_error(403);
        session.put(format!("/api/users/{ada}"), json!({})).await.expect_error(403);
        wrong_login(&server, "ada").await;
        wrong_login(&server, "grace").await;
        create_role(&admin, "operators", json!([mqtt("a", "read")])).await;
        refused(&admin, "", 4).await;
        let all = walk(&admin, "", 1_000).await;
        let moment = text(&all[all.len() / 2]["time"]).to_owned();
        let choices: [(&str, Vec<String>); 6] = [
            ("actor", vec![ada.clone(), administrator, "system".to_owned(), NOBODY.to_owned()]),
            ("object", vec![ada, text(&all[0]["object"]).to_owned(), NOBODY.to_owned()]),
            (
                "kind",
                ["login.refused", "permission.refused", "user.created", "session.token_issued", "role.created"]
                    .map(str::to_owned)
                    .to_vec(),
            ),
            ("outcome", vec!["success".to_owned(), "refused".to_owned()]),
            ("from", vec![moment.clone()]),
            ("to", vec![moment]),
        ];
        let fits = |item: &Value, (name, value): &(&str, &String)| match *name {
            "from" => text(&item["time"]) >= value.as_str(),
            "to" => text(&item["time"]) < value.as_str(),
            name => item[name] == value.as_str(),
        };
        for (index, (name, values)) in choices.iter().enumerate() {
            for value in values {
                let one = (*name, value);
                let pairs = choices[index + 1..].iter().flat_map(|(name, values)| {
                    values.iter().map(move |value| vec![one, (*name, value)])
                });
                let triple = choices.iter().map(|(name, values)| (*name, &values[0])).collect();
                for filters in pairs.chain([vec![one], triple]) {
                    let query: Vec<String> = filters.iter().map(|(name, value)| format!("{name}={value}")).collect();
                    let wanted = |item: &&Value| filters.iter().all(|filter| fits(item, filter));
                    let expected: Vec<Value> = all.iter().filter(wanted).cloned().collect();
                    assert_eq!(walk(&admin, &query.join("&"), 2).await, expected, "{query:?}");
                }
            }
        }
    }

    async fn an_organisation_that_nobody_has_has_no_items(server: Server) {
        let admin = server.admin().await;
        let answer = page(&admin, &format!("organisation={NOBODY}")).await;
        assert_eq!(answer, json!({ "items": [] }));
        assert_keys(&answer, &["items"]);
    }

    async fn malformed_questions_are_refused(server: Server) {
        let admin = server.admin().await;
        for query in [
            "after=",
            "after=7",
            "after=AAAA",
            "after=__________________________________________A",
            "limit=0",
            "limit=-1",
            "limit=1001",
            "limit=x",
            "actor=ada",
            "actor=",
            "object=user",
            "organisation=x",
            "from=yesterday",
            "to=2026-01-31",
            "kind=login",
            "kind=",
            "outcome=failure",
            "outcome=success&outcome=refused",
            "page=2",
        ] {
            let answer = admin.get(format!("/api/audit?{query}")).await;
            assert_eq!(answer.status, 400, "{query}: {answer:?}");
            answer.expect_error(400);
        }
    }

    async fn auditors_need_the_right_to_read(server: Server) {
        let admin = server.admin().await;
        let auditor = caller(&admin, "auditor", json!([http("/api/audit", "read")])).await;
        auditor.get("/api/audit").await.expect(200);
        auditor.get("/api/events").await.expect_error(403);
        let writer = caller(&admin, "writer", json!([http("/api/audit", "write")])).await;
        writer.get("/api/audit").await.expect_error(403);
    }
}
