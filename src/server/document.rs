//! The routes of all faces together, with the OpenAPI document that describes them.

use std::ptr::fn_addr_eq;

use axum::response::Response;
use utoipa::{
    IntoParams,
    openapi::{
        ContentBuilder, HeaderBuilder, ObjectBuilder, OpenApi, PathItem, Ref, RefOr, Response as Described,
        ResponseBuilder, Type, path::Operation, security::SecurityRequirement, tag::TagBuilder,
    },
};
use utoipa_axum::router::OpenApiRouter;

use crate::{
    app::App,
    code_and_message::code_and_message,
    face::{Face, Faces, Listener},
    position::AtLeast,
    refusal::{BUSY, Refusal, RefusalKind},
};

/// What hyper answers to a head that it does not read. These answers have no body.
const UNREADABLE: [(&str, &str); 2] = [
    ("414", "The path and the query have more than 64 KiB."),
    (
        "431",
        "The head of the request has more than 80 KiB, or more than 100 headers.",
    ),
];

/// The extension of an operation whose body is an [`ExactJson`](crate::ExactJson): it answers another content type as a malformed request.
/// The document does not show the extension.
const EXACT_JSON: &str = "x-exact-json";

/// The routes of the faces for brokers. The document of the API does not have them: its readers cannot call them.
pub fn broker_routes(faces: Faces) -> OpenApiRouter<App> {
    let routes = faces.on(Listener::Brokers).map(|face| (face.routes)());
    routes.fold(OpenApiRouter::new(), OpenApiRouter::merge)
}

/// The routes of the faces for all clients, described in a document that begins with `head`.
pub fn described(head: OpenApi, faces: Faces) -> OpenApiRouter<App> {
    describe(head, faces.root(), || faces.on(Listener::Clients))
}

/// A document of one API alone, which several faces may serve, that begins with `head`.
pub fn document_of(head: OpenApi, faces: &'static [Face]) -> OpenApi {
    match faces.first() {
        Some(first) => describe(head, first, || faces.iter()).into_openapi(),
        None => head,
    }
}

/// The routes of these faces. Operations of `first` do not name their credentials: the document does.
fn describe<Found: Iterator<Item = &'static Face>>(
    mut head: OpenApi,
    first: &Face,
    faces: impl Fn() -> Found,
) -> OpenApiRouter<App> {
    let tags = faces().flat_map(|face| face.tags);
    let tags = tags.map(|(name, description)| {
        let tag = TagBuilder::new().name(*name).description(Some(*description));
        tag.build()
    });
    head.tags = Some(tags.collect());
    head.security = Some(requirements(first));
    let components = head.components.get_or_insert_default();
    for credential in faces().flat_map(|face| face.credentials) {
        let (name, scheme) = credential.scheme();
        components.add_security_scheme(name, scheme);
    }
    let router = OpenApiRouter::with_openapi(head);
    faces().fold(router, |router, face| {
        let mut routes = (face.routes)();
        for (path, item) in &mut routes.get_openapi_mut().paths.paths {
            if face.credentials != first.credentials {
                require(item, face);
            }
            complete(path, item, face);
        }
        let paths = &mut routes.get_openapi_mut().paths.paths;
        // OpenAPI has no parameter that takes several segments.
        *paths = std::mem::take(paths)
            .into_iter()
            .map(|(path, item)| (path.replace("{*", "{"), item))
            .collect();
        router.merge(routes)
    })
}

/// Adds what each operation of a face needs, unless the operation itself says so.
fn require(item: &mut PathItem, face: &Face) {
    for (_, operation) in operations(item) {
        operation.security.get_or_insert_with(|| requirements(face));
    }
}

/// The operations of a path, with their methods.
fn operations(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    let all = [
        ("get", &mut item.get),
        ("put", &mut item.put),
        ("post", &mut item.post),
        ("delete", &mut item.delete),
        ("patch", &mut item.patch),
    ];
    all.into_iter()
        .filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

/// Adds what the kit does for each operation, so that no endpoint has to describe it: the refusals, the position of a write,
/// and the position that a read may ask for.
fn complete(path: &str, item: &mut PathItem, face: &Face) {
    for (method, operation) in operations(item) {
        let is_public = face.is_public(method, path);
        let busy = Refusal::later(
            RefusalKind::TooManyRequests,
            BUSY,
            "Too many passwords wait to be hashed, too many wrong ones came from this address, or too many heavy questions wait for \
             their turns.",
        );
        let mut refusals = vec![
            Refusal::invalid("The request is malformed."),
            Refusal::later(
                RefusalKind::Unavailable,
                BUSY,
                "The server cannot answer at the moment.",
            ),
        ];
        if !is_public {
            refusals.push(Refusal::new(
                RefusalKind::Unauthenticated,
                "",
                "No valid credential.",
            ));
        }
        if !is_public && !face.own.contains(&(method, path)) {
            refusals.push(Refusal::new(
                RefusalKind::Forbidden,
                "",
                "The caller lacks the right.",
            ));
        }
        if !is_public {
            refusals.push(busy.clone());
        }
        let extensions = operation.extensions.as_mut();
        let is_exact = extensions.is_some_and(|extensions| extensions.remove(EXACT_JSON).is_some());
        if operation.request_body.is_some() {
            let of = |kind, message: &'static str| Refusal::new(kind, "", message);
            refusals.push(of(RefusalKind::Timeout, "The body took too long to arrive."));
            refusals.push(of(RefusalKind::TooLarge, "The body is too large."));
            if !is_exact {
                refusals.push(of(
                    RefusalKind::UnsupportedMediaType,
                    "The body has another content type.",
                ));
            }
        }
        for refusal in &refusals {
            refuse(operation, face, refusal);
        }
        for (status, description) in UNREADABLE {
            let response = || ResponseBuilder::new().description(description).build().into();
            let responses = &mut operation.responses.responses;
            responses.entry(status.to_owned()).or_insert_with(response);
        }
        for refusal in [Refusal::unauthenticated(), busy, Refusal::unavailable()] {
            explain(operation, face, &refusal);
        }
        let responses = operation.responses.responses.iter_mut();
        let has_position = |status: &str| match status.starts_with('2') {
            true => method != "get" || !is_public,
            false => !is_public && ["400", "403", "404", "409", "423"].contains(&status),
        };
        let position = "The ledger's position after the write, or a position that is not earlier than what the answer is based on";
        responses
            .filter(|(status, _)| has_position(status))
            .for_each(|(_, response)| head(response, "Muniment-Position", position, Type::Integer));
        if method == "get" && !is_public && !says_after(operation) {
            let at_least = AtLeast::into_params(|| None);
            operation
                .parameters
                .get_or_insert_default()
                .extend(at_least.into_iter().map(RefOr::T));
        }
    }
}

/// Whether a read itself says after which position it begins.
fn says_after(operation: &Operation) -> bool {
    let mut parameters = operation.parameters.iter().flatten();
    parameters.any(|parameter| matches!(parameter, RefOr::T(parameter) if parameter.name == "after"))
}

/// Describes a refusal as the face renders it, unless the operation does.
fn refuse(operation: &mut Operation, face: &Face, refusal: &Refusal) {
    let status = (face.refuse)(refusal).status().as_str().to_owned();
    let responses = &mut operation.responses.responses;
    responses.entry(status).or_insert_with(|| {
        let mut response = ResponseBuilder::new().description(&*refusal.message);
        if fn_addr_eq(face.refuse, code_and_message as fn(&Refusal) -> Response) {
            let shape = Some(Ref::from_schema_name("ErrorBody"));
            let content = ContentBuilder::new().schema(shape).build();
            response = response.content("application/json", content);
        }
        response.build().into()
    });
}

/// Describes the headers of a refusal, if the operation can answer it.
fn explain(operation: &mut Operation, face: &Face, refusal: &Refusal) {
    let rendered = (face.refuse)(refusal);
    let Some(response) = operation.responses.responses.get_mut(rendered.status().as_str()) else {
        return;
    };
    for (name, description, kind) in [
        (
            "Retry-After",
            "After how many seconds the client may try again",
            Type::Integer,
        ),
        (
            "WWW-Authenticate",
            "How a client can prove who it is",
            Type::String,
        ),
    ] {
        if rendered.headers().contains_key(name) {
            head(response, name, description, kind);
        }
    }
}

/// Describes a header of a response.
fn head(response: &mut RefOr<Described>, name: &str, description: &str, kind: Type) {
    if let RefOr::T(response) = response {
        let schema = ObjectBuilder::new().schema_type(kind).build();
        let header = HeaderBuilder::new()
            .schema(Some(schema))
            .description(Some(description))
            .build();
        response
            .headers
            .entry(name.to_owned())
            .or_insert(RefOr::T(header));
    }
}

fn requirements(face: &Face) -> Vec<SecurityRequirement> {
    let mut names: Vec<&str> = face
        .credentials
        .iter()
        .map(|credential| credential.scheme().0)
        .collect();
    names.dedup();
    names
        .into_iter()
        .map(|name| SecurityRequirement::new(name, Vec::<String>::new()))
        .collect()
}
