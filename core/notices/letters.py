"""Letters: a notice as an e-mail, in its reader's language, with where to read more and where to change what is sent."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from email.headerregistry import Address
from email.message import EmailMessage
from urllib.parse import urlsplit

from flask import current_app, g
from flask_babel import force_locale
from flask_babel import gettext as _

from core import clock
from core.notices.mails import Taken
from core.plugins import here
from core.web.request import linli
from core.web.words import LOCALES, say_kept

LONGEST_SUBJECT = 70  # characters; more is cut off by most programs that show mail


def write(taken: Taken) -> EmailMessage:
    """The letter of a mail, with the address of whoever it is for."""
    with _speaking(taken.locale):
        said, community = say_kept(taken.words), here().name
        letter = EmailMessage()
        letter["From"] = Address(community, addr_spec=linli().config.mail_from)
        letter["To"] = taken.address
        letter["Subject"] = _shortened(f"{community}: {said}" if g.locale_code == "en" else f"{community}：{said}")
        letter["Date"] = clock.real_now()
        # The same for every try: whoever gets it twice is shown it once.
        letter["Message-ID"] = f"<{taken.id}.{here().slug}@{linli().config.mail_from.partition('@')[2]}>"
        letter["Content-Language"] = g.locale_code
        letter["Auto-Submitted"] = "auto-generated"
        letter.set_content("\n\n".join(_parts(taken, said)) + "\n", cte="base64")
    return letter


def _parts(taken: Taken, said: str) -> Iterator[str]:
    yield _("Hello %(name)s,", name=taken.name)
    yield said
    yield _("Look at it: %(url)s", url=_url("notices.look", notice_id=taken.notice_id))
    name, phone = here().name, here().phone
    yield _("%(community)s, telephone %(phone)s", community=name, phone=phone) if phone else name
    yield _("What comes to you by e-mail you choose here: %(url)s", url=_url("notices.by_mail"))


def _url(endpoint: str, **values: object) -> str:
    """The address of a page as it is reached from outside."""
    outside = urlsplit(linli().config.address)
    adapter = current_app.url_map.bind(outside.netloc, outside.path or "/", url_scheme=outside.scheme)
    return adapter.build(endpoint, {"community": here().slug, **values}, force_external=True)


def _shortened(subject: str) -> str:
    return subject if len(subject) <= LONGEST_SUBJECT else f"{subject[: LONGEST_SUBJECT - 1]}…"


@contextmanager
def _speaking(locale: str | None) -> Iterator[None]:
    """Inside, words are in a language, whatever else this process has said before."""
    code = locale if locale in LOCALES else "zh-Hans"
    with current_app.app_context(), force_locale(LOCALES[code]):
        g.here, g.locale_code = here(), code
        yield
