//! The rules for new passwords, whoever sets them and wherever.
//!
//! Nothing but a [`NewPassword`] is hashed for storage, and only [`PasswordRules::propose`] makes one. So nobody who sets a password can
//! forget to ask the rules.

use std::sync::Arc;

use aggregates::values::PasswordHash;
use zeroize::Zeroizing;
use zxcvbn::feedback::Warning;

use super::{
    blocklist::{Blocklist, BlocklistError},
    policy::{PasswordPolicy, PolicyViolation},
    strength,
};
use crate::identity::Password;

/// The rules.
#[derive(Debug, Default)]
pub struct PasswordRules {
    /// The least numbers of characters.
    pub policy: PasswordPolicy,
    /// How hard to guess a password must be, from 0 to 4.
    pub strength: u8,
    /// The passwords that nobody may use.
    pub blocklist: Option<Blocklist>,
    /// How many of their last passwords users may not choose again, with the present one.
    pub history: usize,
}

/// A password that somebody wants to set. It satisfies the policy. The other rules cost more, so they are asked with the turn in
/// which the password is hashed.
#[derive(Debug)]
pub struct NewPassword {
    rules: Arc<PasswordRules>,
    password: Password,
    names: Vec<String>,
    earlier: Vec<PasswordHash>,
}

/// Which rule a password breaks. No message repeats the password.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum RuleBroken {
    /// The policy.
    #[error(transparent)]
    Policy(#[from] PolicyViolation),
    /// The password is too easy to guess.
    #[error("the password is too easy to guess{}", because(.0.as_ref()))]
    Weak(Option<Warning>),
    /// The password is on the blocklist.
    #[error("the password is on the list of passwords that must not be used here, because others know it")]
    Listed,
    /// The user has or had the password.
    #[error("the password is one of the last {0} passwords of this user")]
    Used(usize),
}

impl RuleBroken {
    /// The code of a refusal.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Policy(_) => "password_policy",
            Self::Weak(_) => "password_weak",
            Self::Listed => "password_listed",
            Self::Used(_) => "password_used",
        }
    }
}

/// The reason why a password is weak, as the end of a sentence.
fn because(warning: Option<&Warning>) -> String {
    warning.map_or_else(String::new, |warning| {
        let warning = warning.to_string();
        format!(": {}", warning.trim_end_matches('.'))
    })
}

/// Why a password is not accepted.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotAccepted {
    #[error(transparent)]
    Broken(#[from] RuleBroken),
    #[error("the blocklist of passwords cannot be searched")]
    Blocklist(#[from] BlocklistError),
}

impl PasswordRules {
    /// The password that a text stands for, if it satisfies the policy. `names` are the names of its user.
    pub fn propose(self: &Arc<Self>, typed: &str, names: &[&str]) -> Result<NewPassword, RuleBroken> {
        Ok(NewPassword {
            rules: Arc::clone(self),
            password: self.policy.accept(typed)?,
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            earlier: Vec::new(),
        })
    }
}

impl NewPassword {
    /// The same, if users choose it themselves: it must be none of their last passwords. These are the hashes of all that are known, newest
    /// first.
    #[must_use]
    pub fn unlike(mut self, last: impl IntoIterator<Item = PasswordHash>) -> Self {
        self.earlier = last.into_iter().take(self.rules.history).collect();
        self
    }

    /// The hashes of the passwords that it must not be.
    pub(super) fn take_earlier(&mut self) -> Vec<PasswordHash> {
        std::mem::take(&mut self.earlier)
    }

    /// The password as a text.
    pub(super) fn text(&self) -> Zeroizing<String> {
        Zeroizing::new(self.password.as_str().to_owned())
    }

    /// The refusal of a password that the user has or had.
    pub(super) fn used(&self) -> RuleBroken {
        RuleBroken::Used(self.rules.history)
    }

    /// The password, if it satisfies the other rules. This takes time, and may read a file.
    pub(super) fn accepted(self) -> Result<Password, NotAccepted> {
        let Self {
            rules,
            password,
            names,
            earlier: _,
        } = self;
        if let Some(blocklist) = &rules.blocklist
            && blocklist.has(password.as_str())?
        {
            return Err(RuleBroken::Listed.into());
        }
        if rules.strength > 0 {
            let (strength, warning) = strength::of(password.as_str(), &names);
            if strength < rules.strength {
                return Err(RuleBroken::Weak(warning).into());
            }
        }
        Ok(password)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(strength: u8) -> Arc<PasswordRules> {
        Arc::new(PasswordRules {
            strength,
            ..PasswordRules::default()
        })
    }

    fn broken(rules: &Arc<PasswordRules>, typed: &str, names: &[&str]) -> Option<RuleBroken> {
        match rules.propose(typed, names).map(NewPassword::accepted) {
            Ok(Ok(_)) => None,
            Err(broken) | Ok(Err(NotAccepted::Broken(broken))) => Some(broken),
            Ok(Err(NotAccepted::Blocklist(error))) => unreachable!("there is no list: {error}"),
        }
    }

    #[test]
    fn the_policy_alone_takes_any_password_that_is_long_enough() {
        assert_eq!(broken(&rules(0), "12345", &["12345"]), None);
        let short = broken(&rules(0), "1234", &[]).expect("too short");
        assert_eq!(short.code(), "password_policy");
    }

    #[test]
    fn a_password_must_be_as_strong_as_the_settings_say() {
        let weak = broken(&rules(1), "password", &[]).expect("weak");
        assert_eq!(weak.code(), "password_weak");
        assert_eq!(
            weak.to_string(),
            "the password is too easy to guess: This is a top-10 common password"
        );
        assert_eq!(broken(&rules(4), "correct horse battery staple", &[]), None);
        assert!(broken(&rules(3), "zanzibar.lamp.77", &["zanzibar.lamp"]).is_some());
        assert_eq!(broken(&rules(3), "zanzibar.lamp.77", &["ada"]), None);
    }

    #[test]
    fn neither_debug_nor_a_message_shows_the_password() {
        let rules = rules(4);
        let proposed = rules.propose("sunshine1", &["ada"]).expect("long enough");
        assert!(!format!("{proposed:?}").contains("sunshine"));
        let broken = broken(&rules, "sunshine1", &[]).expect("weak");
        assert!(!format!("{broken} {broken:?}").contains("sunshine"));
    }
}
