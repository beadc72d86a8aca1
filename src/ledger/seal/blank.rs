//! Erased persons: their fields read as blanks.

use aggregates::{
    EventForm,
    sealing::{ERASED, Seal},
};
use serde_json::Value;

use super::SubjectKeys;

/// Blanks the personal fields of a payload about an erased person. Returns whether there were any.
pub(in super::super) fn blank_payload(
    form: &EventForm,
    subject: &str,
    payload: &mut Value,
    keys: &SubjectKeys,
) -> bool {
    if !matches!(keys.get(subject), Some(None)) {
        return false;
    }
    let mut blanked = false;
    for (field, seal) in form.sealed {
        if let Some(value) = payload.get_mut(*field).filter(|value| !value.is_null())
            && *seal == Seal::Personal
        {
            *value = Value::from(ERASED);
            blanked = true;
        }
    }
    blanked
}
