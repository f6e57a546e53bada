"""Certificates and keys in files, for the broker and for browsers."""

import ssl
from pathlib import Path

from edge.errors import ConfigError


def load_pair(context: ssl.SSLContext, certificate: Path, key: Path, section: str) -> None:
    """Give `context` a certificate and its private key.

    Parameters
    ----------
    context
        Of either side.
    certificate, key
        Files in PEM form; the certificate with those that lead to its authority.
    section
        Of the configuration that names them, ``mqtt.tls`` say, for what is wrong with them.

    Raises
    ------
    ConfigError
        If a file is missing, is not what it should be, or the two do not belong together.
    """
    readable(certificate, f"{section}.certificate")
    readable(key, f"{section}.key")
    try:
        # Without a password of ours OpenSSL would ask for one at the terminal.
        context.load_cert_chain(certificate, key, password=lambda: "")
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            fault = f"{section}.key: {key} is not the key of {certificate}"
        else:
            fault = (
                f"{section}.certificate: {certificate} and {key} are not a certificate and its "
                "key, without a password, in PEM form"
            )
        raise ConfigError(fault) from None


def readable(path: Path, key: str) -> Path:
    """Return `path`, which `key` of the configuration names, if it can be read.

    Raises
    ------
    ConfigError
        If it cannot.
    """
    try:
        path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{key}: cannot read {path}: {error.strerror}") from None
    return path
