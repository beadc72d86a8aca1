//! Somebody who signs up, whether they were invited or not.

use aggregates::values::{Email, Title};
use server::{App, Refusal, nx::InvitedPerson};
use zeroize::Zeroizing;

use super::patch::LONGEST;
use crate::authenticate::accepted;

/// What somebody who signs up says of themselves.
pub(crate) struct Person {
    pub(crate) email: Option<String>,
    pub(crate) password: Option<Zeroizing<String>>,
    pub(crate) name: Option<String>,
    pub(crate) phone: Option<String>,
    pub(crate) job_title: Option<String>,
    pub(crate) newsletter: Option<bool>,
    pub(crate) accept_eula: Option<bool>,
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
