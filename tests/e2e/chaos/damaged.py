"""Damaged video files through ``edge-fer video``: bits flipped, cut, overwritten, renamed."""

import json
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import cv2

from tests.support.system import program

_LIMIT_SECONDS: Final = 120


@dataclass
class Outcome:
    """How the runs ended: ``result``, ``one line``, or what must not be."""

    ends: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


def mutations(clips: list[Path], folder: Path, number: int, seed: int = 0) -> Iterator[Path]:
    """Write damaged copies, each from its own draw, and give their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    chance = random.Random(seed)
    for index in range(number):
        clip = clips[index % len(clips)]
        content = bytearray(clip.read_bytes())
        kind = ("flip", "cut", "noise", "zero", "head", "rename")[index // len(clips) % 6]
        ending = clip.suffix
        if kind == "flip":
            for _ in range(chance.choice((1, 10, 100, 1000))):
                content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        elif kind == "cut":
            del content[chance.randrange(len(content)) :]
        elif kind in ("noise", "zero"):
            start = chance.randrange(len(content))
            end = min(len(content), start + chance.choice((100, 10_000, 100_000)))
            content[start:end] = (
                bytes(end - start) if kind == "zero" else chance.randbytes(end - start)
            )
        elif kind == "head":
            for _ in range(20):
                content[chance.randrange(2000)] = chance.randrange(256)
        else:
            ending = chance.choice((".mp4", ".avi", ".mkv", ".jpg", ".txt", ""))
        path = folder / f"{index:04d}-{kind}{ending}"
        path.write_bytes(content)
        yield path


def other_containers(clip: Path, folder: Path) -> list[Path]:
    """Write the clip as AVI with MPEG-4, as Matroska and as MPEG-TS with H.264."""
    video = cv2.VideoCapture(str(clip))
    size = (int(video.get(cv2.CAP_PROP_FRAME_WIDTH)), int(video.get(cv2.CAP_PROP_FRAME_HEIGHT)))
    avi = folder / "clip.avi"
    writer = cv2.VideoWriter(str(avi), cv2.VideoWriter.fourcc(*"XVID"), 25, size)
    while True:
        good, image = video.read()
        if not good:
            break
        writer.write(image)
    writer.release()
    written = [avi]
    for muxer, name in (("matroskamux", "clip.mkv"), ("mpegtsmux", "clip.ts")):
        pipeline = (
            f"filesrc location={clip} ! qtdemux ! h264parse config-interval=-1 ! {muxer} "
            f"! filesink location={folder / name}"
        )
        subprocess.run([program("gst-launch-1.0"), "-q", *pipeline.split()], check=True, timeout=60)
        written.append(folder / name)
    return written


def run_all(paths: Iterator[Path], tell: bool = False) -> Outcome:
    """Run ``edge-fer video`` on each, two at a time."""
    outcome = Outcome()
    with ThreadPoolExecutor(2) as pool:
        for number, (path, end) in enumerate(pool.map(lambda p: (p, _run(p)), paths), 1):
            kind, _, detail = end.partition(": ")
            outcome.ends[kind] += 1
            if kind not in ("result", "one line"):
                outcome.wrong.append(f"{path.name}: {kind}: {detail}")
            if tell and number % 25 == 0:
                print(f"  {number}: {dict(outcome.ends)}", flush=True)
    return outcome


def _run(path: Path) -> str:
    command = [sys.executable, "-m", "edge", "video", str(path), "--json"]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_LIMIT_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return "hang"
    finally:
        path.unlink()
    return _judge(done)


def _judge(done: subprocess.CompletedProcess[str]) -> str:
    errors = [line for line in done.stderr.splitlines() if line.startswith("error:")]
    try:
        frames = [json.loads(line)["frame"] for line in done.stdout.splitlines()]
    except (ValueError, KeyError) as error:
        return f"bad output: {error}"
    if done.returncode < 0:
        return f"crash: signal {-done.returncode}"
    if "Traceback" in done.stderr or frames != list(range(len(frames))):
        return f"bad output: {len(frames)} frames, {done.stderr[-300:]}"
    if done.returncode == 0 and frames and not errors:
        return "result"
    if done.returncode in (1, 2) and len(errors) == 1:
        return "one line"
    return f"unclear: exit {done.returncode}, {len(frames)} frames, {done.stderr[-300:]!r}"
