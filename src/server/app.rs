//! The state that all handlers share.

use std::{
    net::SocketAddr,
    ops::Deref,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use aggregates::values::{RoleId, UserId};
use authorization::RoleView;
use axum::http::HeaderMap;
use ledger::{Executor, Ledger, LedgerError, clock::Clock, ids::Entropy};

use crate::{
    address::ClientAddress,
    body::Budget,
    brokers::Secret,
    counts::Counts,
    defence::{Defence, Limits},
    ended::Ended,
    face::Faces,
    heavy::Desk,
    identity::{
        ClientSecrets, Hashes, Proved,
        api_keys::ApiKeys,
        passwords::{HashingOptions, Passwords, rules::PasswordRules},
        second_factor::SecondFactors,
        tokens::{SmallTokens, Tokens},
    },
    issuing::Issuing,
    kept::KeptAnswers,
    kicks::Tallies,
    live::Live,
    mail::Mailer,
    nx::{Links, Mailed},
    organisations::Numbers,
    path::Forms,
    refusal::Refusal,
    registry::Rate,
    rehearsal::{Rehearsing, unsupported},
    settings::Settings,
    turned_away::ByText,
};

/// How many logins have their turn for each thread that hashes: while one password is hashed, the user of the next is loaded.
const TURNS_PER_WORKER: usize = 2;
/// How many requests in a minute may send a mail, from one address.
const MAILS_PER_MINUTE: u32 = 20;

/// The running server. Cloning it is cheap.
#[derive(Clone)]
pub struct App(Arc<Running>);

struct Running {
    parts: Parts,
    forms: Forms,
    bodies: Budget,
    ended: Ended,
    kept: KeptAnswers,
    desk: Arc<Desk>,
    new_passwords: Arc<Desk>,
    defence: Defence,
    issuing: Issuing,
    registry_rate: Rate,
    not_introduced: ByText,
    proved: Proved,
    hashes: Hashes,
    second_factors: SecondFactors,
    small_tokens: SmallTokens,
    links: Links,
    mailed: Mailed,
    mailer: Mailer,
    mail_rate: Rate,
    api_keys: ApiKeys,
    client_secrets: ClientSecrets,
    numbers: Numbers,
    hooks_secret: Option<Secret>,
    tallies: Tallies,
    counts: Counts,
    live: RwLock<Arc<Live>>,
}

/// This process has not been able to read the ledger to its head, or to commit anything, for longer than the settings allow, so its memory
/// may be out of date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the ledger could not be read, or written to, for too long; what this node knows may be old")]
pub struct Stale;

/// The parts of the server.
pub struct Parts {
    /// The faces that the server has.
    pub faces: Faces,
    /// The settings, as read at the start. [`App::live`] has the newest values of those that can change.
    pub settings: Settings,
    /// The rules for new passwords, as these settings made them.
    pub password_rules: Arc<PasswordRules>,
    /// Runs commands.
    pub executor: Executor,
    /// Hashes passwords.
    pub passwords: Passwords,
    /// Signs and verifies tokens.
    pub tokens: Tokens,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Generates ids.
    pub entropy: Arc<dyn Entropy>,
}

impl Deref for App {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.0.parts
    }
}

impl App {
    /// Makes an app of these parts.
    pub fn new(parts: Parts) -> Self {
        let documents = parts.faces.iter().map(|face| (face.routes)().into_openapi());
        let forms = documents
            .flat_map(|document| document.paths.paths.into_keys())
            .collect();
        let desk = Desk::new(parts.settings.heavy());
        let new_passwords = Desk::new(parts.settings.new_passwords());
        let HashingOptions { workers, queue, .. } = parts.settings.hashing();
        let limits = Limits {
            turns: TURNS_PER_WORKER * workers.max(1),
            queue,
            // The other questions of brokers have the other half.
            devices: parts.settings.hooks_connections / 2,
        };
        let defence = Defence::new(limits, Arc::clone(&parts.clock), Arc::clone(&parts.entropy));
        let secret = parts.settings.hooks_secret.as_ref();
        Self(Arc::new(Running {
            defence,
            issuing: Issuing::new(
                parts.executor.clone(),
                Arc::clone(&parts.clock),
                Arc::clone(&parts.entropy),
            ),
            registry_rate: Rate::new(parts.settings.registry_requests_per_minute),
            not_introduced: ByText::default(),
            proved: Proved::new(parts.entropy.as_ref()),
            hashes: Hashes::default(),
            second_factors: SecondFactors::new(parts.executor.ledger()),
            small_tokens: SmallTokens::new(parts.executor.ledger()),
            links: Links::new(parts.executor.ledger()),
            mailed: Mailed::default(),
            mailer: Mailer::new(&parts.settings),
            mail_rate: Rate::new(MAILS_PER_MINUTE),
            api_keys: ApiKeys::new(parts.executor.ledger()),
            client_secrets: ClientSecrets::new(parts.executor.ledger()),
            numbers: Numbers::default(),
            hooks_secret: secret.map(|secret| Secret::new(secret)),
            counts: Counts::default(),
            tallies: Tallies::new(parts.settings.brokers.as_ref()),
            live: RwLock::new(Arc::new(Live::new(
                &parts.settings,
                Arc::clone(&parts.password_rules),
            ))),
            parts,
            forms: Forms::new(forms),
            bodies: Budget::default(),
            ended: Ended::default(),
            kept: KeptAnswers::default(),
            desk,
            new_passwords,
        }))
    }

    /// The path of the operation that serves a request's path, as the OpenAPI document writes it.
    pub fn form_of(&self, path: &str) -> Option<&str> {
        self.0.forms.of(path)
    }

    /// The settings that can change while the server runs.
    pub fn live(&self) -> Arc<Live> {
        Arc::clone(&self.0.live.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Applies those of these settings that can change while the server runs.
    pub fn reload(&self, settings: &Settings, password_rules: Arc<PasswordRules>) {
        let live = Arc::new(Live::new(settings, password_rules));
        *self.0.live.write().unwrap_or_else(PoisonError::into_inner) = live;
    }

    /// The client of a request that came from `peer` with these headers.
    pub(crate) fn client(&self, peer: SocketAddr, headers: &HeaderMap) -> ClientAddress {
        match &self.settings.trusted_proxies {
            Some(proxies) => proxies.client(peer, headers),
            None => ClientAddress::of(peer.ip()),
        }
    }

    /// The defence of logins.
    pub fn defence(&self) -> &Defence {
        &self.0.defence
    }

    /// The certificate authority.
    pub fn issuing(&self) -> &Issuing {
        &self.0.issuing
    }

    /// How often one address may ask to be let in.
    pub(crate) fn registry_rate(&self) -> &Rate {
        &self.0.registry_rate
    }

    /// The clients of brokers that were not recorded as pending, by the code of the reason.
    pub(crate) fn not_introduced(&self) -> &ByText {
        &self.0.not_introduced
    }

    /// The passwords that were compared lately.
    pub(crate) fn proved(&self) -> &Proved {
        &self.0.proved
    }

    /// The hashes that were compared lately.
    pub(crate) fn hashes(&self) -> &Hashes {
        &self.0.hashes
    }

    /// The keys for second factors.
    pub(crate) fn second_factors(&self) -> &SecondFactors {
        &self.0.second_factors
    }

    /// Signs and verifies small tokens.
    pub(crate) fn small_tokens(&self) -> &SmallTokens {
        &self.0.small_tokens
    }

    /// The key of the links in mails.
    pub(crate) fn links(&self) -> &Links {
        &self.0.links
    }

    /// How many mails each user got.
    pub(crate) fn mailed(&self) -> &Mailed {
        &self.0.mailed
    }

    /// Sends mails.
    pub(crate) fn mailer(&self) -> &Mailer {
        &self.0.mailer
    }

    /// How often one address may ask for something that sends a mail.
    pub(crate) fn mail_rate(&self) -> &Rate {
        &self.0.mail_rate
    }

    /// The numbers that this process has handed out.
    pub(crate) fn numbers(&self) -> &Numbers {
        &self.0.numbers
    }

    /// The key for digests of API keys.
    pub(crate) fn api_keys(&self) -> &ApiKeys {
        &self.0.api_keys
    }

    /// The key for digests of the secrets of service accounts.
    pub(crate) fn client_secrets(&self) -> &ClientSecrets {
        &self.0.client_secrets
    }

    /// The secret of the hooks, if the settings have one.
    pub(crate) fn hooks_secret(&self) -> Option<&Secret> {
        self.0.hooks_secret.as_ref()
    }

    /// What each broker was told.
    pub fn tallies(&self) -> &Tallies {
        &self.0.tallies
    }

    /// How requests were answered.
    pub fn counts(&self) -> &Counts {
        &self.0.counts
    }

    /// The memory for bodies that have not arrived completely.
    pub(crate) fn bodies(&self) -> &Budget {
        &self.0.bodies
    }

    /// The tokens that had ended when somebody used them.
    pub(crate) fn ended(&self) -> &Ended {
        &self.0.ended
    }

    /// The answers that hold while the ledger does not move.
    pub(crate) fn kept(&self) -> &KeptAnswers {
        &self.0.kept
    }

    /// Where heavy questions wait for their turns.
    pub(crate) fn desk(&self) -> &Arc<Desk> {
        &self.0.desk
    }

    /// Where the passwords that callers set wait to be hashed.
    pub(crate) fn new_passwords(&self) -> &Arc<Desk> {
        &self.0.new_passwords
    }

    /// The rehearsal for this method and path, of any face. It is `None` if the request cannot be rehearsed.
    pub fn rehearsing<'a>(&self, method: &str, path: &'a str) -> Option<Rehearsing<'a>> {
        Rehearsing::find(self.faces, &self.0.forms, method, path)
    }

    /// The refusal of a request that cannot be rehearsed.
    pub fn cannot_be_rehearsed(&self) -> Refusal {
        unsupported(self.faces)
    }

    /// The ledger.
    pub fn ledger(&self) -> &Ledger {
        self.executor.ledger()
    }

    /// Refuses if the memory of this process is older than the settings allow. Call it *after* a decision is made from
    /// memory and before the decision is answered. Then the decision is of a state that was the newest within the
    /// bound, even if the process was suspended in between.
    pub fn fresh(&self) -> Result<(), Stale> {
        if self.ledger().age() <= Duration::from_millis(self.settings.stale_after_ms) {
            Ok(())
        } else {
            Err(Stale)
        }
    }

    /// Also refuses if the decision began longer ago than the bound: a decision that old must not be answered.
    pub fn fresh_since(&self, begun: Duration) -> Result<(), Stale> {
        self.fresh()?;
        let ago = self.clock.elapsed().saturating_sub(begun);
        if ago <= Duration::from_millis(self.settings.stale_after_ms) {
            Ok(())
        } else {
            Err(Stale)
        }
    }

    /// Roles as this node knows them, in order. Another node may have made an unknown role a moment ago. So if a role
    /// is unknown, this node reads the ledger once.
    pub async fn roles(&self, ids: &[RoleId]) -> Result<Vec<Option<RoleView>>, LedgerError> {
        let look_up = || -> Vec<_> {
            ids.iter()
                .map(|id| self.ledger().authorization().role(*id))
                .collect()
        };
        let roles = look_up();
        if roles.iter().all(Option::is_some) {
            return Ok(roles);
        }
        self.ledger().follower().catch_up().await?;
        Ok(look_up())
    }

    /// Whether a user exists. If this node does not know the user, it reads the ledger, as [`App::roles`] does.
    pub async fn user_exists(&self, id: UserId) -> Result<bool, LedgerError> {
        if self.ledger().authorization().has_user(id) {
            return Ok(true);
        }
        self.ledger().follower().catch_up().await?;
        Ok(self.ledger().authorization().has_user(id))
    }
}
