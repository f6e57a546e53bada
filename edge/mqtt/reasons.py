"""Why there is no connection to the broker, in words and as a metric's label."""

import socket
import ssl
from dataclasses import dataclass
from typing import Final, Literal

from paho.mqtt.reasoncodes import ReasonCode

Label = Literal["unreachable", "timeout", "tls", "refused", "protocol"]

UNSUPPORTED_VERSION: Final = 132
NO_RETAIN: Final = 154
NO_QOS: Final = 155
_PROTOCOL_ERROR: Final = 130
_KEEPALIVE: Final = 141
_NOT_OF_A_MESSAGE: Final = (131, 137, 139, _KEEPALIVE, 142, 147, 150, 151, 152, 156, 157, 159, 160)
"""The broker is busy, ends, moves, has enough of us, or has another client of our name."""

_HINTS: Final = {
    UNSUPPORTED_VERSION: "set mqtt.version to auto or 3.1.1",
    133: "another box has this node name, or the broker wants other names",
    134: "check mqtt.username and mqtt.password",
    135: "check mqtt.username and mqtt.password",
    142: "does another box have this node's name?",
}
"""What may be behind reasons of MQTT 5; paho gives those of 3.1.1 the same numbers."""

# X509_V_ERR_... of OpenSSL.
_NOT_YET_VALID: Final = 9
_EXPIRED: Final = 10
_OTHER_HOST: Final = (62, 64)


@dataclass(frozen=True)
class Failure:
    """An attempt that failed; `words` go on after the broker's address."""

    label: Label
    words: str


_OTHERS: Final[tuple[tuple[tuple[type[Exception], ...], Failure], ...]] = (
    ((TimeoutError,), Failure("timeout", "does not answer")),
    (
        (ConnectionRefusedError,),
        Failure("unreachable", "cannot be reached: connection refused; does it run?"),
    ),
    (
        (ConnectionResetError,),
        Failure("protocol", "hangs up at once; check mqtt.port and mqtt.tls"),
    ),
    (
        (socket.gaierror, UnicodeError),
        Failure("unreachable", "cannot be reached: its name is not known; check mqtt.broker"),
    ),
)

_NO_NAME_SERVER: Final = Failure(
    "unreachable",
    "cannot be reached: its name cannot be looked up now; does this box reach its name server?",
)


def of_error(error: BaseException) -> Failure:
    """Tell what an exception on the way to a broker means."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return Failure("tls", _of_certificate(error))
    if isinstance(error, ssl.SSLError):
        return Failure("tls", _of_tls(error))
    if isinstance(error, socket.gaierror) and error.errno == socket.EAI_AGAIN:
        return _NO_NAME_SERVER
    for kinds, failure in _OTHERS:
        if isinstance(error, kinds):
            return failure
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return Failure("unreachable", f"cannot be reached: {reason}")


def of_refusal(reason: ReasonCode) -> Failure:
    """Tell why a broker does not let us in."""
    return Failure("refused", f"refuses the connection: {in_words(reason)}")


def of_end(reason: ReasonCode | None, error: OSError | None, late: bool) -> Failure:
    """Tell why a connection ended before the broker answered.

    Parameters
    ----------
    reason
        What paho makes of it, if anything.
    error
        What the socket said last.
    late
        Whether the broker had all the time to answer that there is.
    """
    if _is(reason, "Protocol error"):
        return Failure("protocol", "answers what we cannot read; check mqtt.port and mqtt.version")
    if isinstance(error, ssl.SSLError):
        return of_error(error)
    if late or _is(reason, "Keep alive timeout"):
        return Failure("timeout", "accepts the connection and says nothing")
    return Failure(
        "protocol", "hangs up before it answers; check mqtt.port, mqtt.tls and mqtt.version"
    )


def of_loss(reason: ReasonCode | None, error: OSError | None, told: bool) -> str:
    """Tell why a connection was lost; `told` is whether the reason is the broker's own."""
    if told and reason is not None:
        return in_words(reason)
    if _is(reason, "Protocol error"):
        return "it sent what we cannot read"
    if _is(reason, "Keep alive timeout"):
        return "it does not answer any more"
    return str(error.strerror or error) if error is not None else "it closed the connection"


def may_be_a_message(reason: ReasonCode | None, error: OSError | None, told: bool) -> bool:
    """Return whether a broker may have ended a connection for what it was sent."""
    if reason is None or reason.value in _NOT_OF_A_MESSAGE:
        return False
    if told:
        return True
    # Not what the network did, and not what we could not read.
    hung_up = error is None or isinstance(error, ConnectionError | ssl.SSLError)
    return hung_up and reason.value != _PROTOCOL_ERROR


def _is(reason: ReasonCode | None, name: str) -> bool:
    return reason is not None and reason.getName() == name


def in_words(reason: ReasonCode) -> str:
    """Return a reason with what to look at."""
    hint = _HINTS.get(reason.value)
    return f"{reason}; {hint}" if hint else str(reason)


def _of_certificate(error: ssl.SSLCertVerificationError) -> str:
    if error.verify_code == _EXPIRED:
        what = "its certificate has expired"
    elif error.verify_code == _NOT_YET_VALID:
        what = "its certificate is not valid yet; is this box's clock right?"
    elif error.verify_code in _OTHER_HOST:
        what = "its certificate is for another host name; check mqtt.broker"
    else:
        what = f"its certificate is not trusted ({error.verify_message}); check mqtt.tls.ca"
    return f"cannot be trusted: {what}"


def _of_tls(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLEOFError):
        return "hangs up during TLS; check mqtt.port, and mqtt.tls.certificate if it asks for one"
    alert = (error.reason or str(error)).lower().replace("_", " ")
    if "certificate required" in alert or "handshake failure" in alert:
        return f"ends TLS: {alert}; set mqtt.tls.certificate and mqtt.tls.key"
    if "alert" in alert:
        return f"ends TLS: {alert}; check mqtt.tls.certificate and mqtt.tls.key"
    if "wrong version number" in alert or "record layer failure" in alert:
        return "does not speak TLS on this port; check mqtt.port and mqtt.tls"
    return f"fails in TLS: {alert}"
