"""A reverse proxy that gives the box a place below its own: ``http://proxy/<prefix>/``."""

import http.client
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_OF_THE_HOP = {"connection", "transfer-encoding", "date", "server"}


@contextmanager
def reverse_proxy(target: int, prefix: str) -> Iterator[str]:
    """Serve the box on port `target` below `prefix`; gives the URL, without a slash at its end."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if not self.path.startswith(f"{prefix}/"):
                self.send_error(404)
                return
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            told = {k: v for k, v in self.headers.items() if k.lower() not in _OF_THE_HOP}
            told |= {"X-Forwarded-Prefix": prefix, "X-Forwarded-Host": self.headers["Host"]}
            box = http.client.HTTPConnection("127.0.0.1", target, timeout=60)
            # Either side may leave.
            with closing(box), suppress(OSError, http.client.HTTPException):
                box.request(self.command, self.path.removeprefix(prefix), body, told)
                self._pass_on(box.getresponse())

        def do_POST(self) -> None:
            self.do_GET()

        def _pass_on(self, answer: http.client.HTTPResponse) -> None:
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in _OF_THE_HOP:
                    self.send_header(name, value)
            self.end_headers()
            while piece := answer.read1(65536):
                self.wfile.write(piece)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.block_on_close = False
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}{prefix}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
