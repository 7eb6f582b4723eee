"""One line out of a buffer, with its limit: the only place that looks for line ends.

A line ends with CRLF. A lone LF is refused wherever it stands, and at once; a lone CR stays in the line
and fails its grammar. The limit counts the CRLF and is checked before anything else, on complete and on
incomplete lines alike, so the verdict does not depend on how the bytes arrived.
"""

from typing import Final

from http_core.errors import bad_request

INCOMPLETE: Final = 0
TOO_LONG: Final = -1


def line_end(buffer: bytearray, start: int, limit: int) -> int:
    """Finds the end of the line that begins at `start`.

    Args:
        buffer: received bytes.
        start: offset of the first byte of the line.
        limit: largest length of the line in bytes, CRLF included.

    Returns:
        The offset behind its CRLF; INCOMPLETE when the end has not arrived; TOO_LONG when the line is,
        or will have to be, longer than the limit.

    Raises:
        ParsingError: 400 for a lone LF.
    """
    feed = buffer.find(b"\n", start, start + limit)
    if feed < 0:
        return TOO_LONG if len(buffer) - start >= limit else INCOMPLETE
    if feed == start or buffer[feed - 1] != 0x0D:
        raise bad_request("Lines have to end with CR LF.")
    return feed + 1
