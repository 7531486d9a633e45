//! The command line: arguments and wording, one file per subcommand, no logic.
