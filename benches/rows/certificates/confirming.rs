//! Devices that registered with a request for a certificate are confirmed, beside another durable command over the same connections.

use serde_json::json;

use super::{Ask, CONNECTIONS, device, devices, send_all};
use crate::{
    context::{Bench, Result},
    measure::Series,
    progress, seed,
    server::Server,
    table::{Row, Table},
};

/// How long the registry is open: longer than the group takes.
const OPEN_MS: u64 = 24 * 3600 * 1_000;

/// Measures the rows.
pub(super) async fn measure(bench: &Bench, table: &mut Table, server: &Server, token: &str) -> Result<()> {
    let (address, count) = (server.address(), devices(bench));
    let open = ask(204, "open", json!({ "duration": OPEN_MS }));
    send_all(address, token, vec![open]).await?;
    let (mut registered, mut confirmed) = (Series::default(), Series::default());
    let (mut granted, mut made, mut bodies) = (Series::default(), Series::default(), Vec::new());
    for round in 0..bench.options.rounds as u64 {
        progress(&format!("  round {}: {count} devices", round + 1));
        bodies.clear();
        for number in 0..count {
            let name = format!("bench.device.{round}.{number}");
            bodies.push((device::csr(&name)?, name));
        }
        let register = bodies
            .iter()
            .map(|(csr, name)| ask(202, "register", json!({ "username": name, "csr": csr })));
        registered.push(send_all(address, "", register.collect()).await?);
        let confirm = bodies
            .iter()
            .map(|(_, name)| ask(201, "confirm", json!({ "username": name })));
        let grant = (0..count).map(|number| Ask {
            status: 204,
            method: "POST",
            path: format!("/api/users/{}/roles", seed::user(number)),
            body: json!({ "roleId": seed::role(round).to_string() }).to_string(),
        });
        let make = (0..count).map(|number| Ask {
            status: 201,
            method: "POST",
            path: "/api/users".to_owned(),
            body: json!({
                "username": format!("bench.made.{round}.{number}"), "identityProvider": "local",
                "grantTypes": [{ "method": "certificate", "isRequired": false }]
            })
            .to_string(),
        });
        granted.push(send_all(address, token, grant.collect()).await?);
        made.push(send_all(address, token, make.collect()).await?);
        confirmed.push(send_all(address, token, confirm.collect()).await?);
    }
    let note = format!("{count} devices, each once; {CONNECTIONS} connections");
    table.add(
        Row::rate(
            "devices with a request confirmed over HTTP",
            "commands/s",
            &confirmed,
        )
        .beside("GrantRole over HTTP, as many", &granted)
        .goal(0.8)
        .note(note.clone()),
    );
    table.add(
        Row::rate(
            "devices with a request confirmed over HTTP",
            "commands/s",
            &confirmed,
        )
        .beside("CreateUser over HTTP, without a password", &made)
        .note(note),
    );
    table.add(Row::rate(
        "devices with a request registered over HTTP",
        "commands/s",
        &registered,
    ));
    Ok(())
}

fn ask(status: u16, operation: &str, body: serde_json::Value) -> Ask {
    Ask {
        status,
        method: "POST",
        path: format!("/api/client-registry/{operation}"),
        body: body.to_string(),
    }
}
