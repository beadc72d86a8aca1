//! Anyone can recompute the chain from an export, with any implementation of RFC 8785 and SHA-256.

use aggregates::{
    Event,
    role::RoleEvent,
    user::UserEvent,
    values::{Context, Operation, Permission, PermissionId},
};
use ledger::{
    Ledger, Metadata, NewEvent, Unit,
    ids::{Entropy, SystemEntropy},
};
use proptest::{prelude::*, test_runner::TestRunner};
use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio::runtime::Handle;

use super::{
    on_both_engines,
    site::{Site, new_role, new_user, stored, unit},
};

/// The export as an auditor receives it: JSON texts.
async fn export(ledger: &Ledger) -> Vec<String> {
    let export = |event: ledger::Stored| {
        let event = event.cloud_event(ledger.id()).expect("an event of the ledger");
        serde_json::to_string(&event).expect("an event is JSON")
    };
    stored(ledger).await.into_iter().map(export).collect()
}

/// The chain's last hash, recomputed from the export alone.
fn recompute(export: &[String]) -> Result<[u8; 32], String> {
    let mut previous = [0_u8; 32];
    for line in export {
        let mut event: Value = serde_json::from_str(line).expect("an exported event is JSON");
        let hash = event
            .as_object_mut()
            .and_then(|fields| fields.remove("hash"))
            .expect("a hash");
        let canonical = serde_json_canonicalizer::to_vec(&event).expect("an event has a canonical form");
        let mut digest = Sha256::new();
        digest.update(previous);
        digest.update(canonical);
        previous = digest.finalize().into();
        let computed: String = previous.iter().map(|byte| format!("{byte:02x}")).collect();
        if hash != computed.as_str() {
            return Err(format!("{line}: computed {computed}"));
        }
    }
    Ok(previous)
}

async fn must_recompute(ledger: &Ledger) {
    let head = ledger.head().await.expect("the head");
    assert_eq!(recompute(&export(ledger).await), Ok(head.hash));
    assert_eq!(ledger.verify(|_| ()).await.expect("readable").flaw, None);
}

/// An event and metadata with `text` in every place where a text is free.
fn saying(text: &str) -> Unit {
    let mut unit = unit(vec![NewEvent {
        aggregate_id: new_user().to_string(),
        sequence: 1,
        event: Event::User(UserEvent::PublishPrefixChanged {
            mqtt_publish_prefix: Some(text.to_owned()),
        }),
    }]);
    unit.metadata = Metadata {
        actor: text.to_owned(),
        onbehalfof: Some(text.to_owned()),
        face: text.to_owned(),
        requestid: Some(text.to_owned()),
        correlationid: Some(text.to_owned()),
        causationid: Some(text.to_owned()),
        address: None,
    };
    unit
}

on_both_engines! {
    async fn the_chain_is_recomputed_from_an_export(site: Site) {
        let ledger = site.ledger().await;
        let all_controls: String = (1..=0x9f_u8).map(char::from).collect();
        let long = "\u{1F600}\\\"".repeat(10_000);
        for text in [
            "",
            "plain",
            "\"quoted\" and \\escaped\\ and /slashed/",
            &all_controls,
            "wärter 守衛 \u{1F510} e\u{301} \u{200b}\u{2028}\u{2029}\u{feff}\u{ffff}\u{10ffff}",
            "\\u0041 \\ud800 </script> \u{7f}",
            &long,
        ] {
            ledger.append(saying(text)).await.expect("any text but NUL can be recorded");
        }
        let resource = format!("{}/#", "\u{e9}/".repeat(20_000));
        let permission = Permission::new(
            PermissionId(SystemEntropy.uuid()),
            resource.parse().expect("a filter"),
            Operation::Read,
            Context::Mqtt,
        )
        .expect("a permission");
        let added = Event::Role(RoleEvent::PermissionAdded { permission });
        ledger
            .append(unit(vec![NewEvent { aggregate_id: new_role().to_string(), sequence: 1, event: added }]))
            .await
            .expect("a long resource");
        let mut sealed = crate::ledger::site::role_unit(new_role(), "sealed");
        sealed.metadata.address = Some("2001:db8::1".to_owned());
        ledger.append(sealed).await.expect("an address");
        must_recompute(&ledger).await;
    }

    async fn the_chain_of_any_texts_is_recomputed(site: Site) {
        let ledger = site.ledger().await;
        let texts = prop::collection::vec(any::<String>(), 1..8);
        let mut runner = TestRunner::new(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() });
        tokio::task::block_in_place(|| {
            runner.run(&texts, |texts| {
                Handle::current().block_on(async {
                    for text in texts {
                        // Postgres cannot store NUL in JSON.
                        let unit = saying(&text.replace('\0', "0"));
                        ledger.append(unit).await.expect("any text but NUL can be recorded");
                    }
                    must_recompute(&ledger).await;
                    Ok(())
                })
            })
        })
        .expect("every chain should be recomputed");
    }
}

#[test]
fn an_export_with_a_change_is_not_recomputed() {
    let line = r#"{"id":"1","hash":"00"}"#.to_owned();
    assert!(recompute(&[line]).is_err());
    assert_eq!(recompute(&[]), Ok([0; 32]));
}
