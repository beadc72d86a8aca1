//! The setting that lists the brokers.

use super::super::{Broker, Brokers};

#[test]
fn brokers_are_read_from_a_list() {
    let text = r#"[{"kind": "rabbitmq", "url": "http://127.0.0.1:15672/", "username": "a", "password": "hush"},
        {"kind": "mosquitto", "url": "mqtt://[::1]:1883", "username": "b"},
        {"kind": "emqx", "url": "https://h:1/base", "username": "c"},
        {"kind": "mosquitto", "url": "mqtts://h:8883", "username": "d"}]"#;
    let brokers = Brokers::parse(text).unwrap();
    let names: Vec<_> = brokers.iter().map(Broker::name).collect();
    assert_eq!(
        names,
        [
            "rabbitmq http://127.0.0.1:15672",
            "mosquitto mqtt://[::1]:1883",
            "emqx https://h:1/base",
            "mosquitto mqtts://h:8883"
        ]
    );
    assert!(brokers.have_user("a") && brokers.have_user("b") && !brokers.have_user("e"));
    assert!(!format!("{brokers:?}").contains("hush"));
    assert_eq!(Brokers::parse("[]").unwrap().iter().count(), 0);
}

#[test]
fn what_is_no_list_of_brokers_is_refused_and_not_repeated() {
    let one = r#"{"kind": "rabbitmq", "url": "http://h:1", "username": "a", "password": "hush"}"#;
    for wrong in [
        "hush".to_owned(),
        "{}".to_owned(),
        one.to_owned(),
        format!("[{one}, {one}]"),
        format!("[{}]", one.replace("rabbitmq", "hush")),
        format!("[{}]", one.replace("http://h:1", "mqtts://h:1")),
        format!("[{}]", one.replace("http://h:1", "http://h")),
        format!("[{}]", one.replace("http://h:1", "http://a:hush@h:1")),
        format!("[{}]", one.replace("http://h:1", "http://h:1/?hush")),
        format!("[{}]", one.replace("http://h:1", "mqtt://h:1")),
        format!("[{}]", one.replace("\"a\"", "\"\"")),
        format!("[{}]", one.replace("password", "passwort")),
        r#"[["rabbitmq", "http://h:1", "a", "hush"]"#.to_owned(),
    ] {
        let said = Brokers::parse(&wrong).unwrap_err();
        assert!(!said.contains("hush"), "{said}");
    }
}
