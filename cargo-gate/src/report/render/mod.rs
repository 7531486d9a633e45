//! Renderers: one file per format, each a pure function of the report.
