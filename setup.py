"""The wheel has contracts, policies and banks inside the package; everything else is in pyproject.toml."""

from setuptools import find_packages, setup

DATA = {f"stable_jobs._data.{name}": f"include/{name}" for name in ("contracts", "policies", "banks")}

setup(
    packages=[*find_packages("include", include=["stable_jobs*"]), *DATA],
    package_dir={"": "include", **DATA},
    package_data={
        "stable_jobs": ["py.typed", "**/*.csv", "**/*.html", "**/*.css", "**/*.po", "**/*.mo"],
        **{name: ["**/*.yaml"] for name in DATA},
    },
)
