"""Sizes and colors of the screens that the page is tested on."""

DESKTOP = {"viewport": {"width": 1280, "height": 800}}
PHONE = {"viewport": {"width": 360, "height": 740}}
DARK = {"color_scheme": "dark"}
# Colors and layout do not depend on each other.
SCREENS = [("desktop", DESKTOP), ("phone-dark", PHONE | DARK)]
