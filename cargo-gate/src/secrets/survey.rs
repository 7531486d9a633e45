//! The secrets of a workspace.
