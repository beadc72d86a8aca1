use super::*;

fn read(file: &str, variables: &[(&str, &str)]) -> Result<Settings, String> {
    let variables = variables
        .iter()
        .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
        .collect();
    Settings::from(file, variables, [].iter()).map_err(|error| error.to_string())
}

#[test]
fn without_settings_it_is_sqlite_on_loopback() {
    let settings = read("", &[]).unwrap();
    assert_eq!(settings.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(settings.database().as_str(), "sqlite:muniment-data/muniment.db");
}

#[test]
fn variables_win_over_the_file() {
    let file = "listen = \"127.0.0.1:1\"\ntoken_hours = 2\n[password_policy]\nmin = 9\n";
    let settings = read(file, &[("MUNIMENT_LISTEN", "127.0.0.1:0")]).unwrap();
    assert_eq!(settings.listen.port(), 0);
    assert_eq!(settings.token_hours, 2);
    assert_eq!(settings.password_policy.min, 9);
}

/// It may be older than the policy, and is used at the first start only.
#[test]
fn the_administrators_password_is_judged_when_it_is_used() {
    let settings = read("", &[("MUNIMENT_ADMIN_PASSWORD", "1234")]);
    assert!(settings.is_ok(), "{:?}", settings.err());
}

#[test]
fn mistakes_are_refused_and_named() {
    for (name, value) in [
        ("MUNIMENT_LISTEN", "nowhere"),
        ("MUNIMENT_DATABASE_URL", "mysql://x"),
        ("MUNIMENT_PASSWORD_POLICY", "{\"min\":\"x\"}"),
        ("MUNIMENT_TOKEN_HOURS", "0"),
        ("MUNIMENT_STALE_AFTER_MS", "499"),
        ("MUNIMENT_CONNECTIONS", "0"),
        ("MUNIMENT_PASSWORD_QUEUE", "0"),
        ("MUNIMENT_PASSWORD_QUEUE", "4097"),
        ("MUNIMENT_HEAVY_WORKERS", "129"),
        ("MUNIMENT_HEAVY_QUEUE", "1001"),
        ("MUNIMENT_HEAD_PATIENCE_MS", "99"),
        ("MUNIMENT_PUBLIC_URL", "muniment.example.com"),
        ("MUNIMENT_PUBLIC_URL", "https://muniment.example.com/?a"),
        ("MUNIMENT_TRUSTED_PROXIES", "10.0.0.0/8, localhost"),
        ("MUNIMENT_LISTN", "127.0.0.1:0"),
    ] {
        let error = read("", &[(name, value)])
            .err()
            .unwrap_or_else(|| panic!("{name} was accepted"));
        let setting = name.trim_start_matches("MUNIMENT_").to_lowercase();
        assert!(error.to_lowercase().contains(&setting), "{error}");
    }
    let error = read("admin_password = \"swordfish\"\nadmin_pasword = \"x\"", &[])
        .err()
        .unwrap();
    assert!(
        error.contains("line 2") && error.contains("admin_pasword"),
        "{error}"
    );
    assert!(
        !read("admin_password = swordfish", &[])
            .err()
            .unwrap()
            .contains("swordfish")
    );
}

#[test]
fn hooks_need_a_secret_and_listen_on_loopback_unless_told() {
    assert!(read("", &[]).unwrap().hooks_listen.is_none());
    let error = read("hooks_listen = \"127.0.0.1:0\"", &[]).err().unwrap();
    assert_eq!(error, "setting hooks_secret: hooks_listen needs it");
    let error = read("hooks_secret = \"fifteen letters\"", &[]).err().unwrap();
    assert_eq!(error, "setting hooks_secret: must have at least 16 characters");
    let read = |listen: &str| {
        let file = format!("hooks_listen = \"{listen}\"\nhooks_secret = \"sixteen  letters\"");
        read(&file, &[]).map(|settings| settings.hooks_listen.unwrap().to_string())
    };
    assert_eq!(read("8081").unwrap(), "127.0.0.1:8081");
    assert_eq!(read("0.0.0.0:8081").unwrap(), "0.0.0.0:8081");
    assert_eq!(read("[::1]:8081").unwrap(), "[::1]:8081");
    assert!(read("localhost").is_err());
}

#[test]
fn the_readme_has_each_setting_as_it_is_declared() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../README.md");
    let readme = std::fs::read_to_string(path).unwrap();
    let rows: Vec<String> = SETTINGS.iter().map(Setting::row).collect();
    let table = rows.join("\n") + "\n";
    assert!(readme.contains(&table), "the README's table should be:\n{table}");
}

#[test]
fn a_default_is_a_possible_value() {
    for setting in SETTINGS {
        if let Some(value) = setting.default.value() {
            assert_eq!((setting.check)(value), Ok(()), "{}", setting.name);
        }
    }
}

#[test]
fn a_face_has_settings_of_its_own() {
    static COUNTRY: Setting = Setting {
        name: "pki_country",
        default: Fallback::Value("DK"),
        doc: &["In certificates"],
        check: |text| {
            if text.len() == 2 {
                Ok(())
            } else {
                Err("must be two letters".to_owned())
            }
        },
    };
    let read = |file: &str| Settings::from(file, BTreeMap::new(), std::iter::once(&COUNTRY));
    assert_eq!(read("").unwrap().of_face(&COUNTRY), Some("DK"));
    assert_eq!(
        read("pki_country = \"DE\"").unwrap().of_face(&COUNTRY),
        Some("DE")
    );
    let error = read("pki_country = \"Denmark\"").err().unwrap().to_string();
    assert_eq!(error, "setting pki_country: must be two letters");
}
