//! An inquiry: the question that a client sends, an action on a resource of a type.

use std::borrow::Cow;

use aggregates::values::Operation;

use super::{Ids, Impossible, MODEL, Model, ResourceType, access::Access};
use crate::directory::{Places, ResourceId, Unplaced};

/// A property of a resource that a client sends besides its id: a name and a value.
pub type Property = (Cow<'static, str>, Cow<'static, str>);

/// A question to a resource type.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The id of the resource.
    pub id: &'a str,
    /// The action: one of the type's actions.
    pub action: &'a str,
    /// The operation that the action needs.
    pub operation: Operation,
    /// Further properties that the client sent: names and values.
    pub properties: &'a [Property],
}

impl<'a> Asked<'a> {
    /// The value of a property, if the client sent it.
    pub fn property(&self, name: &str) -> Option<&'a str> {
        let property = self.properties.iter().find(|(known, _)| known == name);
        property.map(|(_, value)| &**value)
    }
}

/// An action on a resource, which a grant could allow.
#[derive(Clone)]
pub struct Inquiry<'a> {
    resource_type: &'static dyn ResourceType,
    asked: Asked<'a>,
    /// What must be granted; `None` if that depends on where the resource is.
    access: Option<Access<'a>>,
}

impl<'a> Inquiry<'a> {
    /// Reads an action on a resource of a type that this server knows, or returns why nobody can do it.
    pub fn parse(resource_type: &str, id: &'a str, action: &str) -> Result<Self, Impossible> {
        Self::of(&MODEL, resource_type, id, action, &[])
    }

    /// Reads an action on a resource of a type that a model knows, or returns why nobody can do it.
    pub fn of(
        model: &Model,
        resource_type: &str,
        id: &'a str,
        action: &str,
        properties: &'a [Property],
    ) -> Result<Self, Impossible> {
        let wanted = Wanted::of(model, resource_type, action, properties)?;
        let (resource_type, asked) = (wanted.resource_type, wanted.asked(id));
        let access = match resource_type.ids() {
            Ids::Names | Ids::Listed => Some(resource_type.access(&asked, &Unplaced)?),
            Ids::Placed => None,
        };
        Ok(Self {
            resource_type,
            asked,
            access,
        })
    }

    /// What must be granted, if that does not depend on where the resource is.
    #[inline]
    pub fn access(&self) -> Option<&Access<'a>> {
        self.access.as_ref()
    }

    /// What must be granted while resources are where `places` puts them.
    pub(crate) fn resolve(&self, places: &dyn Places) -> Result<Access<'a>, Impossible> {
        match &self.access {
            Some(access) => Ok(access.clone()),
            None => self.resource_type.access(&self.asked, places),
        }
    }

    /// The resource whose streams a past decision must read besides those of the subject, if there is one.
    pub fn placed(&self) -> Option<ResourceId> {
        match self.access {
            Some(_) => None,
            None => Some(ResourceId::new(self.resource_type.name(), self.asked.id)),
        }
    }
}

/// An action on any resource of a type: a search of resources looks for these.
#[derive(Clone, Copy)]
pub struct Wanted<'a> {
    pub(crate) resource_type: &'static dyn ResourceType,
    pub(crate) action: &'static str,
    pub(crate) operation: Operation,
    properties: &'a [Property],
}

impl<'a> Wanted<'a> {
    /// Reads an action on resources of a type that this server knows, or returns why nobody can do it.
    pub fn parse(resource_type: &str, action: &str) -> Result<Self, Impossible> {
        Self::of(&MODEL, resource_type, action, &[])
    }

    /// Reads an action on resources of a type that a model knows, or returns why nobody can do it.
    pub fn of(
        model: &Model,
        resource_type: &str,
        action: &str,
        properties: &'a [Property],
    ) -> Result<Self, Impossible> {
        let resource_type = model
            .resource_type(resource_type)
            .ok_or(Impossible::ResourceType)?;
        let known = resource_type.actions().iter().find(|(name, _)| *name == action);
        let (action, operation) = *known.ok_or(Impossible::Action)?;
        Ok(Self {
            resource_type,
            action,
            operation,
            properties,
        })
    }

    /// Whether a search finds ids of resources in the directory, and not patterns.
    pub fn is_placed(&self) -> bool {
        self.resource_type.ids() == Ids::Placed
    }

    fn asked<'b>(&self, id: &'b str) -> Asked<'b>
    where
        'a: 'b,
    {
        Asked {
            id,
            action: self.action,
            operation: self.operation,
            properties: self.properties,
        }
    }

    /// The same action on each resource of a fixed list, with the id of the resource.
    pub(crate) fn listed(&self) -> Vec<(String, Inquiry<'a>)> {
        let asked = self.asked("");
        let listed = self.resource_type.listed(&asked).unwrap_or_default();
        let inquiry = |access| Inquiry {
            resource_type: self.resource_type,
            asked,
            access: Some(access),
        };
        listed
            .into_iter()
            .map(|(id, access)| (id, inquiry(access)))
            .collect()
    }

    /// The same action on one resource in the directory.
    pub(crate) fn inquiry<'b>(&self, id: &'b str) -> Inquiry<'b>
    where
        'a: 'b,
    {
        Inquiry {
            resource_type: self.resource_type,
            asked: self.asked(id),
            access: None,
        }
    }
}

impl std::fmt::Debug for Inquiry<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inquiry")
            .field("resource_type", &self.resource_type.name())
            .field("asked", &self.asked)
            .finish_non_exhaustive()
    }
}
