"""``edge-fer video``: every frame of a clip through the pipeline, as fast as it goes."""

import json
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Final, TextIO

import click
import cv2
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

from edge.annotate import annotate
from edge.capture.loop import SourceStatus
from edge.capture.video_file import VideoFile
from edge.classify import Classifier
from edge.detect import FaceFinder
from edge.errors import ConfigError, EdgeFerError
from edge.metrics import Metrics
from edge.pipeline import Pipeline
from edge.records import ImageArray, Observation
from edge.still import describe

_POLL_SECONDS: Final = 0.1
_STOP_SECONDS: Final = 3.0


class ClipSink:
    """Writes a JSON line and an annotated frame for every observation, and counts.

    Parameters
    ----------
    source
        The clip; tells its frame rate once it is open.
    lines
        Takes the JSON lines, if any.
    video
        Path of the annotated MP4, if any.
    """

    def __init__(self, source: VideoFile, lines: TextIO | None, video: Path | None) -> None:
        self._source = source
        self._lines = lines
        self._path = video
        self._writer: cv2.VideoWriter | None = None
        self.frames = 0
        self.with_faces = 0

    def accept(self, observation: Observation) -> None:
        """Write one frame."""
        frame, readings = observation.frame, observation.readings
        self.frames += 1
        self.with_faces += bool(readings)
        if self._lines is not None:
            faces = [describe(reading) for reading in readings]
            line = {"frame": frame.number, "time": round(frame.time, 3), "faces": faces}
            self._lines.write(json.dumps(line) + "\n")
        if self._path is not None:
            self._write(annotate(frame.image, readings))

    def idle(self) -> None:
        """Do nothing: a clip's time stands still between frames."""

    def source_status(self, status: SourceStatus) -> None:
        """Do nothing: a clip that fails ends the command."""

    def close(self) -> None:
        """Finish the MP4."""
        if self._writer is not None:
            self._writer.release()

    def _write(self, image: ImageArray) -> None:
        if self._writer is None:
            height, width = image.shape[:2]
            codec = cv2.VideoWriter.fourcc(*"mp4v")
            self._writer = cv2.VideoWriter(
                str(self._path), codec, self._source.fps, (width, height)
            )
            if not self._writer.isOpened():
                raise EdgeFerError(f"cannot write {self._path}: check the folder and the disk")
        self._writer.write(image)


def read_clip(
    path: Path, json_path: Path | None, out: Path | None, finder: FaceFinder, classifier: Classifier
) -> None:
    """Read a clip with a progress bar on standard error; print a summary there.

    Raises
    ------
    ConfigError
        If there is no such clip, or `out` is no ``.mp4``.
    EdgeFerError
        If the clip is damaged; what could be read is written all the same.
    """
    if not path.is_file():
        raise ConfigError(f"no video at {path}: check the path")
    if out is not None and out.suffix.lower() != ".mp4":
        raise ConfigError(f"cannot write {out}: the annotated video is an .mp4")
    source = VideoFile(path)
    with ExitStack() as stack:
        lines = _open_lines(json_path, stack)
        sink = ClipSink(source, lines, out)
        pipeline = Pipeline(source, finder, classifier, sink, Metrics().camera("clip"))
        start = time.monotonic()
        try:
            _run(pipeline, source, sink)
        finally:
            pipeline.join(time.monotonic() + _STOP_SECONDS)
    if pipeline.error is not None:
        raise pipeline.error
    seconds = time.monotonic() - start
    click.echo(
        f"{path}: {sink.frames} frames, faces in {sink.with_faces}, "
        f"{sink.frames / seconds:.1f} frames a second",
        err=True,
    )


def _open_lines(json_path: Path | None, stack: ExitStack) -> TextIO | None:
    if json_path is None:
        return None
    if str(json_path) == "-":
        return sys.stdout
    return stack.enter_context(json_path.open("w", encoding="utf-8"))


def _run(pipeline: Pipeline, source: VideoFile, sink: ClipSink) -> None:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    silent = not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=silent) as progress:
        task = progress.add_task("reading", total=None)
        pipeline.start()
        while pipeline.running:
            pipeline.wait(_POLL_SECONDS)
            progress.update(task, completed=sink.frames, total=source.frames or None)
