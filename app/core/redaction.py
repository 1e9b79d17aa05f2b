"""No secret is shown: hides them in every text that leaves the program (logs, errors, crash texts)."""

from __future__ import annotations

import re
from urllib.parse import quote

HIDDEN = "***"
MIN_SECRET = 8
"""Shorter ones are no secrets (S3 servers ask for eight characters or more) and stand in any other word."""
MAX_LEARNED = 64
"""A connection whose keys are renewed for weeks forgets the oldest."""

_NAMES = (
    r"x-amz-(?:security-token|signature|credential|sso_bearer_token)",
    r"x-aws-ec2-metadata-token|authorizationtoken",
    r"aws_?secret_?access_?key|secret[-_]?access[-_]?key|secret[-_]?key",
    r"(?:aws[-_]?)?(?:session|security|access|refresh|id)[-_]?token",
    r"client[-_]?secret|web[-_]?identity[-_]?token|samlassertion|tokencode|password|passwd",
    r"signature(?:provided)?|credential",
)
_BETWEEN = r"""(?:["']?\s*[:=>]|["']\s*,)\s*(?:b?["'])?"""
_NAMED = re.compile(rf"""(?<![a-z0-9])((?:{"|".join(_NAMES)}){_BETWEEN})[^"'<>&\s,;)}}\]]+""", re.IGNORECASE)
_AUTHORIZATION = re.compile(rf"""(authorization{_BETWEEN})[^"'\r\n]+""", re.IGNORECASE)
_JSON_TOKEN = re.compile(r"""(["'](?:token|secret)["']\s*:\s*["'])[^"']+""", re.IGNORECASE)
_USER_INFO = re.compile(r"""([a-z][a-z0-9+.-]*://)[^\s/?#"'<>]*@""", re.IGNORECASE)
_OF_A_USER = re.compile(r"^([^/?#]*?://)?.*@", re.DOTALL)
_KEY_ID = re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{8,}\b")


class Redactor:
    """Hides what has the form of a secret, and the secrets that it was told. Any thread."""

    def __init__(self) -> None:
        self._learned: tuple[tuple[str, str], ...] = ()

    def learn(self, *secrets: str | None, key_id: str = "") -> None:
        """From now on these texts are hidden wherever they stand; of `key_id` the last four are shown."""
        told = [(secret, HIDDEN) for secret in secrets if secret] + [(key_id, masked(key_id))]
        new = {form: shown for text, shown in told if len(text) >= MIN_SECRET for form in _forms(text)}
        kept = [known for known in self._learned if known[0] not in new]
        self._learned = (*new.items(), *kept)[:MAX_LEARNED]

    def __call__(self, text: str) -> str:
        """The text without secrets."""
        for secret, shown in self._learned:
            if secret in text:
                text = text.replace(secret, shown)
        text = _AUTHORIZATION.sub(_hide_value, text)
        text = _NAMED.sub(_hide_value, text)
        text = _JSON_TOKEN.sub(_hide_value, text)
        text = _USER_INFO.sub(rf"\1{HIDDEN}@", text)
        return _KEY_ID.sub(lambda found: masked(found.group()), text)


redacted = Redactor()
"""The process's own, for its logs and its crashes know no connection."""


def masked(key_id: str) -> str:
    """An access key id as it may be shown: its last four characters."""
    return f"…{key_id[-4:]}"


def without_user_info(url: str) -> str:
    """An endpoint, its scheme typed or not, less the user's name and password, whatever stands in them."""
    return _OF_A_USER.sub(lambda found: found[1] or "", url)


def _forms(secret: str) -> set[str]:
    return {secret, quote(secret, safe="")}


def _hide_value(found: re.Match[str]) -> str:
    return f"{found[1]}{HIDDEN}"
