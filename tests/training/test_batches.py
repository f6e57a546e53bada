"""The batches that training reads, and what augmentation makes of faces."""

import numpy as np
import pytest

from tests.support.fer2013 import write_csv, write_votes
from training.augment import augment
from training.batches import Batches, targets
from training.data import Samples
from training.read import read_data
from training.recipe import Augmentation, Recipe

PLAIN = Augmentation()
WILD = Augmentation(
    flip=0.5, rotation=12, scale=0.1, shift=0.1, contrast=0.2, brightness=0.1, erase=0.5
)


def recipe(**values: object) -> Recipe:
    return Recipe.model_validate({"epochs": 2, "batch_size": 10, "augmentation": WILD, **values})


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Samples:
    folder = tmp_path_factory.mktemp("data")
    data = read_data(write_csv(folder / "fer2013.csv"), write_votes(folder / "votes.csv"))
    return data["Training"]


def test_batches_depend_on_seed_epoch_and_number_alone(samples: Samples) -> None:
    def batch(seed: int, epoch: int) -> np.ndarray:
        return Batches(samples, recipe(), seed, epoch)[3][0]

    later = Batches(samples, recipe(), 0)
    later.on_epoch_end()
    assert np.array_equal(batch(0, 1), later[3][0])
    assert not np.array_equal(batch(0, 0), batch(0, 1))
    assert not np.array_equal(batch(0, 0), batch(1, 0))


def test_an_epoch_shows_every_face_once(samples: Samples) -> None:
    batches = Batches(samples, recipe(augmentation=PLAIN), 0)
    seen = np.concatenate([batches[number][0] for number in range(len(batches))])
    assert seen.shape == (70, 48, 48, 1)
    expected = sorted(image.astype(int).sum() for image in samples.images)
    assert sorted(round(float(face.sum()) * 255) for face in seen) == pytest.approx(expected, abs=2)


def _uneven(samples: Samples) -> Samples:
    """As the samples, but with ten faces of label 0 for one of each other."""
    chosen = np.flatnonzero((samples.labels == 0) | (np.arange(70) < 7))
    names = tuple(samples.names[i] for i in chosen)
    return Samples(samples.images[chosen], samples.labels[chosen], names)


@pytest.mark.parametrize(("balance", "share"), [(0.0, 10 / 16), (0.5, 0.345), (1.0, 1 / 7)])
def test_balance_draws_rare_emotions_more_often(
    samples: Samples, balance: float, share: float
) -> None:
    batches = Batches(_uneven(samples), recipe(batch_size=4, balance=balance), 0)
    drawn = np.zeros(7)
    for _ in range(100):
        for number in range(len(batches)):
            drawn += batches[number][1].sum(axis=0)
        batches.on_epoch_end()
    assert drawn[0] / drawn.sum() == pytest.approx(share, abs=0.02)


def test_class_weights_weigh_the_loss_of_rare_emotions(samples: Samples) -> None:
    _, wanted = Batches(_uneven(samples), recipe(batch_size=16, class_weights=1.0), 0)[0]
    by_emotion = {int(row.argmax()): float(row.sum()) for row in wanted}
    assert by_emotion[1] == pytest.approx(10 * by_emotion[0])
    assert wanted.sum() == pytest.approx(16, rel=1e-5)


def test_label_smoothing_gives_every_emotion_a_part(samples: Samples) -> None:
    _, wanted = Batches(samples, recipe(label_smoothing=0.7), 0)[0]
    assert sorted(set(wanted.ravel().round(5))) == pytest.approx([0.1, 0.4])


def test_votes_are_a_second_target(samples: Samples) -> None:
    _, wanted = Batches(samples, recipe(votes=1.0), 0)[0]
    assert set(wanted) == {"emotion", "votes"}
    assert np.allclose(wanted["votes"].max(axis=1), 0.8)
    assert (wanted["votes"].argmax(axis=1) == wanted["emotion"].argmax(axis=1)).all()
    assert isinstance(targets(samples, votes=False), np.ndarray)


@pytest.mark.parametrize("kind", ["mixup", "cutmix"])
def test_mixed_faces_have_mixed_labels(samples: Samples, kind: str) -> None:
    mixed = Augmentation.model_validate({"mix": kind, "mix_alpha": 1.0})
    faces, wanted = Batches(samples, recipe(augmentation=mixed), 0)[1]
    plain, labels = Batches(samples, recipe(augmentation=PLAIN), 0)[1]
    assert np.allclose(wanted.sum(axis=1), 1, atol=1e-6)
    keep = float((wanted * labels).sum(axis=1).min())
    assert 0 < keep < 1
    # A face may be its own partner: the median is of one that is not.
    untouched = np.median(np.isclose(faces, plain).mean(axis=(1, 2, 3)))
    if kind == "cutmix":
        assert untouched == pytest.approx(keep, abs=0.05)
    else:
        assert untouched < keep


def test_faces_come_in_the_size_that_is_asked_for(samples: Samples) -> None:
    small = Batches(samples, recipe(augmentation=PLAIN), 0, 0, 24)[0][0]
    large = Batches(samples, recipe(augmentation=PLAIN), 0, 0)[0][0]
    assert small.shape == (10, 24, 24, 1)
    halved = large.reshape(10, 24, 2, 24, 2, 1).mean(axis=(2, 4))
    assert np.abs(small - halved).max() < 0.01


def test_augmented_faces_stay_in_range() -> None:
    random = np.random.default_rng(0)
    image = random.integers(0, 256, (48, 48), dtype=np.uint8)
    faces = augment(np.stack([image] * 200), WILD, random)
    assert faces.dtype == np.float32
    assert faces.min() >= 0
    assert faces.max() <= 1
    assert len({face.tobytes() for face in faces}) == 200


def test_a_flip_mirrors_the_face() -> None:
    faces = np.random.default_rng(0).integers(0, 256, (2, 48, 48), dtype=np.uint8)
    flipped = augment(faces, Augmentation(flip=1), np.random.default_rng(0))
    assert np.allclose(flipped, faces[:, :, ::-1] / 255, atol=1e-6)


def test_a_face_is_moved_about_its_centre() -> None:
    dot = np.zeros((1, 48, 48), np.uint8)
    dot[0, 20:28, 20:28] = 255
    for how in (Augmentation(rotation=180), Augmentation(scale=0.2), Augmentation(flip=0.5)):
        moved = augment(dot, how, np.random.default_rng(1))[0]
        rows, columns = np.indices(moved.shape)
        centre = (moved * rows).sum() / moved.sum(), (moved * columns).sum() / moved.sum()
        assert centre == pytest.approx((23.5, 23.5), abs=0.05)
