"""The commands of ``edge-fer``."""

import faulthandler
import logging
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

import click

import edge
from edge.bench.cli import bench
from edge.command import CommandGroup, complain
from edge.memory import keep_freed_memory, limit_arenas
from edge.recognizer_options import recognizer_options

INSTALLED = Path("/etc/edge-fer/config.yaml")
"""Of a box on which edge-fer is a service."""

_KEPT = 32 * 2**20
"""Bytes of freed memory: frames of several cameras."""


def find_config() -> Path:
    """Return the configuration that is meant where none is named."""
    here = Path("config.yaml")
    return INSTALLED if not here.exists() and os.access(INSTALLED, os.F_OK) else here


_CONFIG = click.option(
    "--config",
    "-c",
    type=click.Path(path_type=Path, readable=False),
    default=find_config,
    show_default=f"config.yaml, or {INSTALLED}",
    help="The configuration file.",
)


@click.group(cls=CommandGroup)
@click.version_option(edge.__version__, prog_name="edge-fer")
@click.pass_context
def main(context: click.Context) -> None:
    """Camera in, emotion events out: facial expression recognition at the edge."""
    level = logging.DEBUG if context.obj["debug"] else logging.INFO
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)-7s %(message)s")
    # OpenCV and FFmpeg say on their own streams what we say in our own words.
    os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")


@main.command()
@_CONFIG
@click.pass_context
def run(context: click.Context, config: Path) -> None:
    """Run the daemon until it is stopped."""
    # Before the slow imports: a signal that comes during them is a stop like any other.
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    reload, at_terminal = threading.Event(), os.isatty(0)
    # It also means that the terminal which we were started at was closed.
    signal.signal(
        signal.SIGHUP, lambda *_: (stop if at_terminal and not os.isatty(0) else reload).set()
    )
    faulthandler.enable()  # systemd's watchdog ends us by SIGABRT: the journal shall say where
    limit_arenas()
    keep_freed_memory(_KEPT)

    from edge.config import Config
    from edge.config.effective import secrets_of
    from edge.config.file import load_config
    from edge.daemon import Daemon
    from edge.log import set_up_log

    secrets: set[str] = set()

    def load() -> Config:
        loaded = load_config(config)
        secrets.update(secrets_of(loaded))  # those of before a reload may be in use still
        return loaded

    def taken_up(loaded: Config) -> None:
        level = "debug" if context.obj["debug"] else loaded.log.level
        set_up_log(level, loaded.log.format, secrets)

    daemon = Daemon(load, stop, reload, taken_up)
    try:
        code = daemon.run()
    except Exception as error:
        if context.obj["debug"]:
            raise
        code = complain(error)
    logging.shutdown()
    sys.stdout.flush()
    # A thread that is stuck in a frozen camera's native code must not hold up the exit.
    os._exit(code)


@main.command()
@_CONFIG
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def check(config: Path, as_json: bool) -> None:
    """Show a configuration with its defaults, and what is wrong or unwise in it."""
    from edge.check import check as check_config

    sys.exit(check_config(config, as_json))


@main.group("config")
def config_group() -> None:
    """Help with writing config.yaml."""


@config_group.command()
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="A file for it.")
def schema(out: Path | None) -> None:
    """Give the JSON Schema of config.yaml, for editors."""
    import json

    from edge.config.schema import config_schema

    text = json.dumps(config_schema(), indent=1)
    if out is None:
        click.echo(text)
    else:
        out.write_text(text + "\n", encoding="utf-8")


@main.command()
@_CONFIG
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def doctor(config: Path, as_json: bool) -> None:
    """Look at the box: what is well, what is not, and what to do about it."""
    from edge.doctor import look_at

    code = look_at(config, as_json)
    sys.stdout.flush()
    # What hangs was left behind, and must not hold up the exit.
    os._exit(code)


@main.command()
@_CONFIG
@click.option("--json", "as_json", is_flag=True, help="The payloads by topic, as one JSON object.")
@click.option("--remove", "take_back", is_flag=True, help="Take back what this node announced.")
@click.option(
    "--prefix", metavar="TOPIC", help="Home Assistant's [mqtt.discovery, or homeassistant]."
)
def discovery(config: Path, as_json: bool, take_back: bool, prefix: str | None) -> None:
    """Show what Home Assistant is told of the cameras, or take it back."""
    from edge.config.file import load_config
    from edge.home_assistant.command import remove, show

    if take_back and as_json:
        raise click.UsageError("--remove and --json do not go together")
    if take_back:
        remove(load_config(config), prefix)
    else:
        show(load_config(config), prefix, as_json)


@main.command()
@click.option("--token", is_flag=True, help="Make a token, for programs, instead.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="A file for the hash.")
def login(token: bool, out: Path | None) -> None:
    """Make the hash of a password, asked for or read from standard input, for web.password."""
    from edge.login import make_password, make_token

    (make_token if token else make_password)(out)


@main.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="A JSON line an image.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for the annotated pictures.",
)
@recognizer_options
def image(paths: tuple[Path, ...], as_json: bool, out: Path | None, **options: Any) -> None:
    """Show the faces and their emotions in each image of PATHS."""
    from edge.still import read_stills

    sys.exit(read_stills(paths, as_json, out, *_recognizers(**options)))


@main.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option(
    "--json",
    "json_path",
    type=click.Path(path_type=Path, allow_dash=True),
    metavar="[FILE]",
    is_flag=False,
    flag_value=Path("-"),
    help="A JSON line a frame, to a file, or to standard output where none is named.",
)
@click.option("--out", type=click.Path(path_type=Path), help="The annotated video, an .mp4.")
@recognizer_options
def video(path: Path, json_path: Path | None, out: Path | None, **options: Any) -> None:
    """Read every frame of the video PATH, as fast as it goes."""
    from edge.clip import read_clip

    read_clip(path, json_path, out, *_recognizers(**options))


main.add_command(bench)


def _recognizers(detector: str, width: int | None, **classify: str) -> tuple[Any, Any]:
    """Make the face finder and the classifier that the options name."""
    from edge.classify import load_classifier
    from edge.config import ClassifyConfig, DetectConfig
    from edge.detect import make_finder

    # No tracks follow here, and so only what the detector itself calls a face.
    settings = {"kind": detector, "width": width, "min_score": 0.5}
    finder = make_finder(DetectConfig.model_validate(settings))
    classifier = load_classifier(ClassifyConfig.model_validate(classify))
    if classifier.engine.disappoints:
        click.echo(f"warning: {classifier.description.name} runs on {classifier.engine}", err=True)
    return finder, classifier
