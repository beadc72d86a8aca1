//! What brokers ask about a user besides the questions of `check`: the topic to which a message of the user goes, and the
//! user's permissions one by one.

use std::{borrow::Cow, sync::Arc};

use aggregates::values::{Permission, UserId};

use super::methods::Methods;
use crate::{
    Authorization, Inquiry,
    patterns::question::{Question, operations},
};

impl Authorization {
    /// Whether a user may prove their identity by these methods together, without any other.
    pub fn may_prove(&self, user: UserId, methods: Methods) -> bool {
        let guard = self.collector.enter();
        let user = self.users.get(&user, &guard);
        user.is_some_and(|user| user.grant_types.satisfied_by(methods))
    }

    /// The prefix that is put before every topic to which a user publishes, if the user has one.
    pub fn publish_prefix(&self, user: UserId) -> Option<Arc<str>> {
        let guard = self.collector.enter();
        let extra = self.users.get(&user, &guard)?.extra.as_ref()?;
        extra.mqtt_publish_prefix.clone()
    }

    /// The topic to which a user's message goes, if the user may write there. `topic_of` makes the topic from the user's
    /// publish prefix, or returns `None` if the prefix does not allow the message. The prefix and the rights are of one
    /// position.
    pub fn may_publish<'a>(
        &self,
        user: UserId,
        topic_of: impl Fn(Option<&str>) -> Option<Cow<'a, str>>,
    ) -> Option<Cow<'a, str>> {
        self.consistently(&self.collector.enter(), |guard| {
            let extra = self.users.get(&user, guard)?.extra.as_ref();
            let topic = topic_of(extra.and_then(|extra| extra.mqtt_publish_prefix.as_deref()))?;
            let inquiry = Inquiry::parse("mqtt", &topic, "write").ok()?;
            let is_granted = inquiry
                .access()
                .is_some_and(|access| self.may(user, access, guard));
            is_granted.then_some(topic)
        })
    }

    /// Whether a user holds a permission that passes a test. The test also gets the user's publish prefix.
    pub fn holds_permission(&self, user: UserId, test: impl Fn(Option<&str>, &Permission) -> bool) -> bool {
        self.consistently(&self.collector.enter(), |guard| {
            let Some(user) = self.users.get(&user, guard) else {
                return false;
            };
            let extra = user.extra.as_ref();
            let prefix = extra.and_then(|extra| extra.mqtt_publish_prefix.as_deref());
            let of_roles = self
                .roles_of(&user.roles, guard)
                .map(|role| &role.details.permissions);
            let mut all = of_roles.chain(extra.map(|extra| &extra.permissions));
            all.any(|permissions| permissions.as_slice().iter().any(|one| test(prefix, one)))
        })
    }

    /// Whether a user still has all that these permissions give over MQTT, by other grants: for each pattern and each operation, one
    /// grant covers the whole pattern. So every topic and every filter that one of the permissions allowed is still allowed. Several grants
    /// that cover a pattern only together do not count, since a filter needs one grant.
    ///
    /// RabbitMQ reads `.` and `*` in another way, so a pattern with one of them does not count as covered.
    pub fn still_has(&self, user: UserId, permissions: &[Permission]) -> bool {
        self.consistently(&self.collector.enter(), |guard| {
            let Some(user) = self.users.get(&user, guard) else {
                return false;
            };
            permissions.iter().all(|lost| {
                let pattern: &str = &lost.resource;
                let wanted = operations(lost.operation);
                !pattern.contains(['.', '*'])
                    && self.user_grants(user, &Question::filter(pattern), wanted, guard)
            })
        })
    }
}
