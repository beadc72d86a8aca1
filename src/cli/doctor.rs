//! `muniment doctor`

use std::{error::Error, process::ExitCode, sync::Arc};

use super::{
    CliError, authority::lasts, claims as of_events, complain, kicks::said_of_removed, look::LookedAt,
    narrow, say,
};
use crate::faces::FACES;
use authorization::LimitedRole;
use ledger::{
    AlikeNames, AlikePair, Concern, Durability, Executor, Keeping, Ledger, Recent, WithCauses,
    clock::{Clock, SystemClock},
    ids::SystemEntropy,
};
use projections::sql::Db;
use server::{
    Granting,
    identity::{
        keys::{self, Found, KeyError},
        passwords::blocklist::Blocklist,
    },
    issuing::Issuing,
    kicks::{Brokers, State, removed, states},
    settings::Settings,
};

/// How many roles are listed at most.
const MOST_ROLES: usize = 20;
/// The end of the line about the listed roles.
const LIMITED: &str =
    "can use an endpoint that gives rights, but cannot give all roles by itself alone (docs/granting.md)";

/// Checks one thing after the other. The exit code is 1 if something is wrong.
pub(crate) async fn run(settings: Settings) -> Result<ExitCode, CliError> {
    say("settings: good");
    say(&tokens(&settings));
    let granting = settings.granting;
    say(&said_of(granting));
    let mut healthy = true;
    let mut tell = |what: &str, found: Result<String, String>| match found {
        Ok(good) => say(&format!("{what}: {good}")),
        Err(bad) => {
            healthy = false;
            complain(&format!("{what}: {bad}"));
        }
    };
    if let Some(list) = &settings.password_blocklist {
        let opened = Blocklist::open(list).map(|_| "can be searched".to_owned());
        tell(
            "blocklist of passwords",
            opened.map_err(|error| error.to_string()),
        );
    }
    let folder = &settings.data_dir;
    let sealing = settings.sealing_key.as_ref().map(|key| key.as_str());
    tell(
        "sealing key",
        state_of(keys::existing_sealing_key(sealing, folder)),
    );
    let signing = settings.signing_key.as_ref().map(|key| key.as_str());
    tell(
        "signing key",
        state_of(keys::existing_signing_key(signing, folder)),
    );
    match LookedAt::open(&settings).await {
        Err(error) => tell("database", Err(said(&error))),
        Ok(looked) => {
            tell("database", Ok(format!("{} answers", looked.db.engine())));
            for found in losses(&looked.db).await {
                tell("commits", found);
            }
            match looked.must_be_migrated(&settings).await {
                Err(error) => tell("schema", Err(said(&error))),
                Ok(()) => {
                    tell("schema", Ok("up to date".to_owned()));
                    let versions = Ledger::check_versions(&looked.db).await;
                    let good = versions.map(|()| "have the versions of this program".to_owned());
                    tell("read models", good.map_err(|error| said(&error)));
                    match looked.ledger(&settings).await {
                        Ok((ledger, has_key)) => {
                            tell("ledger", head(&ledger).await);
                            tell("claims", claims(&ledger, has_key).await);
                            tell("names", names(&ledger).await);
                            // The keys of the issuers are sealed.
                            if has_key && let Some(found) = authority(&ledger, &settings).await {
                                tell("authority", found);
                            }
                            tell("refusals", refusals(&ledger, &settings).await);
                            if let Some(brokers) = &settings.brokers {
                                tell("brokers", told(&ledger, brokers).await);
                            }
                            if let Some(found) = removed_brokers(&ledger, &settings).await {
                                tell("brokers", found);
                            }
                            if granting == Granting::Held {
                                tell("roles", roles(&ledger).await);
                            }
                        }
                        Err(error) => tell("ledger", Err(said(&error))),
                    }
                }
            }
            if !looked.is_certain() {
                complain("a server has started meanwhile: run `muniment doctor` again");
                healthy = false;
            }
        }
    }
    Ok(if healthy {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// What commits are worth by the settings of Postgres. Empty on SQLite.
async fn losses(db: &Db) -> Vec<Result<String, String>> {
    let durability = match Durability::of(db).await {
        Ok(None) => return Vec::new(),
        Ok(Some(durability)) => durability,
        Err(error) => return vec![Err(said(&error))],
    };
    if let Some(encoding) = durability.narrow_encoding() {
        return vec![Err(narrow(encoding))];
    }
    let concerns = durability.concerns();
    if concerns.is_empty() {
        return vec![Ok("wait for a synchronous standby".to_owned())];
    }
    let said = |concern: Concern| match concern {
        Concern::Loses(text) => Err(text.to_owned()),
        // Many ledgers are on one machine on purpose.
        Concern::Lacks(text) => Ok(text.to_owned()),
    };
    concerns.into_iter().map(said).collect()
}

/// What there is to say about a key.
fn state_of<K>(found: Result<Found<K>, KeyError>) -> Result<String, String> {
    match found {
        Ok(Found::Key(_)) => Ok("good".to_owned()),
        Ok(Found::Missing) => Ok("does not exist yet; the first start makes it".to_owned()),
        Ok(Found::Hidden) => Ok("belongs to another account, so this account cannot check it".to_owned()),
        Err(error) => Err(said(&error)),
    }
}

/// How long tokens are valid.
fn tokens(settings: &Settings) -> String {
    let most = settings.token_hours_most;
    let hours = most.map_or(settings.token_hours, |most| settings.token_hours.min(most));
    let most = match most {
        Some(most) => format!("at most {most} hours (TOKEN_HOURS_MOST)"),
        None => "without a bound (TOKEN_HOURS_MOST is not set)".to_owned(),
    };
    format!("tokens: valid for {hours} hours, or as long as the login asks, {most}")
}

/// What users may give.
fn said_of(granting: Granting) -> String {
    let words = match granting {
        Granting::Held => "users give only what they hold",
        Granting::Any => "users give everything by the endpoints that they may use",
    };
    format!("granting: {words} (GRANTING={})", granting.as_str())
}

/// Lists the roles that can use an endpoint that gives rights, but that do not hold what other roles grant. Nothing is wrong with them.
async fn roles(ledger: &Ledger) -> Result<String, String> {
    let roles = ledger.roles_alone().await.map_err(|error| said(&error))?;
    let operations = FACES.iter().flat_map(|face| face.giving.operations);
    let endpoints: Vec<String> = operations.map(|(_, path)| pattern(path)).collect();
    let limited = roles.limited_roles(&endpoints, MOST_ROLES + 1);
    for LimitedRole {
        id,
        name,
        others,
        first,
    } in limited.iter().take(MOST_ROLES)
    {
        let (other, missing) = first;
        let more = match others {
            1 => String::new(),
            others => format!(", nor {} other roles", others - 1),
        };
        say(&format!(
            "roles: {:?} ({id}) does not hold what {:?} grants: {missing}{more}",
            &**name, &**other
        ));
    }
    Ok(match limited.len() {
        0 => "all that can give hold what other roles grant".to_owned(),
        many if many > MOST_ROLES => format!("more than {MOST_ROLES} {LIMITED}"),
        some => format!("{some} {LIMITED}"),
    })
}

/// The pattern of the paths of an operation.
fn pattern(path: &str) -> String {
    let level = |level: &str| {
        if level.starts_with('{') {
            "+".to_owned()
        } else {
            level.to_owned()
        }
    };
    path.split('/').map(level).collect::<Vec<_>>().join("/")
}

async fn head(ledger: &Ledger) -> Result<String, String> {
    let head = ledger.head().await.map_err(|error| said(&error))?;
    Ok(format!(
        "{} events, the last at {}; `muniment verify` recomputes its chain",
        head.position, head.recorded_at
    ))
}

/// When the issuer that signs certificates expires; `None` if there is none.
async fn authority(ledger: &Ledger, settings: &Settings) -> Option<Result<String, String>> {
    let (clock, entropy) = (Arc::new(SystemClock), Arc::new(SystemEntropy));
    let issuing = Issuing::new(Executor::new(ledger.clone()), clock, entropy);
    let found = lasts(&issuing, settings.certificate_days, SystemClock.now()).await;
    found.unwrap_or_else(|error| Some(Err(said(&error))))
}

/// Compares the stored counts with the claims and, if the events can be opened, the claims with the events.
async fn claims(ledger: &Ledger, has_key: bool) -> Result<String, String> {
    let miscounts = ledger.miscounts(aggregates::scopes()).await;
    let miscounts = miscounts.map_err(|error| said(&error))?;
    if !miscounts.is_empty() {
        let miscounts: Vec<_> = miscounts.iter().map(ToString::to_string).collect();
        return Err(format!(
            "{}: `muniment rebuild` corrects the counts",
            miscounts.join("; ")
        ));
    }
    if !has_key {
        return Ok("their stored counts are right".to_owned());
    }
    let compared = of_events::compare(ledger).await.map_err(|error| said(&error))?;
    match of_events::wrong(&compared) {
        None => Ok(format!(
            "their stored counts are right, and {} are as the events give them",
            compared.claims
        )),
        Some(wrong) => Err(wrong),
    }
}

/// Lists the names that are alike. They are older than the rule against such names, so nothing is wrong.
async fn names(ledger: &Ledger) -> Result<String, String> {
    match ledger.alike_names().await.map_err(|error| said(&error))? {
        AlikeNames::NotCompared => Ok("are not compared yet; the next start of a server does it".to_owned()),
        AlikeNames::Incomplete(incomplete) => Err(incomplete.to_string()),
        AlikeNames::Pairs(pairs) if pairs.is_empty() => Ok("no two are alike".to_owned()),
        AlikeNames::Pairs(pairs) => {
            for AlikePair { scope, one, other } in &pairs {
                // Debug shows invisible characters.
                let [one, other] = [one, other].map(|named| format!("{:?} ({})", named.name, named.id));
                say(&format!("names: {scope} {one} is like {other}"));
            }
            Ok(format!(
                "pairs that are alike: {}. They are older than the rule against it; rename one name of each pair",
                pairs.len()
            ))
        }
    }
}

/// Counts what was refused lately. Fails if a server should have deleted refusals, or the keys of their names, days ago.
async fn refusals(ledger: &Ledger, settings: &Settings) -> Result<String, String> {
    let recent = ledger.refusals().of_the_last_day().await;
    let recent = recent.map_err(|error| said(&error))?;
    let counts: Vec<_> = recent
        .iter()
        .map(|Recent { kind, times }| format!("{times} {kind}"))
        .collect();
    let counts = match counts.is_empty() {
        true => "nothing".to_owned(),
        false => counts.join(", "),
    };
    let keeping = settings.keeping();
    let overdue = ledger.refusals().overdue(&keeping).await;
    if let Some(overdue) = overdue.map_err(|error| said(&error))? {
        return Err(overdue.to_string());
    }
    let Keeping { days, names_days, .. } = keeping;
    Ok(format!(
        "in the last day {counts}; kept for {days} days (AUDIT_REFUSALS_DAYS), names for {names_days} (AUDIT_NAMES_DAYS)"
    ))
}

/// How far each broker was told whose sessions end, and which sessions it did not end.
async fn told(ledger: &Ledger, brokers: &Brokers) -> Result<String, String> {
    let states = states(ledger, brokers).await.map_err(|error| said(&error))?;
    for state in &states {
        say(&format!("brokers: {}", said_of_broker(state)));
    }
    let good = states.iter().filter(|state| state.is_up_to_date()).count();
    Ok(format!("{good} of {} are up to date", states.len()))
}

/// What the database keeps for brokers that are not in the settings; `None` if it keeps nothing. Nothing is wrong with it.
async fn removed_brokers(ledger: &Ledger, settings: &Settings) -> Option<Result<String, String>> {
    match removed(ledger.db(), settings.brokers.as_ref()).await {
        Ok(kept) if kept.is_empty() => None,
        Ok(kept) => Some(Ok(said_of_removed(&kept))),
        Err(error) => Some(Err(said(&error))),
    }
}

fn said_of_broker(state: &State) -> String {
    let State {
        broker,
        lag,
        left,
        oldest,
        error,
    } = state;
    let told = match lag {
        None => "was not told anything yet".to_owned(),
        Some(0) if *left == 0 => "was told everything".to_owned(),
        Some(0) => "was asked about every event".to_owned(),
        Some(events) => format!("was not told about the last {events} events"),
    };
    let left = match oldest {
        None => String::new(),
        Some(since) => format!("; still has to end the sessions of {left} users, the first since {since}"),
    };
    let error = error
        .as_ref()
        .map(|error| format!("; the last try failed: {error}"));
    format!("{broker} {told}{left}{}", error.unwrap_or_default())
}

/// An error with its causes, in one line.
fn said(error: &(dyn Error + 'static)) -> String {
    WithCauses(error).to_string()
}
