//! The sources of settings: the file and the variables.

use std::{collections::BTreeMap, path::PathBuf};

use toml::Spanned;

use super::{Setting, SettingsError};

/// The prefix of every variable's name.
const PREFIX: &str = "MUNIMENT_";
/// The variable that names the file.
const CONFIG: &str = "MUNIMENT_CONFIG";
/// The file that is read if it exists.
const DEFAULT_FILE: &str = "muniment.toml";

/// The text of the file, and the variables of the process.
pub(super) fn of_process() -> Result<(String, BTreeMap<String, String>), SettingsError> {
    let variables: BTreeMap<String, String> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, _)| name.starts_with(PREFIX))
        .collect();
    let named = variables.get(CONFIG).map(PathBuf::from);
    let path = named.clone().unwrap_or_else(|| PathBuf::from(DEFAULT_FILE));
    let file = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(SettingsError::new(path.display().to_string(), error)),
    };
    Ok((file, variables))
}

/// The texts of the settings that are set, by the names of variables.
pub(super) struct Values {
    set: BTreeMap<String, String>,
    /// The line numbers of the settings in the file.
    lines: BTreeMap<String, usize>,
}

impl Values {
    /// Takes the text of a file and variables. The variables win.
    pub(super) fn of(file: &str, mut variables: BTreeMap<String, String>) -> Result<Self, SettingsError> {
        // toml's message about a malformed file quotes it, and the file may hold secrets. So the message names only the
        // line.
        let wrong = |error: toml::de::Error| {
            let line = line_of(file, error.span().map_or(0, |span| span.start));
            let reason = format!("line {line}: not valid TOML, or a value of the wrong kind");
            SettingsError::new("file", reason)
        };
        let in_file: BTreeMap<Spanned<String>, toml::Value> = toml::from_str(file).map_err(wrong)?;
        variables.remove(CONFIG);
        let (mut set, mut lines) = (BTreeMap::new(), BTreeMap::new());
        for (name, value) in in_file {
            let line = line_of(file, name.span().start);
            lines.insert(name.get_ref().clone(), line);
            set.insert(variable(name.get_ref()), text_of(value));
        }
        set.extend(variables);
        Ok(Self { set, lines })
    }

    /// Refuses unknown names, so that a typing mistake does not pass unnoticed.
    pub(super) fn refuse_unknown<'a>(
        &self,
        known: impl Iterator<Item = &'a Setting>,
    ) -> Result<(), SettingsError> {
        let known: Vec<String> = known.map(|setting| setting.name.to_owned()).collect();
        if let Some((name, line)) = self.lines.iter().find(|(name, _)| !known.contains(name)) {
            let reason = format!("line {line}: there is no setting `{name}`");
            return Err(SettingsError::new("file", reason));
        }
        let known: Vec<String> = known.iter().map(|name| variable(name)).collect();
        match self.set.keys().find(|name| !known.contains(name)) {
            Some(name) => Err(SettingsError::new(name, "there is no such setting")),
            None => Ok(()),
        }
    }

    /// The text of a setting, if it is set.
    pub(super) fn take(&mut self, name: &str) -> Option<String> {
        self.set.remove(&variable(name))
    }

    /// The value of a setting that has a default.
    pub(super) fn read<T>(
        &mut self,
        name: &str,
        default: &str,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Result<T, SettingsError> {
        let text = self.take(name);
        let text = text.as_deref().unwrap_or(default);
        read(text).map_err(|reason| SettingsError::new(name, reason))
    }

    /// The value of a setting, if it is set.
    pub(super) fn read_if_set<T>(
        &mut self,
        name: &str,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Result<Option<T>, SettingsError> {
        let text = self.take(name);
        let read = text.map(|text| read(&text)).transpose();
        read.map_err(|reason| SettingsError::new(name, reason))
    }
}

fn variable(name: &str) -> String {
    format!("{PREFIX}{}", name.to_uppercase())
}

fn line_of(file: &str, at: usize) -> usize {
    file.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}

fn text_of(value: toml::Value) -> String {
    match value {
        toml::Value::String(text) => text,
        toml::Value::Table(_) => serde_json::to_string(&value).unwrap_or_default(),
        other => other.to_string(),
    }
}
