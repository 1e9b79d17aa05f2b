"""The file that `--receipt` names: whether it can be written, and writing it whole or not at all."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path


def receipt_problem(path: str, destination: str) -> str:
    """Why the receipt cannot be written to `path`, empty when it can; leaves nothing behind.

    Its folder may be `destination`, which the batch makes.
    """
    final = Path(path).absolute()
    if final.is_dir():
        return "it is a folder"
    if not final.parent.is_dir():
        is_to_come = final.parent == Path(destination).absolute() and not final.parent.exists()
        return "" if is_to_come else f"there is no folder {final.parent}"
    if _is_device(final):
        return ""
    import tempfile  # 8 ms, for a receipt alone

    try:
        tempfile.TemporaryFile(dir=final.parent).close()
    except OSError as error:
        return error.strerror or "unknown error"
    return ""


def write_receipt(path: str, receipt: dict[str, object]) -> bool:
    """Write the receipt; False when that failed. A file that is there is replaced, a device written to."""
    import tempfile

    final = Path(path)
    part: str | None = None
    try:
        if _is_device(final):
            final.write_text(_text(receipt), encoding="utf-8")
            return True
        final = final.resolve()
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", dir=final.parent, prefix=".receipt-", delete=False
        ) as file:
            part = file.name
            file.write(_text(receipt))
        Path(part).replace(final)
    except OSError:
        if part is not None:
            with suppress(OSError):
                Path(part).unlink()
        return False
    return True


def _is_device(path: Path) -> bool:
    """True for a pipe, a terminal or the like."""
    return path.exists() and not path.is_file() and not path.is_dir()


def _text(receipt: dict[str, object]) -> str:
    return json.dumps(receipt, indent=1) + "\n"
