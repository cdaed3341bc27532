"""Single pictures: reading one that the user names, writing one that a command makes."""

from __future__ import annotations

import contextlib
import io
import os
import stat
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from uprightd import opencv
from uprightd.errors import CannotCreateError, DataError, DeniedError, WriteError
from uprightd.whole_file import write_whole

if TYPE_CHECKING:
    import numpy as np
    from PIL import Image

PICTURE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff")
SMALLEST_SIDE = 32
MOST_PIXELS = 100_000_000
LARGEST_FILE = 512 * 1024 * 1024
TELEPHONE = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1", b"avif", b"avis")
"""Brands that the first box of a HEIF file names."""
EXPECTED = f"Expected a picture: {', '.join(suffix[1:] for suffix in PICTURE_SUFFIXES)}."


def read_image(path: Path) -> np.ndarray:
    """Given a picture file, return it upright (by its EXIF orientation) as BGR uint8 (H, W, 3).

    Grey, transparent, CMYK and 16-bit pictures are converted, and colours of another profile to sRGB. Raise
    DataError when it is missing, no picture, cut off, under 32 pixels or over 100 megapixels; DeniedError when it may
    not be read.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    data = _file_bytes(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the size is checked below
            picture = Image.open(io.BytesIO(data))
        _check_size(path, *picture.size)
        return _bgr(ImageOps.exif_transpose(picture))
    except UnidentifiedImageError as error:
        if data[4:8] == b"ftyp" and data[8:12] in TELEPHONE:
            raise DataError(
                f"{path}: a HEIC or AVIF picture, as some telephones make them, cannot be read",
                "Export it as JPEG, or set the telephone to its most compatible format.",
            ) from error
        raise DataError(f"{path}: not a picture that can be read", EXPECTED) from error
    except Image.DecompressionBombError as error:
        raise DataError(f"{path}: far too many pixels for a picture", "Scale it down first.") from error
    except (OSError, SyntaxError, ValueError) as error:  # what Pillow's decoders raise
        raise DataError(
            f"{path}: the picture is damaged or cut off ({error})", "Copy or download it again."
        ) from error


def _bgr(picture: Image.Image) -> np.ndarray:
    import numpy as np

    if picture.mode.startswith("I"):  # 16-bit grey; Pillow would cut it off at 255 instead of scaling it
        grey = (np.asarray(picture).astype(np.uint32) >> 8).astype(np.uint8)
        return np.repeat(grey[:, :, None], 3, axis=2)
    return np.ascontiguousarray(np.asarray(_srgb(picture))[:, :, ::-1])


def _srgb(picture: Image.Image) -> Image.Image:
    """The picture in RGB, its colours taken from the profile inside it, if any (telephones use Display P3)."""
    from PIL import ImageCms

    profile = picture.info.get("icc_profile")
    if profile and picture.mode in ("RGB", "RGBA", "CMYK"):
        with contextlib.suppress(ImageCms.PyCMSError, OSError, ValueError):
            opened = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            if "sRGB" not in ImageCms.getProfileDescription(opened):
                plain = picture.convert("RGB") if picture.mode == "RGBA" else picture
                turned = ImageCms.profileToProfile(
                    plain, opened, ImageCms.createProfile("sRGB"), outputMode="RGB"
                )
                return turned or plain
    return picture.convert("RGB")


def _file_bytes(path: Path) -> bytes:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)  # a FIFO would wait for its writer for ever
        try:
            info = os.fstat(handle)
            if not stat.S_ISREG(info.st_mode):
                raise DataError(f"{path}: not a file", EXPECTED)
            if info.st_size > LARGEST_FILE:
                raise DataError(f"{path}: {info.st_size >> 20} MiB is too large for a picture", EXPECTED)
            with open(handle, "rb", closefd=False) as file:
                data = file.read()
        finally:
            os.close(handle)
    except PermissionError as error:
        raise DeniedError(
            f"{path}: you may not read this", f"Run: chmod u+r '{path}', or ask its owner."
        ) from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise DataError(f"{path}: {reason or 'cannot be read'}", EXPECTED) from error
    if not data:
        raise DataError(f"{path}: the file is empty", EXPECTED)
    return data


def _check_size(path: Path, width: int, height: int) -> None:
    if min(width, height) < SMALLEST_SIDE:
        raise DataError(
            f"{path}: {width}x{height} pixels are too few",
            f"Expected at least {SMALLEST_SIDE} pixels on each side.",
        )
    if width * height > MOST_PIXELS:
        raise DataError(
            f"{path}: {width}x{height} pixels are too many",
            f"Expected at most {MOST_PIXELS // 1_000_000} megapixels: scale it down first.",
        )


def write_image(path: Path, image: np.ndarray) -> None:
    """Given a path and a picture BGR uint8 (H, W, 3), write it with mode 0600: whole, or not at all.

    The suffix decides the format. Raise CannotCreateError when the file cannot be made there, WriteError when
    writing fails half-way; an old file stays then.
    """
    cv2 = opencv.load()
    if path.suffix.lower() not in PICTURE_SUFFIXES:
        raise CannotCreateError(
            f"{path}: pictures are not written as {path.suffix or 'a file without suffix'}", EXPECTED
        )
    try:
        ok, encoded = cv2.imencode(path.suffix.lower(), image)
    except cv2.error as error:
        raise WriteError(f"{path}: the picture cannot be encoded ({error})") from error
    if not ok:
        raise WriteError(f"{path}: the picture cannot be encoded as {path.suffix}")
    write_whole(path, encoded.tobytes())
