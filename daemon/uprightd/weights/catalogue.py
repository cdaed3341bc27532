"""What can be fetched: repository, file, size, pinned commit and licence of every model.

Repositories, file names and commits were collected from public code that uses them, not from the hub itself,
which cannot be reached from where this was written. Pose: the pins of FiftyOne's model zoo, 1b confirmed by a
second project. Segmentation and normals: pins, sizes and hashes of projects that download and check them, 0.4b
confirmed by a second one each. A model without a pin is fetched at the commit that the hub names for `main`; the
manifest then keeps that commit. Sizes not found anywhere are those of the weights themselves, counted from the
architecture, which for the five known files is the truth less 45 to 75 kB of header.
"""

from __future__ import annotations

from dataclasses import dataclass

from uprightd.errors import UsageError
from uprightd.weights.licence import APACHE_2, SAPIENS2_LICENCE, Licence

SIZES = ("0.4b", "0.8b", "1b", "5b", "nano", "small")
"""Of Sapiens2, then of the person detector; of each the smallest first."""
TASKS = ("pose", "seg", "normal", "pointmap", "detect")


@dataclass(frozen=True, slots=True)
class Entry:
    """One model that can be fetched.

    name: its folder among the models. about_bytes: the size, exact or nearly. revision: the pinned commit, "" where
    none is established. sha256: the file's hash there, "" where unknown; the hub must then name the same one.
    """

    name: str
    task: str
    size: str
    repository: str
    file: str
    about_bytes: int
    revision: str
    sha256: str
    licence: Licence


def _sapiens2(task: str, size: str, about_bytes: int, revision: str = "", sha256: str = "") -> Entry:
    return Entry(
        name=f"sapiens2-{size}-{task}",
        task=task,
        size=size,
        repository=f"facebook/sapiens2-{task}-{size}",
        file=f"sapiens2_{size}_{task}.safetensors",
        about_bytes=about_bytes,
        revision=revision,
        sha256=sha256,
        licence=SAPIENS2_LICENCE,
    )


def _detector(size: str, about_bytes: int, revision: str, sha256: str) -> Entry:
    """D-FINE, trained on COCO: finds the people in a picture."""
    return Entry(
        name=f"dfine-{size}-detect",
        task="detect",
        size=size,
        repository=f"ustc-community/dfine-{size}-coco",
        file="model.safetensors",
        about_bytes=about_bytes,
        revision=revision,
        sha256=sha256,
        licence=APACHE_2,
    )


CATALOGUE = (
    _sapiens2("pose", "0.4b", 1_702_709_456, "73572e121602e8a6eb40eb841732e88f386d250b"),
    _sapiens2("pose", "0.8b", 3_394_819_280, "76f06b9854d04bb1e59e0624de39b1e8921b12aa"),
    _sapiens2(
        "pose",
        "1b",
        6_079_194_752,
        "f5fed8b97b99698d5eea1d14ff0855d0b4c3f000",
        "2dab7014a17e99e460c18817325a71dd7a81ce48d87027f01c2ee7d7b3af969f",
    ),
    _sapiens2("pose", "5b", 20_480_794_576, "ada1f29aa1fd454ca28665c700923a0101b6b24f"),
    _sapiens2(
        "seg",
        "0.4b",
        1_626_451_404,
        "449b3c5335e6722bb94990abdd1aa6e612432f22",
        "b85fdb50b7d6123a967d5ee4a505e222baff8d2f7ad6bbf353578c1a61dfbac9",
    ),
    _sapiens2("seg", "0.8b", 3_310_127_988, "196a627b928676c4429b738ed76f78a21d96c4eb"),
    _sapiens2(
        "seg",
        "1b",
        5_883_353_380,
        "60cf0b3584d68dccca9adb3b59677b72a5611378",
        "4b73c44963b377e93fcb4c4053f72a189836a22d05e12c30383046b9cd3c5bd4",
    ),
    _sapiens2("seg", "5b", 20_358_354_548),
    _sapiens2(
        "normal",
        "0.4b",
        1_813_476_476,
        "52886591372f049acd4d59ae6d0a792ae1a61ac5",
        "d2f20e8df7186772b7710546416db0752be224c68003c7f18ccbbf8b980ef1fd",
    ),
    _sapiens2("normal", "0.8b", 3_538_309_772),
    _sapiens2(
        "normal",
        "1b",
        6_157_412_276,
        "3480505c6690732dfdc91e7078213dba14844ab3",
        "74283c838275d30022149e14b1512797c35c95b971f74a43fc010f1dd15ea012",
    ),
    _sapiens2("normal", "5b", 20_830_138_252),
    _sapiens2("pointmap", "0.4b", 2_114_701_456),
    _sapiens2("pointmap", "0.8b", 3_869_464_720),
    _sapiens2("pointmap", "1b", 6_518_376_592),
    _sapiens2("pointmap", "5b", 21_295_773_072),
    _detector(
        "nano",
        15_278_996,
        "066438d3d8f0da137a37b38fdf3368fd4afceced",
        "19e06bdc873da819920a8d373b879721a5b9759d822f8213220bb09abbdab58b",
    ),
    _detector(
        "small",
        41_497_620,
        "f79e65b5fbb33ceb9d3ebba042955d7410c608f8",
        "a144baff3a27bfd538fe37b11fa8d4fca5744b8c054b5301e7c699a1379cd18f",
    ),
)


def entry(task: str, size: str) -> Entry:
    """Given a task and a size, return the model. Raise UsageError where there is none."""
    for each in CATALOGUE:
        if (each.task, each.size) == (task, size):
            return each
    raise UsageError(
        f"there is no model for {task} of size {size}", "See what there is: uprightd models list"
    )


def smallest(task: str) -> str:
    """Given a task, return the smallest size there is for it."""
    return next(size for size in SIZES if any((each.task, each.size) == (task, size) for each in CATALOGUE))
