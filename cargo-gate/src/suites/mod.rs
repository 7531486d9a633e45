//! Suites: user-declared bodies of evidence, one file per kind.
