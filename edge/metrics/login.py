"""How often somebody was not let in."""

from prometheus_client import CollectorRegistry, Counter

from edge.metrics.labels import LOGIN_FAILURES


def login_failures(registry: CollectorRegistry) -> Counter:
    """Return the counter, by reason, all of them present from the start."""
    counter = Counter(
        "edge_fer_web_login_failures",
        "Logins that failed, of people and programs, and why; none without `web.password` or "
        "`web.token`.",
        ("reason",),
        registry=registry,
    )
    for reason in LOGIN_FAILURES:
        counter.labels(reason)
    return counter
