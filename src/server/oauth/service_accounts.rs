//! Opens, changes and closes service accounts.

use aggregates::{
    Command,
    service_account::{ClientSecretId, NewSecret, ServiceAccount, ServiceAccountCommand, ServiceAccountId},
    user::{CreateUser, RoleGrant, UserCommand},
    values::{
        AccountKind, GrantMethod, GrantType, IdentityProvider, Operation, Permission, PermissionId, RoleId,
        Title, Username, coiote::DOMAIN,
    },
};
use projections::role_directory;
use zeroize::Zeroizing;

use crate::{
    account_kinds::giving,
    app::App,
    caller::Caller,
    refusal::{Refusal, RefusalKind},
};

/// A service account to open.
#[derive(Debug)]
pub struct NewServiceAccount {
    /// The login name of its user.
    pub name: Username,
    /// The realm in whose name it gets tokens.
    pub realm: Title,
    /// The names of the roles that its user gets. A name that no role has may be that of an account kind.
    pub roles: Vec<String>,
    /// The domain in which its user gets all rights, with all domains below it.
    pub domain: Option<String>,
}

/// A secret that was issued.
pub struct Issued {
    /// The service account.
    pub id: ServiceAccountId,
    /// The id of the secret.
    pub secret_id: ClientSecretId,
    /// The secret.
    pub secret: Zeroizing<String>,
    /// The position of the last event.
    pub position: i64,
}

/// A new secret, and what the ledger keeps of it.
fn draw(app: &App) -> (Zeroizing<String>, NewSecret) {
    let drawn = app.client_secrets().draw(app.entropy.as_ref());
    let kept = NewSecret {
        id: ClientSecretId(app.entropy.uuid()),
        prefix: drawn.prefix,
        digest: drawn.digest,
        now: app.clock.now(),
    };
    (drawn.secret, kept)
}

/// Opens a service account, and makes the user as whom it acts. The caller must hold what it gets.
pub async fn open(app: &App, caller: &Caller, new: NewServiceAccount) -> Result<Issued, Refusal> {
    let id = ServiceAccountId(app.entropy.uuid());
    let (roles, kind) = roles_named(app, &new.roles).await?;
    let all = |domain: String| {
        let tree = format!("{domain}#");
        let id = PermissionId(app.entropy.uuid());
        Permission::parse(id, &tree, Operation::ReadWrite, DOMAIN)
    };
    let methods = [GrantMethod::Token, GrantMethod::Certificate];
    let create = CreateUser {
        username: new.name,
        identity_provider: IdentityProvider::Local,
        auto_generated: true,
        mqtt_publish_prefix: None,
        grant_types: methods
            .map(|method| GrantType {
                method,
                is_required: false,
            })
            .into(),
        enforce_mfa_enrollment: false,
        password_hash: None,
        must_change_password: false,
        roles,
        permissions: new.domain.map(all).transpose()?.into_iter().collect(),
        certificates: Vec::new(),
    };
    let (secret, kept) = draw(app);
    let secret_id = kept.id;
    let opened = ServiceAccountCommand::Open {
        user: id.user(),
        realm: new.realm,
        secret: kept,
    };
    let mut commands = vec![Command::User(id.user(), UserCommand::Create(create))];
    if kind.is_some() {
        commands.extend(giving(app.ledger().authorization(), id.user(), kind)?);
    }
    commands.push(Command::ServiceAccount(id, opened));
    // Else somebody whose rights are taken meanwhile would keep a secret.
    let appended = caller.execute_while_proved(app, commands).await?;
    Ok(Issued {
        id,
        secret_id,
        secret,
        position: appended.position,
    })
}

/// Gives a service account another secret. The one before it stays valid. A third one is refused.
pub async fn issue_secret(app: &App, caller: &Caller, id: ServiceAccountId) -> Result<Issued, Refusal> {
    // An account ends with its user.
    find(app, id).await?;
    let (secret, kept) = draw(app);
    let secret_id = kept.id;
    let issue = Command::ServiceAccount(id, ServiceAccountCommand::IssueSecret(kept));
    let appended = caller.execute_while_proved(app, vec![issue]).await?;
    Ok(Issued {
        id,
        secret_id,
        secret,
        position: appended.position,
    })
}

/// The commands that make a secret void, and all tokens of the service account with it: some of them were got by it.
pub async fn withdrawing(
    app: &App,
    id: ServiceAccountId,
    secret: ClientSecretId,
) -> Result<Vec<Command>, Refusal> {
    let withdraw = ServiceAccountCommand::WithdrawSecret { id: secret };
    let tokens = app.user_exists(id.user()).await?;
    let tokens = tokens.then(|| Command::User(id.user(), UserCommand::RevokeAllTokens));
    Ok([Command::ServiceAccount(id, withdraw)]
        .into_iter()
        .chain(tokens)
        .collect())
}

/// The commands that close a service account and delete its user.
pub async fn closing(app: &App, id: ServiceAccountId) -> Result<Vec<Command>, Refusal> {
    let close = Command::ServiceAccount(id, ServiceAccountCommand::Close);
    let user = app.user_exists(id.user()).await?;
    let user = user.then(|| Command::User(id.user(), UserCommand::Delete));
    Ok([close].into_iter().chain(user).collect())
}

/// The state of a service account that is open.
pub async fn find(app: &App, id: ServiceAccountId) -> Result<ServiceAccount, Refusal> {
    let (account, _) = app.executor.read::<ServiceAccount>(id).await?;
    let found = account.is_open() && app.user_exists(id.user()).await?;
    match found {
        true => Ok(account),
        false => Err(Refusal::not_found("service account")),
    }
}

/// The roles with these names, and the account kind among them.
async fn roles_named(app: &App, names: &[String]) -> Result<(Vec<RoleGrant>, Option<AccountKind>), Refusal> {
    let (mut roles, mut kinds) = (Vec::new(), Vec::new());
    for name in names {
        match (role_named(app, name).await?, AccountKind::parse(name)) {
            (Some(role), _) => roles.push(role),
            (None, Ok(kind)) => kinds.push(kind),
            (None, Err(_)) => {
                let message = "roles: each must be the name of a role or of an account kind";
                return Err(Refusal::new(RefusalKind::Invalid, "unknown_role", message));
            }
        }
    }
    kinds.dedup();
    match kinds.as_slice() {
        [] => Ok((roles, None)),
        [kind] => Ok((roles, Some(*kind))),
        _ => Err(Refusal::invalid("roles: an account has one kind")),
    }
}

async fn role_named(app: &App, name: &str) -> Result<Option<RoleGrant>, Refusal> {
    let named = role_directory::list(app.ledger().db(), Some(name)).await?;
    let ids: Vec<RoleId> = named.iter().map(|role| role.id).collect();
    // The role that stands for a user's own permissions is no role.
    let roles = ids.iter().zip(app.roles(&ids).await?);
    let grant = |(id, role): (&RoleId, Option<authorization::RoleView>)| {
        role.map(|role| RoleGrant {
            role_id: *id,
            is_shared: role.is_shared,
        })
    };
    Ok(roles.filter_map(grant).next())
}
