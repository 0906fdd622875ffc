"""Settings from a TOML file with the words of the options, or from a model that was trained by them."""

import argparse
import csv
import io
import json
import tomllib
from collections.abc import Mapping
from typing import Any, Final

from fastdnn.cli.recipe import SETTINGS, Recipe, Setting
from fastdnn.cli.target import text_target
from fastdnn.errors import expected, unknown_name
from fastdnn.io.files import FormatError, open_regular
from fastdnn.io.model_file import load_model

METADATA_WORD: Final = "train"  # of a model's metadata, where the settings are


def recipe_of(arguments: argparse.Namespace, data: str | None) -> Recipe:
    """Defaults, then what the file of --config says, then the command line.

    Raises:
        FormatError: the file is no TOML.
        ValueError: a word is unknown, or its value does not fit.
    """
    return Recipe(**settings_given(arguments, data))


def settings_given(arguments: argparse.Namespace, data: str | None) -> dict[str, Any]:
    """By field: what the file of --config says, then the command line.

    Raises:
        FormatError, ValueError: as `recipe_of`.
    """
    values = {} if arguments.config is None else _of_file(arguments.config)
    given = {setting.name: getattr(arguments, setting.name, None) for setting in SETTINGS.values()}
    given["data"] = data
    return values | {name: value for name, value in given.items() if value is not None}


def _of_file(path: str) -> dict[str, Any]:
    """Settings by field, of a TOML file or of a model that was trained from a table."""
    if path.endswith(".safetensors"):
        run = load_model(path).metadata.get(METADATA_WORD)
        if not isinstance(run, dict) or not isinstance(run.get("settings"), dict):
            hint = "fastdnn train FILE.csv --target COLUMN"
            raise ValueError(expected("train", f"settings in {path!r}", "a model without any", hint))
        return read_words(path, run["settings"])
    try:
        with open_regular(path, "train") as file:
            words = tomllib.load(file)
    except FormatError as error:
        raise FormatError(f"[train] {path!r}: {error}") from error
    except (ValueError, RecursionError) as error:  # not TOML, or not UTF-8
        raise FormatError(
            expected("train", f"TOML in {path!r}", error, "such as hidden = [64, 64]")
        ) from error
    return read_words(path, words)


def read_words(where: str, words: Mapping[str, Any]) -> dict[str, Any]:
    """Settings by field from the words of a file; each is read as its option is.

    Raises:
        ValueError: a word is unknown or there twice, or its value does not fit.

    >>> from fastdnn.cli.recipe_file import read_words
    >>> read_words("run.toml", {"hidden": [64, 32], "learning-rate": 1e-3})
    {'hidden': (64, 32), 'learning_rate': 0.001}
    """
    values: dict[str, Any] = {}
    for word, value in words.items():
        setting = SETTINGS.get(word.replace("_", "-"))
        if setting is None:
            raise unknown_name(where, "a setting", word, SETTINGS)
        if setting.name in values:
            raise ValueError(expected(where, "each setting once", f"{word!r} in two spellings"))
        values[setting.name] = _read(where, setting, value)
    return values


def _read(where: str, setting: Setting, value: Any) -> Any:
    if setting.read is None:
        if not isinstance(value, bool):
            raise ValueError(expected(where, f"{setting.word} true or false", repr(value)))
        return value
    try:
        return () if setting.is_list and value == [] else setting.read(as_text(setting, value))
    except argparse.ArgumentTypeError as error:
        raise ValueError(f"[{where}] {setting.word}: {error}") from None


def as_text(setting: Setting, value: Any) -> str:
    """A value of TOML as it would stand on the command line.

    Raises:
        ArgumentTypeError: it is of another type.

    >>> from fastdnn.cli.recipe import SETTINGS
    >>> from fastdnn.cli.recipe_file import as_text
    >>> as_text(SETTINGS["hidden"], [64, 32])
    '64,32'
    """
    items = value if isinstance(value, list) and setting.is_list else [value]
    if not all(isinstance(item, str | int | float) and not isinstance(item, bool) for item in items):
        kind = "a text, a number or a list of them" if setting.is_list else "a text or a number"
        raise argparse.ArgumentTypeError(f"expected {kind}, got {value!r}")
    if not isinstance(value, list):
        return str(value)
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(items)
    return line.getvalue()


def write_toml(path: str, recipe: Recipe) -> None:
    """Write the settings so that --config reads them.

    Raises:
        OSError: the file cannot be written.
    """
    with text_target("train", path) as file:
        file.write("# fastdnn train --config repeats the run\n")
        for word, value in recipe.words().items():
            file.write(f"{word} = {_toml(value)}\n")


def _toml(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return json.dumps(value)
