//! The resource type `mqtt`: a topic, or a filter to read.
//!
//! `publish` is the action that a client asks of its broker: the user's publish prefix is put before the topic. `write`
//! takes the topic as it is in the broker. A filter is granted if one grant covers all topics that it matches.
//! `subscribe` also takes a shared subscription (`$share/{name}/{filter}`, MQTT 5.0 section 4.8.2), which counts as the
//! filter in it.

use aggregates::values::{Context, Operation, SHARED, TopicFilter};

use super::{
    Asked, Ids, Impossible, ResourceType, Space,
    access::{Access, Form, LONGEST, Names, Part},
};
use crate::directory::Places;

/// Topics of a broker.
pub(crate) const SPACE: Space = Space {
    name: "mqtt",
    context: Context::Mqtt,
    first_level: None,
};

const ACTIONS: &[(&str, Operation)] = &[
    ("read", Operation::Read),
    ("write", Operation::Write),
    (SUBSCRIBE, Operation::Read),
    (PUBLISH, Operation::Write),
];
/// The action that puts the publish prefix before the topic.
const PUBLISH: &str = "publish";
/// The action that takes shared subscriptions.
const SUBSCRIBE: &str = "subscribe";

/// Topics of an MQTT broker.
pub(crate) struct Mqtt;

impl ResourceType for Mqtt {
    fn space(&self) -> &'static Space {
        &SPACE
    }

    fn actions(&self) -> &'static [(&'static str, Operation)] {
        ACTIONS
    }

    fn ids(&self) -> Ids {
        Ids::Names
    }

    fn takes_publish_prefix(&self, action: &str) -> bool {
        action == PUBLISH
    }

    fn access<'a>(&self, asked: &Asked<'a>, _: &dyn Places) -> Result<Access<'a>, Impossible> {
        let (text, form) = topic(asked).ok_or(Impossible::Topic)?;
        let part = Part::new(&SPACE, asked.operation, Names::One(text));
        Ok(part.in_form(form).into())
    }
}

/// The topic or filter that a text names, for an action, and its form.
fn topic<'a>(asked: &Asked<'a>) -> Option<(&'a str, Form)> {
    let text = asked.id;
    if text.is_empty() || text.len() > LONGEST || text.contains('\0') {
        return None;
    }
    if asked.operation != Operation::Read {
        let form = match asked.action {
            PUBLISH => Form::Publish,
            _ => Form::Exact,
        };
        return (!text.contains(['+', '#'])).then_some((text, form));
    }
    let filter = match text.strip_prefix(SHARED) {
        Some(shared) if asked.action == SUBSCRIBE => {
            let (name, filter) = shared.split_once('/')?;
            if name.is_empty() || name.contains(['+', '#']) {
                return None;
            }
            filter
        }
        Some(_) | None => text,
    };
    TopicFilter::is_well_formed(filter).then_some((filter, Form::Filter))
}
