//! Python's own types for times: `datetime` for a Timestamp, `timedelta` for a Duration. What they cannot tell, or tell otherwise than
//! usual (`None`), goes through `from_wrapped` and `to_wrapped` of the class.

use pyo3::prelude::*;
use pyo3::types::{
    PyDateAccess, PyDateTime, PyDelta, PyDeltaAccess, PyTimeAccess, PyTzInfo, PyTzInfoAccess,
};

use super::field::Wrapped;
use crate::jsontext::time::{civil, days_of, is_span, is_time, BILLION, LONGEST};
use crate::python::arguments::Invoke;
use crate::python::imports::api;

/// The Python value of a Timestamp or Duration; `None` when its parts are those of no time.
///
/// # Errors
/// `MemoryError`.
pub fn value_of_parts(
    py: Python<'_>,
    wrapped: Wrapped,
    seconds: i64,
    nanos: i32,
) -> PyResult<Option<Bound<'_, PyAny>>> {
    if wrapped == Wrapped::Timestamp {
        if !is_time(seconds, nanos) {
            return Ok(None);
        }
        if nanos % 1000 != 0 {
            let make = api(py)?.parts_to_datetime.bind(py);
            return make.invoke((seconds, nanos)).map(Some);
        }
        let (year, month, day) = civil(seconds.div_euclid(86_400));
        let (hour, minute, second) = clock(seconds.rem_euclid(86_400));
        let utc = api(py)?.utc.bind(py).cast::<PyTzInfo>()?;
        return Ok(Some(
            PyDateTime::new(
                py,
                year,
                month,
                day,
                hour,
                minute,
                second,
                (nanos / 1000) as u32,
                Some(utc),
            )?
            .into_any(),
        ));
    }
    if !is_span(seconds, nanos) {
        return Ok(None);
    }
    if nanos % 1000 != 0 {
        let make = api(py)?.parts_to_timedelta.bind(py);
        return make.invoke((seconds, nanos)).map(Some);
    }
    let days = seconds.div_euclid(86_400) as i32;
    let rest = seconds.rem_euclid(86_400) as i32;
    Ok(Some(
        PyDelta::new(py, days, rest, nanos / 1000, true)?.into_any(),
    ))
}

/// Seconds and nanoseconds of a `datetime` in UTC or a `timedelta`; `None` for all others.
pub fn parts(wrapped: Wrapped, item: &Bound<'_, PyAny>) -> Option<(i64, i32)> {
    if wrapped == Wrapped::Timestamp {
        let moment = item.cast_exact::<PyDateTime>().ok()?;
        let zone = moment.get_tzinfo()?;
        if !zone.is(&api(item.py()).ok()?.utc) {
            return None;
        }
        let days = days_of(moment.get_year(), moment.get_month(), moment.get_day());
        let clock = i64::from(moment.get_hour()) * 3600
            + i64::from(moment.get_minute()) * 60
            + i64::from(moment.get_second());
        let nanos = i32::try_from(moment.get_microsecond()).ok()? * 1000;
        return Some((days * 86_400 + clock, nanos));
    }
    let span = item.cast_exact::<PyDelta>().ok()?;
    let mut seconds = i64::from(span.get_days()) * 86_400 + i64::from(span.get_seconds());
    let mut nanos = span.get_microseconds() * 1000;
    // A timedelta counts its microseconds forwards, a Duration has one sign.
    if seconds < 0 && nanos > 0 {
        seconds += 1;
        nanos -= BILLION;
    }
    (-LONGEST..=LONGEST)
        .contains(&seconds)
        .then_some((seconds, nanos))
}

/// Whether two `datetime`s of one time zone or two `timedelta`s are equal, as `==` of them says; `None` for all others.
pub fn same(a: &Bound<'_, PyAny>, b: &Bound<'_, PyAny>) -> Option<bool> {
    if let Ok(span) = a.cast_exact::<PyDelta>() {
        let parts = |span: &Bound<'_, PyDelta>| {
            let (days, seconds) = (span.get_days(), span.get_seconds());
            (days, seconds, span.get_microseconds())
        };
        return Some(parts(span) == parts(b.cast_exact::<PyDelta>().ok()?));
    }
    let (a, b) = (
        a.cast_exact::<PyDateTime>().ok()?,
        b.cast_exact::<PyDateTime>().ok()?,
    );
    // In one zone, what the clock shows is compared, whether it was set back or not.
    let in_one_zone = a.get_tzinfo()?.is(&b.get_tzinfo()?);
    let shown = |moment: &Bound<'_, PyDateTime>| {
        let day = (moment.get_year(), moment.get_month(), moment.get_day());
        let hour = (moment.get_hour(), moment.get_minute());
        let second = (moment.get_second(), moment.get_microsecond());
        (day, hour, second)
    };
    in_one_zone.then(|| shown(a) == shown(b))
}

/// Whether it is the second one of two times that a clock shows when it is set back; what is read is the first.
pub fn is_second_time(item: &Bound<'_, PyAny>) -> bool {
    let moment = item.cast_exact::<PyDateTime>();
    moment.is_ok_and(PyTimeAccess::get_fold)
}

/// Hours, minutes and seconds of the seconds of a day.
#[allow(clippy::cast_sign_loss)] // None is negative.
fn clock(seconds: i64) -> (u8, u8, u8) {
    (
        (seconds / 3600) as u8,
        (seconds / 60 % 60) as u8,
        (seconds % 60) as u8,
    )
}
