"""A scribble that stands for a signature drawn on the screen, as a small PNG made here."""

from __future__ import annotations

import struct
import zlib

WIDTH, HEIGHT = 240, 80


def scribble(seed: int) -> bytes:
    """A PNG of a few joined strokes on a transparent ground; the same seed gives the same picture."""
    rows = [bytearray(WIDTH * 4) for _row in range(HEIGHT)]
    x, y, state = 14, 44, seed * 2654435761 % 2**32 or 1
    for stroke in range(15):
        state = (1103515245 * state + 12345) % 2**31
        to_x, to_y = min(WIDTH - 12, x + 8 + state % 14), 14 + (state >> 7) % 52
        for step in range(41):
            _dot(rows, x + (to_x - x) * step // 40, y + (to_y - y) * step // 40)
        x, y = to_x, to_y
        if stroke % 5 == 4:
            x += 10
    return _png(rows)


def _dot(rows: list[bytearray], x: int, y: int) -> None:
    for line in (y - 1, y, y + 1):
        for column in (x - 1, x, x + 1):
            rows[line][column * 4 : column * 4 + 4] = bytes((20, 30, 60, 255))


def _png(rows: list[bytearray]) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 6, 0, 0, 0)
    body = zlib.compress(b"".join(b"\x00" + bytes(row) for row in rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
