//! The resource types of OS2iot (design/authorization-models.md): levels are patterns in a space of their own, and the directory says to
//! which organisation a thing belongs.
//!
//! | resource type | id | names asked about | actions |
//! |---|---|---|---|
//! | `os2iot-organisation` | `3` | `os2iot/o/3`, or the place of what is created in it | `read`, `write`, `create-application`, ... |
//! | `os2iot-application` | `5` | `os2iot/o/3/application/5` | `read`, `write` |
//! | `os2iot-user` | `7` | `os2iot/o/<each organisation>/user/7`: any of them to read, all of them to write | `read`, `write` |
//! | `os2iot-api-key` | `9` | the same with `api-key` | `read`, `write` |
//! | `os2iot-group` | `2` | `os2iot/o/3/group/2` | `read`, `write` |
//! | `os2iot-gateway` | `3/12`: gateway 12 of organisation 3 | `os2iot/o/3/gateway/12` | `read`, `write` |
//! | `os2iot-device` | `5/21`: device 21 of application 5 | `os2iot/o/3/application/5/device/21` | `read`, `write` |
//!
//! What belongs to no organisation, or to the global administrators, has a name that only their pattern `os2iot/#` matches.

mod facts;

use aggregates::{
    Registered,
    account::Account,
    api_key::ApiKey,
    application::Application,
    organisation::Organisation,
    role::Role,
    values::{
        AccountId, ApiKeyId, ApplicationId, Context, GroupId, OS2IOT, Operation, Ordinal, OrganisationId,
        UserId,
    },
};

use super::{
    Asked, Ids, Impossible, ResourceType, Space,
    access::{Access, Names, Part, Want},
};
use crate::{
    directory::{Places, ResourceId, number as ordinal},
    past::Stream,
    principals::{
        machines::{Machine, MachineKind},
        subject::{Reason, Search, Subject, SubjectType},
        users,
    },
};

pub(crate) use facts::facts;

/// The levels of OS2iot.
pub(crate) const SPACE: Space = Space {
    name: OS2IOT,
    context: Context::Http,
    first_level: Some(OS2IOT),
};

/// API keys.
pub static API_KEY: MachineKind = MachineKind {
    subject_type: "os2iot-api-key",
    aggregate_type: ApiKey::TYPE,
};

/// The subject type of an API key, by its number.
pub(crate) const BY_NUMBER: SubjectType = SubjectType {
    name: "os2iot-api-key",
    read: |id| {
        let of_number = ordinal(id).map(ApiKeyId::of);
        let id = of_number
            .or_else(|| ApiKeyId::parse(id).ok())
            .ok_or(Reason::Unknown)?;
        Ok(Subject::Machine(machine(id)))
    },
    search: Search::Entries(Kind::ApiKey.type_name()),
};

/// The subject type of the user of an account, by the number of the account.
pub(crate) const USER_BY_NUMBER: SubjectType = SubjectType {
    name: "os2iot-user",
    read: |id| {
        let of_number = ordinal(id).map(AccountId::of);
        of_number.map(Subject::Account).ok_or(Reason::Unknown)
    },
    search: Search::Entries(ACCOUNT),
};

/// The entry of the directory that says of which user an account is.
pub fn account(id: AccountId) -> ResourceId {
    ResourceId::new(ACCOUNT, &id.ordinal().to_string())
}

/// The type of these entries. It is no type of resources: nobody can do anything with one.
pub(crate) const ACCOUNT: &str = "os2iot-account";

/// The user of an account.
pub(crate) fn user_of(id: AccountId, places: &dyn Places) -> Option<UserId> {
    let parents = places.parents(ACCOUNT, &id.ordinal().to_string())?;
    let user = parents
        .iter()
        .find(|parent| parent.resource_type == users::BY_ID.name)?;
    UserId::parse(&user.id).ok()
}

/// The machine that an API key is.
pub fn machine(id: ApiKeyId) -> Machine {
    Machine {
        kind: &API_KEY,
        id: id.uuid(),
    }
}

/// A type of resources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Organisation,
    Application,
    User,
    ApiKey,
    Group,
    Gateway,
    Device,
}

impl Kind {
    const fn type_name(self) -> &'static str {
        match self {
            Self::Organisation => "os2iot-organisation",
            Self::Application => "os2iot-application",
            Self::User => "os2iot-user",
            Self::ApiKey => "os2iot-api-key",
            Self::Group => "os2iot-group",
            Self::Gateway => "os2iot-gateway",
            Self::Device => "os2iot-device",
        }
    }

    /// The level of names that have the things of an organisation below them.
    const fn level(self) -> &'static str {
        match self {
            Self::Organisation => "o",
            Self::Application => "application",
            Self::User => "user",
            Self::ApiKey => "api-key",
            Self::Group => "group",
            Self::Gateway => "gateway",
            Self::Device => "device",
        }
    }

    pub(crate) fn resource(self, ordinal: Ordinal) -> ResourceId {
        ResourceId::new(self.type_name(), &ordinal.to_string())
    }

    /// The name of a thing that belongs to one organisation, if the directory knows that at once.
    #[inline]
    fn in_home(self, id: &str, places: &dyn Places) -> Option<String> {
        let organisation = places.home(self.type_name(), ordinal(id)?)?;
        let mut digits = itoa::Buffer::new();
        Some([OS2IOT, "o", digits.format(organisation), self.level(), id].join("/"))
    }

    /// The things to which a thing of this kind belongs, if it exists.
    pub(crate) fn parents<'p>(self, id: &str, places: &'p dyn Places) -> Option<&'p [ResourceId]> {
        ordinal(id)?;
        places.parents(self.type_name(), id)
    }
}

const ACTIONS: &[(&str, Operation)] = &[("read", Operation::Read), ("write", Operation::Write)];
const ACTIONS_OF_ORGANISATION: &[(&str, Operation)] = &[
    ("read", Operation::Read),
    ("write", Operation::Write),
    ("create-application", Operation::Write),
    ("create-user", Operation::Write),
    ("create-api-key", Operation::Write),
    ("create-group", Operation::Write),
    ("create-gateway", Operation::Write),
];

impl ResourceType for Kind {
    fn name(&self) -> &'static str {
        self.type_name()
    }

    fn space(&self) -> &'static Space {
        &SPACE
    }

    fn actions(&self) -> &'static [(&'static str, Operation)] {
        match self {
            Self::Organisation => ACTIONS_OF_ORGANISATION,
            Self::Application | Self::User | Self::ApiKey | Self::Group | Self::Gateway | Self::Device => {
                ACTIONS
            }
        }
    }

    fn ids(&self) -> Ids {
        Ids::Placed
    }

    fn home(&self) -> Option<&'static str> {
        match self {
            Self::Application | Self::User | Self::ApiKey | Self::Group => {
                Some(Self::Organisation.type_name())
            }
            Self::Organisation | Self::Gateway | Self::Device => None,
        }
    }

    fn access<'a>(&self, asked: &Asked<'a>, places: &dyn Places) -> Result<Access<'a>, Impossible> {
        if let Some(name) = self.in_home(asked.id, places) {
            return Ok(Part::new(&SPACE, asked.operation, Names::Own(name)).into());
        }
        let (want, names) = match self {
            Self::Organisation => (Want::All, organisation(asked, places)),
            Self::Gateway => (
                Want::All,
                within(asked.id, places, Self::Organisation, Self::Gateway),
            ),
            Self::Device => (
                Want::All,
                within(asked.id, places, Self::Application, Self::Device),
            ),
            Self::Application | Self::User | Self::ApiKey | Self::Group => {
                let want = match asked.operation {
                    Operation::Read => Want::Any,
                    Operation::Write | Operation::ReadWrite => Want::All,
                };
                (want, placed(*self, asked.id, asked.operation, places))
            }
        };
        let names = names.ok_or(Impossible::Resource)?;
        Ok(Part::new(&SPACE, asked.operation, Names::Made(want, names)).into())
    }

    /// Whoever administers the users of an organisation may give all levels of it: they decide who is in its groups.
    fn may_give(&self, pattern: &str, operation: Operation, held: &dyn Fn(&str, Operation) -> bool) -> bool {
        if held(pattern, operation) {
            return true;
        }
        let mut levels = pattern.split('/').skip(1);
        match (levels.next(), levels.next().and_then(ordinal)) {
            (Some("o"), Some(organisation)) => {
                held(&format!("{OS2IOT}/o/{organisation}/group/#"), Operation::Write)
            }
            _ => false,
        }
    }

    fn stream(&self, id: &str) -> Option<Stream> {
        let of = |id: &str| ordinal(id);
        Some(match self {
            Self::Organisation => (Organisation::TYPE, OrganisationId::of(of(id)?).to_string()),
            Self::Application => (Application::TYPE, ApplicationId::of(of(id)?).to_string()),
            Self::User => (Account::TYPE, AccountId::of(of(id)?).to_string()),
            Self::ApiKey => (ApiKey::TYPE, ApiKeyId::of(of(id)?).to_string()),
            Self::Group => (Role::TYPE, GroupId::of(of(id)?).to_string()),
            Self::Gateway => (
                Organisation::TYPE,
                OrganisationId::of(of(parts(id)?.0)?).to_string(),
            ),
            Self::Device => (
                Application::TYPE,
                ApplicationId::of(of(parts(id)?.0)?).to_string(),
            ),
        })
    }
}

/// The two numbers of an id like `3/12`.
fn parts(id: &str) -> Option<(&str, &str)> {
    let (first, second) = id.split_once('/')?;
    Some((first, second)).filter(|_| ordinal(second).is_some())
}

fn organisation(asked: &Asked<'_>, places: &dyn Places) -> Option<Vec<String>> {
    Kind::Organisation.parents(asked.id, places)?;
    let own = format!("{OS2IOT}/o/{}", asked.id);
    Some(vec![match asked.action.strip_prefix("create-") {
        Some(what) => format!("{own}/{what}"),
        None => own,
    }])
}

/// The names of a thing: one in each organisation to which it belongs. What belongs to none has a name that only the pattern of the global
/// administrators matches; so has what belongs to them as well, for changes.
fn placed(kind: Kind, id: &str, operation: Operation, places: &dyn Places) -> Option<Vec<String>> {
    let parents = kind.parents(id, places)?;
    let level = kind.level();
    let is_of = |kind: Kind| move |parent: &&ResourceId| parent.resource_type == kind.type_name();
    let organisations = parents.iter().filter(is_of(Kind::Organisation));
    let mut names: Vec<String> = organisations
        .map(|own| [OS2IOT, "o", &own.id, level, id].join("/"))
        .collect();
    let is_global = operation != Operation::Read && parents.iter().any(|parent| is_of(Kind::Group)(&parent));
    if names.is_empty() || is_global {
        names.push([OS2IOT, level, id].join("/"));
    }
    Some(names)
}

/// The name of a thing that the directory does not have, below one that it has.
fn within(id: &str, places: &dyn Places, outer: Kind, inner: Kind) -> Option<Vec<String>> {
    let (outer_id, inner_id) = parts(id)?;
    let level = inner.level();
    match outer {
        Kind::Organisation => {
            outer.parents(outer_id, places)?;
            Some(vec![format!("{OS2IOT}/o/{outer_id}/{level}/{inner_id}")])
        }
        _ => {
            let outer = placed(outer, outer_id, Operation::Read, places)?;
            Some(
                outer
                    .into_iter()
                    .map(|name| format!("{name}/{level}/{inner_id}"))
                    .collect(),
            )
        }
    }
}
