//! The columns of the table `refusals`, in the order in which they are written and read.

/// The columns.
pub(super) const COLUMNS: [&str; 13] = [
    "refusal_id",
    "first_at",
    "last_at",
    "times",
    "kind",
    "reason",
    "actor",
    "object",
    "object_type",
    "method",
    "path",
    "period",
    "sealed",
];

/// The columns as a list in a statement.
pub(super) fn columns() -> String {
    COLUMNS.join(", ")
}
