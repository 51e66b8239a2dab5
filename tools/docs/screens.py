"""Take screenshots of the web UIs of Airflow, Dagster and MLflow after the demos: `make docs-assets`.

Start each engine's `make ui-…` from its own environment, open it with Chromium, and stop it.
"""

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Error, Page, ViewportSize, sync_playwright

from tools.docs.chromium import ALONE, chromium

ROOT = Path(__file__).parents[2]
SCREENS = ROOT / "docs" / "assets" / "screens"
SIZE: ViewportSize = {"width": 1280, "height": 760}
SECONDS_TO_START = 180
MILLISECONDS_TO_SETTLE = 3000  # the UI lays out graphs and animates panels


@contextmanager
def pages_of(environment: str, *command: str) -> Iterator[str]:
    """Yield the address of an engine's web UI, and stop all its processes afterwards."""
    python = ROOT / ".venv" / environment / "bin" / "python"
    server = subprocess.Popen(
        [python, "-u", "-m", *command], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        assert server.stdout
        for line in server.stdout:
            if found := re.search(r"http://127\.0\.0\.1:\d+", line):
                yield found[0]
                return
        sys.exit(f"{' '.join(command)} printed no address: run the demo first")
    finally:
        server.terminate()
        server.wait(60)


def open_when_ready(page: Page, address: str) -> None:
    """Open a page of an engine, and retry while the engine is starting."""
    deadline = time.monotonic() + SECONDS_TO_START
    while True:
        try:
            page.goto(address)
            return
        except Error:
            if time.monotonic() > deadline:
                raise
            time.sleep(1)


def screenshot(page: Page, name: str) -> None:
    page.wait_for_timeout(MILLISECONDS_TO_SETTLE)
    path = SCREENS / f"{name}.png"
    page.screenshot(path=path)
    print(f"{path.relative_to(ROOT)}: {path.stat().st_size // 1024} KB")


def airflow(page: Page, address: str) -> None:
    passwords = json.loads((ROOT / "runs/data/airflow/passwords.json").read_text(encoding="utf-8"))
    open_when_ready(page, f"{address}/dags/exports/runs")
    page.get_by_label("Username").fill("admin")
    page.get_by_label("Password").fill(passwords["admin"])
    page.get_by_role("button", name="Sign in").click()
    page.get_by_text("Failed").first.wait_for()
    screenshot(page, "airflow-runs")
    open_when_ready(page, f"{address}/assets")
    page.get_by_role("link", name="valid", exact=True).click()
    page.get_by_text("Asset Events").first.wait_for()
    page.locator(".codicon-folding-collapsed").first.click()  # the result of the contract
    screenshot(page, "airflow-asset")


def dagster(page: Page, address: str) -> None:
    open_when_ready(page, f"{address}/assets/valid?view=partitions")
    page.get_by_text("2025-12").first.click(timeout=SECONDS_TO_START * 1000)
    screenshot(page, "dagster-partitions")


def mlflow(page: Page, address: str) -> None:
    open_when_ready(page, address)
    search = page.request.post(f"{address}/api/2.0/mlflow/experiments/search", data={"max_results": 100})
    newest = max(search.json()["experiments"], key=lambda experiment: experiment["last_update_time"])
    columns = [f"metrics.`{name}`" for name in ("roc_auc", "log_loss", "campaign_value_eur")]
    remembered = {
        "mlflow.workflowType_v1": '"machine_learning"',
        "mlflow.assistant.panelOpen_v1": "false",
        "mlflow.assistant.fab.autoOpenedOnFirstLoad_v1": "true",
        f'MLflowLocalStorage-1.1-ExperimentPage-["{newest["experiment_id"]}"]-ReactComponentState': json.dumps(
            {"selectedColumns": [*columns, "tags.`month`"]}
        ),
    }
    page.add_init_script(f"Object.assign(localStorage, {json.dumps(remembered)})")
    trials = "searchFilter=tags.role%20%3D%20%22trial%22&orderByKey=metrics.%60log_loss%60&orderByAsc=true"
    open_when_ready(page, f"{address}/#/experiments/{newest['experiment_id']}/runs?{trials}")
    page.reload()
    page.get_by_text("matching runs").wait_for()
    screenshot(page, "mlflow-runs")
    page.set_viewport_size({"width": SIZE["width"], "height": 1300})  # all versions
    open_when_ready(page, f"{address}/#/models/{newest['name']}")
    page.get_by_text("champion").first.wait_for()
    screenshot(page, "mlflow-model")


def main() -> None:
    if not (browser_here := chromium()):
        sys.exit("no Chromium: sudo apt install chromium")
    SCREENS.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_here, args=ALONE)
        for look, *command in (
            (airflow, "data", "data_pipeline", "ui"),
            (dagster, "dagster", "data_pipeline.in_dagster.demo", "--ui"),
            (mlflow, "tracking", "tracking_pipeline", "ui"),
        ):
            if sys.argv[1:] and look.__name__ not in sys.argv[1:]:
                continue
            with pages_of(*command) as address:
                page = browser.new_page(viewport=SIZE)
                look(page, address)
                page.close()
        browser.close()


if __name__ == "__main__":
    main()
