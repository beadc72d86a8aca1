//! The resource type of licences (design/authorization-models.md): a licence is in the organisation that owns it.
//!
//! | resource type | id | name asked about | actions |
//! |---|---|---|---|
//! | `nx-license` | the UUID | `nx/o/3/license/<UUID>`, if organisation 3 owns it | `read`, `write` |

use aggregates::{
    Registered,
    licence::{Licence, LicenceEvent},
    values::{Context, LicenceId, NX, Operation},
};

use super::{
    Asked, Ids, Impossible, ResourceType, Space,
    access::{Access, Names, Part, Want},
    os2iot::Kind,
};
use crate::{
    directory::{Places, ResourceId},
    engine::facts::Fact,
    past::Stream,
};

/// The licences.
pub(crate) const SPACE: Space = Space {
    name: NX,
    context: Context::Http,
    first_level: Some(NX),
};

/// The paths of those who administer licences. They decide who owns a licence, so they may also give the right to read it.
const ADMINISTRATION: &str = "/auth/admin/#";

const ACTIONS: &[(&str, Operation)] = &[("read", Operation::Read), ("write", Operation::Write)];

/// Licences.
pub(crate) struct License;

impl License {
    pub(crate) const NAME: &'static str = "nx-license";

    fn resource(id: LicenceId) -> ResourceId {
        ResourceId::new(Self::NAME, &id.to_string())
    }
}

impl ResourceType for License {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn space(&self) -> &'static Space {
        &SPACE
    }

    fn actions(&self) -> &'static [(&'static str, Operation)] {
        ACTIONS
    }

    fn ids(&self) -> Ids {
        Ids::Placed
    }

    fn access<'a>(&self, asked: &Asked<'a>, places: &dyn Places) -> Result<Access<'a>, Impossible> {
        let id = LicenceId::parse(asked.id)
            .map_err(|_| Impossible::Resource)?
            .to_string();
        let parents = places.parents(Self::NAME, &id).ok_or(Impossible::Resource)?;
        let names = parents
            .iter()
            .map(|owner| format!("{NX}/o/{}/license/{id}", owner.id));
        let names = Names::Made(Want::All, names.collect());
        Ok(Part::new(&SPACE, asked.operation, names).into())
    }

    fn may_give(&self, pattern: &str, operation: Operation, held: &dyn Fn(&str, Operation) -> bool) -> bool {
        held(pattern, operation) || held(ADMINISTRATION, Operation::Write)
    }

    fn stream(&self, id: &str) -> Option<Stream> {
        let id = LicenceId::parse(id).ok()?;
        Some((Licence::TYPE, id.to_string()))
    }
}

/// What an event of a licence says about where it is.
pub(crate) fn facts(stream: &str, event: &LicenceEvent) -> Vec<Fact> {
    match event {
        LicenceEvent::Issued { organisation, .. } => {
            let id = LicenceId::parse(stream).ok();
            let placed = id.map(|id| Fact::Placed {
                resource: License::resource(id),
                parents: vec![Kind::Organisation.resource(organisation.ordinal())],
            });
            placed.into_iter().collect()
        }
        LicenceEvent::Signed { .. } | LicenceEvent::Suspended {} | LicenceEvent::Resumed {} => Vec::new(),
    }
}
