"""The parser against a second reading of the RFC, over requests that are put together wrongly in every known way.

`mutate` of the fuzz changes bytes; here whole lines, fields, chunk sizes, versions and targets are exchanged for ones
that servers have disagreed about. `python -m tests.http_core.test_http_second_reading 1000000 SEED` does more of it.
"""

from __future__ import annotations

import random
import sys
from functools import cache

import pytest

from tests.http_core.fuzz_parser import mutate
from tests.http_core.second_reading import Reading, read_stream
from tests.http_core.streams import load_corpus, read, stream_of

MUTATIONS = 5000
FIELDS = [
    *(b"Transfer-Encoding: " + value for value in (b"chunked", b"CHUNKED", b"\tchunked ", b"identity", b"gzip, chunked",
      b"chunked, chunked", b"", b"chunked;q=1", b'"chunked"', b",chunked", b"xchunked", b"chunked\x0b")),
    *(b"Content-Length: " + value for value in (b"0", b"5", b"05", b"+5", b"-0", b"5, 5", b"5 ", b"0x5", b"5.0", b"1_0", b"",
      b"\xb2", b"9" * 20, b"9" * 21, b"0" * 19 + b"5", b"0" * 20 + b"5", b"1048576", b"1048577")),
    *(b"Host: " + value for value in (b"localhost", b"LOCALHOST:443", b"", b"[::1]", b"[::1]:0", b"[::ffff:1.2.3.4]", b"[::1",
      b"::1", b"a@b", b"a,b", b"a b", b"localhost:", b"localhost:65536", b"localhost:00080", b"localhost:000080", b"localhost.",
      b"localhost..", b".localhost", b"%6c", b"localhost/", b"[1::2::3]", b"[fe80::1%25e]", b"[v1.a]", b"\xe4")),
    *(b"Connection: " + value for value in (b"close", b"keep-alive", b"Close , keep-alive", b"Host", b",", b"", b"closed")),
    *(b"Expect: " + value for value in (b"100-continue", b"100-Continue, 100-continue", b"x", b"", b"100-continue;a")),
    b"X: y", b"X:", b": y", b"X", b" X: y", b"X : y", b"X\t: y", b"X: \x00", b"X: a\rb", b"X: \x7f", b"X: \x80\xff", b"X(: y",
    b"\x00X: y", b"X\xe9: y", b"", b"\r", b"Transfer_Encoding: chunked",
]  # fmt: skip
CHUNK_LINES = [
    b"0", b"00", b"1", b"5", b"05", b"5;", b"5;a", b"5;a=b", b'5;a="b"', b'5;a="b\\""', b"5 ;a", b"5; a", b"5;a =b", b"5;a= b",
    b"5;a=b;c", b"5;a ; b", b"5;;a", b"5;a=", b"5;a ", b"5 ", b" 5", b"0x5", b"+5", b"-5", b"5h", b"g", b"", b"0" * 15 + b"5",
    b"0" * 16 + b"5", b"f" * 16, b"100000", b"100001", b'5;a="\r"', b'5;a="b', b"5;a\x00", b"5\xa0", b"5,5", b"0;a=b", b"0;",
]  # fmt: skip
METHODS = [
    b"GET",
    b"POST",
    b"HEAD",
    b"get",
    b"OPTIONS",
    b"CONNECT",
    b"PRI",
    b"",
    b"G@T",
    b"!#$%&'*+-.^_`|~",
    b"\0GET",
]
VERSIONS = [b"HTTP/" + number for number in (b"1.1", b"1.0", b"1.2", b"2.0", b"0.9", b"2", b"1", b"1.10", b"01.1", b" 1.1",
            b"1,1", b"11", b"", b"1.\xb2", b"10.0")] + [b"http/1.1", b"HTTP1.1", b""]  # fmt: skip
TARGETS = [
    b"/", b"//", b"/./", b"/..", b"/a/%2e%2e/b", b"/%2f", b"/%5c", b"/\\", b"/%00", b"/%", b"/%4g", b"/%41", b"/%c3%a9", b"/%c3",
    b"/a;b=c", b"/a?b?c", b"/a?%zz", b"/a#b", b"*", b"a", b"?a", b"http://localhost/", b"HTTP://LOCALHOST/a?b", b"https://[::1]:8/x",
    b"http://localhost", b"http://localhost?x", b"http:///", b"http://u@localhost/", b"http://localhost:99999/", b"ftp://localhost/",
    b"http:/localhost/", b"localhost:443", b"[::1]:443", b"http://[::1/", b"/{", b'/"', b"/%7f", b"/%c2%80", b"/...", b"/a/.",
    b"/%ed%a0%80", b"/%C0%AF", b"/?a|b", b"/\x80", b"http://localhost/%2e",
]  # fmt: skip
LINE_ENDS = [b"\n", b"\r", b"\r\r\n", b"\n\r", b"\r\n\r\n", b" \r\n", b"\0\r\n", b"\r\n\t", b"\r\n "]


@cache
def accepted() -> list[bytes]:
    streams = [stream_of(case) for case in load_corpus() if case["expect"].startswith("accept")]
    return [stream for stream in streams if len(stream) < 6000]


def rebuilt(data: bytes, chance: random.Random) -> bytes:
    """One line, field, end of line or body of a stream exchanged."""
    lines = data.split(b"\r\n")
    head = next((number for number, line in enumerate(lines) if number and not line), len(lines))
    at = chance.randrange(1, head + 1)
    match chance.randrange(8):
        case 0:
            lines.insert(at, chance.choice(FIELDS))
        case 1 if at < head:
            lines[at] = chance.choice(FIELDS)
        case 2 if at < head:
            lines[at : at + 1] = [lines[at]] * chance.choice((0, 2))
        case 3 if lines[0].count(b" ") == 2:
            parts = lines[0].split(b" ")
            place = chance.randrange(3)
            parts[place] = chance.choice((METHODS, TARGETS, VERSIONS)[place])
            lines[0] = b" ".join(parts)
        case 4:
            framing = (b"content-length", b"transfer-encoding")
            kept = [line for line in lines[:head] if not line.lower().startswith(framing)]
            pieces = [*kept, b"Transfer-Encoding: chunked", b""]
            for _ in range(chance.randrange(4)):
                pieces += [chance.choice(CHUNK_LINES), b"hello"]
            lines = [*pieces, b"0", *chance.choices(FIELDS, k=chance.choice((0, 0, 1, 2, 17))), b"", b""]
        case 5:
            return chance.choice([b"\r\n", *LINE_ENDS]) * chance.randrange(1, 6) + data
        case 6:
            cut = chance.randrange(len(data) + 1)
            return data[:cut] + chance.choice(accepted())
        case _:
            ends = [number for number in range(len(data)) if data.startswith(b"\r\n", number)] or [0]
            end = chance.choice(ends)
            return data[:end] + chance.choice(LINE_ENDS) + data[end + 2 :]
    return b"\r\n".join(lines)


def first_reading(data: bytes) -> tuple[list[tuple[object, ...]], str | int]:
    verdict = read([data])
    requests = [
        (method, version == (1, 0), host, keep_alive, list(fields), body)
        for method, _, version, fields, host, keep_alive, _, body in verdict.requests
    ]
    return requests, verdict.error[0] if verdict.error else verdict.state  # type: ignore[return-value]


def as_text(reading: Reading) -> tuple[list[tuple[object, ...]], str | int]:
    requests: list[tuple[object, ...]] = []
    for one in reading.requests:
        fields = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in one.fields]
        requests.append((one.method.decode(), one.http10, one.host, one.keep_alive, fields, one.body))
    return requests, reading.end


def differences(count: int, seed: str) -> list[str]:
    found = []
    for number in range(count):
        chance = random.Random(f"{seed}/{number}")
        data = chance.choice(accepted())
        for _ in range(chance.choice((1, 1, 2, 3))):
            data = rebuilt(data, chance)
        if number % 4 == 0:
            data = mutate(data, chance, accepted())
        first, second = first_reading(data), as_text(read_stream(data))
        ends = {first[1], second[1]}
        # a few empty lines are something to one and nothing to the other
        if first[0] != second[0] or (len(ends) > 1 and ends != {"idle", "waiting"}):
            found.append(f"{seed}/{number}: {first}, read again {second}\n{data!r}")
    return found


@pytest.mark.parametrize("part", range(2))
def test_h1_a_second_reading_of_the_rfc_finds_the_same(part: int) -> None:
    assert differences(MUTATIONS // 2, f"part {part}") == []


def test_h1_the_corpus_is_read_the_same_twice() -> None:
    for case in load_corpus():
        data = stream_of(case)
        if len(data) < 20_000:
            assert first_reading(data)[0] == as_text(read_stream(data))[0], case["id"]


if __name__ == "__main__":
    said = differences(int(sys.argv[1]), sys.argv[2])
    print("\n".join(said[:10]) or "no difference")
    sys.exit(bool(said))
