"""Protocol parsers: each a function to hold beside its RFC, run by `flowlet.Parser`."""
