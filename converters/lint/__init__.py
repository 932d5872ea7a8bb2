"""lint: what in a float network will suffer from 8 bits, warned of by name before it does."""
