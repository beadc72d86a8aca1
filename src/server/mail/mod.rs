//! Mails of the server: into a folder, or to an SMTP server.
//!
//! An answer does not wait for a mail, so its time says nothing about whether there is one. What cannot be delivered is logged, and the person asks
//! again.

mod outbox;

use std::{sync::Arc, time::Duration};

use aggregates::values::Email;
use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{
        Body, Mailbox,
        header::{ContentTransferEncoding, ContentType},
    },
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{app::App, settings::Settings};

/// How many mails may be on their way at once.
const MOST: usize = 64;
/// How long an SMTP server may take for one mail.
const PATIENCE: Duration = Duration::from_secs(20);
/// After how long a mail that failed is tried again.
const PAUSES: [Duration; 2] = [Duration::from_secs(2), Duration::from_secs(20)];

/// A mail.
#[derive(Clone, Debug)]
pub(crate) struct Mail {
    /// The address.
    pub(crate) to: Email,
    /// The subject.
    pub(crate) subject: &'static str,
    /// The text.
    pub(crate) text: String,
}

/// Sends mails.
pub(crate) struct Mailer {
    room: Arc<Semaphore>,
    way: Way,
}

enum Way {
    Outbox(outbox::Outbox),
    Smtp(Box<AsyncSmtpTransport<Tokio1Executor>>),
}

/// Why a mail is not delivered. It never has the text of the mail.
#[derive(Debug, thiserror::Error)]
enum MailError {
    #[error("the mail cannot be written")]
    Message(#[from] lettre::error::Error),
    #[error("an address is not one of mails")]
    Address(#[from] lettre::address::AddressError),
    #[error("the outbox cannot be written")]
    Outbox(#[from] std::io::Error),
    #[error("the SMTP server does not take it")]
    Smtp(#[from] lettre::transport::smtp::Error),
}

impl Mailer {
    /// Sends mails as the settings say.
    pub(crate) fn new(settings: &Settings) -> Self {
        let url = settings.smtp_url.as_deref().map(String::as_str);
        let smtp = url.and_then(|url| AsyncSmtpTransport::<Tokio1Executor>::from_url(url).ok());
        Self {
            room: Arc::new(Semaphore::new(MOST)),
            way: match smtp {
                Some(builder) => Way::Smtp(Box::new(builder.timeout(Some(PATIENCE)).build())),
                None => Way::Outbox(outbox::Outbox::new(settings.data_dir.join("outbox"))),
            },
        }
    }

    /// Whether a text is the URL of an SMTP server.
    pub(crate) fn check_url(url: &str) -> Result<(), String> {
        match AsyncSmtpTransport::<Tokio1Executor>::from_url(url) {
            Ok(_) => Ok(()),
            Err(_) => Err("must be a URL such as smtps://user:password@mail.example.com".to_owned()),
        }
    }

    /// A text that can be the sender of mails.
    pub(crate) fn check_address(text: &str) -> Result<String, String> {
        match text.parse::<Mailbox>() {
            Ok(_) => Ok(text.to_owned()),
            Err(_) => Err("must be an address such as muniment@example.com".to_owned()),
        }
    }

    async fn deliver(&self, app: &App, mail: &Mail) -> Result<(), MailError> {
        let from: Mailbox = app.settings.mail_from.parse()?;
        let message = Message::builder()
            .from(from)
            .to(Mailbox::new(None, mail.to.parse()?))
            .subject(mail.subject)
            .header(ContentType::TEXT_PLAIN)
            .body(body_of(&mail.text))?;
        match &self.way {
            Way::Outbox(outbox) => outbox.write(app.entropy.uuid(), message.formatted()).await?,
            Way::Smtp(smtp) => drop(smtp.send(message).await?),
        }
        Ok(())
    }
}

/// The longest line of a mail that is not encoded, in bytes (RFC 5322 section 2.1.1).
const LONGEST: usize = 998;

/// The body with this text, as it is if it can be: then a link is one word in it.
fn body_of(text: &str) -> Body {
    let is_plain = text.is_ascii() && !text.contains('\0');
    match is_plain && text.lines().all(|line| line.len() <= LONGEST) {
        true => {
            let lines = text.replace('\n', "\r\n");
            Body::dangerous_pre_encoded(lines.into_bytes(), ContentTransferEncoding::SevenBit)
        }
        false => Body::new(text.to_owned()),
    }
}

/// Sends a mail, after the answer. If too many are on their way, it is dropped: then nobody waits, and the log says so.
pub(crate) fn send(app: &App, mail: Mail) {
    match Arc::clone(&app.mailer().room).try_acquire_owned() {
        Ok(place) => drop(tokio::spawn(deliver(app.clone(), mail, place))),
        Err(_) => tracing::warn!(
            subject = mail.subject,
            "too many mails are on their way: this one is dropped"
        ),
    }
}

async fn deliver(app: App, mail: Mail, place: OwnedSemaphorePermit) {
    let mut pauses = PAUSES.into_iter();
    while let Err(error) = app.mailer().deliver(&app, &mail).await {
        let cause = ledger::WithCauses(&error).to_string();
        let Some(pause) = pauses.next() else {
            tracing::error!(subject = mail.subject, error = %cause, "a mail cannot be delivered: it is dropped");
            break;
        };
        tracing::warn!(subject = mail.subject, error = %cause, "a mail cannot be delivered: it is tried again");
        app.clock.rest(pause).await;
    }
    drop(place);
}
