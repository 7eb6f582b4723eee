"""What a user sees of a session in the list of sessions: browser and system, from User-Agent.

Owns a few words for the common ones; whatever else comes is "Browser". Nothing of the field itself is kept. Pure.
"""

from __future__ import annotations

_BROWSERS = (
    ("edg", "Edge"),
    ("opr/", "Opera"),
    ("samsungbrowser", "Samsung Internet"),
    ("firefox", "Firefox"),
    ("fxios", "Firefox"),
    ("crios", "Chrome"),
    ("chrome", "Chrome"),
    ("safari", "Safari"),
)
_SYSTEMS = (
    ("iphone", "iPhone"),
    ("ipad", "iPad"),
    ("android", "Android"),
    ("cros", "ChromeOS"),
    ("windows", "Windows"),
    ("mac os", "macOS"),
    ("linux", "Linux"),
)
_MOST_CHARACTERS = 512


def session_label(user_agent: str | None) -> str:
    """Words such as `Firefox, Windows`; `Browser` where nothing is known."""
    text = (user_agent or "")[:_MOST_CHARACTERS].lower()
    browser = next((name for mark, name in _BROWSERS if mark in text), "Browser")
    system = next((name for mark, name in _SYSTEMS if mark in text), "")
    return f"{browser}, {system}" if system else browser
