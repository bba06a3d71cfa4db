"""Latin words in Chinese text: what is a name, and what is English that was left there."""

from __future__ import annotations

import re

NAMES = frozenset({
    "Airflow", "BOM", "CR", "CSV", "DAG", "English", "Excel", "GB", "HTML", "ID", "JSON",
    "LF", "OpenDocument", "PDF",
    "RAR", "RTF", "SHA", "UTC", "UTF", "XLSX", "XML", "ZIP",
    "gzip", "bzip", "xz", "Zip", "Zstandard",
})  # fmt: skip
"""What is called the same in Chinese."""
CODES = re.compile(
    r"[\w<>-]*\.(?:csv|xlsx|xlsb|xls|ods|docx|json|html|xml|parquet|odcs|yaml)\b"  # files and their kinds
    r"|\b(?:csv|xlsx)\b|\b[a-z]+/"  # and folders
    r"|\b[a-z0-9]+(?:[_.][a-z0-9_<>]+)+"  # columns, extracts, rules
    r"|\b(?:[0-9]+-)*[0-9A-Z]{15,20}(?:-[0-9]+)*\b|\b[0-9]{6}-[0-9]{8}-L[0-9]-[0-9]+\b"  # codes
    r"|\b[0-9a-f]{6,64}\b|\b0x[0-9A-F]{2}\b"  # hashes and bytes
    r"|\bstable-jobs(?: [a-z-]+)*(?: --[a-z-]+)*"  # commands
    r"|\b[a-z]+[0-9]+\b|\bU\+[0-9A-F]{4}|[0-9]T[0-9]"  # fields, signs, moments
)
RUN = re.compile(r"[A-Za-z]{2,}")


def english(text: str) -> list[str]:
    """The Latin words that are neither names nor codes."""
    return [word for word in RUN.findall(CODES.sub(" ", text)) if word not in NAMES]
