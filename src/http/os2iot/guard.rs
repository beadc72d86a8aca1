//! Who may use an endpoint: the credential that it takes, and the level that the caller needs in at least one organisation
//! (contracts/os2iot.md section 2, "Guard step 1"). About one thing, the change or the query decides.

use aggregates::values::Level;
use authorization::Reach;
use axum::http::request::Parts;
use server::{App, Caller, Policy, Refusal, RefusalKind, organisations::reach};

use crate::refuse::FORBIDDEN_RESOURCE;

/// No level: the caller's own account.
pub(crate) const ANYBODY: u8 = 255;
/// Any level in any organisation.
pub(crate) const READER: u8 = 0;
/// `OrganizationUserAdmin` in an organisation.
pub(crate) const USER_ADMIN: u8 = 1;
/// `OrganizationGatewayAdmin` in an organisation.
pub(crate) const GATEWAY_ADMIN: u8 = 2;
/// `OrganizationApplicationAdmin` in an organisation.
pub(crate) const APPLICATION_ADMIN: u8 = 3;
/// `GlobalAdmin`.
pub(crate) const GLOBAL_ADMIN: u8 = 4;

/// A person with this level. A key is no credential here.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Person<const LEVEL: u8>;

/// A person or an API key with this level.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PersonOrKey<const LEVEL: u8>;

/// An API key. A token is no credential here.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Key;

fn has(level: u8, reach: &Reach) -> bool {
    match level {
        READER => reach.has(Level::Read),
        USER_ADMIN => reach.has(Level::OrganizationUserAdmin),
        GATEWAY_ADMIN => reach.has(Level::OrganizationGatewayAdmin),
        APPLICATION_ADMIN => reach.has(Level::OrganizationApplicationAdmin),
        GLOBAL_ADMIN => reach.has(Level::GlobalAdmin),
        _ => level == ANYBODY,
    }
}

fn with_level(level: u8, app: &App, caller: &Caller) -> Result<Reach, Refusal> {
    let reach = reach(app, caller);
    match has(level, &reach) {
        true => Ok(reach),
        false => Err(Refusal::new(
            RefusalKind::Forbidden,
            FORBIDDEN_RESOURCE,
            "the caller has the level of this operation in no organisation",
        )),
    }
}

impl<const LEVEL: u8> Policy for Person<LEVEL> {
    type Scope = Reach;

    fn judge(app: &App, _: &Parts, caller: &Caller) -> Result<Reach, Refusal> {
        caller.must_be_person()?;
        with_level(LEVEL, app, caller)
    }
}

impl<const LEVEL: u8> Policy for PersonOrKey<LEVEL> {
    type Scope = Reach;

    fn judge(app: &App, _: &Parts, caller: &Caller) -> Result<Reach, Refusal> {
        with_level(LEVEL, app, caller)
    }
}

impl Policy for Key {
    type Scope = Reach;

    fn judge(app: &App, _: &Parts, caller: &Caller) -> Result<Reach, Refusal> {
        match caller.machine() {
            Some(_) => Ok(reach(app, caller)),
            None => Err(Refusal::unauthenticated()),
        }
    }
}
