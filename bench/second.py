"""The deliveries of the night after: every file as it was, but for one extract."""

from __future__ import annotations

import json
from datetime import date
from hashlib import sha256
from pathlib import Path

CHANGED = "taxpayers"
"""The extract whose files change: one of middle size, which every region has."""


def deliver_again(landing: Path, before: date, on: date, changed: str = CHANGED) -> None:
    """Put every file of `before` into the folders of `on`, once; those of one extract with two rows swapped.

    Swapped rows are other bytes with the same count and the same sums.
    """
    for manifest in sorted(landing.glob(f"*/*/{before}/*.manifest.json")):
        folder = manifest.parents[1] / on.isoformat()
        if (folder / manifest.name).exists():
            continue
        folder.mkdir(exist_ok=True)
        said = json.loads(manifest.read_text(encoding="utf-8")) | {"business_date": on.isoformat()}
        for source in manifest.parent.glob(manifest.name.replace(".manifest.json", ".[cx]*")):
            target = folder / source.name
            if manifest.parents[1].name == changed:
                said["sha256"] = _swapped(source, target)
            else:
                target.hardlink_to(source)
        (folder / manifest.name).write_text(json.dumps(said, ensure_ascii=False), encoding="utf-8")


def _swapped(source: Path, target: Path) -> str:
    """The file with its last two rows in the other order; its SHA-256."""
    lines = source.read_bytes().splitlines(keepends=True)
    lines[-2:] = lines[:-3:-1]
    content = b"".join(lines)
    target.write_bytes(content)
    return sha256(content).hexdigest()
