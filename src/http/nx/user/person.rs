//! Somebody who signs up, whether they were invited or not.

use aggregates::values::{Email, Title};
use serde::Deserialize;
use server::{App, Refusal, nx::InvitedPerson};
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::patch::LONGEST;
use crate::authenticate::accepted;

/// What somebody who signs up says of themselves.
#[derive(Deserialize, ToSchema)]
#[schema(as = NxPerson)]
pub(crate) struct Person {
    /// The e-mail address, by which they sign in.
    #[serde(rename = "Email")]
    #[schema(example = "ada@example.org")]
    email: Option<String>,
    /// The password.
    #[serde(rename = "Password")]
    #[schema(value_type = Option<String>)]
    password: Option<Zeroizing<String>>,
    /// The name: at most 200 characters.
    #[serde(rename = "Name")]
    name: Option<String>,
    /// The phone number: at most 200 characters.
    #[serde(rename = "PhoneNumber")]
    phone: Option<String>,
    /// What they do at work: at most 200 characters.
    #[serde(rename = "JobTitle")]
    job_title: Option<String>,
    /// Whether they want the newsletter. Without it, they do not.
    #[serde(rename = "NewsletterOptIn")]
    newsletter: Option<bool>,
    /// Whether they accept the licence agreement of the operator. It must be true.
    #[serde(rename = "AcceptEULA")]
    accept_eula: Option<bool>,
}

/// The refusal of a request without a field.
pub(super) fn missing(field: &'static str) -> Refusal {
    Refusal::invalid(format!("{field} is required")).in_field(field)
}

/// The text of a field that needs one.
pub(super) fn title(field: &'static str, text: &str) -> Result<Title, Refusal> {
    let title = Title::parse_within(field, text, 1, LONGEST);
    title.map_err(|invalid| Refusal::from(invalid).in_field(field))
}

impl Person {
    /// The person, if everything is there and right.
    pub(crate) fn parsed(self, app: &App) -> Result<InvitedPerson, Refusal> {
        let optional = |field, text: Option<String>| {
            let text = text.filter(|text| !text.is_empty());
            text.map(|text| title(field, &text)).transpose()
        };
        let email = self.email.ok_or_else(|| missing("Email"))?;
        let email = Email::parse(&email).map_err(|invalid| Refusal::from(invalid).in_field("Email"))?;
        let password = self.password.ok_or_else(|| missing("Password"))?;
        accepted(app, "Password", &password)?;
        let name = title("Name", &self.name.ok_or_else(|| missing("Name"))?)?;
        if self.accept_eula != Some(true) {
            return Err(Refusal::invalid("AcceptEULA must be true").in_field("AcceptEULA"));
        }
        Ok(InvitedPerson {
            email,
            password,
            name,
            phone: optional("PhoneNumber", self.phone)?,
            job_title: optional("JobTitle", self.job_title)?,
            newsletter: self.newsletter.unwrap_or(false),
        })
    }
}
