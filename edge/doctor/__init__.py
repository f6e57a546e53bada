"""``edge-fer doctor``: one look at the box, and what to do about what is wrong.

A file a topic: each gives `Check`s, which examination.py makes at the same time, and report.py
shows what they found.
"""

from pathlib import Path

from edge.config.effective import secrets_of
from edge.doctor.examination import examine
from edge.doctor.finding import Status
from edge.doctor.report import show
from edge.doctor.rounds import checks, read


def look_at(path: Path, as_json: bool) -> int:
    """Look at the box, with the configuration at `path` if it can be read; return the exit code."""
    config, faults = read(path)
    secrets = frozenset[str]() if config is None else secrets_of(config)
    findings = [*faults, *examine(checks(config, path))]
    show(findings, as_json, secrets)
    return int(any(finding.status is Status.ERROR for finding in findings))
