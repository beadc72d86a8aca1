//! cedar-policy with only the policies of the user's roles. If it had all policies, it would look at each.
//!
//! A `+` becomes a `*` of `like`. It crosses slashes, so the meaning differs, but not for the topics of these
//! questions.

use std::collections::HashMap;

use cedar_policy::{
    Authorizer, Context, Decision, Entities, EntityUid, Policy, PolicyId, PolicySet, Request,
    RestrictedExpression,
};

use crate::{Engine, Question, Result, World};

/// The policies of each user.
pub struct Cedar {
    authorizer: Authorizer,
    entities: Entities,
    policies: HashMap<String, PolicySet>,
    action: EntityUid,
    resource: EntityUid,
}

impl Cedar {
    /// Makes the policies of these users.
    pub fn new(world: &World) -> Result<Self> {
        let mut of_roles = HashMap::new();
        for (role, patterns) in &world.roles {
            let mut policies = Vec::new();
            for (at, pattern) in patterns.iter().enumerate() {
                let text = format!(
                    r#"permit(principal, action == Action::"read", resource) when {{ context.topic like "{}" }};"#,
                    pattern.replace(['+', '#'], "*")
                );
                policies.push(Policy::parse(Some(PolicyId::new(format!("{role}-{at}"))), text)?);
            }
            of_roles.insert(*role, policies);
        }
        let mut policies = HashMap::new();
        for (user, roles) in &world.users {
            let mut set = PolicySet::new();
            for policy in roles.iter().flat_map(|role| &of_roles[role]) {
                set.add(policy.clone())?;
            }
            policies.insert(user.clone(), set);
        }
        Ok(Self {
            authorizer: Authorizer::new(),
            entities: Entities::empty(),
            policies,
            action: r#"Action::"read""#.parse()?,
            resource: r#"Topic::"one""#.parse()?,
        })
    }
}

impl Engine for Cedar {
    fn check(&self, question: &Question) -> bool {
        let Some(policies) = self.policies.get(&question.user) else {
            return false;
        };
        let topic = RestrictedExpression::new_string(question.topic.clone());
        let request = Context::from_pairs([("topic".to_owned(), topic)])
            .ok()
            .and_then(|context| {
                let user =
                    EntityUid::from_type_name_and_id("User".parse().ok()?, question.user.parse().ok()?);
                Request::new(user, self.action.clone(), self.resource.clone(), context, None).ok()
            });
        request.is_some_and(|request| {
            self.authorizer
                .is_authorized(&request, policies, &self.entities)
                .decision()
                == Decision::Allow
        })
    }
}
