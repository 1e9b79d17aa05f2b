"""The signature against botocore's own signer, and keys in URLs."""

from __future__ import annotations

import datetime
from unittest.mock import patch
from urllib.parse import unquote

import pytest
from botocore import auth as boto_auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from app.s3.signing import Keys, Signer, encode_key, encode_query

MOMENT = datetime.datetime(2026, 11, 21, 17, 3, 9, tzinfo=datetime.UTC)
HOST = "bucket.s3.eu-central-1.amazonaws.com"

ODD = st.sampled_from(
    ["/", "//", "..", "/../", "/./", "+", "%", "%2F", " ", "😀", "é", "\x01", "~", "?", "#", "&="]
)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
KEYS = st.lists(st.one_of(ODD, TEXT), min_size=1, max_size=8).map("".join)
VALUES = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=20)
HEADERS = st.dictionaries(
    st.sampled_from(["range", "if-match", "x-amz-checksum-mode", "x-amz-request-payer"]), VALUES, max_size=4
)
SECRETS = st.text("abcXYZ019+/=", min_size=1, max_size=40)


def boto_headers(
    path: str, headers: dict[str, str], keys: Keys, moment: datetime.datetime = MOMENT
) -> dict[str, str]:
    """What botocore's S3 signer sends for the same request at the same moment."""
    request = AWSRequest("GET", f"https://{HOST}{path}", headers=headers)
    request.context["client_config"] = Config(s3={"payload_signing_enabled": False})
    credentials = Credentials(keys.access_key_id, keys.secret_access_key, keys.session_token)
    signer = boto_auth.S3SigV4Auth(credentials, "s3", "eu-central-1")
    with patch.object(boto_auth, "get_current_datetime", lambda: moment.replace(tzinfo=None)):
        signer.add_auth(request)
    return {name.lower(): value for name, value in request.headers.items()}


@given(
    KEYS,
    st.lists(st.tuples(KEYS, TEXT), max_size=3, unique_by=lambda pair: pair[0]),
    HEADERS,
    SECRETS,
    st.none() | SECRETS,
)
def test_the_signature_is_the_one_that_botocore_makes(
    key: str, query: list[tuple[str, str]], headers: dict[str, str], secret: str, token: str | None
) -> None:
    keys = Keys("AKIDEXAMPLE", secret, token)
    path = "/" + encode_key(key)
    if query:
        path += "?" + encode_query(query)
    signer = Signer(keys, "eu-central-1", "s3")
    sent = signer.sign("GET", path, [("host", HOST), *headers.items()], int(MOMENT.timestamp()))
    ours = {name.lower(): value for name, value in sent}
    theirs = boto_headers(path, headers, keys)
    assert ours.pop("host") == HOST
    assert ours == theirs


def test_a_signer_goes_with_the_time() -> None:
    keys = Keys("AKIDEXAMPLE", "secret")
    signer = Signer(keys, "eu-central-1", "s3")
    for later_s in (0, 0, 1, 60, 86_400, 86_401):
        moment = MOMENT + datetime.timedelta(seconds=later_s)
        sent = dict(signer.sign("GET", "/a", [("host", HOST)], int(moment.timestamp())))
        assert sent["authorization"] == boto_headers("/a", {}, keys, moment)["authorization"]


@given(KEYS)
def test_an_encoded_key_decodes_to_itself_and_keeps_its_slashes(key: str) -> None:
    encoded = encode_key(key)
    assert unquote(encoded) == key
    assert encoded.count("/") == key.count("/")
    assert encoded.isascii()
    assert not set(encoded) & set(" ?#+\\")


def test_a_key_with_a_lone_surrogate_has_no_path() -> None:
    with pytest.raises(UnicodeEncodeError):
        encode_key("a\ud800b")


def test_keys_are_not_in_their_repr() -> None:
    assert "secret" not in repr(Keys("AKIDEXAMPLE", "secret", "token"))
    assert "AKID" not in repr(Keys("AKIDEXAMPLE", "secret", "token"))
