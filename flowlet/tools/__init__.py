"""Tools are clients: they use what users of flowlet can import, and nothing of it sees them."""
