//! Over HTTP. Folders and files mirror the URLs; what holds for all of them is here.

mod access;
mod api;
mod credentials;
mod errors;
mod openapi;
mod positions;
mod rights;
