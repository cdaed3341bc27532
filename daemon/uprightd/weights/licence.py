"""The licence of the weights in plain words, and the record that somebody accepted it.

What the words rest on: LICENSE.md of github.com/facebookresearch/sapiens2 at commit 3098c14 (2026-04-23).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from uprightd.clock import Clock
from uprightd.errors import DataError, UsageError
from uprightd.paths import private_dir
from uprightd.weights.files import read_json, write_json
from uprightd.weights.wording import moment

RECORD = "licence.json"


@dataclass(frozen=True, slots=True)
class Licence:
    """A licence: its name, the version of the text that `words` speak of, its link, and what it says in plain words.

    Without words there is nothing to accept, as with Apache-2.0.
    """

    name: str
    version: str
    link: str
    words: str


@dataclass(frozen=True, slots=True)
class Acceptance:
    """That the user accepted a licence: which one, when (UTC), and the uprightd that showed it."""

    licence: str
    version: str
    link: str
    accepted_at: str
    uprightd: str


APACHE_2 = Licence("Apache-2.0", "2.0", "https://www.apache.org/licenses/LICENSE-2.0", "")
SAPIENS2_LICENCE = Licence(
    name="Sapiens2 License",
    version="2026-04-23",
    link="https://github.com/facebookresearch/sapiens2/blob/main/LICENSE.md",
    words="""\
The weights of Sapiens2 belong to Meta and are not part of uprightd. Their licence, in plain words:

You may
  use, copy, change and pass them on, free of charge, commercial use included.

You may not use them, or encourage anybody to use them,
  - for surveillance, research on it included;
  - for biometric processing (the licence does not say where that begins);
  - to find out again who the people in Meta's materials are;
  - to collect or infer data on health, demographic or other sensitive matters without the rights and consents
    that the law asks for;
  - to practise medicine or another health profession, law or finance without the licence for it;
  - for deepfakes, impersonation or misleading content, or for what is pornographic or defamatory;
  - for the military, weapons, critical infrastructure, machinery, or where there is a risk of death or injury;
  - and you may not reverse-engineer them.

You must
  - pass them, or what you derive from them, on only under the same licence and with a copy of it;
  - name Sapiens2 when you publish research done with it;
  - obey the law on data protection and biometrics (among others GDPR, CCPA, LGPD, 28 CFR 202).

You agree that
  - you indemnify Meta: claims of others that come from your use are yours to pay;
  - Meta may audit your use, may demand that you delete the weights, and may change the terms at once;
  - the licence ends when you break it, or sue Meta over intellectual property; California law applies.

With uprightd that means: watch only yourself, or somebody who has agreed to it; never staff, pupils or guests
without their consent; take its figures as measurements, never as a diagnosis.

This is a summary and no legal advice. What counts is the licence itself:
""",
)


def accepted(models: Path, licence: Licence) -> Acceptance | None:
    """Given the models folder and a licence, return its acceptance, or None: never, an older text, or unreadable."""
    return next(
        (it for it in _recorded(models) if (it.licence, it.version) == (licence.name, licence.version)), None
    )


def require_acceptance(models: Path, licence: Licence) -> str:
    """Given the models folder and a licence, return when it was accepted, "" where there is nothing to accept.

    Raise UsageError when it was not.
    """
    if not licence.words:
        return ""
    acceptance = accepted(models, licence)
    if acceptance is None:
        raise UsageError(
            f"the {licence.name} has not been accepted on this machine",
            f"Read it at {licence.link}, then run the command in a terminal and type yes, or add --accept-license.",
        )
    return acceptance.accepted_at


def accept(models: Path, licence: Licence, clock: Clock, version: str) -> Acceptance:
    """Given the models folder, a licence, the clock and uprightd's version, record that the user accepts it now."""
    acceptance = Acceptance(licence.name, licence.version, licence.link, moment(clock), version)
    private_dir(models)
    kept = [it for it in _recorded(models) if (it.licence, it.version) != (licence.name, licence.version)]
    write_json(models / RECORD, {"accepted": [asdict(it) for it in (*kept, acceptance)]})
    return acceptance


def _recorded(models: Path) -> list[Acceptance]:
    # A record that cannot be understood is no acceptance; the user is asked again.
    try:
        content = read_json(models / RECORD)
        records = content["accepted"] if content else []
        found = [Acceptance(**record) for record in records]
        return [it for it in found if all(isinstance(value, str) and value for value in asdict(it).values())]
    except (DataError, TypeError, KeyError):
        return []
