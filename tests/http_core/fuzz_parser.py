"""Mutations of good and bad requests against the invariants of the parser.

    python -m tests.http_core.fuzz_parser --count 1000000 --seed 1

Every mutated stream is read whole and in seeded pieces. It must give requests or one `ParsingError`, the
same either way, and every request that came out must come out again when it is written down plainly.
A failure prints seed, number and bytes; the number reproduces it alone with --only.
"""

import argparse
import random
import sys
import time

from http_core import REASONS, ParsingError
from tests.http_core.streams import Verdict, load_corpus, read, stream_of

MEANINGFUL = (b"\r", b"\n", b"\r\n", b"\r\n\r\n", b"\0", b":", b"\t", b" ", b",", b";", b"=", b'"', b"\\", b"%",
              b"/", b"?", b"#", b"\x0b", b"\x0c", b"\x1c", b"\x7f", b"\x85", b"\xa0", b"\xff", b"0", b"chunked")  # fmt: skip
FIELDS = (b"Transfer-Encoding: chunked\r\n", b"Content-Length: 5\r\n", b"Content-Length: 0\r\n", b"Host: h\r\n",
          b"Connection: close\r\n", b"Expect: 100-continue\r\n", b"X: y\r\n", b" folded\r\n")  # fmt: skip
MAX_SEED_BYTES = 1500
MUTATION_COUNTS = (1, 1, 1, 2, 2, 4)


def seeds() -> list[bytes]:
    """The small streams of the corpus, those that are read without error three times."""
    streams = (stream_of(case) for case in load_corpus() if not case.get("transport"))
    small = [stream for stream in streams if len(stream) <= MAX_SEED_BYTES]
    return small + [stream for stream in small if read([stream]).error is None] * 2


def mutate(data: bytes, chance: random.Random, others: list[bytes]) -> bytes:
    """Applies one to four random mutations, most often one."""
    for _ in range(chance.choice(MUTATION_COUNTS)):
        at = chance.randrange(len(data) + 1)
        match chance.randrange(8):
            case 0:
                data = data[:at] + data[at + 1 :]
            case 1:
                data = data[:at] + bytes((chance.randrange(256),)) + data[at + 1 :]
            case 2:
                data = data[:at] + bytes((chance.randrange(256),)) + data[at:]
            case 3:
                data = data[:at] + chance.choice(MEANINGFUL) + data[at:]
            case 4:
                data = data[:at] + chance.choice(MEANINGFUL) + data[at + 1 :]
            case 5:
                line = data.find(b"\r\n", at) + 2
                data = data[:line] + chance.choice(FIELDS) + data[line:]
            case 6:
                end = min(len(data), at + chance.randrange(40))
                data = data[:end] + data[at:end] + data[end:]
            case _:
                other = chance.choice(others)
                data = data[:at] + other[chance.randrange(len(other) + 1) :]
    return data


def pieces_of(data: bytes, chance: random.Random) -> list[bytes]:
    """The stream cut at up to four random places."""
    cuts = sorted(chance.randrange(len(data) + 1) for _ in range(chance.randint(1, 4)))
    return [data[start:end] for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True)]


def written(request: tuple[object, ...]) -> bytes:
    """A parsed request in its plainest form: one field a line, a body of known length."""
    method, target, version, fields, _, _, _, body = request
    raw = target.raw_path + (f"?{target.query}" if target.query else "")  # type: ignore[attr-defined]
    if target.form.value == "absolute":  # type: ignore[attr-defined]
        raw = f"http://{target.host}{raw}"  # type: ignore[attr-defined]
    lines = [f"{method} {raw} HTTP/{version[0]}.{version[1]}\r\n"]  # type: ignore[index]
    for name, value in fields:  # type: ignore[attr-defined]
        if name not in {"content-length", "transfer-encoding"}:
            lines.append(f"{name}:{value}\r\n")
    head = "".join(lines).encode("latin-1")
    return head + b"Content-Length: %d\r\n\r\n" % len(body) + body  # type: ignore[arg-type,operator]


def without_framing(request: tuple[object, ...]) -> tuple[object, ...]:
    """A request but for the fields and target form that `written` changes."""
    method, target, version, fields, host, keep_alive, expects, body = request
    rest = [field for field in fields if field[0] not in {"content-length", "transfer-encoding"}]  # type: ignore[attr-defined]
    return method, target, version, rest, host, keep_alive, expects, body


def check(data: bytes, chance: random.Random) -> Verdict:
    """Holds one stream against the invariants; AssertionError is a finding."""
    whole = read([data])
    assert read(pieces_of(data, chance)) == whole, "the verdict depends on the cut"
    if whole.error is not None:
        status, reason, sentence = whole.error
        assert REASONS[reason] == status and sentence.isascii()
        assert whole.state == "closed"
    for request in whole.requests:
        again = read([written(request)])
        assert again.error is None and len(again.requests) == 1, "written plainly it is refused"
        assert without_framing(again.requests[0]) == without_framing(request), "it changed when written"
    return whole


def run(count: int, seed: int, only: int | None = None) -> dict[str, int]:
    """Runs so many mutations; returns how many streams ended how."""
    streams = seeds()
    tally = {"read": 0, "refused": 0, "incomplete": 0}
    for number in range(count) if only is None else (only,):
        chance = random.Random(f"{seed}/{number}")
        data = mutate(chance.choice(streams), chance, streams)
        try:
            verdict = check(data, chance)
        except (Exception, ParsingError) as error:
            raise AssertionError(f"seed {seed}, number {number}: {error!r}\n{data!r}") from error
        tally["refused" if verdict.error else "incomplete" if verdict.state == "waiting" else "read"] += 1
    return tally


def main() -> int:
    """Command line entry."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--count", type=int, default=1_000_000)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--only", type=int)
    given = arguments.parse_args()
    started = time.perf_counter()
    tally = run(given.count, given.seed, given.only)
    print(f"seed {given.seed}: {tally} in {time.perf_counter() - started:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
