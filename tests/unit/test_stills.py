"""Reading a picture the user names, writing one a command makes."""

from __future__ import annotations

import os
import resource
import stat
import struct
import time
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms
from tests.fakes.camera import picture

from uprightd.errors import CannotCreateError, DataError, WriteError
from uprightd.stills import read_image, write_image

COLOUR = np.full((40, 60, 3), (10, 120, 240), np.uint8)


def saved(path: Path, image: np.ndarray) -> Path:
    assert cv2.imwrite(str(path), image)
    return path


def test_every_usual_format_is_read_as_bgr(tmp_path: Path) -> None:
    for suffix in ("png", "bmp", "webp", "jpg", "tiff"):
        image = read_image(saved(tmp_path / f"a.{suffix}", COLOUR))
        assert (image.dtype, image.shape) == (np.uint8, (40, 60, 3)), suffix
        assert np.abs(image.astype(int) - COLOUR).max() <= 6, suffix


def test_grey_transparent_and_16_bit_pictures_become_8_bit_bgr(tmp_path: Path) -> None:
    grey = np.full((40, 60), 77, np.uint8)
    alpha = np.dstack([COLOUR, np.full((40, 60), 128, np.uint8)])
    deep = COLOUR.astype(np.uint16) * 257
    assert (read_image(saved(tmp_path / "grey.png", grey)) == 77).all()
    assert (read_image(saved(tmp_path / "alpha.png", alpha)) == COLOUR).all()
    assert (read_image(saved(tmp_path / "deep.png", deep)) == COLOUR).all()
    assert (read_image(saved(tmp_path / "deep grey.png", grey.astype(np.uint16) * 257)) == 77).all()
    assert read_image(tmp_path / "deep.png").flags.c_contiguous


def test_a_picture_for_print_is_read_too(tmp_path: Path) -> None:
    Image.fromarray(COLOUR[:, :, ::-1]).convert("CMYK").save(tmp_path / "print.jpg")
    assert np.abs(read_image(tmp_path / "print.jpg").astype(int) - COLOUR).max() <= 12


def exif(orientation: int) -> bytes:
    """Return a JPEG APP1 segment that says nothing but the orientation."""
    tiff = b"MM\0*\0\0\0\x08" + b"\0\x01" + struct.pack(">HHIHH", 0x0112, 3, 1, orientation, 0) + b"\0\0\0\0"
    return b"\xff\xe1" + struct.pack(">H", len(tiff) + 8) + b"Exif\0\0" + tiff


@pytest.mark.parametrize(("orientation", "corner"), [(1, "top left"), (3, "bottom right"), (6, "top right")])
def test_a_photograph_stands_upright_by_its_exif_orientation(
    tmp_path: Path, orientation: int, corner: str
) -> None:
    image = np.zeros((64, 96, 3), np.uint8)
    image[:16, :16] = 255
    jpeg = cv2.imencode(".jpg", image)[1].tobytes()
    path = tmp_path / "photo.jpg"
    path.write_bytes(jpeg[:2] + exif(orientation) + jpeg[2:])
    upright = read_image(path)
    assert upright.shape[:2] == ((96, 64) if orientation == 6 else (64, 96))
    top, left = "top" in corner, "left" in corner
    assert upright[4 if top else -4, 4 if left else -4].min() > 200


def swapped_profile() -> bytes:
    """An ICC profile in which red and green have changed places: sRGB's, with those two tags swapped."""
    data = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    data = data.replace(b"rXYZ", b"____", 1).replace(b"gXYZ", b"rXYZ", 1).replace(b"____", b"gXYZ", 1)
    return data.replace("sRGB".encode("utf-16-be"), "test".encode("utf-16-be"))


def test_colours_of_another_profile_become_srgb_and_a_damaged_profile_is_ignored(tmp_path: Path) -> None:
    red = Image.new("RGB", (40, 40), (255, 0, 0))
    red.save(tmp_path / "plain.png")
    red.save(tmp_path / "swapped.png", icc_profile=swapped_profile())
    red.save(tmp_path / "damaged.png", icc_profile=swapped_profile()[:200])
    assert read_image(tmp_path / "plain.png")[0, 0].tolist() == [0, 0, 255]
    blue, green, rest = read_image(tmp_path / "swapped.png")[0, 0].tolist()
    assert green > 240
    assert max(blue, rest) < 20
    assert read_image(tmp_path / "damaged.png")[0, 0].tolist() == [0, 0, 255]


def png(width: int, height: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + header
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))


def bad_pictures(folder: Path) -> dict[str, tuple[Path, str]]:
    """Return for each kind of bad picture its path and what the message has to say."""

    def file(name: str, data: bytes) -> Path:
        (folder / name).write_bytes(data)
        return folder / name

    jpeg = cv2.imencode(".jpg", picture(size=(320, 240)))[1].tobytes()
    whole = cv2.imencode(".png", picture())[1].tobytes()
    os.mkfifo(folder / "pipe.png")
    return {
        "missing": (folder / "none.png", "No such file"),
        "folder": (folder, "not a file"),
        "fifo": (folder / "pipe.png", "not a file"),
        "below a file": (file("file", b"x") / "a.png", "Not a directory"),
        "nul in the name": (Path(f"{folder}/a\0b.png"), "null"),
        "empty": (file("empty.png", b""), "empty"),
        "text": (file("text.png", b"hello " * 100), "not a picture"),
        "from a telephone": (file("a.heic", b"\0\0\0\x18ftypheic" + b"\0" * 99), "HEIC"),
        "header only": (file("header.png", png(100, 100)), "not a picture"),
        "cut within the header": (file("start.png", png(100, 100)[:18]), "cut off"),
        "half a png": (file("half.png", whole[: len(whole) // 2]), "cut off"),
        "half a jpeg": (file("half.jpg", jpeg[: len(jpeg) * 2 // 3]), "cut off"),
        "too small": (saved(folder / "small.png", COLOUR[:31]), "60x31 pixels are too few"),
        "huge": (
            file("huge.png", png(12_000, 12_000) + b"\0\0\0\x08IDAT"),
            "12000x12000 pixels are too many",
        ),
        "bomb": (file("bomb.png", png(60_000, 60_000) + b"\0\0\0\x08IDAT"), "too many pixels"),
    }


def test_a_bad_picture_is_bad_data_that_says_what_is_wrong_in_no_time(tmp_path: Path) -> None:
    for what, (path, words) in bad_pictures(tmp_path).items():
        started = time.monotonic()
        with pytest.raises(DataError) as caught:
            read_image(path)
        assert time.monotonic() - started < 2.0, what
        assert str(path) in caught.value.message, what
        assert words in caught.value.message, what
        assert caught.value.hint, what


def test_a_written_picture_is_private_and_comes_back_the_same(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        write_image(tmp_path / "a.png", COLOUR)
    finally:
        os.umask(old)
    assert (read_image(tmp_path / "a.png") == COLOUR).all()
    assert stat.S_IMODE((tmp_path / "a.png").stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["a.png"]


def test_a_disk_that_fills_up_leaves_the_old_picture_and_no_partial_one(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    write_image(path, COLOUR)
    before = path.read_bytes()
    noisy = np.random.default_rng(0).integers(0, 255, (200, 200, 3), np.uint8)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        with pytest.raises(WriteError) as caught:
            write_image(path, noisy)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert caught.value.exit_code == 74
    assert str(path) in caught.value.message
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["a.png"]


def test_a_place_where_nothing_can_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "folder.png").mkdir()
    for path in (tmp_path / "missing" / "a.png", tmp_path / "file" / "a.png", tmp_path / "folder.png"):
        with pytest.raises(CannotCreateError) as caught:
            write_image(path, COLOUR)
        assert caught.value.exit_code == 73
        assert str(path) in caught.value.message
    for name in ("a", "a.txt", "a.mp4"):
        with pytest.raises(CannotCreateError, match="not written as"):
            write_image(tmp_path / name, COLOUR)
    assert sorted(os.listdir(tmp_path)) == ["file", "folder.png"]


def test_a_link_at_the_place_is_replaced_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "precious.txt").write_text("keep me")
    (tmp_path / "a.png").symlink_to(tmp_path / "precious.txt")
    write_image(tmp_path / "a.png", COLOUR)
    assert (tmp_path / "precious.txt").read_text() == "keep me"
    assert not (tmp_path / "a.png").is_symlink()
