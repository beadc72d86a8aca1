//! Unmodified casbin: roles by its role manager, patterns by its own `keyMatch2`, in which `:x` stands for a level and
//! `/*` for the rest. It looks at every policy until one allows.

use casbin::{CoreApi, DefaultModel, Enforcer, MemoryAdapter, MgmtApi};

use crate::{Engine, Question, Result, World};

const MODEL: &str = "
[request_definition]
r = sub, obj, act
[policy_definition]
p = sub, obj, act
[role_definition]
g = _, _
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = g(r.sub, p.sub) && keyMatch2(r.obj, p.obj) && r.act == p.act
";

/// An enforcer that knows all roles, and the users of the questions.
pub struct Casbin(Enforcer);

impl Casbin {
    /// Makes an enforcer for these users.
    pub fn new(world: &World) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        let enforcer = runtime.block_on(async {
            let model = DefaultModel::from_str(MODEL).await?;
            let mut enforcer = Enforcer::new(model, MemoryAdapter::default()).await?;
            let mut policies = Vec::new();
            for (role, patterns) in &world.roles {
                policies.extend(patterns.iter().map(|pattern| {
                    let pattern = format!("/{}", pattern.replace('+', ":x").replace('#', "*"));
                    vec![format!("role {role}"), pattern, "read".to_owned()]
                }));
            }
            let mut unlike = std::collections::BTreeSet::new();
            policies.retain(|policy| unlike.insert(policy.clone()));
            enforcer.add_policies(policies).await?;
            let mut held = Vec::new();
            for (user, roles) in &world.users {
                held.extend(
                    roles
                        .iter()
                        .map(|role| vec![user.clone(), format!("role {role}")]),
                );
            }
            enforcer.add_grouping_policies(held).await?;
            casbin::Result::Ok(enforcer)
        })?;
        Ok(Self(enforcer))
    }
}

impl Engine for Casbin {
    fn check(&self, question: &Question) -> bool {
        let topic = format!("/{}", question.topic);
        self.0
            .enforce((question.user.as_str(), topic.as_str(), "read"))
            .unwrap_or(false)
    }
}
