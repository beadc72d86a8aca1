//! The type of a setting, and the macro that declares the settings that belong to no face.

/// A setting, declared once.
pub struct Setting {
    /// The name in the file. In upper case behind `MUNIMENT_`, it is the name of the variable.
    pub name: &'static str,
    /// What applies if the setting is not set.
    pub default: Fallback,
    /// What the setting is for, line by line.
    pub doc: &'static [&'static str],
    /// Checks a value. An error gives the reason, without the value.
    pub check: fn(&str) -> Result<(), String>,
}

/// What applies if a setting is not set.
#[derive(Clone, Copy, Debug)]
pub enum Fallback {
    /// This value.
    Value(&'static str),
    /// What these words describe.
    Otherwise(&'static str),
}

impl Fallback {
    /// The value, if there is one.
    pub(super) fn value(self) -> Option<&'static str> {
        match self {
            Self::Value(value) => Some(value),
            Self::Otherwise(_) => None,
        }
    }
}

impl Setting {
    /// The row of the setting in the README's table.
    pub fn row(&self) -> String {
        let default = match self.default {
            Fallback::Value(value) => format!("`{value}`"),
            Fallback::Otherwise(words) => words.to_owned(),
        };
        let doc: Vec<&str> = self.doc.iter().map(|line| line.trim()).collect();
        format!(
            "| `{}` | {default} | {} |",
            self.name.to_uppercase(),
            doc.join(" ")
        )
    }
}

/// Declares settings. `read` makes a value from a text, or gives the reason why it cannot.
macro_rules! settings {
    (
        with_default { $($(#[doc = $doc:literal])+ $name:ident: $type:ty = $default:literal, $read:expr;)+ }
        optional { $($(#[doc = $odoc:literal])+ $oname:ident: $otype:ty, else $otherwise:literal, $oread:expr;)+ }
    ) => {
        /// All settings, checked.
        pub struct Settings {
            $($(#[doc = $doc])+ pub $name: $type,)+
            $($(#[doc = $odoc])+ pub $oname: Option<$otype>,)+
            /// The texts of the settings that faces declare.
            of_faces: BTreeMap<&'static str, String>,
        }

        /// The settings that belong to no face.
        pub const SETTINGS: &[Setting] = &[
            $(Setting {
                name: stringify!($name),
                default: Fallback::Value($default),
                doc: &[$($doc),+],
                check: |text| {
                    let read: fn(&str) -> Result<$type, String> = $read;
                    read(text).map(drop)
                },
            },)+
            $(Setting {
                name: stringify!($oname),
                default: Fallback::Otherwise($otherwise),
                doc: &[$($odoc),+],
                check: |text| {
                    let read: fn(&str) -> Result<$otype, String> = $oread;
                    read(text).map(drop)
                },
            },)+
        ];

        impl Settings {
            fn take(values: &mut Values) -> Result<Self, SettingsError> {
                Ok(Self {
                    $($name: values.read(stringify!($name), $default, $read)?,)+
                    $($oname: values.read_if_set(stringify!($oname), $oread)?,)+
                    of_faces: BTreeMap::new(),
                })
            }
        }
    };
}
pub(super) use settings;
