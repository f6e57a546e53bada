"""What waitress refuses by itself, before the application is asked, as problems too."""

from flask import json
from waitress.task import ErrorTask

from edge.web.access.headers import HEADERS
from edge.web.problem import MEDIA_TYPE


class ProblemTask(ErrorTask):  # type: ignore[misc] # waitress has no types
    """Answers requests that are too large or no HTTP; for a channel's ``error_task_class``."""

    def execute(self) -> None:
        """Write the answer; the connection ends with it."""
        error = self.request.error
        content = {"title": error.reason, "status": error.code, "detail": str(error.body)}
        if error.code >= 500:  # noqa: PLR2004 - what waitress says of itself helps nobody
            del content["detail"]
        body = json.dumps(content).encode()
        self.status = f"{error.code} {error.reason}"
        self.response_headers += [("Content-Type", MEDIA_TYPE), *HEADERS.items()]
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)
