"""Every metric by name: the product's vocabulary. Rules, the log's columns, the snapshot card and the docs read it."""

from __future__ import annotations

from collections.abc import Mapping

from uprightd.metrics.desk import DESK
from uprightd.metrics.model import Metric
from uprightd.metrics.plane import JOINTS, POSTURE
from uprightd.metrics.scores import SCORES
from uprightd.metrics.space import SPATIAL

METRICS: Mapping[str, Metric] = {
    metric.name: metric for metric in (*POSTURE, *DESK, *SPATIAL, *JOINTS, *SCORES)
}
