"""``POST /api/predict``: the faces of a picture that somebody sends; nothing of it is kept."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from flask import Blueprint, Response, abort, jsonify, request
from werkzeug.exceptions import ServiceUnavailable, TooManyRequests

from edge.classify import Classifier, load_classifier
from edge.config import CameraConfig, DetectConfig
from edge.detect import FaceFinder, make_finder
from edge.errors import EdgeFerError
from edge.picture import decode
from edge.picture_header import UnknownFormatError, size_of
from edge.records import ImageArray
from edge.web.api.query import camera_named
from edge.web.site import Site

LARGEST_UPLOAD: Final = 10_100_000
"""Bytes of a request: a picture of 10 MB, and the form that may be around it."""

_MOST_PIXELS: Final = 25_000_000
"""Decoding takes 6 bytes for each, and 9 of a progressive JPEG."""

_LONGEST_SIDE: Final = 16_384
"""Detectors scale by the width: a narrow picture is scanned at its whole height."""

_WAIT_SECONDS: Final = 2.0
_RETRY_SECONDS: Final = 2


def blueprint(site: Site) -> Blueprint:
    """Serve ``/api/predict``."""
    predict = Blueprint("predict", __name__, url_prefix="/api")
    reader = _Reader(site)

    @predict.post("/predict")
    def faces() -> Response:
        config = site.config
        name = request.args.get("camera", next(iter(config.cameras)))
        camera_named(site, name)
        with reader.turn():
            image = _picture(_upload())
            return jsonify(reader.read(image, config.cameras[name]))

    return predict


def _upload() -> bytes:
    """Return the picture's bytes from the body, or end the request."""
    request.max_content_length = LARGEST_UPLOAD
    if (request.content_length or 0) > LARGEST_UPLOAD:
        abort(413, f"at most {LARGEST_UPLOAD // 1_000_000} MB: make the picture smaller")
    if request.mimetype.startswith("image/"):
        return request.get_data(cache=False)
    if request.mimetype != "multipart/form-data":
        abort(415, "send a picture as the body, with its image/... type, or as form field image")
    file = request.files.get("image")
    if file is None:
        abort(422, "no file in the form field image")
    content: bytes = file.read()
    return content


def _picture(content: bytes) -> ImageArray:
    """Decode a picture that is not too large to be, or end the request."""
    try:
        width, height = size_of(content)
    except UnknownFormatError as error:
        abort(415, str(error))
    except EdgeFerError as error:
        abort(422, str(error))
    if width * height > _MOST_PIXELS or max(width, height) > _LONGEST_SIDE:
        millions = _MOST_PIXELS // 1_000_000
        abort(
            413,
            f"{width} x {height} pixels are too many: "
            f"at most {millions} million, and {_LONGEST_SIDE} a side",
        )
    try:
        return decode(content)
    except EdgeFerError as error:
        abort(422, str(error))


class _Reader:
    """Finds and reads the faces of one picture after the other.

    It has detectors and interpreters of its own, made when they are first asked for, so that no
    camera waits.
    """

    def __init__(self, site: Site) -> None:
        self._site = site
        self._recognizers: dict[tuple[str, str], tuple[FaceFinder, Classifier]] = {}
        self._busy = threading.Lock()
        self._places = threading.BoundedSemaphore(2)  # one works, one waits

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Run the block when no other runs; end the request if that takes too long.

        Those who wait hold threads of the web server: there is one of them at most.
        """
        full = TooManyRequests("other pictures are being read", retry_after=_RETRY_SECONDS)
        if not self._places.acquire(blocking=False):
            raise full
        try:
            if not self._busy.acquire(timeout=_WAIT_SECONDS):
                raise full
            try:
                yield
            finally:
                self._busy.release()
        finally:
            self._places.release()

    def read(self, image: ImageArray, camera: CameraConfig) -> dict[str, Any]:
        """Return the answer for a picture, as `camera` would read it; in one's turn only."""
        finder, classifier = self._recognizer(camera)
        readings = classifier.read(image, finder.find(image))
        model, engine = classifier.description, classifier.engine
        return {
            "width": image.shape[1],
            "height": image.shape[0],
            "model": {
                "name": model.name,
                "quantization": model.quantization,
                "sha256": model.sha256,
                "runtime": engine.runtime,
                "delegate": engine.delegate,
                "adapter": engine.adapter,
            },
            "faces": [reading.describe() for reading in readings],
        }

    def _recognizer(self, camera: CameraConfig) -> tuple[FaceFinder, Classifier]:
        folder, detect, classify = self._site.config.folder, camera.detect, camera.classify
        # Zones are places before the camera; and no tracks follow here that would sort out what
        # the detector itself does not call a face.
        detect = DetectConfig(kind=detect.kind, width=detect.width, min_score=0.5)
        key = detect.model_dump_json(), classify.model_dump_json()
        if key not in self._recognizers:  # cameras that are set up alike share them
            try:
                classifier = load_classifier(classify, folder, stop=self._site.stop)
            except EdgeFerError as error:  # the file was there when the daemon began
                raise ServiceUnavailable(str(error)) from None
            self._recognizers[key] = make_finder(detect), classifier
        return self._recognizers[key]
