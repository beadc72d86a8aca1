//! The routes of all faces together, with the OpenAPI document that describes them.

use utoipa::openapi::{OpenApi, PathItem, security::SecurityRequirement, tag::TagBuilder};
use utoipa_axum::router::OpenApiRouter;

use crate::{
    app::App,
    face::{Face, Faces},
};

/// The routes of all faces, described in a document that begins with `head`.
pub fn described(head: OpenApi, faces: Faces) -> OpenApiRouter<App> {
    let mut head = head;
    let tags = faces.iter().flat_map(|face| face.tags);
    let tags = tags.map(|(name, description)| {
        let tag = TagBuilder::new().name(*name).description(Some(*description));
        tag.build()
    });
    head.tags = Some(tags.collect());
    head.security = Some(requirements(faces.root()));
    let components = head.components.get_or_insert_default();
    for credential in faces.iter().flat_map(|face| face.credentials) {
        let (name, scheme) = credential.scheme();
        components.add_security_scheme(name, scheme);
    }
    let router = OpenApiRouter::with_openapi(head);
    faces.iter().fold(router, |router, face| {
        let mut routes = (face.routes)();
        if face.credentials != faces.root().credentials {
            let document = routes.get_openapi_mut();
            document
                .paths
                .paths
                .values_mut()
                .for_each(|item| require(item, face));
        }
        router.merge(routes)
    })
}

/// Adds what each operation of a face needs, unless the operation itself says so.
fn require(item: &mut PathItem, face: &Face) {
    let operations = [
        &mut item.get,
        &mut item.put,
        &mut item.post,
        &mut item.delete,
        &mut item.patch,
    ];
    for operation in operations.into_iter().flatten() {
        operation.security.get_or_insert_with(|| requirements(face));
    }
}

fn requirements(face: &Face) -> Vec<SecurityRequirement> {
    let names = face.credentials.iter().map(|credential| credential.scheme().0);
    names
        .map(|name| SecurityRequirement::new(name, Vec::<String>::new()))
        .collect()
}
