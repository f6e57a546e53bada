"""Which checks are made of which box."""

from collections.abc import Iterator
from pathlib import Path

from edge.config import Config
from edge.config.advice import unwise
from edge.config.file import load_config
from edge.doctor import box, broker, camera, clock, detector, disk, model, port, runtime, unit
from edge.doctor.finding import Check, Finding, Status
from edge.errors import ConfigError

_TOPIC = "config"


def read(path: Path) -> tuple[Config | None, list[Finding]]:
    """Return the configuration, None where it cannot be read, and what is to be said of it."""
    try:
        config = load_config(path)
    except ConfigError as fault:
        advice = "mend it, and see what edge-fer check says; what does not need it is looked at"
        return None, [Finding(Status.ERROR, str(each), advice, _TOPIC) for each in fault.faults]
    except OSError as fault:  # a folder that this user may not look into
        advice = "look as root: sudo edge-fer doctor"
        return None, [Finding(Status.ERROR, f"{path}: {fault.strerror}", advice, _TOPIC)]
    names = ", ".join(config.cameras)
    findings = [Finding(Status.OK, f"{path}: node {config.node}, cameras {names}", "", _TOPIC)]
    found = unwise(config, path)
    findings += [Finding(Status.WARNING, each.what, each.advice, _TOPIC) for each in found]
    return config, findings


def checks(config: Config | None, path: Path) -> Iterator[Check]:
    """Give what to look at; without a configuration what the box itself shows.

    Parameters
    ----------
    config
        None where it cannot be read.
    path
        Where it is, or should be.
    """
    yield from box.checks()
    yield from clock.checks()
    yield from unit.checks(path)
    yield from runtime.checks()
    yield from detector.checks()
    yield from model.checks(config)
    yield from camera.checks(config)
    yield from disk.checks(config, path)
    if config is not None:
        yield from port.checks(config)
        yield from broker.checks(config)
