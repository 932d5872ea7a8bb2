"""Measurements of what the zoo's tools cost and reach, beside other tools; nothing imports them."""
