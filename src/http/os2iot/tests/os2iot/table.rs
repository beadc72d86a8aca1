//! Who gets which status from each endpoint: `table.txt`, which people read and compare with contracts/os2iot.md section 2.
//!
//! A new endpoint needs a case in [`Table::cases`]; then `UPDATE_SNAPSHOTS=1` writes its row.

mod callers;

use std::{cell::Cell, fmt::Write as _, path::PathBuf};

use http::Method;
use serde_json::json;

use self::callers::{Column, columns};
use super::*;
use crate::support::{both_engines, faces::operations_under};

const COMMITTED: &str = include_str!("table.txt");

/// What the file says before its rows.
const LEGEND: &str = "\
Who gets which status from the endpoints under /api/v1. The things of each request are of the organisation \"here\".
Each caller deletes another organisation, which is \"here\" for them.
A caller \"here\" has the level in this organisation; a caller \"there\" has it in another one, and nothing here.
  G GlobalAdmin   U OrganizationUserAdmin   W OrganizationGatewayAdmin   A OrganizationApplicationAdmin   R Read
  ended: an expired key, a revoked key, a deactivated user, a user who must change the password. All four are of the level G.
\"+\" after a status: the answer to a GET shows something of the organisation \"here\".
Written by UPDATE_SNAPSHOTS=1 cargo nextest run -p os2iot -E 'test(each_endpoint_answers_each_caller_as_the_table_says)'
";

/// A request of the table.
struct Case {
    method: Method,
    /// The path of the operation, as the document has it.
    path: &'static str,
    /// What tells cases of one operation apart.
    about: &'static str,
    /// What is asked: the values of the path's parameters, and the query.
    asked: Asked,
}

/// What a case needs before each call, and what it sends then.
enum Asked {
    /// The same request for all.
    Same { to: String, body: Option<Value> },
    /// A request with a body of its own for each caller: names are taken once.
    Numbered {
        to: String,
        body: fn(&Scene, i64) -> Value,
    },
    /// A request about a thing of the organisation "here" that a global administrator makes for each caller. If the thing is an organisation, it
    /// is "here": a caller "here" gets their level in it.
    About {
        thing: Thing,
        body: Option<fn(&Scene) -> Value>,
    },
    /// Somebody waits for the organisation "here" before each call.
    Awaiting(fn(&Scene, i64) -> Value),
}

impl Case {
    fn same(
        method: Method,
        path: &'static str,
        about: &'static str,
        to: String,
        body: Option<Value>,
    ) -> Self {
        let asked = Asked::Same { to, body };
        Self {
            method,
            path,
            about,
            asked,
        }
    }

    fn numbered(path: &'static str, about: &'static str, body: fn(&Scene, i64) -> Value) -> Self {
        let asked = Asked::Numbered {
            to: path.to_owned(),
            body,
        };
        Self {
            method: Method::POST,
            path,
            about,
            asked,
        }
    }

    fn about(
        method: Method,
        path: &'static str,
        about: &'static str,
        thing: Thing,
        body: Option<fn(&Scene) -> Value>,
    ) -> Self {
        let asked = Asked::About { thing, body };
        Self {
            method,
            path,
            about,
            asked,
        }
    }

    fn awaiting(path: &'static str, body: fn(&Scene, i64) -> Value) -> Self {
        let asked = Asked::Awaiting(body);
        Self {
            method: Method::PUT,
            path,
            about: "",
            asked,
        }
    }

    /// How the file calls it.
    fn label(&self) -> String {
        let Self {
            method, path, about, ..
        } = self;
        match *about {
            "" => format!("{method} {path}"),
            about => format!("{method} {path} ({about})"),
        }
    }
}

/// A thing that may be deleted.
#[derive(Clone, Copy)]
enum Thing {
    Application,
    Group,
    Key,
    Organisation,
}

struct Table {
    scene: Scene,
    /// A key of the organisation "here", and somebody who reads there.
    key: i64,
    reader: i64,
    /// Somebody of no organisation, who asks to be let in; and the caller.
    waiting: (i64, Client),
    made: Cell<i64>,
}

impl Table {
    async fn new(server: &Server) -> Self {
        let scene = Scene::new(server).await;
        let key = json!({ "name": "Aarhus key", "permissionIds": [scene.groups[0][3]] });
        let key = id(&scene.global.post("/api/v1/api-key", key).await.expect(201).json());
        let reader = new_user(&scene.global, "Aarhus-reader", &[scene.groups[0][3]]).await;
        let number = new_user(&scene.global, "waiting", &[]).await;
        let waiting = login(server, "waiting@example.org", SECRET).await;
        let made = Cell::new(0);
        Self {
            scene,
            key,
            reader,
            waiting: (number, waiting),
            made,
        }
    }

    /// All requests, in the order of the file.
    #[expect(clippy::too_many_lines, reason = "it is one list")]
    fn cases(&self) -> Vec<Case> {
        let scene = &self.scene;
        let [here, _] = scene.organisations;
        let (group, user, application) = (scene.groups[0][3], self.reader, scene.applications[0]);
        let get = |path, about, to: String| Case::same(Method::GET, path, about, to, None);
        let put = |path, about, to: String, body| Case::same(Method::PUT, path, about, to, Some(body));
        let admin = json!({ "username": "nobody@example.org", "password": "wrong" });
        vec![
            get("/", "", "/".into()),
            get("/healthcheck", "", "/healthcheck".into()),
            Case::same(
                Method::POST,
                "/auth/login",
                "a wrong password",
                "/auth/login".into(),
                Some(admin),
            ),
            get("/auth/profile", "", "/auth/profile".into()),
            get("/auth/me", "", "/auth/me".into()),
            get(
                "/api-key-info/organization",
                "",
                "/api-key-info/organization".into(),
            ),
            get("/kombitCreation/minimal", "", "/kombitCreation/minimal".into()),
            get(
                "/kombitCreation/minimalUsers",
                "",
                "/kombitCreation/minimalUsers".into(),
            ),
            get("/kombitCreation/{id}", "", format!("/kombitCreation/{user}")),
            put(
                "/kombitCreation/createNewKombitUser",
                "with an address",
                "/kombitCreation/createNewKombitUser".into(),
                json!({ "email": "taken-0@example.org", "requestedOrganizationIds": [here] }),
            ),
            put(
                "/kombitCreation/updateUserOrgs",
                "",
                "/kombitCreation/updateUserOrgs".into(),
                json!({ "requestedOrganizationIds": [here] }),
            ),
            get("/organization", "", "/organization".into()),
            get("/organization/minimal", "", "/organization/minimal".into()),
            get(
                "/organization/applicationAdmin",
                "",
                "/organization/applicationAdmin".into(),
            ),
            get(
                "/organization/gatewayAdmin",
                "",
                "/organization/gatewayAdmin".into(),
            ),
            get("/organization/{id}", "", format!("/organization/{here}")),
            Case::numbered(
                "/organization",
                "",
                |_, number| json!({ "name": format!("New {number}") }),
            ),
            put(
                "/organization/{id}",
                "",
                format!("/organization/{here}"),
                json!({ "name": "Aarhus" }),
            ),
            Case::about(
                Method::DELETE,
                "/organization/{id}",
                "",
                Thing::Organisation,
                None,
            ),
            get("/permission", "", "/permission".into()),
            get(
                "/permission",
                "of here",
                format!("/permission?organisationId={here}"),
            ),
            get(
                "/permission",
                "of a user of here",
                format!("/permission?userId={user}"),
            ),
            get(
                "/permission/applicationAdmin",
                "",
                "/permission/applicationAdmin".into(),
            ),
            get(
                "/permission/applicationAdmin",
                "of here",
                format!("/permission/applicationAdmin?organisationId={here}"),
            ),
            get(
                "/permission/getAllPermissionsWithoutUsers",
                "",
                "/permission/getAllPermissionsWithoutUsers".into(),
            ),
            get(
                "/permission/getAllPermissionsWithoutUsers",
                "of here",
                format!("/permission/getAllPermissionsWithoutUsers?organisationId={here}"),
            ),
            get("/permission/{id}", "", format!("/permission/{group}")),
            get("/permission/{id}", "GlobalAdmin", "/permission/1".into()),
            get(
                "/permission/{id}/applications",
                "",
                format!("/permission/{group}/applications"),
            ),
            get("/permission/{id}/users", "", format!("/permission/{group}/users")),
            Case::numbered("/permission", "", |scene, number| {
                json!({
                    "name": format!("New {number}"), "organizationId": scene.organisations[0],
                    "levels": [{ "type": "Read" }], "userIds": [], "applicationIds": [],
                })
            }),
            Case::numbered("/permission", "of the level G", |scene, number| {
                json!({
                    "name": format!("New {number}"), "organizationId": scene.organisations[0],
                    "levels": [{ "type": "GlobalAdmin" }], "userIds": [], "applicationIds": [],
                })
            }),
            put(
                "/permission/{id}",
                "",
                format!("/permission/{group}"),
                json!({ "userIds": [user, scene.users[0][3]] }),
            ),
            put(
                "/permission/{id}",
                "GlobalAdmin",
                "/permission/1".into(),
                json!({ "name": "GlobalAdmin" }),
            ),
            Case::awaiting("/permission/acceptUser", |scene, number| {
                json!({
                    "organizationId": scene.organisations[0], "userId": number, "permissionIds": [scene.groups[0][3]],
                })
            }),
            Case::about(Method::DELETE, "/permission/{id}", "", Thing::Group, None),
            Case::same(
                Method::DELETE,
                "/permission/{id}",
                "GlobalAdmin",
                "/permission/1".into(),
                None,
            ),
            get("/user", "", "/user".into()),
            get("/user/minimal", "", "/user/minimal".into()),
            get("/user/awaitingUsers", "", "/user/awaitingUsers".into()),
            get(
                "/user/awaitingUsers/{organizationId}",
                "",
                format!("/user/awaitingUsers/{here}"),
            ),
            get(
                "/user/organizationUsers/{organizationId}",
                "",
                format!("/user/organizationUsers/{here}"),
            ),
            get("/user/{id}", "", format!("/user/{user}")),
            get("/user/{id}", "a global administrator", "/user/1".into()),
            Case::numbered("/user", "", |scene, number| {
                json!({
                    "name": "New", "email": format!("new-{number}@example.org"), "password": SECRET, "active": true,
                    "permissionIds": [scene.groups[0][3]],
                })
            }),
            Case::numbered("/user", "a global administrator", |_, number| {
                json!({
                    "name": "New", "email": format!("new-{number}@example.org"), "password": SECRET, "active": false,
                    "globalAdmin": true,
                })
            }),
            put(
                "/user/{id}",
                "the groups",
                format!("/user/{user}"),
                json!({ "name": "Aarhus-reader", "active": true, "permissionIds": [group] }),
            ),
            put(
                "/user/{id}",
                "the password",
                format!("/user/{user}"),
                json!({ "name": "Aarhus-reader", "active": true, "permissionIds": [group], "password": SECRET }),
            ),
            put(
                "/user/{id}/hide-welcome",
                "",
                format!("/user/{user}/hide-welcome"),
                json!({}),
            ),
            Case::awaiting("/user/rejectUser", |scene, number| {
                json!({
                    "orgId": scene.organisations[0], "userIdToReject": number,
                })
            }),
            get("/api-key", "", "/api-key".into()),
            get("/api-key", "of here", format!("/api-key?organizationId={here}")),
            get("/api-key/{id}", "", format!("/api-key/{}", self.key)),
            Case::numbered(
                "/api-key",
                "",
                |scene, _| json!({ "name": "New", "permissionIds": [scene.groups[0][3]] }),
            ),
            Case::numbered(
                "/api-key",
                "of GlobalAdmin",
                |_, _| json!({ "name": "New", "permissionIds": [1] }),
            ),
            put(
                "/api-key/{id}",
                "",
                format!("/api-key/{}", self.key),
                json!({ "name": "Aarhus key", "permissionIds": [group] }),
            ),
            Case::about(Method::DELETE, "/api-key/{id}", "", Thing::Key, None),
            get("/application", "", "/application".into()),
            get(
                "/application",
                "of here",
                format!("/application?organizationId={here}"),
            ),
            get("/application/{id}", "", format!("/application/{application}")),
            get("/application/{id}", "unknown", "/application/4711".into()),
            get(
                "/application/{id}/filter-information",
                "of here",
                format!("/application/{here}/filter-information"),
            ),
            get(
                "/application/{id}/application-dashboard-data",
                "of here",
                format!("/application/{here}/application-dashboard-data"),
            ),
            Case::numbered("/application", "", |scene, number| {
                json!({
                    "name": format!("New {number}"), "organizationId": scene.organisations[0],
                })
            }),
            put(
                "/application/{id}",
                "",
                format!("/application/{application}"),
                json!({ "name": "App 0", "organizationId": here }),
            ),
            put(
                "/application/updateApplicationOrganization/{id}",
                "to the same organisation",
                format!("/application/updateApplicationOrganization/{application}"),
                json!({ "organizationId": here, "permissionIds": [scene.groups[0][2], group] }),
            ),
            Case::about(
                Method::PUT,
                "/application/updateApplicationOrganization/{id}",
                "from here to there",
                Thing::Application,
                Some(|scene| json!({ "organizationId": scene.organisations[1] })),
            ),
            Case::about(Method::DELETE, "/application/{id}", "", Thing::Application, None),
        ]
    }

    /// The status that a caller gets, and whether the answer shows something of the organisation "here".
    async fn cell(&self, case: &Case, column: &Column) -> String {
        let number = self.made.replace(self.made.get() + 1);
        let (to, body) = match &case.asked {
            Asked::Same { to, body } => (to.clone(), body.clone()),
            Asked::Numbered { to, body } => (to.clone(), Some(body(&self.scene, number))),
            Asked::About { thing, body } => {
                let id = self.make(*thing, number).await;
                if matches!(thing, Thing::Organisation) {
                    column.come_to(&self.scene, id).await;
                }
                let id = id.to_string();
                (case.path.replace("{id}", &id), body.map(|body| body(&self.scene)))
            }
            Asked::Awaiting(body) => {
                self.await_here().await;
                (case.path.to_owned(), Some(body(&self.scene, self.waiting.0)))
            }
        };
        let answer = column
            .call(case.method.clone(), &format!("/api/v1{to}"), body)
            .await;
        if let Asked::About {
            thing: Thing::Organisation,
            ..
        } = case.asked
            && answer.status != 200
        {
            // Nothing of it stays for the next cases.
            self.scene.global.delete(format!("/api/v1{to}")).await.expect(200);
        }
        let shows = case.method == Method::GET && self.is_of_here(&answer.text());
        format!("{}{}", answer.status, if shows { "+" } else { "" })
    }

    fn is_of_here(&self, text: &str) -> bool {
        let group = format!(" of {}\"", self.scene.organisations[0]);
        let user = LEVELS.map(|level| format!("{}-0", level.to_lowercase()));
        let marks = ["Aarhus", "App 0", &group].into_iter();
        marks
            .chain(user.iter().map(String::as_str))
            .any(|mark| text.contains(mark))
    }

    /// Makes a thing of the organisation "here", or another organisation.
    async fn make(&self, thing: Thing, number: i64) -> i64 {
        let Scene {
            global,
            organisations,
            groups,
            ..
        } = &self.scene;
        let name = format!("Made {number}");
        match thing {
            Thing::Application => {
                application(global, organisations[0], &name, &[groups[0][2], groups[0][3]]).await
            }
            Thing::Group => group(global, organisations[0], "Read").await,
            Thing::Key => {
                let key = json!({ "name": name, "permissionIds": [groups[0][3]] });
                id(&global.post("/api/v1/api-key", key).await.expect(201).json())
            }
            Thing::Organisation => organisation(global, &name).await,
        }
    }

    /// Somebody asks to be let into the organisation "here", in which they have no group.
    async fn await_here(&self) {
        let (number, caller) = &self.waiting;
        let out = json!({ "name": "waiting", "active": true, "permissionIds": [] });
        let path = format!("/api/v1/user/{number}");
        self.scene.global.put(path, out).await.expect(200);
        let asks = json!({ "requestedOrganizationIds": [self.scene.organisations[0]] });
        caller
            .put("/api/v1/kombitCreation/updateUserOrgs", asks)
            .await
            .expect(200);
    }
}

/// A line of the file: what it is about, and a word for each column.
fn line(about: &str, width: usize, columns: &[Column], words: &[String]) -> String {
    let mut text = format!("{about:width$}");
    let mut group = "";
    for (column, word) in columns.iter().zip(words) {
        let begins = column.group != group;
        group = column.group;
        let _ = write!(text, "{}{word:<5}", if begins { " | " } else { "" });
    }
    text.trim_end().to_owned() + "\n"
}

/// The lines that name the columns: first their groups, each over its first column.
fn headings(width: usize, columns: &[Column]) -> String {
    let mut text = format!("{:width$}", "");
    for group in columns.chunk_by(|one, next| one.group == next.group) {
        let (name, across) = (group[0].group, group.len() * 5);
        let _ = write!(text, " | {name:<across$}");
    }
    let words: Vec<String> = columns.iter().map(|column| column.name.to_owned()).collect();
    text.trim_end().to_owned() + "\n" + &line("", width, columns, &words)
}

/// The file, as this server answers.
async fn asked(server: &Server) -> String {
    let table = Table::new(server).await;
    let (columns, cases) = (columns(server, &table.scene).await, table.cases());
    must_be_complete(&cases);
    let width = cases
        .iter()
        .map(|case| case.label().len())
        .max()
        .unwrap_or_default();
    let mut text = format!("{LEGEND}\n{}", headings(width, &columns));
    for case in &cases {
        let mut cells = Vec::new();
        for column in &columns {
            cells.push(table.cell(case, column).await);
        }
        text += &line(&case.label(), width, &columns, &cells);
    }
    text
}

/// Fails if an operation has no case, or a case no operation.
fn must_be_complete(cases: &[Case]) {
    let mut operations = operations_under("/api/v1");
    let mut named: Vec<(String, String)> = cases
        .iter()
        .map(|case| {
            (
                case.method.as_str().to_lowercase(),
                format!("/api/v1{}", case.path),
            )
        })
        .collect();
    operations.sort();
    named.sort();
    named.dedup();
    assert_eq!(named, operations, "each operation needs a case in `Table::cases`");
}

/// Where the file is. This test is a part of the tests of this crate, and of those of the binary.
fn path() -> PathBuf {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let of_crate = here.join("tests/os2iot/table.txt");
    match of_crate.exists() {
        true => of_crate,
        false => here.join("src/http/os2iot/tests/os2iot/table.txt"),
    }
}

both_engines! {
    async fn each_endpoint_answers_each_caller_as_the_table_says(server: Server) {
        let now = asked(&server).await;
        if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
            std::fs::write(path(), &now).expect("the table should be written");
            return;
        }
        let changed: Vec<_> = now.lines().zip(COMMITTED.lines()).filter(|(now, then)| now != then).collect();
        assert!(now == COMMITTED, "callers get other statuses: {changed:#?}");
    }
}
