"""What comes with a request in its URL: checked, or refused in one clear line."""

from flask import abort, request

from edge.web.picture.view import CameraView
from edge.web.site import Site


def camera_named(site: Site, name: str) -> CameraView:
    """Return a camera's view, or end the request with 404."""
    view = site.views.get(name)
    if view is None:
        abort(404, f"no camera named {name}: {', '.join(site.views)}")
    return view


def whole_number(name: str, least: int, most: int) -> int | None:
    """Return a query parameter, None where it is not given; end the request with 422 if wrong."""
    text = request.args.get(name)
    return None if text is None else as_whole_number(name, text, least, most)


def as_whole_number(name: str, text: str, least: int, most: int) -> int:
    """Return the number that `text` is; end the request with 422 if it is none, or too large."""
    # int() takes blanks, underscores and the digits of all scripts, and is slow for endless ones.
    plain = text.isascii() and text.isdigit() and len(text) <= len(str(most))
    if not (plain and least <= int(text) <= most):
        abort(422, f"{name} is a whole number from {least} to {most}")
    return int(text)
