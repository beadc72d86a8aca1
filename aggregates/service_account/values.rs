//! Ids that only service accounts have.

use crate::values::{UserId, id};

id!(
    /// A service account. Its user has the same UUID.
    ServiceAccountId, "client id");
id!(
    /// A secret of a service account.
    ClientSecretId, "secret id");

impl ServiceAccountId {
    /// The user as whom the service account acts.
    pub const fn user(self) -> UserId {
        UserId(self.0)
    }
}

impl UserId {
    /// The service account that acts as this user, if there is one.
    pub const fn service_account(self) -> ServiceAccountId {
        ServiceAccountId(self.0)
    }
}
