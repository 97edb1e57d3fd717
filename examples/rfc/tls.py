"""The handshake of a TLS 1.3 client: RFC 8446, appendix A.1; the messages are those of section 4.

    python -m examples.rfc tls run
    python -m examples.rfc tls graph

As in the appendix, alerts are left out, with which either side may give up at any time.
"""

from __future__ import annotations

from flowlet import Event, emit, receive, state


class HelloRetryRequest(Event): ...


class ServerHello(Event):
    psk: bool  # whether it has the extension pre_shared_key


class EncryptedExtensions(Event): ...


class CertificateRequest(Event): ...


class Certificate(Event): ...


class CertificateVerify(Event): ...


class Finished(Event): ...


# ClientHello is only sent; the last three above are both sent and received.


class ClientHello(Event): ...


def tls_client() -> None:
    """From the first ClientHello to where both sides may send data."""
    hello = exchange_keys()
    receive(EncryptedExtensions, at="WAIT_EE")
    asked = False
    if not hello.psk:  # who knows the key needs no certificate
        asked = authenticate_server()
    receive(Finished, at="WAIT_FINISHED")
    if asked:
        emit(Certificate())
        emit(CertificateVerify())
    emit(Finished())
    with state("CONNECTED"):
        return


def exchange_keys() -> ServerHello:
    """Sections 4.1.2 to 4.1.4: say hello, until the server finds in it what it needs."""
    while True:
        with state("START"):
            emit(ClientHello())
        match receive(ServerHello, HelloRetryRequest, at="WAIT_SH"):
            case ServerHello() as hello:
                return hello
            case HelloRetryRequest():
                pass


def authenticate_server() -> bool:
    """Sections 4.3.2 to 4.4.3: who the server is; returns whether it has asked the same."""
    first = receive(CertificateRequest, Certificate, at="WAIT_CERT_CR")
    asked = isinstance(first, CertificateRequest)
    if asked:
        receive(Certificate, at="WAIT_CERT")
    receive(CertificateVerify, at="WAIT_CV")
    return asked
