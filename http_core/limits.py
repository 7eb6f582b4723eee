"""The sizes a request may have, in one frozen value.

Owns the figures and nothing else: the modules that read bytes enforce them, always on the accumulated
size, so a fast sender and a slow one meet the same limit. Deadlines and connection counts belong to
`server.net`. Plain data, safe in every thread.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Upper bounds for one request, in bytes unless the name says otherwise.

    Attributes:
        max_request_line_bytes: request line with its CRLF; above it 414 (RFC 9112 section 3 asks for 8000).
        max_field_line_bytes: one header or trailer line with its CRLF; above it 431.
        max_head_bytes: from the request line to the empty line, both included; above it 431.
        max_fields: number of header lines; above it 431.
        max_leading_empty_lines: CRLFs ignored before a request line (RFC 9112 section 2.2); above it 400.
        max_chunk_line_bytes: chunk-size line with extensions and CRLF; above it 400.
        max_chunk_size_digits: hexadecimal digits of a chunk size, leading zeros included; above it 400.
        max_chunk_overhead_bytes: what chunk lines may cost beyond 16 bytes and twice the data of each
            chunk, summed over the body; above it 400. Without it a sender could make the server read a
            quarter of a gigabyte of extensions for one megabyte of body.
        max_trailer_fields: number of trailer lines; above it 431.
        max_trailer_bytes: trailer section with its empty line; above it 431.
        max_body_bytes: decoded body of any request; above it 413, before it is read where it is announced.
    """

    max_request_line_bytes: int = 8192
    max_field_line_bytes: int = 8192
    max_head_bytes: int = 32768
    max_fields: int = 100
    max_leading_empty_lines: int = 4
    max_chunk_line_bytes: int = 256
    max_chunk_size_digits: int = 16
    max_chunk_overhead_bytes: int = 16384
    max_trailer_fields: int = 16
    max_trailer_bytes: int = 4096
    max_body_bytes: int = 1 << 20
