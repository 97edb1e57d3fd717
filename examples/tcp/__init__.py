"""TCP connections: the RFC's state machine as plain functions, run over real packets.

- `connection`: the machine of one end, which is what this example is about
- `frames`, `packets`: from a capture file to TCP segments
- `follow`: from segments to what each end did and got; `ends`, `machines`: what that needs
- `show`: what is printed and drawn

`python -m examples.tcp --help`
"""
