"""``edge-fer video``: every frame of a clip through the pipeline, as fast as it goes."""

import json
import os
import sys
import time
from contextlib import ExitStack, suppress
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
from edge.capture.health import SourceHealth
from edge.capture.video_file import VideoFile
from edge.classify import Classifier, PacedClassifier
from edge.config import CaptureConfig
from edge.detect import FaceFinder
from edge.detect.scanner import Scanner
from edge.errors import ConfigError, EdgeFerError
from edge.metrics import Metrics
from edge.pipeline import Pipeline
from edge.records import ImageArray, Observation

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
        frame, readings = observation.frame, observation.readings or ()
        self.frames += 1
        self.with_faces += bool(readings)
        if self._lines is not None:
            faces = [reading.describe() for reading in readings]
            line = {"frame": frame.number, "time": round(frame.time, 3), "faces": faces}
            _write_line(self._lines, json.dumps(line))
        if self._path is not None:
            self._write(self._path, annotate(frame.picture.image, readings))

    def idle(self) -> None:
        """Do nothing: a clip's time stands still between frames."""

    def close(self) -> None:
        """Finish the MP4, and give it its name when it is whole.

        Raises
        ------
        EdgeFerError
            If frames are missing from it: OpenCV says nothing of a full disk.
        """
        if self._writer is None or self._path is None:
            return
        self._writer.release()
        self._writer = None
        partial = _partial(self._path)
        written = cv2.VideoCapture(str(partial), cv2.CAP_FFMPEG)
        frames = int(written.get(cv2.CAP_PROP_FRAME_COUNT))
        written.release()
        if frames < self.frames:
            partial.unlink(missing_ok=True)
            raise EdgeFerError(f"cannot write all of {self._path}: is the disk full?")
        partial.replace(self._path)

    def _write(self, path: Path, image: ImageArray) -> None:
        if self._writer is None:
            height, width = image.shape[:2]
            codec = cv2.VideoWriter.fourcc(*"mp4v")
            self._writer = cv2.VideoWriter(
                str(_partial(path)), codec, self._source.fps, (width, height)
            )
            if not self._writer.isOpened():
                raise EdgeFerError(f"cannot write {path}: check the folder and the disk")
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
    if out is not None and out == json_path:
        raise ConfigError(f"--json and --out both name {out}: choose two files")
    for target in (json_path, out):
        if target is not None and target.exists() and target.samefile(path):
            raise ConfigError(f"{target} is the clip itself: choose another name for the output")
    source = VideoFile(path)
    with ExitStack() as stack:
        lines = _open_lines(json_path, stack)
        sink = ClipSink(source, lines, out)
        metrics = Metrics().camera("clip")
        pipeline = Pipeline(
            lambda: source,
            Scanner(finder),
            PacedClassifier(classifier),
            sink,
            metrics,
            SourceHealth(),
            CaptureConfig(),
        )
        start = time.monotonic()
        try:
            _run(pipeline, source, sink, bar=lines is None or not lines.isatty())
        finally:
            if not pipeline.join(time.monotonic() + _STOP_SECONDS):
                # A stage is stuck in native code, or in writing to a reader that takes nothing:
                # the interpreter's own end would wait for it, or crash under it.
                os._exit(1)
    if pipeline.error is not None:
        raise pipeline.error
    seconds = time.monotonic() - start
    click.echo(
        f"{path}: {sink.frames} frames, faces in {sink.with_faces}, "
        f"{sink.frames / seconds:.1f} frames a second{f', written to {out}' if out else ''}",
        err=True,
    )


def _partial(path: Path) -> Path:
    return path.with_name(f".{path.stem}.partial.mp4")


def _write_line(lines: TextIO, line: str) -> None:
    try:
        lines.write(line + "\n")
        lines.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise EdgeFerError(f"cannot write {lines.name}: {error.strerror}") from None


def _open_lines(json_path: Path | None, stack: ExitStack) -> TextIO | None:
    if json_path is None:
        return None
    if str(json_path) == "-":
        if sys.stdout is None:
            raise EdgeFerError("standard output is closed: name a file for --json")
        return sys.stdout
    lines = json_path.open("w", encoding="utf-8")
    stack.callback(_close, lines)
    return lines


def _close(lines: TextIO) -> None:
    with suppress(OSError):  # every line was flushed: what fails now has failed, and been said
        lines.close()


def _run(pipeline: Pipeline, source: VideoFile, sink: ClipSink, bar: bool) -> None:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    shown = bar and console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=not shown) as progress:
        task = progress.add_task("reading", total=None)
        pipeline.start()
        while pipeline.running:
            pipeline.wait(_POLL_SECONDS)
            progress.update(task, completed=sink.frames, total=source.frames or None)
