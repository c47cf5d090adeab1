"""Signs finished files, so that anybody can tell what made them and that nobody changed them since: C2PA 2.

The manifest says that a model made the video, which one, and with which seed; not from which
prompt. Its signature carries the time, so sealed files of one request differ.
"""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from PIL import Image

from functions.generate.fingerprint import fingerprint
from shared.core.errors import TemporaryError
from shared.core.request import VideoRequest
from shared.settings import BadSetting, Settings

ALGORITHM: Final = "es256"
MADE_BY_A_MODEL: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
DRAWING: Final = "io.flipbook.drawing"
"""Our own assertion: what it takes to draw the same video again, but for the prompt."""


class Seal:
    """One certificate with its key."""

    def __init__(self, certificate: str, key: str) -> None:
        """Both as PEM: the chain, leaf first, and the leaf's key on P-256.

        Raises: BadSetting: c2pa-python is not installed.
        """
        self._c2pa = _library()
        self._certificate, self._key = certificate, key

    def try_out(self) -> None:
        """Sign one black pixel, and so find out before the first drawing what the last one would have met.

        Raises: BadSetting: They are not what they should be.
        """
        pixel = BytesIO()
        Image.new("RGB", (1, 1)).save(pixel, "PNG")
        pixel.seek(0)
        try:
            with self._c2pa.Builder(_manifest("flipbook", {})) as builder:
                builder.sign(self._signer(), "image/png", pixel, BytesIO())
        except self._c2pa.C2paError as error:
            raise BadSetting(f"C2PA_CERTIFICATE and C2PA_KEY: cannot be signed with: {error}") from None

    def put_on(self, movie: Path, request: VideoRequest, preset: str) -> None:
        """Replace the file by one that has a manifest.

        Raises: TemporaryError: It cannot be signed, for instance because the certificate has run out.
        """
        drawing: dict[str, str | int] = {
            "model": request.model,
            "preset": preset,
            "seed": request.seed,
            "request": fingerprint(request),
        }
        sealed = movie.with_name(f"sealed-{movie.name}")
        try:
            with self._c2pa.Builder(_manifest(request.model, drawing)) as builder, self._signer() as signer:
                builder.sign_file(str(movie), str(sealed), signer)
        except (self._c2pa.C2paError, OSError) as error:
            raise TemporaryError(f"the video cannot be signed: {error}") from None
        sealed.replace(movie)

    def _signer(self) -> Any:
        info = self._c2pa.C2paSignerInfo(
            alg=ALGORITHM, sign_cert=self._certificate.encode(), private_key=self._key.encode(), ta_url=None
        )
        return self._c2pa.Signer.from_info(info)


def seal_of(settings: Settings) -> Seal | None:
    """The seal that the settings name, if they name one.

    Raises: BadSetting: Half of it is missing, or it is of no use.
    """
    if not settings.c2pa_certificate and not settings.c2pa_key:
        return None
    if not settings.c2pa_certificate or not settings.c2pa_key:
        raise BadSetting("C2PA_CERTIFICATE and C2PA_KEY: set both, or neither")
    try:
        seal = Seal(Path(settings.c2pa_certificate).read_text(), Path(settings.c2pa_key).read_text())
    except (OSError, UnicodeDecodeError) as error:
        raise BadSetting(f"C2PA_CERTIFICATE and C2PA_KEY: must be files that can be read: {error}") from None
    seal.try_out()
    return seal


def _library() -> ModuleType:
    try:
        import c2pa
    except ImportError:
        raise BadSetting(
            "C2PA_CERTIFICATE: needs c2pa-python; pip install -r functions/generate/requirements-c2pa.txt"
        ) from None
    return c2pa  # type: ignore[no-any-return]


def _manifest(maker: str, drawing: Mapping[str, str | int]) -> dict[str, Any]:
    created = {
        "action": "c2pa.created",
        "digitalSourceType": MADE_BY_A_MODEL,
        "softwareAgent": {"name": maker},
    }
    return {
        "claim_generator_info": [{"name": "flipbook"}],
        "assertions": [
            {"label": "c2pa.actions.v2", "data": {"actions": [created]}},
            {"label": DRAWING, "data": dict(drawing)},
        ],
    }
