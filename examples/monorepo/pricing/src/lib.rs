//! `acme_pricing._native`: prices orders. The messages are those of three crates.

/// The Rust types of `proto`, and which Python class each is.
#[allow(
    missing_docs,
    clippy::pedantic,
    reason = "generated; the proto files are the documentation"
)]
mod pb {
    include!(concat!(env!("OUT_DIR"), "/protos.rs"));
    aristaproto_pyo3::include_classes!();
}

/// Orders in, prices out.
#[pyo3::pymodule(name = "_native", gil_used = true)]
mod native {
    use acme_common::acme::common::{Currency, Money};
    use acme_shop::acme::shop::Order;
    use aristaproto_pyo3::{embed, Enum, Msg};
    use pyo3::prelude::*;

    use super::pb::acme::pricing::Quote;
    use super::pb::FILES;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        // Where nobody installed acme_pricing.gen.
        embed(module.py(), "acme_pricing.gen", FILES)
    }

    /// What an order costs in a currency; items in other currencies are given away.
    #[pyfunction]
    fn quote(order: Msg<Order>, currency: Enum<Currency>) -> Msg<Quote> {
        let order = order.into_inner();
        let prices = order.items.iter().filter_map(|item| item.price);
        let known = prices.filter(|price| price.currency == currency.number());
        let total = Money {
            cents: known.map(|price| price.cents).sum(),
            currency: currency.number(),
        };
        Msg(Quote {
            order: Some(order),
            total: Some(total),
        })
    }
}
