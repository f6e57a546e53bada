"""``POST /api/predict``: photos that are right, and those that are not."""

import base64
import io
import struct
import threading
import zlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from werkzeug.test import TestResponse

import edge.web.api.predict
from edge.config import DetectConfig
from edge.detect import FaceFinder, make_finder
from edge.picture import decode
from edge.picture_header import size_of
from tests.edge.test_web import problem
from tests.support.web import WebBox

Image = NDArray[np.uint8]


CMYK = base64.b64decode(
    "/9j/7gAOQWRvYmUAZAAAAAAA/9sAQwANCQoLCggNCwoLDg4NDxMgFRMSEhMnHB4XIC4pMTAuKS0sMzpKPjM2RjcsLUBX"
    "QUZMTlJTUjI+WmFaUGBKUVJP/8AAFAgACAAQBEMRAE0RAFkRAEsRAP/EABUAAQEAAAAAAAAAAAAAAAAAAAAH/8QAFBAB"
    "AAAAAAAAAAAAAAAAAAAAAP/aAA4EQwBNAFkASwAAPwCnJgmCnAD/2Q=="
)
"""A red JPEG, 16 by 8 pixels, for printers."""


def coded(image: NDArray[Any], ending: str = ".jpg", *options: int) -> bytes:
    good, data = cv2.imencode(ending, image, options)
    assert good
    return bytes(data)


def turned_by_exif(jpeg: bytes, orientation: int) -> bytes:
    """Put an EXIF header before a JPEG."""
    tag = struct.pack("<HHIHH", 0x112, 3, 1, orientation, 0)
    tiff = b"II*\0" + struct.pack("<IH", 8, 1) + tag + bytes(4)
    exif = b"Exif\0\0" + tiff
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + jpeg[2:]


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, *others: bytes, pixels: bytes = b"") -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    end = chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(others) + end


@pytest.fixture(scope="module")
def box() -> WebBox:
    return WebBox(cameras={"door": {"source": "demo"}, "yard": {"source": "demo"}})


def send(box: WebBox, body: bytes, kind: str = "image/jpeg", query: str = "") -> TestResponse:
    return box.client.post(f"/api/predict{query}", data=body, content_type=kind)


@pytest.mark.parametrize(
    ("ending", "kind"), [(".jpg", "image/jpeg"), (".png", "image/png"), (".webp", "image/webp")]
)
def test_the_faces_of_a_photo(box: WebBox, face_frame: Image, ending: str, kind: str) -> None:
    body = coded(face_frame, ending)
    raw = send(box, body, kind, "?camera=yard")
    assert raw.status_code == 200, raw.text
    told = raw.get_json()
    (face,) = told["faces"]
    assert face["label"] == "happy"
    assert abs(sum(face["probabilities"].values()) - 1) < 0.01
    assert (told["width"], told["height"]) == (960, 540)
    assert told["model"]["name"] == "fer-edge-votes-int8"
    form = box.client.post("/api/predict", data={"image": (io.BytesIO(body), "me")})
    assert form.get_json() == told


def test_a_photo_is_read_upright(box: WebBox, face_frame: Image) -> None:
    lying = cv2.rotate(face_frame, cv2.ROTATE_90_COUNTERCLOCKWISE)
    assert send(box, coded(lying)).get_json()["faces"] == []
    told = send(box, turned_by_exif(coded(lying), 6)).get_json()
    assert (told["width"], told["height"]) == (960, 540)
    assert [face["label"] for face in told["faces"]] == ["happy"]


def test_photos_of_other_depths_and_colours(box: WebBox, face_frame: Image) -> None:
    deep = face_frame.astype(np.uint16) * 257
    grey = cv2.cvtColor(face_frame, cv2.COLOR_BGR2GRAY)
    alpha = cv2.cvtColor(face_frame, cv2.COLOR_BGR2BGRA)
    progressive = coded(face_frame, ".jpg", cv2.IMWRITE_JPEG_PROGRESSIVE, 1)
    for body in (coded(deep, ".png"), coded(grey), coded(alpha, ".png"), progressive):
        told = send(box, body).get_json()
        assert [face["label"] for face in told["faces"]] == ["happy"]
    assert send(box, CMYK).get_json()["width"] == 16
    blue, green, red = decode(CMYK)[2, 2]
    assert red > 250
    assert max(blue, green) < 5


def test_a_photo_with_a_film_behind_it_is_a_photo(box: WebBox, face_frame: Image) -> None:
    progressive = coded(face_frame, ".jpg", cv2.IMWRITE_JPEG_PROGRESSIVE, 1)
    film = struct.pack(">I", 24) + b"ftypmp42" + b"\xff\xda\x00\x02" * 2000
    for photo in (coded(face_frame), progressive):
        told = send(box, photo + film)
        assert told.status_code == 200, told.text
        assert [face["label"] for face in told.get_json()["faces"]] == ["happy"]


@pytest.mark.parametrize("size", [(1, 1), (1, 400), (400, 1), (16_383, 2), (2, 16_383)])
@pytest.mark.parametrize("ending", [".jpg", ".png", ".webp"])
def test_odd_sizes_have_no_faces(box: WebBox, size: tuple[int, int], ending: str) -> None:
    told = send(box, coded(np.full((*size, 3), 90, np.uint8), ending)).get_json()
    assert (told["height"], told["width"], told["faces"]) == (*size, [])


def test_the_cameras_place_and_privacy_say_nothing_of_a_photo(face_frame: Image) -> None:
    everywhere = [[0, 0], [1, 0], [1, 1], [0, 1]]
    box = WebBox(privacy={"mode": "aggregate"}, detect={"mask": everywhere, "min_size": 5000})
    assert len(send(box, coded(face_frame)).get_json()["faces"]) == 1
    assert box.client.get("/api/events/history").get_json()["events"] == []
    assert not any(map(any, box.client.get("/api/cameras/door/timeline").get_json()["seconds"]))


def test_the_cameras_detector_is_used(face_frame: Image) -> None:
    cameras = {"door": {"source": "demo"}, "yard": {"source": "demo", "detect": {"kind": "dlib"}}}
    box = WebBox(cameras=cameras)
    (haar,), (dlib,) = (
        send(box, coded(face_frame), query=f"?camera={name}").get_json()["faces"]
        for name in cameras
    )
    assert haar["label"] == dlib["label"]
    assert haar["box"] != dlib["box"]


def test_cameras_that_are_set_up_alike_share_their_detector_and_model(
    face_frame: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[DetectConfig] = []

    def counted(config: DetectConfig) -> FaceFinder:
        made.append(config)
        return make_finder(config)

    monkeypatch.setattr(edge.web.api.predict, "make_finder", counted)
    zone = {"detect": {"mask": [[0, 0], [1, 0], [1, 1]]}}
    cameras = {"a": {"source": "demo"}, "b": {"source": "demo"}, "c": {"source": "demo", **zone}}
    box = WebBox(cameras=cameras)
    for name in cameras:
        assert len(send(box, coded(face_frame), query=f"?camera={name}").get_json()["faces"]) == 1
    assert len(made) == 1


def test_a_model_that_went_away_is_a_problem_in_one_line(face_frame: Image, tmp_path: Path) -> None:
    box = WebBox(classify={"model": str(tmp_path / "gone.tflite")})
    told = problem(send(box, coded(face_frame)), 503)
    assert "gone.tflite" in str(told["detail"])
    assert "\n" not in str(told["detail"])


def test_what_is_no_photo_is_refused(box: WebBox, face_frame: Image) -> None:
    jpeg = coded(face_frame)
    problem(send(box, jpeg, query="?camera=window"), 404)
    problem(send(box, jpeg, "application/octet-stream"), 415)
    problem(send(box, jpeg, "text/plain"), 415)
    problem(send(box, jpeg, ""), 415)
    problem(send(box, b""), 415)
    problem(send(box, b"GIF89a" + bytes(100), "image/gif"), 415)
    problem(send(box, b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml"), 415)
    problem(send(box, b"--x\r\nno form", "multipart/form-data; boundary=x"), 422)
    problem(box.client.post("/api/predict", data={"photo": (io.BytesIO(jpeg), "me")}), 422)
    problem(box.client.post("/api/predict"), 415)
    problem(box.client.get("/api/predict"), 405)


@pytest.mark.parametrize("ending", [".jpg", ".png", ".webp"])
def test_half_a_photo_is_refused(box: WebBox, face_frame: Image, ending: str) -> None:
    whole = coded(face_frame, ending)
    for length in (3, 4, 12, 13, 20, 25, 29, 200, len(whole) // 2, len(whole) - 20):
        answer = send(box, whole[:length])
        problem(answer, answer.status_code)
        assert answer.status_code in {415, 422}, length


def test_a_photo_with_damage_is_refused_or_read(box: WebBox, face_frame: Image) -> None:
    random = np.random.default_rng(1)
    for ending in (".jpg", ".png", ".webp"):
        whole = coded(face_frame, ending)
        for _ in range(20):
            broken = bytearray(whole)
            for place in random.integers(0, min(len(whole), 400), 8):
                broken[place] = random.integers(256)
            assert send(box, bytes(broken)).status_code in {200, 413, 415, 422}


def test_bombs_are_refused_before_they_are_decoded(
    box: WebBox, face_frame: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    def bang(_content: bytes) -> None:
        raise AssertionError("decoded")

    monkeypatch.setattr(edge.web.api.predict, "decode", bang)
    jpeg = bytearray(coded(face_frame))
    frame = jpeg.index(b"\xff\xc0")
    struct.pack_into(">HH", jpeg, frame + 5, 65_000, 65_000)
    vp8x = b"RIFF\x00\x00\x00\x00WEBPVP8X" + struct.pack("<II", 10, 0) + b"\xff" * 6
    lossless = b"RIFF\x00\x00\x00\x00WEBPVP8L" + struct.pack("<IBI", 10, 0x2F, 0xFFFFFFF)
    for bomb in (png(50_000, 50_000), png(1_000_000, 20), bytes(jpeg), vp8x, lossless):
        assert "too many" in str(problem(send(box, bomb), 413)["detail"])
    problem(send(box, png(10, 10, chunk(b"acTL", bytes(8)))), 422)
    problem(send(box, png(10, 10, *[chunk(b"tEXt", b"a\0b")] * 2000)), 422)
    problem(send(box, png(0, 10)), 422)
    animated = bytearray(vp8x)
    animated[20] = 2
    problem(send(box, bytes(animated)), 422)
    # A scan of nothing takes as long as one of all pixels.
    body, end = bytes(jpeg[:-2]), bytes(jpeg[-2:])
    for many in (b"\xff\xda\x00\x02" * 100, b"\xff\xe0\x00\x02" * 2_000_000):
        assert "more than" in str(problem(send(box, body + many + end), 422)["detail"])
    for endless in (
        b"\xff" * 9_000_000,
        b"\xff\xd8\xff" + bytes(9_000_000),
        b"\xff\xd8" * 4_000_000,
    ):
        assert send(box, endless).status_code in {415, 422}


def test_a_body_that_is_too_large_is_refused(box: WebBox) -> None:
    just = b"\x89PNG\r\n\x1a\n".ljust(10_000_000)
    problem(box.client.post("/api/predict", data={"image": (io.BytesIO(just), "me")}), 422)
    large = bytes(edge.web.api.predict.LARGEST_UPLOAD + 1)
    problem(send(box, large), 413)
    problem(box.client.post("/api/predict", data={"image": (io.BytesIO(large), "me")}), 413)


def test_sizes_are_read_as_the_decoder_does(face_frame: Image) -> None:
    small = face_frame[:37, :91]
    for body in (
        coded(small),
        coded(small, ".jpg", cv2.IMWRITE_JPEG_PROGRESSIVE, 1),
        turned_by_exif(coded(small), 6),
        coded(small, ".png"),
        coded(small, ".webp"),
        coded(small, ".webp", cv2.IMWRITE_WEBP_QUALITY, 50),
        coded(cv2.cvtColor(small, cv2.COLOR_BGR2BGRA), ".webp", cv2.IMWRITE_WEBP_QUALITY, 50),
        # What libjpeg skips: bytes that are no marker, and padding.
        coded(small).replace(b"\xff\xdb", b"\0\xff\0\xff\xff\xff\xdb", 1),
    ):
        assert size_of(body) == (91, 37)


def test_one_photo_is_read_at_a_time_and_one_waits(
    face_frame: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = WebBox()
    reading, go_on = threading.Event(), threading.Event()
    real = edge.web.api.predict.decode

    def slow(content: bytes) -> Image:
        reading.set()
        assert go_on.wait(20)
        return real(content)

    monkeypatch.setattr(edge.web.api.predict, "decode", slow)
    monkeypatch.setattr(edge.web.api.predict, "_WAIT_SECONDS", 0.2)
    answers: list[TestResponse] = []
    body = coded(face_frame)
    first = threading.Thread(target=lambda: answers.append(send(box, body)))
    first.start()
    assert reading.wait(20)
    refused = send(box, body)
    problem(refused, 429)
    assert int(refused.headers["Retry-After"]) > 0
    go_on.set()
    first.join(20)
    assert answers[0].status_code == 200
    assert send(box, body).status_code == 200
