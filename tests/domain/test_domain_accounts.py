"""Names, passwords, tokens, codes, titles (A1, A3, N2, S2, S3)."""

from __future__ import annotations

import time
import unicodedata
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.domain.accounts import PasswordHasher, check_password, check_username, name_key
from server.domain.common_passwords import COMMON_PASSWORDS
from server.domain.failures import Failure
from server.domain.ids import Author, Role, UserId, parse_group_id, parse_id
from server.domain.notebooks import check_description, check_title
from server.domain.share_code import code_hash, generate_notebook_code, is_code
from server.domain.tokens import (
    digits_hash,
    is_token,
    new_digits,
    new_epoch,
    new_guest_id,
    new_token,
    read_digits,
    token_hash,
)

CHEAP = PasswordHasher(memory_kib=32, passes=1)


@pytest.mark.parametrize(
    ("raw", "name", "key"),
    [
        ("Ann", "Ann", "ann"),
        ("a", "a", "a"),
        ("x" * 30, "x" * 30, "x" * 30),
        ("אבגד הוז", "אבגד הוז", "אבגד הוז"),
        ("Ａｎｎ", "Ann", "ann"),
        ("０", "0", "0"),
        ("Straße", "Straße", "strasse"),
        ("ſ", "s", "s"),
        ("Ǆ", "DŽ", "dž"),
        ("A\u0301", "Á", "á"),
        ("😀", "😀", "😀"),
        ("a b", "a b", "a b"),
        ("a\u00a0b", "a b", "a b"),
    ],
)
def test_a1_names_are_normalised_and_compared_by_key(raw: str, name: str, key: str) -> None:
    assert check_username(raw) == (name, key)


@pytest.mark.parametrize(
    "raw",
    [
        "",
        " ",
        " a",
        "a ",
        "a  b",
        "\u00a0a",
        "x" * 31,
        "ﷺ" * 2,
        "a\nb",
        "a\tb",
        "a\x00b",
        "a\u200bb",
        "a\u200db",
        "a\u202eb",
        "\ufeffa",
        "a\ue000",
        "\ud800",
        "a\u2028b",
        "a\u0085b",
        "x" * 5_000,
    ],
)
def test_a1_bad_names_are_422(raw: str) -> None:
    with pytest.raises(Failure) as caught:
        check_username(raw)
    assert (caught.value.status, caught.value.reason) == (422, "bad_name")


@pytest.mark.parametrize("raw", [None, 0, True, ["Ann"], {"name": "Ann"}, b"Ann"])
def test_t3_a_name_is_a_string(raw: object) -> None:
    for check in (check_username, check_password, check_title, check_description):
        with pytest.raises(Failure) as caught:
            check(raw)
        assert caught.value.status == 400


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=32))
def test_a1_any_text_is_a_name_or_a_failure(raw: str) -> None:
    try:
        name, key = check_username(raw)
    except Failure:
        return
    assert check_username(name) == (name, key)
    assert name_key(key) == key
    assert unicodedata.is_normalized("NFKC", name)
    assert (
        check_username(name.upper())[1] == check_username(name.upper().lower())[1] or len(name.upper()) > 30
    )


@pytest.mark.parametrize(
    "raw",
    [
        "x7-" + "y" * 5,
        "  spaces  ",
        "nul\x00nul\x00",
        "日本語のパスワード",
        "z9" * 512,
        "é" * 8,
        "😀" * 8,
        "x" * 1024,
    ],
)
def test_a1_passwords_are_taken_as_they_are(raw: str) -> None:
    assert check_password(raw) == raw


@pytest.mark.parametrize("raw", ["", "x7-yyyy", "z" + "9x" * 512])
def test_a1_passwords_have_8_to_1024_code_points(raw: str) -> None:
    with pytest.raises(Failure) as caught:
        check_password(raw)
    assert caught.value.reason == "bad_password"


@pytest.mark.parametrize(
    "raw", ["password", "PASSWORD1", "12345678", "qwertyuiop", "aaaaaaaa", "1" * 16, "letmein123"]
)
def test_a1_the_commonest_passwords_are_422(raw: str) -> None:
    with pytest.raises(Failure) as caught:
        check_password(raw)
    assert (caught.value.status, caught.value.reason) == (422, "password_common")


def test_a1_the_list_of_common_passwords_holds_what_could_pass_otherwise() -> None:
    assert len(COMMON_PASSWORDS) >= 200
    assert all(len(word) >= 8 and word == word.casefold() for word in COMMON_PASSWORDS)


def test_t40_hashes_verify_and_differ() -> None:
    stored = CHEAP.hash("correct horse")
    assert stored.startswith("$argon2id$v=19$m=32,t=1,p=1$")
    assert stored != CHEAP.hash("correct horse")
    assert CHEAP.verify("correct horse", stored)
    assert not CHEAP.verify("correct horsf", stored)


def test_t40_nothing_is_cut_off() -> None:
    for password in ("a" * 72, "a" * 73, "nul", "nul\x00", "nul\x00x"):
        stored = CHEAP.hash(password)
        others = ("a" * 72, "a" * 73, "nul", "nul\x00", "nul\x00x")
        assert [other for other in others if CHEAP.verify(other, stored)] == [password]


def test_t40_a_hash_says_how_it_was_made() -> None:
    stored = CHEAP.hash("correct horse")
    assert not CHEAP.needs_rehash(stored)
    strong = PasswordHasher()
    assert strong.needs_rehash(stored)
    assert strong.verify("correct horse", stored)
    assert strong.hash("x").startswith("$argon2id$v=19$m=19456,t=2,p=1$")


@pytest.mark.parametrize(
    "stored", ["", "plain", "$argon2id$", "$argon2id$v=19$m=32,t=1,p=1$!!$??", "$2b$12$abc"]
)
def test_t40_a_malformed_hash_never_verifies(stored: str) -> None:
    assert not CHEAP.verify("", stored)
    assert CHEAP.needs_rehash(stored)


def test_t43_an_unknown_user_costs_as_much_as_a_known_one() -> None:
    hasher = PasswordHasher()
    stored = hasher.hash("correct horse")

    def best(job: object) -> float:
        times = []
        for _ in range(4):
            begin = time.thread_time()
            job()  # type: ignore[operator]
            times.append(time.thread_time() - begin)
        return min(times)

    known, unknown = best(lambda: hasher.verify("x", stored)), best(lambda: hasher.verify_dummy("x"))
    assert unknown == pytest.approx(known, rel=0.5)


def test_a3_tokens_are_random_and_only_their_hash_is_kept() -> None:
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert all(is_token(token) and len(token_hash(token)) == 32 for token in tokens)
    for wrong in ("", "x" * 42, "x" * 44, "x" * 42 + "=", "x" * 42 + "\n", "é" * 43):
        assert not is_token(wrong)
    assert new_token(lambda size: b"\0" * size) == "A" * 43


def test_s2_codes_have_128_random_bits() -> None:
    codes = {generate_notebook_code() for _ in range(1_000)}
    assert len(codes) == 1_000
    assert all(is_code(code) for code in codes)
    assert len(code_hash("A" * 22)) == 32
    asked = []

    def source(size: int) -> bytes:
        asked.append(size)
        return bytes(size)

    assert generate_notebook_code(source) == "A" * 22
    assert asked == [16]
    for wrong in ("", "A" * 21, "A" * 23, "A" * 21 + "+", "A" * 21 + "\n", "../" + "A" * 19):
        assert not is_code(wrong)


def test_s5_digits_are_read_as_people_type_them() -> None:
    assert new_digits(lambda limit: 42 if limit == 100_000_000 else -1) == "00000042"
    for typed in ("12345678", "1234 5678", " 1234-5678 ", "12 34 56 78"):
        assert read_digits(typed) == "12345678"
    for wrong in ("", "1234567", "123456789", "1234567x", "\u0661" * 8, "1" * 8 + " " * 50):
        assert read_digits(wrong) is None
    assert len(digits_hash("12345678")) == 32


def test_ids_of_guests_and_epochs_are_sixteen_hex_digits() -> None:
    numbers = count()
    assert new_guest_id(lambda size: bytes([next(numbers)] * size)) == "g" + "00" * 8
    assert new_epoch(lambda size: bytes([171] * size)) == "ab" * 8


@pytest.mark.parametrize(
    "title", ["x", "ט" * 200, "👩‍👩‍👧 a\u0301", " ", "<b>", "%s{0}", "\u202eabc", "\u200f"]
)
def test_n2_titles_come_back_exactly(title: str) -> None:
    assert check_title(title) == title


@pytest.mark.parametrize("title", ["", "x" * 201, "a\nb", "a\x00", "\x7f", "a\x9bb", "\ud800", "a\tb"])
def test_n2_bad_titles_are_422(title: str) -> None:
    with pytest.raises(Failure) as caught:
        check_title(title)
    assert (caught.value.status, caught.value.reason) == (422, "bad_title")


def test_n2_descriptions_may_have_line_ends() -> None:
    for text in ("", "x" * 2_000, "a\nb\r\nc\rd"):
        assert check_description(text) == text
    for text in ("x" * 2_001, "a\tb", "\x00", "\x1b[2J"):
        with pytest.raises(Failure) as caught:
            check_description(text)
        assert caught.value.reason == "bad_description"


def test_h3_ids_have_one_spelling() -> None:
    assert [parse_id(text) for text in ("1", "9999999999")] == [1, 9_999_999_999]
    for text in ("", "0", "01", "-1", "+1", "1 ", "1\n", "1.0", "1e3", "\u0661", "10000000000"):
        assert parse_id(text) is None
    assert [parse_group_id(value) for value in ("17", 17, "999999999")] == [17, 17, 999_999_999]
    for value in ("0", "017", "1000000000", 0, -1, 10**9, True, 1.0, None, ["1"], "\u0661"):
        assert parse_group_id(value) is None


def test_n3_roles_are_words_in_order() -> None:
    assert [role.word for role in Role] == ["view", "add", "edit", "owner"]
    assert [Role.from_word(word) for word in ("edit", "EDIT", "", "admin")] == [Role.EDIT, None, None, None]
    assert Role.VIEW < Role.ADD < Role.EDIT < Role.OWNER
    assert Author.of_user(UserId(12), "Ann") == Author("u12", "Ann")
