//! `acme_routes._native`: what the Python package `acme_routes` has in Rust.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

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

use pb::acme::routes::plan_response::Leg;
use pb::acme::routes::{Mode, PlanRequest, Point};

/// Kilometres in a minute.
fn speed(mode: Mode) -> Option<f64> {
    match mode {
        Mode::Unspecified => None,
        Mode::Walk => Some(0.08),
        Mode::Bike => Some(0.25),
    }
}

fn distance(from: &Point, to: &Point) -> f64 {
    (from.x - to.x).hypot(from.y - to.y)
}

/// The legs of a request, one after the other.
fn legs(request: PlanRequest) -> PyResult<impl Iterator<Item = Leg>> {
    let speed =
        speed(request.mode()).ok_or_else(|| PyValueError::new_err("the request names no mode"))?;
    let ends = request.stops.clone().into_iter().skip(1);
    Ok(request
        .stops
        .into_iter()
        .zip(ends)
        .map(move |(from, to)| Leg {
            minutes: distance(&from, &to) / speed,
            from: Some(from),
            to: Some(to),
        }))
}

/// Messages in Python, functions in Rust.
#[pymodule(name = "_native", gil_used = true)]
mod native {
    use std::collections::HashMap;

    use aristaproto_pyo3::{Enum, Msg, Stream};
    use pyo3::prelude::*;

    use super::pb::acme::routes::plan_response::Leg;
    use super::pb::acme::routes::{Mode, PlanRequest, PlanResponse, Point};
    use super::{distance, legs, speed};

    /// Plans the way from stop to stop.
    #[pyfunction]
    fn plan(request: Msg<PlanRequest>) -> PyResult<Msg<PlanResponse>> {
        let legs: Vec<Leg> = legs(request.into_inner())?.collect();
        let minutes = legs.iter().map(|leg| leg.minutes).sum();
        Ok(Msg(PlanResponse {
            legs,
            minutes: Some(minutes),
        }))
    }

    /// The legs one by one, as they are planned.
    #[pyfunction]
    fn stream(request: Msg<PlanRequest>) -> PyResult<Stream<Leg>> {
        Ok(Stream::new(legs(request.into_inner())?))
    }

    /// The stop that is nearest to a place; None without stops.
    #[pyfunction]
    #[pyo3(signature = (place, stops, furthest = None))]
    fn nearest(
        place: Msg<Point>,
        stops: Vec<Msg<Point>>,
        furthest: Option<f64>,
    ) -> Option<Msg<Point>> {
        let away = |stop: &Msg<Point>| distance(stop, &place);
        let near = stops
            .into_iter()
            .filter(|stop| furthest.is_none_or(|furthest| away(stop) <= furthest));
        near.min_by(|one, other| away(one).total_cmp(&away(other)))
    }

    /// The fastest mode, and how far each gets in an hour.
    #[pyfunction]
    fn modes() -> (Enum<Mode>, HashMap<String, f64>) {
        let all = [Mode::Walk, Mode::Bike];
        let reach = all
            .iter()
            .filter_map(|&mode| Some((mode.as_str_name().to_owned(), speed(mode)? * 60.0)));
        (Mode::Bike.into(), reach.collect())
    }

    /// Whether a request can name a mode.
    #[pyfunction]
    fn is_known(mode: Enum<Mode>) -> bool {
        mode.get().and_then(speed).is_some()
    }
}
