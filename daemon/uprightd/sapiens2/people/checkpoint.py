"""A person detector on disk: a D-FINE checkpoint, found and checked before anything is loaded.

D-FINE (arXiv 2410.13842, Apache-2.0) in the form transformers gave it. A config.json beside the weights says which
network they are of; the two smallest published ones for COCO are recognised without it, by their tensors.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from uprightd.errors import DataError, UnavailableError
from uprightd.sapiens2.header import Tensor, read_header

NAME = "model.safetensors"
SIDE = 640
"""Pixels of the network's square input; every published D-FINE is trained for it."""
PERSON = "person"
MODEL_TYPE, BACKBONE = "d_fine", "hgnet_v2"
COCO_CLASSES = 80
"""Classes of the published networks, a person the first of them."""
LARGEST_CONFIG = 1 << 20
"""Bytes. The published ones have some seven thousand."""

WITHOUT = (
    "Without one the whole picture counts as one person, and then the place of their last keypoints; that does for "
    "somebody alone in the middle. For several people get one with `uprightd models fetch --task detect`, or place a "
    "file by hand with `uprightd models add --task detect PATH`."
)
AGAIN = "Get it again with `uprightd models fetch --task detect`."

_HGNET = {
    "model_type": BACKBONE,
    "stem_channels": [3, 16, 16],
    "stage_in_channels": [16, 64, 256, 512],
    "stage_mid_channels": [16, 32, 64, 128],
    "stage_out_channels": [64, 256, 512, 1024],
    "stage_num_blocks": [1, 1, 2, 1],
    "stage_numb_of_layers": [3, 3, 3, 3],
    "hidden_sizes": [128, 256, 512, 1024],
    "use_learnable_affine_block": True,
}
PUBLISHED: Mapping[str, Mapping[str, Any]] = {
    "nano": {
        "backbone_config": {**_HGNET, "out_indices": [3, 4]},
        "d_model": 128,
        "encoder_hidden_dim": 128,
        "encoder_ffn_dim": 512,
        "encoder_in_channels": [512, 1024],
        "encode_proj_layers": [1],
        "feat_strides": [16, 32],
        "num_feature_levels": 2,
        "decoder_in_channels": [128, 128],
        "decoder_ffn_dim": 512,
        "decoder_layers": 3,
        "decoder_n_points": [6, 6],
        "depth_mult": 0.5,
        "hidden_expansion": 0.34,
    },
    "small": {
        "backbone_config": {**_HGNET, "out_indices": [2, 3, 4]},
        "encoder_in_channels": [256, 512, 1024],
        "decoder_layers": 3,
        "decoder_n_points": [3, 6, 3],
        "depth_mult": 0.34,
        "hidden_expansion": 0.5,
    },
}
"""The networks of 3.8 and 10.3 million parameters, as transformers' conversion script describes them."""
_SIGNATURES: Mapping[tuple[tuple[int, ...], ...], str] = {
    ((16, 3, 3, 3), (COCO_CLASSES, 128)): "nano",
    ((16, 3, 3, 3), (COCO_CLASSES, 256)): "small",
}
"""Shapes of the first convolution and of the encoder's class scores; the larger networks begin wider."""
_TELLING = ("model.backbone.model.embedder.stem1.convolution.weight", "model.enc_score_head.weight")


@dataclass(frozen=True, slots=True)
class Detector:
    """A detector's weights file, its network in the words of transformers' DFineConfig, and which class is a person."""

    path: Path
    config: Mapping[str, Any]
    person: int


def read_detector(path: Path) -> Detector:
    """Given a weights file, or a folder with `model.safetensors` in it, return the detector it is.

    Of the weights only the header is read. Raise UnavailableError when there is none, DataError when it is damaged
    or not a D-FINE network that knows persons, DeniedError when it may not be read.
    """
    file = path / NAME if path.is_dir() else path
    if not file.exists():
        raise UnavailableError(f"{file}: no person detector here", WITHOUT)
    try:
        tensors = read_header(file)
    except DataError as error:
        raise DataError(error.message, AGAIN) from error
    if any(name not in tensors for name in _TELLING):
        raise DataError(f"{file}: not a person detector: expected the weights of a D-FINE network", AGAIN)
    described = file.with_name("config.json")
    if not described.exists():
        return Detector(file, _published(file, tensors), 0)
    config = _read_json(described)
    _check_config(described, config)
    _check_input(file.with_name("preprocessor_config.json"))
    return Detector(file, config, _person(described, config.get("id2label")))


def _published(file: Path, tensors: Mapping[str, Tensor]) -> Mapping[str, Any]:
    size = _SIGNATURES.get(tuple(tensors[name].shape for name in _TELLING))
    if size is None:
        raise DataError(
            f"{file}: not one of the networks known without a description ({', '.join(PUBLISHED)}, for COCO)",
            f"Place the config.json that belongs to it in {file.parent}, or {AGAIN[0].lower()}{AGAIN[1:]}",
        )
    return {**PUBLISHED[size], "num_labels": COCO_CLASSES}


def _check_config(path: Path, config: Mapping[str, Any]) -> None:
    """Raise DataError when the description is of another kind of network than is loaded here."""
    expected: Mapping[str, tuple[object, ...]] = {
        "model_type": (MODEL_TYPE,),
        "use_timm_backbone": (None, False),
        "use_focal_loss": (None, True),
        "anchor_image_size": (None, [SIDE, SIDE]),
        "eval_size": (None, [SIDE, SIDE]),
    }
    _agree(path, config, expected)
    backbone = config.get("backbone_config") or {}
    if not isinstance(backbone, Mapping):
        raise DataError(f"{path}: backbone_config is no mapping", AGAIN)
    _agree(path, backbone, {"model_type": (None, BACKBONE)})


def _check_input(path: Path) -> None:
    """Raise DataError when the file that says how pictures are prepared is there and says something else."""
    if not path.exists():
        return
    expected: Mapping[str, tuple[object, ...]] = {
        "size": (None, {"height": SIDE, "width": SIDE}),
        "do_normalize": (None, False),
        "do_rescale": (None, True),
        "do_pad": (None, False),
    }
    _agree(path, _read_json(path), expected)


def _agree(path: Path, found: Mapping[str, Any], expected: Mapping[str, tuple[object, ...]]) -> None:
    for key, accepted in expected.items():
        if found.get(key) not in accepted:
            is_now, wanted = json.dumps(found.get(key)), json.dumps(accepted[-1])
            raise DataError(
                f"{path}: {key} is {is_now}, but only networks can be used where it is {wanted}", AGAIN
            )


def _person(path: Path, labels: object) -> int:
    """Given the names of the classes by number, return which is a person."""
    if not isinstance(labels, Mapping) or set(labels) != {str(number) for number in range(len(labels))}:
        raise DataError(f"{path}: id2label does not name the classes, numbered from 0", AGAIN)
    people = [int(number) for number, name in labels.items() if str(name).strip().lower() == PERSON]
    if len(people) != 1:
        raise DataError(
            f"{path}: {len(people)} of its {len(labels)} classes are named {PERSON}, expected one", AGAIN
        )
    return people[0]


def _read_json(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            content = json.loads(file.read(LARGEST_CONFIG))
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{path}: cannot be read as JSON: {error}", AGAIN) from error
    if not isinstance(content, dict):
        raise DataError(f"{path}: holds no JSON object", AGAIN)
    return content
