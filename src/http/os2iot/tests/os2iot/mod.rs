//! `/api/v1`

mod api_keys;
mod holes;
mod lists;
mod login;
mod portal;
mod table;
mod together;

use serde_json::{Value, json};

use crate::support::{
    client::Client,
    server::{ADMIN_PASSWORD, Server},
};

/// The password of all users of these tests.
const SECRET: &str = "sommer-i-aarhus-7";

/// Logs somebody in on this face.
async fn login(server: &Server, username: &str, password: &str) -> Client {
    let body = json!({ "username": username, "password": password });
    let answer = server
        .anonymous()
        .post("/api/v1/auth/login", body)
        .await
        .expect(201)
        .json();
    server
        .anonymous()
        .bearer(answer["accessToken"].as_str().expect("a token"))
}

/// The global administrator: the administrator of the first start.
async fn global(server: &Server) -> Client {
    login(server, "admin", ADMIN_PASSWORD).await
}

/// The number of what an answer shows.
fn id(value: &Value) -> i64 {
    value["id"]
        .as_i64()
        .unwrap_or_else(|| panic!("no number in {value}"))
}

async fn organisation(global: &Client, name: &str) -> i64 {
    let made = global.post("/api/v1/organization", json!({ "name": name })).await;
    id(&made.expect(201).json())
}

async fn group(by: &Client, organisation: i64, level: &str) -> i64 {
    let body = json!({
        "name": format!("{level} of {organisation}"), "organizationId": organisation,
        "levels": [{ "type": level }], "userIds": [], "applicationIds": [],
    });
    id(&by.post("/api/v1/permission", body).await.expect(201).json())
}

/// Makes a user in these groups, and returns the number.
async fn new_user(by: &Client, name: &str, groups: &[i64]) -> i64 {
    let body = json!({
        "name": name, "email": format!("{name}@example.org"), "password": SECRET, "active": true,
        "permissionIds": groups,
    });
    id(&by.post("/api/v1/user", body).await.expect(201).json())
}

async fn application(by: &Client, organisation: i64, name: &str, groups: &[i64]) -> i64 {
    let body = json!({ "name": name, "organizationId": organisation, "permissionIds": groups });
    id(&by.post("/api/v1/application", body).await.expect(201).json())
}

const LEVELS: [&str; 4] = [
    "OrganizationUserAdmin",
    "OrganizationGatewayAdmin",
    "OrganizationApplicationAdmin",
    "Read",
];

/// Two organisations, each with a group and a user for each level, and with an application that is attached to the groups of applications.
struct Scene {
    global: Client,
    organisations: [i64; 2],
    /// The numbers of the groups, by organisation and level.
    groups: [[i64; 4]; 2],
    /// The numbers of the users, by organisation and level.
    users: [[i64; 4]; 2],
    /// The users, by organisation and level.
    callers: [Vec<Client>; 2],
    applications: [i64; 2],
}

impl Scene {
    async fn new(server: &Server) -> Self {
        let global = global(server).await;
        let organisations = [
            organisation(&global, "Aarhus").await,
            organisation(&global, "Odense").await,
        ];
        let (mut groups, mut users) = ([[0; 4]; 2], [[0; 4]; 2]);
        let mut callers = [Vec::new(), Vec::new()];
        let mut applications = [0; 2];
        for place in 0..2 {
            for (number, level) in LEVELS.into_iter().enumerate() {
                groups[place][number] = group(&global, organisations[place], level).await;
                let name = format!("{}-{place}", level.to_lowercase());
                users[place][number] = new_user(&global, &name, &[groups[place][number]]).await;
                callers[place].push(login(server, &format!("{name}@example.org"), SECRET).await);
            }
            let attached = [groups[place][2], groups[place][3]];
            applications[place] =
                application(&global, organisations[place], &format!("App {place}"), &attached).await;
        }
        Self {
            global,
            organisations,
            groups,
            users,
            callers,
            applications,
        }
    }

    fn caller(&self, place: usize, level: &str) -> &Client {
        let number = LEVELS.iter().position(|known| *known == level).expect("a level");
        &self.callers[place][number]
    }
}

/// What the objects of a list have under a key, in the order of the list.
fn column(objects: &Value, key: &str) -> Vec<String> {
    let objects = objects.as_array().unwrap_or_else(|| panic!("no list: {objects}"));
    let texts = objects
        .iter()
        .map(|object| object[key].as_str().unwrap_or_default().to_owned());
    texts.collect()
}

/// The message of a refusal.
fn message(answer: &Value) -> &str {
    answer["message"].as_str().unwrap_or_default()
}
