"""Two pictures drawn by hand: a photo in a mail, and a notice as a scanner saw it.

No compressor of another library is used, so that the bytes are the same on every machine: PNG holds
stored blocks, and the scan is packed by runs (Apple's PackBits, ``RunLengthDecode`` in PDF).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence

from slots import Dice

# Five columns of seven dots for each sign, the lowest bit on top.
GLYPHS = {
    "A": "7E1111117E", "B": "7F49494936", "C": "3E41414122", "D": "7F4141413E",
    "E": "7F49494941", "F": "7F09090901", "G": "3E4149497A", "H": "7F0808087F",
    "I": "00417F4100", "J": "2040413F01", "K": "7F08142241", "L": "7F40404040",
    "M": "7F020C027F", "N": "7F0408107F", "O": "3E4141413E", "P": "7F09090906",
    "Q": "3E4151215E", "R": "7F09192946", "S": "4649494931", "T": "01017F0101",
    "U": "3F4040403F", "V": "1F2040201F", "W": "3F4038403F", "X": "6314081463",
    "Y": "0708700807", "Z": "6151494543", "0": "3E5149453E", "1": "00427F4000",
    "2": "4261514946", "3": "2141454B31", "4": "1814127F10", "5": "2745454539",
    "6": "3C4A494930", "7": "0171090503", "8": "3649494936", "9": "064949291E",
    ".": "0060600000", ",": "0050300000", ":": "0036360000", "-": "0808080808",
    "!": "00005F0000", "$": "242A7F2A12", "'": "0005030000",
}  # fmt: skip


class Scan:
    """A page in black and white, as rows of dots; ``True`` is ink."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.rows = [bytearray(width) for _ in range(height)]

    def write(self, text: str, left: int, top: int, size: int) -> None:
        """Write a line of capitals, each dot ``size`` dots wide and high, a little crooked."""
        for place, sign in enumerate(text.upper()):
            columns = bytes.fromhex(GLYPHS.get(sign, "0000000000"))
            for x, column in enumerate(columns):
                for y in range(7):
                    if column >> y & 1:
                        self._dot(left + (place * 6 + x) * size, top + y * size, size)

    def _dot(self, left: int, top: int, size: int) -> None:
        for x in range(left, min(left + size, self.width)):
            sunk = top + x // 160  # the sheet lay askew: one row lower every 160 columns
            for y in range(sunk, min(sunk + size, self.height)):
                self.rows[y][x] = 1

    def dust(self, dice: Dice, specks: int) -> None:
        for _ in range(specks):
            row = self.rows[dice.between(0, self.height - 1)]
            row[dice.between(0, self.width - 1)] = 1

    def packed(self) -> bytes:
        """Pack the page by runs, one bit a dot, white as 1."""
        out = bytearray()
        for row in self.rows:
            bits = row + bytearray(-len(row) % 8)
            line = bytes(
                255 - int("".join(map(str, bits[at : at + 8])), 2) for at in range(0, len(bits), 8)
            )
            out += run_lengths(line)
        return bytes(out) + b"\x80"


def run_lengths(data: bytes) -> bytes:
    """Pack bytes as PDF's ``RunLengthDecode`` unpacks them, without its end mark."""
    out, at = bytearray(), 0
    while at < len(data):
        run = 1
        while at + run < len(data) and run < 128 and data[at + run] == data[at]:
            run += 1
        if run > 1:
            out += bytes((257 - run, data[at]))
        else:
            end = at + 1
            while end < len(data) and end - at < 128 and data[end : end + 1] != data[end - 1 : end]:
                end += 1
            run = end - at
            out += bytes((run - 1,)) + data[at:end]
        at += run
    return bytes(out)


def notice(lines: Sequence[str], dice: Dice) -> Scan:
    """Scan a notice: its first line large, the others below."""
    scan = Scan(850, 1100)
    scan.write(lines[0], 90, 110, 5)
    for place, line in enumerate(lines[1:]):
        scan.write(line, 90, 200 + 44 * place, 3)
    scan.dust(dice, 160)
    return scan


def photo_png() -> bytes:
    """Draw a Podlet in which nothing has sprouted: dark soil in a pale ring, 32 by 32 grey dots."""
    rows = bytearray()
    for y in range(32):
        rows.append(0)  # PNG's filter of a row: none
        for x in range(32):
            far = (x - 15.5) ** 2 + (y - 15.5) ** 2
            rows.append(70 + (x * y) % 23 if far < 110 else 190 if far < 170 else 240)
    head = struct.pack(">IIBBBBB", 32, 32, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", _stored(bytes(rows))), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in chunks)


def _stored(data: bytes) -> bytes:
    """Wrap up to 65,535 bytes in zlib's format without compressing them."""
    size = len(data)
    block = struct.pack("<BHH", 1, size, size ^ 0xFFFF) + data
    return b"\x78\x01" + block + struct.pack(">I", zlib.adler32(data))


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
