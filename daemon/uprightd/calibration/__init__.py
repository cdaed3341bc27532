"""The calibrated upright pose: collecting it, holding it against what is seen now, noticing that it no longer fits."""
