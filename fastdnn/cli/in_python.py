"""Lines of Python that make the sets of a command: the names x, y, x_dev, y_dev, x_test, y_test."""

from collections.abc import Mapping

from fastdnn.cli.recipe import Recipe
from fastdnn.cli.recipe_file import METADATA_WORD, read_words
from fastdnn.cli.table_model import is_csv
from fastdnn.cli.training_sets import DEV, DIGITS, HEADERS, HELD_OUT, table_sets
from fastdnn.model import Model

_NAMES = {"train": ("x", "y"), "dev": ("x_dev", "y_dev"), "test": ("x_test", "y_test")}
# Of `load_csv`, where the recipe has its own word for them.
_OPTIONS = ("exclude", "categories", "delimiter", "decimal", "missing", "default_missing")


def lines_of_files(model: Model, files: Mapping[str, str]) -> list[str]:
    """Those that read the files {set: path}."""
    lines = []
    for name, path in files.items():
        x, y = _NAMES[name]
        if is_csv("diagnose", model, path):
            assert model.table is not None
            target = model.table.target.name
            lines.append(f"{name} = fd.data.load_csv({path!r}, {target!r}, like=model.table)")
            lines.append(_encoded(x, y, name))
        else:
            lines.append(f"{name} = np.load({path!r})")
            lines.append(f"{x}, {y} = {name}['x'], {name}['y']")
    return lines


def lines_of_sets(model: Model) -> list[str]:
    """Those that read and split what a model says it was trained on; `sets_of` has found it."""
    run = model.metadata[METADATA_WORD]
    if isinstance(run.get(DIGITS), dict):
        about = run[DIGITS]
        split = f"dev={about.get(DEV, HELD_OUT)}, test={HELD_OUT}, stratify=y, seed={about['seed']}"
        return [
            "x, y = fd.data.load_digits()",
            f"train, dev, test = fd.data.train_dev_test_split(x, y, {split})",
            "(x, y), (x_dev, y_dev), (x_test, y_test) = train, dev, test",
        ]
    recipe = Recipe(**read_words("diagnose", run["settings"]))
    sets = table_sets(recipe)
    return [
        f"table = fd.data.load_csv({recipe.data!r}, {recipe.target!r}{_options(recipe)})",
        f"train, dev, test = table.split({recipe.dev}, {recipe.test}, seed={recipe.seed}, "
        f"stratify={sets.stratified})",
        *(_encoded(*_NAMES[name], name) for name in _NAMES if len(sets.parts[name])),
    ]


def _options(recipe: Recipe) -> str:
    """What is not as `load_csv` takes it by itself."""
    usual = Recipe()
    given = {name: getattr(recipe, name) for name in _OPTIONS}
    told = {name: value for name, value in given.items() if value != getattr(usual, name)}
    if HEADERS[recipe.header] is not None:
        told["header"] = HEADERS[recipe.header]
    return "".join(f", {name}={value!r}" for name, value in told.items())


def _encoded(x: str, y: str, name: str) -> str:
    return f"{x}, {y} = model.table.encoded({name}), model.table.transform_target({name})"
