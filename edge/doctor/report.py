"""Shows what was found: coloured to a person, plain to a file, JSON to a program."""

import json
from collections.abc import Sequence
from typing import Any, Final

import click
from rich.console import Console
from rich.text import Text

from edge.doctor.finding import Finding, Status
from edge.redact import conceal

_STYLES: Final = {Status.OK: "green", Status.WARNING: "yellow", Status.ERROR: "bold red"}
_WIDTH: Final = max(map(len, Status)) + 2


def show(findings: Sequence[Finding], as_json: bool, secrets: frozenset[str]) -> None:
    """Print the findings, without the `secrets`."""
    if as_json:
        click.echo(conceal(json.dumps(_as_object(findings)), secrets))
        return
    console = Console(highlight=False, soft_wrap=True)
    topics = max(len(finding.topic) for finding in findings) + 2
    for finding in findings:
        line = Text(finding.status.ljust(_WIDTH), _STYLES[finding.status])
        line.append(finding.topic.ljust(topics), "bold")
        line.append(_printable(conceal(finding.what, secrets)), "default")
        console.print(line)
        if finding.advice and finding.status is not Status.OK:
            advice = _printable(conceal(finding.advice, secrets))
            console.print(Text(f"{' ' * (_WIDTH + topics)}-> {advice}"))
    console.print(Text(_summary(findings), "bold"))


def _summary(findings: Sequence[Finding]) -> str:
    told = []
    for status in (Status.ERROR, Status.WARNING):
        count = sum(finding.status is status for finding in findings)
        if count:
            told.append(f"{count} {status}{'s' if count > 1 else ''}")
    return ", ".join(told) or "all is well"


def _as_object(findings: Sequence[Finding]) -> dict[str, Any]:
    """Return the findings, and beside them what each camera's model runs on."""
    cameras = {
        name: {key: value for key, value in finding.figures.items() if key != "cameras"}
        for finding in findings
        for name in finding.figures.get("cameras", ())
    }
    return {
        "ok": not any(finding.status is Status.ERROR for finding in findings),
        "checks": [
            {
                "topic": finding.topic,
                "status": finding.status,
                "what": " ".join(finding.what.split()),
                "advice": finding.advice,
                **finding.figures,
            }
            for finding in findings
        ],
        "cameras": cameras,
    }


def _printable(text: str) -> str:
    """Return text, which a device or a broker may have chosen, without what terminals obey."""
    return "".join(each if each.isprintable() else " " for each in text)
