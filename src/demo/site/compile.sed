# From a line of an env file to the command that compiles its variable in.
s/^\(VITE_[A-Z_]*\)=["']\{0,1\}\([^"']*\)["']\{0,1\}$/s|import\\.meta\\.env\\.\1\\([^A-Z_]\\)|"\2"\\1|g/p
