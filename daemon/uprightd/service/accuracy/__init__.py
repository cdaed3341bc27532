"""`bench accuracy`: the real model and our measuring over clips whose truth is known, metric by metric."""
