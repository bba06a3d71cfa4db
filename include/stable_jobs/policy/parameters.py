"""Which value holds for a region, scheme and size on a date; inherited upward, never across policy years."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from stable_jobs.dated import as_of
from stable_jobs.errors import PolicyError
from stable_jobs.policy.catalogue import CATALOGUE, PROVINCE, SIZES, Parameter
from stable_jobs.policy.load import Policies, Value
from stable_jobs.policy.values import Parsed, Scalar
from stable_jobs.regions import NATION, is_code, is_province, upward
from stable_jobs.workdays import clears_on


@dataclass(frozen=True)
class Resolved:
    """A value in force and where it comes from. `region`: the level that set it."""

    value: Scalar | None
    region: str
    source: Value | None


def in_force(versions: tuple[Value, ...], on: date) -> Value | None:
    """The newest version of the policy year of `on` with `effective_from <= on`.

    A value of another policy year never holds (domain: section 2).
    """
    return as_of((v for v in versions if v.effective_from.year == on.year), on)


def regions_taking_part(policies: Policies, on: date) -> tuple[str, ...]:
    """Codes whose own folder has a value in force in the policy year; the nation only passes on.

    Without those that have a fault: nothing can be decided by their parameters. A province takes part for the
    units it insures itself (省本级) where its parameters are whole; else it only passes on.
    """
    faults = region_faults(policies, on)
    return tuple(
        code
        for code in _with_values(policies, on)
        if code not in faults and not (is_province(code) and province_fault(policies, code, on))
    )


def region_faults(policies: Policies, on: date) -> Mapping[str, str]:
    """Region → why its parameters cannot be used on that date; no province.

    The first fault of its files or of those above, a required parameter without a value, or a notice that
    ends in a year whose working days nobody knows yet.
    """
    if on not in policies.known:
        broken = {code for code in policies.faults if is_code(code)}
        codes = sorted(
            c for c in broken | set(_with_values(policies, on)) if not is_province(c) and c != NATION
        )
        found = ((code, _fault_of(policies, code, on)) for code in codes)
        policies.known[on] = {code: why for code, why in found if why is not None}
    faults: Mapping[str, str] = policies.known[on]
    return faults


def province_fault(policies: Policies, province: str, on: date) -> str | None:
    """Why the parameters of a province cannot be used for units of its own; None: they can, or it has none.

    No fault of a province that insures nobody: it may set some values and leave the others to its cities.
    """
    key = (on, province)
    if key not in policies.known:
        has_own = province in policies.faults or province in _with_values(policies, on)
        policies.known[key] = _fault_of(policies, province, on) if has_own else None
    fault: str | None = policies.known[key]
    return fault


def _with_values(policies: Policies, on: date) -> list[str]:
    return [
        code
        for code, policy in sorted(policies.regions.items())
        if code != NATION and any(in_force(versions, on) for versions in policy.values.values())
    ]


def _fault_of(policies: Policies, region: str, on: date) -> str | None:
    read = next((policies.faults[level] for level in upward(region) if level in policies.faults), None)
    if read is not None:
        return read
    try:
        found = settled(policies, region, on)
        for days in {one.value for name, one in found.items() if name.endswith(".notice_working_days")}:
            _last_day(on, days)
    except PolicyError as error:
        return str(error)
    return None


@lru_cache(maxsize=1024)
def _last_day(opened: date, days: object) -> None:
    """PolicyError where the calendar does not reach that far; asked once for all regions."""
    if isinstance(days, int):
        clears_on(opened, days)


def settled(policies: Policies, region: str, on: date) -> dict[str, Resolved]:
    """Every parameter that is set for a region on a date: `<scheme>.<name>`, or `<scheme>.<name>.<size>`.

    Of a scheme that is closed only that it is. PolicyError where a required one is missing.
    """
    is_open = set(schemes_open(policies, region, on))
    found: dict[str, Resolved] = {}
    for parameter in CATALOGUE.values():
        for scheme in parameter.schemes:
            if scheme in is_open or parameter.name == "scheme_open":
                for size in SIZES if parameter.by_size else (None,):
                    one = resolve(policies, region, scheme, parameter.name, on, size)
                    if one.source is not None:
                        found[".".join(filter(None, (scheme, parameter.name, size)))] = one
    return found


def demo_regions(policies: Policies, on: date) -> tuple[str, ...]:
    """Regions taking part that use, themselves or by inheritance, a value marked `demo: true`."""
    return tuple(code for code in regions_taking_part(policies, on) if _uses_demo(policies, code, on))


def _uses_demo(policies: Policies, region: str, on: date) -> bool:
    levels = (policies.regions[level] for level in upward(region) if level in policies.regions)
    found = (in_force(versions, on) for level in levels for versions in level.values.values())
    return any(value is not None and value.demo for value in found)


def resolve(
    policies: Policies, region: str, scheme: str, name: str, on: date, size: str | None = None
) -> Resolved:
    """The value for one region, scheme and, where the parameter has sizes, size.

    The nearest level with a version in force decides; a `null` there ends the value and is not
    inherited past. Raises PolicyError naming region, parameter and date where a required one is missing.
    """
    parameter = CATALOGUE[name]
    found = _nearest(policies, region, (scheme, name), on, size)
    if found is None:
        return _missing(parameter, region, scheme, on, size)
    level, version = found
    value = _of_size(version.value, size)
    if value is None and not parameter.nullable:
        return _missing(parameter, region, scheme, on, size)
    return Resolved(_place(region, value), level, version)


def _nearest(
    policies: Policies, region: str, key: tuple[str, str], on: date, size: str | None
) -> tuple[str, Value] | None:
    for level in upward(region):
        policy = policies.regions.get(level)
        versions = policy.values.get(key, ()) if policy else ()
        version = in_force(tuple(v for v in versions if _speaks_of(v.value, size)), on)
        if version is not None:
            return level, version
    return None


def _speaks_of(value: Parsed, size: str | None) -> bool:
    return value is None or size is None or (isinstance(value, dict) and size in value)


def _of_size(value: Parsed, size: str | None) -> Scalar | None:
    if isinstance(value, dict):
        return None if size is None else value[size]
    return value  # type: ignore[return-value]  # a Mapping is always a dict here


def _place(region: str, value: Scalar | None) -> Scalar | None:
    return region[:2] + "0000" if value == PROVINCE else value


def _missing(parameter: Parameter, region: str, scheme: str, on: date, size: str | None) -> Resolved:
    if not parameter.required:
        return Resolved(None, region, None)
    what = parameter.name if size is None else f"{parameter.name} ({size})"
    raise PolicyError(
        f"policies: region {region}, scheme {scheme}: expected a value of {what} "
        f"({parameter.meaning_zh}) in force on {on} within policy year {on.year}; found none here or "
        f"upward ({', '.join(upward(region))}); next: add it to {region}/{scheme}.yaml with its reference"
    )


def schemes_open(policies: Policies, region: str, on: date) -> Iterator[str]:
    """`general` always; `difficult` where the region opens it for the policy year."""
    yield "general"
    if resolve(policies, region, "difficult", "scheme_open", on).value:
        yield "difficult"
