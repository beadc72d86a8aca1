//! The setting that says what users may give.

/// What users may give others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Granting {
    /// What they hold themselves.
    Held,
    /// Everything. The right to use an endpoint is enough.
    Any,
}

impl Granting {
    /// As written in the settings.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Any => "any",
        }
    }

    /// Reads a value of the setting.
    pub fn parse(text: &str) -> Result<Self, String> {
        let all = [Self::Held, Self::Any];
        let found = all.into_iter().find(|one| one.as_str() == text);
        found.ok_or_else(|| "must be held or any".to_owned())
    }
}
