"""The wheel carries contracts and policies inside the package; everything else is in pyproject.toml."""

from setuptools import find_packages, setup

DATA = {"stable_jobs._data.contracts": "include/contracts", "stable_jobs._data.policies": "include/policies"}

setup(
    packages=[*find_packages("include", include=["stable_jobs*"]), *DATA],
    package_dir={"": "include", **DATA},
    package_data={
        "stable_jobs": ["py.typed", "**/*.csv", "**/*.html", "**/*.css", "**/*.po", "**/*.mo"],
        **{name: ["**/*.yaml"] for name in DATA},
    },
)
