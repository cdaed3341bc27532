"""The 0.4b pose network at its full size: every key in its place, and the weights mapped, not copied."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from uprightd.sapiens2.architecture import Task
from uprightd.sapiens2.random_weights import full_size, write

RESIDENT = 600
"""MB, before the first forward; the file has 1703."""

LOADING = """
import json, sys, time
from pathlib import Path
from uprightd.sapiens2.checkpoint import read_checkpoint
from uprightd.sapiens2.device import Placement
from uprightd.sapiens2.network import load
from uprightd.sapiens2.pose import PoseHead

begin = time.perf_counter()
head = PoseHead(load(read_checkpoint(Path(sys.argv[1])), Placement("cpu", "float32")))
seconds = time.perf_counter() - begin
resident = {}
if Path("/proc/self/status").exists():
    for line in Path("/proc/self/status").read_text().splitlines():
        name, _, value = line.partition(":")
        if name in ("RssAnon", "RssFile", "RssShmem", "VmHWM"):
            resident[name] = int(value.split()[0]) / 1000
else:
    import resource
    resident["VmHWM"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
parameters = sum(weights.numel() for weights in head.network.model.parameters())
print(json.dumps({"seconds": seconds, "parameters": parameters, **resident}))
"""


@pytest.mark.full_size
def test_the_full_network_loads_whole_and_mapped(tmp_path: Path) -> None:
    path = tmp_path / "sapiens2_0.4b_pose.safetensors"
    write(path, full_size("0.4b", Task.POSE))
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", LOADING, str(path)],
        capture_output=True,
        encoding="utf-8",
        timeout=110,
    )
    path.unlink()  # 1.7 GB
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    told = json.loads(done.stdout)
    print(told)  # noqa: T201 - shown with -rA
    # Without the last layer's 308 × 256 weights and 308 biases, which the head holds itself.
    assert told["parameters"] == 425_677_364 - 308 * 257
    assert told["VmHWM"] <= RESIDENT
    if "RssAnon" in told:
        assert told["RssAnon"] + told["RssFile"] <= RESIDENT
