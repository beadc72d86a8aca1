//! Less rights means no session: brokers cache what a client may do, so the server closes the sessions of a user who may do less
//! (docs/broker-sessions.md).
//!
//! For each broker of the settings a task follows the ledger. It looks for events after which a user may do less over MQTT, and ends the
//! user's sessions through the broker's management interface. What the broker does not end at once is noted in the database, and another
//! task tries it again. Only then the broker's cursor moves. So a crash between an event and a kick loses neither. Nothing else waits for a
//! broker.

mod again;
mod emqx;
mod follow;
mod http;
mod kick;
mod losses;
mod mosquitto;
mod mqtt;
mod past;
mod rabbitmq;
mod reach;
mod state;
mod tally;
mod tries;
mod vernemq;

use std::{fmt, sync::Arc};

use axum::http::Uri;
use ledger::keep_running;
use serde::Deserialize;
use tokio::sync::Notify;
use zeroize::Zeroizing;

use again::TriesAgain;
use follow::Follows;
use reach::Reach;
use tries::Teller;

use crate::app::App;

pub use reach::RootsError;
pub use state::{State, removed, states};
pub use tally::{Tallies, Tally};

/// The most brokers in the settings.
const MOST: usize = 64;

/// The brokers of the settings.
#[derive(Clone, Debug, Default)]
pub struct Brokers(Vec<Broker>);

/// A broker, and how the server manages it.
#[derive(Clone)]
pub struct Broker {
    kind: Kind,
    url: Uri,
    username: String,
    password: Zeroizing<String>,
}

/// The kinds of brokers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    /// The management plugin.
    RabbitMq,
    /// The HTTP API; the username is the API key.
    VerneMq,
    /// The REST API; username and password are an API key and its secret.
    Emqx,
    /// The plugin for dynamic security, over MQTT.
    Mosquitto,
}

/// A broker as the setting has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    kind: Kind,
    url: String,
    username: String,
    #[serde(default)]
    password: Zeroizing<String>,
}

impl Brokers {
    /// Reads the setting: a JSON list of brokers.
    pub fn parse(text: &str) -> Result<Self, String> {
        // The message of serde would repeat what is written, perhaps a password.
        let written: Vec<Written> = serde_json::from_str(text).map_err(|_| {
            "must be a JSON list like [{\"kind\": \"rabbitmq\", \"url\": \"http://127.0.0.1:15672\", \
             \"username\": \"...\", \"password\": \"...\"}]; the kinds are rabbitmq, vernemq, emqx and mosquitto"
                .to_owned()
        })?;
        if written.len() > MOST {
            return Err(format!("must have at most {MOST} brokers"));
        }
        let brokers = written.into_iter().map(Broker::of);
        let brokers = Self(brokers.collect::<Result<_, _>>()?);
        let mut names: Vec<String> = brokers.iter().map(Broker::name).collect();
        names.sort();
        names.dedup();
        match names.len() == brokers.0.len() {
            true => Ok(brokers),
            false => Err("must not name a broker twice".to_owned()),
        }
    }

    /// All brokers.
    pub fn iter(&self) -> impl Iterator<Item = &Broker> {
        self.0.iter()
    }

    /// Whether a username belongs to the server itself at one of the brokers. No device may have it.
    pub fn have_user(&self, username: &str) -> bool {
        self.0.iter().any(|broker| broker.username == username)
    }
}

impl Broker {
    fn of(written: Written) -> Result<Self, String> {
        let schemes: &[&str] = match written.kind {
            Kind::RabbitMq | Kind::VerneMq | Kind::Emqx => &["http", "https"],
            Kind::Mosquitto => &["mqtt", "mqtts"],
        };
        let wrong = || {
            let forms: Vec<_> = schemes
                .iter()
                .map(|scheme| format!("{scheme}://HOST:PORT"))
                .collect();
            let forms = forms.join(" or ");
            format!("the url of a broker must be {forms}, without a username and a password in it")
        };
        let url: Uri = written.url.parse().map_err(|_| wrong())?;
        let is_plain = url
            .authority()
            .is_some_and(|authority| !authority.as_str().contains('@') && authority.port_u16().is_some());
        let is_scheme = url.scheme_str().is_some_and(|scheme| schemes.contains(&scheme));
        if !is_scheme || !is_plain || url.query().is_some() {
            return Err(wrong());
        }
        if written.username.is_empty() {
            return Err("a broker needs a username".to_owned());
        }
        Ok(Self {
            kind: written.kind,
            url,
            username: written.username,
            password: written.password,
        })
    }

    /// The name of the broker in the database, in the log and in `muniment doctor`.
    pub fn name(&self) -> String {
        format!("{} {}", self.kind, self.base())
    }

    /// The URL of the interface, without a slash at the end.
    fn base(&self) -> String {
        self.url.to_string().trim_end_matches('/').to_owned()
    }

    fn host_and_port(&self) -> (&str, u16) {
        let port = self.url.port_u16().unwrap_or_default();
        (self.url.host().unwrap_or_default(), port)
    }

    /// Whether the server talks to the broker over TLS.
    fn has_tls(&self) -> bool {
        matches!(self.url.scheme_str(), Some("https" | "mqtts"))
    }
}

/// Ends the sessions of users who may do less, at each broker of the settings, as long as the process runs.
pub fn keep_ending_sessions(app: &App) -> Result<(), RootsError> {
    let Some(brokers) = &app.settings.brokers else {
        return Ok(());
    };
    let tls = reach::tls(brokers, app.settings.brokers_ca.as_deref())?;
    for broker in brokers.iter() {
        let teller = Teller {
            app: app.clone(),
            reach: Reach::new(broker, &tls, &app.entropy),
            tally: app.tallies().of(broker),
        };
        let left = Arc::new(Notify::new());
        let again = (teller.clone(), Arc::clone(&left));
        keep_running("sessions at a broker", move || {
            let follows = Follows {
                teller: teller.clone(),
                left: Arc::clone(&left),
                position: None,
            };
            follows.run()
        });
        keep_running("sessions at a broker, again", move || {
            let (teller, left) = again.clone();
            let again = TriesAgain {
                teller,
                left,
                after: None,
                noted: None,
            };
            again.run()
        });
    }
    Ok(())
}

impl fmt::Debug for Broker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Broker").field(&self.name()).finish()
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::RabbitMq => "rabbitmq",
            Self::VerneMq => "vernemq",
            Self::Emqx => "emqx",
            Self::Mosquitto => "mosquitto",
        })
    }
}

#[cfg(test)]
mod tests;
