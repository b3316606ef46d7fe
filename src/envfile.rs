//! Env files as Vite reads them: files by mode, quoting, expansion; each value knows its file and line.
