"""Write what Brindlemoss has beside its tickets: mail, chats, calls, documents and a database.

The questions and answers come from ``texts/`` as those of the tickets do. ``channels.json`` says by
file what is in it and what was planted. It always writes the same bytes: it draws from one seeded
generator, and only through ``random()``; no compressor and no mail library has a say.

    python examples/support/make_channels.py [--out FOLDER]
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from channel_calls import write_calls
from channel_chat import write_livechat, write_slack
from channel_mail import write_mail
from channel_pictures import notice
from channel_shop import write_shop
from channel_talk import Talk
from handbook_files import blocks, docx_bytes, pdf_bytes, scanned_pdf_bytes
from slots import Dice

HERE = Path(__file__).parent
SEED = 20251104
HANDBOOK = HERE / "texts" / "handbook"


def write_handbook(dice: Dice) -> tuple[dict[str, bytes], dict[str, object]]:
    """Write the documents that are made of ``texts/handbook``."""
    crew, prices = (
        (HANDBOOK / f"{name}.txt").read_text("utf-8") for name in ("crew-handbook", "price-list")
    )
    lines = (HANDBOOK / "scanned-notice.txt").read_text("utf-8").splitlines()
    files = {
        "handbook/crew-handbook.docx": docx_bytes(crew, "The Shed Crew's handbook"),
        "handbook/price-list.pdf": pdf_bytes(prices, "Price list 2025"),
        "handbook/scanned-notice.pdf": scanned_pdf_bytes(notice(lines, dice), "Scan 0412"),
    }
    truth: dict[str, object] = {
        "handbook/crew-handbook.docx": _parts(crew),
        "handbook/price-list.pdf": {**_parts(prices), "pages": 1 + _page_breaks(prices)},
        "handbook/scanned-notice.pdf": {"pages": 1, "pages_without_text": 1},
    }
    return files, truth


def written_by_hand() -> dict[str, object]:
    """Count what is in the two pages of ``handbook/`` that no script writes."""
    faq = (HERE / "handbook" / "faq.html").read_text("utf-8")
    guide = (HERE / "handbook" / "growing-guide.md").read_text("utf-8")
    by = {"heading_questions": "<h3>", "details_questions": "<summary>", "list_questions": "<dt>"}
    questions = {name: faq.count(mark) for name, mark in by.items()}
    headings = sum(line.startswith("#") for line in guide.splitlines())
    return {
        "handbook/faq.html": {**questions, "questions": sum(questions.values())},
        "handbook/growing-guide.md": {"headings": headings, "words": len(guide.split())},
    }


def _page_breaks(text: str) -> int:
    return sum(block.kind == "page" for block in blocks(text))


def _parts(text: str) -> dict[str, int]:
    kinds = [block.kind for block in blocks(text)]
    return {
        "headings": sum(kind in {"h1", "h2"} for kind in kinds),
        "paragraphs": kinds.count("paragraph"),
        "list_items": sum(kind in {"bullet", "number"} for kind in kinds),
        "tables": kinds.count("table"),
        "words": len([word for word in text.split() if any(sign.isalnum() for sign in word)]),
    }


def main() -> None:
    """Write ``raw/``, ``handbook/`` and ``channels.json`` into ``--out``."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--out", type=Path, default=HERE, help="folder to write into")
    out: Path = parser.parse_args().out
    talk = Talk(Dice(SEED), HERE / "texts")
    files: dict[str, bytes] = {}
    truth: dict[str, object] = {}
    for write in (write_mail, write_slack, write_livechat, write_calls):
        more, counts = write(talk)
        files.update(more)
        truth.update(counts)
    more, counts = write_handbook(talk.dice)
    files.update(more)
    truth.update(counts)
    truth.update(written_by_hand())
    for name, data in files.items():
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_bytes(data)
    truth.update(write_shop(out))
    summary = {"customers": len(talk.customers), "files": truth}
    text = json.dumps(summary, indent=1, ensure_ascii=False) + "\n"
    (out / "channels.json").write_bytes(text.encode())
    print(f"{len(files) + 1} files, {sum(map(len, files.values())):,} bytes")


if __name__ == "__main__":
    main()
