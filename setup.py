"""The wheel has contracts, policies and banks inside the package; everything else is in pyproject.toml."""

from setuptools import find_packages, setup

BESIDE_CODE = ("csv", "css", "html", "js", "mo", "po", "sql", "svg")
DATA = {f"stable_jobs._data.{name}": f"include/{name}" for name in ("contracts", "policies", "banks")}

setup(
    packages=[*find_packages("include", include=["stable_jobs*"]), *DATA],
    package_dir={"": "include", **DATA},
    package_data={
        "stable_jobs": ["py.typed", *(f"**/*.{kind}" for kind in BESIDE_CODE)],
        **{name: ["**/*.yaml"] for name in DATA},
    },
)
