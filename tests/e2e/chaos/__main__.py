"""``python -m tests.e2e.chaos``: the fault harness in full, with its figures."""

import json
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import click

from tests.e2e.chaos import brokers, outages
from tests.e2e.chaos import damaged as damaged_files
from tests.e2e.chaos import soak as long_run
from tests.e2e.chaos.neighbours import neighbours as four_cameras
from tests.e2e.chaos.site import Site, site
from tests.support.servers import face_clip


class Harness:
    """Where scenarios run, and their clips."""

    def __init__(self, stack: ExitStack, out: Path) -> None:
        self._stack = stack
        self.out = out
        self.folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        self.clip = face_clip(self.folder)

    def folder_of(self, name: str) -> Path:
        """Return a fresh folder."""
        folder = self.folder / name
        folder.mkdir()
        return folder

    def site(self, name: str) -> Site:
        """Return a fresh place."""
        return self._stack.enter_context(site(self.folder / name))


pass_harness = click.make_pass_decorator(Harness)


@click.group(chain=True)
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default="chaos")
@click.pass_context
def main(context: click.Context, out: Path) -> None:
    """Break everything that can break around a running daemon, and measure what comes of it."""
    out.mkdir(parents=True, exist_ok=True)
    context.obj = Harness(context.with_resource(ExitStack()), out)


@main.command()
@click.option("--times", default=20)
@pass_harness
def restarts(harness: Harness, times: int) -> None:
    """Kill the RTSP server and start it again."""
    found = outages.restarts(harness.site("restarts"), harness.clip, times, away=3.0)
    click.echo(
        f"restarts: back {len(found.seconds)} of {times} times; from server-up to first event "
        f"median {found.median:.1f} s, worst {max(found.seconds):.1f} s; "
        f"threads {found.threads}, descriptors {found.descriptors} before and after"
    )


@main.command()
@click.option("--seconds", default=60.0)
@pass_harness
def freeze(harness: Harness, seconds: float) -> None:
    """Freeze the RTSP server, and thaw it."""
    found = outages.freeze(harness.site("freeze"), harness.clip, seconds)
    click.echo(
        f"freeze of {seconds:.0f} s: noticed after {found.noticed:.1f} s (limit 3), back "
        f"{found.back:.1f} s after the thaw, same process {found.same_process}: "
        f"{' > '.join(found.statuses)}"
    )


@main.command()
@pass_harness
def refusals(harness: Harness) -> None:
    """Ask for cameras that cannot be had."""
    for found in outages.refusals(harness.site("refusals"), harness.clip):
        click.echo(f"{found.kind}: {' > '.join(found.statuses)}: {found.line[24:]}")
    seconds = outages.back_while_opened(harness.site("opened"), harness.clip)
    click.echo(f"a server that answers again while it is opened: online after {seconds:.1f} s")


@main.command()
@pass_harness
def sizes(harness: Harness) -> None:
    """Change the size of the pictures in one stream."""
    all_sizes = ("1280x720", "640x360", "1920x1080")
    clips = [face_clip(harness.folder, size) for size in all_sizes]
    found = outages.sizes(harness.site("sizes"), clips, 30)
    click.echo(f"sizes: events {found}")


@main.command()
@click.option("--seconds", default=60.0)
@pass_harness
def neighbours(harness: Harness, seconds: float) -> None:
    """Measure a camera alone and beside three that fail."""
    alone, company, states = four_cameras(harness.site, harness.clip, seconds)
    click.echo(
        f"neighbours ({', '.join(states)}): {alone.fps:.2f} -> {company.fps:.2f} fps "
        f"({100 * (company.fps / alone.fps - 1):+.1f} %), {alone.latency_ms:.1f} -> "
        f"{company.latency_ms:.1f} ms ({100 * (company.latency_ms / alone.latency_ms - 1):+.1f} %)"
    )


@main.command()
@click.option("--times", default=20)
@click.option("--minutes", default=10.0)
@click.option("--outbox", default=1000, help="Events that it takes, in the outage.")
@pass_harness
def broker(harness: Harness, times: int, minutes: float, outbox: int) -> None:
    """End the broker while events flow, and then for longer than they can wait."""
    found = brokers.restarts(harness.folder_of("broker"), times, 60 * minutes)
    click.echo(
        f"broker ended {found.ends} times in {minutes:g} min: {found.sent} events sent, "
        f"{found.missing} missing, in order {found.in_order}, {found.duplicates} twice, "
        f"{found.drops:.0f} counted as lost; next event {found.worst:.1f} s after the broker "
        "at worst"
    )
    away = brokers.outage(harness.folder_of("outage"), outbox, outbox // 2)
    click.echo(
        f"an outage longer than the outbox of {outbox}: {away.sent} events sent, {away.lost} lost, "
        f"{away.counted:.0f} counted as overflow; the newest all there {away.newest_kept}, in "
        f"order {away.in_order}"
    )


@main.command()
@click.option("--minutes", default=60.0)
@pass_harness
def soak(harness: Harness, minutes: float) -> None:
    """Run for an hour with a fault every 30 s."""
    clips = {"door": harness.clip, "window": face_clip(harness.folder, "640x360")}
    found = long_run.soak(harness.site("soak"), clips, minutes)
    long_run.plot(found, harness.out / "soak.png")
    samples = [sample.__dict__ for sample in found.samples]
    text = json.dumps({"samples": samples, "faults": found.faults})
    (harness.out / "soak.json").write_text(text)
    (harness.out / "soak.log").write_text(found.log)
    end = found.samples[-1].moment
    early, late = found.held(min(300.0, end / 2)), found.held(end - 60, 61)
    click.echo(
        f"soak of {minutes:.0f} min, {len(found.faults)} faults, medians of a minute: "
        f"{early.resident_mb:.1f} MB after {early.moment / 60:.0f} min, "
        f"{late.resident_mb:.1f} MB at the end "
        f"({100 * (late.resident_mb / early.resident_mb - 1):+.1f} %); threads {early.threads} -> "
        f"{late.threads}, descriptors {early.descriptors} -> {late.descriptors}; "
        f"{found.events} events, {len(found.wrong)} wrong {found.wrong[:5]}"
    )


@main.command()
@click.option("--files", default=500)
@click.option("--seed", default=0)
@pass_harness
def damaged(harness: Harness, files: int, seed: int) -> None:
    """Give damaged video files to edge-fer video."""
    folder, start = harness.folder / "damaged", time.monotonic()
    clips = [harness.clip, *damaged_files.other_containers(harness.clip, harness.folder)]
    paths = damaged_files.mutations(clips, folder, files, seed)
    found = damaged_files.run_all(paths, tell=True)
    click.echo(
        f"damaged: {files} files in {time.monotonic() - start:.0f} s: {dict(found.ends)}; "
        f"{len(found.wrong)} wrong"
    )
    for line in found.wrong:
        click.echo(f"  {line}")


if __name__ == "__main__":
    main()
