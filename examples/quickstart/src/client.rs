//! A tonic client that calls all four kinds of method and prints one line for each.

use std::time::Duration;

use tokio_stream::StreamExt as _;
use tonic::transport::{Channel, Endpoint};
use tonic::Streaming;

use crate::example::my_service_client::MyServiceClient;
use crate::example::{Request as Hello, VersionRequest as Name, VersionResponse as Version};

/// Calls the server at `address` (`host:port`).
pub async fn call(address: &str) -> Result<(), Box<dyn std::error::Error>> {
    let channel: Channel = Endpoint::from_shared(format!("http://{address}"))?
        .timeout(Duration::from_secs(10))
        .connect()
        .await?;
    let mut client = MyServiceClient::new(channel);
    let hello = |name: &str| Hello {
        name: name.to_owned(),
    };
    let name = |name: &str| Name {
        name: name.to_owned(),
    };

    let answer = client.my_rpc(hello("hello")).await?;
    println!("MyRPC: {}", answer.into_inner().names.join(" "));

    let hellos = tokio_stream::iter([hello("one"), hello("two")]);
    let answer = client.upload(hellos).await?;
    println!("Upload: {}", answer.into_inner().names.join(" "));

    let answers = client.versions(name("hello")).await?;
    println!("Versions: {}", collect(answers.into_inner()).await?);

    let names = tokio_stream::iter([name("alpha"), name("beta")]);
    let answers = client.chat(names).await?;
    println!("Chat: {}", collect(answers.into_inner()).await?);
    Ok(())
}

async fn collect(mut answers: Streaming<Version>) -> Result<String, tonic::Status> {
    let mut words = Vec::new();
    while let Some(answer) = answers.next().await {
        let answer = answer?;
        words.push(format!("{}/{}", answer.name, answer.version));
    }
    Ok(words.join(" "))
}
