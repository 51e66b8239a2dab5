"""A model on disk: skops, so that reading it never runs code, and the same bytes for the same model."""

import re
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile, ZipInfo

from skops import io as skops


def save_model(model: Any, path: Path) -> None:
    """Write a skops file, the same bytes for the same model: a digest of it then says which model it is.

    skops numbers objects by their addresses in memory and dates its files by the clock; here they are numbered as they
    come, and have the date that a zip gives what has none.
    """
    with ZipFile(BytesIO(skops.dumps(model))) as dumped, ZipFile(path, "w") as written:
        schema = dumped.read("schema.json").decode()
        addresses = dict.fromkeys(re.findall(r'"__id__": (\d+)', schema))
        number = {address: str(place) for place, address in enumerate(addresses)}
        for name in dumped.namelist():
            if name == "schema.json":
                renumbered = re.sub(r'(?<="__id__": )\d+|(?<="file": ")\d+(?=\.npy")', lambda m: number[m[0]], schema)
                written.writestr(ZipInfo(name), renumbered)
            else:
                address, ending = name.split(".")
                written.writestr(ZipInfo(f"{number[address]}.{ending}"), dumped.read(name))
