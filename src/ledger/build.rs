//! Puts the migrations into the binary: writes a constant for each engine, with the files of its folder. sqlx has a macro
//! for this, but the macro's crate compiles sqlx, tokio and rustls a second time.

use std::{env, error::Error, fmt::Write, fs, path::Path};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=../../migrations");
    let folder = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../../migrations");
    let mut code = String::new();
    for (name, engine) in [("POSTGRES", "postgres"), ("SQLITE", "sqlite")] {
        let mut files = fs::read_dir(folder.join(engine))?
            .map(|entry| Ok(entry?.path()))
            .collect::<Result<Vec<_>, Box<dyn Error>>>()?;
        files.retain(|file| file.extension().is_some_and(|extension| extension == "sql"));
        files.sort();
        writeln!(code, "const {name}: &[(&str, &str)] = &[")?;
        for file in files {
            let stem = file.file_stem().unwrap_or_default().display();
            // The compiler finds the file even if the checkout has moved since this program ran.
            let path = format!("/../../migrations/{engine}/{stem}.sql");
            writeln!(
                code,
                "    (\"{stem}\", include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), {path:?}))),"
            )?;
        }
        writeln!(code, "];")?;
    }
    fs::write(Path::new(&env::var("OUT_DIR")?).join("migrations.rs"), code)?;
    Ok(())
}
