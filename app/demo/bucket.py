"""moto's S3 with the demo objects in it, seeded in this process without a request."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from typing import Any

from awscrt.checksums import crc64nvme
from moto.core import DEFAULT_ACCOUNT_ID
from moto.moto_server.werkzeug_app import create_backend_app
from moto.s3.models import s3_backends

from app.core.objects import DEMO_BUCKET
from app.demo.contents import DemoObject, film_bytes


def make_app(objects: Iterable[DemoObject]) -> Any:
    """moto's WSGI application for S3, its only bucket holding `objects`.

    A film is known to moto by name, size and checksums only; its bytes are the middleware's part.
    """
    backend = s3_backends[DEFAULT_ACCOUNT_ID]["aws"]
    backend.create_bucket(DEMO_BUCKET, "us-east-1")
    for item in objects:
        md5, crc = hashlib.md5(usedforsecurity=False), 0
        for piece in film_bytes(item.key, 0, item.size_bytes) if item.body is None else (item.body,):
            md5.update(piece)
            crc = crc64nvme(piece, crc)
        key = backend.put_object(
            DEMO_BUCKET, item.key, item.body or b"", storage=item.storage_class, etag=md5.hexdigest()
        )
        key.contentsize = item.size_bytes
        key.last_modified = item.modified_at.replace(tzinfo=None)
        key.checksum_algorithm = "CRC64NVME"
        key.checksum_type = "FULL_OBJECT"
        key.checksum_value = base64.b64encode(crc.to_bytes(8, "big")).decode()
    return create_backend_app("s3")
