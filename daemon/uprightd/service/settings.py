"""The settings and rules in force, and taking them anew when their files change."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from uprightd.config.load import load_config
from uprightd.config.reload import Watched
from uprightd.config.schema import Config
from uprightd.errors import ConfigError
from uprightd.metrics.definitions import METRICS
from uprightd.paths import shipped
from uprightd.rules.loading import load_rules, pack_names
from uprightd.rules.model import Pack, Rule


def read_config(named: Path | None, usual: Path) -> Config:
    """Given the file the user named (or None) and the usual one, return the settings. Raise ConfigError."""
    return load_config(named, usual, pack_names(shipped("rules")))


def rule_packs(config: Config) -> tuple[Pack, ...]:
    """Given the settings, return the rule packs in force. Raise ConfigError with every fault in them."""
    return load_rules(config.rules.packs, config.rules.files, shipped("rules"), METRICS)


def rules_in_force(config: Config) -> tuple[Rule, ...]:
    """Given the settings, return the rules in force, in the order of their packs. Raise ConfigError."""
    return rules_of(rule_packs(config))


def rules_of(packs: tuple[Pack, ...]) -> tuple[Rule, ...]:
    return tuple(rule for pack in packs for rule in pack.rules)


class Settings:
    """What is in force now: `config`, `packs`, and in `fault` what is wrong with the files since the last edit."""

    def __init__(
        self, named: Path | None, usual: Path, override: Callable[[Config], Config] = lambda config: config
    ) -> None:
        """Given the file the user named (or None), the usual file, and what the command line overrides, read them.

        Raise ConfigError with every fault and its line.
        """
        self._named, self._usual, self._override = named, usual, override
        self.fault = ""
        self._read()

    @property
    def file(self) -> Path:
        return self._named or self._usual

    @property
    def rules(self) -> tuple[Rule, ...]:
        return rules_of(self.packs)

    def reread(self) -> bool:
        """Return whether changed files were taken. Raise ConfigError once for each bad edit; the old ones stay.

        While a fault lasts the files are read every time: what mends it may be a file that was not there.
        """
        if not (self._config_watch.changed() or self._rules_watch.changed() or self.fault):
            return False
        try:
            self._read()
        except ConfigError as error:
            if error.message == self.fault:
                return False
            self.fault = error.message
            raise
        self.fault = ""
        return True

    def _read(self) -> None:
        # Each watch is made before its files are read: a change during the reading is seen the next time.
        config_watch = Watched((self.file,))
        config = self._override(read_config(self._named, self._usual))
        shipped_files = (shipped("rules") / f"{name}.yaml" for name in config.rules.packs)
        rules_watch = Watched((*shipped_files, *config.rules.files))
        self.packs = rule_packs(config)
        self.config, self._config_watch, self._rules_watch = config, config_watch, rules_watch
