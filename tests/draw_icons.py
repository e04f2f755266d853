"""Draw the icons of the installed app from `web/static/icon.svg`, in Chromium: run it when that changes.

    python tests/draw_icons.py

A maskable icon is cut to any shape by the system: its ground fills all, its sign keeps to the middle.
"""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import sync_playwright

STATIC = Path(__file__).parents[1] / "web" / "static"
ICONS = (("icon-180.png", 180, False), ("icon-192.png", 192, False), ("icon-512.png", 512, False))
MASKABLE = (("icon-mask-512.png", 512, True),)
PAGE = """<style>body {{ margin: 0; background: {ground}; }} svg {{ display: block; }}</style>{svg}"""


def main() -> None:
    svg = (STATIC / "icon.svg").read_text()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        for name, size, masked in (*ICONS, *MASKABLE):
            page = browser.new_page(viewport={"width": size, "height": size})
            drawn = svg.replace('viewBox="0 0 64 64"', 'viewBox="-8 -8 80 80"') if masked else svg
            page.set_content(PAGE.format(ground="#9c2f1d" if masked else "none", svg=drawn))
            page.screenshot(path=STATIC / name, omit_background=True)
        browser.close()


if __name__ == "__main__":
    main()
