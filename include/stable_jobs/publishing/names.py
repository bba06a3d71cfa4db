"""File names in a published folder: `notice.csv`, then `notice.2.csv`, `notice.3.csv`."""

from __future__ import annotations

import re
from pathlib import Path, PurePath

from stable_jobs.errors import StepError

MANIFEST = "manifest.json"
PLAIN = re.compile(r"[a-z0-9_-]+(\.[a-z0-9]+)+", re.ASCII)
REGION = re.compile(r"[0-9]{6}", re.ASCII)


def check_name(name: str) -> None:
    """StepError unless the name is a plain one that can carry a number and cannot be a manifest's."""
    if not PLAIN.fullmatch(name) or name.startswith("manifest."):
        raise StepError(f"not a name for a published file: {name!r}; a-z 0-9 _ - and an ending")


def region_folder(parent: Path, region_code: str) -> Path:
    """The folder of a region's lists. StepError unless the code is six digits: it becomes a path."""
    if not REGION.fullmatch(region_code):
        raise StepError(f"not a region code for a path: {region_code!r}; six digits are expected")
    return parent / region_code


def numbered(name: str, number: int) -> str:
    """`notice.csv`, 1 → `notice.csv`; 2 → `notice.2.csv`."""
    parts = PurePath(name)
    return name if number == 1 else f"{parts.stem}.{number}{parts.suffix}"


def newest(folder: Path, name: str) -> int:
    """The highest number under which this name exists in the folder; 0 if it does not."""
    parts = PurePath(name)
    pattern = re.compile(rf"{re.escape(parts.stem)}(?:\.([1-9][0-9]*))?{re.escape(parts.suffix)}", re.ASCII)
    found = [pattern.fullmatch(path.name) for path in folder.iterdir()]
    return max((int(match[1] or 1) for match in found if match), default=0)
