//! A device that shows one-time codes, and users who have one.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use totp_rs::{Builder, Secret};

use crate::{
    client::{Client, Response},
    connectware::{PASSWORD, create_user_with, list, text},
    server::ADMIN_PASSWORD,
};

/// A device with a secret.
pub struct Device {
    uri: String,
}

impl Device {
    /// The device that has read this URI.
    pub fn of(uri: &str) -> Self {
        assert!(uri.starts_with("otpauth://totp/"), "{uri}");
        Self { uri: uri.to_owned() }
    }

    /// The secret.
    pub fn secret(&self) -> &str {
        let (_, rest) = self.uri.split_once("secret=").expect("a secret");
        rest.split('&').next().expect("a secret")
    }

    /// The code of a time step.
    pub fn code(&self, step: i64) -> String {
        let secret = Secret::try_from_base32(self.secret()).expect("base32");
        let totp = Builder::new().with_secret(secret).build().expect("a device");
        totp.generate(30 * u64::try_from(step).expect("after 1970"))
            .to_string()
    }

    /// A code that is wrong at this step and near it.
    pub fn wrong(&self, step: i64) -> String {
        let right: Vec<String> = (step - 3..step + 4).map(|step| self.code(step)).collect();
        let mut all = (0..).map(|number| format!("{number:06}"));
        all.find(|code| !right.contains(code)).expect("a wrong code")
    }
}

/// The time step that the server has now, by the time at which it issues a token.
pub async fn step(client: &Client) -> i64 {
    let login = json!({ "username": "admin", "password": ADMIN_PASSWORD });
    let answer = client
        .anonymous()
        .post("/api/login", login)
        .await
        .expect(200)
        .json();
    let payload = text(&answer["token"])
        .split('.')
        .nth(1)
        .expect("a payload")
        .to_owned();
    let payload = URL_SAFE_NO_PAD.decode(payload).expect("base64");
    let claims: Value = serde_json::from_slice(&payload).expect("JSON");
    claims["iat"].as_i64().expect("a time") / 30
}

/// A user with a second factor. The code of `step` was used to enrol it.
pub struct Enrolled {
    pub id: String,
    pub name: String,
    /// The session in which the user enrolled.
    pub session: Client,
    pub device: Device,
    pub step: i64,
    pub backup_codes: Vec<String>,
}

impl Enrolled {
    /// Makes a user and enrols a second factor.
    pub async fn user(admin: &Client, name: &str) -> Self {
        Self::user_with(admin, name, json!({})).await
    }

    /// The same, with these members in addition.
    pub async fn user_with(admin: &Client, name: &str, more: Value) -> Self {
        let id = create_user_with(admin, name, more).await;
        let session = admin.login(name, PASSWORD).await;
        let device = enable(&session).await;
        let step = step(admin).await;
        let answer = session
            .post("/api/mfa/validate", json!({ "otp": device.code(step) }))
            .await;
        let codes = answer.expect(200).json();
        let backup_codes = list(&codes["backupCodes"]).iter();
        let backup_codes: Vec<String> = backup_codes.map(|code| text(code).to_owned()).collect();
        assert_eq!(backup_codes.len(), 10);
        Self {
            id,
            name: name.to_owned(),
            session,
            device,
            step,
            backup_codes,
        }
    }

    /// Begins a login. Returns the handle.
    pub async fn begin(&self) -> String {
        let login = json!({ "username": self.name, "password": PASSWORD });
        let answer = self.session.anonymous().post("/api/login", login).await;
        let answer = answer.expect(200).json();
        assert_eq!(answer["needsMfa"], true, "{answer}");
        text(&answer["secret"]).to_owned()
    }

    /// Completes a login by a one-time code.
    pub async fn complete(&self, handle: &str, code: &str) -> Response {
        let body = json!({ "username": self.name, "secret": handle, "otp": code });
        self.session.anonymous().post("/api/mfa/login", body).await
    }

    /// Completes a login by a back-up code.
    pub async fn complete_by_backup_code(&self, handle: &str, code: &str) -> Response {
        let body = json!({ "username": self.name, "secret": handle, "backupCode": code });
        self.session.anonymous().post("/api/mfa/login", body).await
    }

    /// The code of the step after the one that was used to enrol.
    pub fn next_code(&self) -> String {
        self.device.code(self.step + 1)
    }

    /// Logs in, by a back-up code.
    pub async fn log_in(&self, number: usize) -> Client {
        let code = self.backup_codes.get(number).expect("a code");
        let answer = self.complete_by_backup_code(&self.begin().await, code).await;
        self.session
            .anonymous()
            .bearer(text(&answer.expect(200).json()["token"]))
    }
}

/// Begins to enrol a device.
pub async fn enable(session: &Client) -> Device {
    let answer = session
        .post("/api/mfa/enable", json!({}))
        .await
        .expect(200)
        .json();
    Device::of(text(&answer["uri"]))
}
