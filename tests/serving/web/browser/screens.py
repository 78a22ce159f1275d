"""Sizes and colors of the screens that the page is tested on."""

DESKTOP = {"viewport": {"width": 1280, "height": 800}}
PHONE = {"viewport": {"width": 360, "height": 740}}
DARK = {"color_scheme": "dark"}
SCREENS = [
    ("desktop", DESKTOP),
    ("dark", DESKTOP | DARK),
    ("phone", PHONE),
    ("phone-dark", PHONE | DARK),
]
