//! Serves `acme.shop.Shop` on tonic and lets a Python client call it. The one argument is the Python to start; `python3` without
//! it.

use std::path::Path;
use std::process::Command;

use acme_common::acme::common::{Currency, Money};
use acme_shop::acme::shop::shop_server::{Shop, ShopServer};
use acme_shop::acme::shop::{Order, Receipt};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::Server;
use tonic::{Request, Response, Status};

type Payments = tokio_stream::Iter<std::vec::IntoIter<Result<Money, Status>>>;

struct Service;

/// The prices of an order.
fn prices(order: &Order) -> impl Iterator<Item = i64> + '_ {
    let prices = order.items.iter().filter_map(|item| item.price);
    prices.map(|price| price.cents)
}

fn euros(cents: i64) -> Money {
    Money {
        cents,
        currency: Currency::Euro.into(),
    }
}

#[tonic::async_trait]
impl Shop for Service {
    type PayStream = Payments;

    async fn buy(&self, request: Request<Order>) -> Result<Response<Receipt>, Status> {
        Ok(Response::new(Receipt {
            signature: "tonic".to_owned(),
            total: Some(euros(prices(request.get_ref()).sum())),
        }))
    }

    async fn pay(&self, request: Request<Order>) -> Result<Response<Payments>, Status> {
        let mut left: i64 = prices(request.get_ref()).sum();
        let payments = prices(request.get_ref()).map(|cents| {
            left -= cents;
            Ok(euros(left))
        });
        let payments: Vec<_> = payments.collect();
        Ok(Response::new(tokio_stream::iter(payments)))
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let python = std::env::args().nth(1);
    let python = python.unwrap_or_else(|| "python3".to_owned());
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let server = Server::builder().add_service(ShopServer::new(Service));
    tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));

    // As `pip install` of the two Python packages would do.
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let packages = ["../common/python", "../shop/python"].map(|path| folder.join(path));
    let before = std::env::var_os("PYTHONPATH").unwrap_or_default();
    let path = packages.into_iter().chain(std::env::split_paths(&before));
    let mut client = Command::new(&python);
    client
        .arg(folder.join("python/main.py"))
        .arg(address.to_string())
        .env("PYTHONPATH", std::env::join_paths(path)?);
    let status = tokio::task::spawn_blocking(move || client.status())
        .await?
        .map_err(|error| format!("cannot start {python}: {error}"))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("{python} ended with {status}").into())
    }
}
