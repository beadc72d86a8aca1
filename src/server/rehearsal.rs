//! Requests that are rehearsed, not executed. A request can be rehearsed if its body implements a trait. Each folder of
//! endpoints lists its rehearsals beside its routes.

use aggregates::Command;
use std::pin::Pin;

use serde::de::DeserializeOwned;

use crate::{app::App, body, face::Faces, path::Forms, refusal::Refusal};

/// The body of a request whose path has so many parameters. It gives the commands of the request, with the same checks
/// as an execution.
pub trait Rehearse<const PARAMETERS: usize>: Sized + Send {
    /// Whether the body may be compared with the body of a request for the next page. It must be false if the body may
    /// hold a password.
    const COMPARABLE: bool = false;

    /// Returns the commands, or the refusal that the request would get.
    fn rehearse(
        self,
        app: &App,
        parameters: [&str; PARAMETERS],
    ) -> impl Future<Output = Result<Vec<Command>, Refusal>> + Send;
}

type Answer<'a> = Pin<Box<dyn Future<Output = Result<Vec<Command>, Refusal>> + Send + 'a>>;

/// An operation that can be rehearsed.
pub struct Rehearsal {
    method: &'static str,
    path: &'static str,
    comparable: bool,
    commands: for<'a> fn(&'a App, Vec<&'a str>, &'a str) -> Answer<'a>,
}

impl Rehearsal {
    /// An operation with a body. The path is written as in the OpenAPI document.
    pub const fn with_body<const N: usize, B>(method: &'static str, path: &'static str) -> Self
    where
        B: Rehearse<N> + DeserializeOwned + 'static,
    {
        assert!(
            parameters(path) == N,
            "the path must have as many parameters as the body expects"
        );
        Self {
            method,
            path,
            comparable: B::COMPARABLE,
            commands: |app, parameters, sent| {
                Box::pin(async move { run(body::object::<B>(sent)?, app, parameters).await })
            },
        }
    }

    /// An operation without a body. If a request has a body, it is not read.
    pub const fn without_body<const N: usize, B>(method: &'static str, path: &'static str) -> Self
    where
        B: Rehearse<N> + Default + 'static,
    {
        assert!(
            parameters(path) == N,
            "the path must have as many parameters as the request expects"
        );
        Self {
            method,
            path,
            comparable: B::COMPARABLE,
            commands: |app, parameters, _| Box::pin(run(B::default(), app, parameters)),
        }
    }

    /// The method, and the path as the OpenAPI document writes it.
    pub fn operation(&self) -> (&'static str, &'static str) {
        (self.method, self.path)
    }
}

async fn run<const N: usize, B: Rehearse<N>>(
    body: B,
    app: &App,
    parameters: Vec<&str>,
) -> Result<Vec<Command>, Refusal> {
    let parameters = <[&str; N]>::try_from(parameters).map_err(|_| Refusal::unavailable())?;
    body.rehearse(app, parameters).await
}

/// How many parameters a path has.
const fn parameters(path: &str) -> usize {
    let (mut bytes, mut count) = (path.as_bytes(), 0);
    while let [byte, rest @ ..] = bytes {
        if *byte == b'{' {
            count += 1;
        }
        bytes = rest;
    }
    count
}

/// A request that was found among those that can be rehearsed.
pub struct Rehearsing<'a> {
    rehearsal: &'static Rehearsal,
    parameters: Vec<&'a str>,
}

impl<'a> Rehearsing<'a> {
    /// Finds the rehearsal for this method and path, as the router finds the endpoint.
    pub(crate) fn find(faces: Faces, forms: &Forms, method: &str, path: &'a str) -> Option<Self> {
        let form = forms.of(path)?;
        let mut all = faces.iter().flat_map(|face| face.rehearsals).copied().flatten();
        let rehearsal = all.find(|one| one.method == method && one.path == form)?;
        let segments = form.split('/').zip(path.split('/'));
        let parameters = segments.filter(|(wanted, _)| wanted.starts_with('{'));
        Some(Self {
            rehearsal,
            parameters: parameters.map(|(_, given)| given).collect(),
        })
    }

    /// Whether the body may be compared with the body of a request for the next page.
    pub fn is_comparable(&self) -> bool {
        self.rehearsal.comparable
    }

    /// The commands of the request with this body, or its refusal.
    pub async fn commands(&self, app: &App, body: &str) -> Result<Vec<Command>, Refusal> {
        (self.rehearsal.commands)(app, self.parameters.clone(), body).await
    }
}

/// The refusal of a request that cannot be rehearsed. It names the requests that can be rehearsed.
pub(crate) fn unsupported(faces: Faces) -> Refusal {
    let mut paths: Vec<(&str, Vec<&str>)> = Vec::new();
    for rehearsal in faces.iter().flat_map(|face| face.rehearsals).copied().flatten() {
        match paths.iter_mut().find(|(path, _)| *path == rehearsal.path) {
            Some((_, methods)) => methods.push(rehearsal.method),
            None => paths.push((rehearsal.path, vec![rehearsal.method])),
        }
    }
    let supported = paths
        .iter()
        .map(|(path, methods)| format!("{} {path}", methods.join(" and ")));
    let supported: Vec<String> = supported.collect();
    Refusal::invalid(format!(
        "these requests can be rehearsed: {}",
        supported.join(", ")
    ))
}
