//! Where values come from: the process, env files, files, commands.
