"""What people see first."""

from flask import Blueprint, render_template

import edge
from edge.annotate import COLOURS
from edge.web.picture.pictures import WIDTHS
from edge.web.site import Site


def blueprint(site: Site) -> Blueprint:
    """Serve the page at ``/``; what it shows comes from the API, by ``static/page.js``."""
    pages = Blueprint("pages", __name__)

    @pages.get("/")
    def index() -> str:
        colours = {
            label: "#{2:02x}{1:02x}{0:02x}".format(*colour) for label, colour in COLOURS.items()
        }
        return render_template(
            "index.html",
            node=site.config.node,
            version=edge.__version__,
            cameras=list(site.views),
            colours=colours,
            widths=WIDTHS,
        )

    return pages
