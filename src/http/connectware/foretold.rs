//! Requests that are told and not made: the commands that they come to, by the very same checks.

use aggregates::{
    Command,
    values::{PasswordHash, RoleId},
};

use super::{
    roles::{self, permission::PermissionChange, post::NewRole, put::RoleChange},
    users::{self, new_user::NewUser, put::UserChange, roles::RoleBody},
    wire::PermissionIn,
};
use server::{Problem, app::App, body};

/// The requests that can be told.
const SUPPORTED: &str = "POST /api/roles, PUT and DELETE /api/roles/{id}, POST /api/roles/{id}/permissions, \
    PUT and DELETE /api/roles/{id}/permissions/{pemId}, POST /api/users, PUT and DELETE /api/users/{id}, \
    POST and DELETE /api/users/{id}/roles";

/// Stands for the hash of a password that is not hashed, since its hash is not kept.
const UNHASHED: &str = "$argon2id$v=19$m=8,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA";

/// A request of this face.
#[derive(Clone, Copy, Debug)]
pub struct Foretold<'a> {
    /// Its method.
    pub method: &'a str,
    /// Its path, without a query.
    pub path: &'a str,
    /// Its body; empty if there is none.
    pub body: &'a str,
}

impl Foretold<'_> {
    /// The commands that it comes to, or its refusal.
    pub async fn commands(&self, app: &App) -> Result<Vec<Command>, Problem> {
        let unsupported = || Problem::invalid(format!("these requests can be rehearsed: {SUPPORTED}"));
        let below = self.path.strip_prefix("/api/").ok_or_else(unsupported)?;
        let segments: Vec<&str> = below.split('/').collect();
        match segments.as_slice() {
            // Paths of their own beside those with ids.
            ["roles", "page"] | ["users", "batch" | "ids" | "usernames" | "change-password"] => {
                Err(unsupported())
            }
            [_, "", ..] => Err(unsupported()),
            ["roles", below @ ..] => self.of_roles(app, below).await?.ok_or_else(unsupported),
            ["users", below @ ..] => self.of_users(app, below).await?.ok_or_else(unsupported),
            _ => Err(unsupported()),
        }
    }

    async fn of_roles(&self, app: &App, below: &[&str]) -> Result<Option<Vec<Command>>, Problem> {
        Ok(Some(match (self.method, below) {
            ("POST", []) => vec![body::object::<NewRole>(self.body)?.command(app)?.1],
            ("PUT", [id]) => {
                let change: RoleChange = body::object(self.body)?;
                change.commands(app, id).await?.1
            }
            ("DELETE", [id]) => roles::delete::commands(app, &[RoleId::parse(id)?]).await?,
            ("POST", [id, "permissions"]) => {
                let permission: PermissionIn = body::object(self.body)?;
                vec![roles::permissions::addition(app, id, &permission).await?]
            }
            ("PUT", [id, "permissions", permission]) => {
                let change: PermissionChange = body::object(self.body)?;
                vec![change.command(app, id, permission).await?]
            }
            ("DELETE", [id, "permissions", permission]) => {
                vec![roles::permission::removal(app, id, permission).await?]
            }
            _ => return Ok(None),
        }))
    }

    async fn of_users(&self, app: &App, below: &[&str]) -> Result<Option<Vec<Command>>, Problem> {
        Ok(Some(match (self.method, below) {
            ("POST", []) => {
                let mut user = body::object::<NewUser>(self.body)?.check(app).await?;
                let hash = user.password().map(|_| PasswordHash::new(UNHASHED));
                vec![user.command(app, hash).1]
            }
            ("PUT", [id]) => {
                let mut change = body::object::<UserChange>(self.body)?.check(app, id).await?;
                let hash = change.password().map(|_| PasswordHash::new(UNHASHED));
                vec![change.command(hash).1]
            }
            ("DELETE", [id]) => vec![users::delete::command(id)?],
            ("POST", [id, "roles"]) => {
                let role: RoleBody = body::object(self.body)?;
                role.grant(app, id).await?
            }
            ("DELETE", [id, "roles"]) => {
                let role: RoleBody = body::object(self.body)?;
                vec![role.revocation(id)?]
            }
            _ => return Ok(None),
        }))
    }
}
