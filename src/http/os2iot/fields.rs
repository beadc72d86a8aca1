//! The fields of a body, with refusals in the shape of this API: a list of objects, one for each field that breaks a rule
//! (contracts/os2iot.md section 0, "Validation error"). Fields that this API does not know are ignored, and nothing that could be a password comes back.

use std::collections::BTreeSet;

use aggregates::values::{Email, Ordinal, Timestamp, Title};
use axum::extract::{FromRequest, Request};
use serde_json::{Map, Value, json};
use server::{App, JsonBody, Refusal, RefusalKind};
use zeroize::Zeroizing;

/// The code of a refusal whose message is the JSON of a list of errors.
pub(crate) const VALIDATION: &str = "validation_failed";

/// A body of fields.
pub(crate) struct FieldsOf<T>(pub(crate) T);

/// A body that can be read from fields.
pub(crate) trait FromFields: Sized {
    /// Reads the fields. What breaks a rule is noted in `fields`; the result does not matter then.
    fn read(fields: &mut Fields) -> Self;
}

/// How large a body may be. A refusal repeats the body for each field that breaks a rule, as the published server does.
const MOST_BYTES: usize = 64 << 10;
/// How many things one field may name.
const MOST_NUMBERS: usize = 1_000;

/// The fields of a body, and the errors so far.
pub(crate) struct Fields {
    values: Map<String, Value>,
    errors: Vec<Value>,
}

impl<T: FromFields> FromRequest<App> for FieldsOf<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, app: &App) -> Result<Self, Refusal> {
        let body = JsonBody::<Map<String, Value>, MOST_BYTES>::from_request(request, app).await;
        let JsonBody(values) = body?;
        let mut fields = Fields {
            values,
            errors: Vec::new(),
        };
        let read = T::read(&mut fields);
        match fields.errors.is_empty() {
            true => Ok(Self(read)),
            false => Err(Refusal::new(
                RefusalKind::Invalid,
                VALIDATION,
                Value::from(fields.errors).to_string(),
            )),
        }
    }
}

fn is_secret(name: &str) -> bool {
    name.to_lowercase().contains("password")
}

impl Fields {
    /// Notes that a field breaks a rule.
    fn broken(&mut self, name: &str, rule: &str, because: &str) {
        let mut target = self.values.clone();
        target.retain(|name, _| !is_secret(name));
        let mut error = json!({
            "target": target,
            "property": name,
            "children": [],
            "constraints": { rule: format!("{name} {because}") },
        });
        if let (Some(value), Some(error), false) =
            (self.values.get(name), error.as_object_mut(), is_secret(name))
        {
            error.insert("value".to_owned(), value.clone());
        }
        self.errors.push(error);
    }

    /// The value of a field; none if it is absent or null.
    fn value(&self, name: &str) -> Option<Value> {
        self.values.get(name).filter(|value| !value.is_null()).cloned()
    }

    /// Whether the body has the field, even if it is null.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    /// A text of a length. NUL is refused, since no database stores it.
    pub(crate) fn text(&mut self, name: &str, most: usize) -> Option<String> {
        match self.value(name)? {
            Value::String(text) if text.contains('\0') => {
                self.broken(name, "isString", "must not contain NUL")
            }
            Value::String(text) if text.chars().count() <= most => return Some(text),
            Value::String(_) => {
                let because = format!("must be shorter than or equal to {most} characters");
                self.broken(name, "maxLength", &because);
            }
            _ => self.broken(name, "isString", "must be a string"),
        }
        None
    }

    /// A title of a length. It must be there if `required`.
    pub(crate) fn title(&mut self, name: &str, required: bool, least: usize, most: usize) -> Option<Title> {
        let Some(value) = self.value(name) else {
            if required {
                self.broken(name, "isString", "must be a string");
            }
            return None;
        };
        let Some(text) = value.as_str() else {
            self.broken(name, "isString", "must be a string");
            return None;
        };
        match Title::parse_within("name", text, least, most) {
            Ok(title) => Some(title),
            Err(invalid) => {
                let because = format!("{} ({least} to {most} characters)", invalid.rule);
                self.broken(name, "isLength", &because);
                None
            }
        }
    }

    /// An e-mail address.
    pub(crate) fn email(&mut self, name: &str, required: bool) -> Option<Email> {
        let text = match self.value(name) {
            Some(Value::String(text)) if !text.is_empty() => text,
            None if !required => return None,
            // The portal sends an empty text for a user who has none.
            Some(Value::String(_)) if !required => return None,
            _ => {
                self.broken(name, "isEmail", "must be an email");
                return None;
            }
        };
        let email = Email::parse(&text).ok();
        if email.is_none() {
            self.broken(name, "isEmail", "must be an email");
        }
        email
    }

    /// A password: 6 to 50 characters (contracts/os2iot.md, "/user").
    pub(crate) fn password(&mut self, name: &str, required: bool) -> Option<Zeroizing<String>> {
        match self.value(name) {
            Some(Value::String(text)) if (6..=50).contains(&text.chars().count()) => {
                Some(Zeroizing::new(text))
            }
            None if !required => None,
            Some(Value::String(text)) if text.is_empty() && !required => None,
            _ => {
                self.broken(name, "isLength", "must have 6 to 50 characters");
                None
            }
        }
    }

    /// `true` or `false`.
    pub(crate) fn bool(&mut self, name: &str, required: bool) -> Option<bool> {
        match self.value(name) {
            Some(Value::Bool(value)) => Some(value),
            None if !required => None,
            _ => {
                self.broken(name, "isBoolean", "must be a boolean value");
                None
            }
        }
    }

    /// The number of a thing.
    pub(crate) fn ordinal(&mut self, name: &str, required: bool) -> Option<Ordinal> {
        let value = self.value(name);
        let number = value.as_ref().and_then(Value::as_i64).and_then(Ordinal::new);
        if number.is_none() && (required || value.is_some()) {
            self.broken(
                name,
                "isNumber",
                "must be a number conforming to the specified constraints",
            );
        }
        number
    }

    /// Up to [`MOST_NUMBERS`] numbers of things, each once. They must be there if `required`, and at least one then.
    pub(crate) fn ordinals(&mut self, name: &str, required: bool) -> Option<BTreeSet<Ordinal>> {
        let Some(value) = self.value(name) else {
            if required {
                self.broken(name, "arrayNotEmpty", "should not be empty");
            }
            return None;
        };
        let Value::Array(values) = &value else {
            self.broken(name, "isArray", "must be an array");
            return None;
        };
        if values.len() > MOST_NUMBERS {
            let most = format!("must contain no more than {MOST_NUMBERS} elements");
            self.broken(name, "arrayMaxSize", &most);
            return None;
        }
        let numbers: Option<BTreeSet<Ordinal>> = values
            .iter()
            .map(|value| value.as_i64().and_then(Ordinal::new))
            .collect();
        match numbers {
            Some(numbers) if required && numbers.is_empty() => {
                self.broken(name, "arrayNotEmpty", "should not be empty");
                None
            }
            Some(numbers) if numbers.len() == values.len() => Some(numbers),
            Some(_) => {
                self.broken(name, "arrayUnique", "All elements must be unique");
                None
            }
            None => {
                self.broken(name, "isNumber", "each value must be a number");
                None
            }
        }
    }

    /// A moment; `Some(None)` if the body has the field without a value. A text without a time is midnight, UTC.
    pub(crate) fn moment(&mut self, name: &str) -> Option<Option<Timestamp>> {
        if !self.has(name) {
            return None;
        }
        let Some(value) = self.value(name) else {
            return Some(None);
        };
        let text = value.as_str().unwrap_or_default();
        let at = Timestamp::parse(text).or_else(|_| Timestamp::parse(&format!("{text}T00:00:00Z")));
        if at.is_err() {
            self.broken(name, "isDate", "must be a Date instance");
        }
        at.ok().map(Some)
    }

    /// Texts that stand in objects as `{"type": text}`, or alone.
    pub(crate) fn types(&mut self, name: &str, most: usize) -> Option<Vec<String>> {
        let Value::Array(values) = self.value(name)? else {
            self.broken(name, "isArray", "must be an array");
            return None;
        };
        let texts: Option<Vec<String>> = values
            .iter()
            .map(|value| {
                value
                    .as_str()
                    .or_else(|| value["type"].as_str())
                    .map(str::to_owned)
            })
            .collect();
        match texts {
            Some(texts) if texts.len() <= most && texts.iter().all(|text| text.chars().count() <= 100) => {
                Some(texts)
            }
            _ => {
                self.broken(
                    name,
                    "isString",
                    "each value must have a type of at most 100 characters",
                );
                None
            }
        }
    }

    /// Notes that a value is not one of those that are allowed.
    pub(crate) fn not_among(&mut self, name: &str, allowed: &str) {
        self.broken(
            name,
            "isEnum",
            &format!("must be one of the following values: {allowed}"),
        );
    }
}
