//! The Rust half of the quickstart: `serve` answers with tonic and prints its address, `call <address>` calls a server
//! and prints what it answered. The Python half is in `python/`; `cargo xtask demo` runs them against each other.

mod client;
mod server;

/// What tonic's generator made of `proto/example.proto`.
#[allow(
    missing_docs,
    clippy::pedantic,
    reason = "generated; the proto file is the documentation"
)]
mod example {
    tonic::include_proto!("example");
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["serve"] => server::serve().await,
        ["call", address] => client::call(address).await,
        _ => Err("usage: aristaproto-example-quickstart serve | call <host:port>".into()),
    }
}
