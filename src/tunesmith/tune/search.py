"""Settings found before a method is trained: the learning-rate finder and a search by trials.

Every trial is a real short training on a subset of the rows, in a process of its own, with the same
seed. First the learning rate is looked for, then, with the best one found, the method's own
settings. Optuna (Akiba et al. 2019, arXiv:1907.10902) chooses what to try by TPE (Bergstra et al.
2011) and ends trials whose validation loss is not among the better half of those that came as far
(asynchronous successive halving: Li et al. 2018, arXiv:1810.05934).
"""

from __future__ import annotations

import importlib.util
import itertools
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tunesmith.errors import DivergedError, MissingExtraError, TunesmithError
from tunesmith.io import fingerprint, read_json, write_json
from tunesmith.progress import Progress, Stage
from tunesmith.tune.finder import STEPS, none_found, range_test, suggestion
from tunesmith.tune.methods import AnyTrained, trained_method
from tunesmith.worker import Event, claim, run_job

if TYPE_CHECKING:
    import optuna

_VERSION = 1  # bump when the same search finds something else
_clock = time.monotonic
_RUNGS = 4
"""Validations of a trial, at each of which it may end."""
_HOPELESS = 10
"""So many trials without one that came to its end: the method cannot be trained as it is."""
_REPEATS = 20
"""So many settings in a row that were tried before: there is nothing new to try."""
_WIDTH = 30.0
"""How far below and above the first learning rate others are tried."""


def settle(
    method: AnyTrained,
    request: dict[str, Any],
    *,
    identity: str,
    out: Path,
    progress: Progress,
) -> tuple[AnyTrained, dict[str, Any] | None]:
    """Find the settings that a method leaves open.

    Args:
        method: The method as the recipe has it.
        request: What its training job will be asked, but for `method` and `work`.
        identity: Changes with everything that decides what is found.
        out: The method's folder: `search.json`, and until it is done `work-search/`.
        progress: Where to say how far it is.

    Returns:
        The method with the settings found, and the `search` object of its training: what was tried
        and chosen. The method itself and None where nothing is left open.

    Raises:
        TunesmithError: No learning rate makes the loss fall, or every trial diverged.
        MissingExtraError: There is a search, and the extra `search` is not installed.
        JobError: A trial's process was killed or crashed; calling again resumes the search.
    """
    if method.search is None and method.learning_rate != "auto":
        return method, None
    if method.search is not None and importlib.util.find_spec("optuna") is None:
        raise MissingExtraError("optuna", "search")
    if method.search is not None and not (request["validation"] and method.validation_rows):
        raise TunesmithError(
            f"{out.name}: a search compares validation losses, and there are no validation rows",
            todo="give split.validation a share and validation_rows more than 0, or search: null",
        )
    finished, work = out / "search.json", out / "work-search"
    identity = fingerprint([identity, _VERSION])
    if finished.exists() and read_json(finished)["fingerprint"] == identity:
        found = read_json(finished)["search"]
    else:
        claim(work, identity)
        found = _find(method, _subset(method, request), work=work, name=out.name, progress=progress)
        write_json(finished, {"fingerprint": identity, "search": found})
        shutil.rmtree(work)
    chosen = ", ".join(f"{key} {value:g}" for key, value in found["chosen"].items())
    progress.say(f"{out.name}: trains with {chosen}, found in {found['seconds']:.0f} s")
    return changed(method, found["chosen"]), found


def changed(method: AnyTrained, settings: dict[str, Any]) -> AnyTrained:
    """A method with other settings, checked."""
    return trained_method.validate_python({**method.model_dump(mode="json"), **settings})


def _subset(method: AnyTrained, request: dict[str, Any]) -> dict[str, Any]:
    """The request with the training rows that are searched on."""
    if method.search is None:
        return request
    rows = request["train"]
    drawn = np.random.default_rng(request["seed"]).permutation(len(rows))[: method.search.rows]
    return {**request, "train": [rows[i] for i in sorted(drawn)]}


def _find(
    method: AnyTrained, request: dict[str, Any], *, work: Path, name: str, progress: Progress
) -> dict[str, Any]:
    found: dict[str, Any] = {"finder": None, "trials": [], "chosen": {}, "seconds": 0.0}
    if method.learning_rate == "auto":
        found["finder"] = _finder(method, request, work=work, name=name, progress=progress)
        found["chosen"] = {"learning_rate": found["finder"]["learning_rate"]}
        found["seconds"] = found["finder"]["seconds"]
        method = changed(method, found["chosen"])
    if method.search is not None:
        minutes = method.search.minutes
        with progress.stage(f"search {name}", minutes * 60) as stage:
            trials = _Trials(method, request, work=work, stage=stage, spent=found["seconds"])
            found["chosen"] = trials.run()
        found["trials"] = trials.table()
        found["seconds"] = round(trials.seconds, 1)
    return found


def _finder(
    method: AnyTrained, request: dict[str, Any], *, work: Path, name: str, progress: Progress
) -> dict[str, Any]:
    """The range test, or what an interrupted search has kept of it."""
    kept, folder = work / "finder.json", work / "finder"
    if not kept.exists():
        shutil.rmtree(folder, ignore_errors=True)
        begin = _clock()
        with progress.stage(f"learning rate of {name}", STEPS) as stage:
            test = range_test(method, request, work=folder, on_step=lambda: stage.advance(1))
        rate = suggestion(test.rates, test.losses)
        if rate is None:
            raise none_found(test, name)
        seconds = round(_clock() - begin, 1)
        curve = [
            {"learning_rate": at, "loss": loss}
            for at, loss in zip(test.rates, test.losses, strict=True)
        ]
        write_json(kept, {"learning_rate": rate, "seconds": seconds, "curve": curve})
        shutil.rmtree(folder)
    known: dict[str, Any] = read_json(kept)
    return known


@dataclass
class _Phase:
    """One study: what it varies, what it tries first, and the settings that it leaves alone."""

    study: optuna.Study
    suggest: Callable[[optuna.Trial], dict[str, Any]]
    first: list[dict[str, Any]]
    choices: dict[str, list[Any]]
    """What there is to choose from; nothing where a number is varied."""
    fixed: dict[str, Any]

    def decided(self) -> int:
        """Trials that told something: those that were interrupted are tried again."""
        return len(self.tried())

    def tried(self) -> list[dict[str, Any]]:
        """Their settings."""
        known = (trial for trial in self.study.trials if trial.state.name in {"COMPLETE", "PRUNED"})
        return [trial.user_attrs["settings"] for trial in known]

    def untried(self) -> list[dict[str, Any]]:
        """The choices that are left."""
        if not self.choices:
            return []
        tried = self.tried()
        combined = itertools.product(*self.choices.values())
        every = [dict(zip(self.choices, values, strict=True)) for values in combined]
        return [one for one in every if {**self.fixed, **one} not in tried]


class _OverError(Exception):
    """Ends a trial."""

    def __init__(self, state: str) -> None:
        self.state = state
        super().__init__(state)


class _Trials:
    """A search under way.

    Args:
        method: The method; its own settings are the first that are tried.
        request: What a training job is asked, its rows cut to the subset.
        work: The search's folder: Optuna's journal, and a folder for the trial that runs.
        stage: Where to say how far it is, in seconds.
        spent: Seconds that the finder took.
    """

    def __init__(
        self,
        method: AnyTrained,
        request: dict[str, Any],
        *,
        work: Path,
        stage: Stage,
        spent: float,
    ) -> None:
        if method.search is None or method.learning_rate == "auto":
            raise AssertionError("a method without a search, or without a learning rate")
        self.method, self.request, self.config = method, request, method.search
        self.rate: float = method.learning_rate
        self.work, self.stage, self.spent = work, stage, spent
        self.phases: list[_Phase] = []
        self.storage = _storage(work / "journal.log")
        self._told = 0.0

    @property
    def seconds(self) -> float:
        """Seconds that the search has taken, interrupted trials included."""
        trials: list[float] = [trial.user_attrs.get("seconds", 0.0) for trial in self._trials()]
        return self.spent + sum(trials)

    def run(self) -> dict[str, Any]:
        """Try settings until the time is up; returns the best ones.

        Raises:
            DivergedError: No trial came to its end.
        """
        own = self._own_fields()
        best: dict[str, Any] = {"learning_rate": self.rate}
        if self.config.fields is None or "learning_rate" in self.config.fields:
            rates = [float(f"{self.rate * factor:.3g}") for factor in (1, 1 / 3, 3)]
            phase = self._phase("learning_rate", [{"learning_rate": rate} for rate in rates])
            self._search(phase, 0.5 if own else 1.0)
            best = self._best(phase)
        if own:
            now = {name: getattr(self.method, name) for name in own}
            phase = self._phase("settings", [now], own, fixed=best)
            self._begin_from_the_best(phase, now)
            self._search(phase, 1.0)
            best = self._best(phase)
        return best

    def table(self) -> list[dict[str, Any]]:
        """Every trial: what it tried, and what came of it."""
        return [
            {
                "phase": phase.study.study_name,
                "settings": trial.user_attrs["settings"],
                "state": trial.user_attrs.get("state", "interrupted"),
                "rungs": trial.user_attrs.get("rungs", []),
                "loss": trial.value if trial.state.name == "COMPLETE" else None,
                "seconds": round(trial.user_attrs.get("seconds", 0.0), 1),
            }
            for phase in self.phases
            for trial in phase.study.trials
            if "settings" in trial.user_attrs and "copied" not in trial.user_attrs
        ]

    def _own_fields(self) -> dict[str, list[Any]]:
        """The method's own settings that are looked for, and what is tried of each."""
        known = type(self.method).searched
        names = known if self.config.fields is None else self.config.fields
        return {
            name: sorted({*known[name], getattr(self.method, name)})
            for name in names
            if name != "learning_rate"
        }

    def _trials(self) -> list[optuna.trial.FrozenTrial]:
        return [trial for phase in self.phases for trial in phase.study.trials]

    def _phase(
        self,
        name: str,
        first: list[dict[str, Any]],
        own: dict[str, list[Any]] | None = None,
        fixed: dict[str, Any] | None = None,
    ) -> _Phase:
        import optuna

        def suggest(trial: optuna.Trial) -> dict[str, Any]:
            if own is not None:
                return {key: trial.suggest_categorical(key, tried) for key, tried in own.items()}
            low, high = self.rate / _WIDTH, min(self.rate * _WIDTH, 99.0)
            rate = trial.suggest_float("learning_rate", low, high, log=True)
            return {"learning_rate": float(f"{rate:.3g}")}

        study = optuna.create_study(
            storage=self.storage,
            study_name=name,
            load_if_exists=True,
            pruner=optuna.pruners.SuccessiveHalvingPruner(min_resource=1, reduction_factor=2),
        )
        for trial in study.trials:
            if trial.state == optuna.trial.TrialState.RUNNING:  # the search was killed in it
                study.tell(trial.number, state=optuna.trial.TrialState.FAIL)
        phase = _Phase(study, suggest, first, own or {}, fixed or {})
        self.phases.append(phase)
        self._tell_stage()
        return phase

    def _begin_from_the_best(self, phase: _Phase, now: dict[str, Any]) -> None:
        """What the first phase has found needs no second trial: its settings are the method's."""
        import optuna

        if len(self.phases) == 1 or phase.study.trials:
            return
        done = [t for t in self.phases[0].study.trials if t.state.name == "COMPLETE"]
        best = min(done, key=lambda trial: trial.value)
        distributions: dict[str, Any] = {
            key: optuna.distributions.CategoricalDistribution(tried)
            for key, tried in self._own_fields().items()
        }
        settings = {**phase.fixed, **now}
        phase.study.add_trial(
            optuna.create_trial(
                params=now,
                distributions=distributions,
                value=best.value,
                intermediate_values=best.intermediate_values,
                user_attrs={"settings": settings, "copied": True},
            )
        )

    def _search(self, phase: _Phase, share: float) -> None:
        """Run trials until this share of the time, or of the trials, is used up."""
        import optuna

        repeats = 0
        while repeats < _REPEATS and self._may_go_on(phase, share):
            done = phase.decided()
            # A sampler of its own for each: it depends on what was decided before and on nothing
            # else, so that a resumed search goes on as it would have.
            phase.study.sampler = optuna.samplers.TPESampler(
                seed=(self.request["seed"] + 1000 * done + repeats) % 2**32, n_startup_trials=3
            )
            if done < len(phase.first):
                phase.study.enqueue_trial(phase.first[done])
            trial = phase.study.ask()
            settings = {**phase.fixed, **phase.suggest(trial)}
            if settings in phase.tried():
                phase.study.tell(trial, state=optuna.trial.TrialState.FAIL)
                repeats += 1
                if phase.choices:
                    left = phase.untried()
                    if not left:
                        return
                    phase.study.enqueue_trial(left[(self.request["seed"] + done) % len(left)])
            else:
                repeats = 0
                self._try(phase, trial, settings)

    def _may_go_on(self, phase: _Phase, share: float) -> bool:
        finished = any(trial.state.name == "COMPLETE" for trial in self._trials())
        tried = sum("state" in trial.user_attrs for trial in self._trials())
        if not finished:
            if phase.decided() < _HOPELESS:
                return True
            raise DivergedError(
                f"none of {phase.decided()} trials came to its end: their losses diverged",
                todo="set another learning_rate to start from, or check the training rows",
            )
        enough = self.config.trials is not None and tried >= -(-share * self.config.trials // 1)
        return not enough and self.seconds < share * self._budget

    @property
    def _budget(self) -> float:
        seconds: float = self.config.minutes * 60
        return seconds

    def _try(self, phase: _Phase, trial: optuna.Trial, settings: dict[str, Any]) -> None:
        """One short training, told to Optuna."""
        import optuna

        trial.set_user_attr("settings", settings)
        folder = self.work / "trial"
        shutil.rmtree(folder, ignore_errors=True)
        steps = self.config.steps
        config = changed(
            self.method,
            {
                **settings,
                "max_steps": steps,
                "epochs": None,
                "eval_steps": -(-steps // _RUNGS),
                "save_steps": steps + 1,
                "patience": None,
                "keep": "last",
                "sample_rows": 0,
                "search": None,
            },
        )
        before, begin = self.seconds, _clock()
        finished = any(t.state.name == "COMPLETE" for t in self._trials())
        rungs: list[dict[str, float]] = []

        def keep() -> None:
            trial.set_user_attr("seconds", _clock() - begin)
            self._tell_stage()

        def watch(event: Event) -> None:
            if finished and before + _clock() - begin > self._budget:
                raise _OverError("out of time")
            point = event.get("validation")
            if point is None or point["step"] == 0:
                return
            rungs.append({"step": point["step"], "loss": point["loss"]})
            trial.set_user_attr("rungs", rungs)
            trial.report(point["loss"], len(rungs))
            keep()
            if point["step"] == steps:
                raise _OverError("finished")
            if trial.should_prune():
                raise _OverError("pruned")

        job = {**self.request, "method": config.model_dump(mode="json"), "work": str(folder)}
        state = "finished"
        try:
            run_job("tunesmith.tune.launch.job", job, log=folder / "train.log", on_event=watch)
        except _OverError as over:
            state = over.state
        except DivergedError:
            state = "diverged"
        keep()
        trial.set_user_attr("state", state)
        shutil.rmtree(folder)
        if state == "finished":
            phase.study.tell(trial, rungs[-1]["loss"])
        else:
            named = optuna.trial.TrialState
            phase.study.tell(trial, state=named.FAIL if state == "out of time" else named.PRUNED)

    def _best(self, phase: _Phase) -> dict[str, Any]:
        done = [trial for trial in phase.study.trials if trial.state.name == "COMPLETE"]
        settings: dict[str, Any] = min(done, key=lambda t: t.value).user_attrs["settings"]
        return settings

    def _tell_stage(self) -> None:
        seconds = min(self.seconds, self._budget)
        losses = [t.value for t in self._trials() if t.state.name == "COMPLETE"]
        tried = sum("state" in trial.user_attrs for trial in self._trials())
        note = f"{tried} trials" + (f", best loss {min(losses):.3f}" if losses else "")
        self.stage.left(self._budget - seconds)
        self.stage.advance(seconds - self._told, note=note)
        self._told = seconds


def _storage(journal: Path) -> optuna.storages.JournalStorage:
    """Optuna's journal: JSON lines, each on disk before the next."""
    import optuna
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    journal.with_name(f"{journal.name}.lock").unlink(missing_ok=True)  # of a killed search
    if journal.exists():
        whole = journal.read_bytes()
        journal.write_bytes(whole[: whole.rfind(b"\n") + 1])  # a torn last line
    return optuna.storages.JournalStorage(JournalFileBackend(str(journal)))
