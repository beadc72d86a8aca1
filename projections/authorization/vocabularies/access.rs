//! What must be granted: operations on names, in one part or in two parts that must both hold.

use std::borrow::Cow;

use aggregates::values::{Context, MAX_FILTER_BYTES, Operation};

use super::Space;
use crate::patterns::question::{Operations, Question, operations};

/// The longest name in a question, in bytes: as long as the longest pattern.
pub(crate) const LONGEST: usize = MAX_FILTER_BYTES;

/// How to read the names of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// The exact name: a path, or a topic as it is in the broker.
    Exact,
    /// A topic as the client names it: the user's publish prefix comes before it.
    Publish,
    /// A filter of topics; all of them must be covered.
    Filter,
}

/// How many of the names of a part must be granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// At least one of them.
    Any,
    /// All of them, and there must be at least one.
    All,
}

/// The names that a part is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Names<'a> {
    /// The single name that was sent.
    One(&'a str),
    /// The single name that a resource type derives.
    Own(String),
    /// The names that a resource type derives.
    Made(Want, Vec<String>),
}

/// An operation on names of one space.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part<'a> {
    context: Context,
    operation: Operation,
    names: Names<'a>,
    form: Form,
}

impl<'a> Part<'a> {
    /// An operation on names in a space. Each name includes the first level of the space.
    pub fn new(space: &Space, operation: Operation, names: Names<'a>) -> Self {
        Self {
            context: space.context,
            operation,
            names,
            form: Form::Exact,
        }
    }

    pub(super) fn in_form(self, form: Form) -> Self {
        Self { form, ..self }
    }

    /// The context of the patterns for these names.
    pub(crate) fn context(&self) -> Context {
        self.context
    }

    /// The operation that must be granted.
    pub fn operation(&self) -> Operation {
        self.operation
    }

    /// All names of the part.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        let (one, made) = match &self.names {
            Names::One(name) => (Some(*name), &[][..]),
            Names::Own(name) => (Some(name.as_str()), &[][..]),
            Names::Made(_, names) => (None, names.as_slice()),
        };
        one.into_iter().chain(made.iter().map(String::as_str))
    }

    /// How many of the names must be granted.
    pub(crate) fn want(&self) -> Want {
        match &self.names {
            Names::One(_) | Names::Own(_) => Want::All,
            Names::Made(want, _) => *want,
        }
    }

    /// The path, topic or filter that must be granted for one of the names to a user with this publish prefix.
    pub fn effective<'b>(&self, name: &'b str, prefix: Option<&str>) -> Cow<'b, str> {
        match (self.form, prefix) {
            (Form::Publish, Some(prefix)) => format!("{prefix}{name}").into(),
            (Form::Publish, None) | (Form::Exact | Form::Filter, _) => name.into(),
        }
    }

    /// Whether a publish prefix matters to the part.
    #[inline]
    pub(crate) fn takes_prefix(&self) -> bool {
        self.form == Form::Publish
    }

    /// Whether the name is a filter that must be covered completely.
    pub fn is_filter(&self) -> bool {
        self.form == Form::Filter
    }

    #[inline]
    pub(crate) fn wanted(&self) -> Operations {
        operations(self.operation)
    }

    /// The question about a text that [`Part::effective`] made. `None` if no grant is possible for it.
    #[inline]
    pub(crate) fn question_of<'b>(&self, text: &'b str) -> Option<Question<'b>> {
        match self.form {
            Form::Filter => Some(Question::filter(text)),
            Form::Exact | Form::Publish if text.len() > LONGEST => None,
            Form::Exact | Form::Publish => Question::resource(self.context, text),
        }
    }

    /// Whether enough of the names are granted.
    fn holds(&self, prefix: Option<&str>, granted: &impl Fn(&Question<'_>, Operations) -> bool) -> bool {
        let is_granted = |name: &str| {
            let text = self.effective(name, prefix);
            self.question_of(&text)
                .is_some_and(|question| granted(&question, self.wanted()))
        };
        match &self.names {
            Names::One(name) => is_granted(name),
            Names::Own(name) => is_granted(name),
            Names::Made(Want::Any, names) => names.iter().any(|name| is_granted(name)),
            Names::Made(Want::All, names) => !names.is_empty() && names.iter().all(|name| is_granted(name)),
        }
    }
}

/// What must be granted: one part, or two that must both hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access<'a> {
    first: Part<'a>,
    second: Option<Part<'a>>,
}

impl<'a> From<Part<'a>> for Access<'a> {
    fn from(first: Part<'a>) -> Self {
        Self { first, second: None }
    }
}

impl<'a> Access<'a> {
    /// Both parts must hold.
    pub fn both(first: Part<'a>, second: Part<'a>) -> Self {
        Self {
            first,
            second: Some(second),
        }
    }

    /// The first part: a subject that has the access has this part.
    pub fn first(&self) -> &Part<'a> {
        &self.first
    }

    /// All parts.
    pub fn parts(&self) -> impl Iterator<Item = &Part<'a>> {
        std::iter::once(&self.first).chain(&self.second)
    }

    /// The part and its name, if the access has a single part with a single name that was sent.
    #[inline]
    pub(crate) fn simple(&self) -> Option<(&Part<'a>, &'a str)> {
        match (&self.first.names, &self.second) {
            (Names::One(name), None) => Some((&self.first, *name)),
            (Names::One(_) | Names::Own(_) | Names::Made(..), _) => None,
        }
    }

    /// Whether all parts hold for a subject with this publish prefix, to whom `granted` grants operations.
    pub(crate) fn holds(
        &self,
        prefix: Option<&str>,
        granted: impl Fn(&Question<'_>, Operations) -> bool,
    ) -> bool {
        self.parts().all(|part| part.holds(prefix, &granted))
    }
}
