//! Which number comes next? A number is never used again, so this remembers the highest number that was ever used of each kind.

mod queries;
mod record;
mod reducer;

pub use queries::next;
pub use record::Numbered;
pub(crate) use reducer::Ordinals;
