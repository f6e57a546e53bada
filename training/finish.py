"""From the last checkpoint of a run to the network that ships."""

from pathlib import Path
from zipfile import BadZipFile

import click
import keras

from edge.errors import EdgeFerError
from edge.whole_file import whole_file
from training.architectures import ARCHITECTURES
from training.batchnorm import settle
from training.data import DataSet
from training.heads import Answer, has_votes, sharpen, single
from training.network import check_target


def finish(run: Path, data: DataSet, answer: Answer, out: Path) -> None:
    """Settle the batch-norm statistics of a run's last epoch and join its outputs.

    Parameters
    ----------
    run
        The folder of a run.
    data
        Its data set; Training is used, and PublicTest for a temperature.
    answer
        What the network gives, where the run learned votes.
    out
        The ``.keras`` file to write.

    Raises
    ------
    EdgeFerError
        If the run has no checkpoint, or learned no votes and the answer needs them.
    """
    check_target(out)
    path = run / "last.keras"
    if not path.is_file():
        raise EdgeFerError(f"no checkpoint at {path}: give the folder of a training run")
    try:
        model = keras.models.load_model(path, compile=False)
    except (OSError, ValueError, TypeError, KeyError, BadZipFile) as error:
        raise EdgeFerError(f"cannot load {path}: {error}") from None
    if model.name not in ARCHITECTURES:
        raise EdgeFerError(f"{path} holds {model.name}, none of {', '.join(ARCHITECTURES)}")
    if answer != "labels" and not has_votes(model):
        raise EdgeFerError(f"{run} learned no FER+ votes: leave --answer out")
    network = single(model, answer)
    settle(network, data["Training"])
    if answer == "both":
        sharpen(network, data["PublicTest"])
    out.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(out) as new:
        network.save(new)
    click.echo(f"written: {out}")
