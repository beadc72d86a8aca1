//! The first start. It makes the administrators' role, the first administrator, and the first records of each face.

use std::sync::Arc;

use aggregates::{
    Command,
    role::{CreateRole, RoleCommand},
    user::{CreateUser, RoleGrant, UserCommand},
    values::{
        Context, GrantMethod, GrantType, IdentityProvider, Invalid, Operation, Permission, PermissionId,
        RoleId, RoleName, TopicFilter, UserId, Username,
    },
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

use crate::{
    account_kinds,
    face::Faces,
    identity::passwords::{
        MayHash, NotSet, Passwords,
        rules::{PasswordRules, RuleBroken},
    },
    organisations,
};
use ledger::{ExecuteError, Executor, Metadata, ids::Entropy};

/// The rights of an administrator: everything (contracts/connectware.md section 0, "Default roles").
const ADMINISTRATOR: [(&str, Operation, Context); 2] = [
    ("/#", Operation::ReadWrite, Context::Http),
    ("#", Operation::ReadWrite, Context::Mqtt),
];
/// The name of the first administrator.
pub(crate) const ADMINISTRATORS_NAME: &str = "admin";
/// How many random bytes a generated password has.
const PASSWORD_BYTES: usize = 18;
/// How many passwords are generated at most until one satisfies the policy.
const DRAWS: usize = 1_000;

/// Why the first administrator could not be made.
#[derive(Debug, thiserror::Error)]
pub enum BootstrapError {
    /// The password cannot be hashed.
    #[error("cannot hash the administrator's password: {0}")]
    Hashing(NotSet),
    /// The ledger refuses or does not answer.
    #[error("cannot record the first administrator: {0}")]
    Execute(#[from] ExecuteError),
    /// A built-in value does not parse.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The given password breaks a rule.
    #[error("MUNIMENT_ADMIN_PASSWORD: {0}")]
    Password(#[from] RuleBroken),
    /// No generated password satisfies the policy.
    #[error("no generated password satisfies the password policy: set MUNIMENT_ADMIN_PASSWORD")]
    Policy,
}

impl From<NotSet> for BootstrapError {
    fn from(error: NotSet) -> Self {
        match error {
            NotSet::Broken(broken) => Self::Password(broken),
            error @ (NotSet::Blocklist(_) | NotSet::Hashing(_)) => Self::Hashing(error),
        }
    }
}

/// Makes the default roles and `admin`, unless this ledger has them. Returns the password if it was generated.
///
/// If several nodes start at once on an empty ledger, only one of them does it.
pub async fn first_start(
    executor: &Executor,
    faces: Faces,
    passwords: &Passwords,
    rules: &Arc<PasswordRules>,
    entropy: &dyn Entropy,
    given: Option<&Zeroizing<String>>,
) -> Result<Option<Zeroizing<String>>, BootstrapError> {
    if executor
        .ledger()
        .authorization()
        .role(RoleId::ADMINISTRATOR)
        .is_some()
    {
        organisations::late_start(executor).await?;
        account_kinds::keep(executor).await?;
        return Ok(None);
    }
    let password = match given {
        Some(password) => password.clone(),
        None => generate(rules, entropy).ok_or(BootstrapError::Policy)?,
    };
    let new = rules.propose(&password, &[ADMINISTRATORS_NAME])?;
    let password_hash = Some(passwords.hash(MayHash::without_requests(), new).await?);
    let grant_types = [GrantMethod::Password, GrantMethod::Token];
    let admin = CreateUser {
        username: Username::parse(ADMINISTRATORS_NAME)?,
        identity_provider: IdentityProvider::Local,
        auto_generated: false,
        mqtt_publish_prefix: None,
        grant_types: grant_types
            .map(|method| GrantType {
                method,
                is_required: false,
            })
            .to_vec(),
        enforce_mfa_enrollment: false,
        password_hash,
        must_change_password: false,
        roles: vec![RoleGrant {
            role_id: RoleId::ADMINISTRATOR,
            is_shared: true,
        }],
        permissions: Vec::new(),
        certificates: Vec::new(),
    };
    let mut administrators = shared_role("connectware-admin", &ADMINISTRATOR, entropy)?;
    administrators.protected = true;
    let mut commands = vec![Command::Role(
        RoleId::ADMINISTRATOR,
        RoleCommand::Create(administrators),
    )];
    for face in faces.iter() {
        commands.extend((face.first_start)(entropy)?);
    }
    let admin_id = UserId(entropy.uuid());
    commands.push(Command::User(admin_id, UserCommand::Create(admin)));
    commands.extend(organisations::first_start(admin_id)?);
    commands.extend(account_kinds::first_start(admin_id));
    match executor.execute(commands, &Metadata::system("start")).await {
        Ok(_) => Ok(given.is_none().then_some(password)),
        // Another node did it first.
        Err(ExecuteError::Domain { .. } | ExecuteError::Rejected(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The commands that make a role with these rights, which several users may hold.
pub fn shared_role(
    name: &str,
    rights: &[(&str, Operation, Context)],
    entropy: &dyn Entropy,
) -> Result<CreateRole, Invalid> {
    let permissions = rights
        .iter()
        .map(|(resource, operation, context)| {
            let id = PermissionId(entropy.uuid());
            Permission::new(id, TopicFilter::parse(resource)?, *operation, *context)
        })
        .collect::<Result<_, _>>()?;
    Ok(CreateRole {
        name: RoleName::parse(name)?,
        is_shared: true,
        auto_generated: false,
        protected: false,
        permissions,
    })
}

/// Generates a password that satisfies the policy.
fn generate(rules: &PasswordRules, entropy: &dyn Entropy) -> Option<Zeroizing<String>> {
    let bytes = PASSWORD_BYTES.max(usize::from(rules.policy.min));
    (0..DRAWS)
        .map(|_| {
            let mut random = Zeroizing::new(vec![0; bytes]);
            entropy.fill(&mut random);
            Zeroizing::new(URL_SAFE_NO_PAD.encode(random.as_slice()))
        })
        .find(|password| rules.policy.accept(password).is_ok())
}
