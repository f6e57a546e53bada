"""How the box and its cameras are doing, as the JSON of the API."""

from datetime import UTC, datetime
from typing import Any

import edge
from edge.web.site import Site


def describe_box(site: Site) -> dict[str, Any]:
    """Return everything that the page shows of this moment."""
    mqtt = site.config.mqtt
    return {
        "node": site.config.node,
        "version": edge.__version__,
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "broker": {"name": f"{mqtt.host}:{mqtt.port}", "connected": site.broker_connected()},
        "cameras": [view.describe() for view in site.views.values()],
    }
