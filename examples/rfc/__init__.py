"""Five machines of RFCs as plain functions, each written after the prose of its RFC.

- `dhcp`: the DHCP client, RFC 2131, section 4.4
- `imap`: a session of IMAP4rev2, RFC 9051, section 3
- `quic`: the sending part of a QUIC stream, RFC 9000, section 3.1
- `sip`: the client's INVITE transaction of SIP, RFC 3261, section 17.1.1
- `tls`: the client's handshake of TLS 1.3, RFC 8446, appendix A.1

The figure that each RFC draws is found by exploring, and a test compares the two edge by edge.
The sixth machine, TCP, follows real packets: see `examples.tcp.connection`.

`python -m examples.rfc` says what can be done with them.
"""
