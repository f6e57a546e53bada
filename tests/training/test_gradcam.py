"""Grad-CAM on networks whose evidence is known, and the command as a user runs it."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import keras
import numpy as np
import pytest
from keras import layers

from edge.emotions import EMOTIONS
from edge.errors import EdgeFerError
from tests.support.commands import invoke
from tests.support.fer2013 import write_csv
from training.architectures import ARCHITECTURES, build
from training.cli import main
from training.data import Samples
from training.gradcam import gradcam
from training.gradcam.faces import telling
from training.gradcam.heat import find_layer, heat_maps
from training.gradcam.picture import overlay

HAPPY, SAD = EMOTIONS.index("happy"), EMOTIONS.index("sad")

BACKEND = """
import sys
import numpy as np
from training.gradcam.heat import heat_maps
from training.network import load_network
network, faces, heat = sys.argv[1:]
np.save(heat, heat_maps(load_network(network), np.load(faces), np.array([3, 4])))
"""


def bright_is_happy_and_dark_is_sad() -> keras.Model:
    """Two maps of 12x12, one bright where the face is, one where it is dark; their means count."""
    face = keras.Input((48, 48, 1))
    maps = layers.Conv2D(2, 4, strides=4, activation="relu", name="brightness")(face)
    output = layers.Dense(7, activation="softmax", name="emotion")
    network = keras.Model(face, output(layers.GlobalAveragePooling2D()(maps)))
    kernel = np.stack([np.full((4, 4, 1), 1 / 16), np.full((4, 4, 1), -1 / 16)], axis=-1)
    network.get_layer("brightness").set_weights([kernel, np.array([0, 1])])
    weights = np.zeros((2, 7))
    weights[0, HAPPY] = weights[1, SAD] = 20
    output.set_weights([weights, np.zeros(7)])
    return network


def lit(rows: slice, columns: slice) -> np.ndarray:
    """Return one face ``[1, 48, 48, 1]``, white where given and black elsewhere."""
    face = np.zeros((1, 48, 48, 1), np.float32)
    face[0, rows, columns] = 1
    return face


@pytest.mark.parametrize("rows", [slice(0, 16), slice(32, 48)])
@pytest.mark.parametrize("columns", [slice(0, 16), slice(32, 48)])
def test_the_heat_is_where_the_evidence_is(rows: slice, columns: slice) -> None:
    network, face = bright_is_happy_and_dark_is_sad(), lit(rows, columns)
    bright, dark = heat_maps(network, face.repeat(2, axis=0), np.array([HAPPY, SAD]))
    inside = face[0, ..., 0] == 1
    outside = cv2.dilate(face[0, ..., 0], np.ones((9, 9))) == 0  # a map's place is 4 pixels wide
    assert bright[inside].mean() > 0.9
    assert bright[outside].max() == 0
    assert dark[outside].min() == 1
    assert dark[inside].mean() < 0.1


def test_nothing_is_hot_where_nothing_speaks_for_the_emotion() -> None:
    heat = heat_maps(bright_is_happy_and_dark_is_sad(), lit(slice(0), slice(0)), np.array([HAPPY]))
    assert heat.shape == (1, 48, 48)
    assert not heat.any()


def test_behind_the_last_maps_it_is_the_class_activation_map() -> None:
    """With mean pooling and one dense layer the weights are known: Zhou et al., 2015."""
    keras.utils.set_random_seed(0)
    network = build("edge")
    last = [layer.name for layer in network.layers if isinstance(layer, layers.ReLU)][-1]
    face = np.random.default_rng(0).random((1, 48, 48, 1), np.float32)
    maps = keras.Model(network.input, network.get_layer(last).output).predict(face, verbose=0)
    for_each = maps[0] @ network.get_layer("emotion").get_weights()[0]
    target = int(for_each.max(axis=(0, 1)).argmax())  # an untrained network may have none for some
    expected = cv2.resize(np.maximum(for_each[..., target], 0), (48, 48))
    heat = heat_maps(network, face, np.array([target]), last)
    assert heat[0] == pytest.approx(expected / expected.max(), abs=1e-4)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_architecture_has_heat(name: str) -> None:
    network = build(name)
    faces = np.random.default_rng(0).random((3, 48, 48, 1), np.float32)
    layer = find_layer(network)
    assert isinstance(layer, layers.ReLU)
    assert min(layer.output.shape[1:3]) >= 12
    heat = heat_maps(network, faces, np.array([0, 3, 6]))
    assert heat.shape == (3, 48, 48)
    assert heat.dtype == np.float32
    assert heat.min() == 0
    assert heat.max() == 1


def test_no_layer_that_sees_the_face_as_a_point_is_taken() -> None:
    network = build("edge")
    points = [x.name for x in network.layers if x.output.shape[1:3] == (1, 1)]
    assert points
    assert find_layer(network).name not in points
    with pytest.raises(EdgeFerError, match=f"layer {points[-1]} has no maps: choose one of"):
        find_layer(network, points[-1])


def test_an_unknown_layer_names_those_to_choose_from() -> None:
    network = bright_is_happy_and_dark_is_sad()
    with pytest.raises(EdgeFerError, match=r"no layer conv9: choose one of brightness$"):
        find_layer(network, "conv9")
    with pytest.raises(EdgeFerError, match=r"layer emotion has no maps: choose one of brightness$"):
        find_layer(network, "emotion")


def test_a_network_without_convolutions_has_no_maps() -> None:
    face = keras.Input((48, 48, 1))
    network = keras.Model(face, layers.Dense(7, activation="softmax")(layers.Flatten()(face)))
    with pytest.raises(EdgeFerError, match="has no convolution"):
        find_layer(network)


def test_a_network_that_ends_in_another_layer_than_dense_will_do() -> None:
    network = bright_is_happy_and_dark_is_sad()
    dense = layers.Dense(7)
    output = layers.Softmax()(dense(network.get_layer("emotion").input))
    dense.set_weights(network.get_layer("emotion").get_weights())
    other = keras.Model(network.input, output)
    face = lit(slice(0, 16), slice(0, 16))
    same = [heat_maps(n, face, np.array([HAPPY])) for n in (network, other)]
    assert same[1] == pytest.approx(same[0], abs=1e-3)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("backend", ["jax"])
def test_every_backend_finds_the_same_heat(backend: str, tmp_path: Path) -> None:
    keras.utils.set_random_seed(0)
    network = build("shallow")
    network.save(tmp_path / "network.keras")
    faces = np.random.default_rng(0).random((2, 48, 48, 1), np.float32)
    np.save(tmp_path / "faces.npy", faces)
    files = [tmp_path / name for name in ("network.keras", "faces.npy", "heat.npy")]
    subprocess.run(
        [sys.executable, "-c", BACKEND, *map(str, files)],
        check=True, timeout=250, env={**os.environ, "KERAS_BACKEND": backend},
    )  # fmt: skip
    heat = heat_maps(network, faces, np.array([3, 4]))
    assert np.load(tmp_path / "heat.npy") == pytest.approx(heat, abs=1e-3)


def test_the_surest_right_faces_and_mistakes_are_chosen() -> None:
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (5, 48, 48), np.uint8)
    images[3] = images[2] // 2 + 60  # the same photograph, saved paler
    said = np.full((5, 7), 0.01, np.float32)
    for face, (emotion, confidence) in enumerate(
        [(HAPPY, 0.5), (SAD, 0.7), (HAPPY, 0.9), (HAPPY, 0.8), (HAPPY, 0.6)]
    ):
        said[face, emotion] = confidence
    samples = Samples(images, np.full(5, HAPPY), tuple("abcde"))
    chosen = telling(samples, said, 2)
    assert [(face.row, face.label) for face in chosen] == [
        ("happy,\nright", HAPPY),
        ("happy,\nright", HAPPY),
        ("happy,\nwrong", HAPPY),
    ]
    shown = [face.image for face in telling(samples, said, 2)]
    for image, number in zip(shown, (2, 4, 1), strict=True):
        assert np.array_equal(image, images[number])


def test_heat_colours_the_face_and_no_heat_leaves_it() -> None:
    face = np.full((48, 48), 100, np.uint8)
    heat = np.zeros((48, 48), np.float32)
    heat[:24] = 1
    picture = overlay(face, heat)
    assert picture.shape == (48, 48, 3)
    assert np.all(picture[24:] == 100)
    assert np.all(picture[:24, :, 0] > picture[:24, :, 2])


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "shallow.keras"
    keras.utils.set_random_seed(0)
    build("shallow").save(path)
    return path


@pytest.fixture
def photo(tmp_path: Path, face_frame: np.ndarray) -> Path:
    path = tmp_path / "photo.png"
    cv2.imwrite(str(path), face_frame)
    return path


def size(path: Path) -> tuple[int, int]:
    picture = cv2.imread(str(path))
    assert picture is not None
    return picture.shape[1], picture.shape[0]


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    keras.utils.clear_session()  # layers are numbered
    return invoke(main, "gradcam", *arguments)


def test_the_command_draws_a_data_set(model: Path, tmp_path: Path) -> None:
    data, out = write_csv(tmp_path / "fer2013.csv"), tmp_path / "new" / "heat.png"
    done = run(model, data, "--out", out, "--emotion", "fear", "--per-class", "1")
    assert done.returncode == 0, done.stderr
    assert f"{out}: " in done.stdout
    assert "evidence for fear in layer re_lu_1" in done.stdout
    assert min(size(out)) > 100


def test_the_command_wants_a_layer_that_there_is(model: Path, photo: Path) -> None:
    done = run(model, photo, "--layer", "conv9")
    assert done.returncode == 1
    assert "error: the network has no layer conv9: choose one of conv2d, " in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("detector", ["haar", "dlib", "none"])
def test_a_photo_has_its_faces_drawn(
    model: Path, photo: Path, detector: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out = photo.with_name("heat.png")
    gradcam(model, [photo], out=out, detector=detector)
    assert f"{out}: 1 face, evidence for the predicted emotion" in capsys.readouterr().out
    assert min(size(out)) > 100


def test_many_photos_make_a_higher_picture(
    model: Path, photo: Path, face_frame: np.ndarray, capsys: pytest.CaptureFixture[str]
) -> None:
    two = photo.with_name("two.jpg")
    cv2.imwrite(str(two), np.hstack([face_frame, face_frame]))
    first, second = photo.with_name("a.png"), photo.with_name("b.png")
    gradcam(model, [two], out=first)
    gradcam(model, [two, photo], out=second)
    assert "3 faces" in capsys.readouterr().out
    assert size(second)[1] > size(first)[1]


def blank(folder: Path) -> list[Path]:
    cv2.imwrite(str(folder / "blank.png"), np.zeros((300, 300, 3), np.uint8))
    return [folder / "blank.png"]


def broken(folder: Path) -> list[Path]:
    (folder / "broken.jpg").write_bytes(b"\xff\xd8 no picture")
    return [folder / "broken.jpg"]


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        (blank, "no face found in .*blank.png by haar: try another"),
        (broken, "broken.jpg is not an image that can be read"),
        (lambda folder: [folder / "none.png"], "cannot read .*none.png: No such file"),
        (lambda folder: [folder / "none.csv"], "no data set at .*none.csv"),
        (lambda folder: [*blank(folder), folder / "fer2013.csv"], "one data set, or images"),
    ],
)
def test_sources_that_cannot_be_used_are_one_line(
    model: Path, tmp_path: Path, source: Callable[[Path], list[Path]], complaint: str
) -> None:
    with pytest.raises(EdgeFerError, match=complaint) as error:
        gradcam(model, source(tmp_path), out=tmp_path / "heat.png")
    assert "\n" not in str(error.value)
    assert not (tmp_path / "heat.png").exists()


def test_a_photo_is_not_drawn_over(model: Path, photo: Path) -> None:
    before = photo.read_bytes()
    with pytest.raises(EdgeFerError, match="is one of the sources"):
        gradcam(model, [photo], out=photo)
    assert photo.read_bytes() == before


def test_real_clips_have_faces_to_look_into(
    model: Path, shared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photos = []
    for clip in sorted((shared / "clips").glob("*.mp4")):
        video = cv2.VideoCapture(str(clip))
        video.set(cv2.CAP_PROP_POS_FRAMES, video.get(cv2.CAP_PROP_FRAME_COUNT) // 2)
        good, image = video.read()
        assert good
        photos.append(tmp_path / f"{clip.stem}.png")
        cv2.imwrite(str(photos[-1]), image)
    gradcam(model, photos, out=tmp_path / "heat.png")
    assert f"{tmp_path / 'heat.png'}: 5 faces, evidence" in capsys.readouterr().out
