"""The section ``log`` of ``config.yaml``."""

from typing import Literal

from pydantic import Field

from edge.config.section import Section

LogFormat = Literal["auto", "text", "json"]
LogLevel = Literal["debug", "info", "warning", "error"]


class LogConfig(Section):
    """What the daemon writes to standard error."""

    format: LogFormat = Field(
        "auto",
        description="json: an object a line; auto: text, without the time where journald adds it.",
    )
    level: LogLevel = Field("info", description="Nothing less important is written.")
