"""The colours of the pipelines can be told apart, and no text of a user becomes markup or moves the cursor."""

import os
import subprocess
import sys
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from churn.harness.errors import BadInput, exit_on_bad_input
from churn.harness.terminal import COLOURS, console, print_table, progress_bar, styled
from churn.harness.visible import visible

ROOT = Path(__file__).parents[3]

# Machado, Oliveira & Fernandes (2009), "A Physiologically-based Model for Simulation of Color Vision Deficiency",
# severity 1.0, on linear RGB: https://www.inf.ufrgs.br/~oliveira/pubs_files/CVD_Simulation/CVD_Simulation.html
SEEN_BY = {
    "everybody else": np.eye(3),
    "protanopes": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopes": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
}
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])  # sRGB, D65
CLEARLY_APART = 10  # CIE 1976; 2.3 is just noticeable


def lab(colour: str, eyes: NDArray[np.float64]) -> NDArray[np.float64]:
    """CIE L*a*b* of a colour such as #0072B2 as these eyes see it."""
    srgb = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    relative = TO_XYZ @ np.clip(eyes @ linear, 0, 1) / TO_XYZ.sum(axis=1)
    x, y, z = np.where(relative > 0.008856, np.cbrt(relative), 7.787 * relative + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("eyes", SEEN_BY)
def test_every_two_colours_are_clearly_apart(eyes: str) -> None:
    apart = {
        pair: float(np.linalg.norm(lab(COLOURS[pair[0]], SEEN_BY[eyes]) - lab(COLOURS[pair[1]], SEEN_BY[eyes])))
        for pair in combinations(COLOURS, 2)
    }
    assert min(apart.values()) > CLEARLY_APART, min(apart, key=lambda pair: apart[pair])


def test_red_and_green_would_not_do() -> None:
    near = np.linalg.norm(lab("#b05a00", SEEN_BY["deuteranopes"]) - lab("#7a7a00", SEEN_BY["deuteranopes"]))
    assert near < CLEARLY_APART


NASTY = "Fee [/month] [red]x[/] :warning: \x1b[2J\x1b]0;owned\x07\u202egnp.\udcff"
SHOWN = "Fee [/month] [red]x[/] :warning: \\x1b[2J\\x1b]0;owned\\x07\\u202egnp.\\udcff"


def test_names_and_values_of_a_user_are_printed_as_they_are(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console, "width", 300)
    console.print(f"look out: {NASTY}")
    console.print(styled((NASTY, "bold red"), NASTY))
    print_table(NASTY, ["", NASTY], [[NASTY, "1"], [styled((NASTY, "bold")), NASTY]])
    with progress_bar(NASTY, 1) as bar:
        bar.say(f"again {NASTY}")
    printed = capsys.readouterr().out
    assert printed.count(SHOWN) == 9
    assert not set(printed) & {"\x1b", "\x07", "\u202e"}


def test_errors_show_what_is_invisible(capsys: pytest.CaptureFixture[str]) -> None:
    def main() -> None:
        raise BadInput(f"{NASTY}: rename it\r\x9b2J")

    with pytest.raises(SystemExit):
        exit_on_bad_input(main)()
    assert capsys.readouterr().err == f"error: {SHOWN}: rename it\\r\\x9b2J\n"


@pytest.mark.parametrize("text", ["plain\n\ttext", "12\u202f345,67\u00a0€", "کتاب‌ها", "👩‍💻", "naïve 客户 −1"])
def test_what_people_write_is_left_alone(text: str) -> None:
    assert visible(text) == text


def test_a_terminal_of_ascii_gets_a_question_mark_for_what_it_lacks() -> None:
    say = "from churn.harness.terminal import console; console.print('campaign 89 €')"
    printed = subprocess.run(
        [sys.executable, "-c", say],
        cwd=ROOT,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert printed.stdout == "campaign 89 ?\n"
