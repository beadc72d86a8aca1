//! `/access/v1`: the AuthZEN Authorization API 1.0.

mod changes;
mod configuration;
mod conformance;
pub(crate) mod dry_run;
mod evaluation;
mod evaluations;
mod explain;
mod moments;
mod search;

use serde_json::{Value, json};

use crate::support::client::{Call, Client};

/// A question.
pub fn question(subject: &Value, action: &str, resource: &Value) -> Value {
    json!({ "subject": subject, "action": { "name": action }, "resource": resource })
}

/// A subject or a resource.
pub fn entity(kind: &str, id: &str) -> Value {
    json!({ "type": kind, "id": id })
}

pub fn ask(caller: &Client, body: Value) -> Call {
    caller.post("/access/v1/evaluation", body)
}

/// The decision about a question.
pub async fn decide(caller: &Client, subject: &Value, action: &str, resource: &Value) -> Value {
    let answer = ask(caller, question(subject, action, resource)).await.expect(200);
    let body = answer.json();
    assert!(body["decision"].is_boolean(), "{body}");
    assert_eq!(body["context"]["position"], answer.position(), "{body}");
    body
}

/// `allowed`, or the reason of the denial.
pub async fn outcome(caller: &Client, subject: &Value, action: &str, resource: &Value) -> String {
    let body = decide(caller, subject, action, resource).await;
    match (&body["decision"], &body["context"]["reason"]) {
        (Value::Bool(true), Value::Null) => "allowed".to_owned(),
        (Value::Bool(false), Value::String(reason)) => reason.clone(),
        _ => panic!("a decision or a reason is expected: {body}"),
    }
}

/// A question with a context.
pub fn with_context(mut question: Value, context: Value) -> Value {
    question["context"] = context;
    question
}
