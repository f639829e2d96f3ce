"""Every setting of a worker: its name in the environment, its meaning, its default."""

from streams.settings.environment import NOT_SETTINGS, described, variables_of
from streams.settings.kafka import KafkaSettings
from streams.settings.registry import RegistrySettings
from streams.settings.section import PREFIX, SettingsError, variable
from streams.settings.serve import ServeSettings
from streams.settings.worker import Settings

__all__ = [
    "NOT_SETTINGS",
    "PREFIX",
    "KafkaSettings",
    "RegistrySettings",
    "ServeSettings",
    "Settings",
    "SettingsError",
    "described",
    "variable",
    "variables_of",
]
