"""The same batch on a running Dask cluster, whose workers see the same folders under the same names.

Dask gives a video whose worker has died to another one. Its results appear whole or not at all and are keyed by video
and settings, so one that was measured after all, by the dying worker's last process, is found and not measured twice.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Sequence
from concurrent.futures import CancelledError

from uprightd.errors import UnavailableError, UsageError
from uprightd.service.gait.batch import Job, Row, Told, measure_one, results_of

CONNECT_WITHIN = 10
RETRIES = 3
"""Times a video is given to another worker after its own has died."""
HINT = "Start it with `dask scheduler` and `dask worker ADDRESS` on machines that see the same folders."


def run_on(address: str, jobs: Sequence[Job], told: Told) -> Row:
    """Given the scheduler's address, the jobs and whom to tell after each, run them there and return the results.

    Raise UsageError for what is no address, UnavailableError when Dask is not installed, the scheduler does not answer,
    has no worker, or goes away.
    """
    if "://" not in address:
        raise UsageError(
            f"--scheduler {address!r}: expected an address", "For example --scheduler tcp://10.0.0.5:8786"
        )
    try:
        from distributed import Client, as_completed
    except ImportError as error:
        raise UnavailableError(
            f"Dask cannot be loaded: {error}", 'Install it with: pip install "uprightd[cluster]"'
        ) from error
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of versions that differ: jobs and rows are plain data
            client = Client(address, timeout=CONNECT_WITHIN)
    except (OSError, TimeoutError, ValueError) as error:
        raise UnavailableError(f"{address}: no Dask scheduler answers ({error})", HINT) from error
    with client:
        if not client.scheduler_info()["workers"]:
            raise UnavailableError(f"{address}: the scheduler has no workers", HINT)
        futures = {
            client.submit(measure_one, job, key=f"uprightd-gait-{job.out}-{job.key}", retries=RETRIES): job
            for job in jobs
        }
        rows: dict[str, Row] = {}
        for future in as_completed(futures):
            job = futures[future]
            rows[job.name] = _outcome(future, job)
            told(len(rows), len(jobs), job.name)
    return results_of(jobs, rows.values())


def _outcome(future: object, job: Job) -> Row:
    try:
        return future.result()  # type: ignore[attr-defined]
    except CancelledError as error:
        why = f"the cluster went away ({error})"
    except Exception as error:  # noqa: BLE001 - whatever a worker died of is this video's fault alone
        why = f"the worker failed: {type(error).__name__}: {error}"
    return {
        "video": job.name,
        "state": "failed",
        "reason": why,
        "folder": None,
        "strikes": None,
        "parameters": {},
    }
