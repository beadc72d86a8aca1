//! The simplest server that logs in like ours: it compares the same hash, records a token durably in Postgres, and answers. Nothing is
//! sealed, chained, signed, counted or defended.

use std::{path::Path, sync::Arc, thread::available_parallelism};

use aggregates::values::PasswordHash;
use axum::{Json, Router, extract::State, http::StatusCode, routing::post};
use ledger::ids::{Entropy, SystemEntropy};
use serde::{Deserialize, Serialize};
use server::identity::passwords::{HashingOptions, MayHash, Passwords, Verdict};
use sqlx::{PgPool, postgres::PgPoolOptions};
use tokio::net::TcpListener;

use crate::{
    context::{Bench, HASHING, Result},
    say, seed,
    server::Server,
};

/// The tables, and as many users as ours has, all with the same password.
const SCHEMA: &str = "CREATE TABLE people (name text PRIMARY KEY, hash text NOT NULL); \
     CREATE TABLE tokens (id uuid PRIMARY KEY, name text NOT NULL REFERENCES people, issued_at timestamptz NOT NULL DEFAULT now());";

/// Starts it on a database of its own.
pub(super) async fn start(bench: &Bench) -> Result<Server> {
    const DATABASE: &str = "bench_bare_logins";
    bench.cluster.create(DATABASE).await?;
    bench.cluster.psql(DATABASE, SCHEMA).await?;
    let url = bench.cluster.url(DATABASE);
    let pool = PgPool::connect(&url).await?;
    let names: Vec<String> = (0..bench.options.users).map(seed::username).collect();
    sqlx::query("INSERT INTO people SELECT unnest($1::text[]), $2")
        .bind(names)
        .bind(bench.password_hash().await?.as_str())
        .execute(&pool)
        .await?;
    pool.close().await;
    bench.cluster.settle(DATABASE).await?;
    let file = bench.folder.join("bare-logins.url");
    std::fs::write(&file, url)?;
    Server::bare(bench, "logging-in", &file).await
}

#[derive(Deserialize)]
struct LogIn {
    username: String,
    password: String,
}

#[derive(Serialize)]
struct LoggedIn {
    token: String,
}

/// Serves `POST /api/login` on the database whose URL is in a file.
pub(super) async fn serve(url: &Path) -> Result<()> {
    let pool = PgPoolOptions::new()
        .connect(&std::fs::read_to_string(url)?)
        .await?;
    let options = HashingOptions {
        workers: available_parallelism()?.get(),
        ..HASHING
    };
    let passwords = Passwords::start(options, Arc::new(SystemEntropy))?;
    let router = Router::new()
        .route("/api/login", post(log_in))
        .with_state((pool, passwords));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    say(&format!("listening on http://{}", listener.local_addr()?));
    axum::serve(listener, router).await?;
    Ok(())
}

async fn log_in(
    State((pool, passwords)): State<(PgPool, Passwords)>,
    Json(request): Json<LogIn>,
) -> std::result::Result<Json<LoggedIn>, StatusCode> {
    let failed = |_| StatusCode::INTERNAL_SERVER_ERROR;
    let hash: Option<String> = sqlx::query_scalar("SELECT hash FROM people WHERE name = $1")
        .bind(&request.username)
        .fetch_optional(&pool)
        .await
        .map_err(failed)?;
    let hash = hash.map(PasswordHash::new);
    let verdict = passwords
        .verify(
            MayHash::without_requests(),
            request.password.into(),
            hash.as_ref(),
        )
        .await
        .map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    if verdict != Verdict::Right {
        return Err(StatusCode::UNAUTHORIZED);
    }
    let token = SystemEntropy.uuid();
    sqlx::query("INSERT INTO tokens (id, name) VALUES ($1, $2)")
        .bind(token)
        .bind(&request.username)
        .execute(&pool)
        .await
        .map_err(failed)?;
    Ok(Json(LoggedIn {
        token: token.to_string(),
    }))
}
