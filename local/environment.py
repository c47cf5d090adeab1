"""What an instance finds in its environment: the YAML's values, with what stands in for a cluster's.

The order, the first that has a value wins: the caller's own environment (for the functions' settings), what stands
in on this machine, the Service's literal value, the ConfigMap.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields

from local.errors import CannotStart
from local.objects import Platform, SecretKey, Service
from shared.settings import BadSetting, Settings

SETTINGS = frozenset(field.metadata["variable"] for field in fields(Settings))
"""The variables that the functions read."""


def given(environ: Mapping[str, str]) -> dict[str, str]:
    """The functions' settings that the caller has made."""
    return {name: value for name, value in environ.items() if name in SETTINGS}


class Environment:
    """Resolves a Service's variables; `stands_in` are this machine's values by variable name."""

    def __init__(self, platform: Platform, *, caller: Mapping[str, str], stands_in: Mapping[str, str]) -> None:
        self._config = platform.config
        self._caller = caller
        self._local = {**stands_in, **given(caller)}

    def of(self, service: Service) -> dict[str, str]:
        """All variables of an instance of `service`. It inherits the caller's, as PATH and HOME are needed.

        Raises:
            CannotStart: One comes from a Secret that nothing stands in for, or a setting is wrong.
        """
        named = {name: self._value(service, name, value) for name, value in service.env.items()}
        resolved = {**self._caller, **self._local, **named}
        try:
            Settings.from_env(resolved)
        except BadSetting as error:
            raise CannotStart(f"{error}.") from None
        return resolved

    def _value(self, service: Service, name: str, value: str | SecretKey) -> str:
        if name in self._local:
            return self._local[name]
        if isinstance(value, str):
            return value
        if value.kind == "ConfigMap" and (value.name, value.key) in self._config:
            return self._config[value.name, value.key]
        raise CannotStart(
            f"{service.name} needs {name} from {value.kind} {value.name}, key {value.key}, "
            f"which this machine does not have. Set {name} in the environment."
        )
