"""A marker to print, as a PNG that knows its own size on paper."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image

from uprightd.derm.marker import draw_marker
from uprightd.errors import CannotCreateError
from uprightd.whole_file import write_whole


def write_marker(path: Path, number: int, side_px: int, dpi: int) -> None:
    """Given a path, a marker's number, its side in pixels and their density, write the PNG.

    Raise CannotCreateError for another suffix, or where something lies already, WriteError when writing fails.
    """
    if path.suffix.lower() != ".png":
        raise CannotCreateError(f"{path}: expected a name that ends in .png", "Such as marker.png.")
    if path.exists():
        raise CannotCreateError(f"{path}: is there already", "Choose another name.")
    data = io.BytesIO()
    Image.fromarray(draw_marker(number, side_px)).save(data, "PNG", dpi=(dpi, dpi))
    write_whole(path, data.getvalue())
