"""The free-form parts of a document, taken from the standard's models and put through our strict ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError

from stable_jobs.contracts.document import Quality, ServiceLevels
from stable_jobs.contracts.fault import fault, fault_of

if TYPE_CHECKING:
    from open_data_contract_standard.model import (
        CustomProperty,
        DataQuality,
        OpenDataContractStandard,
        ServiceLevelAgreementProperty,
    )

M = TypeVar("M", bound=BaseModel)
ENGINE = "greatExpectations"


def parse(file: Path, place: str, model: type[M], values: Mapping[str, Any]) -> M:
    """The values as that model; ContractError at the first that it refuses."""
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        raise fault_of(file, place, error) from error


def property_values(file: Path, place: str, properties: Iterable[CustomProperty] | None) -> dict[str, Any]:
    """`customProperties` as a mapping; ContractError where one has no name or stands twice."""
    values: dict[str, Any] = {}
    for entry in properties or ():
        if entry.property is None or entry.property in values:
            raise fault(
                file, f"{place}.customProperties", "every property once, with its name", entry.property
            )
        values[entry.property] = entry.value
    return values


def service_levels(file: Path, document: OpenDataContractStandard) -> ServiceLevels:
    """Due time and oldest acceptable age."""
    levels = {entry.property or "": _level(entry) for entry in document.slaProperties or ()}
    return parse(file, "slaProperties", ServiceLevels, levels)


def _level(entry: ServiceLevelAgreementProperty) -> dict[str, Any]:
    return {"value": entry.value, "unit": entry.unit}


def quality_entries(file: Path, place: str, entries: Iterable[DataQuality] | None) -> tuple[Quality, ...]:
    """The quality entries; ContractError for another engine or a part that our models refuse."""
    return tuple(_quality(file, f"{place}.quality.{entry.name}", entry) for entry in entries or ())


def _quality(file: Path, place: str, entry: DataQuality) -> Quality:
    if entry.type != "custom" or entry.engine != ENGINE:
        raise fault(file, place, f"type custom, engine {ENGINE}", f"{entry.type}, {entry.engine}")
    values = {
        "name": entry.name,
        "severity": entry.severity,
        "implementation": entry.implementation,
        "properties": property_values(file, place, entry.customProperties),
    }
    return parse(file, place, Quality, values)
