//! There is no library here, only the tests in `tests/`.
