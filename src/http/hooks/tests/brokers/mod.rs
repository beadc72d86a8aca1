//! The hooks: each broker's questions as its documentation shows them, and what is wrong with a question.

mod emqx;
mod enhanced;
mod implicit;
mod mosquitto;
mod rabbitmq;
mod refused;
mod vernemq;

use serde_json::{Value, json};

use crate::support::{
    client::{Client, Response},
    connectware::*,
    server::Server,
};

/// A device, which publishes to `dev/one/#` and subscribes to `dev/+/state` and `all/#`.
const DEVICE: &str = "device1";

/// Makes the device, with these members in addition.
async fn device_with(admin: &Client, more: Value) -> String {
    let mut with = json!({ "initialPermissions": [
        mqtt("dev/one/#", "write"), mqtt("dev/+/state", "read"), mqtt("all/#", "read"),
    ]});
    let members = more.as_object().expect("members");
    with.as_object_mut().expect("members").extend(members.clone());
    create_user_with(admin, DEVICE, with).await
}

async fn device(server: &Server) -> (Client, String) {
    let admin = server.admin().await;
    let id = device_with(&admin, json!({})).await;
    (admin, id)
}

/// A form with these pairs.
fn form(pairs: &[(&str, &str)]) -> String {
    let encoded = |text: &str| -> String {
        text.bytes()
            .map(|byte| match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
                other => format!("%{other:02X}"),
            })
            .collect()
    };
    let pairs: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{}={}", encoded(name), encoded(value)))
        .collect();
    pairs.join("&")
}

async fn post_form(broker: &Client, path: &str, pairs: &[(&str, &str)]) -> Response {
    let call = broker.call(http::Method::POST, path);
    call.body("application/x-www-form-urlencoded", form(pairs)).await
}
