"""What checkers say of every view of the demonstration, light and dark.

    python tests/benchmarks/views.py [--vnu JAR] [--lighthouse COMMAND] [--shots FOLDER]

`--vnu` is the W3C's checker (`vnu.jar` of the npm package vnu-jar, run by Java): errors in HTML and CSS.
`--lighthouse` is the command of the npm package lighthouse: its scores on the views that are read most, on a
desk and with the network and processor of a phone that it simulates. `--shots` is where pictures go.
The demonstration is started as a person does, on a free port of loopback, and stopped at the end.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1]))

from demonstration import demonstration

if TYPE_CHECKING:
    from collections.abc import Mapping

    from playwright.sync_api import Browser

CHROMIUM = os.environ.get("LIRE_AUSSI_CHROMIUM", "/usr/bin/chromium")
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-background-networking --disable-component-update"
    " --disable-sync --proxy-server=127.0.0.1:9 --proxy-bypass-list=127.0.0.1"
)
VIEWS = {
    "home": "/",
    "all": "/?view=all",
    "starred": "/?view=starred",
    "history": "/?view=history",
    "category": "/categories/1",
    "feed": "/feeds/1",
    "feeds": "/feeds",
    "search": "/search?q=Pyongyang",
    "nothing-found": "/search?q=zzzz",
    "links": "/links",
    "import": "/import",
    "filters": "/filters",
    "filter": "/filters/new",
    "verdicts": "/verdicts",
    "hidden": "/hidden",
    "account": "/account",
    "sessions": "/account/sessions",
    "keys": "/account/keys",
    "checks": "/checks",
    "help": "/help",
    "not-found": "/nope",
}
MOST_READ = ("home", "article", "feeds")
SIZES = {"desk": (1280, 800), "phone": (390, 844)}
LOOKS = ("light", "dark")
HIGHLIGHT = re.compile(r"^::highlight\(\w+\) \{.*\}$", re.MULTILINE)
"""The checker does not know it yet (CSS Custom Highlight API, 3.1)."""


def all_views(browser: Browser, address: str) -> dict[str, str]:
    """With an article that has links, one that has none, and the thread of a story."""
    page = browser.new_page(base_url=address)
    found = {}
    for name, words in (("article", "Pyongyang"), ("article-alone", "coings")):
        page.goto(f"/search?q={words}")
        found[name] = str(page.locator("main a[href^='/entries/']").first.get_attribute("href"))
    page.goto(found["article"])
    thread = page.locator("main a[href*='/thread']")
    if thread.count():
        found["thread"] = str(thread.first.get_attribute("href"))
    page.close()
    return {**VIEWS, **found}


def draw(browser: Browser, address: str, views: Mapping[str, str], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for size, (width, height) in SIZES.items():
        for look in LOOKS:
            page = browser.new_page(
                base_url=address,
                locale="fr-FR",
                color_scheme=look,  # type: ignore[arg-type]
                viewport={"width": width, "height": height},
            )
            for name, path in views.items():
                page.goto(path)
                page.screenshot(path=folder / f"{name}-{size}-{look}.png")
            page.close()


def check_markup(browser: Browser, address: str, views: Mapping[str, str], jar: Path) -> int:
    """How many errors and warnings there are in the pages, as they are sent, and in their styles."""
    with TemporaryDirectory() as folder:
        page = browser.new_page(base_url=address, locale="fr-FR")
        styles: set[str] = set()
        for name, path in views.items():
            answer = page.request.get(path)
            Path(folder, f"{name}.html").write_bytes(answer.body())
            page.goto(path)
            links = page.locator("link[rel=stylesheet]").evaluate_all("all => all.map(link => link.href)")
            styles.update(links)
        for number, style in enumerate(sorted(styles)):
            answer = page.request.get(urljoin(address, style))
            Path(folder, f"style-{number}.css").write_text(HIGHLIGHT.sub("", answer.text()))
        page.close()
        java = ["java", "-jar", str(jar), "--stdout", "--format", "json", "--also-check-css", folder]
        told = subprocess.run(java, capture_output=True, text=True, check=False, timeout=300)
        messages = json.loads(told.stdout)["messages"]
    for message in messages:
        print(f"{Path(message.get('url', '?')).name}:{message.get('lastLine', 0)} {message['message']}")
    print(f"vnu: {len(messages)} messages on {len(views)} views and {len(styles)} style sheets")
    return len(messages)


def score(address: str, views: Mapping[str, str], command: str) -> None:
    for name in MOST_READ:
        for preset in ([], ["--preset=desktop"]):
            url = urljoin(address, views[name])
            arguments = [command, url, "--output=json", "--quiet", f"--chrome-flags={FLAGS}", *preset]
            told = subprocess.run(
                arguments,
                capture_output=True,
                check=True,
                timeout=300,
                env={**os.environ, "CHROME_PATH": CHROMIUM},
            )
            report = json.loads(told.stdout)
            scores = {key: round(100 * (part["score"] or 0)) for key, part in report["categories"].items()}
            print(f"lighthouse, {'desktop' if preset else 'phone'}, {name}: {scores}")
            for key in ("performance", "accessibility", "best-practices"):
                for reference in report["categories"][key]["auditRefs"]:
                    audit = report["audits"][reference["id"]]
                    if audit["score"] is not None and audit["score"] < 0.9 and reference["weight"]:
                        print(f"    {audit['id']}: {audit['title']} {audit.get('displayValue', '')}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--vnu", type=Path)
    parser.add_argument("--lighthouse")
    parser.add_argument("--shots", type=Path)
    chosen = parser.parse_args()
    faults = 0
    with demonstration() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS.split())
        views = all_views(browser, address)
        if chosen.shots:
            draw(browser, address, views, chosen.shots)
        if chosen.vnu:
            faults = check_markup(browser, address, views, chosen.vnu)
        browser.close()
        if chosen.lighthouse:
            score(address, views, chosen.lighthouse)
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
