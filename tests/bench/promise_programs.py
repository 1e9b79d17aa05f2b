"""The programs of the promise table: how each fetches one object and a whole bucket, in ranges of 8 MiB."""

from __future__ import annotations

import importlib.metadata
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.servers.fault_server import BUCKET, Keys

KEYS = Keys()
_BIN = Path(sys.executable).parent
_ROOT = Path(__file__).parents[2]
_BOTO3_ONE = "import boto3, sys; boto3.client('s3', endpoint_url=sys.argv[1]).download_file(*sys.argv[2:])"
_BOTO3_ALL = """
import boto3, sys
from concurrent.futures import ThreadPoolExecutor
s3 = boto3.client("s3", endpoint_url=sys.argv[1])
pages = s3.get_paginator("list_objects_v2").paginate(Bucket=sys.argv[2])
keys = [entry["Key"] for page in pages for entry in page["Contents"]]
with ThreadPoolExecutor(10) as executor:
    list(executor.map(lambda key: s3.download_file(sys.argv[2], key, f"{sys.argv[3]}/{key}"), keys))
"""


@dataclass(frozen=True)
class Program:
    """A command line tool or library. In the commands URL, KEY, TO and FOLDER are put in."""

    name: str
    version: str
    one: tuple[str, ...]
    all: tuple[str, ...]

    def command(self, url: str, to: Path, key: str | None) -> list[str]:
        """The command that fetches the object `key` to the file `to`, or with None everything below it."""
        words = {"URL": url, "TO": str(to), "FOLDER": str(to.parent if key else to), "KEY": key or ""}
        return [_put(word, words) for word in (self.all if key is None else self.one)]


def environment(url: str) -> dict[str, str]:
    """What every program finds around it: a server's keys, and no settings of this machine."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "RCLONE_"))}
    rclone = {
        "TYPE": "s3",
        "PROVIDER": "Other",
        "ENDPOINT": url,
        "ACCESS_KEY_ID": KEYS.access_key_id,
        "SECRET_ACCESS_KEY": KEYS.secret_access_key,
    }
    return {
        **kept,
        "PYTHONPATH": str(_ROOT),
        "AWS_ACCESS_KEY_ID": KEYS.access_key_id,
        "AWS_SECRET_ACCESS_KEY": KEYS.secret_access_key,
        "AWS_REGION": "us-east-1",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        **{f"RCLONE_CONFIG_SERVER_{name}": value for name, value in rclone.items()},
        "RCLONE_CONFIG": os.devnull,
    }


def programs() -> list[Program]:
    """All programs of the table. Raises FileNotFoundError for one that is not installed."""
    python, source = sys.executable, f"s3://{BUCKET}/"
    ours = (python, "-m", "app", "get", "--endpoint-url", "URL", "--quiet", "--if-exists", "replace")
    aws = (_tool("aws"), "s3", "cp", "--endpoint-url", "URL", "--no-progress")
    s5cmd = (_tool("s5cmd"), "--endpoint-url", "URL", "cp", "--part-size", "8")
    rclone = (_tool("rclone"), "--multi-thread-cutoff", "8M", "--multi-thread-chunk-size", "8M")
    return [
        Program(
            "Downspout",
            importlib.metadata.version("downspout"),
            (*ours, f"{source}KEY", "FOLDER"),
            (*ours, source, "TO"),
        ),
        Program(
            "boto3",
            importlib.metadata.version("boto3"),
            (python, "-c", _BOTO3_ONE, "URL", BUCKET, "KEY", "TO"),
            (python, "-c", _BOTO3_ALL, "URL", BUCKET, "TO"),
        ),
        Program(
            "aws-cli",
            importlib.metadata.version("awscli"),
            (*aws, f"{source}KEY", "TO"),
            (*aws, "--recursive", source, "TO"),
        ),
        Program(
            "s5cmd",
            _said([_tool("s5cmd"), "version"]).removeprefix("v").partition("-")[0],
            (*s5cmd, f"{source}KEY", "TO"),
            (*s5cmd, f"{source}*", "TO/"),
        ),
        Program(
            "rclone",
            _said([_tool("rclone"), "version"]).partition("\n")[0].removeprefix("rclone v"),
            (*rclone, "copyto", f"server:{BUCKET}/KEY", "TO"),
            (*rclone, "copy", f"server:{BUCKET}", "TO"),
        ),
    ]


def _put(word: str, words: dict[str, str]) -> str:
    for name, value in words.items():
        word = word.replace(name, value)
    return word


def _tool(name: str) -> str:
    path = _BIN / name
    if not path.exists():
        raise FileNotFoundError(f"{name} is not installed: pip install -e '.[bench]'")
    return str(path)


def _said(command: Sequence[str]) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
