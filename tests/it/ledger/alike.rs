//! Names that are alike: two aggregates cannot have them, unless they had them before the rule.

use std::time::Duration;

use aggregates::{
    Claim, Command, Event,
    claim::Scope,
    role::{RoleCommand, RoleEvent, UpdateRole, claims as role_claims},
    sealing::ERASED,
    user::{UpdateUser, UserCommand, UserEvent, claims as user_claims},
    values::{GrantMethod, GrantType, IdentityProvider, PasswordHash, RoleId, RoleName, UserId},
};
use ledger::{AlikeNames, Appended, ExecuteError, Executor, Ledger, NewEvent, Rejection, Unit};
use projections::sql::sql;

use super::{
    child::{Child, Task},
    claims::{deleted, refusal, renamed},
    on_both_engines,
    site::{Site, key, metadata, new_role, new_user, number, open, role_created, unit, user_created},
};

/// The scopes as the version before knew them.
const OLD_USERNAME: &Scope = &Scope::new("username").personal();
const OLD_ROLE_NAME: &Scope = &Scope::new("role_name");

/// Makes a user as the version before did.
fn old_user(id: UserId, username: &str) -> Unit {
    let created = UserEvent::Created {
        username: username.to_owned(),
        identity_provider: IdentityProvider::Local,
        auto_generated: username.len().is_multiple_of(2),
        mqtt_publish_prefix: None,
        grant_types: vec![GrantType {
            method: GrantMethod::Password,
            is_required: false,
        }],
        enforce_mfa_enrollment: false,
        password_hash: Some(PasswordHash::new("$argon2id$a-password-hash")),
    };
    let id = id.to_string();
    let claims = [
        Claim::new(user_claims::USER, &*id),
        Claim::new(OLD_USERNAME, username),
    ];
    made(id, Event::User(created), claims)
}

/// Makes a role as the version before did.
fn old_role(id: RoleId, name: &str) -> Unit {
    let created = RoleEvent::Created {
        name: RoleName::recorded(name),
        is_shared: name.len().is_multiple_of(2),
        auto_generated: name.len().is_multiple_of(3),
        protected: false,
    };
    let id = id.to_string();
    let claims = [
        Claim::new(role_claims::ROLE, &*id),
        Claim::new(OLD_ROLE_NAME, name),
    ];
    made(id, Event::Role(created), claims)
}

fn made(id: String, event: Event, claims: impl IntoIterator<Item = Claim>) -> Unit {
    let mut unit = unit(vec![NewEvent {
        aggregate_id: id.clone(),
        sequence: 1,
        event,
    }]);
    unit.take
        .extend(claims.into_iter().map(|claim| (claim, id.clone())));
    unit
}

/// Makes these users and roles as the version before did, and leaves the ledger as that version left it.
async fn old_ledger(site: &Site, users: &[(UserId, &str)], roles: &[(RoleId, &str)]) {
    let ledger = site.ledger().await;
    let users = users.iter().map(|(id, name)| old_user(*id, name));
    for unit in users.chain(roles.iter().map(|(id, name)| old_role(*id, name))) {
        ledger
            .append(unit)
            .await
            .expect("the version before had no such rule");
    }
    ledger.close().await;
    age(site).await;
}

/// Takes away what this version adds.
async fn age(site: &Site) {
    let db = site.db().await;
    let lists = "DELETE FROM claims WHERE scope LIKE '%alike%'";
    db.execute(sql(lists)).await.expect("lists that can go");
    let open = sql("UPDATE ledger_head SET lowest_writer = 2");
    db.execute(open).await.expect("a head");
    db.close().await;
}

async fn run(executor: &Executor, command: Command) -> Result<Appended, ExecuteError> {
    executor.execute(vec![command], &metadata()).await
}

fn role_renamed(id: RoleId, name: &str) -> Command {
    let name = Some(name.to_owned());
    Command::Role(
        id,
        RoleCommand::Update(UpdateRole {
            name,
            ..UpdateRole::default()
        }),
    )
}

fn taken(name: &str) -> Rejection {
    Rejection::ClaimTaken(Claim::new(user_claims::USERNAME, name))
}

/// The names of the pairs that are alike.
async fn pairs(ledger: &Ledger) -> Vec<[String; 2]> {
    match ledger.alike_names().await.expect("a ledger that can be read") {
        AlikeNames::Pairs(pairs) => pairs
            .into_iter()
            .map(|pair| [pair.one.name, pair.other.name])
            .collect(),
        other => panic!("no pairs: {other:?}"),
    }
}

/// All claims, as they are stored.
async fn stored(ledger: &Ledger) -> Vec<[String; 3]> {
    let rows = ledger
        .db()
        .all(sql(
            "SELECT scope, value, owner FROM claims ORDER BY scope, value",
        ))
        .await;
    let text = |row: &projections::sql::Row, column| row.text(column).expect("a text");
    rows.expect("claims")
        .iter()
        .map(|row| [text(row, 0), text(row, 1), row.id(2).expect("an id").to_string()])
        .collect()
}

on_both_engines! {
    async fn two_names_that_are_alike_cannot_both_exist(site: Site) {
        let executor = Executor::new(site.ledger().await);
        let (ada, grace) = (new_user(), new_user());
        run(&executor, user_created(ada, "Straße-7")).await.expect("a free name");
        run(&executor, user_created(grace, "grace")).await.expect("a free name");
        for name in ["straße-7", "STRASSE-7", "Strasse-7", "ｓtraße-7"] {
            let spelt = aggregates::text::spelling(name).into_owned();
            assert_eq!(refusal(run(&executor, user_created(new_user(), name)).await), taken(&spelt));
            assert_eq!(refusal(run(&executor, renamed(grace, name)).await), taken(&spelt));
        }
        run(&executor, renamed(ada, "STRASSE-7")).await.expect("a user may change the case of their own name");
        assert_eq!(refusal(run(&executor, user_created(new_user(), "straße-7")).await), taken("straße-7"));
        run(&executor, renamed(ada, "ada")).await.expect("a free name");
        run(&executor, renamed(grace, "straße-7")).await.expect("the name is free again");
        run(&executor, deleted(grace)).await.expect("a user who can go");
        run(&executor, user_created(new_user(), "Strasse-7")).await.expect("the name is free again");
        site.must_be_sound(executor.ledger()).await;
        assert_eq!(pairs(executor.ledger()).await, Vec::<[String; 2]>::new());
    }

    async fn the_names_of_roles_are_compared_too(site: Site) {
        let executor = Executor::new(site.ledger().await);
        let (operators, fitters) = (new_role(), new_role());
        run(&executor, role_created(operators, "Line 7")).await.expect("a free name");
        run(&executor, role_created(fitters, "fitters")).await.expect("a free name");
        let taken = Rejection::ClaimTaken(Claim::new(role_claims::ROLE_NAME, "LINE 7"));
        assert_eq!(refusal(run(&executor, role_created(new_role(), "LINE 7")).await), taken);
        assert_eq!(refusal(run(&executor, role_renamed(fitters, "LINE 7")).await), taken);
        run(&executor, role_renamed(operators, "line 7")).await.expect("a role may change the case of its own name");
        run(&executor, user_created(new_user(), "fitters")).await.expect("users and roles may share a name");
    }

    async fn names_that_are_alike_within_one_unit_are_refused(site: Site) {
        let executor = Executor::new(site.ledger().await);
        let commands = vec![user_created(new_user(), "ada"), user_created(new_user(), "ADA")];
        let refused = refusal(executor.execute(commands, &metadata()).await);
        assert!([taken("ada"), taken("ADA")].contains(&refused), "{refused}");
        let (one, other) = (new_user(), new_user());
        let commands = vec![user_created(one, "ada"), user_created(other, "grace")];
        executor.execute(commands, &metadata()).await.expect("free names");
        let round = vec![renamed(one, "Grace"), renamed(other, "Ada")];
        executor.execute(round, &metadata()).await.expect("two may swap names that are alike");
        assert_eq!(refusal(run(&executor, user_created(new_user(), "ada")).await), taken("ada"));
        let handed = vec![deleted(one), user_created(new_user(), "grace")];
        executor.execute(handed, &metadata()).await.expect("what one gives up another takes");
    }

    async fn one_of_many_contenders_on_two_nodes_gets_a_name(site: Site) {
        let (left, right) = (Executor::new(site.ledger().await), Executor::new(site.ledger().await));
        let contenders = (0..40).map(|number| {
            let executor = if number % 2 == 0 { left.clone() } else { right.clone() };
            let name = ["contender", "Contender", "CONTENDER", "conTender"][number / 2 % 4];
            tokio::spawn(async move { run(&executor, user_created(new_user(), name)).await.is_ok() })
        });
        let mut winners = 0;
        for contender in contenders.collect::<Vec<_>>() {
            winners += usize::from(contender.await.expect("a contender"));
        }
        assert_eq!(winners, 1);
        assert_eq!(number(left.ledger().db(), "SELECT COUNT(*) FROM events").await, 1);
        site.must_be_sound(left.ledger()).await;
    }

    async fn a_start_fills_the_lists_as_if_they_had_always_been_kept(site: Site) {
        let executor = Executor::new(site.ledger().await);
        for number in 0..50 {
            run(&executor, user_created(new_user(), &format!("User-{number}"))).await.expect("a free name");
            run(&executor, role_created(new_role(), &format!("Role {number}"))).await.expect("a free name");
        }
        let [gone, moved] = [new_user(), new_user()];
        for (id, name) in [(gone, "gone"), (moved, "moved")] {
            run(&executor, user_created(id, name)).await.expect("a free name");
        }
        run(&executor, deleted(gone)).await.expect("a user who can go");
        run(&executor, renamed(moved, "Moved.again")).await.expect("a free name");
        executor.ledger().erase_subject(&moved.to_string()).await.expect("the ledger answers");
        let before = stored(executor.ledger()).await;
        executor.ledger().close().await;
        age(&site).await;
        let ledger = site.ledger().await;
        assert_eq!(stored(&ledger).await, before);
        assert_eq!(number(ledger.db(), "SELECT lowest_writer FROM ledger_head").await, 10);
    }

    async fn pairs_of_an_old_ledger_stay_and_count(site: Site) {
        let [ada, other, third] = [new_user(), new_user(), new_user()];
        let [role, like_it] = [new_role(), new_role()];
        old_ledger(
            &site,
            &[(ada, "Ada"), (other, "ada"), (third, "ａＤＡ"), (new_user(), "wärter")],
            &[(role, "Line 7"), (like_it, "line 7")],
        )
        .await;
        let key = key();
        let quiet = ledger::Ledger::open_unfollowed(
            site.db().await,
            &key,
            std::sync::Arc::new(ledger::clock::SystemClock),
            std::sync::Arc::new(ledger::ids::SystemEntropy),
            projections::GUARDS,
        );
        let quiet = quiet.await.expect("the ledger should open");
        assert_eq!(quiet.alike_names().await.expect("an answer"), AlikeNames::NotCompared);

        let executor = Executor::new(site.ledger().await);
        let ledger = executor.ledger();
        let mut all: Vec<String> = pairs(ledger).await.concat();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all, ["Ada", "Line 7", "ada", "line 7", "ａＤＡ"]);
        assert_eq!(pairs(ledger).await.len(), 3);
        for (name, id) in [("Ada", ada), ("ada", other), ("ａＤＡ", third)] {
            assert_eq!(ledger.authorization().user_by_name(name), Some(id), "{name}");
        }

        assert_eq!(refusal(run(&executor, user_created(new_user(), "aDA")).await), taken("aDA"));
        assert_eq!(refusal(run(&executor, renamed(ada, "aDA")).await), taken("aDA"));
        assert_eq!(refusal(run(&executor, renamed(third, "aDA")).await), taken("aDA"));
        run(&executor, renamed(ada, "lovelace")).await.expect("a free name");
        assert_eq!(refusal(run(&executor, user_created(new_user(), "Ada")).await), taken("Ada"));
        assert_eq!(pairs(ledger).await.len(), 2);
        run(&executor, deleted(third)).await.expect("a user who can go");
        assert_eq!(refusal(run(&executor, user_created(new_user(), "Ada")).await), taken("Ada"));
        let left = pairs(ledger).await.concat();
        assert!(left.len() == 2 && left.iter().all(|name| name.eq_ignore_ascii_case("line 7")), "{left:?}");
        run(&executor, renamed(other, "ADA")).await.expect("nobody else has such a name any more");
        run(&executor, deleted(other)).await.expect("a user who can go");
        run(&executor, user_created(new_user(), "ada")).await.expect("the name is free");

        run(&executor, Command::Role(role, RoleCommand::Delete)).await.expect("a role that can go");
        assert!(run(&executor, role_created(new_role(), "LINE 7")).await.is_err());
        run(&executor, role_renamed(like_it, "LINE 7")).await.expect("no other role has such a name any more");
        assert_eq!(pairs(ledger).await, Vec::<[String; 2]>::new());
        site.must_be_sound(ledger).await;
    }

    async fn old_names_that_break_todays_rules_work_on(site: Site) {
        let [user, decomposed] = [new_user(), new_user()];
        let role = new_role();
        old_ledger(&site, &[(user, "ada\u{200b}"), (decomposed, "wa\u{308}rter")], &[(role, "shift – 7")]).await;
        let executor = Executor::new(site.ledger().await);
        let authorization = executor.ledger().authorization();
        assert_eq!(authorization.user_by_name("ada\u{200b}"), Some(user));
        assert_eq!(authorization.user_by_name("wa\u{308}rter"), Some(decomposed));
        assert_eq!(authorization.user_by_name("wärter"), None, "an old name is found as it is stored");
        assert!(authorization.role(role).is_some_and(|role| &*role.name == "shift – 7"));
        assert_eq!(refusal(run(&executor, user_created(new_user(), "wärter")).await), taken("wärter"));
        run(&executor, renamed(decomposed, "wärter")).await.expect("their own name in its spelling");
        assert_eq!(authorization.user_by_name("wa\u{308}rter"), Some(decomposed));
        run(&executor, role_renamed(role, "shift – 7")).await.expect("the same name");
        assert!(run(&executor, role_renamed(role, "shift — 7")).await.is_err());
        site.must_be_sound(executor.ledger()).await;
    }

    async fn an_erased_person_leaves_the_list(site: Site) {
        let [ada, other, third] = [new_user(), new_user(), new_user()];
        old_ledger(&site, &[(ada, "ada"), (other, "Ada"), (third, "ADA")], &[]).await;
        let executor = Executor::new(site.ledger().await);
        let ledger = executor.ledger();
        for (id, left) in [(other, 1), (ada, 0), (third, 0)] {
            assert!(run(&executor, user_created(new_user(), "aDa")).await.is_err());
            ledger.erase_subject(&id.to_string()).await.expect("the ledger answers");
            assert_eq!(pairs(ledger).await.len(), left);
        }
        assert!(!pairs(ledger).await.concat().contains(&ERASED.to_owned()));
        run(&executor, user_created(new_user(), "aDa")).await.expect("nobody has such a name any more");
        let lists = "SELECT COUNT(*) FROM claims WHERE scope LIKE 'username_alike%'";
        assert_eq!(number(ledger.db(), lists).await, 1);
        run(&executor, deleted(ada)).await.expect("an erased user can go");
        assert_eq!(number(ledger.db(), lists).await, 1);
        site.must_be_sound(ledger).await;
    }

    async fn a_role_may_be_called_what_an_erased_person_is(site: Site) {
        old_ledger(&site, &[(new_user(), "ada")], &[(new_role(), ERASED), (new_role(), "line 7")]).await;
        let executor = Executor::new(site.ledger().await);
        assert_eq!(pairs(executor.ledger()).await, Vec::<[String; 2]>::new(), "all names are listed");
        assert!(run(&executor, role_created(new_role(), &ERASED.to_uppercase())).await.is_err());
        site.must_be_sound(executor.ledger()).await;
    }

    async fn a_long_list_of_names_stays_whole(site: Site) {
        const LETTERS: u32 = 7;
        // Each number stands for another choice of capitals.
        let variant = |number: u32| -> String {
            let letters = "operato".chars().zip(0..LETTERS);
            let capital = |(letter, at): (char, u32)| match number >> at & 1 {
                1 => letter.to_ascii_uppercase(),
                _ => letter,
            };
            letters.map(capital).collect()
        };
        let names: Vec<String> = (0..(1 << LETTERS) - 1).map(variant).collect();
        let last = variant((1 << LETTERS) - 1);
        let users: Vec<(UserId, &str)> = names.iter().map(|name| (new_user(), name.as_str())).collect();
        old_ledger(&site, &users, &[]).await;
        let executor = Executor::new(site.ledger().await);
        let ledger = executor.ledger();
        let owners = "SELECT COUNT(DISTINCT owner) FROM claims WHERE scope LIKE 'username_alike%'";
        let places = "SELECT COUNT(*) FROM claims WHERE scope LIKE 'username_alike%'";
        let mut left = users.len();
        for (at, (id, _)) in users.iter().enumerate() {
            // The first, the last, and some between.
            if at % 9 != 0 && at + 1 != users.len() {
                continue;
            }
            assert_eq!(refusal(run(&executor, user_created(new_user(), &last)).await), taken(&last));
            assert_eq!(refusal(run(&executor, renamed(*id, &last)).await), taken(&last));
            run(&executor, deleted(*id)).await.expect("a user who can go");
            left -= 1;
            let counts = (number(ledger.db(), owners).await, number(ledger.db(), places).await);
            assert_eq!(counts, (left as i64, left as i64));
            assert_eq!(pairs(ledger).await.len(), left - 1);
        }
        site.must_be_sound(ledger).await;
    }

    async fn nodes_that_start_at_the_same_time_fill_the_lists_once(site: Site) {
        old_ledger(&site, &[(new_user(), "Ada"), (new_user(), "ada")], &[]).await;
        let (one, other) = tokio::join!(open(&site.url), open(&site.url));
        assert_eq!(pairs(&one).await.len(), 1);
        assert_eq!(stored(&one).await, stored(&other).await);
        let commands = vec![user_created(new_user(), "ADA")];
        assert!(Executor::new(other).execute(commands, &metadata()).await.is_err());
    }

    async fn a_server_starts_although_the_read_models_lack_a_name(site: Site) {
        old_ledger(&site, &[(new_user(), "ada"), (new_user(), "grace")], &[]).await;
        let db = site.db().await;
        db.execute(sql("DELETE FROM user_directory WHERE username = 'grace'")).await.expect("a row");
        let ledger = site.ledger().await;
        let AlikeNames::Incomplete(incomplete) = ledger.alike_names().await.expect("an answer") else {
            panic!("a name is lacking");
        };
        assert_eq!(
            incomplete.to_string(),
            "2 names are claimed in scope username, but 1 are compared with new ones: `muniment rebuild` corrects this"
        );
        let executor = Executor::new(ledger);
        assert_eq!(refusal(run(&executor, user_created(new_user(), "ADA")).await), taken("ADA"));
    }

    async fn one_may_send_ones_present_name(site: Site) {
        let [ada, other, third] = [new_user(), new_user(), new_user()];
        let [role, like_it] = [new_role(), new_role()];
        old_ledger(&site, &[(ada, "Ada"), (other, "ada"), (third, "grace")], &[(role, "Line 7"), (like_it, "line 7")]).await;
        let executor = Executor::new(site.ledger().await);
        for (id, name) in [(ada, "Ada"), (other, "ada"), (third, "grace")] {
            let appended = run(&executor, renamed(id, name)).await.expect("their own name");
            assert!(appended.events.is_empty());
        }
        for (id, name) in [(role, "Line 7"), (like_it, "line 7")] {
            run(&executor, role_renamed(id, name)).await.expect("its own name");
        }
        // A change that does not concern the name is not judged.
        let update = UserCommand::Update(UpdateUser { mqtt_publish_prefix: Some(Some("plant/".to_owned())), ..UpdateUser::default() });
        run(&executor, Command::User(ada, update)).await.expect("a change of something else");
        run(&executor, renamed(third, "GRACE")).await.expect("their own name in another case");
        assert_eq!(refusal(run(&executor, renamed(third, "ADA")).await), taken("ADA"));
        site.must_be_sound(executor.ledger()).await;
    }

    async fn the_longest_old_names_fit(site: Site) {
        // One character stands for 18: the key has 8,415 bytes.
        let longest = "\u{fdfa}".repeat(255);
        old_ledger(&site, &[(new_user(), &longest)], &[(new_role(), &longest), (new_role(), &format!("a{}", &longest[3..]))]).await;
        let executor = Executor::new(site.ledger().await);
        assert_eq!(pairs(executor.ledger()).await, Vec::<[String; 2]>::new());
        run(&executor, role_created(new_role(), &"ΐ".repeat(127))).await.expect("a free name");
        assert!(run(&executor, role_created(new_role(), &"Ϊ\u{301}".repeat(127))).await.is_err());
        run(&executor, role_created(new_role(), &"ΐ".repeat(255))).await.expect("a free name");
        site.must_be_sound(executor.ledger()).await;
    }

    async fn a_program_that_does_not_compare_names_writes_until_the_lists_are_filled(site: Site) {
        old_ledger(&site, &[(new_user(), "ada")], &[]).await;
        let db = site.db().await;
        let old_writer = "UPDATE ledger_head SET recorded_at = recorded_at + 1 WHERE id = 1 AND lowest_writer <= 2";
        assert_eq!(db.execute(sql(old_writer)).await.expect("an update"), 1);
        let filling = open(&site.url).await;
        assert_eq!(db.execute(sql(old_writer)).await.expect("an update"), 0);
        let new = Site::new(site.engine).await;
        assert_eq!(new.ledger().await.db().execute(sql(old_writer)).await.expect("an update"), 0);
        filling.close().await;
    }

    async fn a_node_that_is_killed_while_it_fills_the_lists_leaves_none(site: Site) {
        let names: Vec<String> = (0..400).map(|number| format!("{}{}", ["Ada", "ada"][number % 2], number / 2)).collect();
        let users: Vec<(UserId, &str)> = names.iter().map(|name| (new_user(), name.as_str())).collect();
        old_ledger(&site, &users, &[]).await;
        let mut killed = 0;
        for moment in (0..600).step_by(12) {
            let child = Child::start(&Task::Open, &site.url);
            // The moment of the kill is arbitrary, so this test is allowed to sleep.
            tokio::time::sleep(Duration::from_millis(moment)).await;
            child.kill().await;
            let db = site.db().await;
            let lists = number(&db, "SELECT COUNT(*) FROM claims WHERE scope LIKE 'username_alike%'").await;
            let lowest = number(&db, "SELECT lowest_writer FROM ledger_head").await;
            assert!([(0, 2), (400, 10)].contains(&(lists, lowest)), "{lists} {lowest}");
            db.close().await;
            if lowest == 10 {
                age(&site).await;
                break;
            }
            killed += 1;
        }
        assert!(killed > 0);
        let ledger = site.ledger().await;
        assert_eq!(pairs(&ledger).await.len(), 200);
        site.must_be_sound(&ledger).await;
    }
}
