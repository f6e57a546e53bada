"""Whether one could listen on a port."""

import socket


def port_fault(host: str, port: int) -> OSError | None:
    """Return why nobody could listen there now; None if that is possible."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do
            probe.bind((host, port))
    except OSError as error:
        return error
    return None
