"""In which order each tensor is stored: atoms, rules, choices, and the integer program."""
