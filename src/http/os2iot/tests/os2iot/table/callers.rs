//! The callers of the table: people and keys of each level in both organisations, and those whose proof has ended.

use aggregates::values::Timestamp;
use http::Method;
use serde_json::json;

use super::super::*;
use crate::support::{
    client::Response,
    connectware::{list, text},
};

/// The level G and the others, as the file calls them, in the order of [`LEVELS`].
const GLOBAL: &str = "G";
const NAMES: [&str; 4] = ["U", "W", "A", "R"];

/// A caller.
pub(super) struct Column {
    /// The group of columns: people or keys, here or there.
    pub(super) group: &'static str,
    /// The name of the column in its group.
    pub(super) name: &'static str,
    caller: Client,
    key: Option<String>,
    here: Option<Here>,
}

/// Somebody who has a level in the organisation "here": their number, and the level.
enum Here {
    Person(i64, &'static str),
    Key(i64, &'static str),
}

impl Column {
    fn person(group: &'static str, name: &'static str, caller: &Client) -> Self {
        let caller = caller.clone();
        Self {
            group,
            name,
            caller,
            key: None,
            here: None,
        }
    }

    fn key(group: &'static str, name: &'static str, server: &Server, key: String) -> Self {
        let caller = server.anonymous();
        Self {
            group,
            name,
            caller,
            key: Some(key),
            here: None,
        }
    }

    fn here(self, here: Option<Here>) -> Self {
        Self { here, ..self }
    }

    /// The caller gets their level in another organisation, and keeps what they have, if they are "here".
    pub(super) async fn come_to(&self, scene: &Scene, organisation: i64) {
        let (level, members) = match self.here {
            None => return,
            Some(Here::Person(number, level)) => (level, vec![number]),
            Some(Here::Key(_, level)) => (level, Vec::new()),
        };
        let body = json!({ "name": "of the table", "organizationId": organisation,
            "levels": [{ "type": level }], "userIds": members, "applicationIds": [] });
        let made = scene.global.post("/api/v1/permission", body).await.expect(201);
        if let Some(Here::Key(number, _)) = self.here {
            let path = format!("/api/v1/api-key/{number}");
            let shown = scene.global.get(&path).await.expect(200).json();
            let mut groups: Vec<i64> = list(&shown["permissions"]).iter().map(id).collect();
            groups.push(id(&made.json()));
            let body = json!({ "name": "of the table", "permissionIds": groups });
            scene.global.put(path, body).await.expect(200);
        }
    }

    pub(super) async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Response {
        let mut call = self.caller.call(method, path);
        if let Some(key) = &self.key {
            call = call.header("x-api-key", key);
        }
        if let Some(body) = body {
            call = call.body("application/json", body.to_string());
        }
        call.await
    }
}

/// All callers, in the order of the file.
pub(super) async fn columns(server: &Server, scene: &Scene) -> Vec<Column> {
    let mut columns = vec![Column::person("-", "-", &server.anonymous())];
    for (place, group) in ["people here", "people there"].into_iter().enumerate() {
        if place == 0 {
            columns.push(Column::person(group, GLOBAL, &scene.global));
        }
        for (level, name) in NAMES.into_iter().enumerate() {
            let here = Here::Person(scene.users[place][level], LEVELS[level]);
            let column = Column::person(group, name, &scene.callers[place][level]);
            columns.push(column.here(Some(here).filter(|_| place == 0)));
        }
    }
    for (place, group) in ["keys here", "keys there"].into_iter().enumerate() {
        if place == 0 {
            let (_, key) = issue(scene, 1, Value::Null).await;
            columns.push(Column::key(group, GLOBAL, server, key));
        }
        for (level, name) in NAMES.into_iter().enumerate() {
            let (issued, key) = issue(scene, scene.groups[place][level], Value::Null).await;
            let here = Here::Key(id(&issued), LEVELS[level]);
            let column = Column::key(group, name, server, key);
            columns.push(column.here(Some(here).filter(|_| place == 0)));
        }
    }
    columns.extend([
        Column::key("ended", "exp", server, expired_key(server, scene).await),
        Column::key("ended", "rev", server, revoked_key(scene).await),
        Column::person("ended", "off", &deactivated(server, scene).await),
        Column::person("ended", "pwd", &with_a_duty(server, scene).await),
    ]);
    columns
}

/// Issues a key of a group. Returns the answer and the key.
async fn issue(scene: &Scene, group: i64, expires_on: Value) -> (Value, String) {
    let body = json!({ "name": "of the table", "permissionIds": [group], "expiresOn": expires_on });
    let issued = scene
        .global
        .post("/api/v1/api-key", body)
        .await
        .expect(201)
        .json();
    let key = text(&issued["key"]).to_owned();
    (issued, key)
}

/// A key that expires while this test asks with it.
async fn expired_key(server: &Server, scene: &Scene) -> String {
    let (issued, _) = issue(scene, 1, Value::Null).await;
    let now = Timestamp::parse(text(&issued["createdAt"])).expect("a time");
    let soon = Timestamp::from_micros(now.micros() + 2_000_000);
    let (_, key) = issue(scene, 1, json!(soon.to_millis_string())).await;
    loop {
        let answer = server
            .anonymous()
            .get("/api/v1/application")
            .header("x-api-key", &key)
            .await;
        if answer.status != 200 {
            assert_eq!(message(&answer.expect(401).json()), "MESSAGE.API-KEY-EXPIRED");
            return key;
        }
    }
}

async fn revoked_key(scene: &Scene) -> String {
    let (issued, key) = issue(scene, 1, Value::Null).await;
    let path = format!("/api/v1/api-key/{}", id(&issued));
    scene.global.delete(path).await.expect(200);
    key
}

/// Makes another global administrator, and logs them in.
async fn another_global(server: &Server, scene: &Scene, name: &str) -> (i64, Client) {
    let email = format!("{name}@example.org");
    let body =
        json!({ "name": name, "email": email, "password": SECRET, "active": true, "globalAdmin": true });
    let made = id(&scene.global.post("/api/v1/user", body).await.expect(201).json());
    (made, login(server, &email, SECRET).await)
}

async fn deactivated(server: &Server, scene: &Scene) -> Client {
    let (number, caller) = another_global(server, scene, "off").await;
    let off = json!({ "name": "off", "active": false, "globalAdmin": true });
    scene
        .global
        .put(format!("/api/v1/user/{number}"), off)
        .await
        .expect(200);
    caller
}

/// A global administrator who must change the password before anything else.
async fn with_a_duty(server: &Server, scene: &Scene) -> Client {
    let admin = server.admin().await;
    let ids = async || {
        let ids = admin.get("/api/users/ids").await.expect(200).json();
        list(&ids)
            .iter()
            .map(|id| text(id).to_owned())
            .collect::<Vec<String>>()
    };
    let before = ids().await;
    let (_, caller) = another_global(server, scene, "pwd").await;
    let new: Vec<String> = ids()
        .await
        .into_iter()
        .filter(|id| !before.contains(id))
        .collect();
    assert_eq!(new.len(), 1, "one user was made");
    let duty = json!({ "mustChangePassword": true });
    admin
        .put(format!("/api/users/{}", new[0]), duty)
        .await
        .expect(200);
    caller
}
