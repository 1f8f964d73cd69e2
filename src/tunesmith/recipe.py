"""The recipe: one YAML file is one project, and every mistake in it is reported at once."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import (
    Field,
    TypeAdapter,
    ValidationError,
    field_validator,
    model_validator,
)

from tunesmith.assess.config import AssessConfig
from tunesmith.check import CheckConfig
from tunesmith.clean import CleanConfig
from tunesmith.clean.pii.backends import loaded as load_names
from tunesmith.collect import AnySource
from tunesmith.collect.licensing import LicensePolicy
from tunesmith.config import Config
from tunesmith.decide.config import DecideConfig, decided_by_the_task
from tunesmith.decide.unmeasured import problems as in_vain
from tunesmith.dedup import DedupConfig
from tunesmith.dedup.semantic import StaticEmbedder
from tunesmith.engine import RayConfig
from tunesmith.errors import (
    MissingExtraError,
    ModelError,
    RecipeError,
    SourceError,
    TunesmithError,
)
from tunesmith.evaluate.behaviour.suite import load_suites
from tunesmith.evaluate.config import EvaluateConfig
from tunesmith.evaluate.forgetting.content import outside
from tunesmith.io import fingerprint
from tunesmith.prompting import BaseConfig, FewShotConfig, PromptConfig
from tunesmith.prompting.endpoint import EndpointModel
from tunesmith.split import SplitConfig
from tunesmith.store import vault
from tunesmith.store.seen import Seen
from tunesmith.tune.formats import PreferenceFormat
from tunesmith.tune.launch import LaunchConfig
from tunesmith.tune.methods import LoraConfig, Method, TrainedConfig
from tunesmith.tune.methods.order import in_order
from tunesmith.yaml_file import at as _at
from tunesmith.yaml_file import mistakes_of, read_mapping


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
    licenses: LicensePolicy = LicensePolicy()
    """Which content may be learned from by its licence, and which must be named."""
    clean: CleanConfig = CleanConfig()
    """How text is mended and personal data masked."""
    check: CheckConfig = CheckConfig()
    """Which rows are good enough."""
    dedup: DedupConfig = DedupConfig()
    """Which rows count as the same."""
    split: SplitConfig = SplitConfig()
    """How rows are dealt to training, validation and test."""
    assess: AssessConfig = AssessConfig()
    """How a dataset's quality and bias are estimated."""
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

    @model_validator(mode="before")
    @classmethod
    def _decided_by_the_task(cls, given: Any) -> Any:
        return decided_by_the_task(given)

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

    @model_validator(mode="after")
    def _prices_are_in_one_currency(self) -> Recipe:
        for name, endpoint in self.endpoints.items():
            endpoint.check_currency(self.decide.currency, where=name)
        return self

    @property
    def endpoints(self) -> dict[str, EndpointModel]:
        """Every model behind an endpoint, by the setting that names it."""
        judge = self.evaluate.judge
        named: dict[str, object] = {f"methods.{name}": one for name, one in self.methods.items()}
        named["evaluate.judge.by"] = None if judge is None else judge.by
        return {name: one for name, one in named.items() if isinstance(one, EndpointModel)}

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
    node, data = read_mapping(path, noun="recipe", todo="make one with: tunesmith init FILE")
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
        mistakes = mistakes_of(Recipe, error, node, given) + _source_problems(
            data.get("sources"), base, node
        )
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
    recipe = loaded.recipe
    problems += [
        f"{_at(node, place)}{'.'.join(place)}: {words}"
        for place, words in in_vain(recipe.decide, recipe.evaluate, recipe.methods)
    ]
    problems += _judge_problems(loaded, node) + _suite_problems(loaded, node)
    problems += _away_problems(loaded.recipe, node) + _k_problems(loaded.recipe, node)
    if installed:
        problems += [
            f"{_at(node, location)}{'.'.join(location)}: {words}"
            for location, words in missing_parts(loaded.recipe, loaded.base)
        ]
    if problems:
        raise RecipeError(problems, where=str(loaded.path))


def _k_problems(recipe: Recipe, node: Any) -> list[str]:
    """Endpoints whose `k: auto` would be decided by what an endpoint does not tell."""
    if recipe.decide.metric != "perplexity":
        return []
    return [
        f"{_at(node, ('methods', name, 'k'))}methods.{name}.k: auto needs a figure that an "
        "endpoint has, and decide.metric is perplexity, which it does not tell: name another "
        "metric, or set k to a number"
        for name, method in recipe.methods.items()
        if method.kind == "endpoint" and method.k == "auto"
    ]


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
    needs += [
        (tuple(place.split(".")), partial(_require, "httpx", "endpoint"))
        for place in recipe.endpoints
    ]
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


def _away_problems(recipe: Recipe, node: yaml.Node | None) -> list[str]:
    """Models elsewhere that would be sent data which must stay on this machine."""
    if not recipe.decide.limits.data_stays_here:
        return []
    return [
        f"{_at(node, tuple(place.split('.')))}{place}: {endpoint.host} is not this machine, and "
        "decide.limits.data_stays_here says that data may not leave it: take it out, give it a "
        "server on this machine, or take the limit back"
        for place, endpoint in recipe.endpoints.items()
        if not endpoint.local
    ]


def _suite_problems(loaded: LoadedRecipe, node: yaml.Node | None) -> list[str]:
    """Suites of audits, and texts and tasks of forgetting, that are not there or are wrong."""
    evaluation, found = loaded.recipe.evaluate, []
    if evaluation.audit is not None:
        try:
            load_suites(evaluation.audit.suites, loaded.base)
        except RecipeError as error:
            place = ("evaluate", "audit", "suites")
            found += [f"{_at(node, place)}{error.where}: {words}" for words in error.problems]
    if evaluation.forgetting is not None:
        try:
            outside(evaluation.forgetting.texts, evaluation.forgetting.tasks, loaded.base)
        except TunesmithError as error:
            words = error.message.replace("\n", " ")
            found.append(f"{_at(node, ('evaluate', 'forgetting'))}{words}")
    return found


def _pair_problems(loaded: LoadedRecipe, node: yaml.Node | None) -> list[str]:
    """Files of preference pairs that are not there."""
    found = []
    for name, kind in _pair_formats(loaded.recipe.methods).items():
        if not (loaded.base / str(kind.preferences)).is_file():
            place = ("methods", name, "format", "preferences")
            found.append(f"{_at(node, place)}there is no file {kind.preferences}")
    return found


def _judge_problems(loaded: LoadedRecipe, node: yaml.Node | None) -> list[str]:
    """A file of people's verdicts that is not there."""
    judge = loaded.recipe.evaluate.judge
    file = None if judge is None else judge.calibration
    if file is None or (loaded.base / Path(file).expanduser()).is_file():
        return []
    return [f"{_at(node, ('evaluate', 'judge', 'calibration'))}there is no file {file}"]


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
    for field, words in [*source.verify.problems(base), *source.problems(base, seen)]:
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
