//! Messages that go from Python to Rust and come back as they were: as `Msg`, as bytes by hand, and as a class by hand. `bridge.py`
//! times them.

#[allow(dead_code, missing_docs, clippy::pedantic, reason = "generated")]
mod pb {
    include!(concat!(env!("OUT_DIR"), "/protos.rs"));
    aristaproto_pyo3::include_classes!();
}

/// What Python imports.
#[pyo3::pymodule(gil_used = true)]
mod bench_bridge {
    use aristaproto_pyo3::Msg;
    use prost::Message;
    use pyo3::exceptions::PyValueError;
    use pyo3::prelude::*;
    use pyo3::types::PyBytes;

    use super::pb::shapes::{Batch, Medium, Small};

    #[pyfunction]
    fn small(message: Msg<Small>) -> Msg<Small> {
        message
    }

    #[pyfunction]
    fn medium(message: Msg<Medium>) -> Msg<Medium> {
        message
    }

    #[pyfunction]
    fn batch(message: Msg<Batch>) -> Msg<Batch> {
        message
    }

    fn by_hand<'py, T: Message + Default>(
        py: Python<'py>,
        bytes: &[u8],
    ) -> PyResult<Bound<'py, PyBytes>> {
        let message = T::decode(bytes).map_err(|error| PyValueError::new_err(error.to_string()))?;
        Ok(PyBytes::new(py, &message.encode_to_vec()))
    }

    #[pyfunction]
    fn small_bytes<'py>(py: Python<'py>, bytes: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
        by_hand::<Small>(py, bytes)
    }

    #[pyfunction]
    fn medium_bytes<'py>(py: Python<'py>, bytes: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
        by_hand::<Medium>(py, bytes)
    }

    #[pyfunction]
    fn batch_bytes<'py>(py: Python<'py>, bytes: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
        by_hand::<Batch>(py, bytes)
    }

    /// A `Small` as one writes it who has no protobuf in Python.
    #[pyclass(get_all, set_all)]
    struct SmallByHand {
        id: i64,
        name: String,
        active: bool,
        score: f64,
    }

    #[pymethods]
    impl SmallByHand {
        #[new]
        #[pyo3(signature = (*, id = 0, name = String::new(), active = false, score = 0.0))]
        fn new(id: i64, name: String, active: bool, score: f64) -> Self {
            Self {
                id,
                name,
                active,
                score,
            }
        }
    }

    #[pyfunction]
    fn small_by_hand(message: &SmallByHand) -> SmallByHand {
        let message = Small {
            id: message.id,
            name: message.name.clone(),
            active: message.active,
            score: message.score,
        };
        SmallByHand {
            id: message.id,
            name: message.name,
            active: message.active,
            score: message.score,
        }
    }
}
