"""Chats of Brindlemoss: a Slack export of two shared channels, and live chats of the web shop."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from channel_talk import Exchange, Person, Talk

Json = dict[str, object]
# How often each channel is used: (threads, the category, or "" for any).
SLACK_CHANNELS = {"help-desk": (20, ""), "schools-and-offices": (5, "business")}
LIVE_CHATS = 30
HELLOS = ("hi", "Hello?", "hey there", "Good morning")
GOODBYES = ("Great, thanks!", "perfect, bye", "Thank you, that's all.", "ok thx")
NOTES = (
    "[internal] customer sounds upset, handle with care",
    "[internal] checked the order, nothing odd with it",
    "[internal] asked Hollowbrook depot, they call back tomorrow",
)


def json_bytes(value: object) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode()


class SlackExport:
    """Writes the folder that Slack's export makes: people, channels, and a file a day."""

    def __init__(self, talk: Talk) -> None:
        self.talk, self.dice = talk, talk.dice
        self.users: dict[str, str] = {}  # the person's id: Slack's id
        self.people: list[Json] = []
        self.days: dict[str, list[Json]] = defaultdict(list)
        self.rules: dict[str, str] = {}
        self.count: Counter[str] = Counter()
        for agent in talk.agents.values():
            self._join(agent, agent.id, "Shed Crew")
        self.partners = [talk.customer() for _ in range(9)]
        for person in self.partners:
            self._join(person, person.address.split("@")[0], "Partner")

    def _join(self, person: Person, name: str, title: str) -> None:
        key = f"U0{len(self.users) * 37 + 4021:05d}BM"
        self.users[person.id] = key
        profile = {"real_name": person.name, "email": person.address, "title": title}
        self.people.append(
            {
                "id": key, "name": name, "real_name": person.name, "deleted": False,
                "is_bot": False, "profile": profile,
            }
        )  # fmt: skip

    def post(
        self, channel: str, who: Person, when: datetime, text: str, thread: str = "", **more: object
    ) -> Json:
        """Put a message into its channel; its stamp holds its place, and so comes once only."""
        stamp = f"{int(when.timestamp())}.{len(self.days[channel]):06d}"
        shown = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        message: Json = {"type": "message", "user": self.users[who.id], "text": shown, "ts": stamp}
        if thread:
            message["thread_ts"] = thread
        message.update(more)
        self.days[channel].append(message)
        return message

    def later(self, when: datetime) -> datetime:
        return when + timedelta(minutes=self.dice.between(2, 50), seconds=self.dice.between(0, 59))

    def thread(self, channel: str, exchanges: Sequence[Exchange], who: Person, when: datetime,
               answered: bool = True, split: bool = False) -> Json:  # fmt: skip
        """Post the questions and answers of a thread, its first message with Slack's counts."""
        agent, root = self.talk.agent(), self.post(channel, who, when, exchanges[0].question)
        key, replies = str(root["ts"]), []
        for turn, exchange in enumerate(exchanges if answered else ()):
            if turn:
                when = self.later(when)
                replies.append(self.post(channel, who, when, exchange.question, key))
            for said in exchange.halves if split else (exchange.answer,):
                when = self.later(when)
                replies.append(self.post(channel, agent, when, said, key))
            self.rules[f"{channel}/{replies[-1]['ts']}"] = exchange.rule
            self.count["exchanges"] += 1
        if replies:
            users = sorted({str(message["user"]) for message in replies})
            root.update(
                thread_ts=key, reply_count=len(replies), reply_users=users,
                latest_reply=replies[-1]["ts"],
                replies=[{"user": m["user"], "ts": m["ts"]} for m in replies],
            )  # fmt: skip
            if self.dice.chance(0.4):
                check = {"name": "white_check_mark", "users": [root["user"]], "count": 1}
                replies[-1]["reactions"] = [check]
                self.count["accepted_answers"] += 1
        return root

    def flat(self, channel: str, exchange: Exchange, who: Person, when: datetime) -> None:
        """Post a question and its answer side by side in the channel, without a thread."""
        agent = self.talk.agent()
        self.post(channel, who, when, exchange.question)
        mention = f"<@{self.users[who.id]}> "
        answer = self.post(channel, agent, when + timedelta(minutes=3), exchange.answer)
        answer["text"] = mention + str(answer["text"])
        self.rules[f"{channel}/{answer['ts']}"] = exchange.rule
        self.count["exchanges"] += 1
        self.count["without_thread"] += 1

    def write(self) -> dict[str, bytes]:
        talk = self.talk
        for channel, (threads, category) in SLACK_CHANNELS.items():
            opening = datetime(2025, 3, 3, 14, tzinfo=UTC)
            joined = f"<@{self.users[self.partners[0].id]}> has joined the channel"
            message = self.post(channel, self.partners[0], opening, "", subtype="channel_join")
            message["text"] = joined
            for place in range(threads):
                who, when = self.dice.pick(self.partners), talk.moment(61 + 2 * place, 1)
                rounds = 2 if self.dice.chance(0.25) else 1
                exchanges = talk.exchanges(rounds, who, when, category)
                silent = channel == "help-desk" and place == 7
                split = channel == "help-desk" and place in {3, 11}
                root = self.thread(channel, exchanges, who, when, not silent, split)
                if channel == "help-desk" and place == 5:
                    edited = f"{int(when.timestamp()) + 90}.000000"
                    root["edited"] = {"user": root["user"], "ts": edited}
                self.count["threads"] += 1
                self.count["unanswered_threads"] += silent
                self.count["split_answers"] += split
            self.count["joins"] += 1
        for place in range(2):
            who, when = self.partners[place], talk.moment(110 + 3 * place, 1)
            self.flat("help-desk", talk.exchanges(1, who, when)[0], who, when)
        self._bot(talk.moment(75, 1))
        self.count.update(bot_messages=1, edited_messages=1)
        return self._files()

    def _bot(self, when: datetime) -> None:
        bot = self.post(
            "help-desk", self.partners[0], when, "Tray check: 3 parcels left Hollowbrook today.",
            subtype="bot_message", bot_id="B0TRAYBOT", username="traybot",
        )  # fmt: skip
        del bot["user"]

    def _files(self) -> dict[str, bytes]:
        channels = [
            {
                "id": f"C0{place:03d}SHED", "name": name, "is_archived": False,
                "created": 1740960000, "members": sorted(self.users.values()),
                "purpose": {"value": "Partners ask, the Shed Crew answers."},
            }
            for place, name in enumerate(SLACK_CHANNELS, 1)
        ]  # fmt: skip
        files = {
            "raw/slack/users.json": json_bytes(self.people),
            "raw/slack/channels.json": json_bytes(channels),
        }
        for channel, messages in self.days.items():
            by_day: dict[str, list[Json]] = defaultdict(list)
            for message in sorted(messages, key=lambda message: float(str(message["ts"]))):
                day = datetime.fromtimestamp(float(str(message["ts"])), UTC)
                by_day[f"raw/slack/{channel}/{day:%Y-%m-%d}.json"].append(message)
            self.count["messages"] += len(messages)
            files.update({name: json_bytes(by_day[name]) for name in sorted(by_day)})
        self.count["day_files"] = len(files) - 2
        return files


def write_slack(talk: Talk) -> tuple[dict[str, bytes], Json]:
    export = SlackExport(talk)
    files = export.write()
    users = len(export.people)
    return files, {
        "raw/slack": {**sorted_counts(export.count), "users": users, "rules": export.rules}
    }


def sorted_counts(count: Counter[str]) -> dict[str, int]:
    return dict(sorted(count.items()))


class LiveChat:
    """One chat of the web shop, as the widget exports it."""

    def __init__(self, talk: Talk, number: int) -> None:
        self.talk, self.dice = talk, talk.dice
        self.who, self.agent, self.when = talk.customer(), talk.agent(), talk.moment(5, 340)
        self.category = talk.category()
        self.id = f"LC-{number}"
        self.started = self.when
        self.messages: list[Json] = []
        self.rules: list[str] = []

    def say(self, sender: str, text: str, **more: object) -> None:
        at = f"{self.when:%Y-%m-%dT%H:%M:%SZ}"
        self.messages.append({"from": sender, "text": text, "at": at, **more})
        self.when += timedelta(seconds=self.dice.between(15, 140))

    def open(self) -> None:
        self.say("customer", self.dice.pick(HELLOS))
        self.say("system", f"{self.agent.first} joined the chat")

    def exchange(self, exchange: Exchange, answer: str = "") -> None:
        """Ask, in two messages where the question has two lines, and answer."""
        for line in exchange.question.split("\n"):
            self.say("customer", line)
        self.say("agent", answer or exchange.answer)
        self.rules.append(exchange.rule)

    def written(self, rating: int | None) -> Json:
        chat: Json = {
            "id": self.id, "started_at": f"{self.started:%Y-%m-%dT%H:%M:%SZ}",
            "agent": self.agent.id, "customer": self.who.id, "topic": self.category,
            "messages": self.messages,
        }  # fmt: skip
        if rating is not None:
            chat["rating"] = rating
        return chat


def write_livechat(talk: Talk) -> tuple[dict[str, bytes], Json]:
    """Write the live chats: two to four exchanges each; one badly rated, one abandoned."""
    chats, count, rules = [], Counter[str](), {}
    number = 70000
    for place in range(LIVE_CHATS):
        number += talk.dice.between(3, 40)
        chat = LiveChat(talk, number)
        bad, abandoned = place == 9, place == 21
        rounds = talk.exchanges(talk.dice.between(2, 4), chat.who, chat.when, chat.category)
        chat.open()
        for turn, exchange in enumerate(rounds):
            if abandoned and turn == len(rounds) - 1:
                chat.say("customer", exchange.question)
                break
            if place in {4, 13, 20, 26} and turn == 1:
                chat.say("agent", talk.dice.pick(NOTES), internal=True)
                count["internal_notes"] += 1
            chat.exchange(exchange, talk.writer.common["short"][turn] if bad else "")
        if not abandoned:
            chat.say("customer", talk.dice.pick(GOODBYES))
        chat.say("system", f"{chat.who.first} left the chat")
        rating = 1 if bad else talk.dice.pick((3, 4, 4, 5, 5, 5)) if place % 3 else None
        chats.append(chat.written(rating))
        count["exchanges"] += len(chat.rules)
        count["messages"] += len(chat.messages)
        count["rated"] += rating is not None
        count.update(f"from_{message['from']}" for message in chat.messages)
        count["badly_rated_exchanges"] += len(chat.rules) * bad
        rules[chat.id] = chat.rules
    count.update(conversations=len(chats), badly_rated=1, abandoned=1)
    truth: Json = {"raw/livechat.json": {**sorted_counts(count), "rules": rules}}
    return {"raw/livechat.json": json_bytes(chats)}, truth
