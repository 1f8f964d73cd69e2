"""Recorded calls of the Shed Crew's telephone line, as caption files: WebVTT and SRT."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from channel_talk import Person, Talk

Json = dict[str, object]
# How the speaker is named in each file.
CALLS = {
    "call-2025-02-11.vtt": "voice", "call-2025-03-18.vtt": "closed voice",
    "call-2025-05-06.vtt": "prefix", "call-2025-08-21.vtt": "prefix on first cue",
    "call-2025-10-02.srt": "role",
}  # fmt: skip
QUESTIONS = 5
FILLERS = ("um,", "uh,", "erm,", "you know,")
CATEGORIES = ("growing", "device", "delivery", "returns", "subscription", "account", "warranty")
SECONDS_PER_WORD = 0.4


@dataclass(frozen=True)
class Turn:
    """What one person says before the other does; ``role`` is AGENT or CUSTOMER."""

    role: str
    who: Person
    words: str


@dataclass(frozen=True)
class Cue:
    """A few words on the screen, in milliseconds from the start."""

    start: int
    end: int
    turn: Turn
    words: str
    first: bool


class Call:
    """Writes one call: a greeting, five questions and answers, a goodbye."""

    def __init__(self, talk: Talk, when: datetime) -> None:
        self.talk, self.dice = talk, talk.dice
        self.agent, self.caller = talk.agent(), talk.customer()
        self.fillers = 0
        self.rules: list[str] = []
        category = talk.writer.deal("call categories", CATEGORIES)
        said = [talk.spoken(self.caller, when, category) for _ in range(QUESTIONS)]
        agent, caller = self.agent, self.caller
        self.turns = [
            Turn("AGENT", agent, f"Shed Crew, {agent.first} speaking. How can I help?"),
            Turn("CUSTOMER", caller, f"Hello, this is {caller.first} from {caller.city}."),
            Turn("AGENT", agent, f"Hello {caller.first}, go ahead."),
        ]
        for exchange in said:
            self.turns.append(Turn("CUSTOMER", caller, self._hesitant(exchange.question)))
            self.turns.append(Turn("AGENT", agent, exchange.answer))
            self.rules.append(exchange.rule)
        self.turns.append(Turn("CUSTOMER", caller, "That's all, thank you. Bye!"))

    def _hesitant(self, text: str) -> str:
        """Put one to three fillers between the words."""
        words = text.split()
        for _ in range(self.dice.between(1, 3)):
            words.insert(self.dice.between(0, len(words) - 1), self.dice.pick(FILLERS))
            self.fillers += 1
        return " ".join(words)

    def cues(self) -> Iterator[Cue]:
        """Cut each turn into cues of 6 to 13 words, a short breath between turns."""
        clock = 1200
        for turn in self.turns:
            words, first = turn.words.split(), True
            while words:
                size = self.dice.between(6, 13)
                now, words = words[:size], words[size:]
                end = clock + int(len(now) * SECONDS_PER_WORD * 1000)
                yield Cue(clock, end, turn, " ".join(now), first)
                clock, first = end + 80, False
            clock += self.dice.between(300, 1400)


def _clock(milliseconds: int, comma: str) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    minutes, seconds = divmod(seconds, 60)
    return f"00:{minutes:02d}:{seconds:02d}{comma}{rest:03d}"


def vtt_bytes(cues: Sequence[Cue], style: str) -> bytes:
    """Write WebVTT; the speaker stands in a voice tag, or before a colon."""
    out = ["WEBVTT", ""]
    if style == "closed voice":
        out += ["NOTE recorded with consent, line 2", "", "STYLE", "::cue { color: white }", ""]
    for number, cue in enumerate(cues, 1):
        name = cue.turn.who.name
        words = cue.words.replace("&", "&amp;").replace("<", "&lt;")
        text = {
            "voice": f"<v {name}>{words}",
            "closed voice": f"<v {name}>{words}</v>",
            "prefix": f"{name}: {words}",
            "prefix on first cue": f"{name}: {words}" if cue.first else words,
        }[style]
        if style == "closed voice":
            out.append(str(number))
        out += [f"{_clock(cue.start, '.')} --> {_clock(cue.end, '.')}", text, ""]
    return "\n".join(out).encode()


def srt_bytes(cues: Sequence[Cue]) -> bytes:
    """Write SubRip as Windows programs do: a byte order mark, and carriage returns."""
    out = []
    for number, cue in enumerate(cues, 1):
        times = f"{_clock(cue.start, ',')} --> {_clock(cue.end, ',')}"
        words = f"{cue.turn.role}: {cue.words}" if cue.first else cue.words
        out += [str(number), times, words, ""]
    return "\r\n".join(out).encode("utf-8-sig")


def write_calls(talk: Talk) -> tuple[dict[str, bytes], Json]:
    """Write the calls; say by file how many turns, cues and fillers are in it."""
    files: dict[str, bytes] = {}
    truth: Json = {}
    for name, style in CALLS.items():
        call = Call(talk, datetime.fromisoformat(f"{name[5:15]}T15:00:00+00:00"))
        cues = list(call.cues())
        files[f"raw/calls/{name}"] = srt_bytes(cues) if style == "role" else vtt_bytes(cues, style)
        roles = Counter(turn.role for turn in call.turns)
        truth[f"raw/calls/{name}"] = {
            "speakers": style, "agent": call.agent.name, "customer": call.caller.name,
            "cues": len(cues), "turns": len(call.turns), "agent_turns": roles["AGENT"],
            "turns_over_several_cues": len({id(cue.turn) for cue in cues if not cue.first}),
            "fillers": call.fillers, "exchanges": len(call.rules), "rules": call.rules,
        }  # fmt: skip
    return files, truth
