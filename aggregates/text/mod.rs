//! Unicode rules for the texts that people type: names and passwords.
//!
//! Names follow the profile UsernameCasePreserved and passwords the profile OpaqueString of RFC 8265, with further refusals for
//! names. See docs/decisions/0017-names-that-look-alike.md.

mod bidi;
mod identifier;
mod names;
mod opaque;
mod precis;
mod scripts;

pub(crate) use bidi::turns_text;
pub(crate) use names::broken_rule;
pub use names::{alike, spelling};
pub use opaque::{MAX_PASSWORD_BYTES, NotOpaque, opaque};

use icu_normalizer::{ComposingNormalizer, ComposingNormalizerBorrowed};

/// Normalization Form C.
const NFC: ComposingNormalizerBorrowed<'static> = ComposingNormalizer::new_nfc();
/// Normalization Form KC.
const NFKC: ComposingNormalizerBorrowed<'static> = ComposingNormalizer::new_nfkc();

/// The text in Normalization Form C.
pub(crate) fn composed(text: &str) -> std::borrow::Cow<'_, str> {
    NFC.normalize(text)
}
