//! `/auth`

mod admin;
mod licenses;
mod lists;
mod passwords;
mod seats;
pub(crate) mod sign_in;
mod user;

use serde_json::{Value, json};

use crate::support::{
    client::{Client, Response},
    server::{ADMIN_PASSWORD, Server},
};

/// An id that nothing has.
const NOTHING: &str = "0a0b0c0d-0000-4000-8000-000000000001";

/// Founds an organisation, and returns its UUID.
async fn organisation(server: &Server, name: &str) -> String {
    let login = json!({ "username": "admin", "password": ADMIN_PASSWORD });
    let answer = server.anonymous().post("/api/v1/auth/login", login).await;
    let token = answer.expect(201).json()["accessToken"].clone();
    let global = server.anonymous().bearer(token.as_str().expect("a token"));
    let made = global.post("/api/v1/organization", json!({ "name": name })).await;
    let number = made.expect(201).json()["id"].as_u64().expect("a number");
    format!("{number:08x}-6f73-8001-8000-696f74000000")
}

async fn agreement(admin: &Client, name: &str, kind: &str) -> String {
    let body = json!({ "Name": name, "Kind": kind, "Provides": ["recording"] });
    uuid(
        &admin
            .post("/auth/admin/agreements", body)
            .await
            .expect(201)
            .json(),
    )
}

/// Issues a licence with these members besides the agreement and the organisation, and returns its UUID.
async fn license(admin: &Client, agreement: &str, organisation: &str, rest: Value) -> String {
    let mut body = json!({ "AgreementUUID": agreement, "OrganisationUUID": organisation });
    let members = body.as_object_mut().expect("an object");
    members.extend(rest.as_object().expect("an object").clone());
    uuid(&admin.post("/auth/admin/licenses", body).await.expect(201).json())
}

/// Somebody who reads the licences of all organisations.
async fn reader(admin: &Client) -> Client {
    let all = json!([{ "resource": "#", "operation": "read", "context": "nx" }]);
    crate::support::connectware::caller(admin, "reader", all).await
}

fn uuid(value: &Value) -> String {
    let uuid = value["UUID"].as_str();
    uuid.unwrap_or_else(|| panic!("no UUID in {value}")).to_owned()
}

/// Asserts that an answer is a refusal with this code, in the shape of this API.
#[track_caller]
fn refused(answer: &Response, status: u16, code: &str) {
    assert_eq!(answer.status, status, "{answer:?}");
    let body = answer.json();
    crate::support::client::assert_keys(
        &body,
        &[
            "AuthorizationInvalid",
            "BackendMessage",
            "Email",
            "Field",
            "Message",
            "UUID",
        ],
    );
    assert_eq!(body["BackendMessage"], code, "{body}");
    assert_eq!(body["AuthorizationInvalid"], status == 401, "{body}");
    assert!(
        body["Message"].as_str().is_some_and(|text| !text.is_empty()),
        "{body}"
    );
}

/// What the objects of a list have under a key.
fn column(list: &Value, key: &str) -> Vec<String> {
    let list = list.as_array().unwrap_or_else(|| panic!("no list: {list}"));
    let texts = list
        .iter()
        .map(|one| one[key].as_str().unwrap_or_default().to_owned());
    texts.collect()
}
