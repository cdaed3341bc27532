"""`bench pose`: our Sapiens2 path against Meta's demo per frame, on random weights.

Each path runs in a process of its own, since only then is its peak memory its own. They take turns, ours before and
after each frame of the reference, so that a machine that slows down in between slows all of them.
"""

from __future__ import annotations

import itertools
import math
import multiprocessing
import os
import signal
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from uprightd.camera.order import Order, SourceKind
from uprightd.camera.reader import open_file
from uprightd.errors import UnavailableError, UprightError, WriteError
from uprightd.paths import shipped_clip
from uprightd.sapiens2.architecture import Architecture, Task, tensors_of
from uprightd.sapiens2.device import FLOAT32, Placement, place, runtime_environment, this_machine
from uprightd.sapiens2.geometry import RESOLUTIONS
from uprightd.sapiens2.names import NAMES, NEEDED
from uprightd.sapiens2.random_weights import full_size, write

if TYPE_CHECKING:
    import numpy as np

REFERENCE, EXACT, EXACT_FLOAT32 = "reference", "exact_single_pass", "exact_single_pass_float32"
STAGES = ("crop", "forward", "decode")
WARM_UPS, ROUNDS = 2, 10
"""On an accelerator: uncounted frames, in which it compiles and chooses kernels; rounds per picture."""
MEGABYTE = 1e6
DECODERS = {
    "decode": "of clear peaks, one thread each",
    "decode_threads": "of clear peaks, all threads",
    "decode_noise": "of the random maps, one thread",
}
WORDS = (
    "The reference is Meta's demo per frame: crop in whole grey levels, two forwards (one of the mirror image), all",
    "308 maps, decoding in numpy. Ours is one forward, the maps needed, decoding on the device. Left out of both:",
    "finding people, drawing, files, and the frames that warm up. Without the mirror image the result is not the",
    "reference's; how accurate smaller inputs are cannot be said without the real weights.",
    "Threads sleep while they wait, and ours uses huge pages, as in the daemon. Peak memory: of a process per path.",
)

Size = tuple[int, int]
"""Height and width."""
Tell = Callable[[str], None]
Costs = Mapping[str, Mapping[str, float]]
"""Seconds by what cost them, then by clock: "cpu", of all threads of its process, and "wall"."""


@dataclass(frozen=True, slots=True)
class Route:
    """A way from a picture to keypoints: the reference if it is so named, else ours; its input; where it runs."""

    name: str
    resolution: Size
    placement: Placement

    @property
    def area(self) -> int:
        return math.prod(self.resolution)

    @property
    def size(self) -> str:
        return "x".join(map(str, self.resolution))


def measure_pose(device: str, size: str, resolution: str, images: int, tell: Tell) -> dict[str, Any]:
    """Given a device, a network's size, an input size such as "1024x768", and how many frames of the reference
    to run, return the figures; `tell` hears how far it is.

    Raise UnavailableError when libraries, the device or memory are missing, WriteError when the weights, which
    go to the folder for temporary files, do not fit there.
    """
    placement = place(this_machine(), device)
    high, wide = map(int, resolution.split("x"))
    rounds = images if placement.kind == "cpu" else images * ROUNDS
    routes = routes_on(placement, (high, wide), RESOLUTIONS)
    return measure(full_size(size, Task.POSE), routes, clip_pictures(rounds), tell)


def routes_on(placement: Placement, resolution: Size, others: Iterable[Size]) -> list[Route]:
    """Given where ours runs and input sizes, return the reference, ours (on CUDA in float32 too), ours smaller."""
    routes = [
        Route(REFERENCE, resolution, Placement(placement.device, FLOAT32)),
        Route(EXACT, resolution, placement),
    ]
    if placement.kind == "cuda":
        routes.append(Route(EXACT_FLOAT32, resolution, replace(placement, dtype=FLOAT32)))
    smaller = [size for size in others if size < resolution]
    return routes + [Route(f"r{high}x{wide}", (high, wide), placement) for high, wide in smaller]


def clip_pictures(count: int) -> list[np.ndarray]:
    """Return the first `count` pictures of the shipped clip, over and over where it has fewer."""
    reader = open_file(Order(SourceKind.VIDEO, str(shipped_clip())), lambda _: None)
    pictures = []
    while len(pictures) < count and reader.grab() is not None:
        picture = reader.retrieve(None)
        if picture is not None:
            pictures.append(picture)
    reader.release()
    return list(itertools.islice(itertools.cycle(pictures), count))


def measure(
    net: Architecture, routes: Sequence[Route], pictures: Sequence[np.ndarray], tell: Tell
) -> dict[str, Any]:
    """Given a network, the routes (the reference, then ours at its size) and pictures, return the figures."""
    with tempfile.TemporaryDirectory(prefix="uprightd-bench-") as folder, ExitStack() as stack:
        weights = _weights(Path(folder), net, tell)
        contenders = [stack.enter_context(closing(Contender(route, weights))) for route in routes]
        for it in contenders:
            tell(f"{it.route.name}: loading, warming up")
            it.ask("warm_up", pictures[0], *_warm_up(it.route, routes))
        frames = _race(contenders, pictures, tell)
        states = {it.route.name: it.ask("state") for it in contenders}
        tell("decode: the reference's heatmaps, in turns")
        decoders = contenders[0].ask("decoders")
        figures = {
            "machine": states[REFERENCE]["machine"],
            "size": net.size,
            "picture": [pictures[0].shape[1], pictures[0].shape[0]],
            **_times(routes, frames, decoders),
            **_states(states),
        }
        if routes[0].placement.kind == "cuda":
            figures["frames_per_second"] = _rates(contenders, pictures[0], tell)
        return figures


def _weights(folder: Path, net: Architecture, tell: Tell) -> Path:
    megabytes = sum(4 * math.prod(shape) for shape in tensors_of(net).values()) / MEGABYTE
    tell(f"weights: writing {megabytes:.0f} MB of random ones to {folder}")
    path = folder / "model.safetensors"
    try:
        write(path, net)
    except OSError as error:
        raise WriteError(
            f"{path}: {megabytes:.0f} MB of random weights cannot be written: {error.strerror}",
            "Make room there, or set TMPDIR to a folder on another disk.",
        ) from error
    return path


def _warm_up(route: Route, routes: Sequence[Route]) -> tuple[Size, int]:
    """Input size and number of frames. On the CPU the smallest input does: it is the weights that must be read."""
    if route.placement.kind == "cpu":
        return min(it.resolution for it in routes), 1
    return route.resolution, WARM_UPS


def _race(
    contenders: Sequence[Contender], pictures: Sequence[np.ndarray], tell: Tell
) -> dict[str, list[Costs]]:
    """The costs of each frame by route: for each picture ours, the reference, and ours again. Smaller inputs get as
    many frames in a row as fit into the time of a large one, so that one that is disturbed does not count."""
    reference, *ours = contenders
    frames: dict[str, list[Costs]] = {it.route.name: [] for it in contenders}
    for picture in pictures:
        turn = [it for it in ours for _ in range(reference.route.area // it.route.area)]
        for it in (*turn, reference, *turn):
            costs = it.ask("frame", picture)
            frames[it.route.name].append(costs)
            tell(f"{it.route.name}: a frame in {sum(cost['wall'] for cost in costs.values()):.2f} s")
    return frames


def _times(
    routes: Sequence[Route], frames: Mapping[str, Sequence[Costs]], decoders: Mapping[str, Costs]
) -> dict[str, Any]:
    placement = routes[1].placement
    clock = "cpu" if placement.kind == "cpu" else "wall"
    seconds = {name: _medians(costs) for name, costs in frames.items()}
    whole = {name: stages["frame"][clock] for name, stages in seconds.items()}
    ratios = {name: whole[REFERENCE] / taken for name, taken in whole.items() if name != REFERENCE}
    ratios |= {name: pair["numpy"][clock] / pair["ours"][clock] for name, pair in decoders.items()}
    return {
        "device": placement.device,
        "dtype": placement.dtype,
        "resolution": routes[0].size,
        "paths": {
            it.name: {"input": it.size, "dtype": it.placement.dtype, "compiled": it.placement.compiled}
            for it in routes
        },
        "warm_up_frames": _warm_up(routes[0], routes)[1],
        "repetitions": {name: len(costs) for name, costs in frames.items()},
        "seconds": {**seconds, **decoders},
        "ratios": {name: round(ratio, 3) for name, ratio in ratios.items()},
        "ratios_of": clock,
    }


def _medians(frames: Sequence[Costs]) -> dict[str, dict[str, float]]:
    """By stage and clock; the whole frame is the sum of its stages."""
    stages = {
        stage: {clock: median(frame[stage][clock] for frame in frames) for clock in ("cpu", "wall")}
        for stage in STAGES
    }
    frame = {clock: sum(stage[clock] for stage in stages.values()) for clock in ("cpu", "wall")}
    return {**stages, "frame": frame}


def _states(states: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    failures = {name: state["compile_failure"] for name, state in states.items() if state["compile_failure"]}
    here, there = (
        {name: round(state[kind] / MEGABYTE, 1) for name, state in states.items()}
        for kind in ("memory", "device_memory")
    )
    device = {"peak_device_memory_mb": there} if any(there.values()) else {}
    return {"peak_memory_mb": here, **device, "compile_failures": failures}


def _rates(contenders: Sequence[Contender], picture: np.ndarray, tell: Tell) -> dict[str, Any]:
    """Frames per second of ours by number type; the others give their memory back first."""
    figures = {}
    exact = [it for it in contenders if it.route.name in (EXACT, EXACT_FLOAT32)]
    for it in contenders:
        if it not in exact:
            it.close()
    for it in exact:
        tell(f"{it.route.name}: frames per second by batch size")
        rates = it.ask("throughput", picture)
        best = max(rates, key=lambda batch: rates[batch])
        figures[it.route.placement.dtype] = {
            "batch_1": rates[1],
            "best_batch": best,
            "best": rates[best],
            "by_batch": {str(batch): rate for batch, rate in rates.items()},
        }
    return figures


class Contender:
    """A route's process, as seen by the one that asks."""

    def __init__(self, route: Route, weights: Path) -> None:
        self.route = route
        context = multiprocessing.get_context("spawn")  # a fork would begin with our memory
        self._line, theirs = context.Pipe()
        self._process = context.Process(target=serve, args=(theirs, route, weights), daemon=True)
        self._process.start()
        theirs.close()

    def ask(self, question: str, *arguments: object) -> Any:
        """Given one of Runner's methods and its arguments, return its answer, or raise its UprightError.

        Raise UnavailableError when the process has gone.
        """
        try:
            self._line.send((question, arguments))
            answer = self._line.recv()
        except (EOFError, OSError) as error:
            self._process.join()
            raise UnavailableError(
                f"{self.route.name}: its process has ended with exit code {self._process.exitcode}",
                "-9 is mostly too little memory: close other programs, or take a smaller --size.",
            ) from error
        if isinstance(answer, UprightError):
            raise answer
        return answer

    def close(self) -> None:
        """End the process, whatever it does."""
        self._process.terminate()
        self._process.join()
        self._line.close()


def serve(line: Connection, route: Route, weights: Path) -> None:
    """Answer questions about a route until nobody is left to ask: the life of a Contender's process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the one who asks, who then ends us
    # Before torch is loaded. The reference's threads sleep too: so CPU time is work, however busy the machine.
    huge_pages = {} if route.name == REFERENCE else runtime_environment()
    os.environ.update({"OMP_WAIT_POLICY": "PASSIVE", **huge_pages})
    from uprightd.sapiens2.reference import Runner

    runner = None
    while True:
        try:
            question, arguments = line.recv()
        except EOFError:
            return
        try:
            ours = route.name != REFERENCE
            runner = runner or Runner(weights, route.resolution, route.placement, ours)
            line.send(getattr(runner, question)(*arguments))
        except UprightError as error:
            line.send(error)


def table(figures: Mapping[str, Any]) -> str:
    """Given the figures, return them as text, with what they say and what not."""
    machine, ratios, seconds, clock = (figures[key] for key in ("machine", "ratios", "seconds", "ratios_of"))
    clock_words = {"cpu": "seconds of CPU time", "wall": "seconds"}[clock]
    lines = [
        f"Sapiens2 pose {figures['size']} with random weights on {machine['name']}, {machine['cores']} cores, "
        f"torch with {machine['torch_threads']} threads",
        f"{clock_words} per frame of {figures['picture'][0]} × {figures['picture'][1]}, in turns:",
        "",
        f"{'':27}    crop  forward   decode    frame    ratio   peak memory",
    ]
    for name, path in figures["paths"].items():
        who = f"{'reference' if name == REFERENCE else 'ours'} {path['input']} {path['dtype']}"
        stages = "".join(f"{seconds[name][stage][clock]:9.3f}" for stage in (*STAGES, "frame"))
        ratio = f"{ratios.get(name, 1.0):8.2f}×"
        lines.append(f"  {who:25}{stages}{ratio}{figures['peak_memory_mb'][name]:9.0f} MB")
    for name, how in DECODERS.items():
        numpy, ours = (seconds[name][who][clock] for who in ("numpy", "ours"))
        lines.append(
            f"  decode {how:33} {len(NAMES)} maps in numpy {numpy:.4f}, the {len(NEEDED)} needed {ours:.5f}: "
            f"{ratios[name]:.1f}×"
        )
    for dtype, rates in figures.get("frames_per_second", {}).items():
        lines.append(
            f"  {dtype}: {rates['batch_1']:.1f} frames/s, {rates['best']:.1f} in batches of {rates['best_batch']}"
        )
    lines += [f"  {name} ran uncompiled: {why}" for name, why in figures["compile_failures"].items()]
    return "\n".join([*lines, "", *WORDS])
