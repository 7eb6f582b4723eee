"""What the error pages say, in every language of the product (H3).

Owns the product's name, and the titles and texts by reason and by status; the look is public/errors/*.html. A page says what happened and
what to do; it never repeats anything of the request. Pure data.
"""

from __future__ import annotations

from typing import NamedTuple

from server.web.languages import Language


class ErrorText(NamedTuple):
    """A title, a text of one or two sentences, and the words of the link home."""

    title: str
    text: str


APP_WORDS: dict[Language, str] = {"en": "Shared Notebooks", "he": "מחברות משותפות"}
HOME_WORDS: dict[Language, str] = {"en": "To the notebooks", "he": "אל המחברות"}

_BY_REASON: dict[str, dict[Language, ErrorText]] = {
    "share_gone": {
        "en": ErrorText(
            "This link leads nowhere",
            "It may have been revoked, or have expired, or a character is missing. Ask for a new one.",
        ),
        "he": ErrorText(
            "הקישור הזה לא מוביל לשום מקום",
            "ייתכן שבוטל, שפג תוקפו או שחסר בו תו. אפשר לבקש קישור חדש ממי ששלח אותו.",
        ),
    },
    "stopping": {
        "en": ErrorText("Back in a moment", "The server is restarting. Nothing that was stored is lost."),
        "he": ErrorText("כבר חוזרים", "השרת מופעל מחדש. שום דבר שנשמר לא אבד."),
    },
}

_BY_STATUS: dict[int, dict[Language, ErrorText]] = {
    400: {
        "en": ErrorText(
            "This address is broken", "Part of it is malformed. Check it, or start from the first page."
        ),
        "he": ErrorText("הכתובת שבורה", "חלק ממנה אינו תקין. אפשר לבדוק אותה או להתחיל מהעמוד הראשון."),
    },
    401: {
        "en": ErrorText("Log in first", "This page is for those who have logged in."),
        "he": ErrorText("צריך להתחבר קודם", "העמוד הזה מיועד למי שהתחבר."),
    },
    403: {
        "en": ErrorText("This is not allowed", "Your link or your account does not reach this far."),
        "he": ErrorText("אין הרשאה", "הקישור או החשבון שלך אינם מאפשרים זאת."),
    },
    404: {
        "en": ErrorText("There is nothing here", "The page may have moved, or the address has a slip in it."),
        "he": ErrorText("אין כאן כלום", "ייתכן שהעמוד עבר, או שנפלה טעות בכתובת."),
    },
    405: {
        "en": ErrorText("Not in this way", "This address is there, but it does not answer to that method."),
        "he": ErrorText("לא בדרך הזו", "הכתובת קיימת, אבל אינה עונה לשיטה הזו."),
    },
    421: {
        "en": ErrorText(
            "The server does not know this name",
            "Whoever runs it can add the name with the option --name. Until then, use one of its other addresses.",
        ),
        "he": ErrorText(
            "השרת אינו מכיר את השם הזה",
            "מי שמפעיל אותו יכול להוסיף את השם עם האפשרות --name. בינתיים אפשר להשתמש בכתובת אחרת שלו.",
        ),
    },
    429: {
        "en": ErrorText(
            "A little slower", "There were many tries in a short time. Wait a little, then try again."
        ),
        "he": ErrorText("קצת יותר לאט", "היו הרבה ניסיונות בזמן קצר. כדאי לחכות מעט ולנסות שוב."),
    },
    500: {
        "en": ErrorText("Something went wrong here", "It is not your fault. Try again in a moment."),
        "he": ErrorText("משהו השתבש אצלנו", "זו לא אשמתך. אפשר לנסות שוב עוד רגע."),
    },
    503: {
        "en": ErrorText(
            "The server is busy", "It is worth another try in a moment. Nothing that was stored is lost."
        ),
        "he": ErrorText("השרת עסוק", "כדאי לנסות שוב עוד רגע. שום דבר שנשמר לא אבד."),
    },
}

_ELSE: dict[Language, ErrorText] = {
    "en": ErrorText("That did not work", "Go back and try again, or start from the first page."),
    "he": ErrorText("זה לא הצליח", "אפשר לחזור ולנסות שוב, או להתחיל מהעמוד הראשון."),
}


def error_text(status: int, reason: str, language: Language) -> ErrorText:
    """The words of the page for a failure: by its reason, else its status, else general ones."""
    return (_BY_REASON.get(reason) or _BY_STATUS.get(status) or _ELSE)[language]
