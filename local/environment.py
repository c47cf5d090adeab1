"""What an instance finds in its environment: the YAML's values, or what stands in for a cluster's.

The first that has a value wins: the caller's own environment (for the functions' settings, and for whatever the YAML
takes from a Secret or ConfigMap), what stands in on this machine, the YAML. A Service gets no stand-in that it does
not ask for, so that one which forgets REDIS_URL fails here as it would in a cluster.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Final

from local.errors import CannotStart
from local.objects import Platform, SecretKey, Service
from shared.settings import BadSetting, Settings

SETTINGS: Final = frozenset(field.metadata["variable"] for field in fields(Settings))
"""The variables that the functions read."""
LOOPBACK: Final = {"WEBHOOK_NETWORKS": "127.0.0.0/8,::1/128"}
"""Given to every instance, asked for or not: on one machine a callback's receiver is on that machine."""


def check(caller: Mapping[str, str]) -> None:
    """Raises: CannotStart: A setting of the caller's is wrong, whichever Service it is for."""
    _settings({name: value for name, value in caller.items() if value and name in SETTINGS})


def _settings(variables: Mapping[str, str]) -> None:
    try:
        Settings.from_env(variables)
    except BadSetting as error:
        raise CannotStart(f"{error}.") from None


class Environment:
    """Resolves a Service's variables; `stands_in` are this machine's values by variable name."""

    def __init__(self, platform: Platform, *, caller: Mapping[str, str], stands_in: Mapping[str, str]) -> None:
        self._config = platform.config
        # An empty variable is how a Makefile or a compose file says "not set".
        self._caller = {name: value for name, value in caller.items() if value or name not in SETTINGS}
        self._stands_in = {**LOOPBACK, **stands_in}

    def of(self, service: Service) -> dict[str, str]:
        """All variables of an instance of `service`; the caller's are inherited, as PATH and HOME are needed.

        Raises:
            CannotStart: One comes from a place that this machine does not have, or a setting is wrong.
        """
        asked = {name: self._value(service, name, value) for name, value in service.env.items()}
        found = {name: value for name, value in asked.items() if value is not None}
        resolved = {**LOOPBACK, **self._caller, **found}
        _settings(resolved)
        return resolved

    def _value(self, service: Service, name: str, value: str | SecretKey) -> str | None:
        if name in self._caller and (name in SETTINGS or isinstance(value, SecretKey)):
            return self._caller[name]
        if name in self._stands_in:
            return self._stands_in[name]
        if isinstance(value, str):
            return value
        if value.kind == "ConfigMap" and (value.name, value.key) in self._config:
            return self._config[value.name, value.key]
        if value.kind == "Secret" and name not in SETTINGS:
            return None  # the keys of an object store that this machine does not have
        raise CannotStart(
            f"{service.name} needs {name} from {value.kind} {value.name}, key {value.key}, "
            f"which this machine does not have. Set {name} in the environment."
        )
