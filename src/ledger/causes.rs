//! The causes of an error, for the one log line about it.

use std::{error::Error, fmt, sync::Arc};

/// The cause of an error. Several units may share the failure of their batch.
pub type Cause = Arc<dyn Error + Send + Sync>;

/// Displays an error with all its causes.
#[derive(Clone, Copy, Debug)]
pub struct WithCauses<'a>(pub &'a (dyn Error + 'static));

impl fmt::Display for WithCauses<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = self.0.to_string();
        let mut source = self.0.source();
        while let Some(cause) = source {
            let message = cause.to_string();
            // The messages of many errors repeat their cause.
            if !text.contains(&message) {
                text = format!("{text}: {message}");
            }
            source = cause.source();
        }
        f.write_str(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{message}")]
    struct Said {
        message: &'static str,
        source: Option<Box<Said>>,
    }

    fn said(messages: &[&'static str]) -> Said {
        let (message, rest) = messages.split_first().unwrap();
        let source = (!rest.is_empty()).then(|| Box::new(said(rest)));
        Said { message, source }
    }

    #[test]
    fn every_cause_is_displayed_once() {
        for (messages, displayed) in [
            (&["the disk is asleep"][..], "the disk is asleep"),
            (
                &["no answer", "lost", "the disk is asleep"],
                "no answer: lost: the disk is asleep",
            ),
            (&["database: lost", "lost", "asleep"], "database: lost: asleep"),
        ] {
            assert_eq!(WithCauses(&said(messages)).to_string(), displayed);
        }
    }
}
