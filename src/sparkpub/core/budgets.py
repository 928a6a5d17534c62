"""How many bytes of an email mail clients take: one place for the lints, the theme and the preview."""

from typing import Final

HEAVY_BYTES: Final = 90_000
"""From here on an HTML part is heavy."""

CLIPPED_BYTES: Final = 102_000
"""Above this Gmail cuts a message off and hides the rest behind a link."""

STYLE_BUDGET: Final = 8192
"""Bytes of `<style>` beyond which Gmail drops all of it."""
