//! What the faces of the binary have.

use muniment::faces::FACES;

/// The operations under a path, as the document has them: the method in small letters, and the path.
pub fn operations_under(mount: &str) -> Vec<(String, String)> {
    let under = |path: &str| path.strip_prefix(mount).is_some_and(|rest| rest.starts_with('/'));
    let faces = FACES
        .iter()
        .filter(|face| face.mounts.iter().any(|one| one.starts_with(mount)));
    let mut found = Vec::new();
    for face in faces {
        let (_, document) = (face.routes)().split_for_parts();
        for (path, item) in document.paths.paths.into_iter().filter(|(path, _)| under(path)) {
            let methods = [
                ("get", item.get.is_some()),
                ("put", item.put.is_some()),
                ("post", item.post.is_some()),
                ("delete", item.delete.is_some()),
                ("patch", item.patch.is_some()),
            ];
            let has = methods.into_iter().filter(|(_, has)| *has);
            found.extend(has.map(|(method, _)| (method.to_owned(), path.clone())));
        }
    }
    found
}
