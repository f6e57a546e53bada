"""Requests as waitress reads them, and what it trips over."""

from contextlib import suppress
from typing import Final

from waitress.parser import HTTPRequestParser, ParsingError
from werkzeug.http import parse_date

_DATES: Final = ("IF_MODIFIED_SINCE", "IF_UNMODIFIED_SINCE", "IF_RANGE", "DATE")


class Parser(HTTPRequestParser):  # type: ignore[misc] # waitress has no types
    """Waitress' own, which lets exceptions of the standard library through."""

    def parse_header(self, header_plus: bytes) -> None:
        """Read the first line and the headers."""
        try:
            super().parse_header(header_plus)
        except ValueError:  # a length of thousands of digits, no URL
            raise ParsingError("no HTTP request") from None
        for name in _DATES:
            if _is_beyond_time(self.headers.get(name)):
                del self.headers[name]  # what is no date has to be ignored (RFC 9110)


def _is_beyond_time(text: str | None) -> bool:
    """Return whether Werkzeug would trip over a date with a year of many digits."""
    with suppress(OverflowError):
        parse_date(text)
        return False
    return True
