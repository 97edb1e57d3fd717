"""Programs to read and to run: `python -m examples.turnstile run`, or `graph`; `examples.tcp`."""
