"""Everything the zoo runs: one module or package per stage, each also a command."""
