"""What people see first."""

from flask import Blueprint, render_template

from edge.annotate import COLOURS
from edge.web.site import Site


def blueprint(site: Site) -> Blueprint:
    """Serve the page at ``/``."""
    pages = Blueprint("pages", __name__)

    @pages.get("/")
    def index() -> str:
        colours = {
            emotion: "#{2:02x}{1:02x}{0:02x}".format(*colour) for emotion, colour in COLOURS.items()
        }
        return render_template(
            "index.html", node=site.config.node, cameras=list(site.views), colours=colours
        )

    return pages
