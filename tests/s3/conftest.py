"""AWS configuration files for the tests of this package."""

from __future__ import annotations

from pathlib import Path

import pytest

CONFIG = """
[default]
region = eu-north-1
[profile work]
region = eu-central-1
aws_access_key_id = AKIAWORKWORKWORKWORK
aws_secret_access_key = work-secret
[profile minio]
endpoint_url = http://minio.local:9000
ca_bundle = {ca_bundle}
aws_access_key_id = AKIAMINIOMINIOMINIOM
aws_secret_access_key = minio-secret
[profile company]
sso_session = company
sso_account_id = 111122223333
sso_role_name = Reader
[sso-session company]
sso_region = eu-west-1
sso_start_url = https://company.example/start
[profile mfa]
role_arn = arn:aws:iam::111122223333:role/reader
source_profile = work
mfa_serial = arn:aws:iam::111122223333:mfa/me
"""


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An AWS config file with these profiles, in force."""
    (tmp_path / "ca.pem").write_text("")
    path = tmp_path / "config"
    path.write_text(CONFIG.format(ca_bundle=tmp_path / "ca.pem"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(path))
    monkeypatch.setenv("HOME", str(tmp_path))
    return path
