"""Settings of a layer that belong to one of its weights: `kernel_regularizer`, `bias_constraint`."""

from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from fastdnn import constraints, parts, regularizers
from fastdnn.constraints import Constraint
from fastdnn.regularizers import Regularizer

if TYPE_CHECKING:
    from fastdnn.layers.layer import Layer

Part = TypeVar("Part")


class WeightSetting(Generic[Part]):
    """One of them, of the weight that it is named after. What is set is made into a part, or refused."""

    kind: str

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name
        self.weight = name.removesuffix(f"_{self.kind}")

    @overload
    def __get__(self, layer: None, owner: type) -> "WeightSetting[Part]": ...

    @overload
    def __get__(self, layer: "Layer", owner: type) -> Part | None: ...

    def __get__(self, layer: "Layer | None", owner: type) -> "Part | WeightSetting[Part] | None":
        return self if layer is None else self.parts_of(layer).get(self.weight)

    def __set__(self, layer: "Layer", given: Any) -> None:
        where = f"{layer.name or type(layer).__name__}, {self._name}"
        self.parts_of(layer)[self.weight] = self.made(given, where)

    def parts_of(self, layer: "Layer") -> dict[str, Part | None]:
        """Those of all weights of a layer."""
        raise NotImplementedError

    def made(self, given: Any, where: str) -> Part | None:
        """The part that is meant."""
        raise NotImplementedError


class RegularizerSetting(WeightSetting[Regularizer]):
    """What is added to the loss for the weight."""

    kind = "regularizer"

    def parts_of(self, layer: "Layer") -> dict[str, Regularizer | None]:
        """Those of all weights of a layer."""
        return layer._regularizers

    def made(self, given: Any, where: str) -> Regularizer | None:
        """The regulariser that is meant."""
        return regularizers.get(given, where)


class ConstraintSetting(WeightSetting[Constraint]):
    """What holds of the weight after each step."""

    kind = "constraint"

    def parts_of(self, layer: "Layer") -> dict[str, Constraint | None]:
        """Those of all weights of a layer."""
        return layer._constraints

    def made(self, given: Any, where: str) -> Constraint | None:
        """The constraint that is meant."""
        return constraints.get(given, where)


def settings_config(layer: "Layer") -> dict[str, Any]:
    """The settings of a layer as arguments of its class, of JSON's types."""
    names = [
        name
        for kind in reversed(type(layer).__mro__)
        for name, value in vars(kind).items()
        if isinstance(value, WeightSetting)
    ]
    return {name: parts.described_or_none(getattr(layer, name)) for name in names}
