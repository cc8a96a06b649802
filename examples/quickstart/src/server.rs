//! The service of the quickstart on tonic. Each answer carries the server's name, `tonic`.

use std::pin::Pin;

use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tokio_stream::{Stream, StreamExt as _};
use tonic::transport::Server;
use tonic::{Request, Response, Status, Streaming};

use crate::example::my_service_server::{MyService, MyServiceServer};
use crate::example::{
    Request as Hello, Response as Names, VersionRequest as Name, VersionResponse as Version,
};

type Versions = Pin<Box<dyn Stream<Item = Result<Version, Status>> + Send>>;

struct Service;

fn signed(name: &str) -> String {
    format!("{name}@tonic")
}

#[tonic::async_trait]
impl MyService for Service {
    type VersionsStream = Versions;
    type ChatStream = Versions;

    async fn my_rpc(&self, request: Request<Hello>) -> Result<Response<Names>, Status> {
        let names = vec![signed(&request.get_ref().name)];
        Ok(Response::new(Names { names }))
    }

    async fn upload(&self, request: Request<Streaming<Hello>>) -> Result<Response<Names>, Status> {
        let mut requests = request.into_inner();
        let mut names = Vec::new();
        while let Some(hello) = requests.message().await? {
            names.push(signed(&hello.name));
        }
        Ok(Response::new(Names { names }))
    }

    async fn versions(&self, request: Request<Name>) -> Result<Response<Versions>, Status> {
        let name = signed(&request.get_ref().name);
        let versions = (1..=3).map(move |version| {
            Ok(Version {
                name: name.clone(),
                version,
            })
        });
        Ok(Response::new(Box::pin(tokio_stream::iter(versions))))
    }

    async fn chat(&self, request: Request<Streaming<Name>>) -> Result<Response<Versions>, Status> {
        let mut version = 0;
        let answers = request.into_inner().map(move |name| {
            version += 1;
            name.map(|name| Version {
                name: signed(&name.name),
                version,
            })
        });
        Ok(Response::new(Box::pin(answers)))
    }
}

/// Serves on a free port until the process is stopped; prints `listening on <host:port>` when it is ready.
pub async fn serve() -> Result<(), Box<dyn std::error::Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on {}", listener.local_addr()?);
    Server::builder()
        .add_service(MyServiceServer::new(Service))
        .serve_with_incoming(TcpListenerStream::new(listener))
        .await?;
    Ok(())
}
