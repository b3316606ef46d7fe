//! One file per subcommand; where the pieces are put together.
