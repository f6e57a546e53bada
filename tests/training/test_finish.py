"""The network that ships, made of a run's last epoch."""

from pathlib import Path

import keras
import numpy as np
import pytest

from tests.support.fer2013 import write_csv, write_votes
from tests.training.test_train import one_line, run
from training.architectures import build
from training.batchnorm import settle
from training.data import Samples
from training.network import load_network
from training.read import read_data

pytestmark = pytest.mark.timeout(300)


def test_odd_pictures_do_not_spoil_the_statistics() -> None:
    random = np.random.default_rng(0)
    images = random.integers(100, 150, (600, 48, 48)).astype(np.uint8)
    samples = Samples(images, np.zeros(600, np.int64), ("",) * 600)
    network = keras.Sequential([keras.Input((48, 48, 1)), keras.layers.BatchNormalization()])
    network.layers[0].momentum = 0.9
    settle(network, samples)
    usual = [np.asarray(weight) for weight in network.get_weights()[2:]]
    assert usual[0] == pytest.approx(images.mean() / 255, rel=0.01)
    assert usual[1] == pytest.approx((images / 255).var(), rel=0.02)
    images[:3] = 0  # black pictures: in about one batch of four, with a large variance
    settle(network, samples)
    assert network.get_weights()[3] == pytest.approx(usual[1], rel=0.05)
    assert network.layers[0].momentum == 0.9


def test_statistics_are_the_same_each_time_whatever_is_dropped_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("training.batchnorm.BATCHES", 8)
    images = np.random.default_rng(0).integers(0, 256, (200, 48, 48)).astype(np.uint8)
    samples = Samples(images, np.zeros(200, np.int64), ("",) * 200)
    network = build("shallow", dropout=0.5)
    dropouts = [layer for layer in network.layers if isinstance(layer, keras.layers.Dropout)]
    rates = [layer.rate for layer in dropouts]
    settled = []
    for _ in range(2):
        settle(network, samples)
        settled.append(network.get_weights())
    assert all(np.allclose(a, b, rtol=1e-5) for a, b in zip(*settled, strict=True))
    assert [layer.rate for layer in dropouts] == rates


def test_a_run_is_finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.batchnorm.BATCHES", 4)
    data, votes = write_csv(tmp_path / "fer2013.csv"), write_votes(tmp_path / "votes.csv")
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text("epochs: 1\nbatch_size: 10\nvotes: 0.5\n")
    folder = tmp_path / "run"
    done = run(
        "train", data, "--votes", votes, "--architecture", "edge", "--recipe", recipe,
        "--out", folder,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    out = tmp_path / "new" / "network.keras"
    faces = read_data(data)["PublicTest"].images[..., np.newaxis] / np.float32(255)
    said = {}
    for answer in ("labels", "votes", "both"):
        done = run("finish", folder, data, "--answer", answer, "--out", out)
        assert done.returncode == 0, done.stderr
        said[answer] = load_network(out).predict(faces, verbose=0)
    assert not np.allclose(said["labels"], said["votes"], atol=0.001)
    # The mean, but for the temperature of both.
    mean = (said["labels"] + said["votes"]) / 2
    assert np.corrcoef(said["both"].ravel(), mean.ravel())[0, 1] > 0.9
    one_line(run("finish", tmp_path, data, "--out", out), "no checkpoint at")
    done = run(
        "train", data, "--architecture", "edge", "--recipe", recipe, "--out", folder, "--resume"
    )
    one_line(done, "learns_votes was True, now False")
