"""The security headers that every answer carries (H6, T27).

Owns their values and the one function that adds them; the application calls it for every answer, also for
those to broken requests, for refusals at admission and for plain HTTP. Pure; any thread.
"""

from __future__ import annotations

PAGE_POLICY = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' data: blob:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
    )
)
"""For every answer but documents. Nothing is inline: neither a script nor a style attribute in markup."""

DOCUMENT_POLICY = "default-src 'none'; sandbox; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
"""For a notebook as image/svg+xml: were it ever opened by itself, it could run and load nothing."""

_ALWAYS = (
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
)
_POLICY = "Content-Security-Policy"
_HSTS = ("Strict-Transport-Security", "max-age=31536000")


class SecurityHeaders:
    """Adds the security headers to the headers of an answer."""

    def __init__(self, *, hsts: bool) -> None:
        """Chooses the set once.

        Args:
            hsts: whether the operator asked for Strict-Transport-Security (only sensible with a certificate
                that browsers know: under a home-made one it would lock people out).
        """
        self._fixed = (*_ALWAYS, *((_HSTS,) if hsts else ()))
        self._usual = [(_POLICY, PAGE_POLICY), *self._fixed]

    def added_to(self, headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
        """The headers of an answer with the security headers behind them.

        An answer that brings a Content-Security-Policy of its own (a notebook document) keeps it.
        """
        if any(name == _POLICY for name, _ in headers):
            return [*headers, *self._fixed]
        return headers + self._usual
