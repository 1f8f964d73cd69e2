"""The recipe: one YAML file is one project, and every mistake in it is reported at once."""

from __future__ import annotations

import difflib
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import (
    BaseModel,
    Field,
    TypeAdapter,
    ValidationError,
    field_validator,
    model_validator,
)

from tunesmith.check import CheckConfig
from tunesmith.clean import CleanConfig
from tunesmith.clean.pii.backends import loaded as load_names
from tunesmith.collect import AnySource
from tunesmith.config import Config
from tunesmith.decide.config import DecideConfig
from tunesmith.dedup import DedupConfig
from tunesmith.dedup.semantic import StaticEmbedder
from tunesmith.engine import RayConfig
from tunesmith.errors import MissingExtraError, ModelError, RecipeError, SourceError
from tunesmith.evaluate.config import EvaluateConfig
from tunesmith.io import fingerprint
from tunesmith.prompting import BaseConfig, FewShotConfig, PromptConfig
from tunesmith.split import SplitConfig
from tunesmith.store import vault
from tunesmith.store.seen import Seen
from tunesmith.tune.formats import PreferenceFormat
from tunesmith.tune.launch import LaunchConfig
from tunesmith.tune.methods import LoraConfig, Method, TrainedConfig
from tunesmith.tune.methods.order import in_order


class TrackConfig(Config):
    """Where runs are recorded for MLflow."""

    enabled: bool = True
    """Record parameters, metrics and the dataset version when the extra `track` is installed."""
    experiment: str | None = None
    """The experiment's name; the recipe's name when it is not given."""


class Recipe(Config):
    """A project: what is read, how it is prepared, what is compared, how it is judged."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
    """Names the run folder: letters, digits, dots and dashes."""
    seed: int = Field(default=13, ge=0)
    """Everything that is drawn by chance follows from it."""
    workers: int = Field(default=0, ge=0)
    """Processes for the data work; 0 means one for each core."""
    engine: Literal["local", "ray"] = "local"
    """Where the data work runs: `local` is this machine, `ray` a cluster. Rows and fingerprints are
    the same."""
    ray: RayConfig = RayConfig()
    """Which cluster `engine: ray` uses."""
    sources: list[AnySource] = Field(min_length=1)
    """Where the rows come from."""
    clean: CleanConfig = CleanConfig()
    """How text is mended and personal data masked."""
    check: CheckConfig = CheckConfig()
    """Which rows are good enough."""
    dedup: DedupConfig = DedupConfig()
    """Which rows count as the same."""
    split: SplitConfig = SplitConfig()
    """How rows are dealt to training, validation and test."""
    model: str = "smollm2-135m-instruct"
    """The base model: this name, a local folder, or a Hugging Face id."""
    prompt: PromptConfig = PromptConfig()
    """What every method's prompts have in common."""
    methods: dict[str, Method] = {
        "base": BaseConfig(),
        "few_shot": FewShotConfig(),
        "lora": LoraConfig(),
    }
    """The methods to compare, by a name of your own."""
    launch: LaunchConfig = LaunchConfig()
    """On how many processors methods are trained, and how these share a model. The steps are the
    same."""
    evaluate: EvaluateConfig = EvaluateConfig()
    """What is measured on the test rows."""
    decide: DecideConfig = DecideConfig()
    """Prices, and what the verdict is held to."""
    track: TrackConfig = TrackConfig()
    """Where runs are recorded."""

    @field_validator("methods")
    @classmethod
    def _names_make_folders(cls, methods: dict[str, Method]) -> dict[str, Method]:
        bad = [name for name in methods if not name.replace("_", "").replace("-", "").isalnum()]
        if bad:
            raise ValueError(f"a method's name is letters, digits, _ and -: {', '.join(bad)}")
        return methods

    @field_validator("methods")
    @classmethod
    def _formats_have_what_they_need(cls, methods: dict[str, Method]) -> dict[str, Method]:
        for name, kind in _pair_formats(methods).items():
            if kind.preferences is None:
                raise ValueError(
                    f"method '{name}': format: preference needs the file of its pairs "
                    "(format: {kind: preference, preferences: PATH})"
                )
        return methods

    @field_validator("methods")
    @classmethod
    def _starts_are_there(cls, methods: dict[str, Method]) -> dict[str, Method]:
        in_order(methods)
        return methods

    @model_validator(mode="after")
    def _hours_are_of_methods(self) -> Recipe:
        kinds = {name: method.kind for name, method in self.methods.items()}
        if strangers := self.decide.strangers(kinds):
            raise ValueError(
                f"decide: hours of work are given for {', '.join(strangers)}, which is no method, "
                "kind or approach"
            )
        return self

    @model_validator(mode="after")
    def _sources_have_names_of_their_own(self) -> Recipe:
        names = [source.name for source in self.sources]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two sources are named {', '.join(map(repr, twice))}")
        return self

    def fingerprint(self) -> str:
        """Changes with every setting but those that say where the work is done."""
        return fingerprint(
            self.model_dump(mode="json", exclude={"workers", "engine", "ray", "launch"})
        )


@dataclass(frozen=True)
class LoadedRecipe:
    """A recipe, the folder its paths start from, and its file."""

    recipe: Recipe
    base: Path
    path: Path

    def as_run(self) -> str:
        """The recipe with every setting in force, as YAML."""
        return self._as_run

    @cached_property
    def _as_run(self) -> str:
        return yaml.safe_dump(
            self.recipe.model_dump(mode="json"), sort_keys=False, allow_unicode=True, width=100
        )


def load(path: Path, overrides: list[str] | None = None) -> LoadedRecipe:
    """Read a recipe.

    Args:
        path: The YAML file.
        overrides: `dotted.field=value` as `--set` gives them; values are YAML. A path that exists
            from the working folder is taken from there, else it starts at the recipe's folder.

    Raises:
        RecipeError: The recipe has mistakes; all of them are named, with their lines.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise RecipeError(
            ["there is no such file"], where=str(path), todo="make one with: tunesmith init FILE"
        ) from None
    except (IsADirectoryError, UnicodeDecodeError):
        raise RecipeError(["this is not a YAML text file"], where=str(path)) from None
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = "" if mark is None else f"line {mark.line + 1}: "
        said = getattr(error, "problem", None) or "not valid YAML"
        raise RecipeError([f"{line}{said}"], where=str(path)) from None
    if not isinstance(data, dict):
        raise RecipeError(["a recipe is a mapping of settings"], where=str(path))
    problems = [
        problem for item in overrides or [] if (problem := _override(data, item)) is not None
    ]
    if problems:
        raise RecipeError(problems, where="--set")
    try:
        recipe = Recipe.model_validate(data)
    except ValidationError as error:
        base = path.resolve().parent
        given = yaml.compose(yaml.safe_dump(data), Loader=yaml.SafeLoader)
        mistakes = _mistakes(error, node, given) + _source_problems(data.get("sources"), base, node)
        raise RecipeError(mistakes, where=str(path)) from None
    return LoadedRecipe(recipe, path.resolve().parent, path)


def check(loaded: LoadedRecipe, *, installed: bool = False, seen: Seen | None = None) -> None:
    """Look at everything that the recipe names.

    Args:
        loaded: The recipe.
        seen: Remembers files that were looked at before.
        installed: Look as well whether the models and packages that preparing needs are there; a
            model that finds names is loaded for that.

    Raises:
        RecipeError: Files, columns or models are not there; all problems are named.
    """
    node = yaml.compose(loaded.path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    problems = [
        problem
        for number, source in enumerate(loaded.recipe.sources)
        for problem in _problems_of(source, number, loaded.base, node, seen)
    ]
    problems += _set_problems(loaded, node) + _pair_problems(loaded, node)
    if installed:
        problems += [
            f"{_at(node, location)}{'.'.join(location)}: {words}"
            for location, words in missing_parts(loaded.recipe, loaded.base)
        ]
    if problems:
        raise RecipeError(problems, where=str(loaded.path))


def missing_parts(recipe: Recipe, base: Path) -> list[tuple[tuple[str, ...], str]]:
    """Models and optional packages that preparing needs and that are not there, by setting."""
    personal, semantic = recipe.clean.personal_data, recipe.dedup.semantic
    needs: list[tuple[tuple[str, ...], Callable[[], object]]] = []
    if personal.model is not None:
        needs.append((("clean", "personal_data", "model"), partial(load_names, personal.model)))
    if personal.vault:
        needs.append((("clean", "personal_data", "vault"), vault.require))
    if semantic is not None:
        folder = base / Path(semantic.model).expanduser()
        needs.append((("dedup", "semantic", "model"), partial(StaticEmbedder, folder)))
    if recipe.check.perplexity is not None:
        needs.append((("check", "perplexity"), partial(_require, "torch", "tune")))
    for name, method in recipe.methods.items():
        if getattr(method, "search", None) is not None:
            needs.append((("methods", name, "search"), partial(_require, "optuna", "search")))
    if recipe.engine == "ray":
        needs.append((("engine",), partial(_require, "ray", "ray")))
    found = []
    for location, need in needs:
        try:
            need()
        except (MissingExtraError, ModelError) as error:
            found.append((location, error.message.replace("\n", " ")))
    return found


def _require(package: str, extra: str) -> None:
    if importlib.util.find_spec(package) is None:
        raise MissingExtraError(package, extra)


def _set_problems(loaded: LoadedRecipe, node: yaml.Node | None) -> list[str]:
    """Other datasets of `dedup.against` that are not there."""
    found = []
    for number, one in enumerate(loaded.recipe.dedup.against):
        try:
            one.files(loaded.base)
        except SourceError as error:
            found.append(f"{_at(node, ('dedup', 'against', number, 'path'))}{error.message}")
    return found


def _pair_problems(loaded: LoadedRecipe, node: yaml.Node | None) -> list[str]:
    """Files of preference pairs that are not there."""
    found = []
    for name, kind in _pair_formats(loaded.recipe.methods).items():
        if not (loaded.base / str(kind.preferences)).is_file():
            place = ("methods", name, "format", "preferences")
            found.append(f"{_at(node, place)}there is no file {kind.preferences}")
    return found


def _pair_formats(methods: dict[str, Method]) -> dict[str, PreferenceFormat]:
    """The methods that learn from preference pairs."""
    return {
        name: method.format
        for name, method in methods.items()
        if isinstance(method, TrainedConfig) and isinstance(method.format, PreferenceFormat)
    }


def _problems_of(
    source: AnySource,
    number: int,
    base: Path,
    node: yaml.Node | None,
    seen: Seen | None = None,
) -> list[str]:
    found = []
    for field, words in source.problems(base, seen):
        location: tuple[int | str, ...] = ("sources", number, *field.split("."))
        found.append(f"{_at(node, location)}source '{source.name}', {field}: {words}")
    return found


def _source_problems(given: Any, base: Path, node: yaml.Node | None) -> list[str]:
    """What is wrong with the files of those sources whose own settings are right."""
    adapter: TypeAdapter[AnySource] = TypeAdapter(AnySource)
    found = []
    for number, settings in enumerate(given if isinstance(given, list) else []):
        try:
            source = adapter.validate_python(settings)
        except ValidationError:
            continue  # its mistakes are among those of the recipe
        found += _problems_of(source, number, base, node)
    return found


def _override(data: dict[str, Any], item: str) -> str | None:
    """Apply one `a.b.0.c=value` to raw settings; returns what is wrong with it."""
    name, equals, given = item.partition("=")
    if not equals or not name:
        return f"'{item}' is not of the form field=value"
    try:
        value = yaml.safe_load(given)
    except yaml.YAMLError:
        return f"the value of '{name}' is not valid YAML"
    *way, last = name.split(".")
    if last == "path" and isinstance(value, str) and Path(value).expanduser().exists():
        value = str(Path(value).expanduser().resolve())
    place: Any = data
    for part in way:
        if isinstance(place, list) and part.isdigit() and int(part) < len(place):
            place = place[int(part)]
        elif isinstance(place, dict):
            if place.get(part) is None:
                place[part] = {}
            place = place[part]
        else:
            return f"there is no '{part}' in '{name}'"
    if isinstance(place, list):
        if not (last.isdigit() and int(last) < len(place)):
            return f"there is no entry '{last}' in '{'.'.join(way)}'"
        place[int(last)] = value
    elif isinstance(place, dict):
        place[last] = value
    else:
        return f"'{'.'.join(way)}' has no settings inside"
    return None


def _mistakes(error: ValidationError, node: yaml.Node | None, given: yaml.Node | None) -> list[str]:
    """What is wrong, with the lines of the file (`node`) and the names as `given` with changes."""
    found = []
    for item in error.errors():
        location = tuple(item["loc"])
        name = ".".join(str(part) for part in _written(given, location))
        words = _words(dict(item), location)
        found.append(f"{_at(node, location)}{name}: {words}" if name else words)
    return found


#: Words for mistakes that need no more.
_PLAIN = {
    "missing": "this setting is needed",
    "union_tag_not_found": "'kind' is needed to tell what this is",
}


def _words(item: dict[str, Any], location: tuple[int | str, ...]) -> str:
    kind, given = item["type"], item.get("input")
    if kind == "extra_forbidden":
        near = difflib.get_close_matches(str(location[-1]), _known(location), n=1, cutoff=0.5)
        return "there is no such setting" + (f"; did you mean '{near[0]}'?" if near else "")
    if kind in _PLAIN:
        return _PLAIN[kind]
    if kind == "union_tag_invalid":
        expected = item["ctx"]["expected_tags"]
        return f"there is no kind '{item['ctx']['tag']}'; the kinds are {expected}"
    if kind == "model_type":
        known = ", ".join(_known((*location, "")))
        return f"this takes settings by name ({known}), not {given!r}"
    message = str(item["msg"]).removeprefix("Value error, ")
    if kind == "value_error" or isinstance(given, dict | list):
        return message
    return f"{message[0].lower()}{message[1:]}, not {given!r}"


def _known(location: tuple[int | str, ...]) -> list[str]:
    """The settings that exist where an unknown one was found."""
    places: list[type[BaseModel]] = [Recipe]
    for part in location[:-1]:
        if isinstance(part, int):
            continue
        inner = [
            model
            for place in places
            if part in place.model_fields
            for model in _models(place.model_fields[part].annotation)
        ]
        places = inner or places
    return sorted({name for place in places for name in place.model_fields})


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in getattr(annotation, "__args__", ()) for model in _models(part)]


def _written(node: yaml.Node | None, location: tuple[int | str, ...]) -> list[int | str]:
    """The location as it is written: without the tags that tell kinds apart."""
    way: list[int | str] = []
    for number, part in enumerate(location):
        inner = _child(node, part)
        if inner is None and number < len(location) - 1 and node is not None:
            continue
        way.append(part)
        node = inner
    return way


def _at(node: yaml.Node | None, location: tuple[int | str, ...]) -> str:
    """`line N: ` of the innermost part of a location that the file has."""
    line = None
    for part in location:
        inner = _child(node, part)
        if inner is not None:
            node = inner
            line = _key_line(inner)
    return "" if line is None else f"line {line}: "


def _key_line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _child(node: yaml.Node | None, part: int | str) -> yaml.Node | None:
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int):
        inner: list[yaml.Node] = node.value
        return inner[part] if part < len(inner) else None
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(part):
                found: yaml.Node = value
                return found
    return None
